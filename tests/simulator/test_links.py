"""Links of the simulated trade platform: each party sees its part, and every change has its position."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from adapters.platforms.tradewaltz.links import (
    SECTIONS,
    Change,
    Position,
    Role,
    Section,
    Seen,
    committed,
    founded,
    seen_by,
    verify,
)
from simulator.links import Links, opening_of, router
from tradebridge.ebl.seal import seal
from tradebridge.evidence.simulation import test_signer

LINK = "rubber-1"
AT = "2026-01-05T09:00:00.000Z"
PARTIES: Mapping[Role, Mapping[str, str]] = {
    role: {
        "id": role.value.upper(),
        "name": f"Simulated {role}",
        "certificate": test_signer("links", role.value).certificate.public_bytes(Encoding.PEM).decode("ascii"),
    }
    for role in Role
}


def _event(version: int, role: Role, section: Section, data: Mapping[str, Any], salt: str = "s", **other: Any) -> str:
    change = Change(LINK, version, role, section, committed(data, salt), AT)
    return seal({**change.to_json(), **other}, test_signer("links", role.value))


def _body(version: int, role: Role, section: Section, data: Mapping[str, Any], salt: str = "s") -> dict[str, Any]:
    return {"event": _event(version, role, section, data, salt), "data": data, "salt": salt}


@pytest.fixture
def links(tmp_path: Path) -> Iterator[TestClient]:
    with _client(tmp_path) as client:
        yield client


def _client(folder: Path) -> TestClient:
    app = FastAPI()
    app.include_router(router(Links(folder), lambda token: token.upper() if token in set(Role) else None))
    return TestClient(app, base_url="http://platform")


def _as(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {role}"}


def _found(client: TestClient) -> None:
    body = {"id": LINK, "parties": {role.value: dict(party) for role, party in PARTIES.items()}}
    answer = client.post("/tradewaltz/v1/links", json=body, headers=_as("exporter"))
    assert answer.status_code == 201, answer.text


def _change(client: TestClient, role: Role, body: Mapping[str, Any]) -> Any:
    return client.post(f"/tradewaltz/v1/links/{LINK}/changes", json=body, headers=_as(role.value))


def _shown(client: TestClient, role: Role) -> dict[str, Any]:
    answer = client.get(f"/tradewaltz/v1/links/{LINK}", headers=_as(role.value))
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.json()
    return shown


def _seen(shown: Mapping[str, Any]) -> list[Seen]:
    return [Seen(Position.from_json(each), each.get("data"), each.get("salt", "")) for each in shown["positions"]]


def _verified(shown: Mapping[str, Any]) -> tuple[str, ...]:
    found = verify(LINK, founded(LINK, PARTIES), _seen(shown), opening_of(PARTIES))
    return tuple(each.code for each in found)


def _all_sections(client: TestClient) -> None:
    for version, (section, access) in enumerate(SECTIONS.items(), 1):
        role = min(access.written)
        answer = _change(client, role, _body(version, role, section, {"weight": 30240.5, "of": section.value}))
        assert answer.status_code == 201, answer.text


def test_each_party_sees_its_part_and_can_verify_all_of_it(links: TestClient) -> None:
    _found(links)
    _all_sections(links)
    heads = set()
    for role in Role:
        shown = _shown(links, role)
        with_data = {each["data"]["of"] for each in shown["positions"] if "data" in each}
        assert with_data == {section.value for section in Section if seen_by(role, section)}
        assert len(shown["positions"]) == len(Section) and _verified(shown) == ()
        heads.add(shown["positions"][-1]["transaction"])
    assert len(heads) == 1
    assert "data" not in next(each for each in _shown(links, Role.CARRIER)["positions"] if each["version"] == 1)


def test_a_link_does_not_exist_for_others(links: TestClient) -> None:
    _found(links)
    for headers in ({}, _as("stranger")):
        assert links.get(f"/tradewaltz/v1/links/{LINK}", headers=headers).status_code == 404
    assert links.get("/tradewaltz/v1/links/..%2Fother", headers=_as("bank")).status_code == 404


def test_of_two_changes_for_one_version_one_is_refused(links: TestClient) -> None:
    _found(links)
    assert _change(links, Role.EXPORTER, _body(1, Role.EXPORTER, Section.GOODS, {"a": 1})).status_code == 201
    second = _change(links, Role.CARRIER, _body(1, Role.CARRIER, Section.CARRIAGE, {"a": 2}))
    assert second.status_code == 409 and second.json()["findings"][0]["code"] == "link.old-version"


@pytest.mark.parametrize(
    ("caller", "event", "data", "code"),
    [
        (Role.IMPORTER, _event(1, Role.IMPORTER, Section.GOODS, {}), {}, "link.not-yours"),
        (Role.BANK, _event(1, Role.EXPORTER, Section.GOODS, {}), {}, "link.signature"),
        (Role.EXPORTER, _event(1, Role.EXPORTER, Section.GOODS, {"a": 1}), {"a": 2}, "link.other-data"),
        (Role.EXPORTER, _event(1, Role.EXPORTER, Section.GOODS, {}, more=1), {}, "link.malformed"),
        (Role.EXPORTER, _event(True, Role.EXPORTER, Section.GOODS, {}), {}, "link.malformed"),
        (Role.EXPORTER, "no.jws.here", {}, "link.signature"),
    ],
)
def test_a_change_that_may_not_be_is_refused(
    links: TestClient, caller: Role, event: str, data: dict[str, Any], code: str
) -> None:
    _found(links)
    answer = _change(links, caller, {"event": event, "data": data, "salt": "s"})
    assert answer.status_code >= 400 and answer.json()["findings"][0]["code"] == code
    assert _shown(links, Role.BANK)["version"] == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"event": 1}', b'{"event": "a.b.c", "data": {"x": NaN}}', b"x" * 1_000_001, b"[" * 5000],
    ids=["empty", "list", "cut", "no-event", "nan", "large", "deep"],
)
def test_what_is_no_change_is_refused_whatever_it_is(links: TestClient, body: bytes) -> None:
    _found(links)
    for path in (f"/tradewaltz/v1/links/{LINK}/changes", "/tradewaltz/v1/links"):
        answer = links.post(path, content=body, headers=_as("exporter"))
        assert answer.status_code == 422 and answer.json()["findings"][0]["code"] == "link.malformed"


@pytest.mark.parametrize(
    "members",
    [{"id": "../x"}, {"id": ""}, {"parties": []}, {"parties": {"pirate": {}}}, {"parties": {"bank": {"id": "B"}}}],
    ids=str,
)
def test_a_link_between_nobody_is_none(links: TestClient, members: dict[str, Any]) -> None:
    parties = {role.value: dict(party) for role, party in PARTIES.items()}
    answer = links.post(
        "/tradewaltz/v1/links", json={"id": "other", "parties": parties, **members}, headers=_as("bank")
    )
    assert answer.status_code in (403, 422)


def test_a_link_with_other_parties_is_no_other_link(links: TestClient) -> None:
    _found(links)
    parties = {role.value: dict(party) for role, party in PARTIES.items() if role is not Role.BANK}
    answer = links.post("/tradewaltz/v1/links", json={"id": LINK, "parties": parties}, headers=_as("exporter"))
    assert answer.status_code == 409


def test_a_platform_that_was_killed_has_all_that_it_told(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        _found(client)
        _all_sections(client)
        before = _shown(client, Role.EXPORTER)
    (file,) = tmp_path.glob("*.jsonl")
    with file.open("ab") as cut_short:
        cut_short.write(b'{"position": {"link"')
    with _client(tmp_path) as client:
        assert _shown(client, Role.EXPORTER) == before
        next_ = _change(client, Role.BANK, _body(8, Role.BANK, Section.PAYMENT, {"paid": True}))
        assert next_.status_code == 201 and _verified(_shown(client, Role.BANK)) == ()


@given(st.data())
def test_no_tampered_history_verifies(draw: st.DataObject) -> None:
    """One position left out, put twice, changed or swapped with another shows, but for a cut at the end."""
    shown = _history()
    place = draw.draw(st.integers(0, len(shown) - 1))
    one = shown[place]
    tampered = draw.draw(
        st.sampled_from(
            [
                [*shown[:place], *shown[place + 1 :]] if place < len(shown) - 1 else [*shown, one],
                [*shown[: place + 1], *shown[place:]],
                [*shown[:place], replace(one, data={"of": "other"}), *shown[place + 1 :]],
                [*shown[:place], _signed_again(one), *shown[place + 1 :], _signed_again(one)],
                list(reversed(shown)),
            ]
        )
    )
    assert verify(LINK, founded(LINK, PARTIES), tampered, opening_of(PARTIES))


def _history() -> list[Seen]:
    shown: list[Seen] = []
    head = founded(LINK, PARTIES)
    for version, (section, access) in enumerate(SECTIONS.items(), 1):
        data = {"of": section.value}
        position = Position(LINK, version, head, _event(version, min(access.written), section, data))
        shown.append(Seen(position, data, "s"))
        head = position.transaction
    assert verify(LINK, founded(LINK, PARTIES), shown, opening_of(PARTIES)) == ()
    return shown


def _signed_again(seen: Seen) -> Seen:
    """The same position by somebody who is no party."""
    claims = {"link": LINK, "version": seen.position.version, "role": "exporter", "section": "goods"}
    event = seal({**claims, "commitment": "0" * 64, "at": AT}, test_signer("links", "stranger"))
    return replace(seen, position=replace(seen.position, event=event))


def test_the_table_of_the_docs_is_the_one_that_is_kept_to() -> None:
    text = (Path(__file__).parents[2] / "docs" / "developer.md").read_text("utf-8")
    table = text.partition("## Links of the trade platform")[2]
    rows = {cells[1]: cells[2:4] for cells in _cells(table) if cells[1] in set(Section)}
    assert rows.keys() == set(Section)
    for section, (seen, written) in rows.items():
        access = SECTIONS[Section(section)]
        assert (_roles(seen), _roles(written)) == (access.seen, access.written)


def _cells(table: str) -> Iterator[list[str]]:
    return (cells for line in table.splitlines() if len(cells := [each.strip() for each in line.split("|")]) == 5)


def _roles(cell: str) -> frozenset[Role]:
    return frozenset(Role) if cell == "all" else frozenset(Role(each.strip()) for each in cell.split(","))
