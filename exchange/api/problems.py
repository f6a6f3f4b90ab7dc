"""Errors as application/problem+json (RFC 9457), each with the complete list of findings."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from schemas.findings import Finding, errors, kind_of, told

MEDIA_TYPE = "application/problem+json"

_TITLES = {
    400: "The request is not understood",
    401: "Who asks is not known",
    403: "Not allowed",
    404: "Not found",
    405: "Not this method",
    406: "Not in this form",
    409: "In conflict with what is there",
    410: "Not kept any more",
    408: "Too slow",
    413: "Too large",
    422: "The document is refused",
    429: "Too much at once",
    500: "The hub failed",
    503: "Not now",
}


class Problem(Exception):
    """Ends a request with a refusal. Raised in the API only; the parts beneath return findings."""

    def __init__(self, *findings: Finding, **members: Any) -> None:
        super().__init__(findings[0].code)
        self.findings = findings
        self.members = members


def problem_response(
    request: Request, findings: Iterable[Finding], members: Mapping[str, Any] | None = None
) -> Response:
    """One answer for all that was wrong. The status is that of the gravest: rights go before content, and a document
    that is wrong in itself is 422 even where it is a duplicate besides."""
    body = problem_of(findings, request.url.path, members)
    status: int = body["status"]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status in (429, 503):
        headers["Retry-After"] = "1"
    if status == 408:
        headers["Connection"] = "close"  # the rest of the body is not waited for
    return Response(orjson.dumps(body), status, headers, media_type=MEDIA_TYPE)


def problem_of(findings: Iterable[Finding], instance: str, members: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The problem as JSON, with the status in it. `instance`: the path asked for, empty where none was read."""
    found = list(findings)
    refusing = list(errors(found)) or found
    leading = min(refusing, key=lambda each: _RANK.get(each.status, 9))
    return {
        "type": f"/v1/rules/{leading.code}",
        "title": _TITLES.get(leading.status, "Refused"),
        "status": leading.status,
        "detail": _detail(leading, len(refusing)),
        "instance": instance,
        "code": leading.code,
        "errors": told(found),
        "errorCount": len(found),
        **(members or {}),
    }


_RANK = {401: 0, 403: 1, 404: 2, 410: 2, 413: 3, 400: 4, 422: 5, 409: 6, 503: 7, 500: 8}
"""408 and 429 come alone."""


def _detail(leading: Finding, count: int) -> str:
    sentence = kind_of(leading.code).sentence
    found = f" Found: {leading.found}." if leading.found else ""
    more = f" And {count - 1} more." if count > 1 else ""
    return f"{sentence}{found}{more}"
