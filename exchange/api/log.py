"""The log, for anybody: checkpoint and proofs. It tells that something is on it, never who trades what."""

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from exchange import log
from exchange.api.access import actor_of, hub_of, operator_of
from exchange.api.bodies import json_of, json_response, number_in
from exchange.api.problems import Problem
from exchange.keys import HUB
from exchange.messages import RefusedInTransaction
from exchange.observers import add_observer, remove_observer
from exchange.records import Actor
from exchange.store import tables as t
from exchange.store.writer import Job
from schemas.findings import Finding, finding

router = APIRouter(prefix="/v1", tags=["log"])

MAX_OBSERVER = 64 * 1024


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


@router.get("/log/observers", summary="Witnesses and timestamp authorities of the log (operator)")
def list_observers(request: Request) -> Response:
    operator_of(request)
    return json_response({"items": hub_of(request).registry.observers.to_json(), "next": None})


@router.post("/log/observers", status_code=201, summary="Name a witness or a timestamp authority (operator)")
async def add(request: Request) -> Response:
    by = actor_of(request, operator_of(request))
    description, own = await json_of(request, MAX_OBSERVER), hub_of(request).keys.log_key.public_key()
    await _change(request, by, "observer added", lambda connection: add_observer(connection, description, own))
    return json_response({"items": hub_of(request).registry.observers.to_json(), "next": None}, 201)


@router.delete("/log/observers/{name:path}", summary="Name it no longer (operator)")
async def remove(request: Request, name: str) -> Response:
    by = actor_of(request, operator_of(request))
    await _change(request, by, "observer removed", lambda connection: remove_observer(connection, name))
    return json_response({"items": hub_of(request).registry.observers.to_json(), "next": None})


async def _change(request: Request, by: Actor, what: str, change: Job[tuple[Finding, ...]]) -> None:
    def job(connection: Connection) -> None:
        found = change(connection)
        if found:
            raise RefusedInTransaction(*found)

    try:
        await hub_of(request).change_member(HUB, what, job, by)
    except RefusedInTransaction as error:
        raise Problem(*error.findings) from None


def _size(request: Request, name: str, default: int) -> int:
    return number_in(name, request.query_params.get(name, str(default)), 1, max(default, 1))
