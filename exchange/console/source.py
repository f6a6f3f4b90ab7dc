"""A document as it was received, line by line, with the place of each finding marked.

Findings of a JWS have their places in its payload (`schemas.json_places`), so that is what is shown of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.content import Content, open_content

MOST_LINES = 2000
MOST_BYTES = 256 * 1024
MOST_MARKED = 160
_MEMBER = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^"{\[,}\]\s]+)?)?')
_TAG = re.compile(r"[<{\[][^>,}\]]*[>}\]]?")
_WORD = re.compile(r"[^,}\]<>\s]+")


@dataclass(slots=True)
class Line:
    """One line."""

    number: int
    parts: list[tuple[str, bool]]
    """Texts, and whether each is marked."""
    notes: list[Mapping[str, Any]] = field(default_factory=list)
    """The findings on it."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is shown of a document's bytes."""

    what: str
    """In words: of a JWS the payload."""
    lines: tuple[Line, ...]
    cut: bool
    """Is there more than is shown?"""


def source_of(data: bytes, findings: Iterable[Mapping[str, Any]]) -> Source:
    """`findings`: as JSON, with `line` and `column` where they have them."""
    content = open_content(data)
    payload = isinstance(content, Content) and content.media_type == "application/jose"
    shown = content.canonical if isinstance(content, Content) and payload else data
    text = shown[:MOST_BYTES].decode("utf-8", "replace")
    every = re.split(r"\r\n|\n|\r", text)
    by_line: dict[int, list[Mapping[str, Any]]] = {}
    for each in findings:
        if each.get("line"):
            by_line.setdefault(int(each["line"]), []).append(each)
    lines = tuple(
        Line(number, _parts(line, by_line.get(number, [])), by_line.get(number, []))
        for number, line in enumerate(every[:MOST_LINES], 1)
    )
    cut = len(every) > MOST_LINES or len(shown) > MOST_BYTES
    return Source("the payload of the JWS" if payload else "the bytes as received", lines, cut)


def _parts(line: str, notes: list[Mapping[str, Any]]) -> list[tuple[str, bool]]:
    """The line cut at what is marked: from each column to the end of the value there."""
    parts, done = [], 0
    for start in sorted({int(each.get("column") or 1) - 1 for each in notes}):
        if not done <= start < len(line):
            continue
        end = _end(line, start)
        parts += [(line[done:start], False), (line[start:end], True)]
        done = end
    parts.append((line[done:], False))
    return [each for each in parts if each[0]]


def _end(line: str, start: int) -> int:
    """Where what stands at this place ends: a member with its value, a text, a tag, or all up to the next sign."""
    found = (_MEMBER if line[start] == '"' else _TAG if line[start] in "<{[" else _WORD).match(line, start)
    return min(found.end(), start + MOST_MARKED) if found else len(line)
