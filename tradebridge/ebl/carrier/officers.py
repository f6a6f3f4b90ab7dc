"""`/_carrier/v1`: what the people at a simulated carrier see and do. Loopback, and no key, as `/_sim`.

A refusal is 409 (404 where there is no such thing) with `findings`.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select
from sqlalchemy.engine import Connection

from schemas.bill_of_lading.carriage import By, Step, possible
from schemas.bill_of_lading.pint import to_json
from schemas.findings import Finding, finding
from tradebridge.ebl.carrier import casefile, places
from tradebridge.ebl.carrier import store as t
from tradebridge.ebl.carrier.acting import act, by_the_carrier, process, waiting
from tradebridge.ebl.carrier.api import Carrier
from tradebridge.ebl.carrier.casefile import JSON, Case
from tradebridge.ebl.carrier.endorsing import ChainUnavailable, chains_of, verified
from tradebridge.ebl.carrier.post import send_again
from tradebridge.ebl.carrier.surrendering import (
    accepted,
    all_surrenders,
    answer_of,
    decide,
    find,
    read_request,
    reissue_body,
    take_in,
)

PREFIX = "/_carrier/v1"
Findings = tuple[Finding, ...]
DECIDED_BY_ANSWER = frozenset(step for step in Step if "surrender-for" in step)
"""Steps that are taken by answering a surrender request."""


def router(carrier: Carrier) -> APIRouter:
    api = APIRouter(prefix=PREFIX)
    _cases(api, carrier)
    _surrenders(api, carrier)
    _endorsements(api, carrier)
    _sent(api, carrier)
    return api


def _cases(api: APIRouter, carrier: Carrier) -> None:
    @api.get("/cases")
    async def list_cases() -> Response:
        def job(connection: Connection) -> list[JSON]:
            numbers = connection.execute(select(t.files.c.id).order_by(t.files.c.id)).scalars().all()
            return [_summary(casefile.get(connection, number)) for number in numbers]

        return JSONResponse({"items": await carrier.store.do(job)})

    @api.get("/cases/{reference}")
    async def show(reference: str) -> Response:
        def job(connection: Connection) -> JSON | None:
            case = casefile.find(connection, reference)
            return None if case is None else _whole(connection, case)

        shown = await carrier.store.do(job)
        return _unknown(reference) if shown is None else JSONResponse(shown)

    @api.post("/cases/{reference}/steps")
    async def take_step(reference: str, request: Request) -> Response:
        """`{step, feedbacks?, issueTo?, changes?}`: one of the carrier's own steps, as the case shows in `possible`."""
        body = await request.json()
        step = next((each for each in Step if each == body.get("step")), None)
        if step is None or not by_the_carrier(step) or step in DECIDED_BY_ANSWER:
            said = finding("carrier.not-now", "/step", found=body.get("step", "none"), expected="a step in `possible`")
            return _refused(409, (said,))

        def job(connection: Connection) -> JSON | Findings | None:
            case = casefile.find(connection, reference)
            if case is None:
                return None
            case, _ = process(connection, carrier.office, case)
            given = {name: value for name, value in body.items() if name != "step"}
            if step is Step.REISSUE and case.document is not None:
                given = reissue_body(accepted(connection, case.document.reference)) | given
            after = act(connection, carrier.office, case, step, given)
            return after if isinstance(after, tuple) else _whole(connection, after)

        return await _done(carrier, reference, await carrier.store.do(job))

    @api.post("/process")
    async def process_all() -> Response:
        """Process what was accepted, where the carrier does not by itself."""
        rows = select(t.intake.c.file).where(~t.intake.c.done).distinct()
        numbers = await carrier.store.do(lambda connection: list(connection.execute(rows).scalars()))
        for number in numbers:
            await carrier.clerk.process(number)
        carrier.clerk.wake()
        return JSONResponse({"processed": len(numbers)})


def _surrenders(api: APIRouter, carrier: Carrier) -> None:
    @api.get("/surrenders")
    async def list_surrenders() -> Response:
        found = await carrier.store.do(all_surrenders)
        return JSONResponse({"items": [asdict(each) for each in found]})

    @api.post("/surrenders")
    async def over_the_counter(request: Request) -> Response:
        """Paper, or a sea waybill: the body is that of a surrender request."""
        asked = read_request(body := await request.json())
        if isinstance(asked, tuple):
            return _refused(400, asked)
        refused = await carrier.store.do(lambda connection: take_in(connection, carrier.office, "", body))
        if refused:
            return _refused(refused[0].status, refused)
        carrier.clerk.wake()
        return JSONResponse({}, 201)

    @api.post("/surrenders/{reference}")
    async def answer(reference: str, request: Request) -> Response:
        """`{action: SURR | SREJ, comments?}`."""
        body = await request.json()
        action = body.get("action")
        if action not in ("SURR", "SREJ"):
            return _refused(400, (finding("lading.not-in-enum", "/action", found=action, expected="SURR or SREJ"),))

        def job(connection: Connection) -> JSON | Findings | None:
            surrender = find(connection, reference)
            case = casefile.find(connection, surrender.document) if surrender else None
            if surrender is None or case is None:
                return None
            verdict = answer_of(surrender, action, body.get("comments", ""))
            after = decide(connection, carrier.office, case, surrender, verdict)
            return after if isinstance(after, tuple) else _whole(connection, after)

        return await _done(carrier, reference, await carrier.store.do(job))


def _endorsements(api: APIRouter, carrier: Carrier) -> None:
    @api.get("/endorsement-chains/{document}")
    async def chain(document: str) -> Response:
        """The chain as the platform tells it now, verified: `{chain}`, or 409 with what is wrong with it."""
        known = await carrier.store.do(lambda connection: casefile.version(connection, document))
        settings = carrier.office.settings
        platform = settings.platform(known[1].platform) if known else None
        if known is None or platform is None:
            return _unknown(document)
        try:
            served = await chains_of(carrier.client, platform, document, settings.retry.timeout)
        except ChainUnavailable as trouble:
            return JSONResponse({"trouble": str(trouble)}, 502)
        found = verified(served, known[1].content)
        return _refused(409, found) if isinstance(found, tuple) else JSONResponse({"chain": to_json(found)})


def _sent(api: APIRouter, carrier: Carrier) -> None:
    @api.get("/outbox")
    async def outbox(state: str = "") -> Response:
        rows = select(t.outbox).order_by(t.outbox.c.id)
        if state:
            rows = rows.where(t.outbox.c.state == state)
        found = await carrier.store.do(lambda connection: [_row(row) for row in connection.execute(rows).mappings()])
        return JSONResponse({"items": found})

    @api.post("/outbox/{number}:retry")
    async def retry(number: int) -> Response:
        if not await carrier.store.do(lambda connection: send_again(connection, number)):
            return _unknown(str(number))
        carrier.clerk.post.wake()
        return JSONResponse({})

    @api.get("/journal")
    async def journal() -> Response:
        """Every step that was taken, with the carriage before and after."""
        rows = select(t.journal).order_by(t.journal.c.id)
        found = await carrier.store.do(lambda connection: [_row(row) for row in connection.execute(rows).mappings()])
        return JSONResponse({"items": found})


async def _done(carrier: Carrier, reference: str, outcome: JSON | Findings | None) -> Response:
    if outcome is None:
        return _unknown(reference)
    if isinstance(outcome, tuple):
        return _refused(409, outcome)
    await carrier.office.step(places.DECIDED)
    carrier.clerk.wake()
    carrier.clerk.post.wake()
    return JSONResponse(outcome)


def _summary(case: Case) -> JSON:
    return {
        "shippingInstructionsReference": case.reference,
        "transportDocumentReference": case.document.reference if case.document else None,
        "consumer": case.consumer,
        "carriage": asdict(case.carriage),
    }


def _whole(connection: Connection, case: Case) -> JSON:
    document = case.document
    return _summary(case) | {
        "possible": [step.value for step in possible(case.carriage, By.CARRIER)],
        "waiting": sorted(waiting(connection, case)),
        "instructions": case.instructions(),
        "update": case.instructions(updated=True) if case.update is not None else None,
        "document": case.transport_document() if document else None,
        "amendment": case.amendment(),
        "platform": document.platform if document else "",
        "replaces": document.replaces if document else None,
        "issuanceRequest": document.request if document else None,
        "issuanceResponse": document.response if document else None,
    }


def _row(row: Any) -> JSON:
    parsed = {name: orjson.loads(row[name]) for name in ("body", "before", "after") if name in row}
    return {**row, **parsed}


def _refused(status: int, findings: Iterable[Finding]) -> Response:
    return JSONResponse({"findings": [each.to_json() for each in findings]}, status)


def _unknown(reference: str) -> Response:
    return _refused(404, (finding("carrier.unknown-reference", found=reference),))
