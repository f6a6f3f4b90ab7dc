"""Reading a request's body within a limit, and the parameters that lists share."""

from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.problems import Problem
from exchange.store.queries import Page
from schemas.content import MAX_BYTES, json_or_finding
from schemas.findings import Finding, finding

MAX_BODY = MAX_BYTES * 4 // 3 + 10_000
"""A compact JWS carries its payload in base64: the limit of the decoded document, encoded."""
T = TypeVar("T")


async def body_of(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body, or 413 as soon as it is known to be too large."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(int(stated), limit)
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


def names_in(header: str | None) -> tuple[str, ...]:
    """A comma-separated header of member ids."""
    return tuple(name.strip() for name in (header or "").split(",") if name.strip())


def limit_of(request: Request, default: int = 50) -> int:
    text = request.query_params.get("limit", str(default))
    if not text.isdigit() or not 1 <= int(text) <= 500:
        raise Problem(finding("request.malformed", found=f"limit={text}", expected="1 to 500"))
    return int(text)


def page_response(request: Request, page: Page) -> Response:
    """A page with its Link header (RFC 8288)."""
    headers = {}
    if page.next:
        following = request.url.include_query_params(cursor=page.next)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return json_response(page.to_json(), headers=headers)


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, media_type="application/json")
