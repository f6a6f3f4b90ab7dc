"""The path of an event into the hub: the same as a document's, in the other direction.

An event is a signed message of the member that hands it in. The state machine of the document's family, and the
sequence that the speaker has seen, are checked twice: early for complete findings, and again in the transaction, where
compare-and-set on the sequence lets exactly one of two rivals through. No state changes without such a message.
"""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import refused
from exchange.intake import INLINE_BYTES
from exchange.members import EVENT_PROFILE, Caller, Registry
from exchange.messages import (
    Accepted,
    Envelope,
    Message,
    RefusedInTransaction,
    Submission,
    keep,
    message_id_of,
    receipt_for,
    tell,
)
from exchange.refused import Refused
from exchange.store import tables as t
from exchange.subject import parties_of, standings_of, subject_of
from schemas.content import Content, sha256_hex
from schemas.event import Event, EventType
from schemas.findings import Finding, errors, finding
from schemas.life import Standing, apply
from schemas.registry import Context, Reading, read
from tradebridge.evidence import jws
from tradebridge.evidence.times import TOLERANCE, rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


async def accept_event(hub: "Hub", submission: Submission, document_id: str) -> Accepted | Refused:
    """Take an event on an accepted document in, or say all that is wrong with it."""
    caller, now = submission.caller, hub.clock.now()
    if len(submission.data) > INLINE_BYTES:
        reading, speaker = await asyncio.to_thread(_read, hub, submission, now)
    else:
        reading, speaker = _read(hub, submission, now)
    content, event = reading.content, reading.document
    subject, standings = await hub.ask(lambda c: (subject_of(c, document_id), standings_of(c, document_id)))
    found = [*reading.findings, *speaker]
    if subject is None or caller.member not in {subject.sender, subject.issuer, *standings}:
        found.append(finding("document.unknown", found=document_id))
        subject = None
    if subject is not None and isinstance(event, Event):
        found += _check_life(event, subject, standings, now)
    if subject is None or content is None or not isinstance(event, Event) or any(errors(found)):
        return await _refuse(hub, submission, document_id, tuple(found))
    message = _compose(hub, submission, content, event, subject, standings)
    try:
        await hub.writer.do(lambda connection: _keep(connection, hub, message, event))
    except RefusedInTransaction as error:
        return await _refuse(hub, submission, document_id, error.findings)
    except IntegrityError:
        return await _refuse(hub, submission, document_id, (finding("event.duplicate", "/id", found=event.id),))
    hub.accepted(message.envelope.recipients)
    return Accepted(message.answer)


# --- judging ---------------------------------------------------------------------------------------------------------


def _read(hub: "Hub", submission: Submission, now: datetime) -> tuple[Reading, list[Finding]]:
    """The event, and what stands against who says it."""
    reading = read(submission.data, Context(now), EVENT_PROFILE)
    if reading.content is None:
        return reading, []
    return reading, _check_speaker(hub.registry, reading.content, submission.caller, now)


def _check_speaker(registry: Registry, content: Content, caller: Caller, now: datetime) -> list[Finding]:
    """An event is signed by the member that hands it in, and speaks for that member."""
    if content.media_type != "application/jose":
        return [finding("document.signature-unsupported", found=content.media_type, expected="application/jose")]
    verified = jws.verify(content.received, jws.EVENT, "event", registry.trust, now)
    if isinstance(verified, Finding):
        return [verified]
    actor = content.value.get("actor")
    speaker = actor.get("member") if isinstance(actor, dict) else None
    if verified.member == speaker == caller.member:
        return []
    told = f"signed by {verified.member}, spoken by {speaker}, handed in by {caller.member}"
    return [finding("event.wrong-party", "/actor/member", found=told, expected=caller.member)]


def _check_life(event: Event, subject: Any, standings: dict[str, Standing], now: datetime) -> list[Finding]:
    """Is it about this document, in time, and does the life of the document allow it?"""
    found = []
    if event.document.id != subject.id:
        found.append(finding("event.other-document", "/document/id", found=event.document.id, expected=subject.id))
    elif event.document.content_digest != subject.content_digest:
        pointer, digest = "/document/contentDigest", event.document.content_digest
        found.append(finding("event.other-document", pointer, found=digest, expected=subject.content_digest))
    if event.at > now + TOLERANCE:
        latest = rfc3339(now + TOLERANCE)
        found.append(finding("event.time-ahead", "/at", found=rfc3339(event.at), expected=f"at most {latest}"))
    outcome = apply(standings, event, parties_of(subject, standings))
    if isinstance(outcome, Finding):
        found.append(outcome)
    return found


# --- composing and keeping -------------------------------------------------------------------------------------------


def _compose(
    hub: "Hub", submission: Submission, content: Content, event: Event, subject: Any, standings: dict[str, Standing]
) -> Message:
    member, now = submission.caller.member, hub.clock.now()
    envelope = Envelope(
        kind="event",
        id=message_id_of(hub, "event", member, content.bytes_digest, now),
        document_id=subject.id,
        member=member,
        recipients=_listeners(hub.registry, event, subject, standings),
        profile=EVENT_PROFILE,
        media_type=content.media_type,
        bytes_digest=content.bytes_digest,
        content_digest=content.content_digest,
        at=now,
    )
    receipt = receipt_for(hub, envelope)
    answer = {
        "id": event.id,
        "messageId": envelope.id,
        "document": subject.id,
        "type": event.type.value,
        "recipient": event.recipient,
        "sequence": event.expected_sequence + 1,
        "state": STATE_AFTER[event.type],
        "receipt": receipt,
        "findings": [],
        "receivedAt": rfc3339(now),
    }
    return Message(envelope, submission.data, receipt, None, None, orjson.dumps(answer))


STATE_AFTER = {each: each.value for each in EventType}
"""In this life every event is named after the state that it leads to."""


def _listeners(registry: Registry, event: Event, subject: Any, standings: dict[str, Standing]) -> tuple[str, ...]:
    """Who is told: the sender and the issuer's member; of an answer who asked; of a cancellation every recipient.

    Never the speaker itself, and nobody who is no member any more.
    """
    told = {subject.sender, subject.issuer}
    if event.type is EventType.CANCELLED:
        told |= set(standings)
    elif event.type is EventType.ANSWERED:
        told.add(event.recipient)
    return tuple(sorted(name for name in told if name in registry.members and name != event.actor.member))


def _keep(connection: Connection, hub: "Hub", message: Message, event: Event) -> None:
    """The same checks again, on rows that nobody else can change now; then all of it or nothing."""
    envelope = message.envelope
    subject = subject_of(connection, envelope.document_id, lock=True)
    if subject is None:
        raise RefusedInTransaction(finding("document.unknown", found=envelope.document_id))
    standings = standings_of(connection, subject.id)
    changed = apply(standings, event, parties_of(subject, standings))
    if isinstance(changed, Finding):
        raise RefusedInTransaction(changed)
    for recipient, standing in changed.items():
        _move(connection, subject.id, recipient, standings[recipient].sequence, standing)
    if event.type is EventType.CANCELLED:
        connection.execute(update(t.documents).where(t.documents.c.id == subject.id).values(state="cancelled"))
    keep(connection, hub, message)
    values = {
        "id": event.id,
        "message_id": envelope.id,
        "document_id": subject.id,
        "type": event.type.value,
        "recipient": event.recipient,
        "sequence": event.expected_sequence + 1,
        "member": envelope.member,
        "at": rfc3339(envelope.at),
    }
    connection.execute(insert(t.events).inline(), values)
    facts = {
        "event": event.id,
        "type": event.type.value,
        "recipient": event.recipient,
        "member": envelope.member,
        "number": subject.number,
        "sequence": event.expected_sequence + 1,
        "state": STATE_AFTER[event.type],
    }
    tell(connection, "event.accepted", envelope, tuple({envelope.member, *envelope.recipients}), facts)


def _move(connection: Connection, document_id: str, recipient: str, seen: int, standing: Standing) -> None:
    """Compare-and-set: only from the sequence that was seen."""
    moved = connection.execute(
        update(t.standings)
        .where(
            t.standings.c.document_id == document_id,
            t.standings.c.recipient == recipient,
            t.standings.c.sequence == seen,
        )
        .values(state=standing.state.value, sequence=standing.sequence)
    )
    if moved.rowcount != 1:
        raise RefusedInTransaction(
            finding("event.old-sequence", "/expectedSequence", found=seen, expected="a later one")
        )


async def _refuse(
    hub: "Hub", submission: Submission, document_id: str, findings: tuple[Finding, ...]
) -> Accepted | Refused:
    """Refuse, unless exactly these bytes were accepted before: then their first answer holds."""
    caller = submission.caller.member
    same = select(t.messages.c.answer).where(
        t.messages.c.document_id == document_id,
        t.messages.c.member == caller,
        t.messages.c.kind == "event",
        t.messages.c.bytes_digest == sha256_hex(submission.data),
    )
    known = await hub.ask(lambda connection: connection.execute(same).scalar())
    if known is not None:
        return Accepted(known.encode(), replayed=True)
    return await refused.record(hub, caller, submission.data, Refused(findings), document=document_id)
