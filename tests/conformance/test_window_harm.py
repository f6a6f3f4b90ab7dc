"""What a partner answers cannot harm a run: no end, no answer, a redirect to itself. And silence passes nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from simulator.conformance import bounded
from simulator.conformance.exchange import KEPT, MOST_SIGNED, body_text, signed_parts
from simulator.conformance.kit import free_port
from simulator.conformance.runner import Play, Result, Word
from simulator.conformance.suites.window.stage import MOST, MOST_BYTES, Stage
from tests.conformance.window import WINDOW_SUITES, described, played, results

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10737418240\r\n\r\n")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drop_by_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def to_itself(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /push\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    await writer.drain()
    writer.close()


async def a_bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = b"\x1f\x8b" + b"x" * 100
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()


def tried(handler: Handler) -> tuple[Result, float]:
    """What comes of one scenario against it, and how long that took."""

    async def run() -> Result:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await handler(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                return

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        system = described(push=f"http://127.0.0.1:{port}/push", answers_within=0.3)
        runs = await played(system, ["window-inbound"], ["good-json"])
        server.close()
        return results(runs)["window-inbound/good-json"]

    began = time.monotonic()
    return asyncio.run(run()), time.monotonic() - began


@pytest.mark.parametrize(
    ("handler", "word"),
    [
        (without_end, Word.FAIL),
        (never, Word.NO_TRAFFIC),
        (drop_by_drop, Word.FAIL),
        (to_itself, Word.FAIL),
        (a_bomb, Word.FAIL),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_no_answer_harms_a_run(handler: Handler, word: Word) -> None:
    result, seconds = tried(handler)
    assert result.word is word, result.reason
    assert seconds < 5
    assert [len(each.answer) <= bounded.MOST for each in result.exchanges] == [True]


@pytest.mark.parametrize("pulls", [False, True], ids=["push", "pull"])
def test_a_run_without_traffic_passes_nothing(pulls: bool) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    addresses = {name: f"{nowhere}/{name}" for name in ("verifier", "sends", "decides")}
    system = described(push=None if pulls else f"{nowhere}/push", answers_within=0.02, **addresses)
    found = results(asyncio.run(played(system)))
    away = "window-inbound/" if pulls else "pull-only/"
    words = {each.word for name, each in found.items() if not name.startswith(away)}
    assert words <= {Word.NO_TRAFFIC, Word.NOT_APPLICABLE}
    assert Word.NO_TRAFFIC in words


def test_who_says_the_same_to_everything_passes_nothing() -> None:
    """404 to all, or no to each document: neither is a refusal that was thought about."""

    async def everything(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200 if scope["path"] == "/verify" else 404, "headers": []})
        await send({"type": "http.response.body", "body": b'{"verdict": "no"}'})

    system = described(transport=httpx.ASGITransport(everything), answers_within=0.1)
    found = results(asyncio.run(played(system, [each for each in WINDOW_SUITES if each != "pull-only"])))
    assert [name for name, each in found.items() if each.word is Word.PASS] == []


def test_who_calls_without_end_is_told_to_stop() -> None:
    async def run() -> int:
        async with httpx.AsyncClient(trust_env=False) as http:
            stage = Stage(described(), http)
            await stage.end.open()
            play = Play[Any](stage)
            stage.begin(play)
            answers = [
                await http.post(f"{stage.end.url}/v1/documents", content=b"%d" % place) for place in range(MOST + 3)
            ]
            await stage.end.close()
        assert [each.status_code for each in answers[-3:]] == [429, 429, 429]
        return len(play.exchanges)

    assert asyncio.run(run()) == MOST


def test_who_says_too_much_is_told_to_stop() -> None:
    async def run() -> list[int]:
        async with httpx.AsyncClient(trust_env=False) as http:
            stage = Stage(described(), http)
            await stage.end.open()
            stage.begin(Play[Any](stage))
            half = b" " * (MOST_BYTES // 2)
            sent = [await http.post(f"{stage.end.url}/v1/documents", content=half + b"%d" % each) for each in range(3)]
            await stage.end.close()
        return [each.status_code for each in sent]

    assert asyncio.run(run()) == [202, 429, 429]


@pytest.mark.parametrize("unit", [b"a", b"a.", b"[", b"eyJ0.eyJ0."], ids=["a run", "dots", "brackets", "parts"])
def test_no_body_makes_a_report_slow(unit: bytes) -> None:
    body = unit * (bounded.MOST // len(unit))
    began = time.monotonic()
    assert len(body_text(body)) < 2 * KEPT
    assert len(list(signed_parts(body))) <= MOST_SIGNED
    assert time.monotonic() - began < 5
