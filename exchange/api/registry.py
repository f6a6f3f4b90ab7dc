"""The control tracking registry over HTTP: `/ctr/v1`, the base URI that a chain's first entry names."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import base_url_of, caller_of, hub_of
from exchange.api.bodies import body_of, json_response
from exchange.api.problems import problem_response
from exchange.pint import REGISTRY_PATH
from exchange.registry import MAX_STATEMENT, Answer, look_up, named, say

router = APIRouter(prefix=REGISTRY_PATH, tags=["control tracking registry"])

_BODY = {"requestBody": {"required": True, "content": {"application/jose": {"schema": {"type": "string"}}}}}


@router.post("/statements", openapi_extra=_BODY, summary="Register, offer, accept or cancel: a platform's signed word")
async def add_statement(request: Request) -> Response:
    caller, hub = caller_of(request, "send"), hub_of(request)
    data = await body_of(request, MAX_STATEMENT)
    return _answer(request, await say(hub, registry_of(request), caller.member, data))


@router.get("/titles/{document}", summary="Which platform controls an eBL, and where its last transfer stands")
async def get_title(request: Request, document: str) -> Response:
    caller_of(request)
    entry, asked = request.query_params.get("entry"), request.query_params.get("asked", "")
    registry = named(hub_of(request), registry_of(request), request.query_params.get("registry"))
    return _answer(request, await look_up(hub_of(request), registry, document, entry, asked))


def registry_of(request: Request) -> str:
    """This registry's base URI."""
    return f"{base_url_of(request)}{hub_of(request).prefix}{REGISTRY_PATH}"


def _answer(request: Request, answer: Answer) -> Response:
    if answer.findings:
        return problem_response(request, answer.findings, answer.to_json())
    return json_response(answer.to_json())
