"""Adding rows: each INSERT is compiled once for each database and set of columns, and then run as it is.

SQLAlchemy builds, keys and looks a statement up each time it is executed; for the few rows that every message writes,
that costs twice what the database does. The statement is still SQLAlchemy's, made from the table for its dialect, and
the values are those of `tables.py` (text, numbers, bytes), which both drivers take as they are.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.engine import Connection

Row = Mapping[str, Any]


def add(connection: Connection, table: Table, rows: Row | Sequence[Row]) -> None:
    """Insert one row, or several that have the same columns. Raises what an INSERT raises (`IntegrityError`)."""
    several = [rows] if isinstance(rows, Mapping) else rows
    statement, places = _compiled(connection.dialect, table, tuple(several[0]))
    if places is None:
        values: Any = [dict(row) for row in several]
    else:
        values = [tuple(row[place] for place in places) for row in several]
    connection.exec_driver_sql(statement, values if len(values) > 1 else values[0])


@lru_cache(maxsize=256)
def _compiled(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...] | None]:
    """The text of the INSERT, and the order of its values where the driver counts them instead of naming them."""
    compiled = insert(table).inline().compile(dialect=dialect, column_keys=list(columns))
    places = compiled.positiontup
    return str(compiled), tuple(places) if places is not None else None
