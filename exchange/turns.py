"""Whose turn it was, and how long it took: from the record of one document alone. Pure.

A turn begins with what asks for an answer and ends with the first answer to it. Acceptance by the hub, or an answer,
makes it the recipient's turn to decide; a query, the issuing side's to answer; a request for verification likewise, and
its answer the recipient's to conclude. Times are the business clock's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

RECIPIENT, ISSUING_SIDE = "recipient", "issuing side"


@dataclass(frozen=True, slots=True)
class Took:
    """How long a side took until it spoke."""

    side: str
    seconds: int

    def to_json(self) -> dict[str, object]:
        return {"side": self.side, "seconds": self.seconds}


_ENDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "examined": (RECIPIENT, frozenset({"document", "forward"})),
    "accepted": (RECIPIENT, frozenset({"document", "forward", "examined", "answered"})),
    "queried": (RECIPIENT, frozenset({"document", "forward", "examined", "answered"})),
    "rejected": (RECIPIENT, frozenset({"document", "forward", "examined", "answered"})),
    "issued": (RECIPIENT, frozenset({"document", "forward", "examined", "answered"})),
    "answered": (ISSUING_SIDE, frozenset({"queried"})),
    "verification-answered": (ISSUING_SIDE, frozenset({"verification-requested"})),
    "verification-concluded": (RECIPIENT, frozenset({"verification-answered"})),
}
"""Event -> whose turn it ends, and what had begun it."""


def times_taken(record: Sequence[tuple[str, str | None, str | None]]) -> list[Took | None]:
    """For each message (time, type of event or None, recipient) what its speaker took; None where no turn ends.

    `examined` does not begin a turn anew: who has looked still owes the decision since the document came. Verification
    has turns of its own.
    """
    taken: list[Took | None] = []
    begun: dict[tuple[str | None, str, bool], tuple[str, str]] = {}
    first = ("document", record[0][0]) if record else ("", "")
    for at, kind, recipient in record:
        side, asked = _ENDS.get(kind or "", ("", frozenset[str]()))
        verifies = (kind or "").startswith("verification")
        since = begun.get((recipient, side, verifies), first if side == RECIPIENT and not verifies else ("", ""))
        taken.append(Took(side, _seconds(since[1], at)) if since[0] in asked else None)
        if kind in ("queried", "verification-requested"):
            begun[recipient, ISSUING_SIDE, verifies] = (kind, at)
        elif kind in ("answered", "verification-answered"):
            begun[recipient, RECIPIENT, verifies] = (kind, at)
        elif kind == "examined":
            begun[recipient, RECIPIENT, False] = (kind, since[1])
        if side and kind != "examined":
            begun[recipient, side, verifies] = ("", at)
    return taken


def _seconds(since: str, until: str) -> int:
    return round((datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds())
