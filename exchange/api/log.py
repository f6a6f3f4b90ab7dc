"""The log, for anybody: checkpoint and proofs. It tells that something is on it, never who trades what."""

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from exchange import log
from exchange.api.access import hub_of
from exchange.api.bodies import json_response, number_in
from exchange.api.problems import Problem
from exchange.store import tables as t
from schemas.findings import finding

router = APIRouter(prefix="/v1", tags=["log"])


@router.get("/log/checkpoint", summary="The newest signed checkpoint")
def checkpoint(request: Request) -> Response:
    with hub_of(request).database.reading.connect() as connection:
        return PlainTextResponse(log.checkpoint(connection))


@router.get("/log/inclusion", summary="That a leaf is in the tree of a size")
def inclusion(request: Request) -> Response:
    text = request.query_params.get("leaf", "")
    try:
        leaf = bytes.fromhex(text)
    except ValueError:
        raise Problem(finding("request.malformed", found=f"leaf={text[:80]}", expected="64 hex digits")) from None
    with hub_of(request).database.reading.connect() as connection:
        size = _size(request, "size", log.size_of(connection))
        position = connection.execute(select(t.leaves.c.position).where(t.leaves.c.leaf_hash == leaf)).scalar()
        if position is None or position >= size:
            raise Problem(finding("request.not-found", found=f"leaf {text[:80]}", expected=f"a leaf below {size}"))
        return json_response(log.inclusion(connection, position, size))


@router.get("/log/consistency", summary="That a larger tree extends a smaller one")
def consistency(request: Request) -> Response:
    with hub_of(request).database.reading.connect() as connection:
        newest = log.size_of(connection)
        second = _size(request, "to", newest)
        first = _size(request, "from", second)
        if first > second:
            raise Problem(finding("request.malformed", found=f"from={first} to={second}", expected="from at most to"))
        return json_response(log.consistency(connection, first, second))


@router.get("/trust", summary="The public keys of hub, log and members")
def trust(request: Request) -> Response:
    return json_response(hub_of(request).registry.trust.to_json())


def _size(request: Request, name: str, default: int) -> int:
    return number_in(name, request.query_params.get(name, str(default)), 1, max(default, 1))
