"""Refusals of the control plane as application/problem+json (RFC 9457), with the complete list of findings."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from schemas.findings import Finding, finding, told
from simulator.hub_control import HubRefused
from simulator.refusals import Refusal

MEDIA_TYPE = "application/problem+json"


def response_of(findings: tuple[Finding, ...], instance: str) -> Response:
    first = findings[0]
    body = {
        "type": f"/v1/rules/{first.code}",
        "title": "Refused by the simulation",
        "status": first.status,
        "detail": first.message,
        "instance": instance,
        "code": first.code,
        "errors": told(findings),
        "errorCount": len(findings),
    }
    headers = {"Retry-After": "1"} if first.status == 503 else {}
    return JSONResponse(body, first.status, headers, media_type=MEDIA_TYPE)


def answer_refusals(app: FastAPI) -> None:
    """All that such a call can end with."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return response_of(error.findings, request.url.path)

    @app.exception_handler(HubRefused)
    async def by_hub(request: Request, error: HubRefused) -> Response:
        return response_of((finding(error.code, found=error.found),), request.url.path)

    @app.exception_handler(ValidationError)
    async def malformed(request: Request, error: ValidationError) -> Response:
        return response_of(findings_of(error), request.url.path)

    @app.exception_handler(HTTPException)
    @app.exception_handler(404)
    @app.exception_handler(405)
    async def no_such_path(request: Request, error: Exception) -> Response:
        code = finding("simulation.no-such-path", found=f"{request.method} {request.url.path}"[:150])
        return response_of((code,), request.url.path)


def findings_of(error: ValidationError) -> tuple[Finding, ...]:
    """Each member that is wrong, with its pointer."""
    return tuple(
        finding(
            "simulation.malformed",
            "".join(f"/{part}" for part in each["loc"]),
            found=each.get("input", ""),
            expected=each["msg"],
        )
        for each in error.errors(include_url=False)
    )
