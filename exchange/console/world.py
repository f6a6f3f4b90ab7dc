"""The world of a simulation, as the console asks it: over HTTP at `/_sim/v1`, as anybody does.

1. Where it is, it says itself by the private socket (`exchange.control`); a hub that was told of none has none.
2. The hub's own work never waits for it: only pages do, for a moment, and then they go without.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import orjson
from starlette.requests import Request

from exchange.api.access import hub_of, spaces_of
from tradebridge.outbound import tls_context

PATIENCE_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""So long what is on is believed to be on, so that many pages do not ask at once."""

Json = dict[str, Any]


class WorldAway(Exception):
    """No world, or none that answers; the message says which."""


class WorldRefused(Exception):
    """The world does not do it."""

    def __init__(self, status: int, findings: list[Json]) -> None:
        super().__init__(status)
        self.status, self.findings = status, findings


def is_there(request: Request) -> bool:
    """Has a world said where it is?"""
    return bool(spaces_of(request).world)


async def ask(
    request: Request,
    path: str,
    *,
    method: str = "GET",
    body: Json | None = None,
    params: dict[str, str] | None = None,
    seconds: float = PATIENCE_SECONDS,
) -> Json:
    """The answer of the world of this space, as JSON. Raises `WorldAway`, `WorldRefused`."""
    url = _address(request, path)
    try:
        async with _client(seconds) as client:
            answer = await client.request(method, url, json=body, params=params)
            told = answer.json() if answer.content else {}
    except (httpx.HTTPError, ValueError) as error:
        raise WorldAway(f"the world does not answer ({type(error).__name__})") from error
    if answer.is_error:
        raise WorldRefused(answer.status_code, told.get("errors", []))
    return dict(told)


async def fetch(request: Request, path: str, *, seconds: float) -> tuple[bytes, str]:
    """A file of the world, and its media type. Raises `WorldAway`, `WorldRefused`."""
    async with streamed(request, path, {}, seconds) as answer:
        try:
            data = b"".join([part async for part in answer.aiter_bytes()])
        except httpx.HTTPError as error:
            raise WorldAway(f"the world does not answer ({type(error).__name__})") from error
        return data, answer.headers.get("content-type", "application/octet-stream")


@asynccontextmanager
async def streamed(
    request: Request, path: str, headers: dict[str, str], seconds: float | None
) -> AsyncIterator[httpx.Response]:
    """An answer of the world as it comes. Raises `WorldAway`, `WorldRefused`. `seconds`: of silence; None for any."""
    url = _address(request, path)
    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(_client(httpx.Timeout(PATIENCE_SECONDS, read=seconds)))
            answer = await stack.enter_async_context(client.stream("GET", url, headers=headers))
            if answer.is_error:
                told = json_object(await answer.aread())
                raise WorldRefused(answer.status_code, told.get("errors", []))
        except httpx.HTTPError as error:
            raise WorldAway(f"the world does not answer ({type(error).__name__})") from error
        yield answer


def _address(request: Request, path: str) -> str:
    """Of a call of the world of this space. Raises `WorldAway`."""
    base = spaces_of(request).world
    if not base:
        raise WorldAway("this hub runs without a world: `tb up` starts both")
    return f"{base}{hub_of(request).prefix}/_sim/v1/{path}"


def _client(timeout: float | httpx.Timeout) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(verify=tls_context())
    return httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout)


def json_object(data: bytes) -> Json:
    """Empty where it is none."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


async def faults(request: Request) -> list[Json] | None:
    """The faults that are on; None where nobody can tell."""
    if not is_there(request):
        return None
    key = f"{spaces_of(request).world}{hub_of(request).prefix}"
    known = _FAULTS.get(key)
    if known is None or known[0] < time.monotonic():
        try:
            items = (await ask(request, "faults"))["items"]
            found = [each for each in items if each["active"]]
        except (WorldAway, WorldRefused):
            found = None
        known = _FAULTS[key] = (time.monotonic() + FRESH_SECONDS, found)
    return known[1]


def forget() -> None:
    """Something was switched on or off: the next page asks anew."""
    _FAULTS.clear()


_FAULTS: dict[str, tuple[float, list[Json] | None]] = {}
_UNDER_WAY: set[asyncio.Task[Any]] = set()


async def begin(request: Request, path: str, body: Json, seconds: float) -> None:
    """Ask for what takes long, and go on after a moment; what goes wrong by then is raised, as by `ask`."""
    task = asyncio.create_task(ask(request, path, method="POST", body=body, seconds=seconds))
    _UNDER_WAY.add(task)
    task.add_done_callback(_done)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
    if done:
        task.result()


def _done(task: asyncio.Task[Any]) -> None:
    _UNDER_WAY.discard(task)
    if not task.cancelled():
        task.exception()  # told by the page if it came at once; later there is nobody to tell
