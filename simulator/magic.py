"""What the end of a document's number makes a simulated recipient do. One table; the docs and `tb magic` print it.

1. An ending is a hyphen, a letter and a number: `SG-2026-00041-R02` is rejected because of its HS code.
2. Several stand one after the other: `-R02-T30` is rejected for that after 30 seconds, `-D2` says each thing twice.
3. Seconds are of the business clock: on a clock that stands still they pass when it is moved.
4. They hold for documents of nobody's story: what a scenario tells of a document goes before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENDING = re.compile(r"-([A-Z])([0-9]{1,4})$")
MOST_TIMES = 5
MOST_SECONDS = 9999


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a simulated officer queries or rejects. The codes are invented: no window's list was found."""

    slug: str
    """After `simulation.`, as it stands in the event."""
    text: str

    def to_json(self) -> dict[str, str]:
        return {"code": f"simulation.{self.slug}", "text": self.text}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one ending forces."""

    ending: str
    says: tuple[str, ...]
    """Types of the events, in order; what the issuing side says in between is the sender's to say."""
    reason: Reason | None = None
    by_system: bool = False
    """The recipient's own system refuses, and no officer sees it; who has no such word accepts."""

    @property
    def does(self) -> str:
        if self.by_system:
            return (
                f"refused by the recipient's own system, seen by no officer: {self.reason.text if self.reason else ''}"
            )
        if not self.says:
            return "says nothing, ever"
        return ", then ".join(self.says) + (f": {self.reason.text}" if self.reason else "")


_REJECTED: tuple[tuple[str, str], ...] = (
    ("not-our-consignment", "No consignment of this document has arrived."),
    ("hs-mismatch", "The HS code differs from that of the import declaration."),
    ("quantity-mismatch", "The quantity differs from that of the import declaration."),
    ("weight-mismatch", "The gross weight differs from that of the transport document."),
    ("origin-criterion", "The origin criterion does not hold for these goods."),
    ("expired-at-import", "The certificate had expired when the goods were imported."),
    ("specimen-unknown", "The official's signature is not among the specimens received."),
    ("other-consignee", "The consignee is not the importer."),
    ("not-direct", "The goods were not consigned directly."),
    ("other-invoice", "The invoice is another one than the declaration's."),
    ("other-vessel", "The vessel or voyage differs from that of the transport document."),
    ("goods-description", "The description of goods does not let them be identified."),
)
_QUERIED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("please-confirm", "Please confirm the number of packages.", ("queried", "accepted")),
    ("please-describe", "Please describe the goods so that they can be identified.", ("queried", "rejected")),
    ("please-wait", "We wait for our laboratory.", ("queried",)),
)

OUTCOMES: tuple[Outcome, ...] = (
    *(Outcome(f"-R{n:02d}", ("rejected",), Reason(*each)) for n, each in enumerate(_REJECTED, 1)),
    *(Outcome(f"-Q{n:02d}", says, Reason(slug, text)) for n, (slug, text, says) in enumerate(_QUERIED, 1)),
    Outcome("-S01", ("accepted",), Reason("system-fault", "The message could not be processed."), by_system=True),
    Outcome("-U01", ("accepted", "utilised")),
    Outcome("-V01", ("accepted", "verification-requested")),
    Outcome("-N01", ()),
)
BY_ENDING: Mapping[str, Outcome] = {each.ending: each for each in OUTCOMES}
REASONS: Mapping[str, Reason] = {each.reason.slug: each.reason for each in OUTCOMES if each.reason}
"""By slug: what scripts name too."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the end of a number tells."""

    outcome: Outcome | None = None
    seconds: int = 0
    """Of the business clock, before the first word."""
    times: int = 1
    """So often is each thing said."""


def told_by(number: str | None) -> Told:
    """What a number's endings force, read from its end; what is no ending of the table ends the reading."""
    rest, outcome, seconds, times = number or "", None, 0, 1
    while found := ENDING.search(rest):
        letter, count = found[1], int(found[2])
        if letter == "T" and 0 < count <= MOST_SECONDS and not seconds:
            seconds = count
        elif letter == "D" and 1 < count <= MOST_TIMES and times == 1:
            times = count
        elif found[0] in BY_ENDING and outcome is None:
            outcome = BY_ENDING[found[0]]
        else:
            break
        rest = rest[: found.start()]
    return Told(outcome, seconds, times)


def table() -> Sequence[Mapping[str, Any]]:
    """All that an ending can be, for `tb magic` and its page."""
    rows: list[Mapping[str, Any]] = [
        {
            "ending": each.ending,
            "says": list(each.says),
            "reason": each.reason.to_json() if each.reason else None,
            "does": each.does,
        }
        for each in OUTCOMES
    ]
    return [
        *rows,
        {"ending": "-T30", "says": [], "reason": None, "does": "waits 30 seconds of the business clock (1 to 9999)"},
        {"ending": "-D2", "says": [], "reason": None, "does": "says each thing twice (2 to 5 times)"},
    ]
