"""What differs between two documents in what they say, not in how they are written: by part, and by box of the form.

1. Syntax, order of members, white space between elements and signatures do not count; `10.50` is `10.5`.
2. A tick that is not there is not set; a part that is not there has no value.
3. Items are compared by their number, invoices by theirs: one put in between makes one difference, not many.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schemas.certificate.form import box_of
from schemas.registry import Document
from tradebridge.convert.format import json_value
from tradebridge.convert.forms import agreement_of
from tradebridge.convert.labels import label_of
from tradebridge.convert.pointers import without_indices

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\.[0-9]+|0|[1-9][0-9]*", re.ASCII)
_BY_NUMBER = ("/items", "/invoices")
_WORDS = ("/hsCode", "/hsEdition", "/number", "/invoiceNumber", "/UNLocationCode")
"""Digits at the end of these pointers are names, not amounts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that two documents have differently. None: it is not there."""

    pointer: str
    """Into the first document; an entry that only the second has is named by its number, `/items/number=3`."""
    box: str
    label: str
    first: object
    second: object

    def to_json(self) -> dict[str, object]:
        return {
            "pointer": self.pointer,
            "box": self.box,
            "label": self.label,
            "first": self.first,
            "second": self.second,
        }


def compare(first: Document, second: Document) -> tuple[Difference, ...]:
    """All differences, in the order of the first document. The boxes are those of the first document's form."""
    agreement = agreement_of(first.profile)
    boxes = agreement.boxes_on(getattr(first, "issuing_country", None)) if agreement else {}
    found = []
    for pointer, one, other in _values(json_value(first), json_value(second), ""):
        bare = without_indices(re.sub(r"/number=[^/]*", "", pointer))
        found.append(Difference(pointer, box_of(bare, boxes), _label(bare, agreement is not None), one, other))
    return tuple(found)


def _label(bare: str, certificate: bool) -> str:
    return label_of(bare) if certificate else bare[1:].replace("/", ", ")


def _values(first: Any, second: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(first, dict) and isinstance(second, dict):
        for name in dict.fromkeys((*first, *second)):
            yield from _values(first.get(name), second.get(name), f"{pointer}/{name}")
    elif isinstance(first, list) and isinstance(second, list) and pointer in _BY_NUMBER:
        yield from _entries(first, second, pointer)
    elif isinstance(first, list) and isinstance(second, list) and _has_parts(first, second):
        for at in range(max(len(first), len(second))):
            one, other = first[at : at + 1], second[at : at + 1]
            yield from _values(one[0] if one else None, other[0] if other else None, f"{pointer}/{at}")
    elif isinstance(first, dict | None) and isinstance(second, dict | None) and (first or second):
        for name in first or second or ():
            yield from _values((first or {}).get(name), (second or {}).get(name), f"{pointer}/{name}")
    elif not _same(first, second, pointer):
        yield pointer, first, second


def _entries(first: list[Any], second: list[Any], pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Entries with the same number are compared; a number that stands several times is told apart by its turn."""
    ones, others = _numbered(first), _numbered(second)
    for key, (at, one) in ones.items():
        if key in others:
            yield from _values(one, others[key][1], f"{pointer}/{at}")
        else:
            yield f"{pointer}/{at}", one, None
    for key, (_, other) in others.items():
        if key not in ones:
            yield f"{pointer}/number={key[0]}", None, other


def _numbered(entries: list[Any]) -> dict[tuple[object, int], tuple[int, Any]]:
    found: dict[tuple[object, int], tuple[int, Any]] = {}
    turns: dict[object, int] = {}
    for at, entry in enumerate(entries):
        number = entry.get("number")
        turns[number] = turns.get(number, 0) + 1
        found[number, turns[number]] = at, entry
    return found


def _has_parts(first: list[Any], second: list[Any]) -> bool:
    return any(isinstance(each, dict | list) for each in (*first, *second))


def _same(first: Any, second: Any, pointer: str) -> bool:
    if first == second or (first in (None, False) and second in (None, False)):
        return True
    if isinstance(first, str) and isinstance(second, str) and not pointer.endswith(_WORDS):
        numbers = _DECIMAL.fullmatch(first) and _DECIMAL.fullmatch(second)
        return bool(numbers) and Decimal(first) == Decimal(second)
    return False
