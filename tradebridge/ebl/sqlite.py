"""How SQLite is opened wherever it has to be durable: by the hub, a platform, a carrier.

The driver begins no transaction by itself: SQLAlchemy does, with the statement that the caller chooses. Where it writes
that is `BEGIN IMMEDIATE`: of two writers one waits, and neither fails. Without a statement the caller begins by itself.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection


def tune(engine: Engine, begin: str | None, pragmas: Iterable[str]) -> None:
    """Each connection of the engine gets these pragmas; each transaction begins with `begin`."""

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    if begin is None:
        return

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def raw(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection. For what begins and ends a piece of work: through SQLAlchemy it costs ten times as
    much. What fails raises `sqlite3.Error`."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"a connection of SQLite was expected, not one of {type(driver).__name__}")
    return driver
