"""Whom the hub calls for a member, and whom it does not, whatever the member's name server and receiver try."""

import asyncio
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from exchange.authorities import ListFetcher
from exchange.pint import _OwnRegistry
from exchange.reach import Called, Looked, OutOfReach, Reach, is_allowed
from exchange.witnesses import Watched
from tests.exchange.receiver import Receiver, answering, receiving

PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
LOCAL = ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")
PRIVATE = ("10.0.0.1", "172.16.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1")
NEVER = (
    "169.254.169.254",
    "fe80::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "0.0.0.0",  # noqa: S104  # an address that is refused
    "::",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "100.64.0.1",
)
CARRYING = ("2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::")
"""6to4 addresses of loopback, of a private network and of a link."""


@pytest.mark.parametrize("text", PUBLIC)
def test_the_public_internet_is_in_reach(text: str) -> None:
    assert is_allowed(ip_address(text), private=False)


@pytest.mark.parametrize("text", LOCAL + PRIVATE)
def test_what_is_private_is_in_reach_outside_of_a_pilot_only(text: str) -> None:
    assert not is_allowed(ip_address(text), private=False)
    assert is_allowed(ip_address(text), private=True)


@pytest.mark.parametrize("text", NEVER)
def test_links_groups_and_reserved_addresses_are_never_in_reach(text: str) -> None:
    assert not is_allowed(ip_address(text), private=True)


@pytest.mark.parametrize("text", CARRYING)
def test_an_address_that_carries_a_private_one_is_not_in_reach_of_a_pilot(text: str) -> None:
    assert not is_allowed(ip_address(text), private=False)


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "hooks",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "https://",
        "https:///path",
        "https://user:secret@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://[::1%25eth0]/",
        "https://hooks.example/\r\nX: y",
        "https://hooks.example/a b",
        "https://höoks.example/",
        "https://hooks.example/" + "a" * 1000,
    ],
)
def test_an_address_that_is_none_is_told_what_it_lacks(url: object) -> None:
    assert "a host" in Reach(private=True).problem_of(url)


def test_a_pilot_takes_https_alone() -> None:
    assert Reach(private=False).problem_of("http://hooks.example/")
    assert not Reach(private=False).problem_of("https://hooks.example:8443/path?query=1")
    assert not Reach(private=True).problem_of("http://127.0.0.1:3000/hook")


class Names:
    """A name server that says something else each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


def address_of(names: Names, *, private: bool = False) -> str:
    reach = Reach(private=private, resolve=names)
    return str(asyncio.run(reach.address_of("https://hooks.example/")))


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(OutOfReach, match=r"10\.0\.0\.1"):
        address_of(Names(["8.8.8.8", "10.0.0.1"]))


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(OutOfReach, match="no address"):
        address_of(Names([]))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "localhost"])
def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    reach = Reach(private=False)
    with pytest.raises(OutOfReach):
        asyncio.run(reach.address_of(f"https://{host}/"))


# --- calls that are made ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def post(url: str, *, reach: Reach | None = None, seconds: float = 5.0) -> Called:
    async def call() -> Called:
        used = reach or Reach(private=True)
        called = await used.post(url, b"{}", {"webhook-id": "one"}, seconds)
        await used.close()
        return called

    return asyncio.run(call())


def test_a_name_is_asked_for_once_and_the_connection_goes_where_it_was_looked_at(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    names = Names(["127.0.0.1"], ["169.254.169.254"])  # the second answer would be the rebound one
    called = post(f"http://hooks.example:{port}/rebinding", reach=Reach(private=True, resolve=names))
    assert (called.status, called.error, names.asked) == (204, "", 1)
    assert receiver.at("/rebinding")[0].headers["host"] == f"hooks.example:{port}"


def test_a_name_that_was_public_and_is_private_now_is_not_called(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    names = Names(["8.8.8.8"], ["127.0.0.1"])
    reach = Reach(private=False, resolve=names)
    url = f"https://hooks.example:{port}/rebound"
    assert str(asyncio.run(reach.address_of(url))) == "8.8.8.8"
    called = post(url, reach=reach)
    assert called.status is None and "127.0.0.1" in called.error
    assert receiver.at("/rebound") == []


def test_no_redirect_is_followed(receiver: Receiver) -> None:
    for status in (301, 302, 303, 307, 308):
        receiver.answers["/redirect"] = answering(status, Location=f"{receiver.url}/private")
        called = post(f"{receiver.url}/redirect")
        assert called.status == status and "redirect" in called.error
    assert receiver.at("/private") == []


def test_an_answer_of_ten_gigabytes_is_cut_off(receiver: Receiver) -> None:
    sent = []

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(10 * 2**30))
        request.end_headers()
        for _ in range(10 * 2**14):
            request.wfile.write(b"x" * 65536)
            sent.append(65536)

    receiver.answers["/endless"] = endless
    begun = time.monotonic()
    assert post(f"{receiver.url}/endless").done
    assert time.monotonic() - begun < 3
    assert sum(sent) < 64 * 2**20  # what fits the buffers of both sides


def test_who_drips_its_answer_has_no_more_time_than_others(receiver: Receiver) -> None:
    def dripping(request: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(0.02)

    receiver.answers["/drip"] = dripping
    called = post(f"{receiver.url}/drip", seconds=0.3)
    assert called.status is None and "0.3 s" in called.error and called.seconds < 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff not HTTP\r\n\r\n",
        b"HTTP/1.1 999999 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    ],
    ids=["nothing", "no HTTP", "no status", "a head without end"],
)
def test_what_is_no_answer_is_a_failure_in_words(receiver: Receiver, answer: bytes) -> None:
    def answering_so(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(answer)

    receiver.answers["/bad"] = answering_so
    called = post(f"{receiver.url}/bad")
    assert called.status is None and called.error


def test_nobody_listening_and_a_name_that_means_nothing_are_failures_in_words() -> None:
    assert "Connect" in post("http://127.0.0.1:9/").error
    assert post("http://nowhere.invalid/").error


# --- clients of their own --------------------------------------------------------------------------------------------


class Wire(httpx.AsyncBaseTransport):
    """What would have gone out."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(302, headers={"Location": "http://127.0.0.1/"}, request=request)


def looked(names: Names, *, private: bool = False) -> tuple[httpx.AsyncClient, Wire]:
    wire = Wire()
    return httpx.AsyncClient(transport=Looked(Reach(private=private, resolve=names), wire)), wire


def test_a_client_calls_the_address_that_was_looked_at_by_its_name_and_follows_nobody() -> None:
    client, wire = looked(Names(["8.8.8.8"], ["127.0.0.1"]))
    answer = asyncio.run(client.get("https://lists.example/list.crl"))
    (sent,) = wire.sent
    assert (answer.status_code, str(sent.url)) == (302, "https://8.8.8.8/list.crl")
    assert (sent.headers["host"], sent.headers["connection"]) == ("lists.example", "close")
    assert sent.extensions["sni_hostname"] == "lists.example"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://169.254.169.254/latest", "http://8.8.8.8/", "https://me:pw@8.8.8.8/"]
)
def test_a_client_of_a_pilot_calls_nobody_inside(url: str) -> None:
    client, wire = looked(Names(["10.0.0.1"]) if "127" in url else Names([httpx.URL(url).host]))
    with pytest.raises(httpx.ConnectError):
        asyncio.run(client.post(url))
    assert wire.sent == []


@pytest.mark.parametrize("mode", ["simulation", "pilot"])
def test_whatever_the_hub_calls_goes_through_it(mode: str) -> None:
    """Witnesses, timestamp authorities, revocation lists and platforms."""
    hub: Any = SimpleNamespace(settings=SimpleNamespace(mode=mode, push_timeout_seconds=1.0))
    clients = Watched(hub)._client, ListFetcher(hub)._client
    for out in (*(each._transport for each in clients), _OwnRegistry(hub, lambda: "x")._out):
        assert isinstance(out, Looked)
        assert out.reach.private is (mode == "simulation")
