"""Members, for the operator to administer and for everybody to see who takes part."""

from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import actor_of, caller_of, hub_of, operator_of
from exchange.api.bodies import json_of, json_response, options_of, seconds_of
from exchange.api.problems import Problem
from exchange.authorities import add_authority
from exchange.desk.signing import ensure_keys
from exchange.hub import Hub
from exchange.members import (
    SCOPES,
    Member,
    add_api_key,
    add_member,
    add_signing_key,
    change_member,
    check_room,
    new_api_key,
    rotate_api_key,
    set_suspended,
    withdraw_signing_key,
)
from exchange.messages import RefusedInTransaction
from exchange.reach import OutOfReach
from exchange.store.writer import Job
from schemas.findings import finding
from tradebridge.evidence.times import from_rfc3339, rfc3339

router = APIRouter(prefix="/v1/members", tags=["members"])

MAX_MEMBER = 256 * 1024
DAY = 86_400.0


@router.get("", summary="Who takes part")
def list_members(request: Request) -> Response:
    caller_of(request)
    hub = hub_of(request)
    return json_response(
        {"items": [_shown(request, each) for _, each in sorted(hub.registry.members.items())], "next": None}
    )


@router.get("/{member_id}", summary="One member")
def get_member(request: Request, member_id: str) -> Response:
    caller_of(request)
    return json_response(_shown(request, _member(request, member_id)))


@router.post("", status_code=201, summary="Add a member (operator)")
async def add(request: Request) -> Response:
    operator_of(request)
    hub, description = hub_of(request), await json_of(request, MAX_MEMBER)
    given = description.get("apiKey")
    if given is not None and (not hub.simulated or not isinstance(given, str) or len(given) < 40):
        raise Problem(finding("member.malformed", "/apiKey", expected="none: the hub makes the key"))
    api_key = given or new_api_key()
    member_id = str(description.get("id", ""))
    await _pushed_within_reach(hub, description)

    def job(connection: Connection) -> Member:
        outcome = add_member(connection, description, api_key, hub.settings.platform_code)
        if isinstance(outcome, Member):
            return outcome
        raise RefusedInTransaction(*outcome)

    await _change(request, member_id, "added", job)
    await ensure_keys(hub, hub.registry.members[member_id], actor_of(request, caller_of(request)))
    return json_response({"member": _shown(request, hub.registry.members[member_id]), "apiKey": api_key}, 201)


@router.patch("/{member_id}", summary="Change a member: name, roles, profiles, style, delivery, policy (operator)")
async def change(request: Request, member_id: str) -> Response:
    operator_of(request)
    hub = hub_of(request)
    _member(request, member_id)
    changes = await json_of(request, MAX_MEMBER)
    await _pushed_within_reach(hub, changes)

    def job(connection: Connection) -> None:
        if found := change_member(connection, member_id, changes, hub.settings.platform_code):
            raise RefusedInTransaction(*found)

    await _change(request, member_id, "changed", job)
    await ensure_keys(hub, hub.registry.members[member_id], actor_of(request, caller_of(request)))
    hub.deliverer.wake([member_id])
    return json_response(_shown(request, hub.registry.members[member_id]))


async def _pushed_within_reach(hub: Hub, described: Mapping[str, Any]) -> None:
    """Refuse at once in a pilot what would be refused at every push. A name that means nothing now may mean something
    then; what is no address at all is told with what else is wrong."""
    delivery, reach = described.get("delivery"), hub.deliverer.reach
    url = delivery.get("url") if isinstance(delivery, dict) and delivery.get("mode") == "push" else None
    if reach.private or not isinstance(url, str):
        return
    try:
        if httpx.URL(url).scheme == "http":
            raise Problem(finding("member.out-of-reach", "/delivery/url", found="http", expected="https"))
        await reach.address_of(url)
    except OutOfReach as error:
        raise Problem(finding("member.out-of-reach", "/delivery/url", found=str(error))) from error
    except (httpx.InvalidURL, KeyError, OSError, UnicodeError):
        return


@router.post("/{member_id}:rotate-key", summary="A new API key; the old one ends after an overlap")
async def rotate_key(request: Request, member_id: str) -> Response:
    hub = hub_of(request)
    _own_or_operator(request, member_id)
    overlap = seconds_of(await options_of(request, MAX_MEMBER), "overlap", DAY, 30 * DAY)
    api_key = new_api_key()
    most = hub.settings.api_keys_per_member

    def job(connection: Connection) -> None:
        if problem := rotate_api_key(connection, member_id, api_key, overlap, most):
            raise RefusedInTransaction(problem)

    await _change(request, member_id, "API key rotated", job)
    return json_response({"member": member_id, "apiKey": api_key, "overlap": overlap})


@router.post("/{member_id}/api-keys", status_code=201, summary="A further API key, with fewer scopes or an end")
async def add_key_of_scope(request: Request, member_id: str) -> Response:
    hub = hub_of(request)
    _own_or_operator(request, member_id)
    options = await options_of(request, MAX_MEMBER)
    scopes = options.get("scopes", list(SCOPES))
    if not isinstance(scopes, list) or not scopes or any(scope not in SCOPES for scope in scopes):
        raise Problem(finding("request.malformed", "/scopes", found=scopes, expected=", ".join(SCOPES)))
    lifetime = seconds_of(options, "expiresIn", 365 * DAY, 3 * 365 * DAY)
    api_key = new_api_key()
    most = hub.settings.api_keys_per_member

    def job(connection: Connection) -> None:
        if problem := check_room(connection, member_id, most):
            raise RefusedInTransaction(problem)
        add_api_key(connection, member_id, api_key, scopes, lifetime)

    await _change(request, member_id, "API key added", job)
    return json_response({"member": member_id, "apiKey": api_key, "scopes": scopes, "expiresIn": lifetime}, 201)


@router.post("/{member_id}/keys", status_code=201, summary="Add a signing key (operator)")
async def add_key(request: Request, member_id: str) -> Response:
    operator_of(request)
    hub = hub_of(request)
    _member(request, member_id)
    key = await json_of(request, MAX_MEMBER)

    def job(connection: Connection) -> None:
        if problem := add_signing_key(connection, member_id, key):
            raise RefusedInTransaction(problem)

    await _change(request, member_id, "signing key added", job)
    return json_response(_shown(request, hub.registry.members[member_id]), 201)


@router.post("/{member_id}/keys:withdraw", summary="End a signing key, from a moment on (operator)")
async def withdraw_key(request: Request, member_id: str) -> Response:
    operator_of(request)
    hub = hub_of(request)
    _member(request, member_id)
    options = await json_of(request, MAX_MEMBER)
    given = options.get("from", rfc3339(hub.clock.now()))
    since = from_rfc3339(given) if isinstance(given, str) else None
    if since is None:
        raise Problem(finding("request.malformed", "/from", found=given, expected="a moment of RFC 3339"))
    kid, reason = str(options.get("kid", "")), str(options.get("reason", ""))[:500]

    def job(connection: Connection) -> None:
        if problem := withdraw_signing_key(connection, member_id, kid, since):
            raise RefusedInTransaction(problem)

    what = f"signing key {kid[-12:]} withdrawn from {rfc3339(since)}" + (f": {reason}" if reason else "")
    await _change(request, member_id, what, job)
    return json_response(_shown(request, hub.registry.members[member_id]))


@router.post("/{member_id}/authorities", status_code=201, summary="Add a certification authority (operator)")
async def add_issuing(request: Request, member_id: str) -> Response:
    operator_of(request)
    hub = hub_of(request)
    _member(request, member_id)
    authority = await json_of(request, MAX_MEMBER)

    def job(connection: Connection) -> None:
        if problem := add_authority(connection, member_id, authority):
            raise RefusedInTransaction(problem)

    await _change(request, member_id, "certification authority added", job)
    return json_response(_shown(request, hub.registry.members[member_id]), 201)


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
    reason = str((await options_of(request, MAX_MEMBER)).get("reason", ""))[:500]
    what = f"suspended: {reason}" if suspended else "resumed"
    await _change(request, member_id, what, lambda c: set_suspended(c, member_id, suspended, reason))
    hub.deliverer.wake([member_id])
    return json_response(_shown(request, hub.registry.members[member_id]))


async def _change(request: Request, member_id: str, what: str, job: Job[object]) -> None:
    """Change a member, on the record; or say what the transaction refused."""
    try:
        await hub_of(request).change_member(member_id, what, job, actor_of(request, caller_of(request)))
    except RefusedInTransaction as refused:
        raise Problem(*refused.findings) from refused


def _own_or_operator(request: Request, member_id: str) -> None:
    """API keys are the operator's to give, and each member's own to renew, with a key of full scope and without end:
    one given for an hour would else live for ever, and one that was replaced would replace its successor."""
    caller = caller_of(request)
    own = caller.member == member_id and caller.scopes >= set(SCOPES) and not caller.ends
    if not caller.operator and not own:
        raise Problem(finding("access.scope", found=caller.member, expected=f"operator or {member_id}"))
    _member(request, member_id)


def _member(request: Request, member_id: str) -> Member:
    member = hub_of(request).registry.members.get(member_id)
    if member is None:
        raise Problem(finding("member.unknown", found=member_id))
    return member


def _shown(request: Request, member: Member) -> dict[str, Any]:
    """To others without what is between the member and the operator: where it is pushed to, why it is suspended."""
    caller = caller_of(request)
    whole = caller.operator or caller.member == member.id
    registry = hub_of(request).registry
    issuing = registry.issuing.get(member.id, ())
    return {
        **member.public(whole=whole),
        "keys": list(registry.keys.get(member.id, ())),
        **({"authorities": [each.to_json() for each in issuing]} if issuing else {}),
    }
