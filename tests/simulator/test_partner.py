"""A partner takes what holds, once; says what its story lets it say, in the same bytes; and nothing else."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.port import Statement, find_adapter
from schemas.content import sha256_hex
from schemas.event import Actor, Event, EventType, Subject
from simulator.journal import Kind
from simulator.partner import Partner
from simulator.story import Step, Story, steps_of
from tests.simulator.hubs import (
    AT,
    MEMBERS,
    TRUST,
    HubAtTheOtherEnd,
    delivery_of,
    event_delivery_of,
    partner_of,
)
from tradebridge.evidence import jws
from tradebridge.evidence.receipts import Acknowledgement, read_acknowledgement
from tradebridge.evidence.trust import Verified

RECIPIENTS = {"TH-NSW": "atiga-form-d/2022", "JP-NACCS": "ajcep-form-aj/2014", "TRADEWALTZ-SIM": "rcep-co/2022"}


def during(work: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):
            await work()

    asyncio.run(run())


async def quiet(partner: Partner) -> None:
    """Until the partner has nothing left to say."""
    while partner._tasks:
        await asyncio.sleep(0)


def kinds(partner: Partner) -> list[Kind]:
    return [entry.kind for entry in partner.journal.entries]


@pytest.mark.parametrize(("member", "profile"), RECIPIENTS.items())
def test_a_delivery_is_journaled_acknowledged_and_decided(member: str, profile: str, tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        partner = partner_of(member, tmp_path, hub)
        delivery = delivery_of(member, profile)
        (token,) = partner.taken([delivery])
        assert kinds(partner) == [Kind.RECEIVED, Kind.ACKNOWLEDGED]
        acknowledgement = read_acknowledgement(token, TRUST, AT)
        assert acknowledgement == Acknowledgement(
            delivery.id, delivery.message_id, sha256_hex(delivery.original), member, AT
        )
        await quiet(partner)
        assert kinds(partner)[2:] == [Kind.EVENT_SIGNED, Kind.EVENT_SENT]

    during(work)
    (event,) = hub.heard
    assert event["type"] == "accepted"
    assert event["recipient"] == member
    assert event["expectedSequence"] == 0


@pytest.mark.parametrize(("member", "profile"), RECIPIENTS.items())
def test_a_decision_carries_the_native_answer_that_it_was_decoded_from(
    member: str, profile: str, tmp_path: Path
) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        partner = partner_of(member, tmp_path, hub)
        partner.taken([delivery_of(member, profile, number="SG-2026-00041-R01")])
        await quiet(partner)

    during(work)
    (event,) = hub.heard
    described = MEMBERS[member]
    assert described.style is not None
    native = b64decode(event["body"]["native"])
    statement = find_adapter(described.style, described.country).codec.decode_event(native)
    assert isinstance(statement, Statement)
    assert statement.type == event["type"] == "rejected"
    assert [reason[0] for reason in statement.reasons] == [reason["code"] for reason in event["reasons"]]


def test_the_same_delivery_twice_has_its_effect_once(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        partner = partner_of("TH-NSW", tmp_path, hub)
        delivery = delivery_of("TH-NSW")
        first = partner.taken([delivery, delivery])
        await quiet(partner)
        again = partner.taken([delivery])
        await quiet(partner)
        assert first == [again[0], again[0]]
        assert kinds(partner).count(Kind.RECEIVED) == 1

    during(work)
    assert len(hub.heard) == 1


def test_what_was_taken_before_a_kill_is_not_taken_again_after_it(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        delivery = delivery_of("TH-NSW")
        first = partner_of("TH-NSW", tmp_path, hub)
        (token,) = first.taken([delivery])
        await quiet(first)
        second = partner_of("TH-NSW", tmp_path, hub)
        second.resume()
        assert second.taken([delivery]) == [token]
        await quiet(second)
        assert kinds(second) == kinds(first)

    during(work)
    assert len(hub.heard) == 1


def test_a_kill_between_journal_and_acknowledgement_loses_neither(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        delivery = delivery_of("TH-NSW")
        first = partner_of("TH-NSW", tmp_path, hub)
        (token,) = first.taken([delivery])
        path = tmp_path / "TH-NSW.jsonl"
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
        second = partner_of("TH-NSW", tmp_path, hub)
        assert second.taken([delivery]) == [token]
        assert kinds(second)[:2] == [Kind.RECEIVED, Kind.ACKNOWLEDGED]
        await first.close()
        await quiet(second)

    during(work)


def test_what_was_signed_before_a_kill_is_said_in_the_same_bytes_after_it(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        first = partner_of("TH-NSW", tmp_path, hub)
        first.taken([delivery_of("TH-NSW")])
        await quiet(first)
        path = tmp_path / "TH-NSW.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        assert b'"event sent"' in lines[-1]
        path.write_bytes(b"".join(lines[:-1]))
        second = partner_of("TH-NSW", tmp_path, hub)
        second.resume()
        await quiet(second)
        assert kinds(second)[-1] is Kind.EVENT_SENT

    during(work)
    assert hub.tokens[0] == hub.tokens[1]


@pytest.mark.parametrize("trouble", [[0, 0], [503], [429, 500, 0]])
def test_a_hub_that_is_away_or_busy_is_asked_again(trouble: list[int], tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd(unwell=trouble)

    async def work() -> None:
        partner = partner_of("TH-NSW", tmp_path, hub)
        partner.taken([delivery_of("TH-NSW")])
        while partner._tasks:
            await asyncio.sleep(0.01)
        assert kinds(partner)[-1] is Kind.EVENT_SENT

    during(work)
    assert len(hub.heard) == 1


def test_a_refused_event_is_not_said_again_and_again(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd(unwell=[409])

    async def work() -> None:
        partner = partner_of("TH-NSW", tmp_path, hub)
        partner.taken([delivery_of("TH-NSW")])
        await quiet(partner)
        partner.speak_of(delivery_of("TH-NSW").message_id.replace("msg", "doc"))
        await quiet(partner)

    during(work)
    assert hub.heard == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda good: replace(good, original=good.original + b"A"), id="other original"),
        pytest.param(lambda good: replace(good, rendition=(good.rendition or b"") + b" "), id="other rendition"),
        pytest.param(lambda good: replace(good, rendition=None), id="no rendition"),
        pytest.param(lambda good: replace(good, note=good.note[:-4] + "AAAA"), id="broken note"),
        pytest.param(lambda good: replace(good, id="dlv_other"), id="other delivery"),
        pytest.param(lambda good: replace(good, message_id="msg_other"), id="other message"),
        pytest.param(lambda good: replace(good, note=delivery_of("MY-NSW").note), id="note for somebody else"),
    ],
)
def test_what_does_not_hold_is_neither_kept_nor_acknowledged(spoil: Callable, tmp_path: Path) -> None:  # type: ignore[type-arg]
    async def work() -> None:
        partner = partner_of("TH-NSW", tmp_path, HubAtTheOtherEnd())
        good = delivery_of("TH-NSW", ordinal=2)
        tokens = partner.taken([spoil(delivery_of("TH-NSW")), good])
        assert len(tokens) == 1, "its neighbour is taken all the same"
        assert [entry.message_id for entry in partner.journal.entries] == [good.message_id] * 2
        await quiet(partner)

    during(work)


def test_a_note_that_a_member_signed_is_no_note_of_the_hub(tmp_path: Path) -> None:
    from simulator.members import keys_of
    from tradebridge.evidence.receipts import DeliveryNote, read_note

    async def work() -> None:
        partner = partner_of("TH-NSW", tmp_path, HubAtTheOtherEnd())
        delivery = delivery_of("TH-NSW")
        note = read_note(delivery.note, TRUST, AT)
        assert isinstance(note, DeliveryNote)
        forged = note.sign(keys_of("42", "SG-NSW").event, AT)
        assert partner.taken([replace(delivery, note=forged)]) == []

    during(work)


def test_a_query_is_answered_and_the_answer_leads_to_the_decision(tmp_path: Path) -> None:
    """Both sides of one story, with the hub's part played by hand."""
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        delivery = delivery_of("TH-NSW")
        digest = sha256_hex(jws_payload(delivery.original))
        thailand = partner_of(
            "TH-NSW", tmp_path, hub, stories={digest: Story({"TH-NSW": steps_of(["queried", "accepted"])})}
        )
        thailand.taken([delivery])
        await quiet(thailand)
        assert [event["type"] for event in hub.heard] == ["queried"]
        answer = Event(
            id="evt_0000000000answer",
            type=EventType.ANSWERED,
            document=Subject(id=delivery.message_id.replace("msg", "doc"), content_digest=digest),
            recipient="TH-NSW",
            expected_sequence=1,
            actor=Actor(member="SG-NSW"),
            at=AT,
            body={"text": "confirmed"},
        )
        thailand.taken([event_delivery_of("TH-NSW", answer)])
        await quiet(thailand)

    during(work)
    assert [(event["type"], event["expectedSequence"]) for event in hub.heard] == [("queried", 0), ("accepted", 2)]


def test_an_event_that_is_refused_on_purpose_is_journaled_once_and_the_story_goes_on(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd(unheard={"utilised": "utilisation.more-than-left"})
    too_much = Step("utilised", refused="utilisation.more-than-left", teaches="more than is left")
    story = Story({"TH-NSW": steps_of(["accepted", too_much, "rejected"])})

    async def work() -> None:
        delivery = delivery_of("TH-NSW")
        stories = {sha256_hex(jws_payload(delivery.original)): story}
        thailand = partner_of("TH-NSW", tmp_path, hub, stories=stories)
        thailand.taken([delivery])
        await quiet(thailand)
        (refused,) = (entry for entry in thailand.journal.entries if entry.kind is Kind.REFUSED)
        assert refused.codes == ("utilisation.more-than-left",)
        assert (refused.event["type"], refused.event["place"]) == ("utilised", 1)
        again = partner_of("TH-NSW", tmp_path, hub, stories=stories)
        again.resume()
        await quiet(again)

    during(work)
    assert [(each["type"], each["expectedSequence"]) for each in hub.heard] == [("accepted", 0), ("rejected", 1)]
    assert hub.asked == ["accepted", "utilised", "rejected"]


def test_a_certificate_is_called_issued_when_it_was_sent_and_with_its_id(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        delivery = delivery_of("JP-JCCI", "co-application/1", number="APP-2026-00001")
        digest = sha256_hex(jws_payload(delivery.original))
        story = Story({"JP-JCCI": steps_of([Step("issued", after="JP-2026-00002")])})
        authority = partner_of("JP-JCCI", tmp_path, hub, stories={digest: story})
        authority.taken([delivery])
        await quiet(authority)
        assert hub.heard == []
        await authority.submit(b"{}", ["TH-NSW"], "JP-2026-00002", "rcep-co/2022")
        await quiet(authority)

    during(work)
    (event,) = hub.heard
    assert event["type"] == "issued"
    assert event["body"]["certificate"] == {"number": "JP-2026-00002", "document": "doc_sent1"}


def test_two_partners_with_one_seed_sign_the_same_event(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        for folder in ("one", "two"):
            partner = partner_of("JP-NACCS", tmp_path / folder, hub)
            partner.taken([delivery_of("JP-NACCS", "ajcep-form-aj/2014")])
            await quiet(partner)

    during(work)
    assert hub.tokens[0] == hub.tokens[1]
    assert (tmp_path / "one/JP-NACCS.jsonl").read_bytes()[:2000] == (tmp_path / "two/JP-NACCS.jsonl").read_bytes()[
        :2000
    ]


def jws_payload(token: bytes) -> bytes:
    verified = jws.verify(token, "tradebridge-document+jws", "document", TRUST, AT)
    assert isinstance(verified, Verified)
    return verified.payload
