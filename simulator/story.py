"""What happens to a document after it is accepted: who says what, and when it is their turn. Pure.

1. A story is data: for each recipient the steps of what is said there, one after the other, by the recipient or by the
   issuing side, as the type of the step tells; and whether the sender cancels in the end, or another document replaces
   this one.
2. Whose turn it is follows from what was said so far, never from the time: so the sequence that an event states is the
   same in every run.
3. A query is answered before anything else is said: where no answer of its own follows, the sender gives the usual one.
4. A step may be refused on purpose. It leaves no event behind: only who said it knows, and goes on to its next step.
5. A step may wait until its speaker has sent a document: the word `issued` for the certificate that it names.
6. A document of nobody's story (a user sent it) is accepted, unless its number ends as `simulator.magic` says. The
   issuing side of such a document is the user: no partner answers for it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from simulator.magic import told_by

BY_RECIPIENT = frozenset(
    {"accepted", "queried", "rejected", "utilised", "issued", "verification-requested", "verification-concluded"}
)
BY_ISSUING_SIDE = frozenset({"answered", "verification-answered"})
SAID = BY_RECIPIENT | BY_ISSUING_SIDE
"""The types of steps. What others say meanwhile (a user who examines it, the hub's reminder) is none of them."""
ENDS = frozenset({"cancelled", "replaced", "expired"})
"""After which a document's story is over."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is said."""

    says: str
    """Type of the event: one of `SAID`."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Of the event (docs/life.md); where it is empty, the usual one of the type."""
    reasons: tuple[Mapping[str, str], ...] = ()
    """Of the event; where there is none, the usual ones of the type."""
    after: str = ""
    """Number of the document that the speaker must have sent before."""
    refused: str = ""
    """Code of the finding by which the hub shall refuse it."""
    teaches: str = ""
    """Of a step that is refused: one sentence for the person who watches."""

    @property
    def by_issuing_side(self) -> bool:
        return self.says in BY_ISSUING_SIDE


def steps_of(says: Iterable[str | Step]) -> tuple[Step, ...]:
    """The steps of a conversation; rule 3."""
    steps: list[Step] = []
    for each in says:
        step = Step(each) if isinstance(each, str) else each
        if steps and steps[-1].says == "queried" and step.says != "answered":
            steps.append(Step("answered"))
        steps.append(step)
    return (*steps, Step("answered")) if steps and steps[-1].says == "queried" else tuple(steps)


OTHERWISE = steps_of(["accepted"])


@dataclass(frozen=True, slots=True)
class Story:
    """The story of one document."""

    steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    """By recipient; one that is not named accepts."""
    cancelled: bool = False
    """Whether the sender cancels it in the end."""
    replaced: bool = False
    """Whether another document takes its place: then the hub says so."""

    def at(self, recipient: str) -> tuple[Step, ...]:
        """What is said at this recipient."""
        return self.steps.get(recipient, OTHERWISE)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Self:
        steps = {
            who: tuple(Step(**{**step, "reasons": tuple(step["reasons"])}) for step in said)
            for who, said in members["steps"].items()
        }
        return cls(steps, members["cancelled"], members["replaced"])


@dataclass(frozen=True, slots=True)
class Said:
    """An event that a member knows of."""

    type: str
    recipient: str | None
    sequence: int
    """The one that the event made."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a member says next."""

    type: str
    recipient: str | None
    expected_sequence: int
    place: int = 0
    """Of the step, among those of its recipient."""
    step: Step = field(default=Step(""), compare=False)


def recipient_says(
    story: Story | None, number: str | None, me: str, said: Sequence[Said], refused: Collection[int] = ()
) -> Line | None:
    """What the recipient `me` says next of a document, if it is its turn. `refused`: places of its refused steps."""
    steps = steps_by_number(number) if story is None else story.at(me)
    return None if _is_over(said) else _next(steps, me, said, refused, by_issuing_side=False)


def sender_says(story: Story | None, recipients: Iterable[str], said: Sequence[Said]) -> Line | None:
    """What the sender says next of its document, if it is its turn. Only a document with a story is spoken for."""
    if story is None or _is_over(said):
        return None
    recipients = tuple(recipients)
    for recipient in recipients:
        line = _next(story.at(recipient), recipient, said, (), by_issuing_side=True)
        if line is not None:
            return line
    if story.cancelled and all(_all_said(story.at(who), who, said) for who in recipients):
        return Line("cancelled", None, max((each.sequence for each in said), default=0))
    return None


def lines(story: Story, recipients: Iterable[str]) -> list[Line]:
    """All that members will say in a story; the sequences are not known beforehand, and are 0 here."""
    every = [
        Line(step.says, recipient, 0, place, step)
        for recipient in recipients
        for place, step in enumerate(story.at(recipient))
    ]
    return [*every, Line("cancelled", None, 0)] if story.cancelled else every


def steps_by_number(number: str | None) -> tuple[Step, ...]:
    """What is said of a document of nobody's story (rule 6)."""
    outcome = told_by(number).outcome
    if outcome is None:
        return OTHERWISE
    reasons = (outcome.reason.to_json(),) if outcome.reason else ()
    return steps_of(Step(says, reasons=reasons if says in _WITH_REASONS else ()) for says in outcome.says)


_WITH_REASONS = frozenset({"queried", "rejected"})


def _is_over(said: Iterable[Said]) -> bool:
    return any(each.type in ENDS for each in said)


def _next(
    steps: Sequence[Step], recipient: str, said: Iterable[Said], refused: Collection[int], *, by_issuing_side: bool
) -> Line | None:
    """The step whose turn it is, if it is this side's."""
    said = tuple(said)
    place = _place(steps, recipient, said)
    while place < len(steps) and steps[place].refused:
        if place not in refused and steps[place].by_issuing_side == by_issuing_side:
            break
        place += 1
    if place >= len(steps) or steps[place].by_issuing_side != by_issuing_side:
        return None
    sequence = max((each.sequence for each in said if each.recipient == recipient), default=0)
    return Line(steps[place].says, recipient, sequence, place, steps[place])


def _all_said(steps: Sequence[Step], recipient: str, said: Iterable[Said]) -> bool:
    return all(step.refused for step in steps[_place(steps, recipient, said) :])


def _place(steps: Sequence[Step], recipient: str, said: Iterable[Said]) -> int:
    """How many of the steps were said: each event of a side is the next step, if that is this side's."""
    place = 0
    for each in sorted((each for each in said if each.recipient == recipient), key=lambda each: each.sequence):
        after = next((at for at in range(place, len(steps)) if not steps[at].refused), len(steps))
        if each.type not in SAID or after == len(steps):
            continue
        if steps[after].by_issuing_side == (each.type in BY_ISSUING_SIDE):
            place = after + 1
    return place
