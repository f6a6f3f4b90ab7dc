"""The worlds of one process, one for each space; and what can be done to a world as a whole.

1. A space has a hub, journals, clock, faults, scripts and officers of its own. Its members are those of the default
   space, with the same keys: it is copied from there, so it is made in a moment.
2. What changes a world as a whole first stops it: nobody of it speaks, and the hub's pushes are told to come again.
   Then hub and journals are changed, and it goes on from there.
3. Clocks are the hub's first and then the partners'. A hub that was started anew is told them; a world that was, asks.
   The hub is told where the world is, for its console.
4. The default space's eBL platforms, and its witnesses, are no part of other spaces.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from simulator.clock import Clock, Setting
from simulator.hub_control import HubControl, HubRefused
from simulator.members import Member
from simulator.refusals import refuse
from simulator.world import Settings, World, outgoing, start, trust_of_hub

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MOST_SPACES = 200
KEPT_APART = ("spaces", "snapshots", "port")
"""In the folder of a world: what is not its own past."""


class Worlds:
    """All worlds of this process. Make them with `begin`."""

    def __init__(self, settings: Settings, members: tuple[Member, ...], control: HubControl) -> None:
        self.settings = settings
        self.members = members
        self.control = control
        self._initial = settings.clock.setting
        self._by_space: dict[str, World] = {}
        self._paused: set[str] = set()
        self._changing = asyncio.Lock()

    async def begin(self) -> None:
        """The default world, its members registered, and those of the spaces that are there from before."""
        self.control.open()
        self.control.on_started = self._tell
        clocks = {}
        if self.control.there:
            clocks = (await self.control.ask("clocks"))["clocks"]
            await self._tell_place()
        if "" in clocks:
            self.settings.clock.set(Setting.from_json(clocks[""]))
        self._by_space[""] = await start(self.settings, self.members, outgoing())
        for folder in sorted(self.settings.data.glob("spaces/*")):
            self._by_space[folder.name] = await self._world_of(folder.name, Setting.from_json(clocks[folder.name]))

    async def run(self) -> None:
        """Begin to speak."""
        for world in self._by_space.values():
            await world.start()

    async def close(self) -> None:
        for world in self._by_space.values():
            await world.switches.recorder.end()
            await world.close()
        self.control.close()

    def get(self, space: str) -> World:
        """The world of a space. Raises `Refusal`: there is none, or it is just being changed."""
        if space in self._paused:
            raise refuse("simulation.busy", found=space)
        if space not in self._by_space:
            raise refuse("simulation.unknown-space", found=space)
        return self._by_space[space]

    # --- clocks ------------------------------------------------------------------------------------------------------

    async def set_clock(self, space: str, setting: Setting) -> None:
        """When it returns, the hub has said all that came due, and the partners are awake to what waits no longer."""
        world = self.get(space)
        await self.control.ask("clock", space=space, **setting.to_json())
        world.settings.clock.set(setting)

    async def reset_clock(self, space: str) -> None:
        await self.set_clock(space, self._initial)

    async def _tell_place(self) -> None:
        await self.control.ask("world", url=self.settings.own_url)

    async def _tell(self) -> None:
        """What a hub that was started anew does not know; its time first, before anybody moves it."""
        for space, world in list(self._by_space.items()):
            await self.control.ask("clock", space=space, **world.settings.clock.setting.to_json())
        await self._tell_place()

    # --- spaces ------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        return sorted(self._by_space)

    async def make(self, space: str) -> World:
        if not NAME.fullmatch(space):
            raise refuse("simulation.bad-name", "/name", found=space)
        if len(self._by_space) > MOST_SPACES:
            raise refuse("simulation.too-many-spaces", found=len(self._by_space))
        own = self.settings.own_url
        await self.control.ask("make", space=space, before=f"{own}/", after=f"{own}/s/{space}/")
        self._by_space[space] = await self._world_of(space, self._initial)
        await self._by_space[space].start()
        return self._by_space[space]

    async def drop(self, space: str) -> None:
        """A space, with all that was in it."""
        if not space:
            raise refuse("simulation.unknown-space", found="the default space, which stays: reset it")
        async with self._stopped(space, goes_on=False) as world:
            await world.switches.recorder.end()
            await self.control.ask("drop", space=space)
            await asyncio.to_thread(shutil.rmtree, world.settings.data, ignore_errors=True)

    async def _world_of(self, space: str, setting: Setting) -> World:
        """Of a space whose hub is there."""
        name = self.settings
        settings = replace(
            name,
            hub_url=f"{name.hub_url}/s/{space}",
            own_url=f"{name.own_url}/s/{space}",
            clock=Clock(setting),
            data=name.data / "spaces" / space,
        )
        transport = outgoing()
        return World(settings, await trust_of_hub(settings, transport), self.members, transport)

    # --- the past ----------------------------------------------------------------------------------------------------

    async def empty(self, space: str) -> None:
        """Nothing has happened: no document is known, here and at the hub. Members, clock and switches stay."""
        async with self._stopped(space) as world:
            await world.switches.recorder.end()
            await self.control.ask("empty", space=space)
            await asyncio.to_thread(_remove, _past(world.settings.data))

    async def save(self, space: str, name: str) -> None:
        """Keep what has happened, under a name. One that is there is replaced."""
        self._check(name)
        async with self._stopped(space) as world:
            await self.control.ask("save", space=space, name=name)
            await asyncio.to_thread(_copy, world.settings.data, _kept(world, name))

    async def restore(self, space: str, name: str) -> None:
        """What has happened is what had happened when it was kept; the clock stays as it is."""
        self._check(name)
        if not _kept(self.get(space), name).is_dir():
            raise refuse("simulation.unknown-snapshot", found=name)
        async with self._stopped(space) as world:
            await world.switches.recorder.end()
            await self.control.ask("restore", space=space, name=name)
            await asyncio.to_thread(_put_back, _kept(world, name), world.settings.data)

    def snapshots(self, space: str) -> list[str]:
        folder = _kept(self.get(space), "")
        return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []

    def _check(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise refuse("simulation.bad-name", "/name", found=name)

    @asynccontextmanager
    async def _stopped(self, space: str, *, goes_on: bool = True) -> AsyncIterator[World]:
        """Rule 2."""
        async with self._changing:
            world = self.get(space)
            self._paused.add(space)
            try:
                await world.close()
                try:
                    yield world
                except HubRefused:
                    goes_on = True
                    raise
                finally:
                    del self._by_space[space]
                    if goes_on:
                        self._by_space[space] = await self._again(world)
            finally:
                self._paused.discard(space)
            if goes_on:
                await self._by_space[space].start()

    async def _again(self, world: World) -> World:
        """The same world over what its folder holds now; its switches are as they were."""
        transport = outgoing()
        trust = await trust_of_hub(world.settings, transport)
        return World(world.settings, trust, self.members, transport, world.switches)


def _kept(world: World, name: str) -> Path:
    return world.settings.data / "snapshots" / name


def _past(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.name not in KEPT_APART] if folder.is_dir() else []


def _remove(paths: Iterable[Path]) -> None:
    for each in paths:
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _copy(folder: Path, to: Path) -> None:
    new = to.with_name(f".{to.name}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for each in _past(folder):
        if each.is_dir():
            shutil.copytree(each, new / each.name)
        else:
            shutil.copy2(each, new / each.name)
    shutil.rmtree(to, ignore_errors=True)
    new.rename(to)


def _put_back(kept: Path, folder: Path) -> None:
    _remove(_past(folder))
    for each in kept.iterdir():
        if each.is_dir():
            shutil.copytree(each, folder / each.name)
        else:
            shutil.copy2(each, folder / each.name)
