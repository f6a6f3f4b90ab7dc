"""Profiles, rules and error codes; one's own refusals."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import caller_of, hub_of, sees
from exchange.api.bodies import json_response, limit_of, page_response
from exchange.api.problems import Problem
from exchange.store import queries
from schemas.content import Syntax
from schemas.findings import Kind, catalogue, finding
from schemas.registry import profiles
from schemas.samples import rule_json

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get("/profiles", summary="The kinds of document that the hub knows")
def list_profiles() -> Response:
    items = [
        {
            "id": profile.id,
            "title": profile.title,
            "family": profile.family,
            "syntaxes": [syntax.value for syntax in profile.syntaxes],
            "closed": profile.closed,
            "retentionYears": profile.retention_years,
        }
        for profile in profiles().values()
    ]
    return json_response({"items": items, "next": None})


@router.get("/profiles/{name}/{version}/example", summary="A valid document of a profile, in JSON")
def get_example(request: Request, name: str, version: str) -> Response:
    profile = profiles().get(f"{name}/{version}")
    if profile is None or Syntax.JSON not in profile.encode:
        raise Problem(finding("request.not-found", found=f"{name}/{version}", expected="a profile of GET /v1/profiles"))
    given = request.query_params.get("variant", "0")
    variant = int(given) if given.isdecimal() and len(given) < 7 else 0
    return Response(profile.encode[Syntax.JSON](profile.example(variant=variant)), media_type="application/json")


@router.get("/rules", summary="Everything that can be found in a document, and every refusal")
def list_rules(request: Request) -> Response:
    family = request.query_params.get("family")
    items = [_shown(kind) for kind in catalogue().values() if family is None or kind.family == family]
    return json_response({"items": items, "next": None})


@router.get("/rules/{code}", summary="One code, explained")
def get_rule(code: str) -> Response:
    kind = catalogue().get(code)
    if kind is None:
        raise Problem(finding("request.not-found", found=code, expected="a code of GET /v1/rules"))
    return json_response(_shown(kind))


def _shown(kind: Kind) -> dict[str, Any]:
    return {
        "code": kind.code,
        "sentence": kind.sentence,
        "fix": kind.fix,
        "severity": kind.severity.value,
        "clause": kind.clause,
        "source": kind.source,
        "fidelity": kind.fidelity.value,
        "status": kind.status,
        **rule_json(kind.code),
    }


@router.get("/refusals", summary="One's own refused submissions, newest first")
def list_refusals(request: Request) -> Response:
    caller = caller_of(request)
    with hub_of(request).database.reading.connect() as connection:
        page = queries.refusals(connection, sees(caller), limit_of(request), request.query_params.get("cursor"))
    return page_response(request, page)


@router.get("/refusals/{refusal_id}", summary="One refused submission and all that was wrong with it")
def get_refusal(request: Request, refusal_id: str) -> Response:
    caller = caller_of(request)
    with hub_of(request).database.reading.connect() as connection:
        found = queries.refusal(connection, sees(caller), refusal_id)
    if found is None:
        raise Problem(finding("access.not-yours", found=refusal_id))
    return json_response(found)
