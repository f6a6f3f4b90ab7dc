"""What the hub itself says of a document: what its clock does, and what a replacing certificate says of the old one.

It says so as everybody does, by a signed event that goes through the life of the document, into the log, to whom it
concerns. Its actor is the hub, in the role of the row that allows it; its id follows from what is said, so that the
same thing is never said twice.
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from exchange.messages import RefusedInTransaction
from exchange.recording import compose, record
from exchange.subject import course_of, parties_of
from schemas.certificate.said import Body, body_json
from schemas.content import open_content
from schemas.event import HUB, Actor, Event, EventType, Subject, encode_event
from schemas.findings import Finding
from schemas.life import Course, Role, apply, life_of
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import derived_id

if TYPE_CHECKING:
    from exchange.hub import Hub


def say(
    connection: Connection,
    hub: "Hub",
    subject: Any,
    what: EventType,
    body: Body,
    role: Role,
    recipient: str | None = None,
) -> tuple[str, ...]:
    """Say it, in the caller's transaction, which holds the subject's row; gives who is told of it. Raises
    `RefusedInTransaction`, before anything is changed, where the life of the document does not allow it."""
    now = hub.clock.now()
    before = course_of(connection, subject)
    sequence = before.highest if recipient is None else before.standings[recipient].sequence
    about = f"{subject.id} {what} {recipient} {sequence}".encode()
    event = Event(
        id=derived_id("evt", now, hub.randomness.value("event", about)),
        type=what,
        document=Subject(id=subject.id, content_digest=subject.content_digest),
        recipient=recipient,
        expected_sequence=sequence,
        actor=Actor(member=HUB, role=role.value),
        at=now,
        body=body_json(body),
    )
    after = apply(life_of(subject.profile), before, event, parties_of(subject, before))
    if not isinstance(after, Course):
        raise RefusedInTransaction(*after)
    data = jws.sign(encode_event(event), jws.EVENT, hub.keys.signer, now).encode()
    content = open_content(data)
    if isinstance(content, Finding):
        raise TypeError(f"the hub cannot read its own event: {content.message}")
    message = compose(hub, HUB, data, content, event, subject, after)
    record(connection, hub, message, event, subject, before, after)
    return message.envelope.recipients
