"""Reading a request's body within a limit, and the parameters that lists share."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import hub_of, place_of, spaces_of
from exchange.api.problems import Problem
from exchange.places import NoPlace
from exchange.store.queries import Page
from schemas.content import MAX_BYTES, json_or_finding
from schemas.findings import Finding, finding

MAX_BODY = MAX_BYTES * 4 // 3 + 10_000
"""A compact JWS carries its payload in base64: the limit of the decoded document, encoded."""


async def body_of(request: Request, limit: int = MAX_BODY, place: AbstractContextManager[None] | None = None) -> bytes:
    """The body, or 413 as soon as it is known to be too large, 408 when it does not come to its end in time, 429 or 503
    where too many are being read. `place`: among which it is read; None: those of its member."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(int(stated), limit)
    async with reading(request, place):
        return await _read(request, limit)


@asynccontextmanager
async def reading(request: Request, place: AbstractContextManager[None] | None = None) -> AsyncIterator[None]:
    """While a body is read: it has a place among those of its member and of all, and so much time. Raises `Problem`."""
    seconds = hub_of(request).settings.body_seconds
    try:
        with place or place_of(request, spaces_of(request).bodies):
            async with asyncio.timeout(seconds):
                yield
    except NoPlace as error:
        raise Problem(error.found) from error
    except TimeoutError as error:
        raise Problem(finding("request.too-slow", expected=f"the whole body within {seconds:g} s")) from error


async def _read(request: Request, limit: int) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise _too_large(len(data), limit)
    return bytes(data)


def _too_large(size: int, limit: int) -> Problem:
    return Problem(
        finding("syntax.too-large", found=f"{size} bytes", expected=f"at most {min(limit, MAX_BYTES)} bytes")
    )


async def json_of(request: Request, limit: int = MAX_BODY) -> dict[str, Any]:
    """The body as one strict JSON object."""
    value = json_or_finding(await body_of(request, limit))
    if isinstance(value, Finding):
        raise Problem(value)
    return value


async def options_of(request: Request, limit: int = 10_000) -> dict[str, Any]:
    """An optional JSON body."""
    data = await body_of(request, limit)
    value = json_or_finding(data) if data.strip() else {}
    if isinstance(value, Finding):
        raise Problem(value)
    return value


def seconds_of(options: dict[str, Any], name: str, default: float, longest: float) -> float:
    """A number of seconds among the options. Raises `Problem`."""
    seconds = options.get(name, default)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= longest:
        expected = f"seconds, at most {longest:g}"
        raise Problem(finding("request.malformed", f"/{name}", found=seconds, expected=expected))
    return float(seconds)


def recipients_of(request: Request) -> tuple[str, ...]:
    """The member ids of Tradebridge-To: a list, which may stand in several lines (RFC 9110 section 5.3)."""
    named = ",".join(request.headers.getlist("tradebridge-to"))
    return tuple(name.strip() for name in named.split(",") if name.strip())


def number_in(name: str, text: str, least: int, most: int) -> int:
    """A whole number as a caller wrote it, within its bounds. Raises `Problem`."""
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise Problem(finding("request.malformed", found=f"{name}={text[:40]}", expected=f"{least} to {most}"))
    return int(text)


_NUMBER = re.compile(r"-?[0-9]{1,19}")  # what is longer is no number that the store can hold


def limit_of(request: Request, default: int = 50) -> int:
    return number_in("limit", request.query_params.get("limit", str(default)), 1, 500)


LONGEST_WAIT = 20.0
"""Seconds."""


def wait_of(request: Request) -> float:
    """Seconds that the caller would wait for an answer, bounded; 0 unless it says."""
    text = request.query_params.get("wait", "0")
    if not _SECONDS.fullmatch(text):
        raise Problem(finding("request.malformed", found=f"wait={text[:20]}", expected="seconds"))
    return min(float(text), LONGEST_WAIT)


_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


def page_response(request: Request, page: Page) -> Response:
    """A page with its Link header (RFC 8288)."""
    headers = {}
    if page.next:
        following = request.url.include_query_params(cursor=page.next)
        headers["Link"] = f'<{hub_of(request).prefix}{following.path}?{following.query}>; rel="next"'
    return json_response(page.to_json(), headers=headers)


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, media_type="application/json")
