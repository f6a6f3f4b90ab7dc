"""*Webhooks*: who is told, what each call came to, and telling again.

| address | page |
| --- | --- |
| /console/webhooks | every webhook with its state |
| /console/webhooks/ID?state=&cursor= | what it was told or is to be told, the newest first |
| POST /console/webhooks/ID/{test,enable,resend} | call it now; again from where it stopped; tell the dead again |
"""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange import webhooks
from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.console.frame import ConsoleRoute, actor_here, page
from exchange.messages import RefusedInTransaction
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

ROWS = 50
STATES = {
    "": ("All", "plain"),
    "due": ("To be told", "wait"),
    "sending": ("On their way", "wait"),
    "retrying": ("To be tried again", "warn"),
    "dead": ("Not told", "bad"),
    "delivered": ("Told", "ok"),
}


@router.get("/console/webhooks")
async def all_webhooks(request: Request) -> Response:
    items = await hub_of(request).ask(lambda connection: webhooks.all_of(connection, None))
    return await page(request, "webhooks.html", title="Webhooks", here="webhooks", items=items)


@router.get("/console/webhooks/{webhook_id}")
async def one_webhook(request: Request, webhook_id: str) -> Response:
    return await _page(request, webhook_id)


async def _page(request: Request, webhook_id: str, said: str = "") -> Response:
    """`said`: what came of what was asked."""
    hub, row = hub_of(request), await _row(request, webhook_id)
    state, cursor = request.query_params.get("state", ""), request.query_params.get("cursor")
    if state not in STATES:
        raise Problem(finding("request.malformed", found=f"state={state[:40]}", expected=", ".join(STATES)))
    found = await hub.ask(lambda connection: webhooks.deliveries(connection, hub, row.id, state or None, ROWS, cursor))
    return await page(
        request,
        "webhook.html",
        title=f"Webhook of {row.member}",
        here="webhooks",
        webhook=webhooks.shown(row),
        items=[{**each, "tone": STATES[each["state"]][1]} for each in found.items],
        next_page=found.next,
        state_chosen=state,
        states=[(name, words) for name, (words, _) in STATES.items()],
        said=said,
    )


@router.post("/console/webhooks/{webhook_id}/test")
async def test(request: Request, webhook_id: str) -> Response:
    called = await hub_of(request).webhooks.try_out(await _row(request, webhook_id))
    answer = f"answered {called.status}" if called.status else called.error
    return await _page(request, webhook_id, f"Called now: {answer}, in {called.seconds:.2f} s.")


@router.post("/console/webhooks/{webhook_id}/enable")
async def enable(request: Request, webhook_id: str) -> Response:
    hub, row = hub_of(request), await _row(request, webhook_id)
    what = f"webhook {row.id} enabled"
    await hub.change_member(
        row.member, what, lambda connection: webhooks.enable(connection, row.id), actor_here(request)
    )
    hub.webhooks.wake()
    return await _page(request, webhook_id, "It is called again, from where it stopped.")


@router.post("/console/webhooks/{webhook_id}/resend")
async def resend(request: Request, webhook_id: str) -> Response:
    hub, row = hub_of(request), await _row(request, webhook_id)

    def job(connection: Connection) -> int:
        again = webhooks.send_again(connection, hub, row.id, state="dead")
        if not again:
            raise RefusedInTransaction(finding("webhook.no-delivery", found="dead"))
        return again

    try:
        again = await hub.command(row.member, f"webhook {row.id}: told again", job, actor_here(request))
    except RefusedInTransaction as refused:
        raise Problem(*refused.findings) from refused
    hub.webhooks.wake()
    return await _page(request, webhook_id, f"Told again: {again}.")


async def _row(request: Request, webhook_id: str) -> Any:
    row = await hub_of(request).ask(lambda connection: webhooks.one(connection, None, webhook_id))
    if row is None:
        raise Problem(finding("webhook.unknown", found=webhook_id[:40]))
    return row
