"""The ledger at the hub: who draws what on a certificate, what is left, and that nobody draws what is not there."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from exchange.subject import event_in
from schemas.certificate.model import Certificate, OriginalProof, Quantity, Replaced, ReplacementReason
from schemas.certificate.statement import PROFILE as STATEMENT
from schemas.certificate.statement import example_statement
from schemas.content import Syntax
from schemas.event import EventType, Reason
from tests.exchange.cast import (
    CAST,
    NOW,
    TRANSPORT_DOCUMENT,
    Cast,
    description,
    document,
    event,
    refused_by,
    signed,
    use,
)
from tests.exchange.running import hub_in_thread
from tradebridge.calls import Accepted
from tradebridge.client import EventAccepted, Refused

SAYS = EventType
TOTAL = 1230
"""Kilograms of item 1, gross."""
UNDONE = (Reason(code="declaration.withdrawn", text="The goods went back."),)


def say(cast: Cast, about: Accepted, kind: EventType, by: str, sequence: int, **changes: Any) -> EventAccepted:
    recipient = None if kind is SAYS.CANCELLED else changes.pop("recipient", by)
    token = event(kind, about.id, about.content_digest, by, recipient=recipient, sequence=sequence, **changes)
    return cast[by].send_event(about.id, token)


def paper(number: str, exporter: str = "SG", importer: str = "TH") -> Certificate:
    """A certificate with 1,230 kg of its first item."""
    value = document(number, exporter=exporter, importer=importer)
    assert isinstance(value, Certificate)
    weight = Quantity(value=Decimal(TOTAL), unit="KGM")
    first = value.items[0].model_copy(update={"gross_weight": weight})
    return value.model_copy(update={"items": (first, *value.items[1:])})


def accepted(cast: Cast, number: str, to: tuple[str, ...] = ("TH-NSW",)) -> Accepted:
    """A certificate that every recipient has accepted."""
    one = cast["SG-NSW"].submit(signed(paper(number)), to)
    for name in to:
        say(cast, one, SAYS.ACCEPTED, name, 0)
    return one


def draws(cast: Cast, about: Accepted, by: str, sequence: int, *items: tuple[int, str, str], **body: Any) -> str:
    """Draw for a declaration of its own; gives the event's id."""
    said = say(cast, about, SAYS.UTILISED, by, sequence, body=use(sequence, *items, **body))
    return said.id


def of_draw(draw: str) -> dict[str, str]:
    return {"draw": draw}


def left(cast: Cast, about: Accepted, member: str = "OPERATOR") -> dict[int, tuple[str, str, str]]:
    """By item: drawn, held, left."""
    items = cast[member].utilisation(about.id)["items"]
    return {each["number"]: (each["drawn"], each["held"], each["left"]) for each in items}


def codes(refused: Refused) -> list[str]:
    return [found.code for found in refused.findings]


# --- Draws -----------------------------------------------------------------------------------------------------------


def test_each_declaration_debits_its_items_until_nothing_is_left(cast: Cast) -> None:
    one = accepted(cast, "SG-2026-05001")
    assert cast["SG-NSW"].summary(one.id)["utilisation"] == "unused"
    first = draws(cast, one, "TH-NSW", 1, (1, "230", "KGM"))
    assert left(cast, one)[1] == ("230", "0", "1000")
    second = draws(cast, one, "TH-NSW", 2, (1, "0.4", "TNE"))
    account = cast["TH-NSW"].utilisation(one.id)
    assert account["state"] == cast["SG-NSW"].summary(one.id)["utilisation"] == "partly"
    assert [(each["event"], each["state"]) for each in account["draws"]] == [(second, "final"), (first, "final")]
    assert account["draws"][0]["declaration"] == {"reference": "TH-2026-00002", "date": "2026-01-05", "country": "TH"}
    assert account["draws"][0]["items"] == [{"number": 1, "quantity": {"value": "0.4", "unit": "TNE"}}]
    refused = refused_by(draws, cast, one, "TH-NSW", 3, (1, "600.1", "KGM"))
    (found,) = refused.findings
    assert (found.code, found.pointer) == ("utilisation.more-than-left", "/body/items/0/quantity/value")
    assert found.found == "600.1 KGM of item 1"
    assert found.expected == f"at most 600 KGM, which is left of {TOTAL} KGM"
    assert found.clause and refused.status == 409
    assert left(cast, one)[1] == ("630", "0", "600")
    say(cast, one, SAYS.UTILISED, "TH-NSW", 3, body=use(9) | {"items": []})  # all that is left
    assert cast["TH-NSW"].utilisation(one.id)["state"] == "wholly"
    assert codes(refused_by(draws, cast, one, "TH-NSW", 4)) == ["utilisation.more-than-left"]


def test_the_issuing_side_hears_of_each_draw(cast: Cast) -> None:
    one = accepted(cast, "SG-2026-05002")
    assert len(cast["SG-NSW"].inbox(limit=500)) == 1  # that it was accepted
    draw = draws(cast, one, "TH-NSW", 1)
    (told,) = cast["SG-NSW"].inbox(limit=500)
    assert event_in(told.original).id == draw
    fed = next(each.data for each in cast["SG-NSW"].feed("0") if each.data.get("event") == draw)
    assert (fed["type"], fed["utilisation"]) == ("utilised", "partly")


def test_a_provisional_draw_holds_and_is_committed_or_released(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    one = accepted(cast, "SG-2026-05003")
    first = draws(cast, one, "TH-NSW", 1, (1, "500", "KGM"), draw="provisional")
    second = draws(cast, one, "TH-NSW", 2, (1, "700", "KGM"), draw="provisional")
    assert left(cast, one)[1] == ("0", "1200", "30")
    assert cast.operator.summary(one.id)["utilisation"] == "held"
    assert codes(refused_by(draws, cast, one, "TH-NSW", 3, (1, "31", "KGM"))) == ["utilisation.more-than-left"]
    say(cast, one, SAYS.COMMITTED, "TH-NSW", 3, body=of_draw(first))
    say(cast, one, SAYS.RELEASED, "TH-NSW", 4, body=of_draw(second))
    assert left(cast, one)[1] == ("500", "0", "730")
    for sequence, (kind, draw) in enumerate(((SAYS.COMMITTED, first), (SAYS.RELEASED, second)), 5):
        again = refused_by(say, cast, one, kind, "TH-NSW", 5, body=of_draw(draw), ordinal=sequence)
        assert codes(again) == ["utilisation.draw-settled"]
    states = {each["event"]: each["state"] for each in cast["TH-NSW"].utilisation(one.id)["draws"]}
    assert states == {first: "final", second: "released"}


def test_a_declaration_is_reversed_on_the_record_and_then_the_certificate_may_be_cancelled(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    one = accepted(cast, "SG-2026-05004")
    draw = draws(cast, one, "TH-NSW", 1, (1, "500", "KGM"))
    refused_by(say, cast, one, SAYS.CANCELLED, "SG-NSW", 2)
    said = say(cast, one, SAYS.REVERSED, "TH-NSW", 2, body=of_draw(draw), reasons=UNDONE)
    assert left(cast, one)[1] == ("0", "0", str(TOTAL))
    (made,) = cast["SG-NSW"].utilisation(one.id)["draws"]
    assert (made["state"], made["settledBy"]) == ("reversed", said.id)
    assert cast["SG-NSW"].summary(one.id)["utilisation"] == "unused"
    say(cast, one, SAYS.CANCELLED, "SG-NSW", 3)


def test_one_declaration_draws_once_until_its_draw_is_undone(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    one = accepted(cast, "SG-2026-05005")
    draw = draws(cast, one, "TH-NSW", 1)
    again = refused_by(say, cast, one, SAYS.UTILISED, "TH-NSW", 2, body=use(1))
    assert codes(again) == ["utilisation.declaration-repeated"]
    say(cast, one, SAYS.REVERSED, "TH-NSW", 2, body=of_draw(draw), reasons=UNDONE)
    say(cast, one, SAYS.UTILISED, "TH-NSW", 3, body=use(1))


def test_recipients_draw_on_one_total_and_read_only_their_own_draws(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    one = accepted(cast, "SG-2026-05006", ("TH-NSW", "VN-NSW"))
    own = draws(cast, one, "TH-NSW", 1, (1, "1000", "KGM"))
    refused = refused_by(draws, cast, one, "VN-NSW", 1, (1, "231", "KGM"))
    assert refused.findings[0].expected.startswith("at most 230 KGM")
    other = draws(cast, one, "VN-NSW", 1, (1, "230", "KGM"))
    assert left(cast, one, "VN-NSW")[1] == ("1230", "0", "0")
    assert [each["event"] for each in cast["VN-NSW"].utilisation(one.id)["draws"]] == [other]
    assert [each["event"] for each in cast["SG-NSW"].utilisation(one.id)["draws"]] == [other, own]
    assert "utilisation" not in cast["VN-NSW"].summary(one.id)
    stolen = refused_by(say, cast, one, SAYS.REVERSED, "VN-NSW", 2, body=of_draw(own), reasons=UNDONE)
    assert codes(stolen) == ["utilisation.unknown-draw"]
    assert codes(refused_by(cast["JP-JCCI"].utilisation, one.id)) == ["access.not-yours"]


def test_all_that_is_wrong_with_a_draw_is_told_at_once(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    one = accepted(cast, "SG-2026-05007")
    refused = refused_by(draws, cast, one, "TH-NSW", 1, (1, "5", "H87"), (2, "9999999", "KGM"), (77, "1", "KGM"))
    assert [(found.code, found.pointer) for found in refused.findings] == [
        ("utilisation.other-unit", "/body/items/0/quantity/unit"),
        ("utilisation.more-than-left", "/body/items/1/quantity/value"),
        ("utilisation.unknown-item", "/body/items/2/number"),
    ]
    assert cast.operator.utilisation(one.id)["draws"] == []
    assert cast.operator.utilisation(one.id)["state"] == "unused"


def test_draws_come_in_pages(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    one = accepted(cast, "SG-2026-05008")
    made = [draws(cast, one, "TH-NSW", sequence) for sequence in range(1, 6)]
    seen, cursor = [], None
    while True:
        page = cast.operator.utilisation(one.id, limit=2, cursor=cursor)
        seen += [each["event"] for each in page["draws"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_a_document_without_quantities_has_no_ledger(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    cast.operator.add_member(description("MY-NSW", roles=["recipient"], sends=[], accepts=[TRANSPORT_DOCUMENT]))
    lading = document("BL5009", profile=TRANSPORT_DOCUMENT)
    sent = cast["CARRIER-SIM"].submit(signed(lading, "CARRIER-SIM", Syntax.JSON), ["MY-NSW"])
    assert codes(refused_by(cast["MY-NSW"].utilisation, sent.id)) == ["utilisation.no-ledger"]
    assert "utilisation" not in cast.operator.summary(sent.id)


# --- Races -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_hubs(tmp_path: Path, postgresql_url: str) -> Iterator[tuple[Cast, Cast]]:
    """Two hubs over one PostgreSQL: each has a writer of its own."""
    with hub_in_thread(tmp_path / "one", postgresql_url) as one, hub_in_thread(tmp_path / "two", postgresql_url) as two:
        one.join()
        end = time.monotonic() + 10
        while len(two.operator.members().items) < len(CAST):  # the second reads anew who takes part
            assert time.monotonic() < end
            time.sleep(0.05)
        yield one, two


def at_once(*jobs: Callable[[], object]) -> list[str]:
    """Run these at the same moment; `accepted`, or the code of each refusal."""
    gate = threading.Barrier(len(jobs), timeout=20)

    def run(job: Callable[[], object]) -> str:
        gate.wait()
        try:
            job()
        except Refused as refused:
            return refused.findings[0].code
        return "accepted"

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def while_held(url: str, document_id: str, *jobs: Callable[[], object]) -> list[str]:
    """The same, while the test holds the row of this document, until both stand before it: then they have begun, and
    what one of them reads before it may go on, the other has not yet changed."""
    engine = create_engine(url)
    waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    with ThreadPoolExecutor(1) as pool, engine.connect() as holder, engine.connect() as watcher:
        holder.execute(text("select 1 from documents where id = :id for update"), {"id": document_id})
        outcomes = pool.submit(at_once, *jobs)
        end = time.monotonic() + 15
        while watcher.execute(waiting).scalar_one() < len(jobs):
            assert time.monotonic() < end, "they do not wait for the row"
            watcher.rollback()
            time.sleep(0.02)
        holder.rollback()
        told = outcomes.result(30)
    engine.dispose()
    return told


def opened(cast: Cast, number: str) -> Accepted:
    """A certificate at two recipients, of which 1,200 kg of the first item are left."""
    one = accepted(cast, number, ("TH-NSW", "VN-NSW"))
    draws(cast, one, "TH-NSW", 1, (1, "30", "KGM"))
    return one


def both_draw_the_rest(first: Cast, second: Cast, one: Accepted) -> list[Callable[[], object]]:
    return [
        lambda: draws(first, one, "TH-NSW", 2, (1, "1200", "KGM")),
        lambda: draws(second, one, "VN-NSW", 1, (1, "1200", "KGM")),
    ]


def test_of_two_recipients_that_draw_the_rest_over_two_hubs_one_does(
    two_hubs: tuple[Cast, Cast], postgresql_url: str
) -> None:
    one = opened(two_hubs[0], "SG-2026-05200")
    outcomes = while_held(postgresql_url, one.id, *both_draw_the_rest(*two_hubs, one))
    assert sorted(outcomes) == ["accepted", "utilisation.more-than-left"]
    assert left(two_hubs[0], one)[1] == ("1230", "0", "0")


def test_of_two_recipients_that_draw_the_rest_at_one_hub_one_does(cast: Cast) -> None:
    for ordinal in range(4):
        one = opened(cast, f"SG-2026-053{ordinal:02}")
        outcomes = at_once(*both_draw_the_rest(cast, cast, one))
        assert sorted(outcomes) == ["accepted", "utilisation.more-than-left"]
        assert left(cast, one)[1] == ("1230", "0", "0")


def test_many_draws_at_once_never_go_below_zero(cast: Cast) -> None:
    """Two recipients, several officers each: they retry where the sequence has moved on, until nothing is left."""
    one = accepted(cast, "SG-2026-05400", ("TH-NSW", "VN-NSW"))

    def officer(numbered: tuple[int, str]) -> int:
        ordinal, member = numbered
        taken = attempt = 0
        while True:
            attempt += 1
            sequence = cast[member].summary(one.id)["recipients"][member]["sequence"]
            body = use(ordinal * 1000 + attempt, (1, "100", "KGM"))
            try:
                say(cast, one, SAYS.UTILISED, member, sequence, body=body, ordinal=ordinal)
                taken += 1
            except Refused as refused:
                if refused.findings[0].code == "utilisation.more-than-left":
                    return taken
                assert refused.findings[0].code == "event.old-sequence", refused.findings

    with ThreadPoolExecutor(6) as pool:
        taken = sum(pool.map(officer, enumerate(["TH-NSW", "VN-NSW"] * 3, 1)))
    assert taken == 12
    assert left(cast, one)[1] == ("1200", "0", "30")
    assert len(cast.operator.utilisation(one.id, limit=100)["draws"]) == 12


# --- Back-to-back ----------------------------------------------------------------------------------------------------


def original(cast: Cast, number: str) -> tuple[Accepted, Certificate]:
    """A certificate from Viet Nam, which Singapore received."""
    value = paper(number, "VN", "SG")
    return cast["VN-NSW"].submit(signed(value, "VN-NSW"), ["SG-NSW"]), value


def copy_of(first: Certificate, number: str, kilograms: str, *, replaces: str | None = None, by: str = "SG") -> bytes:
    """A back-to-back certificate on it for Thailand, for so many kilograms of its first item."""
    sample = paper(number, by, "TH" if by != "TH" else "MY")
    item = first.items[0].model_copy(update={"gross_weight": Quantity(value=Decimal(kilograms), unit="KGM")})
    day = first.certification.date
    replaced = Replaced(number=replaces, date=day, reason=ReplacementReason.CORRECTED) if replaces else None
    proof = OriginalProof(number=first.number, date=day, country=first.issuing_country)
    changes = {
        "items": (item,),
        "tick_boxes": sample.tick_boxes.model_copy(update={"back_to_back": True}),
        "original_proof": proof,
        "declaration": sample.declaration.model_copy(update={"origin_country": first.issuing_country}),
        "replaces": replaced,
    }
    return signed(sample.model_copy(update=changes), f"{by}-NSW")


def test_a_back_to_back_certificate_draws_on_its_original_and_gives_back_when_cancelled(cast: Cast) -> None:
    sent, first = original(cast, "VN-2026-05500")
    one = cast["SG-NSW"].submit(copy_of(first, "SG-2026-05501", "1000"), ["TH-NSW"])
    assert left(cast, sent)[1] == ("1000", "0", "230")
    (made,) = cast["VN-NSW"].utilisation(sent.id)["draws"]
    assert (made["document"], made["member"], made["state"]) == (one.id, "SG-NSW", "final")
    refused = refused_by(cast["SG-NSW"].submit, copy_of(first, "SG-2026-05502", "230.5"), ["TH-NSW"])
    (found,) = refused.findings
    assert found.code == "certificate.back-to-back-more-than-left"
    assert found.expected == "at most 230 KGM, which is left of the original"
    in_use = refused_by(say, cast, sent, SAYS.CANCELLED, "VN-NSW", 0)
    assert codes(in_use) == ["utilisation.in-use"]
    say(cast, one, SAYS.CANCELLED, "SG-NSW", 0)
    assert left(cast, sent)[1] == ("0", "0", str(TOTAL))
    entries = [each for each in cast["VN-NSW"].timeline(sent.id)["entries"] if each["kind"] == "draw"]
    assert [(each["document"], each["state"]) for each in entries] == [(one.id, "final"), (one.id, "released")]
    cast["SG-NSW"].submit(copy_of(first, "SG-2026-05502", "230.5"), ["TH-NSW"])


def test_imports_and_back_to_back_certificates_draw_on_the_same_total(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    sent, first = original(cast, "VN-2026-05510")
    say(cast, sent, SAYS.ACCEPTED, "SG-NSW", 0)
    draws(cast, sent, "SG-NSW", 1, (1, "1000", "KGM"))
    refused = refused_by(cast["SG-NSW"].submit, copy_of(first, "SG-2026-05511", "231"), ["TH-NSW"])
    assert codes(refused) == ["certificate.back-to-back-more-than-left"]
    cast["SG-NSW"].submit(copy_of(first, "SG-2026-05511", "200"), ["TH-NSW"])
    refused = refused_by(draws, cast, sent, "SG-NSW", 2, (1, "31", "KGM"))
    assert codes(refused) == ["utilisation.more-than-left"]


def test_a_correction_draws_what_the_corrected_one_gives_back(cast: Cast) -> None:
    sent, first = original(cast, "VN-2026-05520")
    one = cast["SG-NSW"].submit(copy_of(first, "SG-2026-05521", "1200"), ["TH-NSW"])
    two = cast["SG-NSW"].submit(copy_of(first, "SG-2026-05522", "1220", replaces="SG-2026-05521"), ["TH-NSW"])
    assert left(cast, sent)[1] == ("1220", "0", "10")
    states = {each["document"]: each["state"] for each in cast["VN-NSW"].utilisation(sent.id)["draws"]}
    assert states == {one.id: "released", two.id: "final"}


def test_of_two_back_to_back_certificates_over_two_hubs_one_rests_on_the_original(
    two_hubs: tuple[Cast, Cast], postgresql_url: str
) -> None:
    sent, first = original(two_hubs[0], "VN-2026-05530")
    two_hubs[0]["SG-NSW"].submit(copy_of(first, "SG-2026-05530", "30"), ["TH-NSW"])
    submits = [
        partial(hub["SG-NSW"].submit, copy_of(first, f"SG-2026-05530-{each}", "800"), ["TH-NSW"])
        for hub, each in zip(two_hubs, "AB", strict=True)
    ]
    outcomes = while_held(postgresql_url, sent.id, *submits)
    assert sorted(outcomes) == ["accepted", "certificate.back-to-back-more-than-left"]
    assert left(two_hubs[0], sent)[1] == ("830", "0", "400")


def test_an_original_of_others_is_not_told_of_and_not_drawn_on(sqlite_cast: Cast) -> None:
    """Malaysia's window never received it: what it certifies on that number says nothing of what is left."""
    cast = sqlite_cast
    sent, first = original(cast, "VN-2026-05540")
    taken = cast["TH-NSW"].submit(copy_of(first, "TH-2026-05541", "99999", by="TH"), ["SG-NSW"])
    assert not {"certificate.back-to-back-more-than-left"} & {found.code for found in taken.findings}
    assert left(cast, sent)[1] == ("0", "0", str(TOTAL))
    own = refused_by(cast["SG-NSW"].submit, copy_of(first, "SG-2026-05542", "99999"), ["TH-NSW"])
    assert "certificate.back-to-back-more-than-left" in codes(own)


PLATFORM = {"country": "SG", "kind": "platform", "roles": ["sender"], "accepts": []}


def test_who_lets_a_platform_hand_in_what_it_signed_draws_on_the_original_all_the_same(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    cast.operator.add_member(description("SG-PLATFORM", **PLATFORM))
    sent, first = original(cast, "VN-2026-05550")
    cast["SG-PLATFORM"].submit(copy_of(first, "SG-2026-05551", "1000"), ["TH-NSW"])
    assert left(cast, sent)[1] == ("1000", "0", "230")
    more = refused_by(cast["SG-PLATFORM"].submit, copy_of(first, "SG-2026-05552", "1000"), ["TH-NSW"])
    assert "certificate.back-to-back-more-than-left" in codes(more)


def test_documents_that_name_a_certificate_do_not_hide_its_original(sqlite_cast: Cast) -> None:
    """A hundred and one cost statements for the number that is still to be certified."""
    cast = sqlite_cast
    cast.operator.add_member(description("SG-AUTHORITY", roles=["issuer", "recipient"], accepts=[STATEMENT]))
    cast.operator.add_member(description("SG-FLOOD", **PLATFORM | {"sends": [STATEMENT]}))
    sent, first = original(cast, "VN-2026-05560")
    for ordinal in range(101):
        statement = example_statement(number=f"CS-{ordinal}", at=NOW, certificate="SG-2026-05561")
        cast["SG-FLOOD"].submit(signed(statement, "SG-FLOOD", Syntax.JSON), ["SG-AUTHORITY"])
    cast["SG-NSW"].submit(copy_of(first, "SG-2026-05561", "1000"), ["TH-NSW"])
    assert left(cast, sent)[1] == ("1000", "0", "230")
