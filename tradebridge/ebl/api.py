"""The HTTP of an eBL platform: DCSA's paths, and the reading of titles.

1. DCSA's paths refuse with DCSA's ErrorResponse and answer with the header API-Version; ours refuse with
   application/problem+json. What PINT signs is one JSON string, whatever its status.
2. Who asks on a DCSA path is known by a bearer token; envelopes come from platforms, issuance requests and surrender
   responses from carriers. Who is both, or a carrier under several codes, asks as any of them.
3. Every body is bounded; that of an additional document is streamed to the disk.
4. `router` has DCSA's paths, `reading` those of titles and transfers, `acting` what users do. A host mounts what it
   has need of, and puts its own rights before the latter two.
5. An endorsement chain is told to the carrier of the bill, and to the platforms of the parties in it.
6. Two carriers may give one number: `carrierCode` says whose bill is meant.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request
from sqlalchemy.engine import Connection
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.endorsement import chain_of
from schemas.bill_of_lading.refusal import refusal
from schemas.content import json_or_finding
from schemas.findings import Finding, finding, told
from tradebridge.ebl import acting, files, issuing, receiving, sending, surrendering, titles, transfers
from tradebridge.ebl.host import Caller, Host, Role
from tradebridge.ebl.receiving import Said

HostOf = Callable[[Request], Host]

PINT = "/pint/v3"
EBL = "/ebl/v3"
OURS = "/tradebridge/v1"
PINT_VERSION, EBL_VERSION = "3.0.0", "3.0.4"
JSON = "application/json"
PROBLEM = "application/problem+json"
_TRIES = 5

log = structlog.get_logger(__name__)


class Refused(Exception):
    """Ends a request on a DCSA path."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(findings[0].code)
        self.findings = findings


# --- Answers ---------------------------------------------------------------------------------------------------------


def dcsa_refusal(request: Request, host: Host, found: Iterable[Finding], version: str, status: int = 0) -> Response:
    """An ErrorResponse. `status`: 0 for the gravest of the findings."""
    findings = tuple(found)
    chosen = status or max(findings, key=lambda each: _RANK.get(each.status, 0)).status
    correlation = request.headers.get("x-request-id", "")
    body = refusal(request.method, request.url.path, chosen, findings, host.now(), correlation)
    headers = {"API-Version": version} | ({"WWW-Authenticate": "Bearer"} if chosen == 401 else {})
    return Response(orjson.dumps(body), chosen, headers, JSON)


_RANK = {401: 9, 403: 8, 404: 7, 413: 6, 503: 5, 400: 4, 409: 3, 422: 2}


def said(request: Request, host: Host, what: Said, version: str) -> Response:
    if what.findings:
        return dcsa_refusal(request, host, what.findings, version, what.status)
    body = b"" if what.body is None else orjson.dumps(what.body)
    return Response(body, what.status, {"API-Version": version}, JSON if body else None)


def problem(request: Request, found: Iterable[Finding]) -> Response:
    """RFC 9457, with all that was wrong."""
    findings = tuple(found)
    leading = max(findings, key=lambda each: _RANK.get(each.status, 0))
    body = {
        "type": f"/v1/rules/{leading.code}",
        "title": leading.message,
        "status": leading.status,
        "detail": f"{leading.message} {leading.fix}",
        "instance": request.url.path,
        "code": leading.code,
        "errors": told(findings),
        "errorCount": len(findings),
    }
    return Response(orjson.dumps(body), leading.status, media_type=PROBLEM)


def _json(value: Any, status: int = 200) -> Response:
    return Response(titles.text_of(value), status, media_type=JSON)


# --- Reading a request -----------------------------------------------------------------------------------------------


def caller_of(request: Request, host: Host, *roles: Role) -> Caller:
    """Who asks, as one of these (rule 2). Raises `Refused`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    caller = host.caller(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
    if caller is None:
        raise Refused(finding("pint.unknown-token"))
    if not any(caller.may_ask_as(role) for role in roles):
        expected = " or ".join(sorted(roles))
        raise Refused(finding("pint.wrong-role", found=caller, expected=f"a {expected}"))
    return caller


async def body_of(request: Request, limit: int) -> bytes:
    """The body, or `Refused` with 413 as soon as it is known to be too large."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise Refused(_too_large(int(stated), limit))
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise Refused(_too_large(len(data), limit))
    return bytes(data)


def _too_large(size: int, limit: int) -> Finding:
    return finding("syntax.too-large", found=f"{size} bytes", expected=f"at most {limit} bytes")


async def drained(chunks: AsyncIterator[bytes], limit: int) -> None:
    """Read to the end what is not wanted any more, so that the answer is heard: a sender that is still writing when the
    connection closes may never read it. What goes on beyond so many bytes is not waited for."""
    async for chunk in chunks:
        limit -= len(chunk)
        if limit < 0:
            return


Handler = Callable[[Request], Awaitable[Response]]


def _guarded(host_of: HostOf, version: str, handler: Callable[..., Awaitable[Response]]) -> Any:
    """A handler of a DCSA path: what it raises as `Refused` becomes an ErrorResponse."""

    async def guarded(request: Request) -> Response:
        host = host_of(request)
        try:
            return await handler(request, host)
        except Refused as error:
            return dcsa_refusal(request, host, error.findings, version)
        except ClientDisconnect:
            raise
        except Exception:  # unsigned, it decides nothing: the sender asks again
            log.exception("a request could not be served", path=request.url.path)
            return dcsa_refusal(request, host, (), version, 500)

    return guarded


def no_such_path(host_of: HostOf) -> Callable[[Request, Exception], Response]:
    """A handler for paths and methods that there are none of: in the form that the path's family has."""

    def handler(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        code = "request.method" if status == 405 else "request.not-found"
        found = (finding(code, found=f"{request.method} {path}"),)
        if path.startswith((PINT, EBL, OURS)):
            version = EBL_VERSION if path.startswith(EBL) else PINT_VERSION
            return dcsa_refusal(request, host_of(request), found, version, status)
        return problem(request, found)

    return handler


# --- DCSA ------------------------------------------------------------------------------------------------------------


def router(host_of: HostOf) -> APIRouter:
    """PINT as receiver, and the platform's side of issuance, surrender and endorsement chain. One path is ours: PINT
    has no word by which a sender withdraws what is in doubt."""
    routes = APIRouter()
    for method, path, version, handler in (
        ("POST", f"{PINT}/envelopes", PINT_VERSION, _start),
        ("PUT", f"{PINT}/envelopes/{{reference}}/additional-documents/{{checksum}}", PINT_VERSION, _document),
        ("PUT", f"{PINT}/envelopes/{{reference}}/finish-transfer", PINT_VERSION, _finish),
        ("POST", f"{PINT}/receiver-validation", PINT_VERSION, _validate),
        ("POST", f"{OURS}/withdrawals", PINT_VERSION, _withdraw),
        ("PUT", f"{EBL}/ebl-issuance-requests", EBL_VERSION, _issue),
        ("POST", f"{EBL}/ebl-surrender-responses", EBL_VERSION, _surrender),
        ("GET", f"{EBL}/endorsement-chains/{{reference}}", EBL_VERSION, _endorsements),
    ):
        routes.add_route(path, _guarded(host_of, version, handler), methods=[method], include_in_schema=False)
    return routes


async def _start(request: Request, host: Host) -> Response:
    caller = caller_of(request, host, Role.PLATFORM)
    data = await body_of(request, host.limits.envelope)
    return said(request, host, await receiving.start(host, caller, data), PINT_VERSION)


async def _document(request: Request, host: Host) -> Response:
    caller = caller_of(request, host, Role.PLATFORM)
    limit = files.length_as_base64_string(host.limits.file) + 1000
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise Refused(finding("pint.too-large", found=f"{stated} bytes", expected=f"at most {host.limits.file} bytes"))
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    stream = request.stream()
    chunks = stream if media_type == "application/octet-stream" else files.base64_string(stream)
    reference, checksum = request.path_params["reference"], request.path_params["checksum"]
    answer = await receiving.take_document(host, caller, reference, checksum, chunks)
    if answer.status not in (204, 413):
        await drained(stream, limit)
    return said(request, host, answer, PINT_VERSION)


async def _finish(request: Request, host: Host) -> Response:
    caller = caller_of(request, host, Role.PLATFORM)
    await body_of(request, host.limits.body)
    answer = await receiving.finish(host, caller, request.path_params["reference"])
    return said(request, host, answer, PINT_VERSION)


async def _validate(request: Request, host: Host) -> Response:
    caller_of(request, host, Role.PLATFORM)
    data = await body_of(request, host.limits.body)
    return said(request, host, await receiving.validate_receiver(host, data), PINT_VERSION)


async def _withdraw(request: Request, host: Host) -> Response:
    caller = caller_of(request, host, Role.PLATFORM)
    data = await body_of(request, host.limits.envelope)
    return said(request, host, await receiving.withdraw(host, caller, data), PINT_VERSION)


async def _issue(request: Request, host: Host) -> Response:
    caller = caller_of(request, host, Role.CARRIER)
    found = await issuing.request(host, caller, await body_of(request, host.limits.issuance))
    return _taken(request, host, found)


async def _surrender(request: Request, host: Host) -> Response:
    caller = caller_of(request, host, Role.CARRIER)
    found = await surrendering.answered(host, caller, await body_of(request, host.limits.body))
    return _taken(request, host, found)


def _taken(request: Request, host: Host, found: tuple[Finding, ...]) -> Response:
    """204, or the refusal: DCSA says 400 of what has not the right shape."""
    if not found:
        return Response(status_code=204, headers={"API-Version": EBL_VERSION})
    shape = (replace(each, status=400) if each.status == 422 else each for each in found)
    return dcsa_refusal(request, host, shape, EBL_VERSION)


async def _endorsements(request: Request, host: Host) -> Response:
    """Rule 5: of a title that one has no part in, not even that it is here."""
    caller = caller_of(request, host, Role.PLATFORM, Role.CARRIER)
    wanted = request.query_params
    version, scac = wanted.get("transportDocumentSubReference"), wanted.get("carrierSCACCode")
    reference = request.path_params["reference"]
    found = await host.ask(lambda connection: titles.all_of(connection, reference))
    own = [each for each in found if each.carrier in caller.carriers or caller.platform in each.platforms]
    chains = [pint.to_json(chain_of(each.document, each.transactions)) for each in own]
    chosen = [
        each
        for each in chains
        if version in (None, each.get("transportDocumentSubReference")) and scac in (None, each.get("carrierSCACCode"))
    ]
    if not chosen:
        raise Refused(finding("title.unknown", found=reference))
    return Response(orjson.dumps(chosen), 200, {"API-Version": EBL_VERSION}, JSON)


# --- Titles ----------------------------------------------------------------------------------------------------------


def reading(host_of: HostOf) -> APIRouter:
    """Titles, their chains, and transfers: what users of a platform read."""
    routes = APIRouter()

    @routes.get("/v1/titles", summary="The titles of this platform", response_model=None)
    async def list_titles(request: Request) -> Response:
        wanted = request.query_params
        items = await host_of(request).ask(
            lambda connection: titles.listed(connection, account=wanted.get("account"), at=wanted.get("at"))
        )
        return _json({"items": items, "next": None})

    @routes.get("/v1/titles/{reference}", summary="One title: where it is, whose it is", response_model=None)
    async def get_title(request: Request, reference: str) -> Response:
        return await _shown(request, host_of(request), reference, titles.shown)

    @routes.get("/v1/titles/{reference}/chain", summary="All that was done with a title, signed", response_model=None)
    async def get_chain(request: Request, reference: str) -> Response:
        return await _shown(request, host_of(request), reference, lambda connection, held: titles.chain_shown(held))

    @routes.get("/v1/transfers/{transfer}", summary="One transfer to another platform", response_model=None)
    async def get_transfer(request: Request, transfer: str) -> Response:
        row = await host_of(request).ask(lambda connection: transfers.by_id(connection, transfer))
        if row is None:
            return problem(request, (finding("pint.unknown-transfer", found=transfer),))
        return _json(titles.transfer_shown(row))

    return routes


async def _shown(
    request: Request, host: Host, reference: str, how: Callable[[Connection, titles.Held], dict[str, Any]]
) -> Response:
    def question(connection: Connection) -> dict[str, Any] | Finding:
        held = titles.named(connection, reference, request.query_params.get("carrierCode"))
        return held if isinstance(held, Finding) else how(connection, held)

    shown = await host.ask(question)
    return problem(request, (shown,)) if isinstance(shown, Finding) else _json(shown)


def acting_routes(host_of: HostOf) -> APIRouter:
    """What users of a simulated platform do. The hub has its events for this."""
    routes = APIRouter()

    @routes.post("/v1/titles/{reference}/actions", summary="Endorse, transfer, surrender, sign", response_model=None)
    async def act(request: Request, reference: str) -> Response:
        host = host_of(request)
        try:
            value = json_or_finding(await body_of(request, host.limits.issuance))
        except Refused as error:
            return problem(request, error.findings)
        if isinstance(value, Finding):
            return problem(request, (value,))
        action = pint.read(acting.Action, value)
        if isinstance(action, tuple):
            return problem(request, action)
        acted = await acted_on(host, reference, action, request.query_params.get("carrierCode"))
        return problem(request, acted) if isinstance(acted, tuple) else _json(acted.to_json())

    @routes.put("/v1/titles/{reference}/files", summary="Upload a supporting document", response_model=None)
    async def upload(request: Request, reference: str) -> Response:
        host, query = host_of(request), request.query_params
        held = await host.ask(lambda connection: titles.named(connection, reference, query.get("carrierCode")))
        if isinstance(held, Finding):
            return problem(request, (held,))
        name, media_type = query.get("name", ""), query.get("mediaType", "")
        document = await acting.take_file(host, held.id, request.stream(), name, media_type)
        if isinstance(document, Finding):
            return problem(request, (document,))
        return _json(pint.to_json(document), 201)

    @routes.post("/v1/transfers/{transfer}:cancel", summary="Call a transfer back", response_model=None)
    async def cancel(request: Request, transfer: str) -> Response:
        host = host_of(request)
        found = await sending.cancel(host, transfer)
        if found:
            return problem(request, found)
        row = await host.ask(lambda connection: transfers.by_id(connection, transfer))
        return _json(titles.transfer_shown(row) if row is not None else {})

    return routes


async def acted_on(
    host: Host, reference: str, action: acting.Action, carrier: str | None = None
) -> acting.Acted | tuple[Finding, ...]:
    """An action, with its files put on the disk first; tried again where somebody else was faster."""
    held = await host.ask(lambda connection: titles.named(connection, reference, carrier))
    if isinstance(held, Finding):
        return (held,)
    async with acting.uploaded(host, held.id, action) as supporting:
        if isinstance(supporting, Finding):
            return (supporting,)

        def job(connection: Connection) -> acting.Acted | tuple[Finding, ...]:
            acted = acting.act(connection, host, reference, action, supporting.documents, carrier=held.carrier)
            if isinstance(acted, acting.Acted):
                supporting.keep(host, acted)
            return acted

        for _ in range(_TRIES):
            try:
                acted = await host.do(job)
            except titles.Moved:
                continue
            host.wake()
            return acted
    return (finding("title.old-sequence"),)
