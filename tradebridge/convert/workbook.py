"""XLSX: a workbook that people fill in, with a sheet for the certificate, one for the invoices, one for the items.

1. Sheet `Certificate`: one part a row (box, what it is, name, value). Sheets of lists: two rows of names, then entries.
2. A code is a text cell, so that its zeros stay; a date is a date cell. A number is a number cell where a spreadsheet
   keeps its digits: the number format says how many decimals are shown, and these are read again.
3. Nothing written is a formula. Of a formula that somebody filled in, the last result counts.
4. Before it is opened the file is weighed: entries, their unpacked sizes, no DOCTYPE.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from schemas.content import MAX_BYTES
from schemas.findings import Finding, errors, finding
from schemas.registry import Document
from tradebridge.convert.delimited import letters, opened_tables
from tradebridge.convert.fields import Field, Kind, fields, fields_of, lists
from tradebridge.convert.format import Format, Opened, Written, certificate_of, json_value
from tradebridge.convert.labels import label_of
from tradebridge.convert.table import NO, YES, Cell, Row, Tables, column_name, filled, header_findings, losses_of, meant

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

SHEETS = {"": "Certificate", **{within: within[1:].capitalize() for within in lists()}}
FIRST_ENTRY = 3
"""Row of the first entry in the sheet of a list; of the first part in the sheet of the certificate."""
NAME_COLUMN, VALUE_COLUMN = 3, 4
"""Of the sheet `Certificate`."""
_HINTS = {
    Kind.DATE: "a date",
    Kind.FLAG: f"{YES} or empty",
    Kind.COUNT: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.CODES: "codes, with blanks between",
}
_CODES_AS_NUMBERS = ("/items/hsCode",)
_MOST_ROWS = 20_000
_MOST_UNPACKED = 10 * MAX_BYTES
_MOST_ENTRIES = 200


# --- writing ---------------------------------------------------------------------------------------------------------


def to_workbook(value: Mapping[str, Any], boxes: Mapping[str, str], left_out: frozenset[str] = frozenset()) -> bytes:
    """A workbook with these values. `boxes` are the boxes of the form by pointer; `left_out` pointers get no place."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for within, name in SHEETS.items():
        kept = tuple(of for of in fields_of(within) if not _left_out(of, left_out))
        sheet = book.create_sheet(name)
        if within:
            _write_list(sheet, within, kept, value.get(within[1:], []), boxes)
        else:
            _write_certificate(sheet, kept, value, boxes)
    out = io.BytesIO()
    _save(book, out)
    return out.getvalue()


def _save(book: "Workbook", out: io.BytesIO) -> None:
    """Saved at no time of its own: the same certificate gives the same bytes."""
    book.properties.created = book.properties.modified = datetime(2000, 1, 1)
    book.properties.creator = "Tradebridge"
    raw = io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as again:
        for entry in packed.infolist():
            data = packed.read(entry)
            if entry.filename == "docProps/core.xml":  # saving wrote the time of this machine
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", data)
            again.writestr(zipfile.ZipInfo(entry.filename, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def _left_out(of: Field, left_out: frozenset[str]) -> bool:
    return any(of.pointer == each or of.pointer.startswith(f"{each}/") for each in left_out)


def _write_certificate(
    sheet: "Worksheet", kept: tuple[Field, ...], value: Mapping[str, Any], boxes: Mapping[str, str]
) -> None:
    texts = dict(filled("", value))
    _titles(sheet, 1, ["Fill in column D. A part with * is asked for in every certificate."])
    _titles(sheet, 2, ["Box", "What", "Name", "Value", "How"])
    for row, of in enumerate(kept, FIRST_ENTRY):
        star = " *" if of.required else ""
        for column, text in enumerate((boxes.get(of.pointer, ""), label_of(of.pointer) + star, column_name(of)), 1):
            _quiet(_text(sheet, row, column, text))
        _fill(sheet, row, VALUE_COLUMN, of, texts.get(of))
        _quiet(_text(sheet, row, 5, ", ".join(of.choices) or _HINTS.get(of.kind, "")))
    _shape(sheet, {"A": 6, "B": 34, "C": 34, "D": 60, "E": 40}, "A3")


def _write_list(
    sheet: "Worksheet", within: str, kept: tuple[Field, ...], entries: list[Any], boxes: Mapping[str, str]
) -> None:
    for column, of in enumerate(kept, 1):
        box = boxes.get(of.pointer, "")
        star = " *" if of.required else ""
        title = f"{f'{box}. ' if box else ''}{label_of(of.pointer)}{star}"
        _bold(_text(sheet, 1, column, title))
        _quiet(_text(sheet, 2, column, column_name(of)))
    for row, entry in enumerate(entries, FIRST_ENTRY):
        texts = dict(filled(within, entry))
        for column, of in enumerate(kept, 1):
            if of in texts:
                _fill(sheet, row, column, of, texts[of])
    if not entries:  # a template: the cells of a first page are ready to be filled in
        for row in range(FIRST_ENTRY, FIRST_ENTRY + 50):
            for column, of in enumerate(kept, 1):
                _fill(sheet, row, column, of, None)
    widths = {
        letters(column): 44.0 if of.pointer.endswith("description") else 20.0 for column, of in enumerate(kept, 1)
    }
    _shape(sheet, widths, "A3")


def _fill(sheet: "Worksheet", row: int, column: int, of: Field, text: str | None) -> None:
    """One value in a cell of the type of its field; an empty one is prepared for it."""
    cell = _cell(sheet, row, column)
    if of.kind is Kind.DATE:
        cell.number_format = "yyyy-mm-dd"
    elif of.kind not in (Kind.DECIMAL, Kind.COUNT):
        cell.number_format = "@"
    if text is None:
        return
    number = _as_number(of, text)
    if of.kind is Kind.DATE and (day := _as_day(text)):
        cell.value = day
    elif number is not None:
        cell.value = number
        decimals = len(text.partition(".")[2])
        cell.number_format = f"0.{'0' * decimals}" if decimals else "0"
    else:
        _as_text(cell, text)


def _as_number(of: Field, text: str) -> int | float | None:
    """The number, where a spreadsheet keeps all its digits (15 of them, IEEE 754)."""
    if of.kind is Kind.COUNT:
        found = meant(of, text)
        return found if isinstance(found, int) else None
    if of.kind is Kind.DECIMAL and len(text.replace(".", "")) <= 15:
        return float(text) if "." in text else int(text)
    return None


def _as_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= date(1900, 3, 1) else None  # before it spreadsheets count a day that never was


def _as_text(cell: "SheetCell", text: str) -> None:
    from openpyxl.styles import Alignment

    cell.value = text
    cell.data_type = "s"  # never a formula
    cell.quotePrefix = text[:1] in "=+-@'"
    if "\n" in text:
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _text(sheet: "Worksheet", row: int, column: int, text: str) -> "SheetCell":
    cell = _cell(sheet, row, column)
    cell.value = text or None
    if text:
        cell.data_type = "s"
    return cell


def _cell(sheet: "Worksheet", row: int, column: int) -> "SheetCell":
    return sheet.cell(row, column)  # type: ignore[return-value]  # no cell of ours is merged


def _titles(sheet: "Worksheet", row: int, texts: list[str]) -> None:
    for column, text in enumerate(texts, 1):
        _bold(_text(sheet, row, column, text))


def _bold(cell: "SheetCell") -> None:
    from openpyxl.styles import Font

    cell.font = Font(bold=True)


def _quiet(cell: "SheetCell") -> None:
    from openpyxl.styles import Font

    cell.font = Font(color="666F7B")


def _shape(sheet: "Worksheet", widths: Mapping[str, float], frozen: str) -> None:
    sheet.freeze_panes = frozen
    for name, width in widths.items():
        sheet.column_dimensions[name].width = width


def _written(document: Document) -> Written:
    value = json_value(certificate_of(document))
    data = to_workbook(value, {})
    return Written(data, losses_of("XLSX", value, _tables(data)))


# --- reading ---------------------------------------------------------------------------------------------------------


def _weighed(data: bytes) -> Finding | None:
    """Rule 4: why this file is not opened at all."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
            if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
                return finding("convert.too-large", found=f"{len(entries)} entries", expected="a plain workbook")
            left = _MOST_UNPACKED
            for entry in entries:
                with packed.open(entry) as part:
                    content = part.read(left + 1)
                left -= len(content)
                if left < 0:
                    return finding("convert.too-large", found="more than it says", expected="a plain workbook")
                if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
                    return finding("syntax.doctype", found=entry.filename, attack="XML-1")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        return finding("convert.not-readable", found=error, expected="an XLSX workbook")
    return None


def _tables(data: bytes) -> Tables | tuple[Finding, ...]:
    """The filled cells, or all that is wrong."""
    refused = _weighed(data)
    if refused is not None:
        return (refused,)
    try:
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
    except Exception as error:  # a broken workbook makes the library raise almost anything: to the user it is one thing
        return (finding("convert.not-readable", found=f"{type(error).__name__}: {error}", expected="an XLSX workbook"),)
    missing = [name for within, name in SHEETS.items() if name not in book.sheetnames and within in ("", "/items")]
    if missing:
        return tuple(finding("convert.missing-column", name, found=", ".join(book.sheetnames)) for name in missing)
    return _from_book(book)


def _from_book(book: "Workbook") -> Tables | tuple[Finding, ...]:
    columns: dict[Field, str] = {}
    tables = Tables(partial(_address, columns))
    found: list[Finding] = []
    for within, name in SHEETS.items():
        if name not in book.sheetnames:
            continue
        sheet = book[name]
        if (sheet.max_row or 0) > _MOST_ROWS:
            found.append(finding("convert.too-large", name, found=f"{sheet.max_row} rows", expected=_MOST_ROWS))
        elif within:
            found += _take_list(tables, columns, sheet, within)
        else:
            found += _take_certificate(tables, columns, sheet)
    tables.noted = tuple(each for each in found if not each.refuses)
    return tuple(errors(found)) or tables


def _address(columns: Mapping[Field, str], of: Field, row: int | None) -> str:
    """Columns are known by their letters, parts of the certificate by their cells."""
    place = columns.get(of)
    if place is None:
        return f"{SHEETS[of.within]}: {column_name(of)}"
    return f"{place}{row or FIRST_ENTRY}" if of.within else place


def _take_certificate(tables: Tables, columns: dict[Field, str], sheet: "Worksheet") -> Iterator[Finding]:
    known = {column_name(of): of for of in fields_of("")}
    rows = list(sheet.iter_rows(min_row=FIRST_ENTRY, max_col=VALUE_COLUMN))
    names = [(str(row[NAME_COLUMN - 1].value or "").strip(), f"{sheet.title}!C{row[0].row}") for row in rows]
    wrong = list(header_findings(names, known))
    yield from wrong
    for (name, _), row in zip(names, rows, strict=True):
        of = known.get(name)
        cell = row[VALUE_COLUMN - 1]
        if of is None:
            continue
        columns[of] = f"{sheet.title}!D{cell.row}"
        yield from _take_cell(tables.certificate, of, sheet, cell)


def _take_list(tables: Tables, columns: dict[Field, str], sheet: "Worksheet", within: str) -> Iterator[Finding]:
    known = {column_name(of): of for of in fields_of(within)}
    header = next(sheet.iter_rows(min_row=FIRST_ENTRY - 1, max_row=FIRST_ENTRY - 1), ())
    names = [(str(cell.value or "").strip(), f"{sheet.title}!{letters(at)}2") for at, cell in enumerate(header, 1)]
    wrong = list(header_findings(names, known))
    yield from wrong
    if wrong:
        return
    for at, (name, _) in enumerate(names, 1):
        if name:
            columns[known[name]] = f"{sheet.title}!{letters(at)}"
    for row in sheet.iter_rows(min_row=FIRST_ENTRY, max_col=len(names)):
        cells: dict[Field, Cell] = {}
        for (name, _), cell in zip(names, row, strict=False):
            if name:
                yield from _take_cell(cells, known[name], sheet, cell)
        if cells:
            tables.lists.setdefault(within, []).append(Row(cells, row[0].row or 0))


def _take_cell(cells: dict[Field, Cell], of: Field, sheet: "Worksheet", cell: Any) -> Iterator[Finding]:
    if cell.value is None or (isinstance(cell.value, str) and not cell.value.strip()):
        return
    address = f"{sheet.title}!{cell.coordinate}"
    if cell.data_type in ("e", "f"):
        yield finding("convert.not-a-value", address, found=cell.value)
        return
    if of.pointer in _CODES_AS_NUMBERS and not isinstance(cell.value, str):
        yield finding("convert.number-for-code", address, found=cell.value, expected="a text cell")
    cells[of] = Cell(_cell_text(cell.value, cell.number_format), address, cell.row, cell.column)


_DECIMALS = re.compile(r"0\.(0+)")


def _cell_text(value: Any, number_format: str) -> str:
    """What the cell says, with as many decimals as it shows, and never fewer than it has."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        plain = format(Decimal(repr(value)), "f")
        whole, _, decimals = plain.partition(".")
        shown = _DECIMALS.search(number_format or "")
        decimals = decimals.rstrip("0").ljust(len(shown[1]) if shown else 0, "0")
        return f"{whole}.{decimals}" if decimals else whole
    return str(value)


def _open(data: bytes) -> Opened | tuple[Finding, ...]:
    tables = _tables(data)
    return tables if isinstance(tables, tuple) else opened_tables(tables)


def _places() -> dict[str, str]:
    return {
        of.pointer: f"sheet {SHEETS[of.within]}, {'column' if of.within else 'row'} {column_name(of)}"
        for of in fields()
    }


XLSX = Format(
    id="xlsx",
    title="XLSX workbook",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    suffix=".xlsx",
    fidelity="invented",
    source="ISO/IEC 29500 for the syntax; the sheets are ours",
    recognises=lambda data: data[:4] == b"PK\x03\x04",
    open=_open,
    write=_written,
    places=_places,
    note="`tb convert --template PROFILE --to xlsx` writes an empty one with the boxes of the form.",
)
