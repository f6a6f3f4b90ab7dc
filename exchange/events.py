"""The path of an event into the hub: the same as a document's, in the other direction.

An event is a signed message of the member that hands it in. The state machine of the document's family, and the
sequence that the speaker has seen, are checked twice: early for complete findings, and again in the transaction, where
compare-and-set on the sequence lets exactly one of two rivals through. No state changes without such a message.

What is said of the title of a bill of lading goes another way from where it is read (`exchange.titles`).

A certificate whose validity has ended is first said to be expired, then the event meets it as it stands.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import clockwork, deadlines, issuing, ledger, refused, titles
from exchange.intake import INLINE_BYTES
from exchange.members import EVENT_PROFILE, Caller, Registry
from exchange.messages import Accepted, Message, RefusedInTransaction, Submission
from exchange.native import check_native
from exchange.recording import compose, record
from exchange.refused import Refused
from exchange.store import tables as t
from exchange.subject import course_of, parties_of, subject_of
from schemas.content import Content, sha256_hex
from schemas.event import Event, TitleEvent
from schemas.findings import Finding, errors, finding
from schemas.life import Course, apply, life_of
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
    await clockwork.catch_up(hub, document_id)
    subject, after, judged = await hub.ask(lambda connection: _judge(connection, caller, document_id, event, now))
    found = (*reading.findings, *speaker, *judged)
    if subject is None or content is None or not isinstance(event, Event) or after is None or any(errors(found)):
        return await _refuse(hub, submission, document_id, found)
    if isinstance(event.type, TitleEvent):
        outcome = await titles.accept(hub, submission, event, subject, content)
        return outcome if isinstance(outcome, Accepted) else await _refuse(hub, submission, document_id, outcome)
    message = compose(hub, submission.caller.member, submission.data, content, event, subject, after)
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
    found = _check_speaker(hub.registry, reading.content, submission.caller, now)
    if isinstance(reading.document, Event):
        found += check_native(hub, reading.document, submission.caller.member, now)
    return reading, found


def _judge(
    connection: Connection, caller: Caller, document_id: str, event: object, now: datetime
) -> tuple[Any, Course | None, list[Finding]]:
    """The document, if the caller has a part in it; where it stands after the event; what is wrong."""
    subject = subject_of(connection, document_id)
    course = course_of(connection, subject) if subject is not None else Course({})
    if subject is None or caller.member not in {subject.sender, subject.issuer, *course.standings}:
        return None, None, [finding("document.unknown", found=document_id)]
    if not isinstance(event, Event):
        return subject, None, []
    found = _check_subject(event, subject, now)
    if subject.deleted is not None:
        return subject, None, [*found, finding("document.deleted", found=document_id)]
    if isinstance(event.type, TitleEvent):
        return subject, course, found
    after, judged = judge(connection, subject, course, event)
    return subject, after, [*found, *judged]


def judge(
    connection: Connection, subject: Any, course: Course, event: Event
) -> tuple[Course | None, tuple[Finding, ...]]:
    """Where the document stands after the event, and what is wrong with it; None: it cannot be said there at all."""
    outcome = apply(life_of(subject.profile), course, event, parties_of(subject, course))
    if not isinstance(outcome, Course):
        return None, outcome
    wrong = (*deadlines.check(subject, event), *issuing.check(connection, subject, event))
    return outcome, (*wrong, *ledger.check(connection, subject, event))


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
        return list(_check_custody(registry, actor, speaker))
    told = f"signed by {verified.member}, spoken by {speaker}, handed in by {caller.member}"
    return [finding("event.wrong-party", "/actor/member", found=told, expected=caller.member)]


def _check_custody(registry: Registry, actor: Any, speaker: str) -> Iterator[Finding]:
    """Nobody says that the hub signed for it, but a member for which it does."""
    member = registry.members.get(speaker)
    if actor.get("keyHeldBy") is not None and (member is None or member.desk is None):
        yield finding(
            "event.wrong-party", "/actor/keyHeldBy", found=actor["keyHeldBy"], expected="none: no desk is here"
        )


def _check_subject(event: Event, subject: Any, now: datetime) -> list[Finding]:
    """Is it about this document, and not dated ahead?"""
    found = []
    if event.document.id != subject.id:
        found.append(finding("event.other-document", "/document/id", found=event.document.id, expected=subject.id))
    elif event.document.content_digest != subject.content_digest:
        pointer, digest = "/document/contentDigest", event.document.content_digest
        found.append(finding("event.other-document", pointer, found=digest, expected=subject.content_digest))
    if event.at > now + TOLERANCE:
        latest = rfc3339(now + TOLERANCE)
        found.append(finding("event.time-ahead", "/at", found=rfc3339(event.at), expected=f"at most {latest}"))
    return found


# --- keeping ---------------------------------------------------------------------------------------------------------


def _keep(connection: Connection, hub: "Hub", message: Message, event: Event) -> None:
    """The same checks again, on rows that nobody else can change now; then all of it or nothing."""
    subject = subject_of(connection, message.envelope.document_id, lock=True)
    if subject is None:
        raise RefusedInTransaction(finding("document.unknown", found=message.envelope.document_id))
    if subject.deleted is not None:
        raise RefusedInTransaction(finding("document.deleted", found=subject.id))
    before = course_of(connection, subject)
    after = apply(life_of(subject.profile), before, event, parties_of(subject, before))
    if not isinstance(after, Course):
        raise RefusedInTransaction(*after)
    record(connection, hub, message, event, subject, before, after)


# --- refusing --------------------------------------------------------------------------------------------------------


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
