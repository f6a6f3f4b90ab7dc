"""Taking delivery by pulling, and looking at deliveries."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import actor_of, caller_of, hub_of, operator_of, sees
from exchange.api.bodies import json_of, json_response, limit_of, page_response, wait_of
from exchange.api.problems import Problem
from exchange.members import Member
from exchange.store import queries
from schemas.findings import finding

router = APIRouter(prefix="/v1", tags=["deliveries"])


@router.get("/inbox", summary="Lease what is due for one")
async def inbox(request: Request) -> Response:
    hub, member = hub_of(request), _member(request)
    limit = min(limit_of(request, default=100), hub.settings.push_batch)
    wait = wait_of(request)
    batch = await hub.deliverer.claim(member, limit)
    if not batch and wait:
        await hub.deliverer.wait(member.id, wait)
        batch = await hub.deliverer.claim(_member(request), limit)  # it may have been suspended meanwhile
    await hub.deliverer.keep_notes(batch)
    return json_response({"deliveries": [each.to_json() for each in batch]})


@router.post("/inbox:ack", summary="Acknowledge deliveries, each on its own")
async def acknowledge(request: Request) -> Response:
    member = _member(request)
    said = await json_of(request)
    tokens = said.get("acknowledgements")
    if not isinstance(tokens, list) or len(tokens) > 500 or not all(isinstance(token, str) for token in tokens):
        raise Problem(finding("request.malformed", "/acknowledgements", expected="a list of up to 500 compact JWS"))
    results = await hub_of(request).deliverer.acknowledge(member.id, tokens, said.get("refusals"))
    return json_response({"results": results})


@router.get("/deliveries", summary="Deliveries and where they stand")
def deliveries(request: Request) -> Response:
    caller, parameters = caller_of(request), request.query_params
    with hub_of(request).database.reading.connect() as connection:
        page = queries.deliveries(
            connection, sees(caller), limit_of(request), parameters.get("cursor"), state=parameters.get("state")
        )
    return page_response(request, page)


@router.post(
    "/deliveries/{delivery_id}:resend",
    status_code=202,
    summary="Send it again, dead or waiting (operator)",
)
async def resend(request: Request, delivery_id: str) -> Response:
    by = actor_of(request, operator_of(request))
    problem = await hub_of(request).deliverer.resend(delivery_id, by)
    if problem is not None:
        raise Problem(problem)
    return json_response({"delivery": delivery_id, "state": "due"}, 202)


def _member(request: Request) -> Member:
    caller = caller_of(request, "receive")
    member = hub_of(request).registry.members.get(caller.member)
    if member is None:
        raise Problem(finding("access.scope", found="operator", expected="a member's key"))
    return member
