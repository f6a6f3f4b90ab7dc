"""After the delivery: what the issuer says of a document reaches the window too, and binds what its officers may say.

The events are the issuer's, rightly signed, delivered by the hub as documents are.
"""

from dataclasses import replace
from typing import Any

from schemas.content import sha256_hex
from schemas.event import PROFILE as EVENT_PROFILE
from schemas.event import Actor, Event, EventType, Subject, encode_event
from simulator.conformance.runner import NotApplicable, Play, Role, Scenario
from simulator.conformance.suites.window import sentences as says
from simulator.conformance.suites.window.deliveries import begun
from simulator.conformance.suites.window.sending import officer_says
from simulator.conformance.suites.window.stage import Parcel, Stage, check_taken, decoded
from simulator.conformance.suites.window.system import ISSUER
from tradebridge.evidence import jws
from tradebridge.evidence.receipts import Original


def event_on(stage: Stage, parcel: Parcel, type_: EventType, sequence: int, body: dict[str, Any]) -> Parcel:
    """What the issuer says of the document of a parcel, as the hub delivers it."""
    note = parcel.note
    event = Event(
        id=stage.new_id("evt"),
        type=type_,
        document=Subject(id=note.document_id, content_digest=parcel.content_digest),
        recipient=None if type_ is EventType.CANCELLED else stage.system.code,
        expected_sequence=sequence,
        actor=Actor(member=ISSUER, person="Officer 1 (simulated)", role="officer"),
        at=stage.at,
        body=body,
    )
    token = jws.sign(encode_event(event), jws.EVENT, stage.system.kit.issuer_events, stage.at).encode()
    noted = replace(
        note,
        delivery=stage.new_id("dlv"),
        message_id=stage.new_id("msg"),
        profile=EVENT_PROFILE,
        number=None,
        original=Original(sha256_hex(token), "application/jose"),
    )
    return Parcel(noted, token, noted.sign(stage.system.kit.hub, noted.time))


async def _delivered(play: Play[Stage]) -> Parcel:
    stage, parcel = play.kit, play.kit.parcel()
    with play.action("The kit delivers a Form D."):
        await stage.give(play, [parcel], "a delivery", checks=False)
    return parcel


async def _tell(play: Play[Stage], event: Parcel, what: str) -> None:
    with play.action(f"The kit delivers what the issuer said: {what}."):
        tokens = await play.kit.give(play, [event], f"the event {what}")
        check_taken(play, event, tokens, says.LIFE_ACK)


async def _officer(play: Play[Stage], parcel: Parcel, word: str) -> dict[str, Any]:
    """The payload of the event that an officer's word brings."""
    return decoded((await officer_says(play, parcel, word)).body.decode("ascii", "replace"))


async def cancelled(play: Play[Stage]) -> None:
    parcel = await _delivered(play)
    await _tell(play, event_on(play.kit, parcel, EventType.CANCELLED, 0, {}), "cancelled")


async def answered(play: Play[Stage]) -> None:
    parcel = await _delivered(play)
    with play.action("An officer asks something."):
        await _officer(play, parcel, "queried")
    answer = event_on(play.kit, parcel, EventType.ANSWERED, 1, {"text": "The number of packages is confirmed."})
    await _tell(play, answer, "answered")
    with play.action("An officer accepts."):
        told = await _officer(play, parcel, "accepted")
        found = told.get("expectedSequence")
        play.check(says.LIFE_SEQUENCE, found == 2, found=found, expected="2: a query and its answer were said")


async def cancelled_then_accepted(play: Play[Stage]) -> None:
    """That officers accept at all is seen with another document, so that silence passes nothing."""
    stage = play.kit
    if stage.system.decides is None:
        raise NotApplicable("the system's file has no `decides`: of a person, silence says nothing")
    other, parcel = await _delivered(play), await _delivered(play)
    await _tell(play, event_on(stage, parcel, EventType.CANCELLED, 0, {}), "cancelled")
    with play.action("An officer accepts another document."):
        await _officer(play, other, "accepted")
    with play.action("An officer wants to accept the cancelled one."):
        about = {"document": parcel.note.document_id, "number": parcel.note.number or "", "says": "accepted"}
        said = await stage.tells(play, stage.system.decides, "say accepted", about)
        asked = await stage.next(stage.system.quiet) if said else None
        path = f"/v1/documents/{parcel.note.document_id}/events"
        came = asked is not None and asked.path == path
        play.check(says.LIFE_ENDED, not came, found="an event" if came else "nothing", expected="nothing")


LIFE: tuple[Scenario[Stage], ...] = (
    Scenario("cancelled", Role.RECEIVER, "The issuer cancels the document.", begun(cancelled)),
    Scenario("answered", Role.SENDER, "The issuer answers a query.", begun(answered)),
    Scenario(
        "cancelled-then-accepted",
        Role.SENDER,
        "An officer wants to accept what was cancelled.",
        begun(cancelled_then_accepted),
    ),
)
