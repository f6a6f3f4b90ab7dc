"""A process that has not the key which another one has rotated to: it says so, and signs nothing in vain."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from exchange.api.health import checks_of
from exchange.api.trust import _rotate_own
from exchange.app import make_app
from exchange.clock import MovableClock
from exchange.config import Settings
from exchange.hub import Hub, open_hub
from exchange.own_key import KeyEnded, WhileBelieved
from exchange.records import BY_ITSELF
from tests.exchange.cast import NOW, SEED
from tradebridge.evidence.simulation import test_signer

HOUR = timedelta(hours=1)


def opened(folder: Path, store: Path) -> Hub:
    """With keys in its own folder, over a store that is another's too."""
    hub = open_hub(Settings(data=folder, database_url=f"sqlite:///{store}"), clock=MovableClock(NOW))
    hub.begin("")
    return hub


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[tuple[Hub, Hub]]:
    """Two processes of one hub; the first has rotated the key, with an hour in which both hold."""
    first = opened(tmp_path / "one", tmp_path / "hub.sqlite")
    shutil.copytree(tmp_path / "one" / "keys", tmp_path / "two" / "keys")
    second = opened(tmp_path / "two", tmp_path / "hub.sqlite")
    asyncio.run(_rotate_own(first, {}, HOUR, NOW, BY_ITSELF))
    yield first, second
    for hub in (first, second):
        hub.writer.stop()
        hub.database.close()


def sign(hub: Hub) -> None:
    hub.keys.signer.sign(b"a receipt")


def test_it_signs_while_the_old_key_is_believed_and_then_nothing(hubs: tuple[Hub, Hub], tmp_path: Path) -> None:
    first, second = hubs
    old = second.keys.signer.kid
    assert first.own_key.in_use and second.own_key.in_use
    second.reload()
    assert (second.own_key.in_use, second.keys.signer.kid) == (False, old)
    sign(second)
    checks = asyncio.run(checks_of(second))
    assert checks["key"]["ok"] is False and "key" not in asyncio.run(checks_of(first))
    clock = second.clock
    assert isinstance(clock, MovableClock)
    clock.set(NOW + HOUR, timedelta())
    with pytest.raises(KeyEnded, match="another key in use"):
        sign(second)
    shutil.copy(tmp_path / "one" / "keys" / "default" / "hub-2.pem", tmp_path / "two" / "keys" / "default")
    second.own_key.follow()  # it has looked a moment ago
    assert not second.own_key.in_use
    second.own_key.follow(now=True)
    assert second.own_key.in_use and second.keys.signer.kid == first.keys.signer.kid
    sign(second)


def test_what_cannot_be_signed_is_answered_503(tmp_path: Path) -> None:
    """With a key that the list does not have at all."""
    frame = make_app(Settings(data=tmp_path, seed=SEED, clock=NOW), in_tests=True)
    hub = frame._spaces.get("")
    assert hub is not None
    hub.keys = replace(hub.keys, signer=WhileBelieved(test_signer("another seed", "HUB", "receipt"), hub))

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=frame, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
            return await client.get("/v1/trust/status")

    answer = asyncio.run(asked())
    hub.writer.stop()
    hub.database.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "hub.unavailable")
