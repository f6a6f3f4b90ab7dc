"""Product-specific rules of origin: an operator's table, read from TOML. Nothing is looked up anywhere.

No free data set of the agreements' product rules exists, so the hub has none. An operator who has bought or typed them
gives them as a table; the rules of `product_rules.py` and the calculation of origin use it where it has the heading.

1. A rule of the table belongs to one agreement and one heading: 2, 4 or 6 digits of the HS edition that the table
   states. The longest heading that fits the goods counts.
2. It lists alternatives; any one suffices (RCEP Annex 3A, notes). What stands in one alternative must all be met.
3. An alternative is written as in the annexes: `WO`, `CC`, `CTH`, `CTSH`, `RVC 40`, `SP`, `CR`, or several joined by
   ` + `: `CTH + RVC 35`.
4. `tolerance` is the de minimis that the rule itself gives: `value 10`, `weight 7`, `volume 5`, in per cent.
5. The table says where it is from and how sure that is. What is wrong in it is told by place; it is never used in part.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from importlib import resources
from typing import Any

from schemas.findings import Fidelity


class Change(StrEnum):
    """A change in tariff classification of the non-originating materials."""

    CHAPTER = "CC"
    HEADING = "CTH"
    SUBHEADING = "CTSH"

    @property
    def digits(self) -> int:
        """How many digits of the code must differ: 2, 4 or 6."""
        return {"CC": 2, "CTH": 4, "CTSH": 6}[self.value]


class Basis(StrEnum):
    """What a tolerance is measured by."""

    VALUE = "value"
    WEIGHT = "weight"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """De minimis of one product."""

    basis: Basis
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class Requirement:
    """One alternative of a product's rule: all that it names must be met."""

    change: Change | None = None
    content: Decimal | None = None
    """Least value content, per cent."""
    process: str | None = None
    """`SP` or `CR`."""
    wholly_obtained: bool = False

    @property
    def text(self) -> str:
        """As the table writes it."""
        parts = (
            "WO" if self.wholly_obtained else None,
            self.change.value if self.change else None,
            f"RVC {self.content}" if self.content is not None else None,
            self.process,
        )
        return " + ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class ProductRule:
    """What one agreement asks of one heading."""

    agreement: str
    """Id of the agreement, as `atiga`."""
    heading: str
    """2, 4 or 6 digits."""
    alternatives: tuple[Requirement, ...]
    tolerance: Tolerance | None = None

    @property
    def text(self) -> str:
        """As the table writes it: `RVC 40 or CTH`."""
        return " or ".join(alternative.text for alternative in self.alternatives)


@dataclass(frozen=True, slots=True)
class ProductRules:
    """An operator's table."""

    title: str
    source: str
    fidelity: Fidelity
    edition: str
    """HS edition of its headings."""
    rules: Mapping[tuple[str, str], ProductRule] = field(repr=False)
    """By agreement and heading."""

    def rule_for(self, agreement: str, hs_code: str) -> ProductRule | None:
        """The rule with the longest heading that the code begins with, or None."""
        for digits in (6, 4, 2):
            found = self.rules.get((agreement, hs_code[:digits]))
            if found is not None and len(hs_code) >= digits:
                return found
        return None


class BadTable(ValueError):
    """The table cannot be used; each line of the message names a place and what is wrong there. Mend the file."""


def sample() -> ProductRules:
    """The sample of 50 headings that comes with the program: invented, to show how a table is made."""
    return read_products(resources.files("schemas.certificate").joinpath("sample_products.toml").read_text("utf-8"))


def read_products(text: str) -> ProductRules:
    """A table from TOML. Raises `BadTable`, with all that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadTable(f"not TOML: {error}") from error
    wrong = list(_wrong_head(table))
    rules: dict[tuple[str, str], ProductRule] = {}
    entries = table.get("product", [])
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            rule = _rule(entry)
        except BadTable as error:
            wrong.append(f"product {index + 1}: {error}")
            continue
        if (rule.agreement, rule.heading) in rules:
            wrong.append(f"product {index + 1}: {rule.agreement} {rule.heading} is there already")
        rules[rule.agreement, rule.heading] = rule
    if not rules and not wrong:
        wrong.append("product: none")
    if wrong:
        raise BadTable("\n".join(wrong))
    return ProductRules(table["title"], table["source"], Fidelity(table["fidelity"]), table["edition"], rules)


_HEAD = ("title", "source", "fidelity", "edition", "product")


def _wrong_head(table: Mapping[str, Any]) -> Iterator[str]:
    for name in ("title", "source", "edition"):
        if not isinstance(table.get(name), str) or not table[name].strip():
            yield f"{name}: a text is expected"
    if table.get("fidelity") not in tuple(Fidelity):
        yield f"fidelity: one of {', '.join(Fidelity)} is expected"
    for name in table:
        if name not in _HEAD:
            yield f"{name}: unknown; known are {', '.join(_HEAD)}"


def _rule(entry: Any) -> ProductRule:
    if not isinstance(entry, dict):
        raise BadTable("a table is expected")
    unknown = set(entry) - {"agreement", "heading", "any_of", "tolerance", "goods"}
    if unknown:
        raise BadTable(f"unknown: {', '.join(sorted(unknown))}")
    agreement, heading, any_of = entry.get("agreement"), entry.get("heading"), entry.get("any_of")
    if not isinstance(agreement, str) or not re.fullmatch(r"[a-z]{2,20}", agreement):
        raise BadTable("agreement: the id of an agreement is expected, as atiga")
    if not isinstance(heading, str) or not re.fullmatch(r"[0-9]{2}|[0-9]{4}|[0-9]{6}", heading):
        raise BadTable("heading: 2, 4 or 6 digits in a text are expected")
    if not isinstance(any_of, list) or not any_of:
        raise BadTable("any_of: a list of alternatives is expected")
    alternatives = tuple(_requirement(each) for each in any_of)
    return ProductRule(agreement, heading, alternatives, _tolerance(entry.get("tolerance")))


def _requirement(text: object) -> Requirement:
    if not isinstance(text, str):
        raise BadTable("any_of: an alternative is a text")
    change: Change | None = None
    content: Decimal | None = None
    process: str | None = None
    wholly = False
    for part in text.split(" + "):
        if part in tuple(Change):
            change = Change(part)
        elif part in ("SP", "CR"):
            process = part
        elif part == "WO":
            wholly = True
        elif found := re.fullmatch(r"RVC ([0-9]{1,2}(?:\.[0-9]{1,2})?|100)", part):
            content = Decimal(found[1])
        else:
            raise BadTable(f"any_of: {part!r} is none of WO, CC, CTH, CTSH, RVC and a figure, SP, CR")
    return Requirement(change, content, process, wholly)


_TOLERANCE = re.compile(r"(value|weight|volume) ([0-9]{1,2}(?:\.[0-9]{1,2})?)")


def _tolerance(text: object) -> Tolerance | None:
    if text is None:
        return None
    found = _TOLERANCE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadTable("tolerance: as value 10 is expected")
    return Tolerance(Basis(found[1]), Decimal(found[2]))
