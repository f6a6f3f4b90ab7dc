"""*Document*: the paper form left, the data right, each box and its data pointing at each other; its title, its files.

| address | page |
| --- | --- |
| /console/d/ID/paper?page= | form and data; of a bill of lading with the chain of control |
| /console/d/ID/chain | the drawing of that chain |
| /console/d/ID/pdf, /bundle | the print, and the evidence bundle, as files |
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange import consignments, titles
from exchange.api.access import base_url_of, hub_of
from exchange.api.bodies import number_in
from exchange.api.problems import Problem
from exchange.bundles import bundle_of, until_on_record
from exchange.console.checking import drawn_of
from exchange.console.exchanges import four_answers, outline, stored_for_reading
from exchange.console.frame import ConsoleRoute, page
from exchange.hub import Hub
from exchange.paper import document_of, paper_for
from exchange.store.queries import Stored
from exchange.versions import corrections_of, versions_of
from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.form import box_of
from schemas.content import Syntax
from schemas.findings import Finding, finding
from schemas.registry import Document, profile_of
from tradebridge.ebl.titles import BrokenStore, Held
from tradebridge.evidence.bundle import EXTENSION, MEDIA_TYPE
from tradebridge.render import chain
from tradebridge.render.pdf import pdf_of

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

MOST_ROWS = 1000
"""Of data on the page."""
BUNDLE_SECONDS = 5.0
"""So long a bundle waits for log and witnesses."""


@dataclass(frozen=True, slots=True)
class Datum:
    """One value of the document."""

    pointer: str
    value: str
    box: str
    """Number of the box that it stands in; empty: none."""


@router.get("/console/d/{document_id}/paper")
async def paper(request: Request, document_id: str) -> Response:
    hub = hub_of(request)
    number = number_in("page", request.query_params.get("page", "1"), 1, 99_999)
    stored = await run_in_threadpool(stored_for_reading, request, document_id, "document, paper")
    values = await run_in_threadpool(_paper, hub, stored, number, base_url_of(request))
    return await page(
        request,
        "document.html",
        title=stored.summary["number"] or document_id,
        here="live",
        document=stored.summary,
        **values,
    )


def _paper(hub: Hub, stored: Stored, number: int, base_url: str) -> dict[str, Any]:
    profile = profile_of(stored.summary["profile"])
    print_of = paper_for(hub, stored, base_url, None)
    drawn = None if isinstance(print_of, Finding) else drawn_of(print_of, stored.findings, number)
    if drawn is None and number > 1:
        raise Problem(finding("render.no-such-page", found=number, expected="1"))
    rows = list(data_of(document_of(stored)))
    with hub.database.reading.connect() as connection:
        held = titles.of_document(connection, str(stored.summary["id"]))
        others = consignments.linked(connection, str(stored.summary["id"]), None)
        count = len(versions_of(connection, str(stored.summary["id"])))
        corrected = bool(corrections_of(connection, str(stored.summary["id"])))
    return {
        "profile_title": profile.title if profile else stored.summary["profile"],
        "sub": outline(stored),
        "drawn": drawn,
        "marks": drawn.paper.standing.marks if drawn is not None else (),
        "rows": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "found": stored.findings,
        "four": four_answers(hub, stored),
        "title_words": list(_chain_words(held)) if held is not None else [],
        "others": others,
        "versions": count,
        "corrected": corrected,
    }


def data_of(document: Document | None) -> Iterator[Datum]:
    """The values of a document in the order of its JSON, each with its box."""
    profile = profile_of(document.profile) if document is not None else None
    if document is None or profile is None or Syntax.JSON not in profile.encode:
        return
    agreement = next((each for each in AGREEMENTS if each.profile == document.profile), None)
    boxes = agreement.boxes_on(getattr(document, "issuing_country", "")) if agreement is not None else {}
    for pointer, value in leaves("", orjson.loads(profile.encode[Syntax.JSON](document))):
        yield Datum(pointer, value, box_of(pointer, boxes))


def leaves(pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    """Pointer and text of each single value in a value of JSON."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(f"{pointer}/{name}", each)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from leaves(f"{pointer}/{at}", each)
    elif value is not None:
        yield pointer, value if isinstance(value, str) else orjson.dumps(value).decode()


# --- the title -------------------------------------------------------------------------------------------------------


def _picture(held: Held) -> chain.Picture:
    drawn = chain.picture_of(held.document, held.entries, held.pending, held.at)
    if not isinstance(drawn, chain.Picture):
        raise BrokenStore(held.reference)
    return drawn


def _chain_words(held: Held) -> tuple[str, ...]:
    return chain.words(_picture(held))


@router.get("/console/d/{document_id}/chain")
def draw_chain(request: Request, document_id: str) -> Response:
    """The chain of control, drawn: a picture of its own, with its style inside."""
    hub = hub_of(request)
    stored_for_reading(request, document_id, "title chain")
    with hub.database.reading.connect() as connection:
        held = titles.of_document(connection, document_id)
    if held is None:
        raise Problem(finding("request.not-found", found=document_id[:100], expected="a bill of lading with a title"))
    headers = {
        "Content-Security-Policy": chain.POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(chain.draw(_picture(held)), headers=headers, media_type="image/svg+xml")


# --- files -----------------------------------------------------------------------------------------------------------


@router.get("/console/d/{document_id}/pdf")
def pdf(request: Request, document_id: str) -> Response:
    hub = hub_of(request)
    stored = stored_for_reading(request, document_id, "document, pdf")
    drawn = paper_for(hub, stored, base_url_of(request), None)
    data = drawn if isinstance(drawn, Finding) else pdf_of(drawn, stored.data)
    if isinstance(data, Finding):
        raise Problem(data)
    return file_of(data, f"{stored.summary['number'] or document_id}.pdf", "application/pdf")


@router.get("/console/d/{document_id}/bundle")
async def bundle(request: Request, document_id: str) -> Response:
    hub = hub_of(request)
    stored = await run_in_threadpool(stored_for_reading, request, document_id, "evidence")
    await until_on_record(hub, stored, None, BUNDLE_SECONDS)
    data = await bundle_of(hub, stored, None)
    return file_of(data, f"{stored.summary['number'] or document_id}{EXTENSION}", MEDIA_TYPE)


def file_of(data: bytes, name: str, media_type: str) -> Response:
    safe = re.sub(r"[^A-Za-z0-9.-]", "_", name)[-80:]
    headers = {"Content-Disposition": f'attachment; filename="{safe}"', "X-Content-Type-Options": "nosniff"}
    return Response(data, headers=headers | {"Cache-Control": "no-store"}, media_type=media_type)
