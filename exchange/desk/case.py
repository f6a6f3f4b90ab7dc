"""One case as an officer sees it: the document, where it stands, what lies beside it, what was said. Pure reading.

The fourth question, 'is it this shipment?', is answered by the bills of lading of the consignment that this member
sees: yes if nothing differs, no if something does, not checked while none is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.desk import kept, risks
from exchange.desk.comparing import Row, rows
from exchange.desk.policy import Desk
from exchange.desk.queue import OURS, THEIRS, Waiting, is_case, since_when, waiting
from exchange.desk.reasons import boxes_of
from exchange.desk.risks import Risk
from exchange.languages import _
from exchange.paper import document_of
from exchange.store import queries
from exchange.store import tables as t
from exchange.store.queries import Stored, visible_to
from schemas.bill_of_lading.model import TRANSPORT_DOCUMENT, TransportDocument
from schemas.certificate.application import PROFILE as APPLICATION
from schemas.certificate.application import Application
from schemas.certificate.form import box_of
from schemas.certificate.model import Certificate
from schemas.registry import Document

_SUMS = {"consignment.more-weight": "/items/grossWeight", "consignment.more-packages": "/items/packages"}
"""What is found in sums over items points at items; the box is that of what was summed."""
MOST_BESIDE = 6
"""Other documents of the consignment that are compared."""
HISTORY_DAYS = 365
HISTORY_LOOKED = 2000
"""The newest documents of a sender among which an exporter's are counted."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Another document of the consignment."""

    id: str
    number: str
    profile: str
    lading: bool


@dataclass(frozen=True, slots=True)
class Shipment:
    """Is it this shipment?"""

    verdict: str
    """yes, no, could-not-check."""
    plain: str


@dataclass(frozen=True, slots=True)
class History:
    """What came of this exporter's certificates here."""

    firm: str
    count: int
    by_state: Mapping[str, int]
    queried: int
    answered: int
    whole: bool
    """Were all of them counted? Else the newest only."""


@dataclass(frozen=True, slots=True)
class Note:
    """A word of an officer that stays at the desk."""

    name: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that waits for another officer."""

    person: str
    name: str
    at: str
    sequence: int
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One document at one desk."""

    stored: Stored
    document: Document | None
    state: str
    sequence: int
    waiting: Waiting
    assignee: str
    """Id of the person; empty: nobody."""
    assignee_name: str
    beside: tuple[Beside, ...]
    compared: tuple[Row, ...]
    shipment: Shipment
    risks: tuple[Risk, ...]
    history: History | None
    notes: tuple[Note, ...]
    proposal: Proposal | None
    thread: tuple[Mapping[str, Any], ...]

    @property
    def application(self) -> bool:
        return bool(self.stored.summary["profile"] == APPLICATION)

    @property
    def ours(self) -> bool:
        """May the desk decide now?"""
        open_here = self.state in OURS and not (self.application and self.state == "issued")
        return open_here and self.stored.summary["state"] == "live"

    @property
    def theirs(self) -> bool:
        return self.state in THEIRS and self.stored.summary["state"] == "live"


def stored_at(connection: Connection, member: str, document_id: str) -> Stored | None:
    """The document, if it is a case of this desk."""
    stored = queries.document(connection, member, document_id)
    if stored is None or stored.deleted or member not in stored.summary["recipients"]:
        return None
    return stored if is_case(str(stored.summary["profile"])) else None


def case_of(connection: Connection, member: str, desk: Desk, document_id: str, now: datetime) -> Case | None:
    """The case; None: it is none of this desk's."""
    stored = stored_at(connection, member, document_id)
    if stored is None:
        return None
    standing = stored.summary["recipients"][member]
    row = connection.execute(
        select(t.documents.c.firm, t.documents.c.expires, t.documents.c.carried_under).where(
            t.documents.c.id == document_id
        )
    ).one()
    document = document_of(stored)
    beside, read = _beside(connection, member, document_id, row.carried_under)
    compared = rows(document, read) if isinstance(document, Certificate) and read else ()
    own = _own(connection, member, document_id, int(standing["sequence"]))
    since = since_when(connection, member, [document_id]).get(document_id, stored.summary["receivedAt"])
    travelling = connection.execute(
        select(t.deliveries.c.findings).where(
            t.deliveries.c.document_id == document_id,
            t.deliveries.c.recipient == member,
            t.deliveries.c.findings.is_not(None),
        )
    ).scalars()
    found = [*stored.findings, *(each for told in travelling for each in orjson.loads(told))]
    boxes = boxes_of(str(stored.summary["profile"]), document)
    found += [
        replace(each, box=box_of(_SUMS.get(each.code, each.pointer), boxes)).to_json()
        for one in compared
        for each in one.findings
    ]
    return Case(
        stored=stored,
        document=document,
        state=str(standing["state"]),
        sequence=int(standing["sequence"]),
        waiting=waiting(since, desk, now),
        assignee=own["assignee"],
        assignee_name=own["assignee_name"],
        beside=beside,
        compared=compared,
        shipment=_shipment(row.carried_under, beside, compared),
        risks=tuple(
            dict.fromkeys(
                (
                    *risks.of_standing(
                        signed=stored.signer is not None or isinstance(document, Application),
                        state=str(stored.summary["state"]),
                        expires=row.expires,
                        today=now.date(),
                    ),
                    *risks.of_findings(found),
                )
            )
        ),
        history=history_of(connection, member, str(stored.summary["sender"]), row.firm, now) if row.firm else None,
        notes=own["notes"],
        proposal=own["proposal"],
        thread=tuple(
            each
            for each in queries.timeline(connection, member, stored)
            if each["kind"] in ("document", "event", "forward")
        ),
    )


def _beside(
    connection: Connection, member: str, document_id: str, carried_under: str | None
) -> tuple[tuple[Beside, ...], list[Document]]:
    """The other live documents of the consignment that this member sees, bills of lading first."""
    if carried_under is None:
        return (), []
    lading = (t.documents.c.profile == TRANSPORT_DOCUMENT) & (t.documents.c.number == carried_under)
    others = lading | (t.documents.c.carried_under == carried_under)
    query = select(t.documents.c.id).where(
        others, t.documents.c.id != document_id, t.documents.c.state == "live", visible_to(member)
    )
    beside, read = [], []
    for found in connection.execute(query.order_by(t.documents.c.row).limit(MOST_BESIDE)).scalars():
        stored = queries.document(connection, member, found)
        document = document_of(stored) if stored is not None and not stored.deleted else None
        if stored is None or document is None:
            continue
        summary = stored.summary
        is_lading = isinstance(document, TransportDocument)
        beside.append(Beside(found, summary["number"] or found, summary["profile"], is_lading))
        read.append(document)
    order = sorted(range(len(beside)), key=lambda at: not beside[at].lading)
    return tuple(beside[at] for at in order), [read[at] for at in order]


def _shipment(named: str | None, beside: tuple[Beside, ...], compared: tuple[Row, ...]) -> Shipment:
    ladings = [each.number for each in beside if each.lading]
    if named is None:
        return Shipment("could-not-check", _("The certificate names no transport document."))
    if not ladings:
        said = _("The bill of lading %(number)s that it names has not come here.", number=named)
        return Shipment("could-not-check", said)
    found = [each for row in compared for each in row.findings]
    numbers = ", ".join(ladings)
    if not found:
        return Shipment("yes", _("It says the same as the bill of lading %(numbers)s.", numbers=numbers))
    titles = ", ".join(_inside(_(row.title)) for row in compared if row.differs)
    said = _("It differs from the bill of lading %(numbers)s: %(rows)s.", numbers=numbers, rows=titles)
    return Shipment("no", said)


def _inside(title: str) -> str:
    """A title within a sentence; HS stays HS."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def history_of(connection: Connection, member: str, sender: str, firm: str, now: datetime) -> History:
    """What became of the certificates of this firm, by this sender, at this desk in a year."""
    newest = (
        select(t.documents.c.id, t.documents.c.firm, t.documents.c.received_at)
        .where(t.documents.c.sender == sender)
        .order_by(t.documents.c.row.desc())
        .limit(HISTORY_LOOKED)
        .subquery()
    )
    looked = connection.execute(select(newest.c.received_at).order_by(newest.c.received_at)).scalars().all()
    begins = (now - timedelta(days=HISTORY_DAYS)).isoformat()
    query = (
        select(newest.c.id, t.standings.c.state)
        .join(t.standings, t.standings.c.document_id == newest.c.id)
        .where(newest.c.firm == firm, newest.c.received_at >= begins, t.standings.c.recipient == member)
    )
    states: dict[str, int] = {}
    ids = []
    for row in connection.execute(query):
        states[row.state] = states.get(row.state, 0) + 1
        ids.append(row.id)
    said: dict[str, set[str]] = {"queried": set(), "answered": set()}
    asked = select(t.events.c.document_id, t.events.c.type).where(
        t.events.c.document_id.in_(ids), t.events.c.recipient == member, t.events.c.type.in_(said)
    )
    for row in connection.execute(asked):
        said[row.type].add(row.document_id)
    whole = len(looked) < HISTORY_LOOKED or looked[0] < begins
    return History(firm, len(ids), states, len(said["queried"]), len(said["answered"] & said["queried"]), whole)


def _own(connection: Connection, member: str, document_id: str, sequence: int) -> dict[str, Any]:
    """What the desk itself keeps of the case."""
    n = t.desk_notes.c
    assigned = kept.assignment(connection, member, document_id)
    notes = connection.execute(
        select(n.name, n.at, n.text).where(n.document_id == document_id, n.member == member).order_by(n.at, n.id)
    )
    proposed = kept.proposal(connection, member, document_id, sequence)
    return {
        "assignee": assigned.person if assigned else "",
        "assignee_name": assigned.name if assigned else "",
        "notes": tuple(Note(row.name, row.at, row.text) for row in notes),
        "proposal": None
        if proposed is None
        else Proposal(proposed.person, proposed.name, proposed.at, proposed.sequence, orjson.loads(proposed.said)),
    }
