"""The private socket of a simulation: by it who started the hub moves its clock, and makes, empties and keeps spaces.

1. It is there only where `tb up` has made it (`TRADEBRIDGE_CONTROL_FD`): one end of a pair of datagram sockets, which
   has no address and which nobody else can open. Pilot mode refuses to start with one.
2. A datagram is one JSON object. A request `{"id", "do", ...}` is answered by `{"id", ...}`, or `{"id", "error"}` with
   the code of a finding. They are taken one after the other.
3. Only the business clock is moved. When the answer to a move comes, all that came due by it has been said.
4. The world says where it is (`{"do": "world", "url"}`), for the console, which shows what is on there.
5. When the hub starts, it throws away what was written to somebody before it, and says `{"started": true}`: who asked
   asks again, and tells it the clock.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from exchange.clock import MovableClock
from exchange.hub import Hub
from exchange.spaces import Spaces
from exchange.store import copies
from exchange.store.database import SPACE_NAME, Database

logger = structlog.get_logger(__name__)

MAX_DATAGRAM = 65536

Asked = dict[str, Any]


class Refused(Exception):
    """A request cannot be met: the argument is the code of a finding (simulator/refusals.py)."""


@asynccontextmanager
async def controlled(spaces: Spaces, descriptor: int) -> AsyncIterator[None]:
    """Listen to the socket for the time of the block. `descriptor` -1: there is none."""
    if descriptor < 0:
        yield
        return
    with socket.socket(fileno=descriptor) as ours:
        ours.setblocking(False)
        listening = asyncio.create_task(_listen(Control(spaces), ours), name="control")
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _listen(control: "Control", ours: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while ours.recv(MAX_DATAGRAM):
            pass
    readable = asyncio.Event()
    asyncio.get_running_loop().add_reader(ours, readable.set)
    try:
        _say(ours, {"started": True})
        while True:
            await readable.wait()
            readable.clear()
            with contextlib.suppress(BlockingIOError):
                while data := ours.recv(MAX_DATAGRAM):
                    _say(ours, await control.answer(orjson.loads(data)))
    finally:
        asyncio.get_running_loop().remove_reader(ours)


def _say(ours: socket.socket, said: Asked) -> None:
    with contextlib.suppress(BlockingIOError):  # nobody reads: the world is away, and will ask again
        ours.send(orjson.dumps(said))


class Control:
    """What can be asked for."""

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces

    async def answer(self, asked: Asked) -> Asked:
        """The answer to one request, whatever becomes of it."""
        known = {
            "clock": self._clock,
            "clocks": self._clocks,
            "make": self._make,
            "drop": self._drop,
            "empty": self._empty,
            "save": self._save,
            "restore": self._restore,
            "world": self._world,
        }
        try:
            return {"id": asked["id"], **await known[asked["do"]](asked)}
        except Refused as refused:
            return {"id": asked["id"], "error": str(refused)}
        except (KeyError, ValueError, TypeError, OSError, SQLAlchemyError) as error:
            logger.exception("a request by the control socket failed", asked=str(asked)[:300])
            return {"id": asked.get("id"), "error": "simulation.hub-failed", "found": f"{error!r}"[:200]}

    async def _clocks(self, asked: Asked) -> Asked:
        """`{space: {frozen, ahead}}` of the spaces that are open."""
        hubs = {name: self._spaces.get(name) for name in self._spaces.names()}
        return {"clocks": {name: _told(_clock_of(hub)) for name, hub in hubs.items() if hub is not None}}

    async def _clock(self, asked: Asked) -> Asked:
        """Set the clock of a space: `frozen` (RFC 3339 or null), `ahead` (seconds)."""
        hub = await self._found(asked)
        frozen = asked["frozen"]
        _clock_of(hub).set(datetime.fromisoformat(frozen) if frozen else None, timedelta(seconds=asked["ahead"]))
        await hub.say_what_is_due()
        return {}

    async def _world(self, asked: Asked) -> Asked:
        self._spaces.world = str(asked["url"])
        return {}

    async def _make(self, asked: Asked) -> Asked:
        """Make a space in which the same take part as in the default one; `before`, `after`: their base addresses."""
        name, default = asked["space"], self._spaces.get("")
        if default is None or not SPACE_NAME.fullmatch(name):
            raise Refused("simulation.bad-name")
        who = copies.moved(await default.ask(copies.who), asked["before"], asked["after"])
        if not await self._spaces.make(name, who):
            raise Refused("simulation.space-exists")
        return {}

    async def _drop(self, asked: Asked) -> Asked:
        if not await self._spaces.drop(asked["space"]):
            raise Refused("simulation.unknown-space")
        return {}

    async def _empty(self, asked: Asked) -> Asked:
        """Nothing has happened in the space; who takes part stays."""
        return await self._reopened(asked, _emptied)

    async def _save(self, asked: Asked) -> Asked:
        hub = await self._found(asked)
        path = _snapshot(hub, asked)
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(copies.save, hub.database, path)
        return {}

    async def _restore(self, asked: Asked) -> Asked:
        path = _snapshot(await self._found(asked), asked)
        if not path.exists():
            raise Refused("simulation.unknown-snapshot")
        return await self._reopened(asked, partial(copies.put_back, path=path))

    async def _reopened(self, asked: Asked, meanwhile: Any) -> Asked:
        if not await self._spaces.reopen(asked["space"], meanwhile):
            raise Refused("simulation.unknown-space")
        return {}

    async def _found(self, asked: Asked) -> Hub:
        hub = await self._spaces.find(asked["space"])
        if hub is None:
            raise Refused("simulation.unknown-space")
        return hub


def _emptied(database: Database) -> None:
    with database.writing.begin() as connection:
        copies.empty(connection)


def _snapshot(hub: Hub, asked: Asked) -> Path:
    """Of one name, in one space; raises for a store that is no file, and for a name that could lead elsewhere."""
    if not hub.database.sqlite:
        raise Refused("simulation.no-snapshots")
    if not SPACE_NAME.fullmatch(asked["name"]):
        raise Refused("simulation.bad-name")
    return Path(hub.database.url.database or "").parent / "snapshots" / (hub.space or ".default") / str(asked["name"])


def _clock_of(hub: Hub) -> MovableClock:
    if not isinstance(hub.clock, MovableClock):
        raise TypeError("a hub with a control socket is simulated, and its clock can be moved")
    return hub.clock


def _told(clock: MovableClock) -> Asked:
    return {"frozen": clock.frozen.isoformat() if clock.frozen else None, "ahead": clock.ahead.total_seconds()}
