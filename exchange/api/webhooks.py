"""Webhooks: a member has itself told what its feed tells, by signed calls (Standard Webhooks)."""

from typing import Any, TypeVar

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange import webhooks
from exchange.api.access import actor_of, caller_of, hub_of, sees
from exchange.api.bodies import json_of, json_response, limit_of, options_of, page_response, seconds_of
from exchange.api.problems import Problem
from exchange.members import Caller
from exchange.messages import RefusedInTransaction
from exchange.reach import OutOfReach
from exchange.store.writer import Job
from schemas.findings import Finding, finding

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

T = TypeVar("T")

MAX_WEBHOOK = 64 * 1024
DAY = 86_400.0


@router.get("", summary="One's own webhooks; the operator sees all")
async def list_webhooks(request: Request) -> Response:
    caller = caller_of(request)
    items = await hub_of(request).ask(lambda connection: webhooks.all_of(connection, sees(caller)))
    return json_response({"items": items, "next": None})


@router.post("", status_code=201, summary="Have oneself told; the secret is shown this once")
async def add(request: Request) -> Response:
    caller, hub = _owner(request), hub_of(request)
    described = await json_of(request, MAX_WEBHOOK)
    url, events = described.get("url"), described.get("events", [])
    if unknown := described.keys() - {"url", "events"}:
        raise Problem(finding("webhook.malformed", f"/{min(unknown)}", found=min(unknown), expected="url, events"))
    if problem := webhooks.events_problem(events):
        raise Problem(problem)
    if lacking := hub.webhooks.reach.problem_of(url):
        raise Problem(finding("webhook.malformed", "/url", found=str(url)[:200], expected=lacking))
    await _within_reach(request, str(url))
    webhook = webhooks.new_id(hub)

    def job(connection: Connection) -> Any:
        outcome = webhooks.put(connection, hub, webhook, caller.member, str(url), events)
        if isinstance(outcome, Finding):
            raise RefusedInTransaction(outcome)
        return outcome

    row = await _change(request, caller.member, f"webhook {webhook} added", job)
    shown = {"webhook": webhooks.shown(row), "secret": webhooks.secret_of(hub, webhook, row.generation)}
    return json_response(shown, 201)


@router.get("/{webhook_id}", summary="One webhook")
async def get_webhook(request: Request, webhook_id: str) -> Response:
    return json_response(webhooks.shown(await _row(request, caller_of(request), webhook_id)))


@router.delete("/{webhook_id}", summary="Be told no more; what was not told yet is dropped")
async def remove(request: Request, webhook_id: str) -> Response:
    row = await _own(request, webhook_id)
    await _change(request, row.member, f"webhook {row.id} removed", lambda c: webhooks.remove(c, row.id))
    return Response(status_code=204)


@router.post("/{webhook_id}:rotate", summary="A new secret, shown this once; the former one signs too for an overlap")
async def rotate(request: Request, webhook_id: str) -> Response:
    row, hub = await _own(request, webhook_id), hub_of(request)
    overlap = seconds_of(await options_of(request, MAX_WEBHOOK), "overlap", DAY, 30 * DAY)
    what = f"secret of webhook {row.id} rotated"
    secret = await _change(request, row.member, what, lambda c: webhooks.rotate(c, hub, row.id, overlap))
    return json_response({"webhook": row.id, "secret": secret, "overlap": overlap})


@router.post("/{webhook_id}:enable", summary="Call it again, from where it stopped")
async def enable(request: Request, webhook_id: str) -> Response:
    row, hub = await _own(request, webhook_id), hub_of(request)
    await _change(request, row.member, f"webhook {row.id} enabled", lambda c: webhooks.enable(c, row.id))
    hub.webhooks.wake()
    return json_response(webhooks.shown(await _row(request, caller_of(request), row.id)))


@router.post("/{webhook_id}:test", summary="Call it now with an event that is none, and say what came")
async def test(request: Request, webhook_id: str) -> Response:
    row = await _own(request, webhook_id)
    called = await hub_of(request).webhooks.try_out(row)
    told = {"delivered": called.done, "status": called.status, "error": called.error or None}
    return json_response({"webhook": row.id, **told, "seconds": round(called.seconds, 3)})


@router.get("/{webhook_id}/deliveries", summary="What was told or is to be told, the newest first; ?state=dead")
async def list_deliveries(request: Request, webhook_id: str) -> Response:
    row, hub = await _row(request, caller_of(request), webhook_id), hub_of(request)
    state = request.query_params.get("state")
    if state is not None:
        _state_in(state)
    limit, cursor = limit_of(request), request.query_params.get("cursor")
    page = await hub.ask(lambda connection: webhooks.deliveries(connection, hub, row.id, state, limit, cursor))
    return page_response(request, page)


@router.post("/{webhook_id}:resend", summary='Tell it again: {"position": of one} or {"state": "dead"}')
async def resend(request: Request, webhook_id: str) -> Response:
    row, hub = await _own(request, webhook_id), hub_of(request)
    options = await options_of(request, MAX_WEBHOOK)
    position, state = options.get("position"), options.get("state")
    if (position is None) == (state is None):
        expected = '{"position": of one} or {"state": of all}'
        raise Problem(finding("webhook.malformed", "", found=", ".join(options), expected=expected))
    if position is not None and (type(position) is not int or not 0 <= position < 2**63):
        raise Problem(finding("webhook.malformed", "/position", found=position, expected="of a delivery, as listed"))
    if state is not None:
        _state_in(state)

    def job(connection: Connection) -> int:
        again = webhooks.send_again(connection, hub, row.id, position=position, state=state)
        if not again:
            raise RefusedInTransaction(finding("webhook.no-delivery", found=position if state is None else state))
        return again

    try:
        again = await hub.command(row.member, f"webhook {row.id}: told again", job, actor_of(request, _owner(request)))
    except RefusedInTransaction as refused:
        raise Problem(*refused.findings) from refused
    hub.webhooks.wake()
    return json_response({"webhook": row.id, "again": again})


def _state_in(state: object) -> None:
    if state not in webhooks.STATES:
        raise Problem(finding("webhook.malformed", "/state", found=state, expected=", ".join(webhooks.STATES)))


async def _within_reach(request: Request, url: str) -> None:
    """Refuse at once what would be refused at every call. A name that means nothing now may mean something then."""
    try:
        await hub_of(request).webhooks.reach.address_of(url)
    except OutOfReach as error:
        raise Problem(finding("webhook.out-of-reach", "/url", found=str(error))) from error
    except (OSError, UnicodeError):
        return


def _owner(request: Request) -> Caller:
    """A webhook lives on without the key that made it: one for a time, or for looking only, makes and changes none."""
    caller = caller_of(request, "receive")
    if caller.ends:
        raise Problem(finding("access.scope", found="a key for a time", expected="a key without end"))
    return caller


async def _own(request: Request, webhook_id: str) -> Any:
    """The row, for who may change it."""
    return await _row(request, _owner(request), webhook_id)


async def _row(request: Request, caller: Caller, webhook_id: str) -> Any:
    row = await hub_of(request).ask(lambda connection: webhooks.one(connection, sees(caller), webhook_id))
    if row is None:
        raise Problem(finding("webhook.unknown", found=webhook_id[:40]))
    return row


async def _change(request: Request, member: str, what: str, job: Job[T]) -> T:
    """Change a member's webhooks, on the record; or say what the transaction refused."""
    try:
        return await hub_of(request).change_member(member, what, job, actor_of(request, caller_of(request)))
    except RefusedInTransaction as refused:
        raise Problem(*refused.findings) from refused
