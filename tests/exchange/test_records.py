"""Who commanded, who looked, what a start changed: leaves of the log; and an export of them is checked alone."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, func, select, text

from exchange.config import Settings
from exchange.starts import told
from exchange.store import tables as t
from schemas.content import sha256_hex
from schemas.event import EventType, Reason
from schemas.life import State
from tests.evidence.case import content_of
from tests.exchange.cast import (
    FORM_D,
    NOW,
    SEED,
    Cast,
    acknowledged,
    certificate,
    description,
    document,
    event,
    refused_by,
)
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import settled
from tests.waiting import until
from tradebridge.audit.facts import facts_of
from tradebridge.client import Hub
from tradebridge.evidence.audit import Verification, verify_export
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

YEARS = timedelta(days=366 * 6)
LOOKS = ("document, received", "timeline")


def exported(cast: Cast, first: int = 0) -> list[bytes]:
    """The record, once the log has taken all in."""
    settled(cast)
    return b"".join(cast.operator.audit_export(first)).splitlines()


def records_of(cast: Cast, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in exported(cast)]
    found = [(json.loads(line["record"]), line) for line in lines if "record" in line]
    return [record | {"_details": json.loads(line["details"])} for record, line in found if record["kind"] == kind]


def checked(cast: Cast, lines: list[bytes]) -> Verification:
    return verify_export(lines, TrustList.from_json(cast.operator.trust()), NOW)


def rows(database_url: str) -> dict[str, int]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (t.records, t.leaves, t.members, t.api_keys, t.signing_keys, t.trust_versions)
        }
    engine.dispose()
    return counted


# --- commands --------------------------------------------------------------------------------------------------------


def test_every_command_of_the_operator_is_on_the_record_with_what_it_changed(sqlite_cast: Cast) -> None:
    before = len(records_of(sqlite_cast, "operator"))
    clerk = Hub(sqlite_cast.url, test_api_key(SEED, "OPERATOR"), actor="Ploy ใจดี")
    clerk.add_member(description("MY-NSW"))
    clerk.suspend("MY-NSW", reason="a test")
    clerk.resume("MY-NSW")
    given = clerk.rotate_key("MY-NSW")
    kid = clerk.member("MY-NSW")["keys"][0]["kid"]
    clerk.withdraw_key("MY-NSW", kid, reason="lost")
    clerk.add_audit_key()
    clerk.close()
    told = records_of(sqlite_cast, "operator")[before:]
    assert [each["what"].split(":")[0].split(" withdrawn")[0][:15] for each in told] == [
        "added", "suspended", "resumed", "API key rotated", f"signing key {kid[-12:]}"[:15], "API key added",
    ]  # fmt: skip
    assert {each["member"] for each in told} == {"OPERATOR"} and {each["person"] for each in told} == {"Ploy ใจดี"}
    assert {each["apiKey"] for each in told} == {
        hashlib.sha256(test_api_key(SEED, "OPERATOR").encode()).hexdigest()[:12]
    }
    assert told[1]["_details"]["changes"]["status"] == {"before": "active", "after": "suspended"}
    assert told[2]["_details"]["changes"]["status"] == {"before": "suspended", "after": "active"}
    text_of_all = json.dumps(told)
    assert given not in text_of_all and test_api_key(SEED, "MY-NSW") not in text_of_all


def test_no_table_of_members_and_keys_changes_without_a_record(cast: Cast, database_url: str) -> None:
    """What an operator can change is watched from outside: each change of it comes with one record more, and one for
    the version of the trust list that it makes."""
    steps: list[Callable[[], object]] = [
        lambda: cast.operator.add_member(description("MY-NSW")),
        lambda: cast.operator.suspend("MY-NSW"),
        lambda: cast.operator.rotate_key("MY-NSW"),
        lambda: cast.operator.withdraw_key("MY-NSW", cast.operator.member("MY-NSW")["keys"][0]["kid"]),
        lambda: cast.operator.add_audit_key(),
    ]
    for step in steps:
        before, state = rows(database_url), _state(database_url)
        step()
        assert _state(database_url) != state
        more = {name: count - before[name] for name, count in rows(database_url).items()}
        assert more["records"] == more["leaves"] == 1 + more["trust_versions"]
    before = rows(database_url)
    refused_by(cast.operator.add_member, description("SG-NSW"))
    refused_by(cast.operator.withdraw_key, "SG-NSW", "SG-NSW#none")
    refused_by(cast.operator.resend, "dlv_none")
    assert rows(database_url) == before, "what is refused leaves neither change nor record"


def _state(database_url: str) -> str:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = [
            connection.execute(select(table).order_by(*table.primary_key)).all()
            for table in (t.members, t.api_keys, t.signing_keys, t.observers, t.subscriptions)
        ]
    engine.dispose()
    return repr(found)


def test_a_start_with_other_settings_is_on_the_record_and_one_with_the_same_is_not(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as cast:
        (first,) = records_of(cast, "setting")
        assert (first["what"], first["member"]) == ("first start", "HUB")
        assert first["_details"]["settings"]["seed"] == "set" and SEED not in first["_details"]["settings"].values()
    with hub_in_thread(tmp_path) as cast:
        assert len(records_of(cast, "setting")) == 1
    with hub_in_thread(tmp_path, retry_attempts=3, operator_key="tb_test_" + "x" * 40) as other:
        operator = Hub(other.url, "tb_test_" + "x" * 40)
        settled(other)
        lines = [json.loads(line) for line in b"".join(operator.audit_export()).splitlines()]
        operator.close()
    told = [json.loads(line["details"])["changes"] for line in lines if '"setting"' in line.get("record", "")][-1]
    assert told == {
        "retry_attempts": {"before": "12", "after": "3"},
        "operator_key": {"before": "not set", "after": "set"},
    }
    assert any("operator's key set" in line.get("record", "") for line in lines)


def test_a_secret_setting_is_told_as_set_only() -> None:
    settings = Settings.model_validate(
        {"operator_key": "very-secret", "database_url": "postgresql+psycopg://u:hush@h/d", "seed": "42"}
    )
    text_of_all = json.dumps(told(settings))
    assert "very-secret" not in text_of_all and "hush" not in text_of_all
    assert told(settings)["database_url"] == "postgresql"


# --- readings --------------------------------------------------------------------------------------------------------


def test_who_looked_at_which_document_is_on_the_record_once_a_minute(sqlite_cast: Cast) -> None:
    accepted = sqlite_cast["SG-NSW"].submit(certificate("SG-2026-08001"), ["TH-NSW"])
    officer = Hub(sqlite_cast.url, test_api_key(SEED, "TH-NSW"), actor="Officer 7")
    for _ in range(3):
        officer.get(accepted.id)
        officer.timeline(accepted.id)
        officer.summary(accepted.id)
    officer.close()
    told = [each for each in records_of(sqlite_cast, "reading") if each["about"] == accepted.id]
    assert sorted((each["member"], each["person"], each["about"], each["what"]) for each in told) == [
        ("TH-NSW", "Officer 7", accepted.id, look) for look in LOOKS
    ]
    details = {"firm": document("SG-2026-08001").exporter.name, "number": "SG-2026-08001", "profile": FORM_D}  # type: ignore[attr-defined]  # a certificate
    assert told[0]["_details"] == details


def test_nothing_is_shown_before_the_reading_is_durable(cast: Cast, database_url: str) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-08002"), ["TH-NSW"])
    settled(cast)
    before = rows(database_url)["records"]
    cast["TH-NSW"].checks(accepted.id)
    assert rows(database_url)["records"] == before + 1
    refused_by(cast["VN-NSW"].checks, accepted.id)  # what is not shown is no reading
    assert rows(database_url)["records"] == before + 1


@pytest.mark.parametrize("name", ["x" * 201, "a\tb", b"\xff".decode("latin-1")])
def test_a_person_is_named_in_a_few_printable_characters(sqlite_cast: Cast, name: str) -> None:
    headers = {
        b"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}".encode(),
        b"Tradebridge-Actor": name.encode("latin-1"),
    }
    answer = httpx.post(f"{sqlite_cast.url}/v1/members/SG-NSW:resume", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


# --- the export ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cast, list[bytes]]]:
    """A few documents with readings, decisions and commands; and the export of it."""
    with hub_in_thread(tmp_path_factory.mktemp("record")) as running:
        cast = running.join()
        for number in range(3):
            accepted = cast["SG-NSW"].submit(certificate(f"SG-2026-0810{number}"), ["TH-NSW"])
            cast["TH-NSW"].get(accepted.id)
            said = event(EventType.REJECTED, accepted.id, accepted.content_digest, "TH-NSW")
            cast["TH-NSW"].send_event(accepted.id, said)
        cast.operator.suspend("VN-NSW", reason="played")
        yield cast, exported(cast)


def test_an_export_holds_alone(played: tuple[Cast, list[bytes]]) -> None:
    cast, lines = played
    found = checked(cast, lines)
    assert (found.exit_code, found.findings) == (0, [])
    assert found.opened == len(lines) - 2 and found.hidden == 0
    assert found.kinds["document"] == 3 and found.kinds["event"] == 3 and found.kinds["reading"] == 3


def test_an_export_of_a_part_stands_on_the_part_before(played: tuple[Cast, list[bytes]]) -> None:
    cast, lines = played
    for first in (1, 4, len(lines) - 3):
        part = b"".join(cast.operator.audit_export(first)).splitlines()
        found = checked(cast, part)
        assert (found.exit_code, found.first) == (0, first)
        assert found.before


def spoilt(lines: list[bytes], number: int, **changes: Any) -> list[bytes]:
    line = json.loads(lines[number]) | changes
    return [*lines[:number], json.dumps(line).encode(), *lines[number + 1 :]]


def number_of(lines: list[bytes], text: str) -> int:
    return next(number for number, line in enumerate(lines) if text.encode() in line and b'"leaf"' in line)


def test_whatever_is_changed_in_an_export_is_found(played: tuple[Cast, list[bytes]]) -> None:
    cast, lines = played
    reading, said = number_of(lines, '\\"reading\\"'), number_of(lines, '"event":')
    record = json.loads(lines[reading])["record"]
    another = json.loads(lines[reading + 1])["leaf"]
    checkpoint = json.loads(lines[0])["checkpoint"]
    cases = {
        "audit.not-opened": spoilt(lines, reading, record=record.replace("TH-NSW", "VN-NSW")),
        "audit.details-changed": spoilt(lines, reading, details='{"firm":"Another"}'),
        "audit.root": spoilt(lines, reading, leaf=another, salt=None, record=None),
        "audit.missing-leaf": [*lines[:reading], *lines[reading + 1 :]],
        "audit.hidden": spoilt(lines, reading, salt=None, record=None),
        "audit.withheld": spoilt(lines, reading, details=None),
        "audit.withheld, of an event": spoilt(lines, said, event=None),
        "audit.cut-off": lines[:-1],
        "audit.malformed": [*lines[:reading], b"{", *lines[reading + 1 :]],
        "log.record": spoilt(lines, reading, record=record.replace('"what"', '"was"')),
        "log.invalid": spoilt(lines, 0, checkpoint=re.sub(r"\n(\d+)\n", r"\n1\1\n", checkpoint, count=1)),
    }
    token = json.loads(lines[said])["event"]
    cases["audit.details-changed, of an event"] = spoilt(lines, said, event=token[:-4] + "AAAA")
    cases["audit.missing-leaf, at the end"] = [*lines, lines[1]]
    for name, changed in cases.items():
        found = checked(cast, changed)
        codes = {each.code for each in found.findings}
        assert name.split(",")[0] in codes or (name == "log.invalid" and codes), (name, codes)
        unsure = name.split(",")[0] in ("audit.hidden", "audit.cut-off", "audit.withheld")
        assert found.exit_code == (3 if unsure else 5), (name, codes)


def test_an_auditors_key_exports_and_does_nothing_else(played: tuple[Cast, list[bytes]]) -> None:
    cast, _ = played
    auditor = Hub(cast.url, cast.operator.add_audit_key()["apiKey"])
    assert next(auditor.audit_export()).startswith(b'{"type":"head"')
    for call in (auditor.members, auditor.documents, lambda: auditor.suspend("SG-NSW"), auditor.retention):
        assert refused_by(call).code == "access.scope"
    auditor.close()
    assert refused_by(lambda: next(cast["SG-NSW"].audit_export())).code == "access.scope"
    assert any(each["what"].startswith("the record") for each in records_of(cast, "reading"))  # it is a reading too


def test_the_facts_of_an_export_say_who_did_what(played: tuple[Cast, list[bytes]]) -> None:
    _, lines = played
    facts = facts_of(lines)
    assert [(each.by.member, each.by.person, each.type, each.first) for each in facts.said] == [
        ("TH-NSW", "Officer 1", "rejected", True)
    ] * 3
    assert all(each.opened is not None and each.seconds == 0 for each in facts.said)
    assert {each.firm for each in facts.opened} != {""}
    assert facts.countries["TH-NSW"] == "TH" and len(facts.numbers) == 3


# --- retention -------------------------------------------------------------------------------------------------------


def test_what_is_past_its_years_is_deleted_on_the_record_and_the_proofs_still_stand(
    tmp_path: Path, database_url: str
) -> None:
    with hub_in_thread(tmp_path, database_url) as running:
        cast = running.join()
        old_xml = certificate("SG-2026-08201")
        old = cast["SG-NSW"].submit(old_xml, ["TH-NSW"])
        said = event(EventType.REJECTED, old.id, old.content_digest, "TH-NSW")
        cast["TH-NSW"].send_event(old.id, said)
        held = cast["SG-NSW"].submit(certificate("SG-2026-08202"), ["TH-NSW"])
        doubted = cast["SG-NSW"].submit(certificate("SG-2026-08203"), ["TH-NSW"])
        low = Reason(code="atiga.box", box="8", text="It seems low.")
        doubt: dict[str, Any] = {"body": {"boxes": ["8"]}, "reasons": (low,)}
        asked = event(EventType.VERIFICATION_REQUESTED, doubted.id, doubted.content_digest, "TH-NSW", **doubt)
        cast["TH-NSW"].send_event(doubted.id, asked)
        take_all(cast)
        cast.operator.hold(held.id, "a court asks")
        assert refused_by(cast.operator.hold, held.id, "again").code == "retention.held"
        evidence = until(lambda: complete(cast, old.id))
        code = cast.operator.summary(old.id)["verify"]["code"]
        trust = TrustList.from_json(cast.operator.trust())
        assert cast.operator.run_retention()["deleted"] == []
    with hub_in_thread(tmp_path, database_url, clock=NOW + YEARS) as cast:
        until(lambda: cast.operator.summary(old.id)["state"] == State.EXPIRED.value)
        take_all(cast)
    # the expiry is a message about it, so the years count from there
    with hub_in_thread(tmp_path, database_url, clock=NOW + 2 * YEARS) as cast:
        pretended = cast.operator.run_retention(pretend=True)
        assert [each["document"] for each in pretended["deleted"]] == [old.id] and pretended["readings"] == 1
        assert cast["SG-NSW"].summary(old.id)["number"] == "SG-2026-08201"
        done = cast.operator.run_retention()
        assert done | {"pretended": True} == pretended
        assert {each["document"]: each["kept"] for each in done["kept"]} == {
            held.id: "held: a court asks",
            doubted.id: "in dispute",
        }
        deleted_is_told(cast, old_xml, json.dumps(evidence).encode(), code)
        gone = refused_by(cast["SG-NSW"].get, old.id)
        (record,) = (each for each in records_of(cast, "retention") if each["what"] == "document deleted")
        assert (gone.status, gone.code) == (410, "document.deleted") and record["recordId"] in gone.findings[0].found
        assert (record["about"], record["_details"]["contentDigest"]) == (old.id, old.content_digest)
        again = event(EventType.ACCEPTED, old.id, old.content_digest, "TH-NSW", sequence=2)
        assert "document.deleted" in {
            each.code for each in refused_by(cast["TH-NSW"].send_event, old.id, again).findings
        }
        same = refused_by(cast["SG-NSW"].submit, certificate("SG-2026-08201"), ["TH-NSW"])
        assert "document.duplicate" in {each.code for each in same.findings}
        assert nothing_is_left(database_url, old.id)
        report = verify_evidence(evidence, trust, NOW)
        assert report.exit_code in (0, 4) and report.unchanged.verdict == "yes" and report.recorded.verdict == "yes"
        lines = exported(cast)
        found = verify_export(lines, trust, NOW + 2 * YEARS)
        assert (found.exit_code, found.findings) == (0, [])
        assert found.hidden == 1 and found.without_details >= 1
        without = [line for line in lines if b"readings deleted" not in line]
        assert verify_export(without, trust, NOW + 2 * YEARS).exit_code == 5
        assert refused_by(cast.operator.hold, old.id, "too late").code == "document.deleted"
        cast.operator.release(held.id, "the case is closed")
        assert [each["document"] for each in cast.operator.run_retention()["deleted"]] == [held.id]


def deleted_is_told(cast: Cast, xml: bytes, evidence: bytes, code: str) -> None:
    """Of a document that retention has deleted: that it was, on which day, and what can be checked all the same."""

    def asked(path: str = "/verify", **how: Any) -> dict[str, Any]:
        response = httpx.post(f"{cast.url}{path}", headers={"Accept": "application/json"}, timeout=30, **how)
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    day = f"deleted {(NOW + 2 * YEARS):%Y-%m-%d}"
    content = content_of(xml)
    for blind in (
        asked("/v/SG-2026-08201", data={"code": code}),
        asked(data={"content": content.content_digest, "bytes": content.bytes_digest}),
    ):
        assert [each["answer"] for each in blind["answers"]] == ["could-not-check", "could-not-check", "no", "yes"]
        assert all(day in blind["answers"][place]["reason"] for place in (0, 1))
        assert (blind["number"], blind["found"]) == ("SG-2026-08201", True) and blind["proof"]
    for given in (xml, evidence):
        told = asked(content=given)
        assert [each["answer"] for each in told["answers"]] == ["yes", "yes", "no", "yes"]
        assert [each["code"] for each in told["answers"][2]["findings"]] == ["evidence.expired", "document.deleted"]
    assert "kept for its years and is deleted" in httpx.post(f"{cast.url}/v/SG-2026-08201", data={"code": code}).text


def take_all(cast: Cast) -> None:
    """All that is due is acknowledged."""
    for member in ("TH-NSW", "SG-NSW"):
        while deliveries := cast[member].inbox():
            tokens = [acknowledged(each, member, sha256_hex(each.original)) for each in deliveries]
            cast[member].acknowledge(tokens)


def complete(cast: Cast, document_id: str) -> dict[str, Any] | None:
    evidence = cast["SG-NSW"].evidence(document_id)
    return evidence if all(message["inclusion"] for message in evidence["messages"]) else None


def nothing_is_left(database_url: str, document_id: str) -> bool:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        values = {"id": document_id}
        bytes_ = connection.execute(text("select bytes from messages where document_id = :id"), values).scalars().all()
        made = connection.execute(
            text("select rendition, note, findings from deliveries where document_id = :id"), values
        ).all()
        firm = connection.execute(text("select firm from documents where id = :id"), values).scalar_one()
    engine.dispose()
    return all(each is None for each in bytes_) and all(each == (None, None, None) for each in made) and firm is None
