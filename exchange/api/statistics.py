"""What the hub has counted: which rules fail, how long decisions take."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange import statistics
from exchange.api.access import caller_of, hub_of, sees
from exchange.api.bodies import json_response

router = APIRouter(prefix="/v1", tags=["statistics"])


@router.get("/statistics", summary="Which rules fail most, by route, and how long decisions take")
def get_statistics(request: Request) -> Response:
    parameters = request.query_params
    with hub_of(request).database.reading.connect() as connection:
        told = statistics.tell(
            connection,
            sees(caller_of(request)),
            profile=parameters.get("profile"),
            sender=parameters.get("sender"),
            recipient=parameters.get("recipient"),
        )
    return json_response(told)
