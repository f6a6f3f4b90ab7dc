"""One office for all tests below the pages."""

from collections.abc import Iterator

import pytest

from tests.databases import postgresql_database, postgresql_server, postgresql_url
from tests.desk.running import Office
from tests.desk.running import office as opened

__all__ = ["office", "postgresql_database", "postgresql_server", "postgresql_url"]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(tmp_path_factory.mktemp("office")) as running:
        yield running
