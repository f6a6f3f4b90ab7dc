"""What an export tells of people: who looked, who decided, who commanded. Facts of the record, nothing concluded.

A decision's time is that at which the hub took it in, by the hub's clock; when the document had come to the recipient
is the hub's word beside the record (the recipient's acknowledgement is its own). A person is who the member's system
names, in the event it signs or in the header Tradebridge-Actor.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.event import HUB, EventType
from schemas.findings import Finding
from tradebridge.evidence.audit import Act, Entry, Head, read_lines
from tradebridge.evidence.file import Record
from tradebridge.evidence.times import from_rfc3339

DECIDING = frozenset({EventType.ACCEPTED, EventType.REJECTED})
"""What settles a document at a recipient; the first of them is the decision."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who: a member, and where they are known the person and the API key."""

    member: str
    person: str = ""
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Which documents, from whom to whom."""

    profile: str
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Said:
    """One event that a member said of a document."""

    by: Actor
    type: str
    document: str
    route: Route
    at: datetime
    sequence: int
    reasons: int
    words: bool
    """Does a reason say something in words?"""
    entry: int
    """Of the log."""
    had: datetime | None = None
    """When the document came to the recipient."""
    opened: datetime | None = None
    """When the member first opened it at the hub, before this."""
    first: bool = False
    """Is it the first decision of this recipient on the document?"""

    @property
    def seconds(self) -> float | None:
        """From opening, or else from having the document, to this; None where neither is known."""
        since = self.opened or self.had
        return None if since is None else max((self.at - since).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody looked at a document."""

    by: Actor
    document: str
    what: str
    firm: str
    at: datetime
    entry: int


@dataclass(frozen=True, slots=True)
class Commanded:
    """A command of the operator, or of a member about itself; a setting, a retention."""

    by: Actor
    kind: str
    what: str
    about: str
    at: datetime
    entry: int


@dataclass(slots=True)
class Facts:
    """All of an export, in the order of the log."""

    space: str = ""
    first: int = 0
    size: int = 0
    simulated: bool = False
    countries: dict[str, str] = field(default_factory=dict)
    """Member to country, by the trust list in the export."""
    numbers: dict[str, str] = field(default_factory=dict)
    """Document to number, as the hub says."""
    had: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """(document, recipient) to when it had it first."""
    profiles: dict[str, str] = field(default_factory=dict)
    """Document to profile."""
    said: list[Said] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    commanded: list[Commanded] = field(default_factory=list)
    hidden: int = 0
    unreadable: int = 0
    """Lines that are not in the form, and events that retention has deleted."""


def facts_of(lines: Iterable[bytes]) -> Facts:
    """Read an export. What cannot be read is counted, not guessed: `tb audit verify` says what is wrong with it."""
    facts = Facts()
    reading = _Reading(facts)
    for part in read_lines(lines):
        if isinstance(part, Head):
            reading.head(part)
        elif isinstance(part, Entry):
            reading.entry(part)
        elif isinstance(part, Finding):
            facts.unreadable += 1
    return facts


class _Reading:
    """One walk through an export, in the order of the log."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._senders: dict[str, str] = {}
        self._opened: dict[tuple[str, str], datetime] = {}
        self._decided: set[tuple[str, str]] = set()

    def head(self, head: Head) -> None:
        facts = self._facts
        facts.space, facts.first, facts.size, facts.simulated = head.space, head.first, head.size, head.simulated
        members = head.trust.get("members")
        for each in members if isinstance(members, list) else ():
            if isinstance(each, dict) and isinstance(each.get("id"), str) and isinstance(each.get("country"), str):
                facts.countries[each["id"]] = each["country"]

    def entry(self, entry: Entry) -> None:
        record = entry.record
        if record is None:
            self._facts.hidden += 1
        elif isinstance(record, Act):
            self._act(entry, record)
        elif record.kind == "event":
            self._event(entry, record)
        elif record.kind in ("document", "forward"):
            self._document(entry, record)

    def _document(self, entry: Entry, record: Record) -> None:
        if record.kind == "document":
            self._senders[record.document_id] = record.member
            self._facts.profiles[record.document_id] = record.profile
            number = entry.line.hub_says.get("number")
            if isinstance(number, str):
                self._facts.numbers[record.document_id] = number
        for each in entry.line.deliveries:
            at = None if each.at is None else from_rfc3339(each.at)
            if at is not None:
                self._facts.had.setdefault((record.document_id, each.recipient), at)

    def _act(self, entry: Entry, act: Act) -> None:
        by, index = Actor(act.member, act.person, act.api_key), entry.line.index
        if act.kind != "reading":
            told = Commanded(by, act.kind, act.what, act.about, act.time, index)
            self._facts.commanded.append(told)
            return
        firm = (entry.details or {}).get("firm")
        told_firm = firm if isinstance(firm, str) else ""
        self._facts.opened.append(Opened(by, act.about, act.what, told_firm, act.time, index))
        self._opened.setdefault((act.about, act.member), act.time)

    def _event(self, entry: Entry, record: Record) -> None:
        event = entry.event
        if event is None:
            self._facts.unreadable += 1
            return
        if event.actor.member == HUB:
            return
        recipient, place = event.recipient or "", (record.document_id, event.actor.member)
        profile = self._facts.profiles.get(record.document_id, "")
        is_first = event.type in DECIDING and bool(recipient) and (record.document_id, recipient) not in self._decided
        if is_first:
            self._decided.add((record.document_id, recipient))
        self._facts.said.append(
            Said(
                by=Actor(event.actor.member, event.actor.person or ""),
                type=event.type.value,
                document=record.document_id,
                route=Route(profile, self._senders.get(record.document_id, ""), recipient),
                at=record.time,
                sequence=event.expected_sequence,
                reasons=len(event.reasons),
                words=any(each.text.strip() for each in event.reasons),
                entry=entry.line.index,
                had=self._facts.had.get((record.document_id, recipient)),
                opened=self._opened.get(place),
                first=is_first,
            )
        )
