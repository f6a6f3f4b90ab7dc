"""How SQLite is opened wherever it has to be durable: by the hub, a platform, a carrier.

The driver begins no transaction by itself: SQLAlchemy does, with the statement that the caller chooses. Where it writes
that is `BEGIN IMMEDIATE`: of two writers one waits, and neither fails.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection


def tune(engine: Engine, begin: str, pragmas: Iterable[str]) -> None:
    """Each connection of the engine gets these pragmas; each transaction begins with `begin`."""

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
