"""What one connection may cost before anybody knows who is there.

1. The head of a request (its line and headers) has at most `MAX_HEAD` bytes: uvicorn and its parser keep what comes.
2. It is complete within `HEAD_SECONDS` of its first byte, and of the connection's begin.
3. Around a body there are at most `MAX_FRAMING` bytes that are no body (sizes of chunks, trailers).

4. What is no HTTP is answered as every other refusal: 400 with a problem.
5. An offer of another protocol (`Upgrade: h2c`, as Java's client makes it by itself without TLS) is ignored, as RFC
   9110 section 7.8 allows. The parser would stop there and take no body, so it is not shown the header.

Who goes beyond is cut off. The body itself is bounded where it is read (`exchange.api.bodies`).
"""

import asyncio
import re

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from exchange.api.problems import MEDIA_TYPE, problem_of
from schemas.findings import finding

MAX_HEAD = 64 * 1024
"""Bytes. What came in one piece with other requests does not count, so a pipeline of small ones is no large one."""
MAX_FRAMING = 1024 * 1024
"""Bytes: room for a document of 10 MB in chunks of 80 bytes."""
HEAD_SECONDS = 30.0


_OFFER = re.compile(rb"(?i)(\r\n)upgrade:")


def _without_offer(data: bytes) -> bytes:
    """What begins in a head, with its header Upgrade under a name that means nothing (rule 5)."""
    head = data[: end + 2] if (end := data.find(b"\r\n\r\n")) >= 0 else data
    return data if _OFFER.search(head) is None else _OFFER.sub(rb"\1x-offer:", head) + data[len(head) :]


class BoundedConnection(HttpToolsProtocol):
    """Uvicorn's connection, with bounds on what it keeps."""

    _in_head = False
    _beside_body = 0
    """Bytes since the head began, or the body, that are not of the body."""
    _head_timer: asyncio.TimerHandle | None = None
    _in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._in_head
        self._beside_body += len(data)
        super().data_received(data if self._in_body else _without_offer(data))
        if self._in_head and not was_in_head:
            self._beside_body = 0
        if self._in_head and self._beside_body > MAX_HEAD:
            self.send_400_response("The head of the request is too large.")
        elif self._beside_body > MAX_FRAMING:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Uvicorn's answer to what cannot be read, in the hub's form; the connection ends."""
        body = orjson.dumps(problem_of([finding("request.malformed", found=msg, expected="HTTP/1.1")], ""))
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body, self._beside_body = False, True, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        self._beside_body -= len(body)
        super().on_body(body)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
