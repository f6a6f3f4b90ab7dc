"""The hub as an eBL platform over HTTP: PINT, and DCSA's issuance, surrender and endorsement chain.

The engine answers; here is what every request of the hub passes before: its space, and a place among the bodies that
are read at once. Who asks, the engine finds out by the same API keys.
"""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import hub_of
from exchange.api.bodies import json_response, reading
from schemas.findings import Finding
from tradebridge.ebl import api
from tradebridge.ebl.host import Host
from tradebridge.ebl.verify import FORMAT, trust_json


async def _in_turn(request: Request) -> AsyncIterator[None]:
    """While the request is answered it has a place, as every body has. Raises `Problem`."""
    known = hub_of(request).registry.caller(request.headers.get("authorization"))
    if not isinstance(known, Finding):
        request.scope["tradebridge.caller"] = known
    async with reading(request):
        yield


def _host(request: Request) -> Host:
    return hub_of(request).platform


router = APIRouter()
router.include_router(api.router(_host), tags=["eBL platform"], dependencies=[Depends(_in_turn)])


@router.get("/v1/platforms", tags=["eBL platform"], summary="Whose signatures on bills of lading are believed")
def get_platforms(request: Request) -> Response:
    """`tradebridge-platforms/1`: what verifies a chain offline. Public, as the trust list is."""
    hub = hub_of(request)
    peers = hub.platform.peers()
    known = (*peers.registries.items(), *peers.carriers.items(), *peers.platforms.items())
    names = {code: peer.name for code, peer in known}
    return json_response(
        {
            "format": FORMAT,
            "space": hub.space,
            "simulated": hub.simulated,
            "registry": hub.platform.own_registry,
            **trust_json(peers.trust, names),
        }
    )
