"""The queue of a desk: its cases, out of the store. Pure reading.

1. A case is a document at the desk of one recipient: a row of `standings` with a certificate or an application. Nothing
   of it is kept twice; only who works on it is the desk's own.
2. It waits for the desk while nothing was decided and no question is open; for the other side while one is.
3. It waits since the document came for this recipient, or since it was answered, by the business clock. Its limit is
   the member's own aim (`Desk.hours`).
4. Cases that wait for the desk come oldest first; decided ones newest first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Select, func, or_, select
from sqlalchemy.engine import Connection

from exchange import consignments
from exchange.desk import risks
from exchange.desk.policy import Desk
from exchange.desk.risks import Risk
from exchange.languages import _, mark
from exchange.store import tables as t
from exchange.store.queries import cursor_of, parts_of
from schemas.certificate.application import PROFILE as APPLICATION
from schemas.registry import profiles

OURS = ("issued", "applied", "examined", "answered")
"""States in which it is the desk's turn."""
THEIRS = ("queried",)
DECIDED = (
    mark("accepted"),
    mark("rejected"),
    mark("utilised"),
    mark("cancelled"),
    mark("replaced"),
    mark("expired"),
)
SAID = (
    mark("applied"),
    mark("examined"),
    mark("queried"),
    mark("answered"),
    mark("committed"),
    mark("released"),
    mark("reversed"),
    mark("verification requested"),
    mark("verification answered"),
    mark("verification concluded"),
    mark("reminded"),
)
"""What else can be said of a case, and where it can stand."""
DECIDED_APPLICATION = (mark("issued"), "rejected", "cancelled")
A_PAGE = 25


class View(StrEnum):
    """What of the queue is shown."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    WAITING = "waiting"
    TO_CONFIRM = "to-confirm"
    ALL = "all"
    """All that is open, whoever works on it."""
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long, and how long is meant to be."""

    since: datetime
    seconds: float
    limit: float
    """Seconds."""

    @property
    def late(self) -> bool:
        return self.seconds > self.limit

    @property
    def words(self) -> str:
        """2 h 10 min of 8 h."""
        return _("%(waited)s of %(limit)s", waited=span(self.seconds), limit=span(self.limit))


@dataclass(frozen=True, slots=True)
class Entry:
    """One case in the queue."""

    document: str
    number: str
    profile: str
    sender: str
    firm: str
    state: str
    sequence: int
    waiting: Waiting
    assignee: str
    """Name; empty: nobody."""
    risks: tuple[Risk, ...]
    proposed: bool


@dataclass(frozen=True, slots=True)
class Page:
    entries: tuple[Entry, ...]
    next: str | None


def is_case(profile: str) -> bool:
    """Do officers decide on documents of this profile?"""
    return profile in case_profiles()


def case_profiles() -> tuple[str, ...]:
    return tuple(name for name, each in profiles().items() if each.family == "certificate" or name == APPLICATION)


def counts(connection: Connection, member: str, person: str) -> Mapping[View, int]:
    """How many cases each view has; of the decided ones it is not counted."""
    assigned = t.desk_assignments.c.person
    query = (
        _joined(select(t.standings.c.state, assigned, _open_proposal().label("proposed"), func.count()))
        .where(t.standings.c.recipient == member, _in_states((*OURS, *THEIRS)), _still_open())
        .group_by(t.standings.c.state, assigned, t.desk_proposals.c.sequence.is_not(None))
    )
    found = dict.fromkeys(View, 0)
    for state, who, proposed, count in connection.execute(query):
        found[View.ALL] += count
        if state in THEIRS:
            found[View.WAITING] += count
        elif proposed:
            found[View.TO_CONFIRM] += count
        elif who == person:
            found[View.MINE] += count
        elif who is None:
            found[View.UNASSIGNED] += count
    return found


def listed(
    connection: Connection, member: str, desk: Desk, person: str, view: View, now: datetime, cursor: str | None = None
) -> Page:
    """A page of a view, with what an officer should know of each."""
    query = _joined(
        select(
            t.documents,
            t.standings.c.state.label("stands"),
            t.standings.c.sequence,
            t.desk_assignments.c.name.label("assignee"),
            _open_proposal().label("proposed"),
        )
    ).where(t.standings.c.recipient == member, *_of_view(view, person))
    newest_first = view is View.DECIDED
    row, name = t.documents.c.row, t.documents.c.id
    if cursor is not None:
        at, last = parts_of(cursor, int, str)
        beyond = (row < at) if newest_first else (row > at)
        beside = (name < last) if newest_first else (name > last)
        query = query.where(beyond | ((row == at) & beside))
    order = (row.desc(), name.desc()) if newest_first else (row, name)
    rows = connection.execute(query.order_by(*order).limit(A_PAGE + 1)).all()
    shown = rows[:A_PAGE]
    since = since_when(connection, member, [each.id for each in shown])
    beside_them = _travelling(connection, member, [each.id for each in shown])
    entries = tuple(
        _entry(connection, member, desk, each, since.get(each.id, each.received_at), beside_them.get(each.id, ()), now)
        for each in shown
    )
    last_row = shown[-1] if len(rows) > A_PAGE else None
    return Page(entries, cursor_of(last_row.row, last_row.id) if last_row is not None else None)


def neighbours(connection: Connection, member: str, person: str, document_id: str) -> tuple[int, int, str]:
    """Place of a case in one's own queue (from 1; 0: it is not there), how many there are, and the next one's id."""
    query = _joined(select(t.documents.c.id)).where(t.standings.c.recipient == member, *_of_view(View.MINE, person))
    ids = list(connection.execute(query.order_by(t.documents.c.row, t.documents.c.id).limit(500)).scalars())
    if document_id not in ids:
        return 0, len(ids), ids[0] if ids else ""
    at = ids.index(document_id)
    return at + 1, len(ids), ids[(at + 1) % len(ids)] if len(ids) > 1 else ""


def found(connection: Connection, member: str, sought: str) -> Sequence[Any]:
    """The cases of this number, id, or number of a bill of lading: id, number, profile, sender, state."""
    if not sought:
        return ()
    named = or_(t.documents.c.number == sought, t.documents.c.id == sought, t.documents.c.carried_under == sought)
    columns = (t.documents.c[name] for name in ("id", "number", "profile", "sender"))
    query = _joined(select(*columns, t.standings.c.state)).where(t.standings.c.recipient == member, named)
    return connection.execute(query.order_by(t.documents.c.row.desc()).limit(A_PAGE)).all()


def since_when(connection: Connection, member: str, ids: Sequence[str]) -> dict[str, str]:
    """Since when each case is where it is: it came, or the last word on it was said."""
    came = (
        select(t.deliveries.c.document_id, func.min(t.messages.c.received_at))
        .join(t.messages, t.messages.c.id == t.deliveries.c.message_id)
        .where(t.deliveries.c.document_id.in_(ids), t.deliveries.c.recipient == member, t.messages.c.kind != "event")
        .group_by(t.deliveries.c.document_id)
    )
    said = (
        select(t.events.c.document_id, func.max(t.events.c.at))
        .where(t.events.c.document_id.in_(ids), t.events.c.recipient == member, t.events.c.type != "examined")
        .group_by(t.events.c.document_id)
    )
    rows = [*connection.execute(came), *connection.execute(said)]
    return {row[0]: row[1] for row in rows}


def waiting(since: str, desk: Desk, now: datetime) -> Waiting:
    at = datetime.fromisoformat(since)
    return Waiting(at, max(0.0, (now - at).total_seconds()), timedelta(hours=desk.hours).total_seconds())


def span(seconds: float) -> str:
    """A length of time for people: 12 min, 2 h 10 min, 3 d 4 h."""
    minutes = int(seconds // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return _("%(days)s d %(hours)s h", days=days, hours=hours) if hours else _("%(days)s d", days=days)
    if hours:
        return _("%(hours)s h %(rest)s min", hours=hours, rest=rest) if rest else _("%(hours)s h", hours=hours)
    return _("%(rest)s min", rest=rest)


# --- parts -----------------------------------------------------------------------------------------------------------


def _joined(query: Select[Any]) -> Select[Any]:
    own = (t.desk_assignments.c.document_id == t.standings.c.document_id) & (
        t.desk_assignments.c.member == t.standings.c.recipient
    )
    proposed = (
        (t.desk_proposals.c.document_id == t.standings.c.document_id)
        & (t.desk_proposals.c.member == t.standings.c.recipient)
        & (t.desk_proposals.c.sequence == t.standings.c.sequence)
    )
    return (
        query.select_from(t.standings)
        .join(t.documents, t.documents.c.id == t.standings.c.document_id)
        .outerjoin(t.desk_assignments, own)
        .outerjoin(t.desk_proposals, proposed)
        .where(t.documents.c.profile.in_(case_profiles()), t.documents.c.deleted.is_(None))
    )


def _open_proposal() -> Any:
    return t.desk_proposals.c.sequence.is_not(None)


def _in_states(states: Iterable[str]) -> Any:
    return t.standings.c.state.in_(tuple(states))


def _still_open() -> Any:
    """`issued` is how a certificate begins, and how an application ends."""
    return (t.standings.c.state != "issued") | (t.documents.c.profile != APPLICATION)


def _of_view(view: View, person: str) -> tuple[Any, ...]:
    ours = (_in_states(OURS), _still_open())
    assigned = t.desk_assignments.c.person
    match view:
        case View.MINE:
            return (*ours, assigned == person, ~_open_proposal())
        case View.UNASSIGNED:
            return (*ours, assigned.is_(None), ~_open_proposal())
        case View.WAITING:
            return (_in_states(THEIRS),)
        case View.TO_CONFIRM:
            return (*ours, _open_proposal())
        case View.ALL:
            return (_in_states((*OURS, *THEIRS)), _still_open())
        case View.DECIDED:
            application = t.documents.c.profile == APPLICATION
            return ((_in_states(DECIDED) | (application & _in_states(DECIDED_APPLICATION))),)


def _travelling(connection: Connection, member: str, ids: Sequence[str]) -> dict[str, list[Any]]:
    """What travelled with the delivery of each beside its document's own findings."""
    query = select(t.deliveries.c.document_id, t.deliveries.c.findings).where(
        t.deliveries.c.document_id.in_(ids), t.deliveries.c.recipient == member, t.deliveries.c.findings.is_not(None)
    )
    return {row.document_id: orjson.loads(row.findings) for row in connection.execute(query)}


def _entry(
    connection: Connection, member: str, desk: Desk, row: Any, since: str, beside: Iterable[Any], now: datetime
) -> Entry:
    differences = (
        [found for each in consignments.linked(connection, row.id, member) for found in each["findings"]]
        if row.carried_under is not None
        else []
    )
    found = (
        *risks.of_standing(signed=row.signer is not None, state=row.state, expires=row.expires, today=now.date()),
        *risks.of_findings([*orjson.loads(row.findings), *beside, *differences]),
    )
    return Entry(
        document=row.id,
        number=row.number or row.id,
        profile=row.profile,
        sender=row.sender,
        firm=row.firm or "",
        state=row.stands,
        sequence=row.sequence,
        waiting=waiting(since, desk, now),
        assignee=row.assignee or "",
        risks=tuple(dict.fromkeys(found)),
        proposed=bool(row.proposed),
    )
