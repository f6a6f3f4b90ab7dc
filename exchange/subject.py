"""The document that an event or a forward is about, as it stands in the store."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection

from exchange.messages import RefusedInTransaction
from exchange.store import tables as t
from schemas.content import open_content
from schemas.event import Event, EventType, decode_event
from schemas.findings import Finding, finding
from schemas.life import Check, Course, Life, Parties, Standing, State, life_of


def subject_of(connection: Connection, document_id: str, *, lock: bool = False) -> Row[*tuple[Any, ...]] | None:
    """The document's row, with the digest and media type of its bytes. `lock`: nobody else may change it meanwhile."""
    query = (
        select(t.documents, t.messages.c.bytes_digest, t.messages.c.media_type)
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(t.documents.c.id == document_id)
    )
    if lock:
        query = query.with_for_update(of=t.documents)
    return connection.execute(query).first()


def course_of(connection: Connection, subject: Any) -> Course:
    """Where it stands at each recipient, and as a whole."""
    rows = connection.execute(select(t.standings).where(t.standings.c.document_id == subject.id)).all()
    queried = [row.recipient for row in rows if row.state == State.QUERIED]
    asked = _asked(connection, life_of(subject.profile), subject.id, queried)
    standings = {
        row.recipient: Standing(
            State(row.state),
            row.sequence,
            Check(row.check_state) if row.check_state else None,
            row.draws,
            asked.get(row.recipient, frozenset()),
        )
        for row in rows
    }
    return Course(standings, None if subject.state == "live" else State(subject.state))


def _asked(
    connection: Connection, life: Life, document_id: str, recipients: Iterable[str]
) -> dict[str, frozenset[str]]:
    """The questions that wait for an answer, by recipient: those of its last query."""
    asked = {}
    for recipient in recipients:
        data = connection.execute(
            select(t.messages.c.bytes)
            .join(t.events, t.events.c.message_id == t.messages.c.id)
            .where(
                t.events.c.document_id == document_id,
                t.events.c.recipient == recipient,
                t.events.c.type == EventType.QUERIED.value,
            )
            .order_by(t.events.c.sequence.desc())
            .limit(1)
        ).scalar_one()
        asked[recipient] = life.asked(event_in(data))
    return asked


def event_in(data: bytes) -> Event:
    """The event in bytes that were accepted as one."""
    content = open_content(data)
    event = None if isinstance(content, Finding) else decode_event(content).document
    if not isinstance(event, Event):
        raise TypeError("the store has an event that cannot be read: its bytes were judged by another version")
    return event


def parties_of(subject: Any, course: Course) -> Parties:
    return Parties(sender=subject.sender, issuer=subject.issuer, recipients=frozenset(course.standings))


def move(connection: Connection, document_id: str, before: Course, after: Course) -> None:
    """Write down where the document stands now. Compare-and-set: only from the sequences that were seen."""
    for recipient, standing in after.standings.items():
        seen = before.standings[recipient]
        if standing == seen:
            continue
        moved = connection.execute(
            update(t.standings)
            .where(
                t.standings.c.document_id == document_id,
                t.standings.c.recipient == recipient,
                t.standings.c.sequence == seen.sequence,
            )
            .values(
                state=standing.state.value,
                sequence=standing.sequence,
                check_state=standing.check.value if standing.check else None,
                draws=standing.draws,
            )
        )
        if moved.rowcount != 1:
            raise RefusedInTransaction(
                finding("event.old-sequence", "/expectedSequence", found=seen.sequence, expected="a later one")
            )
    if after.ended is not before.ended and after.ended is not None:
        connection.execute(update(t.documents).where(t.documents.c.id == document_id).values(state=after.ended.value))
