"""`tradebridge-audit/1`: the record of a log, entry by entry, as a file that can be checked alone.

The file is lines of JSON: a head, one line for each entry of the log from `from` to the size of the checkpoint, and an
end. What is checked, by public keys alone and in the memory of one line and a few bytes of each event:

1. The entries are all there, in order, each once; those before `from` stand as the hashes of complete subtrees.
2. Each opens its leaf, SHA-256(salt || record), or is declared hidden. What is hidden or left out, retention accounts
   for (`withheld`); times do not fall from entry to entry, nor lie ahead.
3. Details, and the bytes of an event, are those that the record commits to; the event is its member's word on just
   that document, by the trust list of its time. One that is recorded twice is remarked: the first counts.
4. The versions of the trust list follow one another, and are those of the history in the caller's hand
   (`trust_record`).
5. The entries make up the tree whose root the checkpoint signs; witnesses and timestamp as for a bundle (`seen`).

What the hub says beside a record (whose document, when delivered) is marked as its word: nothing commits to it.
No input raises: what is malformed is answered. Exit codes: 0 all of it holds; 5 something is false; 3 nothing false,
but something could not be checked.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schemas.content import Content, json_or_finding, open_content
from schemas.event import Event, decode_event
from tradebridge.evidence import canonical, jws, proofs
from tradebridge.evidence.file import Base64, Count, Hash, Record, read_record
from tradebridge.evidence.recorded import log_in, other
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import UNSURE
from tradebridge.evidence.seen import seen_by
from tradebridge.evidence.times import TOLERANCE, from_rfc3339, rfc3339
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import TrustHistory
from tradebridge.evidence.trust_record import TrustRecord
from tradebridge.evidence.withheld import Withheld

FORMAT = "tradebridge-audit/1"

MOST_BYTES = 32 << 20
"""Of a line: an event of the largest size, in base64, with room beside it."""
MOST_FINDINGS = 100
"""Told one by one; the rest is counted."""
_UNSURE = UNSURE | {f"audit.{each}" for each in ("cut-off", "hidden", "time-fell", "trust-missing", "withheld")}


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, alias_generator=to_camel)


class Head(_Form):
    """What is exported. The trust list inside is a hint for people and is not believed."""

    type: Literal["head"]
    format: Literal["tradebridge-audit/1"]
    space: str
    first: Annotated[int, Field(ge=0, lt=2**63, alias="from")]
    size: Count
    frontier: Annotated[tuple[Hash, ...], Field(max_length=64, strict=False)]
    checkpoint: str
    timestamp: Base64 | None = None
    revocations: Annotated[tuple[Base64, ...], Field(max_length=1000, strict=False)] = ()
    """Lists of members' authorities that were the newest while they said something; believed as far as one that the
    list in hand knows has made them."""
    simulated: bool = False
    trust: dict[str, Any] = Field(default_factory=dict)


class Delivered(_Form):
    """When a recipient had a message, in the hub's word; with the recipient's own."""

    recipient: str
    at: str | None
    acknowledgement: str | None


class Line(_Form):
    """One entry of the log."""

    type: Literal["leaf"]
    index: Count
    leaf: Hash
    salt: Hash | None = None
    record: str | None = None
    """Canonical JSON; None, as the salt: retention has deleted it."""
    details: str | None = None
    event: str | None = None
    """The JWS of an event; None where retention has deleted it, and of other records."""
    hub_says: dict[str, Any] = Field(default_factory=dict, max_length=20)
    """Of a document: number, firm. Nothing commits to it."""
    deliveries: Annotated[tuple[Delivered, ...], Field(strict=False)] = ()


class End(_Form):
    type: Literal["end"]
    leaves: Count


@dataclass(frozen=True, slots=True)
class Act:
    """A record that is no message: what somebody did."""

    kind: str
    """operator, reading, setting, trust or retention."""
    record_id: str
    what: str
    about: str
    member: str
    api_key: str
    person: str
    details_digest: str
    time: datetime
    space: str


_NAMES = (
    "kind", "recordId", "what", "about", "member", "apiKey", "person", "detailsDigest", "time", "space",
)  # fmt: skip


def read_act(data: bytes, pointer: str = "") -> Act | Finding:
    """A record of this kind: canonical JSON with exactly its ten members, all of them text."""
    members = canonical.loads(data)
    if isinstance(members, Finding):
        return finding("log.record", pointer, found=members.message, attack=members.attack)
    if set(members) != set(_NAMES) or not all(isinstance(members[name], str) for name in _NAMES):
        return finding("log.record", pointer, found=", ".join(members), expected=", ".join(_NAMES), attack="JSN-11")
    time = from_rfc3339(members["time"])
    if time is None:
        return finding("log.record", f"{pointer}/time", found=members["time"], expected="a moment of RFC 3339")
    kind, record_id, what, about, member, api_key, person, digest, _, space = (members[name] for name in _NAMES)
    return Act(kind, record_id, what, about, member, api_key, person, digest, time, space)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log as the export tells it."""

    line: Line
    record: Record | Act | None
    """None where it is hidden."""
    event: Event | None = None
    details: Mapping[str, Any] | None = None
    """None where there are none, or retention has deleted them."""


# --- reading ---------------------------------------------------------------------------------------------------------


def read_lines(lines: Iterable[bytes]) -> Iterator[Head | Entry | End | Finding]:
    """The file, line by line. A finding names the line that is wrong, and the reading goes on after it."""
    expected: type[_Form] = Head
    for number, data in enumerate(lines):
        pointer = f"/{number}"
        if len(data) > MOST_BYTES:
            yield finding("audit.malformed", pointer, found=f"{len(data)} bytes", expected=f"at most {MOST_BYTES}")
            continue
        read = _read_line(data, expected, pointer)
        expected = Line
        yield _entry(read, pointer) if isinstance(read, Line) else read


def _read_line(data: bytes, expected: type[_Form], pointer: str) -> Head | Line | End | Finding:
    value = json_or_finding(data)
    if isinstance(value, Finding):
        return finding("audit.malformed", pointer, found=value.message)
    form = End if expected is Line and value.get("type") == "end" else expected
    try:
        read = form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = "".join(f"/{part}" for part in first["loc"])
        return finding("audit.malformed", pointer + at, expected=first["msg"])
    assert isinstance(read, Head | Line | End)  # noqa: S101  # what `form` can be
    return read


def _entry(line: Line, pointer: str) -> Entry | Finding:
    if line.record is None or line.salt is None:
        return Entry(line, None)
    data = line.record.encode()
    members = json_or_finding(data)
    is_act = isinstance(members, dict) and "recordId" in members
    record = read_act(data, pointer) if is_act else read_record(data, pointer)
    if isinstance(record, Finding):
        return record
    content = None if line.event is None else open_content(line.event.encode())
    event = decode_event(content).document if isinstance(content, Content) else None
    details = None if line.details is None else json_or_finding(line.details.encode())
    return Entry(
        line, record, event if isinstance(event, Event) else None, details if isinstance(details, dict) else None
    )


# --- checking --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Verification:
    """What was found out about an export."""

    origin: str = ""
    space: str = ""
    first: int = 0
    size: int = 0
    before: str = ""
    """Root of the entries before `first`: what an earlier export, or a monitor, must have seen at that size."""
    root: str = ""
    opened: int = 0
    hidden: int = 0
    without_details: int = 0
    """Records whose details, or whose event, retention has deleted."""
    kinds: dict[str, int] = field(default_factory=dict)
    seen: str = ""
    """Who beside the operator has seen the checkpoint, in words."""
    simulated: bool = False
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    """How many findings there are; the first hundred stand in `findings`."""
    false: bool = False
    remarks: list[Finding] = field(default_factory=list)
    """What is worth a look and nothing against the record; the first hundred."""

    @property
    def exit_code(self) -> int:
        return 5 if self.false else 3 if self.found else 0

    def add(self, found: Finding) -> None:
        self.found += 1
        self.false = self.false or found.code not in _UNSURE
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(found)

    def to_json(self) -> dict[str, object]:
        return {
            "format": "tradebridge-audit-verification/1",
            "origin": self.origin,
            "space": self.space,
            "from": self.first,
            "size": self.size,
            "rootBefore": self.before,
            "root": self.root,
            "opened": self.opened,
            "hidden": self.hidden,
            "withoutDetails": self.without_details,
            "kinds": dict(sorted(self.kinds.items())),
            "seen": self.seen,
            "simulated": self.simulated,
            "findings": [each.to_json() for each in self.findings],
            "findingCount": self.found,
            "remarks": [each.to_json() for each in self.remarks],
            "exitCode": self.exit_code,
        }


def verify_export(lines: Iterable[bytes], trust: TrustList, now: datetime) -> Verification:
    """Check an export against a trust list. `now`: the time to judge by, UTC."""
    told = Verification(simulated=trust.simulated)
    if trust.stale is not None:
        told.add(trust.stale)
    parts = read_lines(lines)
    head = next(parts, None)
    if not isinstance(head, Head):
        told.add(head if isinstance(head, Finding) else finding("audit.cut-off", found="nothing", expected="a head"))
        return told
    _Checking(told, head, trust.with_lists(b64decode(each) for each in head.revocations), now).run(parts)
    return told


class _Checking:
    """One walk through an export."""

    def __init__(self, told: Verification, head: Head, trust: TrustList, now: datetime) -> None:
        self._told, self._head, self._trust, self._now = told, head, trust, now
        self._withheld = Withheld()
        history = trust.history
        self._listed = TrustRecord(history if isinstance(history, TrustHistory) else None, whole=head.first == 0)
        self._then: tuple[int, TrustList] = 0, trust
        """The list as of a version of it, by its number: many entries in a row are judged by one."""
        self._latest: datetime | None = None
        self._reached: datetime | None = None
        """The latest time since times last fell."""
        self._events: set[bytes] = set()
        """Digests of the names of the events so far, shortened."""
        told.space, told.first, told.size = head.space, head.first, head.size

    def run(self, parts: Iterator[Head | Entry | End | Finding]) -> None:
        told, head = self._told, self._head
        checkpoint = log_in(head.checkpoint, head.timestamp, self._trust, self._now).checkpoint
        if isinstance(checkpoint, Finding):
            told.add(checkpoint)
            return
        told.origin = checkpoint.origin
        if head.space != self._trust.space or checkpoint.size != head.size or head.first > head.size:
            found = f"{head.space!r}, {head.first} to {head.size}"
            expected = f"{self._trust.space!r}, up to {checkpoint.size}"
            told.add(finding("audit.malformed", "/0", found=found, expected=expected))
            return
        try:
            tree = proofs.Growing(head.first, [bytes.fromhex(each) for each in head.frontier])
        except ValueError as error:
            told.add(finding("audit.malformed", "/0/frontier", found=str(error)))
            return
        told.before = tree.root().hex() if head.first else ""
        ended = self._walk(parts, tree)
        told.root = tree.root().hex()
        if not ended:
            told.add(finding("audit.cut-off", found=f"{tree.size} entries", expected=f"{head.size} and an end"))
        elif tree.root() != checkpoint.root or tree.size != checkpoint.size:
            found, expected = f"{told.root} of {tree.size}", f"{checkpoint.root.hex()} of {checkpoint.size}"
            told.add(finding("audit.root", found=found, expected=expected, attack="LOG-7"))
        self._see()

    def _walk(self, parts: Iterator[Head | Entry | End | Finding], tree: proofs.Growing) -> bool:
        """Every entry into the tree. Whether the end came, and nothing after it."""
        for part in parts:
            if isinstance(part, Finding):
                self._told.add(part)
            elif isinstance(part, Entry):
                if part.line.index != tree.size:
                    expected = f"entry {tree.size}"
                    self._told.add(finding("audit.missing-leaf", found=f"entry {part.line.index}", expected=expected))
                self._entry(part)
                tree.append(proofs.leaf_hash(bytes.fromhex(part.line.leaf)))
            elif isinstance(part, End):
                rest = sum(1 for _ in parts)
                if rest or part.leaves != tree.size - self._head.first:
                    found = f"{tree.size - self._head.first} entries, {rest} lines after the end"
                    self._told.add(finding("audit.missing-leaf", found=found, expected=f"{part.leaves} entries"))
                return True
        return False

    def _entry(self, entry: Entry) -> None:
        told, line, record = self._told, entry.line, entry.record
        at = f"/{line.index - self._head.first + 1}"
        if record is None or line.record is None or line.salt is None:
            told.hidden += 1
            self._withheld.hide(line.index, self._reached)
            return
        if sha256(bytes.fromhex(line.salt) + line.record.encode()).hexdigest() != line.leaf:
            told.add(finding("audit.not-opened", at, found=f"entry {line.index}", attack="LOG-7"))
            return
        if record.space != self._trust.space:
            told.add(finding("audit.malformed", f"{at}/record", found=record.space, expected=self._trust.space))
        told.opened += 1
        told.kinds[record.kind] = told.kinds.get(record.kind, 0) + 1
        self._pass(record.time, f"{at}/record")
        if isinstance(record, Act):
            self._act(entry, record, at)
        elif record.kind == "event":
            self._event(entry, record, at)

    def _pass(self, time: datetime, pointer: str) -> None:
        """The time of the next entry. Where it falls, that is told once, and those after it go by it."""
        self._latest = time if self._latest is None else max(self._latest, time)
        if self._reached is not None and time < self._reached - TOLERANCE:
            expected = f"from {rfc3339(self._reached)}, as an entry before it"
            self._told.add(finding("audit.time-fell", pointer, found=rfc3339(time), expected=expected))
        elif self._reached is not None:
            time = max(time, self._reached)
        self._reached = time

    def _act(self, entry: Entry, act: Act, at: str) -> None:
        told, details = self._told, entry.line.details
        if details is None:
            told.without_details += 1
            told.add(finding("audit.withheld", f"{at}/details", found=f"entry {entry.line.index}: {act.what}"))
        elif sha256(details.encode()).hexdigest() != act.details_digest:
            told.add(finding("audit.details-changed", f"{at}/details", found=f"entry {entry.line.index}"))
        elif act.kind == "retention" and act.member and entry.details is not None:
            self._withheld.account(act.about, act.time, entry.details)
        elif act.kind == "trust":
            for each in self._listed.take(entry.details or {}, f"{at}/details"):
                told.add(each)

    def _event(self, entry: Entry, record: Record, at: str) -> None:
        told, token = self._told, entry.line.event
        if token is None:
            told.without_details += 1
            self._withheld.leave_out(entry.line.index, record.document_id, record.bytes_digest, record.time)
            return
        if sha256(token.encode()).hexdigest() != record.bytes_digest or entry.event is None:
            told.add(finding("audit.details-changed", f"{at}/event", found=f"entry {entry.line.index}"))
            return
        signed = jws.verify(token.encode(), jws.EVENT, "event", self._as_of(record.time), record.time)
        if isinstance(signed, Finding):
            told.add(signed)
        elif not signed.member == entry.event.actor.member == record.member:
            speaker = entry.event.actor.member
            told.add(finding("receipt.wrong-speaker", at, found=signed.member, expected=speaker, attack="JWS-21"))
        elif entry.event.document.id != record.document_id:
            told.add(other(f"{at}/event", entry.event.document.id, record.document_id))
        else:
            self._once(entry.event, at)

    def _once(self, event: Event, at: str) -> None:
        name = sha256(f"{event.actor.member} {event.id}".encode()).digest()[:16]
        if name in self._events and len(self._told.remarks) < MOST_FINDINGS:
            self._told.remarks.append(finding("audit.event-twice", f"{at}/event", found=event.id))
        self._events.add(name)

    def _as_of(self, at: datetime) -> TrustList:
        """The list to judge by what was recorded then."""
        history = self._trust.history
        if not isinstance(history, TrustHistory):
            return self._trust.as_of(at)
        number = history.version_at(at).number
        if number != self._then[0]:
            self._then = number, self._trust.as_of(at)
        return self._then[1]

    def _see(self) -> None:
        """Witnesses and timestamp of the checkpoint; and whether what is not there is accounted for."""
        told, head = self._told, self._head
        token = None if head.timestamp is None else b64decode(head.timestamp)
        latest = self._latest or self._now
        seen = seen_by(head.checkpoint, token, self._trust, latest, self._now)
        told.seen = seen.sentence.removeprefix(", ")
        for each in seen.findings:
            told.add(each)
        if latest > self._now + TOLERANCE:
            late = f"at most {rfc3339(self._now)}"
            told.add(finding("log.future", found=rfc3339(latest), expected=late, attack="LOG-14"))
        for each in self._listed.missing(latest):
            told.add(each)
        for code, indexes in (("audit.hidden", self._withheld.hidden), ("audit.withheld", self._withheld.events)):
            for index in indexes:
                told.add(finding(code, f"/{index - head.first + 1}", found=f"entry {index}"))
