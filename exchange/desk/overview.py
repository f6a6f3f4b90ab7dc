"""What a desk has done: who sent how much to whom, how far it came, how long decisions took, and why not. Counted from
what is kept, over the newest of it; nothing is kept for it.

1. A member's people see its own documents: what it sent, and what it received. The operator's see all.
2. A funnel goes from issued over delivered, decided and accepted to used; each counts what came at least so far.
3. Times are those of first decisions (`exchange.statistics`), by the business clock: the median, and what 95 of 100 do
   not exceed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from exchange.desk.queue import case_profiles
from exchange.languages import mark
from exchange.store import tables as t
from exchange.store.queries import visible_to
from exchange.subject import event_in
from schemas.certificate.said import questions_of
from schemas.event import EventType
from schemas.findings import catalogue

NEWEST = 20_000
"""Documents that are counted."""
NEWEST_REASONS = 500
TOP = 10
STEPS = (mark("issued"), mark("delivered"), mark("decided"), mark("accepted"), mark("used"))
_DECIDED = frozenset({"accepted", "rejected", "utilised"})
_ACCEPTED = frozenset({"accepted", "utilised"})


@dataclass(slots=True)
class Route:
    """From one member to another."""

    sender: str
    recipient: str
    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STEPS, 0))
    rejected: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        return median(self.seconds) if self.seconds else None

    @property
    def p95(self) -> float | None:
        return sorted(self.seconds)[math.ceil(len(self.seconds) * 0.95) - 1] if self.seconds else None


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, and how often it was given."""

    code: str
    text: str
    count: int
    listed: bool
    """Does it stand in the catalogue?"""


@dataclass(frozen=True, slots=True)
class Overview:
    routes: tuple[Route, ...]
    """The busiest first."""
    funnel: Mapping[str, int]
    reasons: tuple[Why, ...]
    whole: bool
    """Was everything since then counted? Else the newest only."""

    @property
    def senders(self) -> tuple[str, ...]:
        return tuple(sorted({each.sender for each in self.routes}))

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(sorted({each.recipient for each in self.routes}))

    def between(self, sender: str, recipient: str) -> Route | None:
        return next((each for each in self.routes if (each.sender, each.recipient) == (sender, recipient)), None)


def overview(connection: Connection, member: str | None, since: str) -> Overview:
    """Of certificates and applications that came in since a day (YYYY-MM-DD). `member` None: of everybody."""
    newest = (
        select(t.documents.c.id, t.documents.c.sender)
        .where(visible_to(member), t.documents.c.profile.in_(case_profiles()), t.documents.c.received_at >= since)
        .order_by(t.documents.c.row.desc())
        .limit(NEWEST)
        .subquery()
    )
    routes: dict[tuple[str, str], Route] = {}
    documents: set[str] = set()
    for row in connection.execute(_standings(newest, member)):
        documents.add(row.id)
        route = routes.setdefault((row.sender, row.recipient), Route(row.sender, row.recipient))
        for step in _steps(row.state, row.delivered):
            route.counted[step] += 1
        route.rejected += row.state == "rejected"
    times = (
        select(newest.c.sender, t.decisions.c.recipient, t.decisions.c.seconds)
        .join(t.decisions, t.decisions.c.document_id == newest.c.id)
        .where(_own(newest, t.decisions.c.recipient, member))
    )
    for row in connection.execute(times):
        if (route_ := routes.get((row.sender, row.recipient))) is not None:
            route_.seconds.append(row.seconds)
    busiest = sorted(routes.values(), key=lambda each: (-each.counted["issued"], each.sender, each.recipient))
    funnel = {step: sum(each.counted[step] for each in busiest) for step in STEPS}
    return Overview(tuple(busiest), funnel, _reasons(connection, member, since), len(documents) < NEWEST)


def _standings(newest: Any, member: str | None) -> Any:
    first = t.messages.alias("first")
    delivered = (
        select(t.deliveries.c.state)
        .join(first, first.c.id == t.deliveries.c.message_id)
        .where(
            t.deliveries.c.document_id == newest.c.id,
            t.deliveries.c.recipient == t.standings.c.recipient,
            first.c.kind != "event",
        )
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(newest.c.id, newest.c.sender, t.standings.c.recipient, t.standings.c.state, delivered.label("delivered"))
        .join(t.standings, t.standings.c.document_id == newest.c.id)
        .where(_own(newest, t.standings.c.recipient, member))
    )


def _own(newest: Any, recipient: Any, member: str | None) -> Any:
    """Of a document that went to several a recipient sees its own part."""
    return recipient.is_not(None) if member is None else or_(newest.c.sender == member, recipient == member)


def _steps(state: str, delivered: str | None) -> Iterator[str]:
    yield "issued"
    if delivered == "delivered" or state in _DECIDED:
        yield "delivered"
    if state in _DECIDED:
        yield "decided"
    if state in _ACCEPTED:
        yield "accepted"
    if state == "utilised":
        yield "used"


def _reasons(connection: Connection, member: str | None, since: str) -> tuple[Why, ...]:
    """What was asked about and rejected for, the most frequent first."""
    query = (
        select(t.messages.c.bytes)
        .join(t.events, t.events.c.message_id == t.messages.c.id)
        .join(t.documents, t.documents.c.id == t.events.c.document_id)
        .where(
            t.events.c.type.in_((EventType.QUERIED.value, EventType.REJECTED.value)),
            t.events.c.at >= since,
            t.messages.c.bytes.is_not(None),
        )
    )
    if member is not None:
        query = query.where((t.events.c.recipient == member) | (t.documents.c.sender == member))
    counted: dict[str, int] = {}
    for data in connection.execute(query.order_by(t.events.c.id.desc()).limit(NEWEST_REASONS)).scalars():
        event = event_in(data)
        codes = (
            [each.code for each in questions_of(event)]
            if event.type is EventType.QUERIED
            else [each.code for each in event.reasons]
        )
        for code in set(codes):
            counted[code] = counted.get(code, 0) + 1
    kinds = catalogue()
    top: Sequence[tuple[str, int]] = sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:TOP]
    return tuple(
        Why(code, kinds[code].sentence if code in kinds else code, count, code in kinds) for code, count in top
    )
