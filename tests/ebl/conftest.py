"""The three platforms that most tests of this folder share: one trio a worker. Each test makes titles of its own."""

from collections.abc import Iterator

import pytest

from tests.ebl.running import Platforms, trio


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platforms]:
    with trio(tmp_path_factory.mktemp("trio")) as running:
        yield running
