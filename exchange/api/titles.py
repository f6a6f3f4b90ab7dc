"""Titles over HTTP, to read, as on every eBL platform. To act is an event on the document (`exchange.titles`); the
files that go with a transfer are uploaded before."""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import caller_of, hub_of, on_record, sees
from exchange.api.bodies import json_response, limit_of, page_response, reading
from exchange.api.problems import Problem
from exchange.store.queries import Page, cursor_of, parts_of
from exchange.titles import document_of, issued_by, list_seen, possessed_by, seen, shown
from exchange.titles import sees as sees_title
from schemas.bill_of_lading.pint import ActionCode, to_json
from schemas.findings import Finding, finding
from tradebridge.ebl import titles, transfers
from tradebridge.ebl.acting import take_file
from tradebridge.ebl.sending import cancel
from tradebridge.ebl.titles import Held
from tradebridge.render.chain import POLICY, Picture, draw, picture_of

router = APIRouter(prefix="/v1", tags=["titles"])


@router.get("/titles", summary="The titles that one possesses, or had a part in last; the newest first")
async def list_titles(request: Request) -> Response:
    caller, hub, limit = caller_of(request), hub_of(request), limit_of(request)
    cursor = request.query_params.get("cursor")
    before = parts_of(cursor, int)[0] if cursor else None
    items, rest = await hub.ask(lambda connection: list_seen(connection, hub, sees(caller), limit, before))
    return page_response(request, Page(items, cursor_of(rest) if rest is not None else None))


@router.get("/titles/{reference}", summary="Where a title stands, with its transfers")
async def get_title(request: Request, reference: str) -> Response:
    held, hub = await _held(request, reference, "title"), hub_of(request)
    return json_response(await hub.ask(lambda connection: shown(connection, held)))


@router.get("/titles/{reference}/chain", summary="What was signed: the transfer chain, read out; or drawn, as SVG")
async def get_chain(request: Request, reference: str) -> Response:
    held, accept = await _held(request, reference, "title chain"), request.headers.get("accept", "")
    if "image/svg+xml" in accept and "json" not in accept:
        return _picture(held)
    headers = {"Content-Disposition": f'attachment; filename="{held.id[:16]}.chain.json"'}
    return json_response(titles.chain_shown(held), headers=headers)


@router.put(
    "/titles/{reference}/files", status_code=201, summary="Upload a supporting document, for a transfer to take along"
)
async def upload(request: Request, reference: str) -> Response:
    """The bytes as they are; they are streamed to the disk. An action names the checksum that this answers with."""
    caller, held, hub = caller_of(request, "send"), await _held(request, reference), hub_of(request)
    possessor = possessed_by(hub, held)
    if caller.member != possessor:
        raise Problem(finding("title.not-your-party", found=caller.member, expected=possessor or "another platform"))
    name, media_type = (request.query_params.get(each, "") for each in ("name", "mediaType"))
    async with reading(request):
        document = await take_file(hub.platform, held.id, request.stream(), name, media_type)
    if isinstance(document, Finding):
        raise Problem(document)
    return json_response(to_json(document), 201)


@router.get("/transfers/{transfer_id}", summary="Where a transfer to another platform stands")
async def get_transfer(request: Request, transfer_id: str) -> Response:
    caller_of(request)
    shown, _ = await _transfer(request, transfer_id)
    return json_response(shown)


@router.post("/transfers/{transfer_id}:cancel", summary="Call a transfer back, where a registry decides")
async def cancel_transfer(request: Request, transfer_id: str) -> Response:
    """By who acts for the party that gives the title up, and nobody else who sees it: of an issuance, the carrier."""
    caller, hub = caller_of(request, "send"), hub_of(request)
    shown, held = await _transfer(request, transfer_id)
    issued = shown["action"] == ActionCode.ISSUE
    may = issued_by(hub, held) if issued else possessed_by(hub, held)
    if caller.member != may:
        raise Problem(finding("title.not-your-party", found=caller.member, expected=may or "another platform"))
    refused = await cancel(hub.platform, transfer_id)
    if refused:
        raise Problem(*refused)
    shown, _ = await _transfer(request, transfer_id)
    return json_response(shown)


def _picture(held: Held) -> Response:
    """Who possessed it when, and who signed that."""
    drawn = picture_of(held.document, held.entries, held.pending, held.at)
    if not isinstance(drawn, Picture):
        raise titles.BrokenStore(held.reference)
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(draw(drawn), headers=headers, media_type="image/svg+xml")


async def _held(request: Request, reference: str, what: str = "") -> Held:
    """The title, if who asks may see it. `what`: what of it the answer shows, which is put on the record."""
    caller, hub = caller_of(request), hub_of(request)
    carrier = request.query_params.get("carrierCode")
    held = await hub.ask(lambda connection: seen(connection, hub, reference, sees(caller), carrier))
    if isinstance(held, Finding):
        raise Problem(held)
    if what:
        document = await hub.ask(lambda connection: document_of(connection, held.id))
        await run_in_threadpool(on_record, request, document or held.id, what)
    return held


async def _transfer(request: Request, transfer_id: str) -> tuple[dict[str, Any], Held]:
    """A transfer of a title that one sees; of others not even that they are there."""
    caller, hub = caller_of(request), hub_of(request)
    row = await hub.ask(lambda connection: transfers.by_id(connection, transfer_id))
    held = await hub.ask(lambda connection: titles.by_id(connection, row.title)) if row is not None else None
    if row is None or held is None or not sees_title(hub, held, sees(caller)):
        raise Problem(finding("pint.unknown-transfer", found=transfer_id))
    return titles.transfer_shown(row), held
