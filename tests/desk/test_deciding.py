"""A desk decides as any member's system does: signed events through the one path, each said once, nothing doubled."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from exchange.desk import deciding, queue
from exchange.desk.deciding import Word, moved_on
from exchange.desk.queue import View
from exchange.events import accept_event
from exchange.members import Caller
from exchange.messages import Accepted, Submission
from exchange.refused import Refused
from exchange.store import queries
from exchange.store import tables as t
from exchange.subject import event_in
from schemas.event import Actor, EventType, Reason
from tests.desk.running import CHIEF, LAN, MALEE, MINH, SOMCHAI, Office, Person
from tests.exchange.cast import certificate, event
from tradebridge.evidence.receipts import Acknowledgement, read_acknowledgement

ASKED = {"questions": [{"id": "q1", "box": "9", "code": "desk.own-words", "text": "Which weight is right?"}]}
WHY = (Reason(code="atiga.rvc-below-threshold", box="8", text="32 % only."),)


def events_of(office: Office, document: str) -> list[Any]:
    with office.hub.database.reading.connect() as connection:
        query = select(t.messages.c.bytes).where(t.messages.c.document_id == document, t.messages.c.kind == "event")
        return [event_in(each) for each in connection.execute(query.order_by(t.messages.c.received_at)).scalars()]


def view(office: Office, by: Person, which: View) -> list[str]:
    desk = office.member(by.member).desk
    assert desk is not None
    with office.hub.database.reading.connect() as connection:
        found = queue.listed(connection, by.member, desk, by.id, which, office.hub.clock.now())
    return [each.document for each in found.entries]


def codes(found: Any) -> list[str]:
    return [] if isinstance(found, Accepted) else [each.code for each in found]


def test_what_comes_to_a_desk_is_acknowledged_by_its_members_key(office: Office) -> None:
    document = office.submit(certificate("SG-DK-1"), "TH-NSW")
    with office.hub.database.reading.connect() as connection:
        stored = queries.document(connection, None, document)
        token = connection.execute(
            select(t.deliveries.c.acknowledgement).where(t.deliveries.c.document_id == document)
        ).scalar_one()
    assert stored is not None and stored.summary["recipients"]["TH-NSW"]["delivery"] == "delivered"
    said = read_acknowledgement(token, office.hub.registry.trust, office.hub.clock.now())
    assert isinstance(said, Acknowledgement) and said.member == "TH-NSW"


def test_a_decision_is_a_signed_event_with_the_officer_in_it_and_says_who_holds_the_key(office: Office) -> None:
    document = office.submit(certificate("SG-DK-2"), "TH-NSW")
    said = office.decide(SOMCHAI, document, Word(EventType.QUERIED, 0, body=ASKED))
    assert isinstance(said, Accepted)
    (event_,) = events_of(office, document)
    assert (event_.actor.member, event_.actor.person, event_.actor.key_held_by) == ("TH-NSW", "Somchai", "HUB")
    assert event_.body["questions"][0]["box"] == "9"
    assert office.case(document).theirs


def test_nobody_without_a_desk_says_that_the_hub_signed_for_it(office: Office) -> None:
    document = office.submit(certificate("SG-DK-10"), "TH-NSW")
    digest = str(office.case(document).stored.summary["contentDigest"])
    said = event(
        EventType.CANCELLED,
        document,
        digest,
        "SG-NSW",
        recipient=None,
        actor=Actor(member="SG-NSW", person="A. Nobody", key_held_by="HUB"),
    )
    refused = office.run(
        accept_event(office.hub, Submission(Caller("SG-NSW", frozenset({"send"})), said.encode()), document)
    )
    assert isinstance(refused, Refused)
    assert [(each.code, each.pointer) for each in refused.findings] == [("event.wrong-party", "/actor/keyHeldBy")]


def test_of_two_clicks_or_two_officers_one_is_heard(office: Office) -> None:
    document = office.submit(certificate("SG-DK-3"), "TH-NSW")
    digest = str(office.case(document).stored.summary["contentDigest"])
    member = office.member("TH-NSW")

    async def both() -> list[Any]:
        word = Word(EventType.ACCEPTED, 0)
        said = (deciding.decide(office.hub, by, member, document, digest, word) for by in (SOMCHAI, SOMCHAI, MALEE))
        return list(await asyncio.gather(*said))

    outcomes = office.run(both())
    assert sum(isinstance(each, Accepted) for each in outcomes) == 1
    assert all(moved_on(each) for each in outcomes if not isinstance(each, Accepted))
    assert len(events_of(office, document)) == 1


def test_a_rejection_without_a_reason_is_refused_and_nothing_is_said(office: Office) -> None:
    document = office.submit(certificate("SG-DK-4"), "TH-NSW")
    assert codes(office.decide(SOMCHAI, document, Word(EventType.REJECTED, 0))) == ["event.reason-missing"]
    assert events_of(office, document) == [] and office.case(document).ours


def test_a_case_goes_through_the_queue(office: Office) -> None:
    document = office.submit(certificate("SG-DK-5"), "TH-NSW")
    member = office.member("TH-NSW")
    assert document in view(office, SOMCHAI, View.UNASSIGNED)
    assert office.run(deciding.assign(office.hub, SOMCHAI, member, document, SOMCHAI, "")) == ()
    assert document in view(office, SOMCHAI, View.MINE) and document not in view(office, MALEE, View.UNASSIGNED)
    # Who opened the page before that takes nothing away; nor does a colleague decide on it.
    assert codes(office.run(deciding.assign(office.hub, MALEE, member, document, MALEE, ""))) == [
        "desk.assigned-already"
    ]
    assert codes(office.decide(MALEE, document, Word(EventType.ACCEPTED, 0))) == ["desk.assigned-already"]
    assert office.run(deciding.assign(office.hub, CHIEF, member, document, MALEE, SOMCHAI.id)) == ()
    assert isinstance(office.decide(MALEE, document, Word(EventType.QUERIED, 0, body=ASKED)), Accepted)
    assert document in view(office, MALEE, View.WAITING) and document not in view(office, MALEE, View.MINE)
    answer = event(
        EventType.ANSWERED,
        document,
        str(office.case(document).stored.summary["contentDigest"]),
        "SG-NSW",
        sequence=1,
        body={"answers": [{"question": "q1", "kind": "explains", "text": "Ours."}]},
    )
    office.say(answer, document)
    assert document in view(office, MALEE, View.MINE)
    assert isinstance(office.decide(MALEE, document, Word(EventType.ACCEPTED, 2)), Accepted)
    assert document in view(office, MALEE, View.DECIDED) and document not in view(office, MALEE, View.ALL)


def test_with_four_eyes_one_proposes_and_another_says_it(office: Office) -> None:
    document = office.submit(certificate("SG-DK-6", importer="VN"), "VN-NSW")
    member = office.member("VN-NSW")
    digest = str(office.case(document, "VN-NSW").stored.summary["contentDigest"])
    word = Word(EventType.REJECTED, 0, WHY)
    assert codes(office.decide(LAN, document, word)) == ["desk.four-eyes"]
    empty = office.run(deciding.propose(office.hub, LAN, member, document, digest, Word(EventType.REJECTED, 0)))
    assert codes(empty) == ["event.reason-missing"]  # nobody confirms what would be refused
    assert office.run(deciding.propose(office.hub, LAN, member, document, digest, word)) == ()
    assert codes(office.run(deciding.propose(office.hub, MINH, member, document, digest, word))) == [
        "desk.proposed-already"
    ]
    assert document in view(office, MINH, View.TO_CONFIRM) and events_of(office, document) == []
    assert codes(office.run(deciding.confirm(office.hub, LAN, member, document, digest, 0))) == ["desk.four-eyes"]
    assert isinstance(office.run(deciding.confirm(office.hub, MINH, member, document, digest, 0)), Accepted)
    (said,) = events_of(office, document)
    assert said.actor.person == "Lan, confirmed by Minh" and said.reasons == WHY
    assert codes(office.run(deciding.confirm(office.hub, MINH, member, document, digest, 0))) == ["event.old-sequence"]


def test_a_proposal_ends_when_it_is_declined_or_the_case_moves_on(office: Office) -> None:
    document = office.submit(certificate("SG-DK-7", importer="VN"), "VN-NSW")
    member = office.member("VN-NSW")
    digest = str(office.case(document, "VN-NSW").stored.summary["contentDigest"])
    word = Word(EventType.ACCEPTED, 0)
    assert office.run(deciding.propose(office.hub, LAN, member, document, digest, word)) == ()
    assert office.run(deciding.decline(office.hub, MINH, member, document, 0)) == ()
    assert codes(office.run(deciding.confirm(office.hub, MINH, member, document, digest, 0))) == ["desk.no-proposal"]
    assert office.run(deciding.propose(office.hub, LAN, member, document, digest, word)) == ()
    assert isinstance(office.decide(MINH, document, Word(EventType.QUERIED, 0, body=ASKED)), Accepted)
    assert office.case(document, "VN-NSW").proposal is None


def test_all_that_officers_do_is_on_the_record_with_their_names(office: Office) -> None:
    document = office.submit(certificate("SG-DK-8"), "TH-NSW")
    member = office.member("TH-NSW")
    assert office.run(deciding.note(office.hub, SOMCHAI, member, document, " Called the importer. ")) == ()
    assert codes(office.run(deciding.note(office.hub, SOMCHAI, member, document, "  "))) == ["desk.incomplete"]
    assert [each.text for each in office.case(document).notes] == ["Called the importer."]
    with office.hub.database.reading.connect() as connection:
        query = select(t.leaves.c.record).join(t.records, t.records.c.id == t.leaves.c.record_id)
        told = [each.decode() for each in connection.execute(query.where(t.records.c.about == document)).scalars()]
    assert len(told) == 1 and '"person":"Somchai"' in told[0] and '"what":"desk: note"' in told[0]


def test_a_case_waits_since_it_came_and_is_late_after_its_limit(office: Office) -> None:
    document = office.submit(certificate("SG-DK-9"), "TH-NSW")
    desk = office.member("TH-NSW").desk
    assert desk is not None and desk.hours == 8
    since = office.case(document).waiting.since.isoformat()
    later = queue.waiting(since, desk, office.hub.clock.now() + timedelta(hours=2, minutes=10))
    assert later.words == "2 h 10 min of 8 h" and not later.late
    assert queue.waiting(since, desk, office.hub.clock.now() + timedelta(hours=9)).late


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 min"), (3600, "1 h"), (90_000, "1 d 1 h"), (86_400, "1 d")])
def test_a_span_is_told_in_words(seconds: float, words: str) -> None:
    assert queue.span(seconds) == words
