"""The endpoints of a consumer: where notifications arrive. For a shipper's system, or the test of one.

1. A notification is judged by its schema (400, with the JSONPath of each error), kept, and only then answered 204.
2. One with the same `source` and `id` as an earlier one is the same: it is answered 204, and kept once.
"""

from collections.abc import Callable

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.notifications import (
    Notification,
    ShippingInstructionsNotification,
    TransportDocumentNotification,
)
from tradebridge.ebl.carrier import store as t
from tradebridge.ebl.carrier.api import API_VERSION, Refused, body_of
from tradebridge.ebl.carrier.casefile import JSON, written
from tradebridge.ebl.carrier.notifying import DOCUMENT_PATH, INSTRUCTIONS_PATH
from tradebridge.ebl.carrier.store import Store


def router(store: Store, allowed: Callable[[str], bool]) -> APIRouter:
    """Both endpoints. `allowed` judges the bearer token; the caller adds `api.add_refusals` to its application."""
    api = APIRouter()

    async def take(request: Request, model: type[Notification]) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not allowed(token):
            raise Refused(401)
        body = (await body_of(request)).value
        read = read_part(model, body)
        if isinstance(read, tuple):
            raise Refused(400, read)
        await store.do(lambda connection: _keep(connection, read, body))
        return Response(status_code=204, headers={"API-Version": API_VERSION})

    @api.post(INSTRUCTIONS_PATH)
    async def instructions(request: Request) -> Response:
        return await take(request, ShippingInstructionsNotification)

    @api.post(DOCUMENT_PATH)
    async def documents(request: Request) -> Response:
        return await take(request, TransportDocumentNotification)

    return api


def _keep(connection: Connection, notification: Notification, body: JSON) -> None:
    row = {
        "source": notification.source,
        "event": notification.id,
        "type": str(body["type"]),
        "body": written(body),
    }
    connection.execute(insert(t.notifications).values(**row).on_conflict_do_nothing())


def received(connection: Connection) -> list[JSON]:
    """All notifications, in the order in which they came."""
    rows = select(t.notifications.c.body).order_by(t.notifications.c.id)
    return [orjson.loads(body) for body in connection.execute(rows).scalars()]
