"""How long documents and readings are kept, and what deleting them leaves: the log, whole, with its proofs.

1. A document's years are its profile's (`schemas.registry`), unless a setting says otherwise. They count from the last
   message about it, and a document that is still live by its own dates is not deleted.
2. Deleted are the bytes of the document and of what was said of it (which name persons), renditions, delivery notes,
   findings, declarations and the firm's name. What stays: digests, number, states, receipts, acknowledgements, every
   leaf with its record and salt. They hold no person and nothing of the content, and so whoever still has the bytes,
   or a bundle, can be given right.
3. A reading names a person, and is deleted whole after its own years: record and salt too, so the leaf stands for
   itself. The retention record names these leaves; an export declares them hidden.
4. Each deletion is a record of kind `retention` in the same transaction. Nothing is deleted that is held, in dispute
   (a query, a verification, a term that runs, goods drawn provisionally), still being delivered, or under a title.
5. The hub deletes when it is told to, or once a day by its clock where the setting `retention_runs` says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import exists, select, update
from sqlalchemy.engine import Connection

from exchange import records
from exchange.messages import RefusedInTransaction
from exchange.store import tables as t
from exchange.subject import subject_of
from schemas.findings import Finding, finding
from schemas.life import Check, State
from schemas.registry import profiles
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.config import Settings
    from exchange.hub import Hub

AT_ONCE = 500
"""Documents that one run looks at, and readings that one transaction deletes."""
EVERY = timedelta(days=1)
_OPEN_CHECKS = (Check.REQUESTED, Check.OVERDUE, Check.ANSWERED)


def years_of(settings: "Settings") -> Mapping[str, int]:
    """By profile, for how many years its documents are kept."""
    return {name: settings.retention_years.get(name, each.retention_years) for name, each in profiles().items()}


def years_before(now: datetime, years: int) -> datetime:
    """The same day so many years earlier; of 29 February, where there is none, the 28th."""
    year = max(now.year - years, 1)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return now.replace(year=year, day=28) if (now.month, now.day) == (2, 29) and not leap else now.replace(year=year)


@dataclass(frozen=True, slots=True)
class Case:
    """A document whose years are over."""

    id: str
    profile: str
    number: str | None
    last: str
    """Time of the last message about it."""
    kept: str = ""
    """Why it is not deleted all the same; empty: nothing stands against it."""

    def to_json(self) -> dict[str, Any]:
        kept = {"kept": self.kept} if self.kept else {}
        return {"document": self.id, "profile": self.profile, "number": self.number, "last": self.last, **kept}


# --- what is due -----------------------------------------------------------------------------------------------------


def due(connection: Connection, hub: "Hub", after: int = -1) -> tuple[list[Case], int | None]:
    """Documents whose years are over, oldest first, from after this row on; and the row to go on from, None at the
    end."""
    now, row = hub.clock.now(), t.documents.c
    found: list[Case] = []
    columns = (row.id, row.profile, row.number, row.received_at, row.row)
    years = years_of(hub.settings)
    limits = {profile: rfc3339(years_before(now, each)) for profile, each in years.items()}
    old = row.deleted.is_(None), row.received_at < max(limits.values()), row.row > after
    rows = connection.execute(select(*columns).where(*old).order_by(row.row).limit(AT_ONCE)).all()
    for each in rows:
        last = _last(connection, each.id)
        if last < limits.get(each.profile, ""):
            found.append(Case(each.id, each.profile, each.number, last, kept_for(connection, each.id)))
    return found, rows[-1].row if len(rows) == AT_ONCE else None


def _last(connection: Connection, document_id: str) -> str:
    query = select(t.messages.c.received_at).where(t.messages.c.document_id == document_id)
    return str(max(connection.execute(query).scalars()))


def kept_for(connection: Connection, document_id: str) -> str:
    """What stands against deleting a document whose years are over; empty: nothing."""
    held = connection.execute(select(t.holds.c.reason).where(t.holds.c.document_id == document_id)).scalar()
    if held is not None:
        return f"held: {held}"
    own = t.documents.c
    row = connection.execute(select(own.state, own.expires).where(own.id == document_id)).one()
    if row.state == "live" and row.expires is not None:
        return "live: its validity has not ended"
    standing, delivery = t.standings.c, t.deliveries.c
    in_dispute = (standing.state == State.QUERIED.value) | standing.check_state.in_(
        [each.value for each in _OPEN_CHECKS]
    )
    against = {
        "under a title": exists().where(t.title_documents.c.document_id == document_id),
        "in dispute": exists().where(standing.document_id == document_id, in_dispute),
        "a term runs": exists().where(t.deadlines.c.document_id == document_id, t.deadlines.c.next_at.is_not(None)),
        "goods are drawn provisionally": exists().where(
            t.draws.c.document_id == document_id, t.draws.c.state == "provisional"
        ),
        "still being delivered": exists().where(
            delivery.document_id == document_id, delivery.state.in_(("due", "sending", "retrying"))
        ),
    }
    return next((why for why, where in against.items() if connection.execute(select(where)).scalar()), "")


# --- deleting --------------------------------------------------------------------------------------------------------


async def run(hub: "Hub", by: records.Actor, *, pretend: bool = False) -> dict[str, Any]:
    """Delete all that is due. `pretend`: only say what would be. What was, and what was kept and why, as JSON."""
    deleted: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    after = -1
    while True:
        cases, following = await hub.ask(partial(due, hub=hub, after=after))
        for case in cases:
            gone = not case.kept and (pretend or await hub.writer.do(partial(_delete, hub=hub, by=by, case=case)))
            (deleted if gone else kept).append(case.to_json())
        if following is None:
            break
        after = following
    readings = await _delete_readings(hub, by, pretend=pretend)
    hub.changed()
    return {"pretended": pretend, "deleted": deleted, "kept": kept, "readings": readings}


def _delete(connection: Connection, hub: "Hub", by: records.Actor, case: Case) -> bool:
    """One document, in a transaction of its own, looked at again under its lock. False: something stands against it."""
    _overwrite(connection)
    subject = subject_of(connection, case.id, lock=True)
    if subject is None or subject.deleted is not None or kept_for(connection, case.id):
        return False
    if _last(connection, case.id) != case.last:
        return False
    about = t.messages.c.document_id == case.id
    rows = connection.execute(
        select(t.messages.c.id, t.messages.c.receipt, t.messages.c.bytes_digest, t.leaves.c.position)
        .join(t.leaves, t.leaves.c.record_id == t.messages.c.id)
        .where(about)
        .order_by(t.leaves.c.id)
    ).all()
    details = {
        "profile": case.profile,
        "years": years_of(hub.settings)[case.profile],
        "last": case.last,
        "bytesDigest": subject.bytes_digest,
        "contentDigest": subject.content_digest,
        "messages": [{"id": row.id, "bytesDigest": row.bytes_digest, "leafIndex": row.position} for row in rows],
    }
    record = records.put(connection, hub, records.Kind.RETENTION, by, "document deleted", case.id, details)
    for row in rows:
        answer = orjson.dumps({"messageId": row.id, "receipt": row.receipt, "deleted": record}).decode()
        connection.execute(update(t.messages).where(t.messages.c.id == row.id).values(bytes=None, answer=answer))
    nothing = {"rendition": None, "note": None, "findings": None, "last_error": None}
    connection.execute(update(t.deliveries).where(t.deliveries.c.document_id == case.id).values(**nothing))
    drawn = {"reference": None, "declaration": None}
    connection.execute(update(t.draws).where(t.draws.c.document_id == case.id).values(**drawn))
    own = {"deleted": record, "findings": "[]", "firm": None, "belongs_to": None, "carried_under": None}
    connection.execute(update(t.documents).where(t.documents.c.id == case.id).values(**own))
    return True


def _overwrite(connection: Connection) -> None:
    """SQLite leaves what it deletes in its file unless it is told to write zeros over it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


async def _delete_readings(hub: "Hub", by: records.Actor, *, pretend: bool) -> int:
    before = years_before(hub.clock.now(), hub.settings.reading_years)
    total = 0
    while True:
        chosen = await hub.ask(partial(_old_readings, before=before, after=total if pretend else 0))
        if chosen and not pretend:
            await hub.writer.do(partial(_hide, hub=hub, by=by, chosen=chosen, before=before))
        total += len(chosen)
        if len(chosen) < AT_ONCE:
            return total


def _old_readings(connection: Connection, before: datetime, after: int) -> Sequence[Any]:
    """Readings that are in the log already, by record."""
    return connection.execute(
        select(t.records.c.id, t.leaves.c.position)
        .join(t.leaves, t.leaves.c.record_id == t.records.c.id)
        .where(
            t.records.c.kind == records.Kind.READING.value,
            t.records.c.at < rfc3339(before),
            t.leaves.c.position.is_not(None),
        )
        .order_by(t.leaves.c.position)
        .limit(AT_ONCE)
        .offset(after)
    ).all()


def _hide(connection: Connection, hub: "Hub", by: records.Actor, chosen: Sequence[Any], before: datetime) -> None:
    _overwrite(connection)
    names = [row.id for row in chosen]
    details = {
        "before": rfc3339(before),
        "years": hub.settings.reading_years,
        "hidden": [list(each) for each in ranges(row.position for row in chosen)],
    }
    records.put(connection, hub, records.Kind.RETENTION, by, "readings deleted", details=details)
    connection.execute(update(t.leaves).where(t.leaves.c.record_id.in_(names)).values(salt=None, record=None))
    connection.execute(t.records.delete().where(t.records.c.id.in_(names)))


def ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges, first and last."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


# --- holding ---------------------------------------------------------------------------------------------------------


def hold(connection: Connection, hub: "Hub", by: records.Actor, document_id: str, reason: str) -> None:
    """Nobody deletes the document until it is let go of. Raises `RefusedInTransaction`."""
    subject = _subject(connection, document_id)
    if subject.deleted is not None:
        raise RefusedInTransaction(gone(connection, document_id))
    if connection.execute(select(t.holds.c.reason).where(t.holds.c.document_id == document_id)).first():
        raise RefusedInTransaction(finding("retention.held", found=document_id))
    row = {"document_id": document_id, "reason": reason, "at": rfc3339(hub.clock.now())}
    connection.execute(t.holds.insert(), row)
    records.put(connection, hub, records.Kind.RETENTION, by, "held", document_id, {"reason": reason})


def release(connection: Connection, hub: "Hub", by: records.Actor, document_id: str, reason: str) -> None:
    """Let it go. Raises `RefusedInTransaction`."""
    _subject(connection, document_id)
    if not connection.execute(t.holds.delete().where(t.holds.c.document_id == document_id)).rowcount:
        raise RefusedInTransaction(finding("retention.not-held", found=document_id))
    records.put(connection, hub, records.Kind.RETENTION, by, "let go", document_id, {"reason": reason})


def _subject(connection: Connection, document_id: str) -> Any:
    subject = subject_of(connection, document_id, lock=True)
    if subject is None:
        raise RefusedInTransaction(finding("document.unknown", found=document_id))
    return subject


def held(connection: Connection) -> list[dict[str, Any]]:
    """What is held, and why."""
    rows = connection.execute(select(t.holds).order_by(t.holds.c.at, t.holds.c.document_id))
    return [{"document": row.document_id, "reason": row.reason, "at": row.at} for row in rows]


def gone(connection: Connection, document_id: str) -> Finding:
    """That the document was deleted, and by which record of the log."""
    query = (
        select(t.documents.c.deleted, t.records.c.at, t.leaves.c.position)
        .outerjoin(t.records, t.records.c.id == t.documents.c.deleted)
        .outerjoin(t.leaves, t.leaves.c.record_id == t.documents.c.deleted)
        .where(t.documents.c.id == document_id)
    )
    row = connection.execute(query).one()
    place = f", entry {row.position} of the log" if row.position is not None else ""
    return finding("document.deleted", found=f"deleted {row.at} by record {row.deleted}{place}")


# --- by the clock ----------------------------------------------------------------------------------------------------


class Daily:
    """Once a day of the business clock, where the settings ask for it."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._next: datetime | None = None

    async def look(self) -> None:
        now = self._hub.clock.now()
        if self._hub.settings.retention_runs and (self._next is None or now >= self._next):
            await run(self._hub, records.BY_ITSELF)
            self._next = now + EVERY
