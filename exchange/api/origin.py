"""Does it originate? A cost statement calculated, and nothing kept."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import caller_of, hub_of
from exchange.api.bodies import body_of, json_response
from exchange.api.problems import Problem
from exchange.intake import INLINE_BYTES
from schemas.certificate.checking import check_origin
from schemas.registry import Context

router = APIRouter(prefix="/v1", tags=["origin"])

_CALL: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "parameters": [
        {
            "name": "agreement",
            "in": "query",
            "schema": {"type": "string"},
            "description": "Calculate under this agreement instead of the one that the statement claims",
        }
    ],
}


@router.post("/origin:check", openapi_extra=_CALL, summary="Calculate the origin of a cost statement; keep nothing")
async def check(request: Request) -> Response:
    caller_of(request)
    data, context = await body_of(request), Context(hub_of(request).clock.now(), products=hub_of(request).products)
    wanted = request.query_params.get("agreement")
    if len(data) > INLINE_BYTES:
        checked = await asyncio.to_thread(check_origin, data, context, wanted)
    else:
        checked = check_origin(data, context, wanted)
    refusing = [found for found in checked.findings if found.refuses]
    if refusing:
        raise Problem(*checked.findings)
    return json_response(checked.to_json())
