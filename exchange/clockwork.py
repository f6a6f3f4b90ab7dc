"""What the business clock does to documents: certificates expire, terms run out. Said by the hub, once.

1. Each process looks on its own whether something is due; looking is one indexed query. What is due is said in a
   transaction of its own for each document, which takes the document's row and looks again: of two hubs over one store,
   the second finds it said.
2. The clock may be frozen or moved. What came due in between is said when it is seen: an expiry once, a term once for
   the last moment that has passed, not for each that was slept through.
3. Days end where they end last (UTC-12), so that no time zone ends a certificate early.
4. Silence concludes nothing by itself: the hub says that the term has passed, and the requesting side concludes.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union, update
from sqlalchemy.engine import Connection

from exchange.messages import RefusedInTransaction
from exchange.own_words import say
from exchange.store import tables as t
from exchange.subject import subject_of
from schemas.certificate.procedure import earliest_today
from schemas.certificate.said import Expired, Reminded
from schemas.certificate.terms import TermKind, speaks_at
from schemas.event import EventType
from schemas.life import Role
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub

AT_ONCE = 200
"""Documents that one look takes up."""


async def run_once(hub: "Hub") -> int:
    """Say what is due now. Returns how many documents it was about."""
    now = hub.clock.now()
    due = await hub.ask(lambda connection: _due(connection, now))
    if due:
        await _say_all(hub, due, now)
    return len(due)


async def catch_up(hub: "Hub", document_id: str) -> None:
    """Say what is due of one document, before somebody else speaks of it."""
    now = hub.clock.now()
    due = await hub.ask(lambda connection: _due(connection, now, document_id))
    await _say_all(hub, due, now)


def _due(connection: Connection, now: datetime, document_id: str | None = None) -> list[str]:
    """The documents of which something is due, by id."""
    today, moment = earliest_today(now).isoformat(), _second(now)
    expired = select(t.documents.c.id).where(t.documents.c.state == "live", t.documents.c.expires < today)
    waiting = select(t.deadlines.c.document_id).where(t.deadlines.c.next_at <= moment)
    if document_id is not None:
        expired = expired.where(t.documents.c.id == document_id)
        waiting = waiting.where(t.deadlines.c.document_id == document_id)
    return list(connection.scalars(union(expired, waiting).limit(AT_ONCE)))


def _second(now: datetime) -> str:
    """Terms are kept to the second: as texts they compare only if all have the same form."""
    return rfc3339(now.replace(microsecond=0))


async def _say_all(hub: "Hub", due: Sequence[str], now: datetime) -> None:
    told = await asyncio.gather(*(hub.writer.do(partial(_say, hub, each, now)) for each in due))
    if told:
        hub.accepted({name for names in told for name in names})


def _say(hub: "Hub", document_id: str, now: datetime, connection: Connection) -> set[str]:
    """One transaction: whatever is due of this document. Who is told."""
    subject = subject_of(connection, document_id, lock=True)
    if subject is None:
        return set()
    told = _expire(connection, hub, subject, now)
    rows = connection.execute(
        select(t.deadlines)
        .where(t.deadlines.c.document_id == document_id, t.deadlines.c.next_at <= _second(now))
        .order_by(t.deadlines.c.due, t.deadlines.c.id, t.deadlines.c.kind)
    ).all()
    for row in rows:
        told |= _remind(connection, hub, document_id, row, now)
    return told


def _expire(connection: Connection, hub: "Hub", subject: Any, now: datetime) -> set[str]:
    if subject.state != "live" or subject.expires is None or subject.expires >= earliest_today(now).isoformat():
        return set()
    body = Expired.model_validate({"validUntil": subject.expires})
    return set(say(connection, hub, subject, EventType.EXPIRED, body, Role.CLOCK))


def _remind(connection: Connection, hub: "Hub", document_id: str, row: Any, now: datetime) -> set[str]:
    """Say that the term runs out, or has passed; and when to speak of it next."""
    due = datetime.fromisoformat(row.due)
    passed = due <= now
    following = None if passed else speaks_at(now, due, now)
    connection.execute(
        update(t.deadlines)
        .where(t.deadlines.c.id == row.id, t.deadlines.c.kind == row.kind)
        .values(next_at=rfc3339(following) if following else None)
    )
    subject = subject_of(connection, document_id)
    body = Reminded(of=row.id, term=TermKind(row.kind), deadline=due, passed=passed)
    try:
        return set(say(connection, hub, subject, EventType.REMINDED, body, Role.CLOCK, row.recipient))
    except RefusedInTransaction:  # the document's life has no use for it any more
        return set()
