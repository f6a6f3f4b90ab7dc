"""HTTP/1.1 to peers: a transport of httpx over asyncio's sockets and httptools, the parser that also serves here.

What httpx brings along (httpcore, h11) costs a millisecond of computing a request, which is more than all else that a
transfer costs; this costs a fifth of it. Rules:

1. A connection that was answered whole is kept for the next request to the same peer, at most `IDLE_SECONDS`; what
   comes on it unasked ends it. Nothing is sent twice: a request that fails has failed (the courier asks again).
2. An answer may come before the request has been read (a refusal of something too large): it counts, the rest is not
   sent, and the connection ends.
3. What a peer sends is bounded: the head by `MOST_HEAD`; of the body only so much is read ahead as `MOST_AHEAD`.
4. Each wait (to connect, to write, for the next bytes) has the time that the request's own timeout gives it. What goes
   wrong is one of httpx's exceptions; whoever is cancelled ends the connection.

TLS verifies the peer against the system's and certifi's roots, as httpx does. No proxy, no HEAD, no upgrade.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httptools
import httpx

IDLE_SECONDS = 4.0
"""Servers close an idle connection after five seconds or more."""
MOST_IDLE = 20
"""Connections kept for each peer."""
MOST_HEAD = 64 * 1024
MOST_AHEAD = 256 * 1024
_LONG_HEAD = f"the head of the answer has more than {MOST_HEAD} bytes"
_ENDED_BY_LENGTH = frozenset({b"content-length", b"transfer-encoding"})

Peer = tuple[str, str, int]
"""Scheme, host, port."""


class Wire(httpx.AsyncBaseTransport):
    """For one event loop."""

    def __init__(self) -> None:
        self._idle: dict[Peer, deque[_Connection]] = {}
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method in ("HEAD", "CONNECT"):
            raise httpx.UnsupportedProtocol(f"{request.method} is not asked of peers")
        timeout = request.extensions.get("timeout", {})
        connection = self._kept(_peer(request)) or await self._connected(_peer(request), timeout.get("connect"))
        try:
            await connection.send(request, timeout.get("write"))
            status, headers = await connection.answered(timeout.get("read"))
        except BaseException:
            connection.abort()
            raise
        return httpx.Response(status, headers=headers, stream=_Body(self, connection, timeout.get("read")))

    async def aclose(self) -> None:
        for connections in self._idle.values():
            for each in connections:
                each.abort()
        self._idle.clear()

    def keep(self, connection: "_Connection") -> None:
        """Rule 1: after its answer was read."""
        kept = self._idle.setdefault(connection.peer, deque())
        while kept and not kept[0].fresh:
            kept.popleft().abort()
        connection.idle_since = time.monotonic()
        if connection.fresh and len(kept) < MOST_IDLE:
            kept.append(connection)
        else:
            connection.abort()

    def _kept(self, peer: Peer) -> "_Connection | None":
        """The one that was used last."""
        kept = self._idle.get(peer)
        while kept:
            connection = kept.pop()
            if connection.fresh:
                return connection
            connection.abort()
        return None

    async def _connected(self, peer: Peer, seconds: float | None) -> "_Connection":
        scheme, host, port = peer
        if scheme == "https" and self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        with _errors(httpx.ConnectTimeout, httpx.ConnectError):
            async with asyncio.timeout(seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(peer), host, port, ssl=self._tls if scheme == "https" else None
                )
        return connection


def _peer(request: httpx.Request) -> Peer:
    url = request.url
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol(f"{url} is no address of HTTP")
    return url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)


@contextmanager
def _errors(late: type[httpx.TimeoutException], broken: type[httpx.NetworkError]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise late("no answer in time") from error
    except (OSError, UnicodeError) as error:  # the latter of a name that can be no host's
        raise broken(str(error) or type(error).__name__) from error


class _Body(httpx.AsyncByteStream):
    """The body of an answer; closed, it gives the connection back or ends it."""

    def __init__(self, wire: Wire, connection: "_Connection", seconds: float | None) -> None:
        self._wire, self._connection, self._seconds = wire, connection, seconds
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._connection.piece(self._seconds):
            yield piece

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._wire.keep(self._connection)


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._changed: asyncio.Future[None] | None = None
        self._blocked = False
        self._error: Exception | None = None
        self._asking = False
        self._sent = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: deque[bytes] = deque()
        self._ahead = self._head = self._named = 0
        self._headed = self._complete = self._lasting = False
        self._status = 0

    @property
    def fresh(self) -> bool:
        """Whether another request can go over it (rule 1)."""
        whole = self._sent and self._complete and self._lasting and self._error is None and not self._pieces
        return whole and time.monotonic() - self.idle_since < IDLE_SECONDS

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- what the engine asks ---

    async def send(self, request: httpx.Request, seconds: float | None) -> None:
        """The request, as far as it is wanted (rule 2)."""
        self._begin()
        self._asking, self._sent = True, False
        length = request.headers.get("content-length")
        chunked, left = "transfer-encoding" in request.headers, int(length or 0)
        lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
        lines += [b"%b: %b" % each for each in request.headers.raw]
        waiting = b"\r\n".join((*lines, b"", b""))
        async for piece in cast(httpx.AsyncByteStream, request.stream):
            if not piece:
                continue
            left -= 0 if chunked else len(piece)
            if left < 0:
                break
            await self._write(waiting + (b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece), seconds)
            waiting = b""
            if self._headed:
                return
        if left:
            raise httpx.LocalProtocolError(f"the body has not the {length} bytes that its head says")
        await self._write(waiting + (b"0\r\n\r\n" if chunked else b""), seconds)
        self._sent = not self._headed  # what was answered before its end may not have been sent to its end

    async def _write(self, data: bytes, seconds: float | None) -> None:
        if self._headed:
            return
        self._open().write(data)
        if self._must_wait():
            with _errors(httpx.WriteTimeout, httpx.WriteError):
                async with asyncio.timeout(seconds):
                    while self._must_wait():
                        await self._change()

    def _must_wait(self) -> bool:
        """Until the peer has read some of it, or has said something."""
        return self._blocked and not self._headed and self._error is None

    async def answered(self, seconds: float | None) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Status and headers."""
        await self._until(lambda: self._headed, seconds)
        return self._status, self._headers

    async def piece(self, seconds: float | None) -> bytes:
        """The next bytes of the body; empty at its end."""
        await self._until(lambda: bool(self._pieces) or self._complete, seconds)
        if not self._pieces:
            return b""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._ahead = 0
        if not self._complete and self._transport is not None:
            self._transport.resume_reading()
        return data

    async def _until(self, come: Any, seconds: float | None) -> None:
        with _errors(httpx.ReadTimeout, httpx.ReadError):
            async with asyncio.timeout(seconds):
                while not come():
                    if self._error is not None:
                        raise self._error
                    await self._change()

    async def _change(self) -> None:
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def _open(self) -> asyncio.Transport:
        if self._transport is None:
            raise self._error or httpx.WriteError("the connection has ended")
        return self._transport

    # --- what the socket tells ---

    def _tell(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._asking:
            self._fail("the peer spoke unasked")
            return
        self._head += 0 if self._headed else len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"the answer is no HTTP: {error}")
        if not self._headed and self._head > MOST_HEAD:
            self._fail(_LONG_HEAD)
        if self._ahead > MOST_AHEAD and not self._complete and self._transport is not None:
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        """Of an answer that says no length this is the end."""
        named = {name.lower() for name, _ in self._headers}
        if self._headed and not self._complete and not named & _ENDED_BY_LENGTH:
            self._complete = True
        self._fail("the peer closed the connection")
        self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._error is None:
            self._error = httpx.ReadError(str(error) if error else "the connection was closed")
        self._tell()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._tell()

    def _fail(self, why: str) -> None:
        self._error = self._error or httpx.RemoteProtocolError(why)
        self.abort()

    # --- what the parser tells ---

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("the peer answered twice")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._named += len(name) + len(value) + 4
        if self._named > MOST_HEAD:
            raise ValueError(_LONG_HEAD)
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status < 200:  # an interim answer: the true one follows
            self._headers = []
        else:
            self._headed = True

    def on_body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._ahead += len(data)

    def on_message_complete(self) -> None:
        if self._headed:
            self._complete, self._asking = True, False
            self._lasting = bool(self._parser.should_keep_alive())
