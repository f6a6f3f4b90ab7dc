"""What one caller may have going at the same time, and what all may."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from exchange.places import NoPlace, Places
from exchange.store import database as store
from tests.exchange.cast import SEED, Cast, certificate, refused_by
from tests.exchange.running import hub_in_thread
from tradebridge.client import Hub
from tradebridge.evidence.simulation import test_api_key

BODY_SECONDS = 1.5


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(
        tmp_path_factory.mktemp("hub"),
        bodies_per_member=2,
        bodies=3,
        body_seconds=BODY_SECONDS,
        feeds_per_member=2,
        api_keys_per_member=3,
    ) as running:
        yield running.join()


def bearer(member: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {test_api_key(SEED, member)}"}


@contextmanager
def slow_body(cast: Cast, member: str, path: str = "/v1/documents") -> Iterator[socket.socket]:
    """A submission of which only the first byte comes."""
    with socket.create_connection(("127.0.0.1", int(cast.url.rpartition(":")[2])), timeout=10) as connection:
        kind = "Content-Type: application/x-ndjson\r\nContent-Length: 100"
        head = f"POST {path} HTTP/1.1\r\nHost: hub\r\n{kind}\r\nAuthorization: Bearer {{}}\r\n\r\n<"
        connection.sendall(head.format(test_api_key(SEED, member)).encode())
        yield connection


@pytest.mark.parametrize("path", ["/v1/documents", "/v1/documents:batch"])
def test_a_slow_body_has_its_time(cast: Cast, path: str) -> None:
    began = time.monotonic()
    with slow_body(cast, "SG-NSW", path) as connection:
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request.too-slow" in answer
    assert BODY_SECONDS <= time.monotonic() - began < BODY_SECONDS + 5


def test_who_sends_slowly_for_a_check_holds_up_nobody_else(cast: Cast) -> None:
    """Neither another address, nor a member; and only as far as its own share the same address."""

    def check(address: str = "127.0.0.1") -> httpx.Response:
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address)) as client:
            return client.post(f"{cast.url}/verify", content=b"GIF89a", headers={"Accept": "application/json"})

    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(slow_body(cast, "nobody", "/verify"))
        time.sleep(0.3)
        assert check().status_code == 200
        assert httpx.post(f"{cast.url}/v1/documents", headers=bearer("TH-NSW"), content=b"<a/>").status_code == 422
        held.enter_context(slow_body(cast, "nobody", "/verify"))
        time.sleep(0.3)
        more = check()
        assert (more.status_code, more.json()["code"]) == (429, "request.too-many")
        assert check("127.0.0.2").status_code == 200


def test_so_many_bodies_of_one_member_and_so_many_of_all(cast: Cast) -> None:
    with ExitStack() as open_bodies:
        for _ in range(2):
            open_bodies.enter_context(slow_body(cast, "SG-NSW"))
        time.sleep(0.3)
        more = httpx.post(f"{cast.url}/v1/documents", headers=bearer("SG-NSW"), content=b"<a/>")
        assert (more.status_code, more.json()["code"], more.headers["retry-after"]) == (429, "request.too-many", "1")
        assert httpx.post(f"{cast.url}/v1/documents", headers=bearer("TH-NSW"), content=b"<a/>").status_code == 422
        open_bodies.enter_context(slow_body(cast, "TH-NSW"))
        time.sleep(0.3)
        all_taken = httpx.post(f"{cast.url}/v1/documents", headers=bearer("VN-NSW"), content=b"<a/>")
        assert (all_taken.status_code, all_taken.json()["code"]) == (503, "hub.busy")
        assert all_taken.headers["retry-after"] == "1"
    time.sleep(0.3)  # who hangs up gives the place back
    assert cast["SG-NSW"].submit(certificate("SG-2026-09801"), ["TH-NSW"]).id


def test_so_many_feeds_of_one_member(cast: Cast) -> None:
    address = f"{cast.url}/v1/feed"
    with httpx.Client(headers=bearer("SG-NSW")) as client:
        with client.stream("GET", address) as first, client.stream("GET", address) as second:
            assert (first.status_code, second.status_code) == (200, 200)
            assert client.get(address).json()["code"] == "request.too-many"
            with httpx.stream("GET", address, headers=bearer("TH-NSW")) as other:
                assert other.status_code == 200
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with client.stream("GET", address) as again:
                if again.status_code == 200:
                    return
            time.sleep(0.05)
    raise AssertionError("the places were not given back")


def test_so_many_api_keys_of_one_member(cast: Cast) -> None:
    address = f"{cast.url}/v1/members/VN-NSW/api-keys"
    added = [httpx.post(address, headers=bearer("VN-NSW"), json={}) for _ in range(3)]
    assert [answer.status_code for answer in added] == [201, 201, 409]
    assert added[-1].json()["code"] == "member.too-many-keys"
    assert refused_by(cast["VN-NSW"].rotate_key, "VN-NSW", overlap=60).code == "member.too-many-keys"
    assert cast["VN-NSW"].documents().items == ()  # nothing of that rotation stayed
    newest = cast["VN-NSW"].rotate_key("VN-NSW", overlap=0)
    assert httpx.post(address, headers={"Authorization": f"Bearer {newest}"}, json={}).status_code == 201
    assert Hub(cast.url, newest).documents().items == ()


def test_a_place_is_given_back_whatever_happens() -> None:
    places = Places("things", 1, 2)
    with pytest.raises(ValueError, match="its own"), places.take("A"):
        raise ValueError("its own")
    with places.take("A"), places.take("B"):
        for caller, code in (("A", "request.too-many"), ("C", "hub.busy")):
            with pytest.raises(NoPlace) as caught, places.take(caller):
                pass
            assert caught.value.found.code == code
    with places.take("C"):
        pass


def test_with_a_full_disk_the_hub_answers_503_and_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PRAGMAS", (*store._PRAGMAS, "max_page_count=230"))
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        assert httpx.get(f"{cast.url}/readyz").json()["checks"]["store"]["ok"]
        for number in range(100):
            answer = httpx.post(
                f"{cast.url}/v1/documents",
                headers=bearer("SG-NSW") | {"Tradebridge-To": "TH-NSW"},
                content=certificate(f"SG-2026-{98100 + number}"),
            )
            if answer.status_code != 202:
                break
        assert (answer.status_code, answer.json()["code"]) == (503, "hub.unavailable")
        assert answer.headers["retry-after"] == "1"
        ready = httpx.get(f"{cast.url}/readyz")
        assert (ready.status_code, ready.json()["checks"]["store"]["ok"]) == (503, False)
        assert cast["SG-NSW"].documents().items  # what is there can still be read
