"""What a calculation of origin answers, and the lines that show how it came to it.

1. Three answers: yes, no, not enough data. What is missing is named by its place in the statement.
2. Figures are exact. Sums are of decimals, with as many digits as they take; a percentage is a fraction and is compared
   as one, never rounded first. Only for reading is it written as a decimal: whole where it ends within six places, else
   cut off there with `…`; never rounded up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from enum import StrEnum
from math import prod
from typing import Any

from schemas.certificate.law import Says
from schemas.certificate.values import decimal_text

_DIGITS = 150
EXACT = Context(prec=_DIGITS, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Sums and products in it are exact, or raise: an amount has 21 digits, and few are multiplied with each other."""
_CUT = Context(prec=_DIGITS, rounding=ROUND_FLOOR)


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "not-enough-data"


def all_of(answers: Iterable[Answer]) -> Answer:
    """Everything must hold: one no is a no, whatever is not known of the rest."""
    given = set(answers)
    return Answer.NO if Answer.NO in given else Answer.UNKNOWN if Answer.UNKNOWN in given else Answer.YES


def any_of(answers: Iterable[Answer]) -> Answer:
    """One suffices: one yes is a yes, whatever is not known of the rest. No if there is none."""
    given = set(answers)
    return Answer.YES if Answer.YES in given else Answer.UNKNOWN if Answer.UNKNOWN in given else Answer.NO


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext(EXACT):
        return sum(amounts, Decimal(0))


def difference(whole: Decimal, part: Decimal) -> Decimal:
    """Exact."""
    with localcontext(EXACT):
        return whole - part


def product_of(first: Decimal, *others: Decimal) -> Decimal:
    """Exact."""
    with localcontext(EXACT):
        return prod(others, start=first)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole that is more than nothing, exact."""

    part: Decimal
    whole: Decimal

    def at_least(self, per_cent: Decimal) -> bool:
        return product_of(self.part, Decimal(100)) >= product_of(self.whole, per_cent)

    def at_most(self, per_cent: Decimal) -> bool:
        return product_of(self.part, Decimal(100)) <= product_of(self.whole, per_cent)

    def rounds_to_at_least(self, per_cent: Decimal) -> bool:
        """Whether it reaches this percentage, rounded half up to the places in which that is written."""
        places = max(0, -int(per_cent.as_tuple().exponent))
        half = Decimal(5).scaleb(-places - 1)
        return self.at_least(difference(per_cent, half))

    def cut(self, places: int) -> Decimal:
        """Per cent, cut off after so many places: towards less, never rounded up."""
        quotient = _CUT.divide(product_of(self.part, Decimal(100)), self.whole)
        return quotient.quantize(Decimal(1).scaleb(-places), context=_CUT)

    @property
    def text(self) -> str:
        """`62.5 %`; with `…` where more places follow."""
        cut = self.cut(6)
        if product_of(cut, self.whole) == product_of(self.part, Decimal(100)):
            return f"{decimal_text(cut.normalize(EXACT))} %"
        return f"{decimal_text(cut)}… %"


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a calculation."""

    text: str
    says: Says | None = None
    """The clause that it follows; None for plain arithmetic."""
    pointer: str = ""
    """JSON Pointer to the figure in the statement."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What would have to be known."""

    pointer: str
    what: str


def materials_missing(pointer: str) -> Missing:
    """A product, at its place, of which no material is stated: what it is made of is not known, not nothing."""
    return Missing(f"{pointer}/materials", "the materials that it is made of")


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to acquire origin, tried."""

    name: str
    """As on the form, with the method where there are several: `WO`, `CTH`, `RVC build-down`."""
    answer: Answer
    lines: tuple[Line, ...]
    missing: tuple[Missing, ...] = ()
    """What an answer lacks; empty with yes and no."""
    content: Share | None = None
    """Value content, where it could be calculated."""
    tolerated: bool = False
    """The yes needs de minimis."""

    def to_json(self, source: str) -> dict[str, Any]:
        """As the API and `tb origin check --json` give it; `source` is the text that the clauses stand in."""
        shown: dict[str, Any] = {"criterion": self.name, "answer": self.answer.value}
        if self.content is not None:
            shown["percentage"] = decimal_text(self.content.cut(2))
        shown["lines"] = [line_json(line, source) for line in self.lines]
        if self.missing:
            shown["missing"] = [{"pointer": each.pointer, "what": each.what} for each in self.missing]
        return shown


def line_json(line: Line, source: str) -> dict[str, str]:
    """A line, with the clause that it follows."""
    shown = {"text": line.text}
    if line.pointer:
        shown["pointer"] = line.pointer
    if line.says is not None:
        shown |= {"clause": line.says.clause, "source": source, "fidelity": line.says.fidelity.value}
    return shown
