"""The record of people, for the operator and for auditors: to export, and who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from exchange import auditing
from exchange.api.access import actor_of, caller_of, hub_of, may_go_on, on_record, operator_of, place_of, spaces_of
from exchange.api.bodies import json_response, number_in, options_of, seconds_of
from exchange.api.problems import Problem
from exchange.members import AUDIT, AUDITOR, add_api_key, check_room, new_api_key
from exchange.messages import RefusedInTransaction
from exchange.places import NoPlace
from exchange.store.queries import LAST_POSITION
from schemas.findings import Finding

router = APIRouter(prefix="/v1/audit", tags=["audit"])

MEDIA_TYPE = "application/x-ndjson"
DAY = 86_400.0


@router.get("/export", summary="The record of the log, entry by entry, to be checked alone (operator, auditor)")
async def export(request: Request) -> Response:
    caller_of(request, AUDIT)
    hub = hub_of(request)
    first = number_in("from", request.query_params.get("from", "0"), 0, LAST_POSITION)
    place = ExitStack()
    try:
        place.enter_context(place_of(request, spaces_of(request).feeds))
    except NoPlace as error:
        raise Problem(error.found) from error
    try:
        await run_in_threadpool(on_record, request, "", f"the record, from {first}", AUDIT)
        head = await run_in_threadpool(auditing.begin, hub, first)
        if isinstance(head, Finding):
            raise Problem(head)
    except BaseException:
        place.close()
        raise

    async def stream() -> AsyncIterator[bytes]:
        lines = auditing.lines(hub, head)
        while (part := await asyncio.to_thread(next, lines, None)) is not None:
            if not may_go_on(request):
                return  # without its end: who reads it sees that it was cut off
            yield part

    return _Export(stream(), place)


class _Export(StreamingResponse):
    """Gives its place back however it ends."""

    def __init__(self, content: AsyncIterator[bytes], place: ExitStack) -> None:
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="record.ndjson"'}
        super().__init__(content, media_type=MEDIA_TYPE, headers=headers)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


@router.post("/keys", status_code=201, summary="An API key for an auditor, which may export only (operator)")
async def add_key(request: Request) -> Response:
    by, hub = actor_of(request, operator_of(request)), hub_of(request)
    options = await options_of(request)
    lifetime = seconds_of(options, "expiresIn", 30 * DAY, 365 * DAY)
    api_key = new_api_key()

    def job(connection: Connection) -> None:
        if problem := check_room(connection, AUDITOR, hub.settings.api_keys_per_member):
            raise RefusedInTransaction(problem)
        add_api_key(connection, AUDITOR, api_key, (AUDIT,), lifetime)

    try:
        await hub.change_member(AUDITOR, "API key added", job, by)
    except RefusedInTransaction as refused:
        raise Problem(*refused.findings) from refused
    return json_response({"member": AUDITOR, "apiKey": api_key, "scopes": [AUDIT], "expiresIn": lifetime}, 201)
