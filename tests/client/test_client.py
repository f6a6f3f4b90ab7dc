"""The two clients: they send what a call says, and tell apart what can go wrong."""

import asyncio
import inspect
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebridge import AsyncHub, Hub, Refused, TimedOut, Unreachable, calls
from tradebridge.calls import Call, FeedEvent
from tradebridge.client import read_feed

Handler = Callable[[httpx.Request], httpx.Response]
Ask = Callable[[Handler, Call[Any]], Any]


def ask(handler: Handler, call: Call[Any], **options: Any) -> Any:
    with Hub("http://hub.test/", "tb_test_k", transport=httpx.MockTransport(handler), **options) as hub:
        return hub.do(call)


def ask_async(handler: Handler, call: Call[Any], **options: Any) -> Any:
    async def asked() -> Any:
        async with AsyncHub("http://hub.test/", "tb_test_k", transport=httpx.MockTransport(handler), **options) as hub:
            return await hub.do(call)

    return asyncio.run(asked())


both = pytest.mark.parametrize("ask", [ask, ask_async], ids=["sync", "async"])


@both
def test_a_client_sends_the_call_with_its_key(ask: Ask) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"valid": True, "findings": []})

    assert ask(handler, calls.validate(b"<a/>")).valid
    assert (str(seen[0].url), seen[0].content) == ("http://hub.test/v1/documents:validate", b"<a/>")
    assert seen[0].headers["authorization"] == "Bearer tb_test_k"


@both
def test_a_space_is_part_of_the_address(ask: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"path": request.url.path})

    assert ask(handler, calls.trust(), space="t17") == {"path": "/s/t17/v1/trust"}


@both
def test_a_problem_is_raised_as_refused(ask: Ask) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        problem = {"status": 401, "code": "access.key-unknown", "title": "The API key is not known.", "errors": []}
        return httpx.Response(401, json=problem, headers={"content-type": "application/problem+json"})

    with pytest.raises(Refused, match="not known") as caught:
        ask(handler, calls.trust())
    assert "tb explain access.key-unknown" in caught.value.next_step


@both
def test_a_hub_that_answers_late_is_told_apart_from_one_that_is_not_there(ask: Ask) -> None:
    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("read timed out", request=request)

    def absent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(TimedOut):
        ask(late, calls.trust())
    with pytest.raises(Unreachable) as caught:
        ask(absent, calls.trust())
    assert not isinstance(caught.value, TimedOut)
    assert "tb up" in caught.value.next_step


def test_nothing_listening_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        with Hub(f"http://127.0.0.1:{taken.getsockname()[1]}") as hub, pytest.raises(Unreachable):
            hub.livez()


def test_an_address_that_is_none_is_unreachable() -> None:
    with Hub("not a url") as hub, pytest.raises(Unreachable):
        hub.livez()


def test_both_clients_have_the_same_methods_with_the_parameters_of_the_calls() -> None:
    def public(kind: type) -> dict[str, str]:
        names = [name for name in vars(kind) if not name.startswith("_")]
        return {name: str(inspect.signature(getattr(calls, name))) for name in names if hasattr(calls, name)}

    assert public(Hub) == public(AsyncHub)
    with Hub("http://hub.test") as hub:
        for name, signature in public(Hub).items():
            assert str(inspect.signature(getattr(hub, name))) == signature
            assert getattr(hub, name).__doc__ == getattr(calls, name).__doc__


def test_every_call_of_the_api_has_a_method() -> None:
    built = {
        name
        for name, value in vars(calls).items()
        if inspect.isfunction(value)
        and not name.startswith("_")
        and str(value.__annotations__.get("return", "")).startswith("tradebridge.calls.Call")
    }
    assert {"submit", "inbox", "readyz"} <= built <= set(vars(Hub))


@both
def test_a_list_is_walked_page_after_page(ask: Ask) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        cursor = int(request.url.params.get("cursor", 0))
        return httpx.Response(200, json={"items": [{"n": cursor}], "next": str(cursor + 1) if cursor < 2 else None})

    transport = httpx.MockTransport(handler)

    async def walk() -> list[Any]:
        async with AsyncHub("http://hub.test", transport=transport) as hub:
            return [item["n"] async for item in hub.each(calls.members())]

    with Hub("http://hub.test", transport=transport) as hub:
        found = [item["n"] for item in hub.each(calls.members())] if ask.__name__ == "ask" else asyncio.run(walk())
    assert found == [0, 1, 2]


FEED = (
    ": hello\n\n"
    "id: 1\nevent: document.accepted\ndata: {\"document\": \"doc_1\",\ndata: \"number\": \"SG-1\"}\n\n"
    ": still here\n\n"
    "id:2\nevent:delivery.delivered\ndata:{\"recipient\":\"TH-NSW\"}\n\n"
    "id: 3\ndata: {\"unfinished\": true}\n"
)  # fmt: skip
EVENTS = [
    FeedEvent("1", "document.accepted", {"document": "doc_1", "number": "SG-1"}),
    FeedEvent("2", "delivery.delivered", {"recipient": "TH-NSW"}),
]


def test_the_feed_is_read_without_comments_and_without_what_is_unfinished() -> None:
    assert list(read_feed(FEED.splitlines())) == EVENTS


@given(st.lists(st.tuples(st.from_regex(r"[a-z]+\.[a-z]+", fullmatch=True), st.dictionaries(st.text(), st.text()))))
def test_what_is_written_as_an_event_stream_is_read_back(written: list[tuple[str, dict[str, str]]]) -> None:
    lines: list[str] = []
    for number, (kind, data) in enumerate(written):
        lines += [f"id: {number}", f"event: {kind}", f"data: {json.dumps(data)}", ""]
    expected = [FeedEvent(str(number), kind, data) for number, (kind, data) in enumerate(written)]
    assert list(read_feed(lines)) == expected


@contextmanager
def feed_server(seen: list[bytes]) -> Iterator[str]:
    """A server that gives the feed once, in small pieces, and closes."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            for start in range(0, len(FEED), 7):
                connection.sendall(FEED[start : start + 7].encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(timeout=5)


@pytest.mark.parametrize("client", ["sync", "async"])
def test_the_feed_goes_on_after_the_last_event_id(client: str) -> None:
    seen: list[bytes] = []

    async def follow(url: str) -> list[FeedEvent]:
        async with AsyncHub(url, "k") as hub:
            return [event async for event in hub.feed("41")]

    with feed_server(seen) as url:
        if client == "async":
            events = asyncio.run(follow(url))
        else:
            with Hub(url, "k") as hub:
                events = list(hub.feed("41"))
    assert events == EVENTS
    assert b"last-event-id: 41" in seen[0].lower()
