"""*Deliveries*: what waits, what was tried again, what is dead; and sending it again, here or from its exchange."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.console.frame import ConsoleRoute, actor_here, page
from exchange.console.story import split
from exchange.hub import Hub
from exchange.store import queries
from exchange.store import tables as t
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

ROWS = 50
SENT_AGAIN = {"dead": "Send again", "retrying": "Try now"}
"""The states in which a person may, and what the button says."""
STATES = {
    "": ("All", "plain"),
    "due": ("To be sent", "wait"),
    "sending": ("On their way", "wait"),
    "retrying": ("To be tried again", "warn"),
    "dead": ("Not delivered", "bad"),
    "delivered": ("Delivered", "ok"),
}


@router.get("/console/deliveries")
async def deliveries(request: Request) -> Response:
    state, cursor = request.query_params.get("state", ""), request.query_params.get("cursor")
    if state not in STATES:
        raise Problem(finding("request.malformed", found=f"state={state[:40]}", expected=", ".join(STATES)))
    values = await run_in_threadpool(_deliveries, hub_of(request), state, cursor)
    return await page(
        request,
        "deliveries.html",
        title="Deliveries",
        here="deliveries",
        state_chosen=state,
        states=[(name, words, tone) for name, (words, tone) in STATES.items()],
        sent_again=SENT_AGAIN,
        **values,
    )


def _deliveries(hub: Hub, state: str, cursor: str | None) -> dict[str, Any]:
    with hub.database.reading.connect() as connection:
        found = queries.deliveries(connection, None, ROWS, cursor, state=state or None)
        row = t.documents.c
        named = select(row.id, row.number).where(row.id.in_([each["documentId"] for each in found.items]))
        numbers = {each.id: each.number for each in connection.execute(named)}
        message = t.messages.c
        kinds = select(message.id, message.kind).where(message.id.in_([each["messageId"] for each in found.items]))
        kind_of = {each.id: each.kind for each in connection.execute(kinds)}
    items = []
    for each in found.items:
        error, fault = split(each["lastError"] or "")
        told = {"number": numbers.get(each["documentId"]), "kind": kind_of.get(each["messageId"], "")}
        items.append({**each, **told, "error": error, "fault": fault, "tone": STATES[each["state"]][1]})
    return {"items": items, "next_page": found.next}


@router.post("/console/deliveries/{delivery_id}/resend")
async def resend(request: Request, delivery_id: str) -> Response:
    hub = hub_of(request)
    await _send_again(request, delivery_id)
    return RedirectResponse(f"{hub.prefix}/console/deliveries?state=dead", 303)


@router.post("/console/d/{document_id}/deliveries/{delivery_id}/resend")
async def resend_of_document(request: Request, document_id: str, delivery_id: str) -> Response:
    """The same from the page of its exchange, and back to it."""
    hub, delivery = hub_of(request), t.deliveries.c
    named = select(delivery.id).where(delivery.id == delivery_id, delivery.document_id == document_id)
    if await hub.ask(lambda connection: connection.execute(named).first()) is None:
        raise Problem(finding("delivery.unknown", found=delivery_id[:100]))
    await _send_again(request, delivery_id)
    return RedirectResponse(f"{hub.prefix}/console/d/{document_id}", 303)


async def _send_again(request: Request, delivery_id: str) -> None:
    problem = await hub_of(request).deliverer.resend(delivery_id, actor_here(request))
    if problem is not None:
        raise Problem(problem)
