"""The scenario lading-of-rubber over real processes: one holder all along, two documents compared, killed and resumed.

The counts are made over the platforms' own stores; what the hub says of them is not asked.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.event import Actor, Event, Subject, TitleEvent, encode_event
from simulator.lading.cast import (
    EXPORTER,
    HUB_MEMBER,
    TRADERS,
    TRADING_HOUSE,
    Places,
    Trader,
    platforms_list,
    trader_token,
)
from simulator.lading.goods import booking_of, instructions_of
from simulator.lading.holders import count_holders
from simulator.lading.story import load
from simulator.launch import LadingSummary, Launched, Progress, launch, play
from simulator.members import keys_of
from simulator.platforms import PLATFORMS
from simulator.scenario import BadScenario, UnknownScenario
from tests.waiting import until
from tradebridge.client import Hub
from tradebridge.ebl.seal import Trust
from tradebridge.ebl.verify import read_trust, verify_title
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import derived_id

NAME = "lading-of-rubber"
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SCENARIO = load(NAME)


@pytest.fixture(scope="module")
def world() -> Iterator[Launched]:
    with launch(clock=AT, port=0) as launched:
        yield launched


@pytest.fixture(scope="module")
def played(world: Launched) -> tuple[LadingSummary, dict[str, Any], list[Progress]]:
    return _played(world)


def _played(world: Launched, variant: str = "") -> tuple[LadingSummary, dict[str, Any], list[Progress]]:
    files: dict[str, Any] = {}
    steps: list[Progress] = []
    outcome = play(world.world_url, NAME, steps.append, variant=variant, on_files=files.update, ended=world.ended)
    assert isinstance(outcome, LadingSummary)
    return outcome, files, steps


def stores_of(world: Launched) -> dict[str, Path]:
    return {code: world.data_dir / "world" / "ebl" / code / "platform.sqlite" for code in PLATFORMS}


def test_it_ends_accomplished_with_one_holder_all_the_way(played: tuple[LadingSummary, Any, Any]) -> None:
    summary = played[0]
    assert summary.problems == ()
    assert summary.complete
    assert (summary.ended, summary.holders, summary.findings) == ("accomplished", 1, ())
    in_force = len(SCENARIO.steps[3:-1])  # the carrier may accept before the count after the surrender
    assert summary.counted in (in_force - 1, in_force)
    assert summary.chain == 6 and summary.positions == 13


def test_the_stores_themselves_say_that_nobody_holds_it_in_the_end(
    world: Launched, played: tuple[LadingSummary, Any, Any]
) -> None:
    holders = count_holders(stores_of(world), played[0].transport_document)
    assert holders.count == 0
    assert set(holders.ended) == {"MEKO", "FUJI"}


def test_the_chain_verifies_offline_by_the_files_alone(played: tuple[LadingSummary, dict[str, Any], Any]) -> None:
    files = json.loads(json.dumps(played[1]))
    trust = read_trust(files["platforms"])
    assert isinstance(trust, Trust)
    report = verify_title(files["chain"], trust)
    assert report.holds and report.title is not None and report.title.status == "accomplished"
    files["chain"]["transportDocument"]["transports"]["vesselVoyages"][0]["vesselName"] = "SIM HERON"
    assert not verify_title(files["chain"], trust).holds


def test_the_same_seed_and_clock_give_the_same_chain_and_link(
    played: tuple[LadingSummary, dict[str, Any], Any],
) -> None:
    with launch(clock=AT, port=0) as again:
        _, files, _ = _played(again)
    assert files == played[1]


def test_every_step_is_told_in_the_order_of_the_file(played: tuple[Any, Any, list[Progress]]) -> None:
    assert [each.text for each in played[2] if each.kind == "step"] == [each.tells for each in SCENARIO.steps]


def test_the_certificate_was_accepted_in_japan(world: Launched, played: tuple[LadingSummary, Any, Any]) -> None:
    journal = httpx.get(f"{world.world_url}/_sim/v1/journals?member=JP-NACCS", trust_env=False).text
    lines = [json.loads(line) for line in journal.splitlines()]
    received = {each["document_id"] for each in lines if each.get("number") == played[0].certificate}
    said = [each["event"]["type"] for each in lines if each["kind"] == "event sent" and each["document_id"] in received]
    assert said == ["accepted"]


def test_a_variant_disagrees_and_says_in_what(world: Launched) -> None:
    summary, _, steps = _played(world, "disagreement")
    assert summary.complete and summary.problems == ()
    assert sorted(summary.findings) == ["consignment.more-packages", "consignment.other-vessel"]
    (lesson,) = [each for each in steps if each.kind == "lesson"]
    assert "consignment.other-vessel" in lesson.text


def test_each_party_sees_its_part_of_the_link(world: Launched, played: tuple[LadingSummary, Any, Any]) -> None:
    link = played[1]["link"]["id"]

    def shown(trader_role: str) -> dict[str, Any]:
        trader = TRADERS[trader_role]
        token = trader_token("42", trader)
        answer = httpx.get(
            f"{world.world_url}/tradewaltz/v1/links/{link}",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )
        return dict(answer.json())

    parts = {role: sum("data" in each for each in shown(role)["positions"]) for role in TRADERS}
    assert parts["importer"] == 13 and parts["insurer"] < parts["carrier"] < parts["importer"]
    assert len({shown(role)["positions"][-1]["transaction"] for role in TRADERS}) == 1


def test_a_stranger_cannot_act_and_the_holder_cannot_act_twice(world: Launched, played: tuple[Any, Any, Any]) -> None:
    reference = played[0].transport_document
    body = {"action": "TRANSFER", "actor": EXPORTER.party, "recipient": TRADERS["bank"].party}
    url = f"{world.world_url}/ebl/MEKO/v1/titles/{reference}/actions"
    answer = httpx.post(url, json=body, trust_env=False)
    assert answer.status_code in (409, 422)
    assert count_holders(stores_of(world), reference).count == 0


def test_a_world_that_is_killed_goes_on_with_its_titles(tmp_path: Path) -> None:
    """Killed while a transfer is under way, and started again: the title arrives, and is at one platform."""
    with launch(data_dir=tmp_path / "data", port=0) as world:
        reference = _issued(world)
        url = f"{world.world_url}/ebl/MEKO/v1/titles/{reference}/actions"
        body = {"action": "TRANSFER", "actor": EXPORTER.party, "recipient": TRADERS["bank"].party}
        assert httpx.post(url, json=body, trust_env=False).status_code == 200
        world.kill("world")
        assert count_holders(stores_of(world), reference).count == 1
        world.restart("world")
        _until(lambda: count_holders(stores_of(world), reference).here == ("STRA",))
        with closing(sqlite3.connect(stores_of(world)["MEKO"])) as store:
            _until(lambda: store.execute("SELECT at FROM ebl_titles").fetchall() == [("away",)])


def test_the_registry_of_the_hub_says_who_controls_a_title_that_names_it(tmp_path: Path) -> None:
    """Issued to a party of the hub's own, handed on to Japan: the receiver has registered its acceptance there."""
    settings = {"TRADEBRIDGE_CONTROL_REGISTRY": "own"}
    with launch(data_dir=tmp_path / "data", port=0, hub_environment=settings) as world:
        reference = _issued(world, TRADING_HOUSE, lambda: _at_hub(world))
        with Hub(world.hub_url, world.api_keys[HUB_MEMBER]) as member:
            shown = member.title(reference)
            assert shown["controlTrackingRegistry"] == f"{world.hub_url}/ctr/v1"
            body = {"action": "TRANSFER", "actor": shown["possessor"], "recipient": TRADERS["importer"].party}
            _said(member, shown, body)
            _until(lambda: count_holders(stores_of(world), reference).here == ("FUJI",))
            _until(lambda: member.title(reference)["at"] == "away")
        with Hub(world.hub_url, world.operator_key) as operator:
            state = operator.control(shown["transportDocumentChecksum"])["state"]
        assert (state["control"], state["offer"]["state"]) == ("FUJI", "accepted")


def _at_hub(world: Launched) -> bool:
    with Hub(world.hub_url, world.operator_key) as operator:
        return any(title["at"] == "here" for title in operator.titles().items)


def _said(member: Hub, shown: dict[str, Any], body: dict[str, Any]) -> None:
    """The event with which a member acts for its party, signed."""
    at = datetime.now(UTC).replace(microsecond=0)
    summary = member.summary(shown["document"])
    event = Event(
        id=derived_id("evt", at, b"0123456789"),
        type=TitleEvent.TITLE,
        document=Subject(id=summary["id"], content_digest=summary["contentDigest"]),
        expected_sequence=shown["sequence"],
        actor=Actor(member=HUB_MEMBER),
        at=at,
        body=body,
    )
    member.send_event(event.document.id, jws.sign(encode_event(event), jws.EVENT, keys_of("42", HUB_MEMBER).event, at))


def _issued(world: Launched, first: Trader = EXPORTER, there: Any = None) -> str:
    """A bill of lading of the scenario's goods, at the platform of its first possessor."""
    carrier = f"{world.world_url}/ebl/SIML/ebl/v3"
    headers = {"Authorization": f"Bearer {trader_token('42', EXPORTER)}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=30) as http:
        body = instructions_of(SCENARIO.goods, "BKG00001")
        issue_to = {"partyName": first.name, "sendToPlatform": first.platform, "identifyingCodes": first.codes}
        body["documentParties"] |= {"issueTo": issue_to}
        sent = http.post(f"{carrier}/shipping-instructions", json=body)
        instructions = sent.json()["shippingInstructionsReference"]

        def draft() -> str:
            shown = http.get(f"{carrier}/shipping-instructions/{instructions}")
            return str(shown.json().get("transportDocumentReference", "")) if shown.status_code == 200 else ""

        _until(lambda: draft() != "")
        reference = draft()
        approved = {"transportDocumentStatus": "APPROVED"}
        assert http.patch(f"{carrier}/transport-documents/{reference}", json=approved).status_code == 202
        _until(there or (lambda: count_holders(stores_of(world), reference).here == (first.platform,)))
    return reference


_until = partial(until, seconds=30.0)


# --- The file --------------------------------------------------------------------------------------------------------


def test_a_variant_that_is_not_there_is_told() -> None:
    with pytest.raises(BadScenario, match="disagreement"):
        load(NAME, "nothing")
    with pytest.raises(BadScenario, match="no scenario of a bill of lading"):
        load("asean-japan")
    with pytest.raises(UnknownScenario):
        load("lading-of-gold")


def test_the_platforms_to_believe_are_read_as_a_trust_list() -> None:
    trust = read_trust(platforms_list("42"))
    assert isinstance(trust, Trust)
    assert set(trust.platforms) == {*PLATFORMS, "TBHB"} and set(trust.carriers) == {"SIML"}


def test_every_name_says_that_it_is_simulated() -> None:
    names = [*PLATFORMS.values(), *(trader.name for trader in TRADERS.values())]
    assert all("simulated" in name.lower() for name in names)


def test_a_count_sees_two_holders_where_there_are_two(tmp_path: Path) -> None:
    """The counter itself: a title here at two platforms is two; one that is being sent and not yet taken is one."""
    from sqlalchemy import create_engine, insert

    from tradebridge.ebl import tables

    def title(at: str) -> dict[str, Any]:
        texts = dict.fromkeys(("possessor", "document", "issuance_manifest", "signed", "pending", "updated_at"), "")
        rest = {"carrier": "SIML", "reference": "R", "version": "", "ordinal": 1, "status": "held", "sequence": 1}
        return {"id": "d" * 64, "at": at, **rest, **texts}

    stores = {}
    for code, at in {"STRA": "here", "MEKO": "sending", "FUJI": "away"}.items():
        stores[code] = tmp_path / f"{code}.sqlite"
        engine = create_engine(f"sqlite:///{stores[code]}")
        tables.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(tables.titles).values(**title(at)))
        engine.dispose()
    counted = count_holders(stores, "R")
    assert (counted.here, counted.sending, counted.count) == (("STRA",), ("MEKO",), 2)
    assert count_holders({"MEKO": stores["MEKO"], "XXXX": tmp_path / "none"}, "R").count == 1


def test_the_instructions_are_valid_and_the_booking_has_a_voyage() -> None:
    from schemas.bill_of_lading.dcsa import read_part
    from schemas.bill_of_lading.model import ShippingInstructions

    body = instructions_of(SCENARIO.goods, "BKG00007")
    assert isinstance(read_part(ShippingInstructions, body), ShippingInstructions)
    assert booking_of(SCENARIO.goods)["transports"]["vesselVoyages"][0]["vesselName"] == SCENARIO.goods.vessel
    assert Places("http://hub", "http://world").of("STRA") == "http://world/ebl/STRA"
    assert Places("http://hub", "http://world").of("TBHB") == "http://hub"
