"""What is said of a check that does not hold, in lines, the same on a terminal and in every report.

What came from a system under test stands in code here and there: `printable` leaves nothing in it that moves a cursor,
ends a line, or is no character of XML; what means something to a page is escaped by who writes the page.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.conformance.report import BrokenCheck

LONGEST = 1_000
"""Characters of one text."""
_INSTEAD = dict.fromkeys("\t\n\r", " ")


def printable(text: str) -> str:
    """One line of characters that can be seen."""
    shown = "".join(
        each if each.isprintable() else " " if each in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for each in text
    )
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def lines_about(told: "BrokenCheck") -> Iterator[str]:
    """Sent, expected, got, clause, likely cause, fix, and how to repeat it."""
    check = told.check
    yield f"{told.result.name}: {check.sentence.text}"
    if told.sent:
        yield f"sent {printable(told.sent)}"
    yield f"expected {printable(check.expected)}"
    yield f"got {printable(check.found)}"
    yield f"clause {check.sentence.source}"
    if check.sentence.cause:
        yield f"likely cause: {check.sentence.cause}"
        yield f"fix: {check.sentence.fix}"
    yield f"again: tb repro {told.id}"
