"""The world's end of the private socket to its hub (`exchange.control`): clocks, spaces, what is kept of them.

One request at a time for each answer; a hub that was started anew is asked again, and told the clock of each space.
"""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_SECONDS = 20.0
MAX_DATAGRAM = 65536


class HubRefused(Exception):
    """The hub does not do it: `code` of a finding (simulator/refusals.py), and what it found."""

    def __init__(self, code: str, found: str = "") -> None:
        super().__init__(code, found)
        self.code, self.found = code, found


class HubControl:
    """Asks the hub. `open` and `close` it in the event loop; without a descriptor every request is refused."""

    def __init__(self, descriptor: int = -1) -> None:
        self._socket = socket.socket(fileno=descriptor) if descriptor >= 0 else None
        self._waiting: dict[int, tuple[bytes, asyncio.Future[dict[str, Any]]]] = {}
        self._last = time.time_ns() // 1_000_000
        """Of the requests' numbers: no other than those of a world before this one."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_started: Callable[[], Awaitable[None]] = _nothing
        """Called when the hub has started anew."""

    @property
    def there(self) -> bool:
        return self._socket is not None

    def open(self) -> None:
        if self._socket is not None:
            self._socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # what the hub said to a world before this one
                while self._socket.recv(MAX_DATAGRAM):
                    pass
            asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    async def ask(self, do: str, **asked: Any) -> dict[str, Any]:
        """The hub's answer. Raises `HubRefused`."""
        if self._socket is None:
            raise HubRefused("simulation.no-control")
        self._last += 1
        number = self._last
        data = json.dumps({"id": number, "do": do, **asked}).encode()
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (data, future)
        try:
            self._send(data)
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await future
        except TimeoutError as error:
            raise HubRefused("simulation.hub-away") from error
        finally:
            del self._waiting[number]
        if "error" in answer:
            raise HubRefused(answer["error"], answer.get("found", ""))
        return answer

    def _send(self, data: bytes) -> None:
        if self._socket is not None:
            with contextlib.suppress(BlockingIOError):  # a hub that is away has left many unread: it will say so
                self._socket.send(data)

    def _read(self) -> None:
        """An answer; or the hub's word that it has started: what it was asked before is lost, and is asked again."""
        with contextlib.suppress(BlockingIOError):
            while self._socket is not None and (data := self._socket.recv(MAX_DATAGRAM)):
                said = json.loads(data)
                if said.get("started"):
                    task = asyncio.get_running_loop().create_task(self._begin_again())
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                elif said.get("id") in self._waiting and not self._waiting[said["id"]][1].done():
                    self._waiting[said["id"]][1].set_result(said)

    async def _begin_again(self) -> None:
        for data, _ in list(self._waiting.values()):
            self._send(data)
        await self.on_started()


async def _nothing() -> None:
    return
