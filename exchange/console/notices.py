"""A new case is announced to who works at a desk, over the feed as far as the member sees it.

| address | what |
| --- | --- |
| /console/desk/feed?after= | server-sent events: `case` for each document that came to this desk after a position |

`static/notice.js` counts them in the title of the page, and makes a notice of the browser where the officer has allowed
that by a click.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack

import orjson
from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import spaces_of
from exchange.api.bodies import number_in
from exchange.api.feed import FeedResponse
from exchange.console.desk import desk_of
from exchange.console.frame import ConsoleRoute, Stay
from exchange.desk.queue import is_case
from exchange.store import tables as t
from exchange.store.queries import LAST_POSITION

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)


@router.get("/console/desk/feed")
async def announced(request: Request) -> Response:
    hub, _, member, _ = desk_of(request)
    newest = await hub.ask(lambda connection: int(connection.execute(select(t.head.c.feed_size)).scalar_one())) - 1
    last = request.headers.get("last-event-id") or request.query_params.get("after") or str(newest)
    after = min(newest, number_in("Last-Event-ID", last, -1, LAST_POSITION))  # the world may have been reset since
    place = ExitStack()
    place.enter_context(spaces_of(request).consoles.take("console"))

    async def words() -> AsyncIterator[bytes]:
        yield b": tradebridge\n\n"
        stay = Stay(request, "/console/desk/feed")
        async for position, kind, data in hub.feed_after(after, member.id):
            if await stay.is_over() or await request.is_disconnected():
                return
            said = case_in(kind, data, member.id)
            beat = f"id: {position}\nevent: beat\ndata:\n\n"
            yield beat.encode() if said is None else f"id: {position}\nevent: case\ndata: {said}\n\n".encode()

    return FeedResponse(words(), place, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def case_in(kind: str, data: str, member: str) -> str | None:
    """What is said of an entry of the feed, as JSON; None: no case that is new to this member's desk."""
    if kind != "document.accepted":
        return None
    told = orjson.loads(data)
    if member not in told.get("recipients", ()) or not is_case(str(told["profile"])):
        return None
    shown = {"document": told["document"], "number": told.get("number") or "", "sender": told["sender"]}
    return orjson.dumps(shown).decode()
