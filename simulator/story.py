"""What happens to a document after it is accepted: who says what, and when it is their turn. Pure.

1. A story is data: for each recipient the decisions it takes, one after the other, and whether the sender cancels.
2. Whose turn it is follows from what was said so far, never from the time: so the sequence that an event states is the
   same in every run.
3. A recipient that has queried waits for the answer. A sender answers each query, and cancels, where the story says so,
   after everybody has said their part.
4. A document of nobody's story (a user sent it) is accepted, unless its number ends as `ENDINGS` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "-R01": ("rejected",),
    "-Q01": ("queried", "accepted"),
    "-U01": ("accepted", "utilised"),
    "-N01": (),
}
"""What a simulated recipient decides on a document whose number ends so. `-N01`: nothing, ever."""

OTHERWISE = ("accepted",)

DECISIONS = frozenset({"accepted", "queried", "rejected", "utilised"})
"""What a story's recipient says. What others say meanwhile (an answer, the hub's reminder) is none of it."""
ENDS = frozenset({"cancelled", "replaced", "expired"})
"""After which a document's story is over."""


@dataclass(frozen=True, slots=True)
class Story:
    """The story of one document."""

    decisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By recipient: accepted, queried, rejected, utilised, in order."""
    cancelled: bool = False
    """Whether the sender cancels it in the end."""


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


def recipient_says(story: Story | None, number: str | None, me: str, said: Sequence[Said]) -> Line | None:
    """What the recipient `me` says next of a document, if it is its turn."""
    decisions = _decisions(story, number, me)
    about_me = [each for each in said if each.recipient == me]
    mine = [each for each in about_me if each.type in DECISIONS]
    if any(each.type in ENDS for each in said) or len(mine) >= len(decisions):
        return None
    last = max(about_me, key=lambda each: each.sequence, default=None)
    if last is not None and last.type == "queried":
        return None  # the answer is not there yet
    return Line(decisions[len(mine)], me, last.sequence if last else 0)


def sender_says(story: Story | None, recipients: Iterable[str], said: Sequence[Said]) -> Line | None:
    """What the sender says next of its document, if it is its turn. Only a document with a story is spoken for."""
    if story is None or any(each.type in ENDS for each in said):
        return None
    for recipient in recipients:
        last = max((each for each in said if each.recipient == recipient), key=_sequence, default=None)
        if last is not None and last.type == "queried":
            return Line("answered", recipient, last.sequence)
    if story.cancelled and all(_has_said_all(story, recipient, said) for recipient in recipients):
        return Line("cancelled", None, max((each.sequence for each in said), default=0))
    return None


def lines(story: Story, recipients: Iterable[str]) -> list[tuple[str, str | None]]:
    """All that will be said in a story: (type, recipient), without order."""
    every: list[tuple[str, str | None]] = []
    for recipient in recipients:
        for decision in story.decisions.get(recipient, OTHERWISE):
            every.append((decision, recipient))
            if decision == "queried":
                every.append(("answered", recipient))
    return [*every, ("cancelled", None)] if story.cancelled else every


def _decisions(story: Story | None, number: str | None, me: str) -> tuple[str, ...]:
    if story is not None:
        return story.decisions.get(me, OTHERWISE)
    return next((said for ending, said in ENDINGS.items() if (number or "").endswith(ending)), OTHERWISE)


def _has_said_all(story: Story, recipient: str, said: Iterable[Said]) -> bool:
    mine = [each for each in said if each.recipient == recipient and each.type in DECISIONS]
    return len(mine) >= len(story.decisions.get(recipient, OTHERWISE))


def _sequence(said: Said) -> int:
    return said.sequence
