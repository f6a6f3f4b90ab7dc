"""A request to a peer ends, whatever the peer does."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx

from tradebridge.ebl.calling import PIECES, call
from tradebridge.ebl.host import Limits, Patience

PATIENCE = Patience(timeout=0.1)


class Dripping(httpx.AsyncBaseTransport):
    """Answers one byte after the other, each in time."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def drops() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.02)
                yield b" "

        return httpx.Response(200, content=drops(), request=request)


def test_who_answers_a_byte_at_a_time_holds_nobody_for_long() -> None:
    async def asked() -> Any:
        async with httpx.AsyncClient(transport=Dripping()) as client:
            host: Any = SimpleNamespace(client=client, patience=PATIENCE, limits=Limits())
            return await call(host, "POST", "http://peer.test/pint/v3/envelopes", "token", b"{}")

    began = time.monotonic()
    answer = asyncio.run(asyncio.wait_for(asked(), 20))
    assert answer.silent
    assert time.monotonic() - began < 10 * PIECES * PATIENCE.timeout
