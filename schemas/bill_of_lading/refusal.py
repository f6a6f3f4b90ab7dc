"""DCSA's ErrorResponse: how every DCSA API says no, and how a finding becomes one of its errors.

1. The shape is `ErrorResponse` with `DetailedError`, which all five descriptions share; it has at least one error.
2. A finding tells its place as JSON Pointer, DCSA as JSONPath: `/seals/0/number` is `$.seals[0].number`.
3. `errorCodeText` is the finding's code, `errorCodeMessage` its sentence with what was found and what to do.
   `errorCode` is left out: DCSA never standardised it.
4. What is wrong with a body as a whole (400) has the path `$`.
5. Texts are cut to the lengths that DCSA allows.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from http.client import responses
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from schemas.bill_of_lading.values import Many, Moment, Part, Whole, at_most
from schemas.findings import Finding

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MOST_ERRORS = 500
"""Errors in one answer."""


class HttpMethod(StrEnum):
    """`ErrorResponse.httpMethod`; DCSA writes OPTION."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    OPTION = "OPTION"
    PATCH = "PATCH"


class DetailedError(Part):
    """One error of a refused request."""

    error_code: Annotated[Whole, Field(ge=7000, le=9999)] | None = None
    property: Annotated[str, at_most(100)] | None = None
    value: Annotated[str, at_most(500)] | None = None
    json_path: Annotated[str, at_most(500)] | None = None
    error_code_text: Annotated[str, at_most(100)]
    error_code_message: Annotated[str, at_most(5000)]


class ErrorResponse(Part):
    """The body of every refusal."""

    http_method: HttpMethod
    request_uri: str
    status_code: Whole
    status_code_text: Annotated[str, at_most(50)]
    status_code_message: Annotated[str, at_most(200)] | None = None
    provider_correlation_reference: Annotated[str, at_most(100)] | None = None
    error_date_time: Moment
    errors: Annotated[Many[DetailedError], Field(min_length=1)]


def json_path(pointer: str) -> str:
    """The JSONPath of a JSON Pointer."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return "$" + "".join(_step(step) for step in steps)


def _step(step: str) -> str:
    if step.isdecimal():
        return f"[{step}]"
    if NAME.fullmatch(step):
        return f".{step}"
    quoted = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{quoted}']"


def refusal(
    method: str, uri: str, status: int, findings: Iterable[Finding], at: datetime, correlation: str = ""
) -> dict[str, Any]:
    """The JSON of an ErrorResponse. `uri` as requested; `correlation` names the request to the provider.

    Without a finding the status itself is the error.
    """
    text = responses.get(status, "Error")
    errors = [_error(found, of_body=status == HTTPStatus.BAD_REQUEST) for found in islice(findings, MOST_ERRORS)]
    answer: dict[str, Any] = {
        "httpMethod": "OPTION" if method == "OPTIONS" else method,
        "requestUri": uri,
        "statusCode": status,
        "statusCodeText": text,
        "providerCorrelationReference": correlation[:100],
        "errorDateTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "errors": errors or [{"errorCodeText": text, "errorCodeMessage": text}],
    }
    if errors:
        answer["statusCodeMessage"] = errors[0]["errorCodeMessage"][:200]
    return {name: value for name, value in answer.items() if value != ""}


def _error(found: Finding, *, of_body: bool) -> dict[str, str]:
    said = [found.message]
    if found.found:
        said.append(f"Found: {found.found}.")
    if found.expected:
        said.append(f"Expected: {found.expected}.")
    said.append(found.fix)
    error = {
        "errorCodeText": found.code[:100],
        "errorCodeMessage": " ".join(each for each in said if each)[:5000],
    }
    if not found.pointer.startswith("/"):
        return error | {"jsonPath": "$"} if of_body else error
    names = [step for step in found.pointer.split("/")[1:] if not step.isdecimal()]
    return error | {
        "property": (names[-1] if names else "")[:100],
        "value": found.found[:500],
        "jsonPath": json_path(found.pointer)[:500],
    }
