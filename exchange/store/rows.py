"""Adding rows: each INSERT is compiled once for each database and set of columns, and then run as it is.

SQLAlchemy builds, keys and looks a statement up each time it is executed; for the few rows that every message writes,
that costs twice what the database does. The statement is still SQLAlchemy's, made from the table for its dialect, and
the values are those of `tables.py` (text, numbers, bytes), which both drivers take as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Table, insert
from sqlalchemy.engine import Connection

Row = Mapping[str, Any]


def add(connection: Connection, table: Table, rows: Row | Sequence[Row]) -> None:
    """Insert one row, or several that have the same columns. Raises what an INSERT raises (`IntegrityError`)."""
    several = [rows] if isinstance(rows, Mapping) else rows
    insertion = _insertion(connection.dialect, table, tuple(several[0]))
    values: Any = [insertion.values(row) for row in several]
    connection.exec_driver_sql(insertion.text, values if len(values) > 1 else values[0])


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
