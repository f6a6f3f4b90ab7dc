"""A desk's cases as a table for a spreadsheet: CSV as it is read, or XLSX with typed times. Row by row: nothing is held
whole in memory.

A spreadsheet takes text that begins with `=`, `+`, `-`, `@`, a tab or a line's end for a formula. What came from others
never runs there: in CSV such text stands behind an apostrophe, in XLSX every text is stored as text.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.desk.queue import case_profiles
from exchange.store import tables as t
from exchange.subject import event_in

Cell = str | int | float | datetime | None
CHUNK = 500
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

COLUMNS: Sequence[tuple[str, str]] = (
    ("number", "Of the document, as its issuer gave it."),
    ("form", "Profile of the document."),
    ("from", "Member that sent it."),
    ("to", "Member that decides on it."),
    ("firm", "Exporter, by name."),
    ("received", "When it came in, UTC, by the hub's business clock."),
    ("state", "Where it stands at the recipient now."),
    ("document state", "live, cancelled, replaced or expired: for everybody."),
    ("decided", "When it was first accepted or rejected, UTC; empty: not yet."),
    ("hours", "From its coming to that decision."),
    ("officer", "Who said the last word, as the event names the person."),
    ("reasons", "Of that word."),
    ("document id", "At this hub."),
)
"""Name and meaning of each column."""


def rows(connection: Connection, member: str | None, since: str) -> Iterator[tuple[Cell, ...]]:
    """The cases of a member since a day, in the order in which they came; None: of everybody."""
    row, name = t.documents.c.row, t.documents.c.id
    at = (0, "")
    while True:
        query = (
            select(
                t.documents,
                t.standings.c.recipient,
                t.standings.c.state.label("stands"),
                t.decisions.c.seconds,
            )
            .join(t.standings, t.standings.c.document_id == name)
            .outerjoin(
                t.decisions,
                (t.decisions.c.document_id == name) & (t.decisions.c.recipient == t.standings.c.recipient),
            )
            .where(
                t.documents.c.profile.in_(case_profiles()),
                t.documents.c.received_at >= since,
                (row > at[0]) | ((row == at[0]) & (name > at[1])),
            )
        )
        if member is not None:
            query = query.where((t.documents.c.sender == member) | (t.standings.c.recipient == member))
        ids = list(connection.execute(query.with_only_columns(row, name).order_by(row, name).limit(CHUNK)).all())
        if not ids:
            return
        last = ids[-1]
        chunk = connection.execute(
            query.where((row < last.row) | ((row == last.row) & (name <= last.id))).order_by(
                row, name, t.standings.c.recipient
            )
        ).all()
        words = _last_words(connection, [each.id for each in chunk])
        for each in chunk:
            yield _cells(each, words.get((each.id, each.recipient)))
        at = (last.row, last.id)


def _last_words(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], tuple[str, str]]:
    """Person and reasons of the last decision or question, by document and recipient."""
    query = (
        select(t.events.c.document_id, t.events.c.recipient, t.messages.c.bytes)
        .join(t.messages, t.messages.c.id == t.events.c.message_id)
        .where(
            t.events.c.document_id.in_(ids),
            t.events.c.type.in_(("accepted", "queried", "rejected", "issued")),
            t.messages.c.bytes.is_not(None),
        )
        .order_by(t.events.c.sequence)
    )
    found = {}
    for each in connection.execute(query):
        event = event_in(each.bytes)
        said = [one.text or one.code for one in event.reasons]
        said += [str(one.get("text", "")) for one in event.body.get("questions", ()) if isinstance(one, dict)]
        found[each.document_id, each.recipient] = (event.actor.person or "", "; ".join(said))
    return found


def _cells(row: Any, word: tuple[str, str] | None) -> tuple[Cell, ...]:
    came = _moment(row.received_at)
    decided = None if row.seconds is None else (came + timedelta(seconds=row.seconds)).replace(microsecond=0)
    return (
        row.number,
        row.profile,
        row.sender,
        row.recipient,
        row.firm,
        came,
        row.stands,
        row.state,
        decided,
        None if row.seconds is None else round(row.seconds / 3600, 2),
        word[0] if word else "",
        word[1] if word else "",
        row.id,
    )


def _moment(text: str) -> datetime:
    """UTC without a zone: spreadsheets know none."""
    return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)


# --- CSV -------------------------------------------------------------------------------------------------------------


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def csv_of(cases: Iterator[tuple[Cell, ...]]) -> Iterator[bytes]:
    """UTF-8 with its mark, as Excel wants it, in lines as they come (RFC 4180)."""
    yield b"\xef\xbb\xbf"
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow([name for name, _ in COLUMNS])
    for case in cases:
        writer.writerow([_text(each) for each in case])
        if line.tell() > 32_768:
            yield line.getvalue().encode()
            line.seek(0)
            line.truncate()
    yield line.getvalue().encode()


def _text(value: Cell) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else safe(value) if isinstance(value, str) else str(value)


# --- XLSX ------------------------------------------------------------------------------------------------------------


def write_xlsx(cases: Iterator[tuple[Cell, ...]], path: Path) -> None:
    """A sheet of cases with its head frozen, and one that says what the columns mean."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Cases")
    sheet.freeze_panes = "A2"
    sheet.append([_head(sheet, name) for name, _ in COLUMNS])
    for case in cases:
        sheet.append([_typed(sheet, each) for each in case])
    told = book.create_sheet("Definitions")
    told.append([_head(told, "column"), _head(told, "meaning")])
    for each in COLUMNS:
        told.append([_typed(told, text) for text in each])
    book.save(path)


def _head(sheet: Any, text: str) -> Any:
    cell = _typed(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _typed(sheet: Any, value: Cell) -> Any:
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=_visible(value))
        cell.data_type = "s"  # never a formula, whatever it begins with
        return cell
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, datetime):
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    return cell


def _visible(text: str) -> str:
    """Without the controls that XML 1.0 has not; at most what a cell holds."""
    return "".join(each if each in "\t\n\r" or each >= " " else "\N{REPLACEMENT CHARACTER}" for each in text)[:32_767]
