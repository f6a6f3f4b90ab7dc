"""The rows of the outbox: what is to be delivered to whom, who has it in hand, and what became of it.

1. A delivery is claimed by moving `due_at` to the end of its lease; who claimed and died is overtaken then.
2. Note and rendition are written once; a second writer changes nothing.
3. The first acknowledgement counts. A failure counts only for the attempt that it is about.
4. Nothing waits longer than the longest wait or lease there is: what is due further ahead than that was written before
   the clock was set back, and is due now.
5. What becomes of a delivery is told in the feed, in the same transaction.

Times here are real time in seconds: leases and waits never follow the business clock.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from exchange.store.rows import add
from tradebridge.evidence.times import rfc3339

MAX_BODY = 16 * 1024 * 1024
"""Bytes of originals and renditions in one push or inbox page, in base64."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in the hands of this process, until its lease ends."""

    id: str
    message_id: str
    document_id: str
    recipient: str
    attempts: int
    lease_until: float
    sender: str = ""
    original: bytes = b""
    digest: str = ""
    note: str = ""
    rendition: bytes | None = None
    fresh: bool = False
    """Note and rendition were made just now and are not in the store yet."""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "messageId": self.message_id,
            "leaseUntil": rfc3339(datetime.fromtimestamp(self.lease_until, UTC)),
            "original": b64encode(self.original).decode(),
            "rendition": None if self.rendition is None else b64encode(self.rendition).decode(),
            "note": self.note,
        }


def _is_due(now: float, longest: float) -> ColumnElement[bool]:
    return (t.deliveries.c.due_at <= now) | (t.deliveries.c.due_at > now + longest)


def claim(
    connection: Connection, recipient: str, limit: int, now: float, lease_until: float, longest: float
) -> list[Claimed]:
    """Lease what is due for this recipient, the longest due first. `longest`: seconds that a delivery may wait."""
    rows = connection.execute(
        select(t.deliveries.c.id, t.deliveries.c.message_id, t.deliveries.c.document_id, t.deliveries.c.attempts)
        .where(t.deliveries.c.recipient == recipient, _is_due(now, longest))
        .order_by(t.deliveries.c.due_at, t.deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not rows:
        return []
    connection.execute(
        update(t.deliveries)
        .where(t.deliveries.c.id.in_([row.id for row in rows]))
        .values(state="sending", due_at=lease_until, attempts=t.deliveries.c.attempts + 1)
    )
    return [Claimed(row.id, row.message_id, row.document_id, recipient, row.attempts + 1, lease_until) for row in rows]


def within_size(connection: Connection, claimed: Sequence[Claimed]) -> tuple[Sequence[Claimed], Sequence[Claimed]]:
    """As many as fit one body (an original and a rendition of about its size, in base64), at least one; and the rest.

    Only the sizes are read: 500 documents of 10 MB must not come into memory to be given back.
    """
    length = func.coalesce(func.length(t.messages.c.bytes), func.length(_FIRST.c.bytes))
    query = _with_messages(select(t.deliveries.c.id, length.label("size")), claimed)
    sizes = {row.id: row.size for row in connection.execute(query)}
    total = 0
    for index, each in enumerate(claimed):
        total += 3 * sizes[each.id]
        if total > MAX_BODY and index:
            return claimed[:index], claimed[index:]
    return claimed, ()


_FIRST = t.messages.alias("first")
"""The message by which the document was accepted. A forward has no bytes of its own: the document's are taken."""


def _with_messages(query: Select[Any], claimed: Sequence[Claimed]) -> Select[Any]:
    return (
        query.join(t.messages, t.messages.c.id == t.deliveries.c.message_id)
        .join(t.documents, t.documents.c.id == t.deliveries.c.document_id)
        .join(_FIRST, _FIRST.c.id == t.documents.c.message_id)
        .where(t.deliveries.c.id.in_([each.id for each in claimed]))
    )


def load(connection: Connection, claimed: Sequence[Claimed]) -> list[tuple[Claimed, Any]]:
    """The claimed deliveries with their messages."""
    columns = select(
        t.deliveries.c.id,
        t.deliveries.c.note,
        t.deliveries.c.rendition,
        t.messages.c.kind,
        t.messages.c.member,
        t.messages.c.profile,
        t.messages.c.bytes_digest,
        t.messages.c.media_type,
        t.documents.c.number,
        t.documents.c.findings,
        t.deliveries.c.findings.label("beside"),
        t.messages.c.bytes,
        _FIRST.c.bytes.label("first_bytes"),
    )
    rows = {row.id: row for row in connection.execute(_with_messages(columns, claimed))}
    return [(each, Loaded(rows[each.id])) for each in claimed]


class Loaded:
    """A row with the bytes that are delivered."""

    __slots__ = ("bytes", "row")

    def __init__(self, row: Any) -> None:
        self.row = row
        self.bytes: bytes = row.bytes if row.bytes is not None else row.first_bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def give_back(connection: Connection, ids: Sequence[str], now: float) -> None:
    """What was claimed and not tried is due again, and no attempt is counted."""
    connection.execute(
        update(t.deliveries)
        .where(t.deliveries.c.id.in_(ids), t.deliveries.c.state == "sending")
        .values(state="due", due_at=now, attempts=t.deliveries.c.attempts - 1)
    )


def keep_notes(connection: Connection, fresh: Sequence[Claimed]) -> None:
    if fresh:
        connection.execute(
            update(t.deliveries)
            .where(t.deliveries.c.id == bindparam("delivery"), t.deliveries.c.note.is_(None))
            .values(note=bindparam("made_note"), rendition=bindparam("made_rendition")),
            [{"delivery": each.id, "made_note": each.note, "made_rendition": each.rendition} for each in fresh],
        )


def mark_delivered(connection: Connection, done: Sequence[tuple[Claimed, str]], at: str) -> None:
    """The first acknowledgement counts; a second changes nothing."""
    news = []
    for each, token in done:
        marked = connection.execute(
            update(t.deliveries)
            .where(t.deliveries.c.id == each.id, t.deliveries.c.state != "delivered")
            .values(state="delivered", acknowledgement=token, settled_at=at, due_at=None, last_error=None)
        )
        if marked.rowcount:
            news.append(_news("delivery.delivered", each, at, {}))
    if news:
        add(connection, t.feed, news)


def mark_failed(connection: Connection, each: Claimed, dead: bool, due_at: float, error: str, at: str) -> None:
    marked = connection.execute(
        update(t.deliveries)
        .where(
            t.deliveries.c.id == each.id, t.deliveries.c.state == "sending", t.deliveries.c.attempts == each.attempts
        )
        .values(state="dead" if dead else "retrying", due_at=None if dead else due_at, last_error=error[:500])
    )
    if marked.rowcount:
        kind = "delivery.dead" if dead else "delivery.retrying"
        add(connection, t.feed, _news(kind, each, at, {"error": error[:500]}))


def mark_refused(
    connection: Connection, each: Claimed, reasons: Sequence[tuple[str, str, str]], error: str, at: str
) -> None:
    """The recipient's own system does not take it: it ends here, and that is told apart from a delivery that died."""
    marked = connection.execute(
        update(t.deliveries)
        .where(
            t.deliveries.c.id == each.id, t.deliveries.c.state == "sending", t.deliveries.c.attempts == each.attempts
        )
        .values(state="dead", due_at=None, settled_at=at, last_error=error[:500])
    )
    if marked.rowcount:
        listed = [{"code": code, "pointer": pointer, "text": text} for code, pointer, text in reasons]
        facts = {"error": error[:500], "by": "system", "reasons": listed}
        add(connection, t.feed, _news("delivery.refused", each, at, facts))


def _news(kind: str, each: Claimed, at: str, facts: dict[str, Any]) -> dict[str, Any]:
    data = {
        "at": at,
        "document": each.document_id,
        "message": each.message_id,
        "delivery": each.id,
        "recipient": each.recipient,
        "attempts": each.attempts,
        **facts,
    }
    return {"kind": kind, "members": f",{each.recipient},{each.sender},", "data": orjson.dumps(data).decode()}


def deliveries_of(connection: Connection, member: str, ids: Iterable[str]) -> dict[str, Any]:
    query = (
        select(t.deliveries, t.messages.c.bytes_digest, t.messages.c.member)
        .join(t.messages, t.messages.c.id == t.deliveries.c.message_id)
        .where(t.deliveries.c.recipient == member, t.deliveries.c.id.in_([name for name in ids if name]))
    )
    return {row.id: row for row in connection.execute(query)}


def claimed_of(row: Any) -> Claimed:
    return Claimed(row.id, row.message_id, row.document_id, row.recipient, row.attempts, row.due_at, row.member)


def due_recipients(connection: Connection, now: float, longest: float) -> set[str]:
    """Whose deliveries are due now."""
    rows = connection.execute(select(t.deliveries.c.recipient).where(_is_due(now, longest)).distinct())
    return {row.recipient for row in rows}
