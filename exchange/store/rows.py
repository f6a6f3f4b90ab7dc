"""Adding rows: each INSERT is compiled once for each database and set of columns, and then run as it is.

SQLAlchemy builds, keys and looks a statement up each time it is executed; for the few rows that every message writes,
that costs twice what the database does. The statement is still SQLAlchemy's, made from the table for its dialect, and
the values are those of `tables.py` (text, numbers, bytes), which both drivers take as they are.

Who only adds rows may gather them in `Rows`: what several gathered is then added together (`exchange.store.writer`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

Row = Mapping[str, Any]

MOST_VALUES = 900
"""In one statement: every SQLite takes 999."""


class Rows:
    """Rows for several tables, gathered before their transaction. It is a job of the writer's: adding them all."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Table, tuple[str, ...]], list[Row]] = {}
        """By table and columns."""

    def take(self, table: Table, rows: Iterable[Row]) -> None:
        for row in rows:
            self._tables.setdefault((table, tuple(row)), []).append(row)

    def take_all(self, other: "Rows") -> None:
        """After those that are there, table by table."""
        for key, rows in other._tables.items():
            self._tables.setdefault(key, []).extend(rows)

    def __call__(self, connection: Connection) -> tuple[()]:
        """Add them. Raises what an INSERT raises (`IntegrityError`)."""
        for (table, _), rows in self._tables.items():
            add(connection, table, rows)
        return ()


def add_once(connection: Connection, table: Table, row: Row) -> None:
    """Insert a row unless one of its key is there, put there by whatever process."""
    dialects: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    connection.execute(dialects[connection.dialect.name](table).values(**row).on_conflict_do_nothing())


def add(target: Connection | Rows, table: Table, rows: Row | Sequence[Row]) -> None:
    """Insert one row, or several that have the same columns. Raises what an INSERT raises (`IntegrityError`)."""
    several = [rows] if isinstance(rows, Mapping) else rows
    if isinstance(target, Rows):
        target.take(table, several)
        return
    insertion = _insertion(target.dialect, table, tuple(several[0]))
    values: Any = [insertion.values(row) for row in several]
    if insertion.places is None or len(values) == 1:
        target.exec_driver_sql(insertion.text, values if len(values) > 1 else values[0])
    else:
        _add_several(target, insertion.text, values)


def _add_several(connection: Connection, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Several rows in one statement: a driver that is called once for each of them lets go of the interpreter as often.
    Powers of two, so that there are few statements and each is parsed once."""
    start, values = 0, text[text.rindex("(") :]
    most = max(1, MOST_VALUES // len(rows[0]))
    while start < len(rows):
        count = 1 << (min(len(rows) - start, most).bit_length() - 1)
        several = tuple(value for row in rows[start : start + count] for value in row)
        connection.exec_driver_sql(text + f", {values}" * (count - 1), several)
        start += count


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as the driver takes it."""

    text: str
    places: tuple[str, ...] | None
    """The order of its values, where the driver counts them; None where it names them."""

    def values(self, named: Row) -> Any:
        return dict(named) if self.places is None else tuple(named[place] for place in self.places)


def prepare(statement: ClauseElement, dialect: Dialect, columns: Sequence[str] | None = None) -> Prepared:
    """Compile a statement once. `columns`: of an INSERT, those that it fills."""
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    places = getattr(compiled, "positiontup", None)
    return Prepared(str(compiled), tuple(places) if places is not None else None)


@lru_cache(maxsize=256)
def _insertion(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> Prepared:
    return prepare(insert(table).inline(), dialect, list(columns))
