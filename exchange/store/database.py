"""Opening the store of a space, on SQLite or PostgreSQL.

SQLite: WAL, `synchronous=FULL` (what is committed survives a power cut), one writing connection whose transactions
begin IMMEDIATE, and reading connections beside it. A space is a file. PostgreSQL: a space is a schema, chosen by
`search_path`; a process that stands still in a transaction loses it after a moment, so that its locks hold nobody up. A
new space is made from the tables at once (a copy of a template on SQLite), never by migrations; an existing one is
migrated by alembic when it is opened by `tb db upgrade`.
"""

import os
import re
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, PoolProxiedConnection, create_engine, event, inspect, make_url, select, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.util import LRUCache

from exchange.store.tables import head, metadata
from exchange.store.version import at_head, stamp
from tradebridge.ebl.sqlite import tune

if TYPE_CHECKING:
    import psycopg

SPACE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

STANDSTILL_SECONDS = 3
"""PostgreSQL: so long a transaction may wait for its own process (stopped, swapped out, its machine gone); then the
server ends it. The writer runs the jobs again."""
TRANSACTION_SECONDS = 8
"""The same for a whole transaction: a process that stops between the commands of a pipeline (psycopg's `executemany`)
does not count as idle. From PostgreSQL 17; migrations are exempt."""
DEADLOCK = "40P01"
DROP_TRIES = 5
"""A store that is dropped takes the locks of all its tables one by one, and may meet a reader that came just before."""


class StoreNotReady(RuntimeError):
    """The store is missing or of another version: run `tb db upgrade`, or `tb db check` to see why."""


@dataclass(frozen=True, slots=True)
class Database:
    """The two ways into one store: `writing` for the one writer, `reading` for everybody else."""

    url: URL
    space: str
    writing: Engine
    reading: Engine
    _looking: "_Looking" = field(default_factory=lambda: _Looking(), repr=False, compare=False)

    @property
    def sqlite(self) -> bool:
        return self.writing.dialect.name == "sqlite"

    def may_find(self, query: str, values: Any) -> bool:
        """Whether this one query finds a row, asked of the driver at a fraction of the cost. Also True where the driver
        cannot say: who then looks for the row meets the same trouble, and in SQLAlchemy's words."""
        try:
            if self.sqlite:
                return self._looking.finds(self.reading, query, values)
            connection = self.reading.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(query, values)
                return cursor.fetchone() is not None
            finally:
                connection.close()
        except self.reading.dialect.loaded_dbapi.Error:
            return True

    def close(self) -> None:
        self._looking.close()
        self.writing.dispose()
        self.reading.dispose()


class _Looking:
    """A connection to SQLite that stays out of the pool, for one query at a time: a pool costs more than the query."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: PoolProxiedConnection | None = None

    def finds(self, engine: Engine, query: str, values: Any) -> bool:
        with self._lock:
            if self._connection is None:
                self._connection = engine.raw_connection()
                self._connection.detach()
            cursor = self._connection.cursor()
            try:
                cursor.execute(query, values)
                return cursor.fetchone() is not None
            finally:
                cursor.close()  # a statement that is left open keeps SQLite from moving its log into the file

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def open_database(database_url: str, space: str = "") -> Database:
    """Engines for the store of this space. Connects to nothing yet."""
    if space and not SPACE_NAME.fullmatch(space):
        raise ValueError(f"a space's name is lower-case letters, digits and hyphens, at most 40: {space!r}")
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, space)
    return _open_postgresql(url, space)


def _open_sqlite(url: URL, space: str) -> Database:
    path = _sqlite_path(url, space)
    url = url.set(database=str(path))
    engines = []
    for begin in ("BEGIN IMMEDIATE", "BEGIN"):
        engine = create_engine(
            url.set(drivername="sqlite+tradebridge"),
            execution_options={"compiled_cache": _COMPILED},
            connect_args={"check_same_thread": False, "timeout": 30},
            pool_size=4,
            max_overflow=12,
            hide_parameters=True,  # errors are logged: never with what is in a document or digest of a key
        )
        tune(engine, begin, _PRAGMAS)
        engines.append(engine)
    return Database(url, space, engines[0], engines[1])


class Dialect(SQLiteDialect_pysqlite):
    """SQLite as ever. All of them are one to SQLAlchemy, so that a statement is compiled once for a process and not
    once for each engine: a new space would else spend a third of its time on that."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.tradebridge", __name__, "Dialect")
_COMPILED: LRUCache[Any, Any] = LRUCache(1000)
"""Statements compiled for SQLite."""


def _sqlite_path(url: URL, space: str) -> Path:
    if not url.database or url.database == ":memory:":
        raise ValueError("the store needs a file: sqlite:///PATH (what is acknowledged must survive)")
    path = Path(url.database)
    return path.parent / "spaces" / f"{space}.sqlite" if space else path


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-16000",  # kB
    "wal_autocheckpoint=8000",  # pages: a page that many commits touch is copied into the file once for all of them
)


def _open_postgresql(url: URL, space: str) -> Database:
    session = {
        "search_path": schema_of(space),
        "lock_timeout": 30_000,
        "idle_in_transaction_session_timeout": STANDSTILL_SECONDS * 1000,
    }
    engine = create_engine(
        url,
        pool_size=6,
        max_overflow=14,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": " ".join(f"-c{name}={value}" for name, value in session.items())},
    )
    event.listen(engine, "connect", _limit_transactions)
    # A read sees one moment, as on SQLite: evidence whose proofs are newer than its checkpoint would be false.
    return Database(url, space, engine, engine.execution_options(isolation_level="REPEATABLE READ"))


def _limit_transactions(connection: "psycopg.Connection[Any]", record: Any) -> None:
    if connection.info.server_version >= 170_000:
        connection.execute(f"set transaction_timeout = {TRANSACTION_SECONDS * 1000:d}".encode())
        connection.commit()


def schema_of(space: str) -> str:
    """The PostgreSQL schema of a space: `public` for the default one."""
    return "space_" + space.replace("-", "_") if space else "public"


def exists(database: Database) -> bool:
    if database.sqlite:
        return Path(database.url.database or "").exists() and inspect(database.reading).has_table(head.name)
    return _has_schema(database, database.space)


def exists_beside(database: Database, database_url: str, space: str) -> bool:
    """Is there a store of this space? Asked of an open database of the same server; opens nothing."""
    if database.sqlite:
        return _sqlite_path(make_url(database_url), space).exists()  # its file was put there whole
    return _has_schema(database, space)


def _has_schema(database: Database, space: str) -> bool:
    with database.reading.connect() as connection:
        query = text("select 1 from information_schema.tables where table_schema = :schema and table_name = 'head'")
        return connection.execute(query, {"schema": schema_of(space)}).first() is not None


def create(database: Database) -> None:
    """Make the store of a new space, whole and at the newest version. Harmless where it exists."""
    if database.sqlite:
        _create_sqlite(database)
        return
    schema = schema_of(database.space)
    with database.writing.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(7420)"))  # two hubs may start at once
        connection.execute(text(f'create schema if not exists "{schema}"'))
        _create_tables(connection)


def _create_sqlite(database: Database) -> None:
    path = Path(database.url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _put_whole(_empty_store(), path)
    with database.writing.begin() as connection:
        _create_tables(connection)


@cache
def _empty_store() -> bytes:
    """The file that every new store is a copy of: about 0.5 MB, made once for a process."""
    with tempfile.TemporaryDirectory() as place:
        made = open_database(f"sqlite:///{place}/made.sqlite")
        with made.writing.begin() as connection:
            _create_tables(connection)
        with made.writing.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")  # a checkpoint needs to be outside a transaction
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        made.close()
        return (Path(place) / "made.sqlite").read_bytes()


def _put_whole(content: bytes, target: Path) -> None:
    """Write a file so that a kill leaves all of it or nothing. If somebody else was faster, theirs stays."""
    with tempfile.NamedTemporaryFile(dir=target.parent) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, target)


def _create_tables(connection: Connection) -> None:
    if inspect(connection).has_table(head.name):
        return
    metadata.create_all(connection, checkfirst=False)
    connection.execute(
        head.insert(),
        {"id": 1, "size": 0, "feed_size": 0, "checkpoint": "", "leader": "", "leader_until": 0.0, "members_version": 0},
    )
    stamp(connection)


def check(database: Database) -> str:
    """One word of where the store stands: `ready`, `missing`, or `behind` (migrations are waiting)."""
    if not exists(database):
        return "missing"
    with database.reading.connect() as connection:
        connection.execute(select(head.c.size)).first()
        return "ready" if at_head(connection) else "behind"


def drop(database: Database) -> None:
    """Remove the store of a space. The caller has closed whatever used it."""
    if not database.space:
        raise ValueError("the default space is not dropped by the program")
    database.close()
    if database.sqlite:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{database.url.database}{suffix}").unlink(missing_ok=True)
        return
    engine = create_engine(database.url)
    try:
        for last in (*[False] * DROP_TRIES, True):
            try:
                with engine.begin() as connection:
                    connection.execute(text(f'drop schema if exists "{schema_of(database.space)}" cascade'))
                return
            except OperationalError as error:
                if last or getattr(error.orig, "sqlstate", "") != DEADLOCK:
                    raise
    finally:
        engine.dispose()
