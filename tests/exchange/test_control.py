"""The private socket's requests, on both databases: clock, spaces, emptying, and what is kept of a store."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from exchange.clock import MovableClock
from exchange.config import Settings
from exchange.control import Control, controlled
from exchange.hub import open_hub
from exchange.members import add_member
from exchange.records import BY_ITSELF
from exchange.spaces import Spaces
from tests.exchange.cast import NOW, SEED, description
from tradebridge.evidence.simulation import test_api_key

OPERATOR = test_api_key(SEED, "OPERATOR")
PUSHED = {"mode": "push", "url": "http://127.0.0.1:9/partners/TH-NSW/push"}


def with_spaces(
    folder: Path, database_url: str, work: Callable[[Spaces, Callable[..., Awaitable[Any]]], Awaitable[None]]
) -> None:
    """A default space with one member that is pushed to, and `ask`."""

    async def run() -> None:
        settings = Settings(data=folder, database_url=database_url, seed=SEED, clock=NOW, base_url="http://127.0.0.1:1")
        hub = open_hub(settings)
        hub.begin(OPERATOR)
        await hub.start()
        member = {**description("TH-NSW"), "delivery": PUSHED}
        key = test_api_key(SEED, "TH-NSW")
        await hub.change_member("TH-NSW", "added", lambda c: add_member(c, member, key), BY_ITSELF)
        spaces = Spaces(settings, hub, OPERATOR)
        control = Control(spaces)

        async def ask(do: str, **asked: Any) -> Any:
            answer = await control.answer({"id": 1, "do": do, **asked})
            assert answer.pop("id") == 1
            return answer

        try:
            await work(spaces, ask)
        finally:
            await spaces.stop()

    asyncio.run(run())


def test_a_space_is_made_with_who_takes_part_reached_at_addresses_of_its_own(tmp_path: Path, database_url: str) -> None:
    async def work(spaces: Spaces, ask: Callable[..., Awaitable[Any]]) -> None:
        moved = {"before": "http://127.0.0.1:9/", "after": "http://127.0.0.1:9/s/one/"}
        assert await ask("make", space="one", **moved) == {}
        hub = spaces.get("one")
        assert hub is not None
        assert hub.registry.members["TH-NSW"].push_url == "http://127.0.0.1:9/s/one/partners/TH-NSW/push"
        assert (await ask("make", space="one", **moved))["error"] == "simulation.space-exists"
        assert (await ask("make", space="../one", **moved))["error"] == "simulation.bad-name"
        assert await ask("drop", space="one") == {}
        assert (await ask("drop", space="one"))["error"] == "simulation.unknown-space"
        assert (await ask("drop", space=""))["error"] == "simulation.unknown-space"

    with_spaces(tmp_path, database_url, work)


def test_an_emptied_store_keeps_its_members_and_its_time(tmp_path: Path, database_url: str) -> None:
    async def work(spaces: Spaces, ask: Callable[..., Awaitable[Any]]) -> None:
        before = spaces.get("")
        assert await ask("clock", space="", frozen=(NOW + timedelta(days=30)).isoformat(), ahead=0) == {}
        assert await ask("empty", space="") == {}
        hub = spaces.get("")
        assert hub is not None
        assert hub is not before
        assert "TH-NSW" in hub.registry.members
        assert hub.clock.now() == NOW + timedelta(days=30)
        assert await ask("clocks") == {"clocks": {"": {"frozen": (NOW + timedelta(days=30)).isoformat(), "ahead": 0.0}}}

    with_spaces(tmp_path, database_url, work)


def test_what_is_kept_of_a_store_is_a_file_of_sqlite(tmp_path: Path, database_url: str) -> None:
    async def work(spaces: Spaces, ask: Callable[..., Awaitable[Any]]) -> None:
        hub = spaces.get("")
        assert hub is not None
        if not hub.database.sqlite:
            assert (await ask("save", space="", name="kept"))["error"] == "simulation.no-snapshots"
            return
        assert (await ask("save", space="", name="../kept"))["error"] == "simulation.bad-name"
        assert (await ask("restore", space="", name="kept"))["error"] == "simulation.unknown-snapshot"
        assert await ask("save", space="", name="kept") == {}
        await hub.change_member(
            "VN-NSW", "added", lambda c: add_member(c, description("VN-NSW"), "tb_test_" + "v" * 43), BY_ITSELF
        )
        assert await ask("restore", space="", name="kept") == {}
        after = spaces.get("")
        assert after is not None
        assert set(after.registry.members) == {"TH-NSW"}

    with_spaces(tmp_path, database_url, work)


@pytest.mark.parametrize("asked", [{"do": "dance"}, {"do": "clock", "space": ""}, {"do": "clock", "space": "none"}])
def test_a_request_that_cannot_be_met_is_answered(tmp_path: Path, asked: dict[str, Any]) -> None:
    async def work(spaces: Spaces, ask: Callable[..., Awaitable[Any]]) -> None:
        assert (await ask(**asked))["error"].startswith("simulation.")

    with_spaces(tmp_path, "", work)


def test_over_the_socket_what_was_said_before_the_start_is_thrown_away(tmp_path: Path) -> None:
    async def work(spaces: Spaces, ask: Callable[..., Awaitable[Any]]) -> None:
        theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        theirs.send(b'{"id": 7, "do": "clocks"}')
        with theirs:
            theirs.setblocking(False)
            async with controlled(spaces, ours.detach()):
                loop = asyncio.get_running_loop()
                assert orjson.loads(await loop.sock_recv(theirs, 65536)) == {"started": True}
                theirs.send(b'{"id": 8, "do": "clocks"}')
                assert orjson.loads(await loop.sock_recv(theirs, 65536))["id"] == 8

    with_spaces(tmp_path, "", work)


def test_a_clock_runs_ahead_of_the_machines_until_it_is_set_otherwise() -> None:
    clock = MovableClock()
    real = clock.now()
    clock.set(None, timedelta(days=3))
    assert timedelta(days=3) <= clock.now() - real < timedelta(days=3, seconds=5)
    clock.set(NOW, timedelta())
    assert clock.now() == NOW
