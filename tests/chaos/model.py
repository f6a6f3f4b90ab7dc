"""A hub on one page: what intake, forwarding, events and deliveries answer, told without store, HTTP or signatures.

The model knows documents by what they say and members by name. It predicts each answer, and what then stands where. It
is written from the API's reference and DESIGN.md, and shares no code with the hub.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

SENDING = ("SG-NSW", "OLD-EXPORT", "TH-NSW")
RECEIVING = ("SG-NSW", "TH-NSW", "VN-NSW")
MEMBERS = ("SG-NSW", "TH-NSW", "VN-NSW", "OLD-EXPORT")
ISSUER = "SG-NSW"
"""Signs every document, whoever hands it in."""

FOLLOWS = {
    "issued": {"examined", "accepted", "queried", "rejected"},
    "examined": {"accepted", "queried", "rejected"},
    "queried": {"answered", "accepted", "rejected"},
    "answered": {"accepted", "queried", "rejected"},
    "accepted": {"utilised"},
    "utilised": {"utilised"},
    "rejected": set[str](),
    "cancelled": set[str](),
}
"""What may be said of a certificate in each state, apart from a cancellation."""

KINDS = sorted({"cancelled"}.union(*FOLLOWS.values()))
"""All that is said here. Verification, replacement and expiry have tests of their own."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate as bytes: number, content under it, syntax, and which signature."""

    number: int
    variant: int
    syntax: str
    signature: int

    @property
    def content(self) -> tuple[int, int, str]:
        """The same under whatever signature. XML and JSON are two contents."""
        return (self.number, self.variant, self.syntax)


@dataclass
class Parcel:
    """One delivery. `id`, `note` and `message` are learned when it is first taken."""

    kind: str
    original: bytes
    state: str = "due"
    id: str = ""
    note: str = ""
    message: str = ""


@dataclass
class Kept:
    """An accepted document: who sent it, what became of it at whom."""

    paper: Paper
    data: bytes
    sender: str
    id: str = ""
    digest: str = ""
    receipt: str = ""
    standings: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def cancelled(self) -> bool:
        return any(state == "cancelled" for state, _ in self.standings.values())

    @property
    def told(self) -> set[str]:
        """Who is told of what is said of it."""
        return {self.sender, ISSUER}


@dataclass(frozen=True, slots=True)
class Taken:
    """Accepted, for the first time."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Accepted before: the first answer, as JSON."""

    raw: str


@dataclass(frozen=True, slots=True)
class No:
    """Refused, with exactly these codes."""

    codes: frozenset[str]


Prediction = Taken | Replayed | No


class Model:
    """The hub's state, as far as its members can see it."""

    def __init__(self) -> None:
        self.documents: list[Kept] = []
        self.keys: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.parcels: dict[str, list[Parcel]] = {member: [] for member in MEMBERS}
        self.messages = 0

    # --- intake ---

    def submission(self, sender: str, paper: Paper, data: bytes, to: tuple[str, ...], key: str | None) -> Prediction:
        wrong = frozenset(_wrong_route(sender, to))
        before = self._seen_before(sender, paper, data, key)
        if isinstance(before, Replayed):
            return before
        codes = wrong | (before.codes if before else frozenset())
        return No(codes) if codes else Taken()

    def _seen_before(self, sender: str, paper: Paper, data: bytes, key: str | None) -> Replayed | No | None:
        if key is not None and (sender, key) in self.keys:
            first, raw = self.keys[sender, key]
            return Replayed(raw) if first == data else No(frozenset({"request.idempotency-mismatch"}))
        if self.first_with(paper) is not None:
            return No(frozenset({"document.duplicate"}))
        if any(kept.paper.number == paper.number for kept in self.documents):
            return No(frozenset({"document.number-taken"}))
        return None

    def first_with(self, paper: Paper) -> Kept | None:
        """The document of the same content."""
        return next((kept for kept in self.documents if kept.paper.content == paper.content), None)

    def keep(self, kept: Kept, to: tuple[str, ...], key: str | None, raw: str) -> None:
        self.documents.append(kept)
        self.messages += 1
        if key is not None:
            self.keys[kept.sender, key] = (kept.data, raw)
        self._address(kept, to)

    def _address(self, kept: Kept, to: tuple[str, ...]) -> None:
        for name in to:
            kept.standings[name] = ("issued", 0)
            self.parcels[name].append(Parcel("document", kept.data))

    # --- forwarding ---

    def forwarding(self, caller: str, kept: Kept, to: tuple[str, ...]) -> Prediction:
        if caller != kept.sender and caller not in kept.standings:
            return No(frozenset({"document.unknown"}))
        codes = set(_wrong_route(caller, to))
        if any(name in kept.standings or name == kept.sender for name in to):
            codes.add("route.already-there")
        if kept.cancelled:
            codes.add("event.not-now")
        return No(frozenset(codes)) if codes else Taken()

    def forward(self, kept: Kept, to: tuple[str, ...]) -> None:
        self.messages += 1
        self._address(kept, to)

    # --- events ---

    def saying(
        self, kept: Kept, kind: str, by: str, recipient: str | None, sequence: int, reasons: bool, this: bool
    ) -> Prediction:
        """`this`: the event names this content, not another."""
        if by not in {kept.sender, ISSUER, *kept.standings}:
            return No(frozenset({"document.unknown"}))
        codes = {self._not_allowed(kept, kind, by, recipient, sequence, reasons)} - {""}
        if not this:
            codes.add("event.other-document")
        return No(frozenset(codes)) if codes else Taken()

    def _not_allowed(self, kept: Kept, kind: str, by: str, recipient: str | None, sequence: int, reasons: bool) -> str:
        cancels = kind == "cancelled"
        if (recipient is not None) if cancels else (recipient not in kept.standings):
            return "event.unknown-recipient"
        if by not in ({kept.sender, ISSUER} if kind in ("answered", "cancelled") else {recipient}):
            return "event.wrong-party"
        if sequence != self.sequence_of(kept, recipient):
            return "event.old-sequence"
        states = {state for state, _ in kept.standings.values()}
        if cancels:
            allowed = not states & {"utilised", "cancelled"}
        else:
            allowed = kind in FOLLOWS[kept.standings[recipient or ""][0]]
        if not allowed:
            return "event.not-now"
        return "" if reasons or kind not in ("queried", "rejected") else "event.reason-missing"

    def sequence_of(self, kept: Kept, recipient: str | None) -> int:
        """The one that a speaker has to state: the recipient's, or for all of them the highest."""
        if recipient is None:
            return max(sequence for _, sequence in kept.standings.values())
        return kept.standings.get(recipient, ("", 0))[1]

    def say(self, kept: Kept, kind: str, by: str, recipient: str | None, token: bytes) -> None:
        self.messages += 1
        told = set(kept.told)
        if recipient is None:
            after = (kind, self.sequence_of(kept, None) + 1)
            kept.standings = dict.fromkeys(kept.standings, after)
            told |= set(kept.standings)
        else:
            kept.standings[recipient] = (kind, kept.standings[recipient][1] + 1)
            told |= {recipient} if kind == "answered" else set()
        for name in told - {by}:
            self.parcels[name].append(Parcel("event", token))

    # --- deliveries ---

    def due(self, member: str) -> list[Parcel]:
        return [parcel for parcel in self.parcels[member] if parcel.state == "due"]

    def end_leases(self) -> None:
        for parcel in (parcel for each in self.parcels.values() for parcel in each):
            parcel.state = "due" if parcel.state == "leased" else parcel.state


def _wrong_route(sender: str, to: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for name in to:
        if name in seen:
            yield "route.twice"
        elif name not in MEMBERS:
            yield "route.unknown-recipient"
        elif name == sender:
            yield "route.to-itself"
        elif name not in RECEIVING:
            yield "route.not-a-recipient"
        seen.add(name)
