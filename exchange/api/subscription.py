"""A single window's subscription to the bills of lading of consignments that it has certificates for."""

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange import consignments
from exchange.api.access import actor_of, caller_of, hub_of
from exchange.api.bodies import json_response
from exchange.api.problems import Problem
from schemas.bill_of_lading.model import TRANSPORT_DOCUMENT
from schemas.findings import finding

router = APIRouter(prefix="/v1/subscription", tags=["subscription"])


@router.get("", summary="Has this window subscribed to bills of lading?")
async def get_subscription(request: Request) -> Response:
    return await _shown(request, caller_of(request).member)


@router.put("", summary="Subscribe to the bills of lading of one's consignments, as far as their parties consent")
async def subscribe(request: Request) -> Response:
    caller, hub = caller_of(request, "receive"), hub_of(request)
    member = hub.registry.members.get(caller.member)
    if member is None or member.kind != "single-window":
        raise Problem(finding("access.scope", found=caller.member, expected="a single window"))
    if not member.receives or TRANSPORT_DOCUMENT not in member.accepts:
        raise Problem(finding("route.profile-not-accepted", found=f"{member.id} and {TRANSPORT_DOCUMENT}"))
    by, job = actor_of(request, caller), partial(consignments.subscribe, hub=hub, member=member.id)
    await hub.command(member.id, "subscribed to bills of lading", job, by)
    return await _shown(request, member.id)


@router.delete("", summary="Subscribe no longer; what was delivered stays")
async def unsubscribe(request: Request) -> Response:
    caller, hub = caller_of(request, "receive"), hub_of(request)
    by, job = actor_of(request, caller), partial(consignments.unsubscribe, member=caller.member)
    await hub.command(caller.member, "subscribed no longer", job, by)
    return await _shown(request, caller.member)


async def _shown(request: Request, member: str) -> Response:
    since = await hub_of(request).ask(lambda connection: consignments.subscribed(connection, member))
    return json_response({"member": member, "subscribed": since is not None, "since": since})
