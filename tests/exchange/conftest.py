"""Both stores, and a hub that runs, for every test of the exchange."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import (
    database_url,
    empty_url,
    postgresql_database,
    postgresql_new_store,
    postgresql_server,
    postgresql_url,
    sqlite_url,
)
from tests.exchange.cast import Cast
from tests.exchange.running import hub_in_thread

__all__ = [
    "cast",
    "database_url",
    "empty_url",
    "postgresql_database",
    "postgresql_new_store",
    "postgresql_server",
    "postgresql_url",
    "sqlite_cast",
    "sqlite_url",
]


@pytest.fixture
def cast(tmp_path: Path, database_url: str) -> Iterator[Cast]:
    """Everybody has joined a hub, over each of the two databases."""
    with hub_in_thread(tmp_path, database_url) as running:
        yield running.join()


@pytest.fixture(scope="module")
def sqlite_cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """One hub over SQLite for all tests of a module: for what depends on no database, and leaves no trace that others
    could meet (each test uses numbers of its own)."""
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        yield running.join()
