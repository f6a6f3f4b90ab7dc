"""Spaces: worlds of their own inside one process."""

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import actor_of, hub_of, operator_of, spaces_of
from exchange.api.bodies import json_of, json_response
from exchange.api.problems import Problem
from exchange.store.database import SPACE_NAME
from schemas.findings import finding

router = APIRouter(prefix="/v1/spaces", tags=["spaces"])


@router.get("", summary="The spaces that are open (operator)")
def list_spaces(request: Request) -> Response:
    operator_of(request)
    return json_response({"items": [{"name": name} for name in spaces_of(request).names()], "next": None})


@router.post("", status_code=201, summary="Make a space: a store, log, keys and members of its own (operator)")
async def make_space(request: Request) -> Response:
    by = actor_of(request, operator_of(request))
    name = (await json_of(request, 10_000)).get("name")
    if not isinstance(name, str) or not SPACE_NAME.fullmatch(name):
        raise Problem(finding("request.malformed", "/name", found=name, expected="lower-case letters, digits, hyphens"))
    await hub_of(request).command(name, "space asked for", _is_said, by)
    if not await spaces_of(request).make(name):
        raise Problem(finding("request.space-exists", "/name", found=name))
    return json_response({"name": name, "base": f"/s/{name}/v1"}, 201)


@router.delete("/{name}", status_code=204, summary="Drop a space and all that is in it (operator; simulation only)")
async def drop_space(request: Request, name: str) -> Response:
    by = actor_of(request, operator_of(request))
    await hub_of(request).command(name[:40], "end of a space asked for", _is_said, by)
    if not await spaces_of(request).drop(name):
        raise Problem(finding("request.unknown-space", found=name))
    return Response(status_code=204)


def _is_said(connection: Connection) -> None:
    """A space has a store of its own, so the record cannot be in its transaction: it comes first."""
