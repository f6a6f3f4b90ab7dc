"""What a stranger's connection may cost, and a start that is refused: a hub in a process of its own."""

import http.client
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from exchange.connection import MAX_HEAD, BoundedConnection, _without_offer
from tests.exchange.cast import SEED, Cast, certificate
from tests.exchange.running import HubProcess
from tradebridge.evidence.simulation import test_api_key

KEY = f"Authorization: Bearer {test_api_key(SEED, 'SG-NSW')}\r\n".encode()
GET = b"GET /livez HTTP/1.1\r\nHost: hub\r\n"
POST = b"POST /v1/documents HTTP/1.1\r\nHost: hub\r\nTradebridge-To: TH-NSW\r\n" + KEY


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path_factory.mktemp("hub")).start()
    Cast(running.url).join().close()
    yield running
    running.stop()


def memory_of(hub: HubProcess) -> int:
    """Bytes in RAM."""
    assert hub.process is not None
    return int(Path(f"/proc/{hub.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def answered(hub: HubProcess, *parts: bytes) -> bytes:
    """Send the parts, and read until the hub closes or says no more."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
        except (ConnectionError, TimeoutError):
            return b"cut off"


def test_an_offer_of_another_protocol_is_ignored_and_the_body_is_read(hub: HubProcess) -> None:
    """Java's client offers HTTP/2 in each request without TLS; what it sends after the head is the document."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    offer |= {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}", "Tradebridge-To": "TH-NSW"}
    document, statuses = certificate("SG-UPGRADE"), []
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=10)
    for method, path, body in (
        ("GET", "/livez", None),
        *[("POST", "/v1/documents", document)] * 2,
        ("GET", "/livez", None),
    ):
        connection.request(method, path, body, offer)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 202, 409, 200]  # the third is the same document again


def test_what_looks_like_an_offer_in_a_body_is_left_as_it_is() -> None:
    head = b"POST / HTTP/1.1\r\nUPGRADE: h2c\r\n\r\n"
    assert _without_offer(head + b"\r\nUpgrade: x") == b"POST / HTTP/1.1\r\nx-offer: h2c\r\n\r\n\r\nUpgrade: x"
    assert _without_offer(GET + b"\r\n\r\nUpgrade: x") == GET + b"\r\n\r\nUpgrade: x"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (GET + b"X-Long: ", b"x" * 65_536),
        (GET, b"X-Many: y\r\n" * 4096),
        (b"GET /", b"x" * 65_536),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n0\r\n", b"X-Trailer: y\r\n" * 4096),
    ],
    ids=["one long header", "many headers", "a long address", "trailers"],
)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_head_without_end_is_cut_off_and_costs_no_memory(hub: HubProcess, begin: bytes, more: bytes) -> None:
    before = memory_of(hub)
    assert b"200 OK" not in answered(hub, begin, *([more] * 500))
    assert memory_of(hub) - before < 30_000_000
    assert httpx.get(f"{hub.url}/livez").status_code == 200


def test_what_is_within_the_bounds_passes(hub: HubProcess) -> None:
    long = GET + b"X-Long: " + b"x" * (MAX_HEAD - 2000) + b"\r\nConnection: close\r\n\r\n"
    assert b"200 OK" in answered(hub, *(long[at : at + 1000] for at in range(0, len(long), 1000)))
    one = GET + b"X-Some: " + b"x" * 500 + b"\r\n"
    pipeline = (one + b"\r\n") * 399 + one + b"Connection: close\r\n\r\n"
    assert answered(hub, pipeline).count(b"200 OK") == 400
    data = certificate("SG-2026-09101")
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in data) + b"0\r\n\r\n"
    taken = answered(hub, POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", chunks)
    assert b" 202 " in taken.split(b"\r\n", 1)[0]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n<a/>.",
        b"Transfer-Encoding: xchunked\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n",
        b"X-A: b\nContent-Length: 4\r\n\r\n<a/>",
    ],
)
def test_a_request_that_two_readers_may_cut_differently_is_refused(hub: HubProcess, framing: bytes) -> None:
    answer = answered(hub, POST + framing)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json\r\n" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request.malformed"


def test_a_head_that_does_not_come_to_its_end_is_waited_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    import uvicorn

    monkeypatch.setattr("exchange.connection.HEAD_SECONDS", 0.1)

    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError("no request was whole")

    async def cut_off() -> float:
        config = uvicorn.Config(app, log_config=None)
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: BoundedConnection(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        began = time.monotonic()
        writer.write(GET)
        with pytest.raises((ConnectionError, EOFError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        server.close()
        return time.monotonic() - began

    assert asyncio.run(cut_off()) < 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "abc"}, "TRADEBRIDGE_PORT"),
        ({"DATABASE_URL": "postgresql+psycopg://u:secret@127.0.0.1:1/x"}, "Connection refused"),
        ({"DATABASE_URL": "sqlite:///{data}/rubbish"}, "not a database"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_start_that_cannot_be_says_why_in_one_line(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    (tmp_path / "rubbish").write_text("no database at all, whatever its name may promise")
    own = {"DATA": str(tmp_path), "PORT": "0"} | {name: text.format(data=tmp_path) for name, text in settings.items()}
    environment = os.environ | {f"TRADEBRIDGE_{name}": text for name, text in own.items()}
    started = subprocess.run(
        [sys.executable, "-P", "-m", "exchange.serve"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert started.returncode == 2
    assert said in started.stderr
    assert "Traceback" not in started.stderr
    assert "secret" not in started.stderr


def test_what_the_hub_writes_only_its_owner_can_read(tmp_path: Path) -> None:
    HubProcess(tmp_path).start().stop()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert tmp_path / "hub.sqlite" in written
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in written} == {0}
