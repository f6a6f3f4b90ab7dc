"""*Validate*: a document that somebody typed, pasted or dropped, judged as on its way in; nothing of it is kept.

1. It is judged by what intake judges by: profile, codes, rules, signature. Not by route: nobody is sending it.
2. The form is drawn as far as the document can be read, with the boxes of the findings marked.
3. Findings come in groups: what refuses, what only goes with it, and what is about the signature: who tries a document
   out has not signed it yet.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exchange import compare, intake
from exchange.console.source import Source, source_of
from exchange.members import OPERATOR, Caller
from exchange.messages import Submission
from schemas.certificate.model import Certificate
from schemas.findings import Finding, told
from schemas.registry import Document, parse
from schemas.rules import Unreadable
from tradebridge.render.form import Form, Line, Page, page_of
from tradebridge.render.paper import Paper

if TYPE_CHECKING:
    from exchange.hub import Hub

_ITEM = re.compile(r"^/items/(\d+)|(?:GoodsItem|items)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that are read together."""

    title: str
    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The paper form, and what is marked on it."""

    paper: Paper
    page: Page
    boxes: Mapping[str, str]
    """Number of a box to `bad` or `warn`."""
    rows: Mapping[tuple[int, str], str]
    """Of the items: position from 0 and number of the column."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is told of a document."""

    tone: str
    words: str
    profile: str
    number: str
    digest: str
    groups: list[Group]
    count: int
    """Of all findings; the groups may have fewer."""
    source: Source
    drawn: Drawn | None


async def check(hub: "Hub", data: bytes) -> Checked:
    """Judge a document. For the event loop; what is large goes to a thread by itself."""
    caller = Caller(OPERATOR, frozenset({"operator"}))
    judged = await intake.judge_apart(hub, Submission(caller, data), route=False)
    reading = judged.reading
    found = told(judged.findings)
    wrong = [each for each in judged.findings if each.refuses and not _of_signature(each)]
    unsigned = [each for each in judged.findings if each.refuses and _of_signature(each)]
    tone, words = _verdict(wrong, unsigned, len(judged.findings))
    return Checked(
        tone,
        words,
        reading.profile.title if reading.profile else "",
        (reading.stated.number if reading.stated else "") or "",
        reading.content.content_digest if reading.content else "",
        _groups(found),
        len(judged.findings),
        source_of(data, found),
        drawn_of(_paper_of(_subject(data, reading.document)), found),
    )


def _of_signature(each: Finding) -> bool:
    return each.code.startswith("signature.")


def _verdict(wrong: Sequence[Finding], unsigned: Sequence[Finding], count: int) -> tuple[str, str]:
    if wrong:
        return "bad", f"Would be refused: {len(wrong)} error{'s' if len(wrong) != 1 else ''}"
    if unsigned:
        return "warn", "The content is valid; the signature is not there, or does not hold"
    return "ok", f"Valid{f', with {count} warning' + ('s' if count > 1 else '') if count else ''}"


def _groups(found: Iterable[Mapping[str, Any]]) -> list[Group]:
    titles = ("What refuses it", "What goes with it, as a warning", "About the signature")
    groups: dict[str, list[dict[str, Any]]] = {title: [] for title in titles}
    for each in found:
        signature = str(each["code"]).startswith("signature.")
        groups[titles[2 if signature else 0 if each["severity"] == "error" else 1]].append(dict(each))
    return [Group(title, items) for title, items in groups.items() if items]


# --- the form --------------------------------------------------------------------------------------------------------


def _subject(data: bytes, document: Document | None) -> Document | None:
    """The document; of a certificate also one that could be read in part."""
    if document is not None:
        return document
    readable = parse(data).decoded.readable
    return readable if isinstance(readable, Certificate) else None


def _paper_of(document: Document | None) -> Paper | None:
    """None where there is none, or too little can be read."""
    try:
        return compare.shown(document, masked=False)
    except Unreadable:
        return None


def drawn_of(paper: Paper | None, found: Iterable[Mapping[str, Any]], page: int = 1) -> Drawn | None:
    """One page of a paper form, with marks; None where there is none."""
    if paper is None:
        return None
    part = page_of(paper, page)
    if isinstance(part, Finding):
        return None
    boxes: dict[str, str] = {}
    rows: dict[tuple[int, str], str] = {}
    for each in found:
        tone, box = "bad" if each["severity"] == "error" else "warn", str(each.get("box") or "")
        item = item_of(str(each["pointer"]))
        if box and not (item is not None and _is_column(paper, box)):
            boxes[box] = "bad" if "bad" in (tone, boxes.get(box)) else "warn"
        elif box and item is not None:
            rows[item, box] = "bad" if "bad" in (tone, rows.get((item, box))) else "warn"
    return Drawn(paper, part, boxes, rows)


def item_of(pointer: str) -> int | None:
    """The position of the item that a pointer is about, from 0: JSON Pointers count from 0, XPath from 1."""
    found = _ITEM.search(pointer)
    if found is None:
        return 0 if "GoodsItem/" in pointer else None
    return int(found[1]) if found[1] is not None else int(found[2]) - 1


def _is_column(paper: Paper, box: str) -> bool:
    return isinstance(paper, Form) and any(column.number == box for column in paper.columns)


__all__ = ["Checked", "Drawn", "Line", "check", "drawn_of", "item_of"]
