"""One call to a system under test whose answer cannot harm a run.

An answer is read to a bound in bytes and in time from the first byte sent to the last byte read; it is taken as it
comes (nothing is unpacked), and a redirect is an answer like others: it is followed by nobody.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

MOST = 1024 * 1024
"""Bytes of an answer that are read: those of a right one are far fewer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    status: int | None
    """None: no answer."""
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    note: str
    """Why there is none, or not all of it."""
    refused: bool = False
    """Nobody listens there."""


async def ask(
    http: httpx.AsyncClient, method: str, url: str, content: bytes, headers: Mapping[str, str], seconds: float
) -> Answered:
    """Call, and read what comes. Never raises for what the other side does."""
    began = time.monotonic()
    status: int | None = None
    answered: Mapping[str, str] = {}
    body, note, refused = bytearray(), "", False
    try:
        async with asyncio.timeout(seconds):
            sent = {"Accept-Encoding": "identity", **headers}
            async with http.stream(method, url, content=content, headers=sent) as response:
                status, answered = response.status_code, dict(response.headers)
                packed = "content-encoding" in response.headers
                async for chunk in response.aiter_raw() if packed else response.aiter_bytes():
                    body += chunk
                    if len(body) > MOST:
                        note = f"the kit stopped reading after {MOST:,} bytes"
                        break
    except httpx.ConnectError as error:
        note, refused = f"nobody listens: {error!r}", True
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        note = f"no answer: {error!r}" if status is None else f"the answer did not end: {error!r}"
    return Answered(status, answered, bytes(body[:MOST]), time.monotonic() - began, note, refused)
