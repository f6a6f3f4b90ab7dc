"""A certificate as tables of cells, which CSV and XLSX share: one for the certificate itself, one for each list in it.

1. A cell is a text. How a date, an amount or a tick is written in it stands in `shown` and `meant`, and nowhere else.
2. An empty cell is no value. A part of which all cells are empty is not there.
3. Each value remembers the cell that it came from, so that a finding points to the cell.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.findings import Finding, finding
from schemas.losses import Loss, differences
from tradebridge.convert.fields import Field, Kind, fields_of, lists
from tradebridge.convert.labels import label_of
from tradebridge.convert.pointers import put, value_at, with_required_parts

YES, NO = "yes", "no"
_YES, _NO = ("yes", "y", "true", "1", "x", "✓"), ("no", "n", "false", "0")


def column_name(of: Field) -> str:
    """The name of a field's column: `items.hsCode`."""
    return of.pointer[1:].replace("/", ".")


def shown(of: Field, value: Any) -> str:
    """A value of the document's JSON as the text of a cell."""
    if of.kind is Kind.FLAG:
        return YES if value else ""
    if of.kind is Kind.CODES:
        return " ".join(value)
    return str(value)


def meant(of: Field, text: str) -> Any:
    """The text of a cell as a value of the document's JSON; as it stands where it cannot be what the field holds."""
    plain = text.strip()
    if of.kind is Kind.FLAG:
        low = plain.lower()
        return True if low in _YES else False if low in _NO else plain
    if of.kind is Kind.CODES:
        return plain.replace(",", " ").split()
    if of.kind is Kind.COUNT:
        return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else plain
    return plain


@dataclass(frozen=True, slots=True)
class Cell:
    """One filled cell of a file: what is in it, and its address there."""

    text: str
    address: str
    """As a spreadsheet shows it: `C7`, `Items!C7`."""
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """The filled cells of one entry, by field."""

    cells: Mapping[Field, Cell]
    number: int


Address = Callable[[Field, int | None], str]
"""Where the value of a field would stand that is not there: the field, and the row of its entry."""


@dataclass(slots=True)
class Tables:
    """The filled cells of a file, and from them the document's JSON. Built by a reader of CSV or XLSX."""

    address: Address
    certificate: dict[Field, Cell] = field(default_factory=dict)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    noted: tuple[Finding, ...] = ()
    """Warnings."""

    def value(self) -> dict[str, Any]:
        """The document's JSON."""
        value: dict[str, Any] = {}
        for of, cell in self.certificate.items():
            put(value, of.steps, meant(of, cell.text))
        for within, rows in self.lists.items():
            entries: list[dict[str, Any]] = []
            for row in rows:
                entry: dict[str, Any] = {}
                for of, cell in row.cells.items():
                    put(entry, of.steps, meant(of, cell.text))
                entries.append(entry)
            if entries:
                put(value, within.split("/")[1:], entries)
        return with_required_parts(value)

    def place(self, found: Finding) -> Finding:
        """A finding that points into the document, pointing to a cell."""
        within, row, steps = self._entry(found.pointer)
        cells = row.cells if row is not None else {} if within else self.certificate
        cell = _cell_at(cells, steps)
        if cell is not None:
            return replace(found, pointer=cell.address, line=cell.row, column=cell.column)
        of = _field_at(within, steps)
        if of is None:
            return replace(found, pointer="", line=None, column=None)
        expected = label_of(of.pointer) if found.code == "certificate.missing" else found.expected
        address = self.address(of, row.number if row else None)
        return replace(found, pointer=address, expected=expected, line=None, column=None)

    def _entry(self, pointer: str) -> tuple[str, Row | None, tuple[str, ...]]:
        for within in lists():
            if pointer == within or pointer.startswith(f"{within}/"):
                steps = pointer.removeprefix(within).split("/")[1:]
                rows = self.lists.get(within, [])
                number = int(steps[0]) if steps and steps[0].isdigit() else None
                row = rows[number] if number is not None and number < len(rows) else None
                return within, row, tuple(steps[1:])
        return "", None, tuple(pointer.split("/")[1:])


def losses_of(form: str, value: Mapping[str, Any], read: Tables | tuple[Finding, ...]) -> tuple[Loss, ...]:
    """What a table that was just written does not say of `value`, by reading it back.

    Raises `ValueError` where it cannot be read: then it should not have been written.
    """
    if isinstance(read, tuple):
        raise ValueError(f"what was written as {form} cannot be read: {read[0].code} {read[0].found}")
    return tuple(
        differences(value, read.value(), absent="a table has no cell for it", changed="a cell cannot say it so")
    )


def _cell_at(cells: Mapping[Field, Cell], steps: Sequence[str]) -> Cell | None:
    """The cell of the value, or the first of the part that these members lead to (no index within codes)."""
    wanted = tuple(step for step in steps if not step.isdigit())
    inside = (cell for of, cell in cells.items() if of.steps[: len(wanted)] == wanted)
    return next(inside, None)


def _field_at(within: str, steps: Sequence[str]) -> Field | None:
    wanted = tuple(step for step in steps if not step.isdigit())
    return next((of for of in fields_of(within) if of.steps[: len(wanted)] == wanted), None)


def filled(within: str, value: Any) -> Iterator[tuple[Field, str]]:
    """The fields of a certificate or of an entry that have a value, with the text of their cell."""
    for of in fields_of(within):
        given = value_at(value, of.steps)
        if given is not None and (text := shown(of, given)):
            yield of, text


def header_findings(names: Sequence[tuple[str, str]], known: Mapping[str, Field]) -> Iterator[Finding]:
    """What is wrong with a row of names, given with their addresses."""
    seen: set[str] = set()
    for name, address in names:
        if name and name not in known:
            yield finding("convert.unknown-column", address, found=name, expected=_nearest(name, known))
        elif name in seen:
            yield finding("convert.repeated-column", address, found=name)
        seen.add(name)


def _nearest(name: str, known: Mapping[str, Field]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return near[0] if near else "a name of the template"
