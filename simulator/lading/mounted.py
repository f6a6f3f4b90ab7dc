"""Platforms, carrier and links at work within the world's process, each with a folder of its own.

1. They speak with each other, with the hub and with the parties over HTTP, as if each were alone; killed with the
   world, they go on from their folders.
2. The platforms are members of the hub apart from the world's partners: they exchange bills of lading by PINT, and take
   no documents. The carrier is the partner CARRIER-SIM, of which the hub is told how its bills are issued.
3. They open when somebody calls one of them, or when the world starts over folders of theirs: a world that has no bills
   of lading does not pay for them.
"""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from simulator import links
from simulator.clock import Clock
from simulator.lading.cast import PREFIX, TRADERS, Places, trader_token
from simulator.members import CARRIER_CODE
from simulator.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

CODES = (*PLATFORMS, CARRIER_CODE)


class Mounted:
    """All of them. `mount` them before the world serves; `open` and `close` within its event loop."""

    def __init__(self, seed: str, places: Places, clock: Clock, folder: Path) -> None:
        self.folder = folder / "ebl"
        self._seed, self._places, self._clock = seed, places, clock
        self._links = links.Links(folder / "links")
        self._callers = {trader_token(seed, each): each.id for each in TRADERS.values()}
        self._apps: Mapping[str, FastAPI] = {}
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    @property
    def stores(self) -> dict[str, Path]:
        """The platforms' stores, by code."""
        return {code: self.folder / code / "platform.sqlite" for code in PLATFORMS}

    def mount(self, app: FastAPI) -> None:
        for code in CODES:
            app.mount(f"{PREFIX}/{code}", partial(self._called, code))
        app.include_router(links.router(self._links, self._callers.get))

    async def resume(self) -> None:
        """Open what an earlier run of the world has left, so that it goes on."""
        if self.folder.exists():
            await self._open()

    async def close(self) -> None:
        async with self._opening:
            await self._stack.aclose()
        self._links.close()

    async def _called(self, code: str, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._open())[code](scope, receive, send)

    async def _open(self) -> "Mapping[str, FastAPI]":
        async with self._opening:
            if not self._apps:
                apps = await asyncio.to_thread(self._made)
                for app in apps.values():
                    await self._stack.enter_async_context(app.router.lifespan_context(app))
                self._apps = apps
        return self._apps

    def _made(self) -> "dict[str, FastAPI]":
        from simulator.lading.served import carrier_of, platform_of

        clock = self._clock
        apps = {code: platform_of(code, self._seed, self._places, clock, self.folder / code) for code in PLATFORMS}
        apps[CARRIER_CODE] = carrier_of(self._seed, self._places, clock, self.folder / CARRIER_CODE)
        return apps
