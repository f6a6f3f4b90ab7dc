"""A request to a peer ends, whatever the peer does."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tradebridge.ebl.calling import PIECES, call
from tradebridge.ebl.host import Limits, Patience
from tradebridge.outbound import wire

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
        host: Any = SimpleNamespace(wire=Dripping(), patience=PATIENCE, limits=Limits())
        return await call(host, "POST", "http://peer.test/pint/v3/envelopes", "token", b"{}")

    began = time.monotonic()
    answer = asyncio.run(asyncio.wait_for(asked(), 20))
    assert answer.silent
    assert time.monotonic() - began < 10 * PIECES * PATIENCE.timeout


@pytest.mark.parametrize("url", ["ftp://peer.test", "http://", "peer.test", "http://peer.test:99999", "http://[", ""])
def test_an_address_that_is_none_is_silence(url: str) -> None:
    async def asked() -> Any:
        async with wire() as one:
            host: Any = SimpleNamespace(wire=one, patience=PATIENCE, limits=Limits())
            return await call(host, "POST", f"{url}/pint/v3/envelopes", "token", b"{}")

    answer = asyncio.run(asked())
    assert answer.silent and answer.error


def test_an_answer_that_is_too_large_is_not_read_to_its_end_and_its_connection_ends() -> None:
    closed = []

    class Endless(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            class Body(httpx.AsyncByteStream):
                async def __aiter__(self) -> AsyncIterator[bytes]:
                    while True:
                        yield bytes(100_000)

                async def aclose(self) -> None:
                    closed.append(request.url)

            return httpx.Response(200, stream=Body())

    host: Any = SimpleNamespace(wire=Endless(), patience=PATIENCE, limits=Limits())
    answer = asyncio.run(call(host, "GET", "http://peer.test/", ""))
    assert (answer.status, answer.body, len(closed)) == (200, None, 1)
    assert "more than" in answer.error


def test_a_request_searches_for_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpcore looks for one that is not there several times in each request: in all folders, if nobody says so."""
    searched: list[str] = []

    class Finder:
        def find_spec(self, name: str, *more: Any) -> None:
            searched.append(name)

    async def asked() -> None:
        async with wire() as one:
            host: Any = SimpleNamespace(wire=one, patience=PATIENCE, limits=Limits())
            await call(host, "GET", "http://127.0.0.1:1/", "")  # what is imported once is imported here
            monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
            assert (await call(host, "GET", "http://127.0.0.1:1/", "")).silent

    asyncio.run(asked())
    assert searched == []
