"""An accepted document for further recipients. The bytes stay those of the first message."""

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import refused
from exchange.intake import keep_standings
from exchange.members import Caller, Member
from exchange.messages import (
    Accepted,
    Envelope,
    Message,
    RefusedInTransaction,
    keep,
    message_id_of,
    receipt_for,
    tell,
)
from exchange.refused import Refused
from exchange.routing import check_issuing_side, check_recipients
from exchange.subject import course_of, subject_of
from schemas.findings import Finding, finding
from schemas.registry import profile_of
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


async def forward(hub: "Hub", caller: Caller, document_id: str, recipients: tuple[str, ...]) -> Accepted | Refused:
    """Deliver an accepted document to further recipients, or say all that stands against it."""
    sender = hub.registry.members.get(caller.member)
    subject, there = await hub.ask(lambda connection: _seen(connection, document_id))
    if subject is None or sender is None or caller.member not in {subject.sender, *there}:
        return Refused((finding("document.unknown", found=document_id),))
    found = _check(hub, sender, subject, there, recipients)
    if not found:
        message = _compose(hub, sender.id, subject, recipients)
        try:
            await hub.writer.do(lambda connection: _keep(connection, hub, message, subject.sender))
        except RefusedInTransaction as error:
            found = error.findings
        except IntegrityError:
            found = tuple(finding("route.already-there", found=name) for name in recipients)
        else:
            hub.accepted(recipients)
            return Accepted(message.answer)
    return await refused.record(hub, caller.member, b"", Refused(found), document=document_id)


def _seen(connection: Connection, document_id: str) -> tuple[Any, set[str]]:
    """The document, and who has it already."""
    subject = subject_of(connection, document_id)
    return subject, set() if subject is None else set(course_of(connection, subject).standings)


def _check(hub: "Hub", sender: Member, subject: Any, there: set[str], names: tuple[str, ...]) -> tuple[Finding, ...]:
    profile = profile_of(subject.profile)
    found = list(check_recipients(hub.registry, sender, names, profile))
    if profile is not None and profile.issuing_side is not None:
        found += check_issuing_side(hub.registry, names, None)
    found += [finding("route.already-there", found=name) for name in names if name in there or name == subject.sender]
    if subject.deleted is not None:
        found.append(finding("document.deleted", found=subject.id))
    if subject.state != "live":
        found.append(finding("event.not-now", found=subject.state, expected="a live document"))
    return tuple(found)


def _compose(hub: "Hub", member: str, subject: Any, recipients: tuple[str, ...]) -> Message:
    now = hub.clock.now()
    envelope = Envelope(
        kind="forward",
        id=message_id_of(hub, "forward", member, f"{subject.id} {' '.join(recipients)}", now),
        document_id=subject.id,
        member=member,
        recipients=recipients,
        profile=subject.profile,
        media_type=subject.media_type,
        bytes_digest=subject.bytes_digest,
        content_digest=subject.content_digest,
        at=now,
    )
    receipt = receipt_for(hub, envelope)
    answer = {
        "id": subject.id,
        "messageId": envelope.id,
        "recipients": recipients,
        "receivedAt": rfc3339(now),
        "receipt": receipt,
        "links": hub.links(subject.id),
    }
    return Message(envelope, None, receipt, None, None, orjson.dumps(answer))


def _keep(connection: Connection, hub: "Hub", message: Message, first_sender: str) -> None:
    envelope = message.envelope
    current = subject_of(connection, envelope.document_id, lock=True)
    if current is None or current.state != "live":
        raise RefusedInTransaction(
            finding("event.not-now", found=current.state if current else "none", expected="a live document")
        )
    if current.deleted is not None:
        raise RefusedInTransaction(finding("document.deleted", found=current.id))
    keep(connection, hub, message)
    keep_standings(connection, envelope)
    facts = {"sender": envelope.member, "recipients": envelope.recipients, "number": current.number}
    seen_by = tuple({envelope.member, first_sender, *envelope.recipients})
    tell(connection, "document.forwarded", envelope, seen_by, facts)
