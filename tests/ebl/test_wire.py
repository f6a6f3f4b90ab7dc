"""The wire to peers, against servers that are bytes on a socket: what it sends, what it takes, what it refuses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from tradebridge.ebl import wire
from tradebridge.ebl.wire import Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Talk = Callable[[Reader, Writer], Awaitable[None]]
Use = Callable[[httpx.AsyncClient, str], Awaitable[None]]


def against(talk: Talk, use: Use) -> int:
    """Use a client while a server talks so on each of its connections. How many connections there were."""
    connections = 0

    async def served(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, as some of these tests want
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(served, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/pint"
        async with server, httpx.AsyncClient(transport=Wire(), timeout=2, trust_env=False) as client:
            await use(client, url)

    asyncio.run(asyncio.wait_for(run(), 30))
    return connections


async def head_of(reader: Reader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def answering(*answers: bytes) -> Talk:
    """Reads a request without a body, and answers; once for each of these."""

    async def talk(reader: Reader, writer: Writer) -> None:
        for each in answers:
            await head_of(reader)
            writer.write(each)
            await writer.drain()

    return talk


def getting(expected: type[httpx.HTTPError] | str) -> Use:
    async def use(client: httpx.AsyncClient, url: str) -> None:
        if isinstance(expected, str):
            assert (await client.get(url)).text == expected
        else:
            with pytest.raises(expected):
                await client.get(url)

    return use


async def twice(client: httpx.AsyncClient, url: str) -> None:
    assert [(await client.get(url)).text for _ in range(2)] == ["ok", "ok"]


def test_a_connection_is_used_again() -> None:
    assert against(answering(OK, OK), twice) == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nok",  # as long as the connection: no length is said
    ],
)
def test_a_connection_that_the_peer_ends_is_not_used_again(answer: bytes) -> None:
    assert against(answering(answer), twice) == 2


def test_a_connection_that_was_idle_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.0)
    assert against(answering(OK, OK), twice) == 2


def test_what_comes_after_an_answer_is_no_answer_to_the_next_request() -> None:
    stolen = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    assert against(answering(OK + stolen, OK), twice) == 2


def test_a_body_of_a_stated_length_and_one_in_chunks_come_whole() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        head = await head_of(reader)
        assert b"content-length: 200000\r\n" in head.lower() and b"chunked" not in head.lower()
        assert await reader.readexactly(200_000) == b"x" * 200_000
        writer.write(OK)
        assert b"transfer-encoding: chunked\r\n" in (await head_of(reader)).lower()
        assert await reader.readexactly(13) == b"3\r\nabc\r\n0\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n")
        await reader.read()

    async def use(client: httpx.AsyncClient, url: str) -> None:
        assert (await client.put(url, content=pieces(b"x" * 100_000, 2), headers=LENGTH)).text == "ok"
        assert (await client.put(url, content=pieces(b"abc", 1))).text == "ok"

    assert against(talk, use) == 1


LENGTH = {"Content-Length": "200000"}


async def pieces(piece: bytes, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield piece


@pytest.mark.parametrize("count", [1, 3])
def test_a_body_of_another_length_than_was_said_is_not_sent(count: int) -> None:
    async def use(client: httpx.AsyncClient, url: str) -> None:
        with pytest.raises(httpx.LocalProtocolError, match="200000 bytes"):
            await client.put(url, content=pieces(b"x" * 100_000, count), headers=LENGTH)

    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read()

    against(talk, use)


def test_an_answer_before_the_end_of_the_body_counts() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 100_000

    async def talk(reader: Reader, writer: Writer) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await reader.read()

    async def use(client: httpx.AsyncClient, url: str) -> None:
        told = await client.put(url, content=endless())
        assert (told.status_code, told.text) == (413, "no")

    assert against(talk, use) == 1
    assert sent < 1000


def test_an_interim_answer_is_not_the_answer() -> None:
    against(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK), getting("ok"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (OK[:-1], httpx.RemoteProtocolError),
        (b"220 smtp.example ESMTP\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", httpx.RemoteProtocolError),
        (OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"), httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", httpx.RemoteProtocolError),
    ],
    ids=["nothing", "cut short", "no HTTP", "an upgrade", "two lengths", "an endless head"],
)
def test_what_is_no_answer_is_an_error(answer: bytes, error: type[httpx.HTTPError]) -> None:
    against(answering(answer), getting(error))


def test_a_peer_that_says_nothing_is_not_waited_for() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read()

    async def use(client: httpx.AsyncClient, url: str) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(url, timeout=0.05)

    against(talk, use)


def test_a_peer_that_does_not_read_is_not_waited_for() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(1)

    async def use(client: httpx.AsyncClient, url: str) -> None:
        with pytest.raises(httpx.WriteTimeout):
            await client.put(url, content=pieces(b"x" * 1_000_000, 100), timeout=0.05)

    against(talk, use)


def test_nothing_is_read_far_ahead() -> None:
    written = 0

    async def talk(reader: Reader, writer: Writer) -> None:
        nonlocal written
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            writer.write(b"x" * 1_000_000)
            await asyncio.wait_for(writer.drain(), 0.2)
            written += 1

    async def use(client: httpx.AsyncClient, url: str) -> None:
        async with client.stream("GET", url) as answer:
            async for _ in answer.aiter_raw():
                break
            before = -1
            while written != before:
                before = written
                await asyncio.sleep(0.1)
        assert written < 50

    try:
        against(talk, use)
    except TimeoutError:
        pytest.fail("the server was never stopped")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://"])
def test_other_addresses_are_refused(url: str) -> None:
    async def use(client: httpx.AsyncClient, _: str) -> None:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get(url)

    assert against(answering(), use) == 0


@pytest.mark.parametrize("host", ["127.0.0.1:1", f"{'a' * 64}.test"])
def test_who_is_not_there_cannot_be_connected(host: str) -> None:
    async def use(client: httpx.AsyncClient, _: str) -> None:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{host}/")

    against(answering(), use)
