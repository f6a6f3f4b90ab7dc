"""Answers of a simulated member that break at the socket: late, never, cut off, wrong in length, no HTTP at all.

1. `Connection` lets an application reach the socket on which it was called: what is written there is what arrives.
2. `broken` is given the answer that would be right. Of what is answered without having taken anything (`BEFORE`), there
   is no right answer.
3. Nothing stays open: who never answers is cut off after `SILENT_SECONDS`.
"""

import asyncio
import contextlib
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.faults import HEADER, Fault, Faults

SILENT_SECONDS = 60.0
"""Longer than any caller of ours waits for an answer."""
_TRANSPORT = "simulator.transport"

BEFORE = frozenset({"timeout", "refused-connection", "tls-refused", "too-many-requests", "unavailable", "maintenance"})
"""Nothing is taken: the fault strikes before."""
_HANDSHAKE_FAILURE = bytes.fromhex("15 0303 0002 02 28")
"""A TLS record with a fatal alert: RFC 8446, sections 5.1 and 6."""
_STATUS = {
    "too-many-requests": (429, "Too Many Requests"),
    "unavailable": (503, "Service Unavailable"),
    "maintenance": (503, "Service Unavailable"),
}


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, with its socket in the scope of each request."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a key of ours beside those of ASGI
        scope[_TRANSPORT] = self.transport


async def broken(fault: Fault, faults: Faults, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
    """Answer with the fault. `body`: of the right answer, JSON."""
    name = fault.recipe.name
    head = _head(200, "OK", len(body), fault)
    transport = scope.get(_TRANSPORT)
    if name == "latency":
        await asyncio.sleep(fault.options["delay"] + fault.options["jitter"] * faults.chance(fault))
        await _whole(send, 200, body, fault)
    elif name in _STATUS:
        await _whole(send, _STATUS[name][0], b"", fault)
    elif transport is None:
        raise RuntimeError("a fault of the socket needs a server: simulator.broken_answers.Connection")
    elif name == "timeout":
        await _until_gone(receive)
        transport.abort()
    elif name in ("reset", "refused-connection"):
        _reset(transport)
    elif name == "tls-refused":
        transport.write(_HANDSHAKE_FAILURE)
        transport.close()
    elif name == "half-response":
        transport.write(head + body[: len(body) // 2])
        transport.close()
    elif name == "wrong-length":
        transport.write(_head(200, "OK", len(body) + 100, fault) + body)
        transport.close()
    elif name == "garbage":
        transport.write(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n")
        transport.close()
    elif name == "slow-drip":
        await _drip(transport, head + body, fault.options["delay"])
    else:
        raise LookupError(f"no answer breaks as {name}")


async def _whole(send: Send, status: int, body: bytes, fault: Fault) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (HEADER.lower().encode(), fault.label.encode()),
    ]
    if "retry_after" in fault.options:
        headers.append((b"retry-after", f"{fault.options['retry_after']:.0f}".encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _head(status: int, reason: str, length: int, fault: Fault) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {reason}",
        "content-type: application/json",
        f"content-length: {length}",
        f"{HEADER.lower()}: {fault.label}",
        "connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _drip(transport: Any, data: bytes, delay: float) -> None:
    for place in range(len(data)):
        if transport.is_closing():
            return
        transport.write(data[place : place + 1])
        await asyncio.sleep(delay)
    transport.close()


async def _until_gone(receive: Receive) -> None:
    """Until the caller gives up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SILENT_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass


def _reset(transport: Any) -> None:
    """Close so that the other side is told of a reset (RST), not of an end."""
    connected = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it may be closed already
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
