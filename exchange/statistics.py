"""Which rules fail most, by route, and how long decisions take. Counted from what is kept, over the newest of it.

1. A submission counts once for each code that was found in it and each recipient that it was for, however many places
   the code was found in: refusals while they are kept, warnings with their documents.
2. A decision is the first acceptance or rejection by a recipient. It took from the moment at which the document came in
   for this recipient, by the business clock.
3. A member sees its own: all that it sent; of what it received, the warnings that travel and its own decisions. What
   was refused its recipient never saw, and hears nothing of. The operator sees all.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from exchange.store.rows import Rows, add
from schemas.event import Event, EventType
from schemas.findings import Finding, Severity, catalogue

if TYPE_CHECKING:
    from exchange.hub import Hub

NEWEST_FINDINGS = 50_000
NEWEST_DECISIONS = 20_000
MOST_RULES = 200
"""Lines of the answer: code and route, the most frequent first."""
_DECIDING = (EventType.ACCEPTED, EventType.REJECTED)


# --- Counting --------------------------------------------------------------------------------------------------------


def count(
    target: Connection | Rows,
    about: str,
    sender: str,
    recipients: Iterable[str],
    profile: str | None,
    findings: Iterable[Finding],
) -> None:
    """Keep which codes were found in a submission: `about` is the document, or the refusal. `recipients`: those that
    the hub knows."""
    codes = {found.code: found.severity for found in sorted(findings, key=lambda each: each.refuses)}
    rows = [
        {
            "about": about,
            "sender": sender,
            "recipient": recipient,
            "profile": profile or "",
            "code": code,
            "severity": severity.value,
        }
        for recipient in sorted(set(recipients)) or [""]
        for code, severity in codes.items()
    ]
    if rows:
        add(target, t.findings, rows)


def decided(connection: Connection, hub: "Hub", subject: Any, event: Event, at: datetime) -> None:
    """Keep how long a recipient took for its first decision, in the transaction of the event."""
    if event.type not in _DECIDING or event.recipient is None:
        return
    own = t.decisions.c
    first = own.document_id == subject.id, own.recipient == event.recipient
    if connection.execute(select(own.outcome).where(*first)).first() is not None:
        return
    came = connection.execute(
        select(func.min(t.messages.c.received_at))
        .join(t.deliveries, t.deliveries.c.message_id == t.messages.c.id)
        .where(
            t.deliveries.c.document_id == subject.id,
            t.deliveries.c.recipient == event.recipient,
            t.messages.c.kind != "event",
        )
    ).scalar()
    row = {
        "document_id": subject.id,
        "recipient": event.recipient,
        "sender": subject.sender,
        "profile": subject.profile,
        "outcome": event.type.value,
        "seconds": (at - datetime.fromisoformat(came or subject.received_at)).total_seconds(),
        "row": hub.next_row(),
    }
    add(connection, t.decisions, row)


# --- Telling ---------------------------------------------------------------------------------------------------------


def tell(
    connection: Connection,
    member: str | None,
    *,
    profile: str | None = None,
    sender: str | None = None,
    recipient: str | None = None,
) -> dict[str, Any]:
    """What `member` may see of both; None: the operator, who sees all. The others narrow it down."""
    wanted = {"profile": profile, "sender": sender, "recipient": recipient}
    return {
        "rules": _rules(connection, member, wanted),
        "decisions": _decisions(connection, member, wanted),
        "newest": {"findings": NEWEST_FINDINGS, "decisions": NEWEST_DECISIONS},
    }


def _rules(connection: Connection, member: str | None, wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    own = t.findings.c
    query = select(own.code, own.severity, own.profile, own.sender, own.recipient).where(*_as_wanted(own, wanted))
    if member is not None:
        private = [kind.code for kind in catalogue().values() if kind.issuing_side]
        travels = own.severity == Severity.WARNING.value, own.about.startswith("doc_"), own.code.not_in(private)
        query = query.where((own.sender == member) | ((own.recipient == member) & travels[0] & travels[1] & travels[2]))
    newest = query.order_by(own.id.desc()).limit(NEWEST_FINDINGS).subquery()
    counted = func.count().label("count")
    rows = connection.execute(
        select(newest, counted).group_by(*newest.c).order_by(counted.desc(), *newest.c).limit(MOST_RULES)
    )
    names = ("code", "severity", "profile", "sender", "recipient", "count")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _decisions(connection: Connection, member: str | None, wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    own = t.decisions.c
    query = select(own.profile, own.sender, own.recipient, own.outcome, own.seconds).where(*_as_wanted(own, wanted))
    if member is not None:
        query = query.where((own.sender == member) | (own.recipient == member))
    routes: dict[tuple[str, str, str], list[tuple[str, float]]] = {}
    for row in connection.execute(query.order_by(own.row.desc()).limit(NEWEST_DECISIONS)):
        routes.setdefault((row.profile, row.sender, row.recipient), []).append((row.outcome, row.seconds))
    return [_took(route, routes[route]) for route in sorted(routes, key=lambda each: (-len(routes[each]), each))]


def _as_wanted(columns: Any, wanted: dict[str, str | None]) -> list[ColumnElement[bool]]:
    return [columns[name] == value for name, value in wanted.items() if value is not None]


def _took(route: tuple[str, str, str], decisions: list[tuple[str, float]]) -> dict[str, Any]:
    profile, sender, recipient = route
    seconds = sorted(each for _, each in decisions)
    outcomes = [outcome for outcome, _ in decisions]
    return {
        "profile": profile,
        "sender": sender,
        "recipient": recipient,
        "decided": len(decisions),
        **{each.value: outcomes.count(each.value) for each in _DECIDING},
        "medianSeconds": median(seconds),
        "p90Seconds": ninth_decile(seconds),
    }


def ninth_decile(ordered: Sequence[float]) -> float:
    """The least value that nine of ten do not exceed (nearest rank)."""
    return ordered[math.ceil(len(ordered) * 9 / 10) - 1]
