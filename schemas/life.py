"""The life of an accepted document: what may be said about it, by whom, in which state. The engine, and the table of
families; what each family's documents go through is data in its own `life.py`.

1. A transition is a row: which event, said by whom, from which states, to which, under which clause, from which source,
   with which fidelity. What is in no row may not be said.
2. State is kept per recipient where recipients can differ (accepted here, queried there). A transition of the whole
   document (cancelled, replaced, expired) moves all recipients, and ends the document.
3. Retroactive verification is a track of its own beside the state: a certificate stays accepted while it is checked.
4. Sequences count per (document, recipient). An event states the one it has seen, and makes the next; one about the
   whole document states the highest, and makes all of them one higher than that.
5. Nothing here knows a clock: that a term has passed, or a certificate has expired, is an event too, said by the hub.
6. A refusal tells what was said, the state that it met, what may be said now, and the clause.

`apply` is a pure function. The hub runs it twice (early, for findings; again in the transaction), the evidence's
verifier plays a whole record through it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from schemas.event import HUB, Event, EventType, TitleEvent
from schemas.findings import Fidelity, Finding, Kind, finding, register
from schemas.registry import Document, profile_of

_SOURCE = "ASEAN Single Window, e-Form D process (outline)"

register(
    [
        Kind(
            "event.unknown-recipient",
            "The event names no recipient of this document.",
            "Name the recipient that it is about; what holds for the whole document (a cancellation) names none.",
        ),
        Kind(
            "event.wrong-party",
            "This member may not say this about the document.",
            "Only a recipient decides; only the sender or the issuer answers or cancels; only the hub's clock expires.",
            source=_SOURCE,
            fidelity=Fidelity.MODELLED,
            status=403,
        ),
        Kind(
            "event.old-sequence",
            "The document has moved on since the sequence that the event states.",
            "Read the timeline, and send the event again with the sequence as it is now.",
            status=409,
        ),
        Kind(
            "event.not-now",
            "The document's state does not allow this event.",
            "Read the timeline: what is allowed now stands in this finding.",
            source=_SOURCE,
            fidelity=Fidelity.MODELLED,
            status=409,
        ),
        Kind(
            "event.reason-missing",
            "A query or a rejection gives no reason.",
            "Give at least one reason, with the place in the document that it is about.",
            clause="Rules 18 and 13",
            source="ATIGA Annex 8 (verification with reasons; return of a refused Form D with reasons)",
            fidelity=Fidelity.MODELLED,
        ),
    ]
)


class State(StrEnum):
    """Where a document stands at one recipient. The first state is its family's: received, issued or applied."""

    RECEIVED = "received"
    ISSUED = "issued"
    APPLIED = "applied"
    EXAMINED = "examined"
    ACCEPTED = "accepted"
    QUERIED = "queried"
    ANSWERED = "answered"
    REJECTED = "rejected"
    UTILISED = "utilised"
    """Partly or wholly: the ledger knows."""
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    EXPIRED = "expired"


class Check(StrEnum):
    """Where a retroactive verification stands at one recipient, the requesting side."""

    REQUESTED = "requested"
    OVERDUE = "overdue"
    """The term to answer has passed."""
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not-confirmed"
    NO_ANSWER = "no-answer"


class Role(StrEnum):
    """Who may say something of a document."""

    RECIPIENT = "recipient"
    """The recipient that it is about."""
    ISSUING_SIDE = "issuing side"
    """The member that sent it, or whose key signed it."""
    CLOCK = "clock"
    """The hub, for what its business clock does."""
    RECORD = "record"
    """The hub, in the transaction that accepts the document which says so."""


HUB_ROLES = frozenset({Role.CLOCK, Role.RECORD})


@dataclass(frozen=True, slots=True)
class Standing:
    """One document at one recipient."""

    state: State
    sequence: int
    check: Check | None = None
    draws: int = 0
    """Uses that are neither released nor reversed."""
    asked: frozenset[str] = frozenset()
    """Ids of the questions that wait for an answer."""


@dataclass(frozen=True, slots=True)
class Course:
    """One document at all its recipients."""

    standings: Mapping[str, Standing]
    """By recipient; every one of them."""
    ended: State | None = None
    """Cancelled, replaced or expired, as a whole; None while it is live."""

    @property
    def highest(self) -> int:
        """The sequence that an event about the whole document states."""
        return max((standing.sequence for standing in self.standings.values()), default=0)


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has a part in one document, by member id. `issuer` is the member whose key signed it, if any did."""

    sender: str
    issuer: str | None
    recipients: frozenset[str]

    @property
    def issuing_side(self) -> frozenset[str]:
        return frozenset({self.sender} | ({self.issuer} if self.issuer else set()))


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a life."""

    event: EventType
    by: Role
    before: frozenset[State]
    """States that it leads away from."""
    after: State | None
    """None: the state stays."""
    sentence: str
    """What it says, for people."""
    clause: str
    source: str
    fidelity: Fidelity
    variant: str = ""
    """Where one event leads to different places: which of them, as the family's `variant` tells from its body."""
    whole: bool = False
    """About the whole document: the recipients in `before` move, all sequences count on, the document ends."""
    forbidden: frozenset[State] = frozenset()
    """Of the whole: states of any recipient that refuse it."""
    refusal: str = ""
    """Why they do, in a sentence."""
    not_all: frozenset[State] = frozenset()
    """Of the whole: refused where every recipient is in one of these."""
    although: frozenset[State] = frozenset()
    """How a document may have ended that it still may be said of."""
    checks: frozenset[Check | None] | None = None
    """Where the verification must stand; None: wherever."""
    check: Check | None = None
    """Where the verification stands afterwards; None: as before."""
    draws: int = 0
    """What it does to the number of open draws; with the last of them gone, the state is `accepted` again."""


def _nothing_needed(event: Event, standing: Standing | None) -> tuple[Finding, ...]:
    return ()


def _nothing_asked(event: Event) -> frozenset[str]:
    return frozenset()


def _no_variant(event: Event) -> str:
    return ""


def _no_end(document: Document) -> date | None:
    return None


@dataclass(frozen=True, slots=True)
class Life:
    """What the documents of one family go through."""

    family: str
    title: str
    first: State
    """Before anything is said."""
    transitions: tuple[Transition, ...]
    needs: Callable[[Event, Standing | None], tuple[Finding, ...]] = _nothing_needed
    """What an event lacks that may be said now: reasons, a body of its type, answers to what was asked. The standing
    is the recipient's, None for an event about the whole document."""
    asked: Callable[[Event], frozenset[str]] = _nothing_asked
    """The questions of a query."""
    variant: Callable[[Event], str] = _no_variant
    ends: Callable[[Document], date | None] = _no_end
    """The last day on which a document is valid; None: it does not end by itself."""
    _by_event: dict[EventType | TitleEvent, tuple[Transition, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_event: dict[EventType | TitleEvent, tuple[Transition, ...]] = {
            event: tuple(row for row in self.transitions if row.event is event)
            for event in {row.event for row in self.transitions}
        }
        object.__setattr__(self, "_by_event", by_event)

    def rows(self, event: EventType | TitleEvent) -> tuple[Transition, ...]:
        """The rows of one type of event; none: it is not said of this family's documents."""
        return self._by_event.get(event, ())


# --- Which life a document has ---------------------------------------------------------------------------------------

_LIVES: dict[str, Life] = {}


def add_life(life: Life) -> Life:
    """Each family's `life.py` calls this once, at import."""
    if life.family in _LIVES:
        raise ValueError(f"the family {life.family} has a life already")
    _LIVES[life.family] = life
    return life


def lives() -> dict[str, Life]:
    """Every life by family; the plain one holds for a family that has none of its own."""
    profile_of("")  # loads the families
    return dict(sorted(_LIVES.items()))


def life_of(profile_id: str) -> Life:
    """The life of the documents of a profile."""
    profile = profile_of(profile_id)
    return PLAIN if profile is None else _LIVES.get(profile.family, PLAIN)


# --- Applying --------------------------------------------------------------------------------------------------------


def apply(life: Life, course: Course, event: Event, parties: Parties) -> Course | tuple[Finding, ...]:
    """Where the document stands after the event; or all that refuses it. `course` has every recipient."""
    rows = life.rows(event.type)
    if not rows:
        return (_not_of_this_family(life, event),)
    refused = _wrong_recipient(rows[0], course, event) or _wrong_party(rows, event, parties)
    if refused is not None:
        return (refused,)
    standing = None if rows[0].whole else course.standings[event.recipient or ""]
    refused = _moved_on(event, standing.sequence if standing else course.highest)
    if refused is not None:
        return (refused,)
    variant = life.variant(event)
    wanted = [row for row in rows if row.variant in ("", variant)]
    allowed = next((row for row in wanted if _allows(row, course, standing)), None)
    lacking = life.needs(event, standing) if allowed or not wanted else ()
    if lacking or allowed is None:
        return lacking or (_not_now(life, wanted, course, standing, event),)
    return _moved(life, allowed, course, event)


def _moved(life: Life, row: Transition, course: Course, event: Event) -> Course:
    if row.whole:
        sequence = course.highest + 1
        moved = {
            name: replace(
                each,
                state=row.after if row.after is not None and each.state in row.before else each.state,
                sequence=sequence,
                asked=frozenset(),
            )
            for name, each in course.standings.items()
        }
        return Course(moved, row.after)
    recipient = event.recipient or ""
    before = course.standings[recipient]
    draws = before.draws + row.draws
    state = before.state if row.after is None else row.after
    if row.draws < 0 and draws == 0 and state is State.UTILISED:
        state = State.ACCEPTED
    asked = before.asked if row.after is None else life.asked(event) if state is State.QUERIED else frozenset()
    after = Standing(state, before.sequence + 1, before.check if row.check is None else row.check, draws, asked)
    return Course({**course.standings, recipient: after}, course.ended)


def _allows(row: Transition, course: Course, standing: Standing | None) -> bool:
    if course.ended is not None and course.ended not in row.although:
        return False
    if standing is None:
        return _in_the_way(row, course) is None
    if row.draws < 0 and standing.draws == 0:
        return False
    return standing.state in row.before and (row.checks is None or standing.check in row.checks)


def _in_the_way(row: Transition, course: Course) -> State | None:
    """Of a row about the whole document: the state of a recipient that refuses it. Where uses are open it counts as
    utilised, whatever was decided since."""
    states = {State.UTILISED if standing.draws else standing.state for standing in course.standings.values()}
    if states & row.forbidden:
        return min(states & row.forbidden)
    return min(states) if states and states <= row.not_all else None


# --- Refusing --------------------------------------------------------------------------------------------------------


def _not_of_this_family(life: Life, event: Event) -> Finding:
    said = ", ".join(dict.fromkeys(row.event for row in life.transitions))
    return finding("event.not-now", "/type", found=f"{event.type} of a document of this kind", expected=said)


def _wrong_recipient(row: Transition, course: Course, event: Event) -> Finding | None:
    if row.whole:
        if event.recipient is None:
            return None
        return finding("event.unknown-recipient", "/recipient", found=event.recipient, expected="no recipient")
    if event.recipient in course.standings:
        return None
    expected = " or ".join(sorted(course.standings))
    return finding("event.unknown-recipient", "/recipient", found=event.recipient or "none", expected=expected)


def _wrong_party(rows: Iterable[Transition], event: Event, parties: Parties) -> Finding | None:
    may: set[str] = set()
    for row in rows:
        may |= _speakers(row.by, event, parties)
    if event.actor.member in may:
        return None
    refused = finding("event.wrong-party", "/actor/member", found=event.actor.member, expected=" or ".join(sorted(may)))
    return _under(next(iter(rows)), refused)


def _speakers(role: Role, event: Event, parties: Parties) -> frozenset[str]:
    if role in HUB_ROLES:
        return frozenset({HUB})
    return parties.issuing_side if role is Role.ISSUING_SIDE else frozenset({event.recipient or ""})


def _moved_on(event: Event, sequence: int) -> Finding | None:
    if event.expected_sequence == sequence:
        return None
    return finding("event.old-sequence", "/expectedSequence", found=event.expected_sequence, expected=sequence)


def _not_now(life: Life, wanted: list[Transition], course: Course, standing: Standing | None, event: Event) -> Finding:
    """What was said, of a document in which state, and what may be said instead."""
    choice = ", ".join(_sayable(life, course, standing)) or "nothing more"
    met = wanted[0] if wanted else None
    state: str = _met(met, course, standing)
    refused = finding(
        "event.not-now",
        "/type",
        found=f"{event.type} of a document that is {state}",
        expected=f"{choice} now",
        message=met.refusal if met and met.refusal and _by_refusal(met, course) else "",
    )
    return _under(met, refused) if met else refused


def _met(row: Transition | None, course: Course, standing: Standing | None) -> str:
    """The state that refuses, in words."""
    if course.ended is not None and (row is None or course.ended not in row.although):
        return course.ended
    if standing is None:
        return (_in_the_way(row, course) if row else None) or "with nobody"
    if row is not None and row.checks is not None:
        checked = f"verification {standing.check}" if standing.check else "not being verified"
        return f"{standing.state}, {checked}"
    return standing.state


def _by_refusal(row: Transition, course: Course) -> bool:
    return course.ended is None and _in_the_way(row, course) in row.forbidden


def _sayable(life: Life, course: Course, standing: Standing | None) -> list[str]:
    """The events that some party may say now of this recipient, or of the whole; the hub's own left out."""
    allowed = [
        row.event.value
        for row in life.transitions
        if row.by not in HUB_ROLES and (row.whole or standing is not None)
        if _allows(row, course, None if row.whole else standing)
    ]
    return list(dict.fromkeys(allowed))


def _under(row: Transition, refused: Finding) -> Finding:
    """The refusal, under the clause of the row that does not allow it."""
    return replace(refused, clause=row.clause, source=row.source, fidelity=row.fidelity)


# --- The plain life --------------------------------------------------------------------------------------------------


def reasons_needed(event: Event, standing: Standing | None = None) -> tuple[Finding, ...]:
    """Doubt and refusal have a reason."""
    if event.type not in (EventType.QUERIED, EventType.REJECTED) or event.reasons:
        return ()
    return (finding("event.reason-missing", "/reasons", found="none", expected="one or more"),)


def _plain(
    event: EventType,
    by: Role,
    before: set[State],
    sentence: str,
    *,
    whole: bool = False,
    forbidden: frozenset[State] = frozenset(),
    not_all: frozenset[State] = frozenset(),
) -> Transition:
    return Transition(
        event=event,
        by=by,
        before=frozenset(before),
        after=State(event.value),
        sentence=sentence,
        clause="",
        source=_SOURCE,
        fidelity=Fidelity.MODELLED,
        whole=whole,
        forbidden=forbidden,
        not_all=not_all,
    )


_OPEN = {State.RECEIVED, State.QUERIED, State.ANSWERED}

PLAIN_TRANSITIONS = (
    _plain(EventType.ACCEPTED, Role.RECIPIENT, _OPEN, "The recipient accepts the document."),
    _plain(
        EventType.QUERIED,
        Role.RECIPIENT,
        {State.RECEIVED, State.ANSWERED},
        "The recipient asks: doubt leads to a question, not to a silent refusal.",
    ),
    _plain(EventType.ANSWERED, Role.ISSUING_SIDE, {State.QUERIED}, "Sender or issuer answer."),
    _plain(EventType.REJECTED, Role.RECIPIENT, _OPEN, "The recipient refuses, with reasons."),
    _plain(
        EventType.CANCELLED,
        Role.ISSUING_SIDE,
        {*_OPEN, State.ACCEPTED, State.REJECTED},
        "Sender or issuer cancel, for all recipients; not once it was used anywhere, or refused everywhere.",
        whole=True,
        forbidden=frozenset({State.UTILISED}),
        not_all=frozenset({State.REJECTED}),
    ),
)

PLAIN = Life("", "A document of no family with a life of its own", State.RECEIVED, PLAIN_TRANSITIONS, reasons_needed)
