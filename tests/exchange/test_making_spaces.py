"""Making and dropping spaces: whole or not at all, whatever comes between."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from exchange import log
from exchange.clock import FrozenClock
from exchange.config import Settings
from exchange.hub import open_hub
from exchange.keys import load_keys
from exchange.store import database as store
from exchange.store import tables as t
from tests.exchange.cast import NOW, SEED, Cast, certificate
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key

OPERATOR = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}


def test_a_store_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'hub.sqlite'}"
    monkeypatch.setattr("os.link", broken)
    with pytest.raises(OSError, match="killed"):
        store.create(store.open_database(url, "one"))
    assert not store.exists(store.open_database(url, "one"))
    monkeypatch.undo()
    for name in ("one", "two"):
        made = store.open_database(url, name)
        store.create(made)
        assert store.check(made) == "ready"
        made.close()
    assert {path.name.partition(".")[0] for path in (tmp_path / "spaces").iterdir()} == {"one", "two"}


def broken(source: object, target: object) -> None:
    raise OSError("killed between the copy and its name")


def test_a_space_that_is_being_dropped_is_found_by_nobody(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url) as default, ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert httpx.post(f"{default.url}/v1/spaces", json={"name": "brief"}, headers=OPERATOR).status_code == 201
            dropping = pool.submit(httpx.delete, f"{default.url}/v1/spaces/brief", headers=OPERATOR)
            asked = [pool.submit(httpx.get, f"{default.url}/s/brief/v1/members", headers=OPERATOR) for _ in range(12)]
            assert dropping.result().status_code == 204
            assert {each.result().status_code for each in asked} <= {200, 404, 503}
            assert httpx.get(f"{default.url}/s/brief/v1/members", headers=OPERATOR).status_code == 404


def test_a_space_that_nobody_asked_for_since_the_start_can_be_dropped(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as default:
        httpx.post(f"{default.url}/v1/spaces", json={"name": "old"}, headers=OPERATOR)
    with hub_in_thread(tmp_path) as again:
        assert httpx.delete(f"{again.url}/v1/spaces/old", headers=OPERATOR).status_code == 204
        assert httpx.delete(f"{again.url}/v1/spaces/old", headers=OPERATOR).status_code == 404


def test_a_lease_from_before_the_clock_was_set_back_stops_no_sequencer(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, seed=SEED, clock=NOW)
    hub = open_hub(settings)
    try:
        late = time.time() + 3600  # the process that died had a clock one hour ahead
        hub.writer.do_now(lambda c: c.execute(update(t.head).values(leader="another", leader_until=late)))
        sequencer = log.Sequencer(load_keys(settings, "", NOW), FrozenClock(NOW), "this one")
        hub.writer.do_now(sequencer.run_once)
        with hub.database.reading.connect() as connection:
            assert connection.execute(select(t.head.c.leader)).scalar() == "this one"
    finally:
        asyncio.run(hub.stop())


def test_what_is_logged_of_an_error_of_the_store_has_no_values(tmp_path: Path, database_url: str) -> None:
    database = store.open_database(database_url)
    store.create(database)
    row = {"id": "M", "status": "active", "data": "what only the member may know"}
    with pytest.raises(IntegrityError) as error, database.writing.begin() as connection:
        connection.execute(t.members.insert(), row)
        connection.execute(t.members.insert(), row)
    assert "only the member" not in str(error.value).split("DETAIL")[0]
    database.close()


def test_the_weights_of_accept_are_kept(sqlite_cast: Cast) -> None:
    accepted = sqlite_cast["SG-NSW"].submit(certificate("SG-2026-09201"), ["TH-NSW"])
    own = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    address = f"{sqlite_cast.url}/v1/documents/{accepted.id}"
    for accept, given in (
        ("application/xml;q=0.5, application/json", "application/json"),
        ("application/json;q=0, */*;q=0.1", "application/xml"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "text/html; charset=utf-8"),
        ("text/html;q=0.5, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("application/json; charset=utf-8; q=0.2", "application/json"),
    ):
        answer = httpx.get(address, headers=own | {"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, given), accept
        tags = {"Accept": accept, "If-None-Match": f'"other", W/{answer.headers["etag"]}'}
        assert httpx.get(address, headers=own | tags).status_code == 304
    assert httpx.get(address, headers=own | {"Accept": "application/json;q=0"}).status_code == 406
