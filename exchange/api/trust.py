"""What is trusted: for anybody to read, with its history; for the operator to change."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange import trust_versions
from exchange.api.access import actor_of, hub_of, operator_of
from exchange.api.bodies import body_of, json_of, json_response, limit_of, number_in
from exchange.api.problems import Problem
from exchange.authorities import told_of
from exchange.hub import Hub
from exchange.keys import HUB, further_signers, make_next
from exchange.members import end_others, revoke, rotate_signing_key
from exchange.messages import RefusedInTransaction
from exchange.observers import lose_key
from exchange.trust_versions import add_own_key
from schemas.findings import Finding, finding
from tradebridge.evidence.revocation import MAX_LIST
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.trust import HUB_PURPOSES
from tradebridge.evidence.trust_history import history_json

router = APIRouter(prefix="/v1/trust", tags=["trust"])

MAX_CHANGE = 64 * 1024
LONGEST_OVERLAP = timedelta(days=365)
OVERLAP = timedelta(days=30)


@router.get("", summary="The public keys of hub, log and members")
def trust(request: Request) -> Response:
    return json_response(hub_of(request).registry.trust.to_json())


@router.get("/versions", summary="The versions of the trust list, first to last")
def versions(request: Request) -> Response:
    limit = limit_of(request, 500)
    after = number_in("after", request.query_params.get("after", "0"), 0, 2**53)
    with hub_of(request).database.reading.connect() as connection:
        rows = trust_versions.listed(connection, after, limit + 1)
    items = [
        {"number": row.number, "issuedAt": row.issued_at, "digest": row.digest, "change": row.change}
        for row in rows[:limit]
    ]
    return json_response({"items": items, "next": items[-1]["number"] if len(rows) > limit else None})


@router.get("/versions/{number}", summary="One version, as the hub has signed it")
def version(request: Request, number: str) -> Response:
    with hub_of(request).database.reading.connect() as connection:
        token = trust_versions.token_of(connection, number_in("number", number, 1, 2**31 - 1))
    if token is None:
        raise Problem(finding("trust.unknown-version", found=number))
    return Response(token, media_type="application/jose")


@router.get("/status", summary="Which keys hold no more: signed, and believed for a short time")
def status(request: Request) -> Response:
    hub = hub_of(request)
    with hub.database.reading.connect() as connection:
        return Response(hub.statuses.token(connection), media_type="application/jose")


@router.get("/export", summary="All versions of the trust list, and revocation lists, as one file")
def export(request: Request) -> Response:
    """With `?status=true` the status of today too: then nothing is believed any more when that is too old. With
    `?record=true` the proof that they stand on the public record."""
    hub = hub_of(request)
    with_status, with_record = _wanted(request, "status"), _wanted(request, "record")
    with hub.database.reading.connect() as connection:
        told = hub.statuses.token(connection) if with_status else None
        proof = trust_versions.proof_of_newest(connection, hub) if with_record else None
        listed = trust_versions.tokens(connection)
    return json_response(history_json(listed, told, hub.registry.trust.revocations, proof))


def _wanted(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise Problem(finding("request.malformed", found=f"{name}={given[:20]}", expected="true or false"))
    return given == "true"


@router.get("/revocation-lists", summary="The revocation lists that are known")
def revocation_lists(request: Request) -> Response:
    return json_response({"items": [told_of(each) for each in hub_of(request).registry.trust.revocations]})


@router.post("/revocation-lists:load", status_code=201, summary="Give the revocation list of an authority (operator)")
async def add_list(request: Request) -> Response:
    by = actor_of(request, operator_of(request))
    taken = await hub_of(request).take_list(await body_of(request, MAX_LIST), by)
    if isinstance(taken, Finding):
        raise Problem(taken)
    return json_response(taken, 201)


@router.post("/keys:rotate", status_code=201, summary="A new signing key; the old ones end after an overlap (operator)")
async def rotate(request: Request) -> Response:
    by = actor_of(request, operator_of(request))
    hub, options = hub_of(request), await json_of(request, MAX_CHANGE)
    member = str(options.pop("member", ""))
    seconds = options.pop("overlap", OVERLAP.total_seconds())
    longest = LONGEST_OVERLAP.total_seconds()
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= longest:
        raise Problem(finding("request.malformed", "/overlap", found=seconds, expected=f"seconds, at most {longest:g}"))
    overlap, now = timedelta(seconds=seconds), hub.clock.now()
    if member == HUB:
        kid = await _rotate_own(hub, options, overlap, now, by)
    else:
        if member not in hub.registry.members:
            raise Problem(finding("member.unknown", found=member))

        def job(connection: Connection) -> None:
            if problem := rotate_signing_key(connection, member, options, now, overlap):
                raise RefusedInTransaction(problem)

        known = {key.kid for key in _keys_of(hub, member)}
        await _change(hub, member, "signing key rotated", job, by)
        kid = next(key.kid for key in _keys_of(hub, member) if key.kid not in known)
    return json_response({"member": member, "kid": kid, "othersEnd": rfc3339(now + overlap)}, 201)


async def _rotate_own(hub: Hub, options: dict[str, Any], overlap: timedelta, now: datetime, by: Any) -> str:
    """The hub's key: the next that its custody holds, or makes. The version that tells of it is signed by the old."""
    if options:
        raise Problem(
            finding("request.malformed", f"/{next(iter(options))}", expected="member and overlap for the hub")
        )
    known = {key.kid for key in hub.registry.trust.hub.keys}
    at_hand = further_signers(hub.settings, hub.space)
    signer: Signer | None = next((each for each in at_hand if each.kid not in known), None)
    signer = signer or make_next(hub.settings, hub.space, now)
    if signer is None:
        raise Problem(finding("trust.no-next-key", found=f"{len(at_hand)} others, all known"))
    new = signer

    def job(connection: Connection) -> None:
        add_own_key(connection, new)
        end_others(connection, HUB, set(HUB_PURPOSES), now + overlap, but=new.kid)

    await _change(hub, HUB, "own key rotated", job, by)
    return new.kid


@router.post("/keys:revoke", summary="End a key or an authority: withdrawn, or distrusted since a moment (operator)")
async def end_key(request: Request) -> Response:
    by = actor_of(request, operator_of(request))
    hub, options = hub_of(request), await json_of(request, MAX_CHANGE)
    for name in options.keys() - {"key", "since", "compromised", "reason"}:
        raise Problem(finding("request.malformed", f"/{name}", found=name, expected="no such member"))
    given = options.get("since", rfc3339(hub.clock.now()))
    since = from_rfc3339(given) if isinstance(given, str) else None
    if since is None:
        raise Problem(finding("request.malformed", "/since", found=given, expected="a moment of RFC 3339"))
    compromised = options.get("compromised", False)
    if type(compromised) is not bool:
        raise Problem(finding("request.malformed", "/compromised", found=compromised, expected="true or false"))
    name, reason = str(options.get("key", "")), str(options.get("reason", ""))[:500]
    member = name.partition("#")[0] if "#" in name else HUB  # observers of the log are the hub's

    def job(connection: Connection) -> None:
        _, problem = revoke(connection, name, since, compromised=compromised)
        if problem and problem.code == "trust.unknown-key" and compromised:
            problem = lose_key(connection, name, since)
        if problem:
            raise RefusedInTransaction(problem)

    how = "distrusted since" if compromised else "withdrawn from"
    what = f"{name[-12:]} {how} {rfc3339(since)}" + (f": {reason}" if reason else "")
    await _change(hub, member, what, job, by)
    told = "distrusted" if compromised else "withdrawn"
    return json_response({"key": name, "member": member, told: rfc3339(since)})


def _keys_of(hub: Hub, member: str) -> Any:
    known = hub.registry.trust.member(member)
    return known.keys if known else ()


async def _change(hub: Hub, member: str, what: str, job: Any, by: Any) -> None:
    try:
        await hub.change_member(member, what, job, by)
    except RefusedInTransaction as error:
        raise Problem(*error.findings) from error
