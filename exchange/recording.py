"""An event on its way into the store: its message, whole, and all that follows from it, in one transaction.

The caller holds the row of the document, and has asked its life (`schemas.life.apply`): `before` and `after` are where
the document stands without the event and with it. A step that refuses raises `RefusedInTransaction`: nothing is changed
then.
"""

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.engine import Connection

from exchange import deadlines, ledger, statistics
from exchange.members import EVENT_PROFILE, Registry
from exchange.messages import Envelope, Message, keep, message_id_of, receipt_for, tell
from exchange.store import tables as t
from exchange.store.rows import add
from exchange.subject import move
from schemas.content import Content
from schemas.event import Event
from schemas.life import Course
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


def compose(
    hub: "Hub", member: str, data: bytes, content: Content, event: Event, subject: Any, after: Course
) -> Message:
    """The message of an event, whole: `after` is where the document stands then."""
    now = hub.clock.now()
    envelope = Envelope(
        kind="event",
        id=message_id_of(hub, "event", member, content.bytes_digest, now),
        document_id=subject.id,
        member=member,
        recipients=_listeners(hub.registry, event, subject, after),
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
        **_stands(event, after),
        "receipt": receipt,
        "findings": [],
        "receivedAt": rfc3339(now),
    }
    return Message(envelope, data, receipt, None, None, orjson.dumps(answer))


def _stands(event: Event, after: Course) -> dict[str, str]:
    """The state that the event leads to: at its recipient, or of the whole document; and of a verification."""
    if event.recipient is None:
        return {"state": after.ended or ""}
    standing = after.standings[event.recipient]
    return {"state": standing.state.value, **({"verification": standing.check.value} if standing.check else {})}


def _listeners(registry: Registry, event: Event, subject: Any, after: Course) -> tuple[str, ...]:
    """Who is told: the sender, the issuer's member, and whom it is about: one recipient, or of the whole document all.

    Never the speaker itself, and nobody who is no member any more.
    """
    told = {subject.sender, subject.issuer, event.recipient}
    if event.recipient is None:
        told |= set(after.standings)
    return tuple(sorted(name for name in told if name in registry.members and name != event.actor.member))


def record(
    connection: Connection, hub: "Hub", message: Message, event: Event, subject: Any, before: Course, after: Course
) -> None:
    """The event and all that follows from it, in the caller's transaction, which holds the subject's row."""
    envelope = message.envelope
    move(connection, subject.id, before, after)
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
    add(connection, t.events, values)
    follows = _consequences(connection, hub, subject, event, envelope, before)
    facts = {
        "event": event.id,
        "type": event.type.value,
        "recipient": event.recipient,
        "member": envelope.member,
        "number": subject.number,
        "sequence": event.expected_sequence + 1,
        **_stands(event, after),
        **follows,
    }
    tell(connection, "event.accepted", envelope, tuple({envelope.member, *envelope.recipients}), facts)


def _consequences(
    connection: Connection, hub: "Hub", subject: Any, event: Event, envelope: Envelope, before: Course
) -> dict[str, str]:
    """What else an event changes, in the same transaction; gives what the feed tells of it. A step that refuses raises
    `RefusedInTransaction`."""
    standing = before.standings.get(event.recipient or "")
    deadlines.follow(connection, subject, event, standing.check if standing else None, envelope.at)
    statistics.decided(connection, hub, subject, event, envelope.at)
    return ledger.follow(connection, hub, subject, event, envelope.at)
