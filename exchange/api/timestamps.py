"""A document's own timestamp, for who asks for one."""

from base64 import b64encode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import caller_of, hub_of, sees
from exchange.api.bodies import json_response
from exchange.api.problems import Problem
from exchange.dating import stamp
from exchange.store import queries
from exchange.store.queries import Stored
from schemas.findings import Finding, finding
from tradebridge.evidence.times import rfc3339

router = APIRouter(prefix="/v1/documents", tags=["documents"])


@router.post("/{document_id}:timestamp", status_code=201, summary="Have an authority date a document (RFC 3161)")
async def timestamp(request: Request, document_id: str) -> Response:
    """201 for a new one, 200 for the one that is there already."""
    stored = await run_in_threadpool(_stored, request, document_id)
    stamped = await stamp(hub_of(request), stored)
    if isinstance(stamped, Finding):
        raise Problem(stamped)
    told = {
        "document": document_id,
        "bytesDigest": stored.summary["bytesDigest"],
        "at": rfc3339(stamped.at),
        "authority": stamped.authority,
        "token": b64encode(stamped.token).decode("ascii"),
    }
    return json_response(told, 201 if stamped.made else 200)


def _stored(request: Request, document_id: str) -> Stored:
    with hub_of(request).database.reading.connect() as connection:
        stored = queries.document(connection, sees(caller_of(request)), document_id)
    if stored is None:
        raise Problem(finding("access.not-yours", found=document_id))
    return stored
