"""What happens, as it happens: server-sent events that resume by Last-Event-ID."""

from collections.abc import AsyncIterator
from contextlib import ExitStack

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from exchange.api.access import caller_of, hub_of, may_go_on, place_of, sees, spaces_of
from exchange.api.bodies import number_in
from exchange.api.problems import Problem
from exchange.places import NoPlace
from exchange.store.queries import LAST_POSITION

router = APIRouter(prefix="/v1", tags=["feed"])


@router.get("/feed", summary="Server-sent events; a member sees its own, the operator all")
async def feed(request: Request) -> StreamingResponse:
    hub, caller = hub_of(request), caller_of(request)
    last = request.headers.get("last-event-id") or request.query_params.get("after") or str(hub.feed_size - 1)
    after = number_in("Last-Event-ID", last, -1, LAST_POSITION)

    place = ExitStack()
    try:
        place.enter_context(place_of(request, spaces_of(request).feeds))
    except NoPlace as error:
        raise Problem(error.found) from error

    async def stream() -> AsyncIterator[bytes]:
        yield b": tradebridge\n\n"
        async for position, kind, data in hub.feed_after(after, sees(caller)):
            if not may_go_on(request):
                return
            if kind:
                yield f"id: {position}\nevent: {kind}\ndata: {data}\n\n".encode()
            elif await request.is_disconnected():
                return
            else:
                yield b": still here\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return FeedResponse(stream(), place, headers)


class FeedResponse(StreamingResponse):
    """Gives its place back however it ends."""

    def __init__(self, content: AsyncIterator[bytes], place: ExitStack, headers: dict[str, str]) -> None:
        super().__init__(content, media_type="text/event-stream", headers=headers)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)
