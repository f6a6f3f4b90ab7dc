"""The paper view as PDF, set by Typst with the fonts of the system. Needs the extra `[pdf]`.

1. The document reaches the template as data, never as markup.
2. The document as its issuer signed it can travel inside, as an attachment: `tradebridge.evidence.attachment` reads it.
3. Every character has a font, or there is no PDF but a finding that names the script.
4. The date in the file is the day of issue: the same certificate gives the same bytes.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.findings import Finding, finding
from tradebridge.render import fonts
from tradebridge.render.form import Box, Form, Line, Rows
from tradebridge.render.lading import Sheet, Table
from tradebridge.render.paper import Paper
from tradebridge.render.qr import qr_svg

if TYPE_CHECKING:
    import typst

MEDIA_TYPE = "application/pdf"
_PREFERRED = (
    "Noto Sans",
    "DejaVu Sans",
    "Liberation Sans",
    "Noto Sans CJK JP",
    "Noto Sans Thai",
    "Noto Sans Lao",
    "Noto Sans Khmer",
    "Noto Sans Myanmar",
)
"""Families, the first that has a character is taken; after them whatever has it."""
_EMBEDDED: fonts.Ranges = ((0x20, 0x17F), (0x2010, 0x2027))
"""What the fonts inside Typst have for certain: Latin."""
_KINDS = {b"<": ("xml", "application/xml"), b"{": ("json", "application/json")}
"""Of a document, by its first byte; else it is a compact JWS."""
MOST_TAGGED = 300
"""Items up to which the PDF is tagged for screen readers: the tags of thousands cost more than all the rest."""
SHEET_LINES = 70
"""Lines of head, items and foot together that surely fit on one sheet: then the items fill what is left of it, as on
paper."""
_HEAD_SIGNS, _WIDE_SIGNS = 44, 95
"""Characters that surely fit on a line of half the sheet, and of all of it."""


def pdf_of(form: Paper, original: bytes | None = None) -> bytes | Finding:
    """The PDF; a finding where Typst or a font is missing. `original`: the document as received, to attach."""
    if find_spec("typst") is None:
        return finding("render.no-pdf")
    lacking = lacking_fonts(form.texts())
    if lacking:
        shown = "; ".join(f"{script}: {signs[:20]}" for script, signs in sorted(lacking.items()))
        return finding("render.no-font", found=shown, expected="a font that has them")
    certificate = isinstance(form, Form)
    given = {"form": json.dumps(_data(form) if isinstance(form, Form) else _sheet(form))} | _attached(original)
    source = _source("form.typ" if certificate else "lading.typ")
    return typeset(source, given, tagged=len(form.rows) <= MOST_TAGGED)


def lacking_fonts(texts: Iterable[str]) -> dict[str, str]:
    """The scripts that no font here has, with the characters; empty if all can be printed. Needs Typst."""
    return fonts.missing(texts, _fonts_of_system(), _EMBEDDED)


def typeset(source: bytes, given: Mapping[str, str], *, tagged: bool) -> bytes:
    """The PDF of a template of ours; `given` are its inputs, with the families in `fonts` as JSON. Needs Typst."""
    made = _compiling(source).compile(
        format="pdf", sys_inputs={"fonts": json.dumps(_families()), **given}, pdf_tags=tagged
    )
    if not isinstance(made, bytes):
        raise TypeError("Typst gave no PDF: its Python interface has changed")
    return made


def _attached(original: bytes | None) -> dict[str, str]:
    """For the template. What has been accepted is UTF-8: as text it is the same bytes again."""
    if original is None:
        return {}
    first = original.lstrip()[:1]
    kind, media_type = _KINDS.get(first, ("jws", "application/jose"))
    return {"original": original.decode("utf-8"), "original_name": f"document.{kind}", "original_type": media_type}


@cache
def _fonts() -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)


@cache
def _fonts_of_system() -> tuple[tuple[Path, int], ...]:
    """Files of regular faces first: they have what the others have."""
    found = {(Path(each.path), each.index): each for each in _fonts().fonts() if each.path}
    ordered = sorted(found, key=lambda key: (_rank(found[key].family), found[key].weight != 400, str(key[0])))
    return tuple(ordered)


def _rank(family: str) -> int:
    return _PREFERRED.index(family) if family in _PREFERRED else len(_PREFERRED)


def _source(template: str) -> bytes:
    return resources.files("tradebridge.render").joinpath(template).read_bytes()


def _compiler(template: str) -> "typst.Compiler":
    return _compiling(_source(template))


def _compiling(source: bytes) -> "typst.Compiler":
    """One for each call: a compiler is not made for two threads. The fonts, which cost most, are shared."""
    import typst

    return typst.Compiler(source, font_paths=_fonts())


def _families() -> list[str]:
    there = set(_fonts().families())
    return [family for family in _PREFERRED if family in there] or ["Libertinus Serif"]


def _data(form: Form) -> dict[str, Any]:
    verify = form.standing.verify
    single = _height(form) <= SHEET_LINES
    closing = [form.closing if at == form.closing_column else () for at in range(len(form.columns))]
    return {
        "agreement": form.agreement,
        "name": form.name,
        "number": form.number,
        "issued_in": form.issued_in,
        "issued": [form.issued.year, form.issued.month, form.issued.day],
        "fonts": _families(),
        "marks": list(form.standing.marks),
        "verify": None if verify is None else {"url": verify.url.partition("#")[0], "code": verify.code},
        "qr": None if verify is None else qr_svg(verify.url),
        "beside": [link.text for link in form.standing.beside],
        "left": [_box(each) for each in form.left],
        "right": [_box(each) for each in form.right],
        "columns": [{"number": each.number, "title": each.title, "width": each.width} for each in form.columns],
        "rows": _cells(form.rows),
        "closing": [{"lines": _lines(cell)} for cell in closing] if form.closing or single else [],
        "single": single,
        "foot": [_box(each) for each in form.foot],
    }


def _sheet(sheet: Sheet) -> dict[str, Any]:
    verify, issued = sheet.standing.verify, sheet.issued
    return {
        "name": sheet.name,
        "kind": sheet.kind,
        "carrier": sheet.carrier,
        "number": sheet.number,
        "nature": sheet.nature,
        "issued": None if issued is None else [issued.year, issued.month, issued.day],
        "fonts": _families(),
        "marks": list(sheet.standing.marks),
        "verify": None if verify is None else {"url": verify.url.partition("#")[0], "code": verify.code},
        "qr": None if verify is None else qr_svg(verify.url),
        "beside": [link.text for link in sheet.standing.beside],
        "left": [_box(each) for each in sheet.left],
        "right": [_box(each) for each in sheet.right],
        "voyage": [_box(each) for each in sheet.voyage],
        "tables": [_table(each) for each in (sheet.goods, *sheet.tables)],
        "foot": [_box(each) for each in sheet.foot],
        "terms": list(sheet.terms),
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": [{"title": each.title, "width": each.width} for each in table.columns],
        "rows": _cells(table.rows),
        "closing": [{"lines": _lines(cell)} for cell in table.closing],
    }


def _cells(rows: Rows) -> list[list[dict[str, Any]]]:
    return [[{"lines": _lines(cell)} for cell in row] for row in rows]


def _height(form: Form) -> int:
    """Lines that the form takes on paper, rather too many than too few."""
    left, right = (sum(map(_box_height, boxes)) for boxes in (form.left, form.right))
    total = sum(column.width for column in form.columns)
    signs = [max(4, _WIDE_SIGNS * column.width // total - 3) for column in form.columns]
    rows = (max(_wrapped(cell, signs[at]) for at, cell in enumerate(row)) for row in form.rows)
    closing = _wrapped(form.closing, signs[form.closing_column])
    return max(left, right + 8) + 4 + sum(rows) + closing + _foot_height(form.foot)


def _foot_height(foot: tuple[Box, ...]) -> int:
    """Two that stand side by side are as high as the higher one."""
    across = sum(_box_height(box) for box in foot if box.side == "across")
    sides = [[_box_height(box) for box in foot if box.side == side] for side in ("left", "right")]
    return across + sum(map(max, *sides)) if all(sides) else across + sum(map(sum, sides))


def _box_height(box: Box) -> int:
    return 2 + _wrapped(box.lines, _WIDE_SIGNS if box.side == "across" else _HEAD_SIGNS)


def _wrapped(lines: tuple[Line, ...], signs: int) -> int:
    """Lines after wrapping; a sign of a wide script takes two places."""
    wide = (sum(2 if ord(sign) > 0x2E7F else 1 for sign in f"{line.label} {line.text}") for line in lines)
    return sum(1 + length // signs for length in wide)


def _box(box: Box) -> dict[str, Any]:
    return {
        "number": box.number,
        "title": box.title,
        "lines": _lines(box.lines),
        "across": box.side == "across",
        "ticks": box.ticks,
    }


def _lines(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    return [{"text": line.text, "label": line.label, "ticked": line.ticked} for line in lines]
