"""*Versions*: a document with those before and after it, and what two of them say differently, member by member.

| address | page |
| --- | --- |
| /console/d/ID/versions?from=ID&to=ID | all of them, and two compared; if none is chosen: this one, the one before |

What differs is told as `tb diff` tells it (`tradebridge.convert.difference`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange import versions
from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.console.document import leaves
from exchange.console.exchanges import stored_for_reading, stored_here
from exchange.console.frame import ConsoleRoute, page
from exchange.hub import Hub
from exchange.paper import document_of
from exchange.versions import Correction, Version
from schemas.findings import finding
from tradebridge.convert.difference import Difference, compare

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

MOST_ROWS, MOST_LINES = 500, 40
"""Differences on the page, and values of one of them."""
KINDS = {"added": "ok", "removed": "bad", "changed": "warn"}


@dataclass(frozen=True, slots=True)
class Row:
    """One difference, for people."""

    kind: str
    """Of `KINDS`."""
    box: str
    label: str
    pointer: str
    was: tuple[str, ...]
    now: tuple[str, ...]


@router.get("/console/d/{document_id}/versions")
async def show(request: Request, document_id: str) -> Response:
    hub = hub_of(request)
    stored, listed, corrected = await run_in_threadpool(_listed, hub, document_id)
    first, second = _chosen(request, document_id, listed)
    values: dict[str, Any] = {"compared": False}
    if first is not None and second is not None:
        values = await run_in_threadpool(_compared, request, first, second)
    return await page(
        request,
        "versions.html",
        title=f"Versions of {stored['number'] or document_id}",
        here="live",
        document=stored,
        listed=listed,
        corrected=corrected,
        first=first,
        second=second,
        tones=KINDS,
        **values,
    )


def _listed(hub: Hub, document_id: str) -> tuple[dict[str, Any], list[Version], list[Correction]]:
    with hub.database.reading.connect() as connection:
        stored = stored_here(connection, document_id)
        corrected = versions.corrections_of(connection, document_id)
        return stored.summary, versions.versions_of(connection, document_id), corrected


def _chosen(request: Request, document_id: str, listed: Sequence[Version]) -> tuple[Version | None, Version | None]:
    """The two to compare; None: there is no other that could be compared with it."""
    there = {each.id: each for each in listed if not each.deleted}
    order, own = list(there), list(there).index(document_id)
    default = (order[own - 1], document_id) if own else (document_id, order[1] if len(order) > 1 else "")
    wanted = [request.query_params.get(name) or usual for name, usual in zip(("from", "to"), default, strict=True)]
    for name, each in zip(("from", "to"), wanted, strict=True):
        if each and each not in there:
            raise Problem(finding("request.malformed", found=f"{name}={each[:40]}", expected=", ".join(order)[:400]))
    if not all(wanted):
        return None, None
    return there[wanted[0]], there[wanted[1]]


def _compared(request: Request, first: Version, second: Version) -> dict[str, Any]:
    """Both are read, and the reading of each is on the record."""
    one, other = (document_of(stored_for_reading(request, each.id, "document, versions")) for each in (first, second))
    if one is None or other is None:
        return {"compared": False}
    found = compare(one, other)
    rows = [_row(each) for each in found[:MOST_ROWS]]
    return {"compared": True, "rows": rows, "more": len(found) - len(rows)}


def _row(each: Difference) -> Row:
    kind = "added" if each.first is None else "removed" if each.second is None else "changed"
    return Row(kind, each.box, each.label, each.pointer, tuple(_lines(each.first)), tuple(_lines(each.second)))


def _lines(value: object) -> Iterator[str]:
    """A value in lines: a part of several members has a line for each."""
    if value is None:
        return
    told = [f"{pointer[1:].replace('/', ', ')}: {text}" if pointer else text for pointer, text in leaves("", value)]
    yield from told[:MOST_LINES]
    if len(told) > MOST_LINES:
        yield f"and {len(told) - MOST_LINES} more values"
