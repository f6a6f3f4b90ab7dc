"""Retention, for the operator: what is kept how long, deleting what is due, and holding what is not to be deleted."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange import retention
from exchange.api.access import actor_of, hub_of, operator_of
from exchange.api.bodies import json_response, options_of
from exchange.api.problems import Problem
from exchange.hub import Hub
from exchange.messages import RefusedInTransaction
from exchange.records import Actor
from schemas.findings import finding
from schemas.registry import profiles

router = APIRouter(prefix="/v1", tags=["retention"])

MOST_OF_A_REASON = 500


@router.get("/retention", summary="For how long what is kept, and what is held (operator)")
async def get_retention(request: Request) -> Response:
    operator_of(request)
    hub = hub_of(request)
    years, own = retention.years_of(hub.settings), {name: each.retention_years for name, each in profiles().items()}
    return json_response(
        {
            "profiles": [
                {"profile": name, "years": years[name], "source": "profile" if years[name] == own[name] else "setting"}
                for name in sorted(years)
            ],
            "readingYears": hub.settings.reading_years,
            "byTheClock": hub.settings.retention_runs,
            "held": await hub.ask(retention.held),
        }
    )


@router.post("/retention:run", summary="Delete what is due; with pretend only say what would be (operator)")
async def run(request: Request) -> Response:
    by = actor_of(request, operator_of(request))
    pretend = (await options_of(request)).get("pretend", False)
    if not isinstance(pretend, bool):
        raise Problem(finding("request.malformed", "/pretend", found=pretend, expected="true or false"))
    return json_response(await retention.run(hub_of(request), by, pretend=pretend))


@router.post("/documents/{document_id}:hold", summary="Keep a document beyond its years, with the reason (operator)")
async def hold(request: Request, document_id: str) -> Response:
    return await _change(request, document_id, retention.hold, held=True)


@router.post("/documents/{document_id}:release", summary="Hold it no longer, with the reason (operator)")
async def release(request: Request, document_id: str) -> Response:
    return await _change(request, document_id, retention.release, held=False)


async def _change(
    request: Request, document_id: str, step: Callable[[Connection, Hub, Actor, str, str], None], *, held: bool
) -> Response:
    by, hub = actor_of(request, operator_of(request)), hub_of(request)
    reason: Any = (await options_of(request)).get("reason")
    if not isinstance(reason, str) or not 1 <= len(reason.strip()) <= MOST_OF_A_REASON:
        expected = f"1 to {MOST_OF_A_REASON} characters of text"
        raise Problem(finding("request.malformed", "/reason", found=reason, expected=expected))
    try:
        await hub.writer.do(lambda connection: step(connection, hub, by, document_id, reason.strip()))
    except RefusedInTransaction as refused:
        raise Problem(*refused.findings) from refused
    hub.changed()
    return json_response({"document": document_id, "held": held, "reason": reason.strip()})
