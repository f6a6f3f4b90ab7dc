"""Where a JSON Pointer stands in the text: line and column of the member's name, or of the entry of a list.

Used for findings only, on text that the strict parser of `content.py` has read already: the scan here decides nothing.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from schemas.findings import Finding

LONGEST = 4_000_000
"""Bytes (a certificate of 5,000 items has half of that); in a longer text findings have pointers only."""

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_SCALAR = re.compile(r"[^\s,\]}]+")


def with_places(text: bytes, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with line and column, from 1; of a place that is missing, those of the nearest one around it."""
    if len(text) > LONGEST:
        return tuple(findings)
    decoded = text.decode()
    offsets = offsets_of(decoded)
    starts = [0, *accumulate(len(line) + 1 for line in decoded.split("\n"))]
    return tuple(_placed(found, offsets, starts) for found in findings)


def _placed(found: Finding, offsets: dict[str, int], starts: Sequence[int]) -> Finding:
    if found.line is not None:
        return found
    pointer = found.pointer
    while pointer and pointer not in offsets:
        pointer = pointer.rpartition("/")[0]
    offset = offsets.get(pointer, 0)
    line = bisect_right(starts, offset)
    return replace(found, line=line, column=offset - starts[line - 1] + 1)


def offsets_of(text: str) -> dict[str, int]:
    """Offset, in characters, of every place of a JSON text, by its pointer."""
    offsets: dict[str, int] = {}
    _value(text, _past(_SPACE, text, 0), "", offsets)
    return offsets


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    matched = pattern.match(text, at)
    return matched.end() if matched else at


def _value(text: str, at: int, pointer: str, offsets: dict[str, int]) -> int:
    """Note the value that begins here and all within it; gives where it ends."""
    offsets.setdefault(pointer, at)
    if text[at] == "{":
        return _entries(text, at, pointer, offsets, named=True)
    if text[at] == "[":
        return _entries(text, at, pointer, offsets, named=False)
    return _past(_STRING if text[at] == '"' else _SCALAR, text, at)


def _entries(text: str, at: int, pointer: str, offsets: dict[str, int], *, named: bool) -> int:
    at, index = _past(_SPACE, text, at + 1), 0
    while text[at] not in "]}":
        step = str(index)
        if named:
            end = _past(_STRING, text, at)
            step = json.loads(text[at:end]).replace("~", "~0").replace("/", "~1")
            offsets[f"{pointer}/{step}"] = at
            at = _past(_SPACE, text, _past(_SPACE, text, end) + 1)
        at = _past(_SPACE, text, _value(text, at, f"{pointer}/{step}", offsets))
        if text[at] == ",":
            at = _past(_SPACE, text, at + 1)
        index += 1
    return at + 1
