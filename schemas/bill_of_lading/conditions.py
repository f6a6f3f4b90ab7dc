"""Every conditional sentence in DCSA's descriptions of the two documents, and what becomes of it here.

1. A sentence is conditional if `CONDITIONAL` finds it so: must, should, mandatory, only, unless, at most, deprecated...
   A line of a list or of a table stands for itself.
2. `conditions.toml` has all of them once, with the schemas or members that they describe. A test reads DCSA's OpenAPI
   and finds the same sentences, no more and no fewer.
3. Each is checked (by the findings named), or is not, with the reason.

The sentences are quoted from DCSA's OpenAPI files (Apache-2.0), EBL 3.0.4 and PINT 3.0.0.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

CONDITIONAL = re.compile(
    r"\*\*Conditions?:|\b(?:must|should|shall|mandatory|only|either|unless|cannot|exactly one|mutually exclusive"
    r"|not applicable|needs? to|can be omitted|deprecated|maximum of|at least|at most|up to|requires an?|expected"
    r"|accepted value|may be required|is required to|provided then|is omitted|in case|max"
    r"|of the following ways|expressed as|comprises)\b"
    r"|\((?:INFO|WARN|ERROR) - |^\W*(?:if|when)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*(<])")


@dataclass(frozen=True, slots=True)
class Condition:
    """One sentence of DCSA's."""

    says: str
    at: tuple[str, ...]
    """Schemas or members that it describes, by DCSA's names."""
    checked: tuple[str, ...] = ()
    """Codes of the findings that name what breaks it."""
    why: str = ""
    """Why it is not checked; empty where it is."""


def conditional(description: str) -> Iterator[str]:
    """The conditional sentences of one description, as they are written."""
    for line in description.splitlines():
        for sentence in _SENTENCE_END.split(line.strip()):
            if CONDITIONAL.search(sentence):
                yield sentence.strip()


def _reason(given: dict[str, Any], row: dict[str, Any]) -> str:
    return "" if "why" not in row else str(given["reasons"][row["why"]])


@cache
def conditions() -> tuple[Condition, ...]:
    """All of them: those that are checked first, each in the order of the file."""
    text = resources.files("schemas.bill_of_lading").joinpath("conditions.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    rows = [
        Condition(row["says"], tuple(row["at"]), tuple(row.get("checked", ())), _reason(given, row))
        for row in given["condition"]
    ]
    return tuple(sorted(rows, key=lambda row: not row.checked))
