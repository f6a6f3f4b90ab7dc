"""The terms of retroactive verifications, as rows: begun by a request, settled by an answer, a conclusion, an end.

A term's length is its agreement's (`schemas.certificate.terms`). It runs from the time at which the hub took the
request in, to the second. `next_at` says when the hub's clock speaks of it next; `clockwork` does the speaking.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from exchange.store.rows import add
from schemas.certificate.life import terms, time_given
from schemas.certificate.said import VerificationRequested, read_body
from schemas.certificate.terms import TermKind, speaks_at
from schemas.event import Event, EventType
from schemas.findings import Finding
from schemas.life import Check
from tradebridge.evidence.times import rfc3339


def check(subject: Any, event: Event) -> tuple[Finding, ...]:
    """Whether the time that a request gives is within its agreement's bounds."""
    return time_given(event, subject.profile) if event.type is EventType.VERIFICATION_REQUESTED else ()


def follow(connection: Connection, subject: Any, event: Event, before: Check | None, at: datetime) -> None:
    """Begin and settle terms, in the transaction of the event. `before`: where the verification stood before it."""
    match event.type:
        case EventType.VERIFICATION_REQUESTED:
            _begin(connection, subject, event, before, at)
        case EventType.VERIFICATION_ANSWERED:
            _settle(connection, subject.id, event.recipient, TermKind.ANSWER)
        case EventType.VERIFICATION_CONCLUDED:
            _settle(connection, subject.id, event.recipient)
        case EventType.CANCELLED | EventType.REPLACED:
            _settle(connection, subject.id)


def _begin(connection: Connection, subject: Any, event: Event, before: Check | None, at: datetime) -> None:
    own, body, at = terms(subject.profile), read_body(event), at.replace(microsecond=0)
    days = body.days if isinstance(body, VerificationRequested) else None
    ends = {TermKind.ANSWER: (own.further if before is Check.ANSWERED else own.answer).end(at, days)}
    if own.result is not None and before is not Check.ANSWERED:
        ends[TermKind.RESULT] = own.result.end(at)
    for kind, end in ends.items():
        speaks = speaks_at(at, end)
        row = {
            "id": event.id,
            "kind": kind.value,
            "document_id": subject.id,
            "recipient": event.recipient,
            "due": rfc3339(end),
            "next_at": rfc3339(speaks) if speaks else None,
        }
        add(connection, t.deadlines, row)


def _settle(
    connection: Connection, document_id: str, recipient: str | None = None, kind: TermKind | None = None
) -> None:
    """There is nothing more to say about these terms."""
    settled = update(t.deadlines).where(t.deadlines.c.document_id == document_id, t.deadlines.c.next_at.is_not(None))
    if recipient is not None:
        settled = settled.where(t.deadlines.c.recipient == recipient)
    if kind is not None:
        settled = settled.where(t.deadlines.c.kind == kind.value)
    connection.execute(settled.values(next_at=None))
