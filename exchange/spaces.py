"""The spaces of one process: the default one, and those made beside it. Each is a `Hub` of its own.

1. One store has one hub: the default space is found without a name and, where the settings name it, by that name.
2. A name that is no space opens nothing: one look whether there is a store, and for a moment the answer is remembered.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from functools import partial

from exchange.clock import Clock
from exchange.config import Settings
from exchange.hub import Hub, open_hub
from exchange.keys import make_secret
from exchange.members import new_api_key
from exchange.places import Places
from exchange.store import copies
from exchange.store import database as store
from exchange.tries import Tries
from tradebridge.evidence.simulation import test_api_key

MISSING_SECONDS = 1.0
"""So long it is remembered that there is no space of a name: another process may make one."""
MISSING_KEPT = 1000
"""Names that are remembered."""
CHECKS_EACH, CHECKS = 4, 32
"""Checks on the public pages at once, of one address and of all; and as many bodies that are being read for them."""
DROPPED_KEPT = 20
"""Dropped spaces whose memory is given back together."""


class Spaces:
    """Finds the hub of a space, and opens it when it is first asked for."""

    def __init__(self, settings: Settings, default: Hub, operator_key: str) -> None:
        self._settings = settings
        self._hubs: dict[str, Hub] = {"": default}
        self._operator_key = operator_key
        self._opening = asyncio.Lock()
        self.bodies = Places("request bodies", settings.bodies_per_member, settings.bodies)
        self.feeds = Places("feeds", settings.feeds_per_member, settings.feeds)
        self.consoles = Places("open consoles", settings.feeds, settings.feeds)
        self.world = ""
        """Base address of the simulated world, as it has said itself: the console asks it. Empty: none that we know."""
        self.checks = Places("checks", CHECKS_EACH, CHECKS)
        self.asking = Places("request bodies", CHECKS_EACH, CHECKS)
        self.tries = Tries(settings.checks_per_minute)
        self._dropped = 0
        self._missing: dict[str, float] = {}
        """Name to the time until which it is taken for no space."""

    def names(self) -> list[str]:
        return sorted(hub.space for hub in self._hubs.values())

    def get(self, name: str) -> Hub | None:
        """An open space."""
        return self._hubs.get("" if name == self._settings.space else name)

    async def find(self, name: str) -> Hub | None:
        """A space, opened if it exists in the store; None where there is none of this name."""
        hub = self.get(name)
        if hub is not None or not store.SPACE_NAME.fullmatch(name) or self._is_missing(name):
            return hub
        async with self._opening:
            if self.get(name) is None and not self._is_missing(name):
                if await asyncio.to_thread(self._exists, name):
                    await self._open(name)
                else:
                    self._remember_missing(name)
        return self.get(name)

    async def make(self, name: str, who: copies.Rows | None = None) -> bool:
        """Make a space; False where the name is taken. The operator's key of this process holds in it. `who`: takes
        part in it from the start."""
        async with self._opening:
            if self.get(name) is not None or await asyncio.to_thread(self._exists, name):
                return False
            await self._open(name, who=who)
            self._missing.pop(name, None)
            return True

    async def reopen(self, name: str, meanwhile: Callable[[store.Database], None]) -> bool:
        """Close a space, change its store, open it again, at the same business time. Only in simulation; until it is
        open again, its requests are answered as by a hub that is away."""
        hub = await self.find(name)
        if hub is None or not hub.simulated:
            return False
        async with self._opening:
            hub.end_waiting()
            await hub.stop()
            database = store.open_database(self._settings.store_url, hub.space)
            try:
                await asyncio.to_thread(meanwhile, database)
            finally:
                database.close()
                await self._open(name, clock=hub.clock)
        return True

    async def drop(self, name: str) -> bool:
        """Close a space and remove its store. Only in simulation: evidence is not for dropping."""
        hub = await self.find(name)
        if not name or hub is None or not hub.simulated:
            return False
        async with self._opening:  # a request that comes meanwhile finds no half of it
            if self._hubs.pop(name, None) is None:
                return False
            await hub.stop()
            await asyncio.to_thread(store.drop, hub.database)
            self._dropped += 1
            if self._dropped % DROPPED_KEPT == 0:
                gc.collect()  # a hub is a web of cycles, and the process has told the collector to come seldom
        return True

    def end_waiting(self) -> None:
        for hub in self._hubs.values():
            hub.end_waiting()

    async def stop(self) -> None:
        for hub in self._hubs.values():
            await hub.stop()

    def _exists(self, name: str) -> bool:
        return store.exists_beside(self._hubs[""].database, self._settings.store_url, name)

    def _is_missing(self, name: str) -> bool:
        return self._missing.get(name, 0.0) > time.monotonic()

    def _remember_missing(self, name: str) -> None:
        if len(self._missing) >= MISSING_KEPT:
            self._missing.clear()
        self._missing[name] = time.monotonic() + MISSING_SECONDS

    async def _open(self, name: str, *, who: copies.Rows | None = None, clock: Clock | None = None) -> None:
        key, name = ("", self._settings.space) if name in ("", self._settings.space) else (name, name)
        hub = await asyncio.to_thread(open_hub, self._settings, name, clock)
        if who is not None:
            await hub.writer.do(partial(copies.put_who, rows=who))
        await asyncio.to_thread(hub.begin, self._operator_key)
        await hub.start()
        self._hubs[key] = hub


def operator_key_of(settings: Settings) -> str:
    """The operator's key: from the environment, from the seed, or from a file that is made at the first start."""
    given = settings.operator_key.get_secret_value()
    if given:
        return given
    if settings.seed:
        return test_api_key(settings.seed, "OPERATOR")
    path = settings.data / "operator.key"
    if not path.exists():
        make_secret(path, new_api_key().encode() + b"\n")
    return path.read_text().strip()
