"""One request to a peer: bounded in time, as a whole, and in what is read of the answer; silence is a value.

No redirect is followed, and no proxy of the environment asked: a title goes to the address that was configured.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from tradebridge.ebl.host import Host

PIECES = 3
"""A request may take so many times what one piece of it may."""
SLOWEST = 100_000
"""Bytes in a second that a document is sent with at least."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    """0: nothing."""
    body: Any = None
    """The JSON of it; None where it is none."""
    error: str = ""
    """Why there is no answer."""

    @property
    def silent(self) -> bool:
        return self.status == 0


async def call(
    host: Host,
    method: str,
    url: str,
    token: str,
    content: bytes | str | AsyncIterator[bytes] | None = None,
    *,
    media_type: str = "",
    length: int | None = None,
) -> Answer:
    """Make the request; never raises for what the network does. `content` as str is a compact JWS."""
    headers = {"API-Version": "3", "Accept": "application/json", "User-Agent": "Tradebridge"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if content is not None:
        headers["Content-Type"] = media_type or ("application/jose" if isinstance(content, str) else "application/json")
    if length is not None:
        headers["Content-Length"] = str(length)
    timeout = {"timeout": httpx.Timeout(host.patience.timeout).as_dict()}
    # `timeout` is for each piece: who answers a byte at a time would hold a place of the courier for ever.
    whole = PIECES * host.patience.timeout + (length or 0) / SLOWEST
    try:
        async with asyncio.timeout(whole):
            request = httpx.Request(method, url, headers=headers, content=content, extensions=timeout)
            answer = await host.wire.handle_async_request(request)
            try:
                data = await _bounded(answer, host.limits.body)
            finally:
                await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer(0, error=f"{type(error).__name__}: {error}")
    if data is None:
        return Answer(answer.status_code, error=f"HTTP {answer.status_code} with more than {host.limits.body} bytes")
    return Answer(answer.status_code, _json(data), error=_shown(answer.status_code, data))


async def _bounded(answer: httpx.Response, limit: int) -> bytes | None:
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > limit:
            return None
    return bytes(data)


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _shown(status: int, data: bytes) -> str:
    return f"HTTP {status}: {data[:300].decode('utf-8', 'replace')}"
