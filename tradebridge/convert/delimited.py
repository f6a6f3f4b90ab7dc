"""CSV (RFC 4180, UTF-8): one row an item, in names of columns that are pointers with dots.

1. The certificate's own columns are filled in the first row. Filled again in others they must say the same.
2. Invoices are a list of their own beside the items: the first is in the first row, whatever item stands there.
3. A text that a spreadsheet would take for a formula gets an apostrophe before it, which is taken off again.
4. Written with a byte order mark (spreadsheets need it), commas and CRLF; read with or without, and with semicolons
   or tabs where the first line has those.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from schemas.content import MAX_BYTES
from schemas.findings import Finding, finding
from schemas.registry import Document
from tradebridge.convert.fields import Field, fields, lists
from tradebridge.convert.format import Format, Opened, Written, certificate_of, certificate_profile, json_value
from tradebridge.convert.table import Cell, Row, Tables, column_name, filled, header_findings, losses_of

_RISKY = "=+-@\t"
COLUMNS: Mapping[str, Field] = {column_name(of): of for of in fields()}


def letters(column: int) -> str:
    """The name of a column, counted from 1: A, B, ... Z, AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula (rule 3)."""
    risky = text[:1] in _RISKY or (text[:1] == "'" and text[1:2] in f"{_RISKY}'")
    return f"'{text}" if text and risky else text


def unguarded(text: str) -> str:
    return text[1:] if text[:1] == "'" and len(text) > 1 and text[1] in f"{_RISKY}'" else text


# --- writing ---------------------------------------------------------------------------------------------------------


def to_csv(value: Mapping[str, Any], columns: tuple[Field, ...]) -> bytes:
    """The rows of a document's JSON in these columns."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column_name(of) for of in columns])
    for row in _rows(value):
        writer.writerow([guarded(row.get(of, "")) for of in columns])
    return out.getvalue().encode("utf-8-sig")


def _rows(value: Mapping[str, Any]) -> Iterator[dict[Field, str]]:
    entries = {within: value.get(within[1:], []) for within in lists()}
    for number in range(max([1, *map(len, entries.values())])):
        row = dict(filled("", value)) if number == 0 else {}
        for within, each in entries.items():
            if number < len(each):
                row.update(filled(within, each[number]))
        yield row


def _written(document: Document) -> Written:
    value = json_value(certificate_of(document))
    used = {of for row in _rows(value) for of in row}
    data = to_csv(value, tuple(of for of in fields() if of in used))
    return Written(data, losses_of("CSV", value, _tables(data)))


# --- reading ---------------------------------------------------------------------------------------------------------


def _tables(data: bytes) -> Tables | tuple[Finding, ...]:
    if len(data) > MAX_BYTES:
        return (finding("convert.too-large", found=f"{len(data)} bytes", expected=f"at most {MAX_BYTES}"),)
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        return (finding("convert.not-readable", found=error, expected="CSV in UTF-8"),)
    if not rows:
        return (finding("convert.not-readable", found="no rows", expected="a row of names and a row for each item"),)
    names = [name.strip() for name in rows[0]]
    wrong = tuple(header_findings([(name, f"{letters(at)}1") for at, name in enumerate(names, 1)], COLUMNS))
    if wrong:
        return wrong
    tables = Tables(lambda of, row: _address(names, of, row))
    found = [each for number, row in enumerate(rows[1:], 2) for each in _take(tables, names, number, row)]
    return tuple(found) or tables


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _address(names: list[str], of: Field, row: int | None) -> str:
    name = column_name(of)
    return f"{letters(names.index(name) + 1)}{row or 2}" if name in names else f"column {name}"


def _take(tables: Tables, names: list[str], number: int, row: list[str]) -> Iterator[Finding]:
    """Put the cells of one row where they belong; an entry of a list is there when one of its cells is filled."""
    entries: dict[str, dict[Field, Cell]] = {}
    for column, text in enumerate(row, 1):
        if not text.strip():
            continue
        if column > len(names) or not names[column - 1]:
            yield finding("convert.unknown-column", f"{letters(column)}{number}", found=text, expected="nothing here")
            continue
        of = COLUMNS[names[column - 1]]
        cell = Cell(unguarded(text), f"{letters(column)}{number}", number, column)
        if of.within:
            entries.setdefault(of.within, {})[of] = cell
            continue
        first = tables.certificate.setdefault(of, cell)
        if first.text.strip() != cell.text.strip():
            yield finding("convert.contradicting-rows", cell.address, found=cell.text, expected=first.text)
    for within, cells in entries.items():
        tables.lists.setdefault(within, []).append(Row(cells, number))


def opened_tables(tables: Tables) -> Opened | tuple[Finding, ...]:
    """The document's JSON of some tables, with the cells that its parts stand in."""
    value = tables.value()
    profile = certificate_profile(value.get("profile"), "")
    if isinstance(profile, Finding):
        return (tables.place(replace(profile, pointer="/profile")),)
    return Opened(json.dumps(value, ensure_ascii=False).encode(), tables.place, tables.noted)


def _open(data: bytes) -> Opened | tuple[Finding, ...]:
    tables = _tables(data)
    return tables if isinstance(tables, tuple) else opened_tables(tables)


def _recognises(data: bytes) -> bool:
    first = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode("utf-8", "replace").strip()
    names = {name.strip().strip('"') for name in first.split(_delimiter(first))}
    return "profile" in names and "items.description" in names


CSV = Format(
    id="csv",
    title="CSV, one row an item",
    media_type="text/csv",
    suffix=".csv",
    fidelity="invented",
    source="RFC 4180 for the syntax; the columns are ours",
    recognises=_recognises,
    open=_open,
    write=_written,
    places=lambda: {of.pointer: f"column {column_name(of)}" for of in fields()},
    note="The certificate's own columns are filled in the first row; invoices are a list beside the items.",
)
