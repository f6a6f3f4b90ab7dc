"""Members, for the operator to administer and for everybody to see who takes part."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import caller_of, hub_of, operator_of
from exchange.api.bodies import json_of, json_response
from exchange.api.problems import Problem
from exchange.hub import Hub
from exchange.members import (
    Member,
    add_member,
    add_signing_key,
    new_api_key,
    rotate_api_key,
    set_suspended,
)
from schemas.findings import Finding, finding

router = APIRouter(prefix="/v1/members", tags=["members"])

MAX_MEMBER = 256 * 1024


@router.get("", summary="Who takes part")
def list_members(request: Request) -> Response:
    caller_of(request)
    hub = hub_of(request)
    return json_response(
        {"items": [_shown(hub, each) for _, each in sorted(hub.registry.members.items())], "next": None}
    )


@router.get("/{member_id}", summary="One member")
def get_member(request: Request, member_id: str) -> Response:
    caller_of(request)
    return json_response(_shown(hub_of(request), _member(request, member_id)))


@router.post("", status_code=201, summary="Add a member (operator)")
async def add(request: Request) -> Response:
    operator_of(request)
    hub, description = hub_of(request), await json_of(request, MAX_MEMBER)
    given = description.get("apiKey")
    if given is not None and (not hub.simulated or not isinstance(given, str) or len(given) < 40):
        raise Problem(finding("member.malformed", "/apiKey", expected="none: the hub makes the key"))
    api_key = given or new_api_key()
    outcome = await hub.writer.do(lambda connection: add_member(connection, description, api_key))
    if not isinstance(outcome, Member):
        raise Problem(*outcome)
    hub.reload()
    return json_response({"member": _shown(hub, hub.registry.members[outcome.id]), "apiKey": api_key}, 201)


@router.post("/{member_id}:rotate-key", summary="A new API key; the old one ends after an overlap")
async def rotate_key(request: Request, member_id: str) -> Response:
    hub, caller = hub_of(request), caller_of(request)
    if not caller.operator and caller.member != member_id:
        raise Problem(finding("access.scope", found=caller.member, expected=f"operator or {member_id}"))
    _member(request, member_id)
    options = await _options(request)
    overlap = options.get("overlap", 86_400)
    if not isinstance(overlap, int | float) or isinstance(overlap, bool) or not 0 <= overlap <= 30 * 86_400:
        raise Problem(finding("request.malformed", "/overlap", found=overlap, expected="seconds, at most 30 days"))
    api_key = new_api_key()
    await hub.writer.do(lambda connection: rotate_api_key(connection, member_id, api_key, float(overlap)))
    hub.reload()
    return json_response({"member": member_id, "apiKey": api_key, "overlap": overlap})


@router.post("/{member_id}/keys", status_code=201, summary="Add a signing key (operator)")
async def add_key(request: Request, member_id: str) -> Response:
    operator_of(request)
    hub = hub_of(request)
    _member(request, member_id)
    key = await json_of(request, MAX_MEMBER)
    problem = await hub.writer.do(lambda connection: add_signing_key(connection, member_id, key))
    if problem is not None:
        raise Problem(problem)
    hub.reload()
    return json_response(_shown(hub, hub.registry.members[member_id]), 201)


@router.post("/{member_id}:suspend", summary="Suspend a member, with the reason (operator)")
async def suspend(request: Request, member_id: str) -> Response:
    return await _suspension(request, member_id, True)


@router.post("/{member_id}:resume", summary="Let a suspended member take part again (operator)")
async def resume(request: Request, member_id: str) -> Response:
    return await _suspension(request, member_id, False)


async def _suspension(request: Request, member_id: str, suspended: bool) -> Response:
    operator_of(request)
    hub = hub_of(request)
    _member(request, member_id)
    reason = str((await _options(request)).get("reason", ""))[:500]
    await hub.writer.do(lambda connection: set_suspended(connection, member_id, suspended, reason))
    hub.reload()
    hub.deliverer.wake([member_id])
    return json_response(_shown(hub, hub.registry.members[member_id]))


def _member(request: Request, member_id: str) -> Member:
    member = hub_of(request).registry.members.get(member_id)
    if member is None:
        raise Problem(finding("member.unknown", found=member_id))
    return member


def _shown(hub: Hub, member: Member) -> dict[str, Any]:
    return {**member.public(), "keys": list(hub.registry.keys.get(member.id, ()))}


async def _options(request: Request) -> dict[str, Any]:
    """An optional JSON body."""
    from exchange.api.bodies import body_of
    from schemas.content import json_or_finding

    data = await body_of(request, MAX_MEMBER)
    if not data.strip():
        return {}
    value = json_or_finding(data)
    if isinstance(value, Finding):
        raise Problem(value)
    return value
