"""What happens, as it happens: server-sent events that resume by Last-Event-ID."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from exchange.api.access import caller_of, hub_of, sees
from exchange.api.problems import Problem
from schemas.findings import finding

router = APIRouter(prefix="/v1", tags=["feed"])


@router.get("/feed", summary="Server-sent events; a member sees its own, the operator all")
async def feed(request: Request) -> StreamingResponse:
    hub, caller = hub_of(request), caller_of(request)
    last = request.headers.get("last-event-id") or request.query_params.get("after") or str(hub.feed_size - 1)
    if not last.lstrip("-").isdigit():
        raise Problem(finding("request.malformed", found=f"Last-Event-ID: {last[:40]}", expected="a number"))

    async def stream() -> AsyncIterator[bytes]:
        yield b": tradebridge\n\n"
        async for position, kind, data in hub.feed_after(int(last), sees(caller)):
            if kind:
                yield f"id: {position}\nevent: {kind}\ndata: {data}\n\n".encode()
            elif await request.is_disconnected():
                return
            else:
                yield b": still here\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)
