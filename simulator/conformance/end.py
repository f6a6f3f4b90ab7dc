"""The kit's end of the wire: an HTTP server that can also misbehave.

1. It is asked by a system under test, and answers what the scenario tells it to: an answer, or one of the faults of
   `Fault`. No web framework does the latter, so it is h11 over a socket.
2. It answers one request a connection at a time, keeps connections, and bounds what it reads.
3. An error of the kit's own is remembered (`broken`), so that no scenario takes it for the other's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import h11

MAX_BODY = 64 * 1024 * 1024
HANG_SECONDS = 30.0

log = logging.getLogger("simulator.conformance")


class Fault(StrEnum):
    """What can come instead of an answer."""

    CLOSED = "the connection is closed without an answer"
    CUT = "the answer is cut in the middle"
    HANGS = "no answer comes, the connection stays open"
    NO_HTTP = "what comes is no HTTP"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None


Answering = Callable[[Asked], Awaitable[Reply]]


class End:
    """The listening server. `url` is where it listens."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server = await asyncio.start_server(self._accept, host, port)
        self.url = f"http://{host}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = h11.Connection(h11.SERVER)
        try:
            while (asked := await _read(wire, reader)) is not None:
                reply = await self._answer(asked)
                if not await _write(wire, reader, writer, reply):
                    break
                wire.start_next_cycle()
        except (h11.ProtocolError, OSError):
            pass  # the other side's HTTP, or its leaving
        finally:
            with suppress(OSError):
                writer.close()

    async def _answer(self, asked: Asked) -> Reply:
        try:
            return await self._answering(asked)
        except Exception:
            log.exception("the kit could not answer %s %s", asked.method, asked.path)
            return Reply(500, b'"the kit is broken here"')


async def _read(wire: h11.Connection, reader: asyncio.StreamReader) -> Asked | None:
    request, body = None, bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                return None
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
            return Asked(request.method.decode(), request.target.decode(), headers, bytes(body))
        else:  # closed, or paused: nothing more comes
            return None


async def _write(
    wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: Reply
) -> bool:
    """Whether the connection goes on."""
    if reply.fault is Fault.HANGS:
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), HANG_SECONDS)
        return False
    if reply.fault is Fault.NO_HTTP:
        writer.write(b"\x00\xff this is not HTTP\r\n\r\n")
        await writer.drain()
        return False
    if reply.fault is Fault.CLOSED:
        return False
    headers = {"content-type": "application/json", **reply.headers, "content-length": str(len(reply.body))}
    if reply.status == 204:
        headers.pop("content-type")
        headers.pop("content-length")
    writer.write(wire.send(h11.Response(status_code=reply.status, headers=list(headers.items()))) or b"")
    if reply.fault is Fault.CUT:
        writer.write(reply.body[: len(reply.body) // 2])
        await writer.drain()
        return False
    writer.write(wire.send(h11.Data(data=reply.body)) or b"")
    writer.write(wire.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    return wire.our_state is h11.DONE and wire.their_state is h11.DONE
