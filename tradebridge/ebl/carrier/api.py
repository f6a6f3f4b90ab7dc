"""DCSA's EBL API as its provider implements it, and the carrier's endpoints of the issuance and surrender APIs.

1. A request is authenticated, its body judged by the schema (400, with the JSONPath of each error), its state by the
   tables of `carriage.py` (409, or what the endpoint says), stored, and only then answered 202 with an empty body.
2. A consumer sees its own documents; another one's do not exist for it (404). A platform sees none.
3. While a request waits to be processed, GET of what it is about says 202 without a payload (or 409, as configured),
   and a further request is refused with 409. New instructions that wait do not exist for PUT and PATCH (404).
4. Updated content is there until the carrier asks for another update. (DCSA's text of GET says that it is not there in
   PENDING_UPDATE, its text of PUT that it is, once an update was sent: an update that was sent is shown.)
5. Every answer has `API-Version`; every refusal is DCSA's ErrorResponse, that of an unknown path too.
"""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.engine import Connection
from starlette.exceptions import HTTPException

from schemas.bill_of_lading.carriage import AmendmentStatus, DocumentStatus, IssuanceStatus, Step, take
from schemas.bill_of_lading.dcsa import decode, read_part
from schemas.bill_of_lading.issuance import IssuanceCode, IssuanceResponse
from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.bill_of_lading.notifications import (
    ApproveTransportDocument,
    CancelShippingInstructions,
    UpdateShippingInstructions,
)
from schemas.bill_of_lading.refusal import refusal
from schemas.bill_of_lading.values import Part
from schemas.content import MAX_BYTES, Content, Syntax, open_content
from schemas.findings import Finding, finding
from tradebridge.ebl.carrier import casefile, places
from tradebridge.ebl.carrier.acting import accept, act, open_case, waiting
from tradebridge.ebl.carrier.casefile import JSON, Case
from tradebridge.ebl.carrier.clerk import Clerk
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.post import settle_issuance
from tradebridge.ebl.carrier.store import Store
from tradebridge.ebl.carrier.surrendering import read_request, take_in

log = logging.getLogger("tradebridge.ebl.carrier.api")

PREFIX = "/ebl/v3"
API_VERSION = "3.0.4"
MAJOR = "3"

ABOUT_INSTRUCTIONS = frozenset(
    {Step.SUBMIT_INSTRUCTIONS, Step.SUBMIT_UPDATE, Step.CANCEL_UPDATE, Step.CANCEL_INSTRUCTIONS}
)
ABOUT_AMENDMENT = frozenset({Step.REQUEST_AMENDMENT, Step.CANCEL_AMENDMENT})

P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The parts of a carrier at work."""

    store: Store
    office: Office
    clerk: Clerk
    client: httpx.AsyncClient


@dataclass(eq=False)
class Refused(Exception):
    """Ends a request; the handler makes DCSA's ErrorResponse of it."""

    status: int
    findings: tuple[Finding, ...] = field(default_factory=tuple)


def _no(code: str, pointer: str = "", *, found: object = "", expected: object = "") -> Refused:
    one = finding(code, pointer, found=found, expected=expected)
    return Refused(one.status, (one,))


def router(carrier: Carrier) -> APIRouter:
    """All paths of the carrier's side of EBL, EBL_ISS and EBL_SUR."""
    api = APIRouter(prefix=PREFIX)
    _instructions(api, carrier)
    _documents(api, carrier)
    _amendments(api, carrier)
    _platforms(api, carrier)
    return api


# --- Shipping instructions -------------------------------------------------------------------------------------------


def _instructions(api: APIRouter, carrier: Carrier) -> None:
    @api.post("/shipping-instructions")
    async def submit(request: Request) -> Response:
        consumer = _consumer(request, carrier)
        body = await _shaped(request, ShippingInstructions)

        def job(connection: Connection) -> Case:
            case = open_case(connection, carrier.office, consumer, body)
            accept(connection, carrier.office, case, Step.SUBMIT_INSTRUCTIONS, {})
            return case

        case = await carrier.store.do(job)
        return await _accepted(carrier, {"shippingInstructionsReference": case.reference})

    @api.put("/shipping-instructions/{reference}")
    async def update(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)
        body = await _shaped(request, UpdateShippingInstructions)

        def job(connection: Connection) -> None:
            case = _known(connection, consumer, reference, processed=True)
            stated = body["shippingInstructionsReference"]
            if stated != case.reference:
                raise _no("carrier.reference-differs", "/shippingInstructionsReference", found=stated)
            _ask(connection, carrier.office, case, Step.SUBMIT_UPDATE, body)

        await carrier.store.do(job)
        return await _accepted(carrier)

    @api.get("/shipping-instructions/{reference}")
    async def show(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)
        updated = _flag(request, "updatedContent")

        def job(connection: Connection) -> JSON | None:
            case = _known(connection, consumer, reference)
            if waiting(connection, case) & ABOUT_INSTRUCTIONS or case.carriage.instructions is None:
                return None
            if updated and case.update is None:
                raise _no("carrier.no-update", found=reference)
            return case.instructions(updated=updated)

        return _shown(carrier, await carrier.store.do(job))

    @api.patch("/shipping-instructions/{reference}")
    async def cancel(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)
        body = await _object(request)
        asked = _part(CancelShippingInstructions, body)
        step = Step.CANCEL_UPDATE if asked.updated_shipping_instructions_status else Step.CANCEL_INSTRUCTIONS

        def job(connection: Connection) -> None:
            case = _known(connection, consumer, reference, processed=True)
            _ask(connection, carrier.office, case, step, {})

        await carrier.store.do(job)
        return await _accepted(carrier)


# --- Transport documents ---------------------------------------------------------------------------------------------


def _documents(api: APIRouter, carrier: Carrier) -> None:
    @api.get("/transport-documents/{reference}")
    async def show(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)

        def job(connection: Connection) -> JSON | None:
            case, document, status = _version(connection, consumer, reference)
            latest = case.document is not None and case.document.reference == reference
            if latest and Step.APPROVE_DRAFT in waiting(connection, case):
                return None
            return casefile.shown(document, status)

        return _shown(carrier, await carrier.store.do(job))

    @api.patch("/transport-documents/{reference}")
    async def approve(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)
        _part(ApproveTransportDocument, await _object(request))

        def job(connection: Connection) -> None:
            case = _latest(connection, consumer, reference)
            _ask(connection, carrier.office, case, Step.APPROVE_DRAFT, {})

        await carrier.store.do(job)
        return await _accepted(carrier)


def _amendments(api: APIRouter, carrier: Carrier) -> None:
    @api.get("/transport-documents/{reference}/amendment")
    async def show(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)

        def job(connection: Connection) -> JSON | None:
            case = _latest(connection, consumer, reference)
            if waiting(connection, case) & ABOUT_AMENDMENT:
                return None
            amendment = case.amendment()
            if amendment is None:
                raise _no("carrier.no-amendment", found=reference)
            return amendment

        return _shown(carrier, await carrier.store.do(job))

    @api.put("/transport-documents/{reference}/amendment")
    async def amend(request: Request, reference: str) -> Response:
        consumer = _consumer(request, carrier)
        body = await _shaped(request, TransportDocument)

        def job(connection: Connection) -> None:
            case = _latest(connection, consumer, reference)
            stated = body["transportDocumentReference"]
            if stated != reference:
                raise _no("carrier.reference-differs", "/transportDocumentReference", found=stated, expected=reference)
            _ask(connection, carrier.office, case, Step.REQUEST_AMENDMENT, body)

        await carrier.store.do(job)
        return await _accepted(carrier)

    @api.delete("/transport-documents/{reference}/amendment")
    async def cancel(request: Request, reference: str) -> Response:
        """Cancelling what is no longer waiting is 400, as DCSA's text has it, and not 409."""
        consumer = _consumer(request, carrier)

        def job(connection: Connection) -> None:
            case = _latest(connection, consumer, reference)
            if waiting(connection, case):
                raise _no("carrier.being-processed", found=reference)
            if case.carriage.amendment is None:
                raise _no("carrier.no-amendment", found=reference)
            if case.carriage.amendment is not AmendmentStatus.AMENDMENT_RECEIVED:
                stands, wanted = case.carriage.amendment, AmendmentStatus.AMENDMENT_RECEIVED
                found = finding("carrier.not-now", "/amendedTransportDocumentStatus", found=stands, expected=wanted)
                raise Refused(400, (found,))
            _ask(connection, carrier.office, case, Step.CANCEL_AMENDMENT, {})

        await carrier.store.do(job)
        return await _accepted(carrier)


# --- What platforms say ----------------------------------------------------------------------------------------------


def _platforms(api: APIRouter, carrier: Carrier) -> None:
    @api.post("/ebl-issuance-responses")
    async def issuance_response(request: Request) -> Response:
        platform = _platform(request, carrier)
        body = await _object(request)
        response = _part(IssuanceResponse, body)

        def job(connection: Connection) -> None:
            _take_response(connection, carrier.office, platform, response, body)

        await carrier.store.do(job)
        await carrier.office.step(places.RESPONSE_STORED)
        carrier.clerk.wake()
        return _answer(204)

    @api.post("/ebl-surrender-requests")
    async def surrender_request(request: Request) -> Response:
        platform = _platform(request, carrier)
        body = await _object(request)
        asked = read_request(body)
        if isinstance(asked, tuple):
            raise Refused(400, asked)
        refused = await carrier.store.do(lambda connection: take_in(connection, carrier.office, platform, body))
        if refused:
            raise Refused(refused[0].status, refused)
        await carrier.office.step(places.SURRENDER_STORED)
        carrier.clerk.wake()
        return _answer(204)


def _take_response(
    connection: Connection, office: Office, platform: str, response: IssuanceResponse, body: JSON
) -> None:
    """The platform's verdict. The same again changes nothing; another one is refused."""
    reference = response.transport_document_reference
    known = casefile.version(connection, reference)
    version = response.transport_document_sub_reference
    if known is None or version not in (None, known[1].content.get("transportDocumentSubReference")):
        raise _no("carrier.unknown-document", "/transportDocumentReference", found=reference)
    case, document, _ = known
    if document.platform != platform:
        raise _no("carrier.not-the-issuing-platform", found=platform, expected=document.platform or "none")
    if document.response is not None:
        if document.response.get("issuanceResponseCode") == response.issuance_response_code:
            return
        raise _no("carrier.answered-otherwise", "/issuanceResponseCode", found=response.issuance_response_code)
    if case.carriage.issuance is not IssuanceStatus.REQUESTED:
        raise _no("carrier.answered-otherwise", "/transportDocumentReference", found=reference)
    settle_issuance(connection, reference)
    issued = response.issuance_response_code is IssuanceCode.ISSU
    after = act(connection, office, case, Step.ISSUE if issued else Step.REFUSE_ISSUANCE, body)
    if isinstance(after, tuple):
        raise Refused(after[0].status, after)


# --- What is common to them ------------------------------------------------------------------------------------------


def _known(connection: Connection, consumer: str, reference: str, *, processed: bool = False) -> Case:
    case = casefile.find(connection, reference)
    if case is None or case.consumer != consumer or (processed and case.carriage.instructions is None):
        raise _no("carrier.unknown-reference", found=reference)
    return case


def _version(connection: Connection, consumer: str, reference: str) -> tuple[Case, casefile.Document, DocumentStatus]:
    known = casefile.version(connection, reference)
    if known is None or known[0].consumer != consumer:
        raise _no("carrier.unknown-reference", found=reference)
    return known


def _latest(connection: Connection, consumer: str, reference: str) -> Case:
    """The case of a transport document; what was voided and reissued is changed no more."""
    case, _, status = _version(connection, consumer, reference)
    if case.document is None or case.document.reference != reference:
        found = f"{reference}: {status}"
        raise _no("carrier.not-now", "/transportDocumentStatus", found=found, expected="the version that replaces it")
    return case


def _ask(connection: Connection, office: Office, case: Case, step: Step, body: JSON) -> None:
    """Accept a request for processing, if its step may be taken."""
    if waiting(connection, case):
        raise _no("carrier.being-processed", found=case.reference)
    moved = take(case.carriage, step)
    if isinstance(moved, Finding):
        raise Refused(moved.status, (moved,))
    accept(connection, office, case, step, body)


async def _accepted(carrier: Carrier, payload: JSON | None = None) -> Response:
    await carrier.office.step(places.ACCEPTED)
    carrier.clerk.wake()
    return _answer(202, payload)


def _shown(carrier: Carrier, payload: JSON | None) -> Response:
    """None: it is being processed (rule 3)."""
    if payload is not None:
        return _answer(200, payload)
    if carrier.office.settings.while_processing == 409:
        raise _no("carrier.being-processed")
    return _answer(202)


def _answer(status: int, payload: Mapping[str, Any] | None = None) -> Response:
    headers = {"API-Version": API_VERSION}
    if payload is None:
        return Response(status_code=status, headers=headers)
    return Response(casefile.written(payload), status, headers=headers, media_type="application/json")


# --- Who asks, and with what -----------------------------------------------------------------------------------------


def _identified(request: Request, carrier: Carrier) -> tuple[str, str]:
    """`consumer` or `platform`, and its name. Tokens are compared by their digests, in constant time."""
    version = request.headers.get("API-Version")
    if version not in (None, MAJOR):
        raise _no("carrier.api-version", found=version, expected=MAJOR)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    digest = hashlib.sha256(token.strip().encode()).hexdigest()
    settings = carrier.office.settings
    known = [("consumer", each.id, each.token_in) for each in settings.consumers]
    known += [("platform", each.code, each.token_in) for each in settings.platforms]
    found = [(kind, name) for kind, name, mine in known if mine and hmac.compare_digest(mine, digest)]
    if scheme.lower() != "bearer" or not token or not found:
        raise _no("carrier.unauthorised")
    return found[0]


def _consumer(request: Request, carrier: Carrier) -> str:
    kind, name = _identified(request, carrier)
    if kind != "consumer":
        raise _no("carrier.not-yours", found=kind, expected="consumer")
    return name


def _platform(request: Request, carrier: Carrier) -> str:
    kind, name = _identified(request, carrier)
    if kind != "platform":
        raise _no("carrier.not-yours", found=kind, expected="platform")
    return name


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise _no("carrier.not-true-or-false", found=given)
    return given == "true"


async def body_of(request: Request) -> Content:
    """The JSON object in the body, read strictly. Refused 400 or 413."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            raise _no("syntax.too-large", found=f"more than {MAX_BYTES} bytes", expected=f"at most {MAX_BYTES} bytes")
    opened = open_content(bytes(data))
    if isinstance(opened, Finding):
        raise Refused(413 if opened.status == 413 else 400, (opened,))
    if opened.syntax is not Syntax.JSON or opened.seal is not None:
        raise Refused(400, (finding("syntax.not-json", found=opened.media_type, expected="application/json"),))
    return opened


async def _object(request: Request) -> JSON:
    return (await body_of(request)).value


async def _shaped(request: Request, model: type[ShippingInstructions] | type[TransportDocument]) -> JSON:
    """The document in the body, if the schema allows it; rules are judged when it is processed."""
    content = await body_of(request)
    decoded = decode(model, content)
    if decoded.document is None:
        refused = tuple(found for found in decoded.findings if found.refuses)
        raise Refused(413 if refused[0].status == 413 else 400, refused)
    return content.value


def _part(model: type[P], body: JSON) -> P:
    read = read_part(model, body)
    if isinstance(read, tuple):
        raise Refused(400, read)
    return read


# --- Refusing --------------------------------------------------------------------------------------------------------


def add_refusals(app: FastAPI, office: Office) -> None:
    """DCSA's ErrorResponse for all that is refused below `/ebl`, for what routing refuses, and for what breaks."""

    def answer(request: Request, status: int, findings: tuple[Finding, ...]) -> Response:
        uri = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        body = refusal(request.method, uri, status, findings, office.now(), uuid4().hex)
        headers = {"API-Version": API_VERSION}
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(body, status, headers)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return answer(request, error.status, error.findings)

    @app.exception_handler(HTTPException)
    async def unrouted(request: Request, error: HTTPException) -> Response:
        found = finding("carrier.no-endpoint", found=f"{request.method} {request.url.path}")
        return answer(request, error.status_code, (found,))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        return answer(request, 500, (finding("carrier.broken"),))
