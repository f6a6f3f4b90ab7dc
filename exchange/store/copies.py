"""What of a store is copied to another, emptied, or kept as a file: for spaces of a simulation.

1. Who takes part is copied: members and their keys. A copy has nobody who watches its log.
2. A file is a whole store of SQLite at one moment (`VACUUM INTO`); there is none of PostgreSQL.
3. Of a store that was put back, nobody holds a lease any more.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from exchange.store.database import Database

WHO = (t.members, t.signing_keys, t.authorities, t.revocation_lists, t.kept_lists, t.api_keys)
"""The tables of who takes part."""
STAY = (*WHO, t.people, t.sessions, t.observers, t.lost_keys, t.webhooks, t.head)
"""All else is what has happened, and can be emptied."""

Rows = Mapping[str, Sequence[dict[str, Any]]]
"""By table."""


def who(connection: Connection) -> Rows:
    """Who takes part."""
    return {table.name: [dict(row) for row in connection.execute(table.select()).mappings()] for table in WHO}


def moved(rows: Rows, before: str, after: str) -> Rows:
    """The same, reached below another address: each that begins with `before` begins with `after`."""
    described = [{**row, "data": row["data"].replace(before, after)} for row in rows[t.members.name]]
    return {**rows, t.members.name: described}


def put_who(connection: Connection, rows: Rows) -> None:
    """Into a new store."""
    for table in WHO:
        connection.execute(table.delete())
        if rows[table.name]:
            connection.execute(table.insert(), list(rows[table.name]))
    connection.execute(update(t.head).values(members_version=t.head.c.members_version + 1))


def empty(connection: Connection) -> None:
    """Nothing has happened yet; who takes part stays."""
    for table in reversed(t.metadata.sorted_tables):
        if table not in STAY:
            connection.execute(table.delete())
    connection.execute(update(t.head).values(size=0, feed_size=0, checkpoint="", leader="", leader_until=0.0))
    connection.execute(update(t.webhooks).values(position=-1, failing_since=None))


def save(database: Database, path: Path) -> None:
    """The store as a file. Only of SQLite."""
    path.unlink(missing_ok=True)
    with database.reading.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")  # VACUUM needs to be outside a transaction
        connection.execute(text("VACUUM INTO :path"), {"path": str(path)})


def put_back(database: Database, path: Path) -> None:
    """The file as the store, which nobody uses meanwhile. Only of SQLite."""
    store = Path(database.url.database or "")
    for suffix in ("-wal", "-shm"):
        Path(f"{store}{suffix}").unlink(missing_ok=True)
    new = store.with_suffix(".new")
    new.write_bytes(path.read_bytes())
    new.replace(store)
    leased = t.deliveries.c.state == "sending"
    with database.writing.begin() as connection:
        connection.execute(update(t.deliveries).where(leased).values(state="due", due_at=time.time()))
        connection.execute(update(t.webhook_deliveries).values(lease_until=None))
        connection.execute(update(t.head).values(leader="", leader_until=0.0))
