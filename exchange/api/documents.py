"""Documents: submit, validate, forward, say something about, look at."""

import re
import time
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange import consignments, intake, ledger, paper, refused, retention, titles
from exchange.api.access import base_url_of, caller_of, hub_of, on_record, sees
from exchange.api.bodies import body_of, json_response, limit_of, page_response, recipients_of, wait_of
from exchange.api.problems import Problem, problem_response
from exchange.bundles import bundle_of, evidence_of, until_on_record
from exchange.events import accept_event
from exchange.forwarding import forward as forward_document
from exchange.hub import Hub
from exchange.messages import IDEMPOTENCY_KEY, Accepted, Submission
from exchange.refused import Refused
from exchange.store import queries
from exchange.store.queries import Stored
from exchange.subject import subject_of
from schemas.content import Syntax, open_content, sha256_hex
from schemas.findings import MOST_TOLD, Finding, errors, finding, for_recipients, told
from schemas.registry import profile_of
from tradebridge.evidence.bundle import EXTENSION, MEDIA_TYPE
from tradebridge.render.form import page_of
from tradebridge.render.html import POLICY, html_of
from tradebridge.render.pdf import pdf_of

PATH = "/v1/documents"

router = APIRouter(prefix=PATH, tags=["documents"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/xml": {"schema": {"type": "string", "format": "binary"}},
            "application/jose": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    },
    "parameters": [
        {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}
        for name, description in (
            ("Tradebridge-To", "Recipients, comma separated"),
            ("Tradebridge-Profile", "Optional; else recognised"),
            ("Idempotency-Key", "Optional"),
        )
    ],
}


@router.post("", status_code=202, openapi_extra=_BODY, summary="Submit a document")
async def submit(request: Request) -> Response:
    hub = hub_of(request)
    submission = await _submission(request)
    began = time.perf_counter()
    outcome = await intake.accept(hub, submission)
    hub.metrics.intake_seconds.observe(time.perf_counter() - began)
    return _answer(request, hub, outcome)


@router.post(":validate", openapi_extra=_BODY, summary="Judge a document and keep nothing")
async def validate(request: Request) -> Response:
    hub = hub_of(request)
    submission = await _submission(request, recorded=False)
    judged = await intake.judge_apart(hub, submission, route=False)
    reading = judged.reading
    return json_response(
        {
            "valid": not any(errors(judged.findings)),
            "profile": reading.profile.id if reading.profile else None,
            "number": reading.document.number if reading.document else None,
            "bytesDigest": sha256_hex(submission.data),
            "contentDigest": reading.content.content_digest if reading.content else None,
            "signer": intake.signer_json(judged.signer),
            "findings": told(judged.findings),
            "findingCount": len(judged.findings),
        }
    )


@router.get("", summary="The documents that one sent, issued or received, newest first")
def list_documents(request: Request) -> Response:
    caller, parameters = caller_of(request), request.query_params
    with hub_of(request).database.reading.connect() as connection:
        page = queries.documents(
            connection,
            sees(caller),
            limit_of(request),
            parameters.get("cursor"),
            profile=parameters.get("profile"),
            number=parameters.get("number"),
            sender=parameters.get("sender"),
            state=parameters.get("state"),
        )
    return page_response(request, page)


@router.get("/{document_id}", summary="One document: as received, as JSON or XML, as HTML or PDF, by Accept")
def get_document(request: Request, document_id: str) -> Response:
    stored = _stored(request, document_id)
    form = _form_of(request.headers.get("accept", "*/*"), stored)
    state = f"-{stored.summary['state']}" if form in ("html", "pdf") else ""
    etag = f'"{stored.summary["bytesDigest"]}-{form}{state}"'
    headers = {"ETag": etag, "Vary": "Accept", "Tradebridge-Profile": stored.summary["profile"]}
    if etag in _etags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    on_record(request, document_id, f"document, {form}")
    if form == "received":
        return Response(stored.data, headers=headers, media_type=stored.media_type)
    if form in ("html", "pdf"):
        return _on_paper(request, stored, form, headers)
    data, media_type = _converted(stored, Syntax(form))
    return Response(data, headers=headers, media_type=media_type)


@router.get("/{document_id}/summary", summary="State, recipients and both tracks of one document")
def get_summary(request: Request, document_id: str) -> Response:
    hub, summary = hub_of(request), _stored(request, document_id).summary
    verify = paper.verify_of(hub, summary, base_url_of(request)) if paper.has_paper(summary) else None
    with hub.database.reading.connect() as connection:
        others = consignments.linked(connection, document_id, sees(caller_of(request)))
    summary |= {"consignment": others} if others else {}
    return json_response(summary | ({"verify": {"url": verify.url, "code": verify.code}} if verify else {}))


@router.get("/{document_id}/checks", summary="What was found when it came in")
def get_checks(request: Request, document_id: str) -> Response:
    stored = _stored(request, document_id, "checks")
    profile = profile_of(stored.summary["profile"])
    policy = {"closed": profile.closed, "retentionYears": profile.retention_years} if profile else {}
    findings = stored.findings if stored.only_for is None else for_recipients(stored.findings)
    return json_response(
        {
            "profile": stored.summary["profile"],
            "findings": findings[:MOST_TOLD],
            "findingCount": len(findings),
            "signer": stored.signer,
            "attestation": stored.attestation,
            "policy": policy,
        }
    )


@router.get("/{document_id}/timeline", summary="What happened to it, oldest first")
def get_timeline(request: Request, document_id: str) -> Response:
    stored = _stored(request, document_id, "timeline")
    with hub_of(request).database.reading.connect() as connection:
        member, held = sees(caller_of(request)), titles.of_document(connection, document_id)
        of_title = held is None or titles.sees(hub_of(request), held, member)
        entries = queries.timeline(connection, member, stored, of_title=of_title)
    return json_response({"document": stored.summary, "entries": entries})


@router.get("/{document_id}/utilisation", summary="What is left of each item of a certificate, and who drew what")
def get_utilisation(request: Request, document_id: str) -> Response:
    stored = _stored(request, document_id, "utilisation")
    limit, cursor = limit_of(request), request.query_params.get("cursor")
    before = queries.parts_of(cursor, int)[0] if cursor else None
    with hub_of(request).database.reading.connect() as connection:
        subject = subject_of(connection, document_id)
        if subject is None or not ledger.has_ledger(subject.profile):
            raise Problem(finding("utilisation.no-ledger", found=stored.summary["profile"]))
        account, rest = ledger.account(connection, subject, stored.only_for, limit, before)
    return json_response({**account, "next": queries.cursor_of(rest) if rest is not None else None})


@router.get("/{document_id}/evidence", summary="All that a third party needs to check it, as JSON or as one bundle")
async def get_evidence(request: Request, document_id: str) -> Response:
    hub, stored = hub_of(request), await run_in_threadpool(_stored, request, document_id, "evidence")
    member, newest = sees(caller_of(request)), _newest(request)
    await until_on_record(hub, stored, member, wait_of(request))
    if MEDIA_TYPE in request.headers.get("accept", ""):
        data = await bundle_of(hub, stored, member, newest=newest)
        headers = {"Content-Disposition": f'attachment; filename="{document_id}{EXTENSION}"'}
        return Response(data, media_type=MEDIA_TYPE, headers=headers)
    evidence = await run_in_threadpool(evidence_of, hub, stored, member)
    evidence |= {"trust": hub.registry.trust.to_json(), "simulated": hub.simulated}
    headers = {"Content-Disposition": f'attachment; filename="{document_id}.evidence.json"'}
    return json_response(evidence, headers=headers)


@router.post("/{document_id}/events", status_code=202, summary="Say something about an accepted document, signed")
async def add_event(request: Request, document_id: str) -> Response:
    hub = hub_of(request)
    outcome = await accept_event(hub, await _submission(request), document_id)
    return _answer(request, hub, outcome)


@router.post("/{document_id}:forward", status_code=202, summary="Send an accepted document to further recipients")
async def forward(request: Request, document_id: str) -> Response:
    hub, caller = hub_of(request), caller_of(request, "send")
    outcome = await forward_document(hub, caller, document_id, recipients_of(request))
    return _answer(request, hub, outcome)


# --- parts -----------------------------------------------------------------------------------------------------------


async def _submission(request: Request, *, recorded: bool = True) -> Submission:
    """What was handed in. `recorded`: a body that is too large is kept among the refusals."""
    caller = caller_of(request, "send")
    headers = request.headers
    key = headers.get("idempotency-key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise Problem(finding("request.idempotency-malformed", found=key[:60], expected="1 to 255 visible characters"))
    try:
        data = await body_of(request)
    except Problem as problem:
        if not recorded or problem.findings[0].code != "syntax.too-large":
            raise
        hub = hub_of(request)
        kept = await refused.record(hub, caller.member, b"", Refused(problem.findings))
        raise Problem(*kept.findings, **kept.members) from problem
    return Submission(
        caller=caller,
        data=data,
        recipients=recipients_of(request),
        declared=headers.get("tradebridge-profile"),
        idempotency_key=key,
    )


def _newest(request: Request) -> bool:
    """`?checkpoint=newest`: the bundle for the newest checkpoint instead of the first that covers it."""
    asked = request.query_params.get("checkpoint", "first")
    if asked not in ("first", "newest"):
        raise Problem(finding("request.malformed", found=f"checkpoint={asked[:40]}", expected="first or newest"))
    return asked == "newest"


def _answer(request: Request, hub: Hub, outcome: Accepted | Refused) -> Response:
    if isinstance(outcome, Refused):
        hub.metrics.refused.inc()
        return problem_response(request, outcome.findings, outcome.members)
    (hub.metrics.replayed if outcome.replayed else hub.metrics.accepted).inc()
    headers = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
    if request.scope["path"] == PATH:
        headers["Location"] = hub.links(orjson.loads(outcome.body)["id"])["self"]
    return Response(outcome.body, 202, headers, media_type="application/json")


def _stored(request: Request, document_id: str, shown: str = "") -> Stored:
    """The document, if who asks may see it. `shown`: what of its content the answer shows: that goes on the record."""
    caller = caller_of(request)
    with hub_of(request).database.reading.connect() as connection:
        stored = queries.document(connection, sees(caller), document_id)
        if stored is not None and stored.deleted:
            raise Problem(retention.gone(connection, document_id))
    if stored is None:
        raise Problem(finding("access.not-yours", found=document_id))
    if shown:
        on_record(request, document_id, shown)
    return stored


def _form_of(accept: str, stored: Stored) -> str:
    """`received`, `json`, `xml`, `html` or `pdf`: the first that is asked for and can be given."""
    own = "xml" if stored.media_type == "application/xml" else "jose"
    for wanted in _wanted(accept):
        if wanted in ("*/*", "application/*", "") or wanted == stored.media_type:
            return "received"
        if wanted in ("application/xml", "text/xml"):
            return "received" if own == "xml" else "xml"
        if wanted == "application/json":
            return "json"
        if wanted in ("text/html", "application/pdf") and paper.has_paper(stored.summary):
            return wanted.rpartition("/")[2]
    offered = "application/json, application/xml or */*; of what has a paper view text/html or application/pdf too"
    raise Problem(finding("request.not-acceptable", found=accept[:100], expected=offered))


def _on_paper(request: Request, stored: Stored, form: str, headers: dict[str, str]) -> Response:
    """The paper view: a page of HTML (`?page=2` for more items), or a PDF."""
    hub = hub_of(request)
    drawn = paper.paper_for(hub, stored, base_url_of(request), sees(caller_of(request)))
    if isinstance(drawn, Finding):
        raise Problem(drawn)
    if form == "pdf":
        data = pdf_of(drawn, stored.data)
        if isinstance(data, Finding):
            raise Problem(data)
        name = re.sub(r"[^A-Za-z0-9.-]", "_", drawn.number)
        named = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
        return Response(data, headers=headers | named, media_type="application/pdf")
    number = request.query_params.get("page", "1")
    page = page_of(drawn, int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0)
    if isinstance(page, Finding):
        raise Problem(page)
    policy = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    return Response(html_of(drawn, page, simulated=hub.simulated), headers=headers | policy, media_type="text/html")


def _etags(header: str) -> set[str]:
    """The tags of If-None-Match (RFC 9110 section 13.1.2: compared without their W/)."""
    return {each.strip().removeprefix("W/") for each in header.split(",")}


def _wanted(accept: str) -> list[str]:
    """The media types of an Accept header, the most wanted first (RFC 9110 section 12.5.1); none of weight 0."""
    weighted = []
    for part in accept.split(","):
        name, _, parameters = part.partition(";")
        weight = re.search(r"(?:^|;)\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", parameters)
        weighted.append((float(weight[1]) if weight else 1.0, name.strip().lower()))
    return [name for weight, name in sorted(weighted, key=lambda each: -each[0]) if weight]


def _converted(stored: Stored, syntax: Syntax) -> tuple[bytes, str]:
    """The document in another syntax, made from the model; the bytes as received stay what counts."""
    profile, content = profile_of(stored.summary["profile"]), open_content(stored.data)
    if profile is None or isinstance(content, Finding):
        raise Problem(finding("request.not-acceptable", found=stored.summary["profile"]))
    document = profile.decode(content).document
    if document is None or syntax not in profile.encode:
        offered = ", ".join(f"application/{each}" for each in profile.encode)
        raise Problem(finding("request.not-acceptable", found=f"application/{syntax}", expected=offered))
    return profile.encode[syntax](document), f"application/{syntax}"
