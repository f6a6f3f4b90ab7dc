"""One hub for all tests of the console's pages, with something in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from schemas.event import EventType
from tests.console.hostile import LONG, MARKUP
from tests.databases import (
    database_url,
    empty_url,
    postgresql_database,
    postgresql_new_store,
    postgresql_server,
    postgresql_url,
    sqlite_url,
)
from tests.exchange.cast import Cast, certificate, event
from tests.exchange.running import hub_in_thread

__all__ = [
    "console",
    "database_url",
    "empty_url",
    "postgresql_database",
    "postgresql_new_store",
    "postgresql_server",
    "postgresql_url",
    "sqlite_url",
]


@dataclass(frozen=True)
class Console:
    """The console of a hub in which a certificate was queried and one was refused."""

    cast: Cast
    pages: httpx.Client
    document: str
    number: str
    digest: str
    refusal: str


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running, httpx.Client(timeout=20) as pages:
        cast = running.join(VN_NSW={"name": f"{MARKUP}{LONG}"[:100]})
        pages.base_url = httpx.URL(cast.url)
        accepted = cast["SG-NSW"].submit(certificate("SG-C-1"), ["TH-NSW"])
        said = event(EventType.QUERIED, accepted.id, accepted.content_digest, "TH-NSW")
        cast["TH-NSW"].send_event(accepted.id, said)
        refused = pages.post("/console/try/mistakes")
        assert refused.status_code == 303
        refusal = cast.operator.refusals().items[0]["id"]
        yield Console(cast, pages, accepted.id, "SG-C-1", accepted.content_digest, refusal)
