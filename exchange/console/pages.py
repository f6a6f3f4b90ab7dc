"""The pages of the console, each with an address of its own. They read without a script; scripts add what is live.

| address | page |
| --- | --- |
| /console | *Live*: the feed, and the chosen message beside it |
| /console/feed | the same feed as server-sent events, each a row of it |
| /console/search?q= | documents by number, party, HS code, vessel or digest |

The others stand in modules of their own: exchanges, document, versions, validating, deliveries, webhooks, faults,
conformance, network, keeping, notices, codes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exchange.api.access import hub_of, spaces_of
from exchange.api.bodies import number_in
from exchange.api.feed import FeedResponse
from exchange.api.problems import Problem
from exchange.console import (
    codes,
    conformance,
    deliveries,
    desk,
    deskviews,
    document,
    exchanges,
    faults,
    feed,
    keeping,
    network,
    notices,
    rates,
    search,
    signing_in,
    tap,
    trying,
    validating,
    versions,
    webhooks,
    world,
)
from exchange.console.frame import ConsoleRoute, Stay, page
from exchange.console.signing_in import home_of
from exchange.desk.people import person_of
from exchange.hub import Hub
from exchange.store import queries
from exchange.store import tables as t
from exchange.store.queries import LAST_POSITION
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)
router.include_router(signing_in.router)
router.include_router(exchanges.router)
router.include_router(validating.router)
router.include_router(codes.router)
router.include_router(document.router)
router.include_router(versions.router)
router.include_router(deliveries.router)
router.include_router(faults.router)
router.include_router(conformance.router)
router.include_router(keeping.router)
router.include_router(network.router)
router.include_router(deskviews.router)
router.include_router(desk.router)
router.include_router(notices.router)
router.include_router(webhooks.router)


@router.get("/")
def home(request: Request) -> Response:
    return RedirectResponse(f"{hub_of(request).prefix}{home_of(person_of(request))}", 303)


# --- Live ------------------------------------------------------------------------------------------------------------


@router.get("/console")
async def live(request: Request) -> Response:
    hub, wanted = hub_of(request), _wanted(request)
    before = _position(request, "before")
    chosen = _position(request, "at")
    after = hub.feed_size - 1
    values = await run_in_threadpool(_live, hub, wanted, before, chosen)
    return await page(
        request,
        "live.html",
        title="Live",
        here="live",
        wanted=wanted,
        filter=_filter(wanted),
        groups=[(name, words) for name, (words, _) in feed.GROUPS.items()],
        members=sorted(hub.registry.members),
        route=trying.route_of(hub),
        after=after,
        first_page=before is None,
        **values,
    )


def _live(hub: Hub, wanted: feed.Wanted, before: int | None, at: int | None) -> dict[str, Any]:
    with hub.database.reading.connect() as connection:
        rows, older_than = feed.newest(connection, wanted, before)
        chosen = feed.one(connection, at) if at is not None else None
        empty = wanted == feed.Wanted() and before is None and not any(each.document or each.refusal for each in rows)
        told = {"rows": rows, "older_than": older_than, "chosen": chosen, "empty": empty}
        through = rates.rates(connection, hub.clock.now())
        drawing = Markup(rates.draw(through))  # noqa: S704  # it escapes what it shows
        return {**told, **_beside(connection, chosen), "rates": through, "rates_drawing": drawing}


def _beside(connection: Connection, chosen: feed.Told | None) -> dict[str, Any]:
    """What stands beside the feed, of the chosen message."""
    values: dict[str, Any] = {"summary": {"recipients": {}}, "refusal": None, "raw": ""}
    if chosen is None:
        return values
    values["raw"] = orjson.dumps(dict(chosen.data), option=orjson.OPT_INDENT_2).decode()
    if chosen.refusal:
        values["refusal"] = queries.refusal(connection, None, chosen.refusal)
    elif chosen.document and (stored := queries.document(connection, None, chosen.document)) is not None:
        values["summary"] = stored.summary
    return values


def _wanted(request: Request) -> feed.Wanted:
    group, member = (request.query_params.get(name, "") for name in ("show", "member"))
    if group and group not in feed.GROUPS:
        raise Problem(finding("request.malformed", found=f"show={group[:40]}", expected=", ".join(feed.GROUPS)))
    known = hub_of(request).registry.members
    if member and member not in known:
        raise Problem(finding("request.malformed", found=f"member={member[:40]}", expected=", ".join(sorted(known))))
    return feed.Wanted(group, member)


def _filter(wanted: feed.Wanted) -> str:
    """The filter as it goes on in an address."""
    given = {name: value for name, value in (("show", wanted.group), ("member", wanted.member)) if value}
    return f"&{urlencode(given)}" if given else ""


def _position(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    return None if text is None else number_in(name, text, 0, LAST_POSITION)


@router.get("/console/feed")
async def stream(request: Request) -> Response:
    """Rows of *Live* as they come. `again`: what the reader has seen is no more; the world was reset."""
    hub, wanted = hub_of(request), _wanted(request)
    last = request.headers.get("last-event-id") or request.query_params.get("after") or str(hub.feed_size - 1)
    after = number_in("Last-Event-ID", last, -1, LAST_POSITION)
    known = await run_in_threadpool(_feed_size, hub)
    place = ExitStack()
    place.enter_context(spaces_of(request).consoles.take("console"))

    async def rows() -> AsyncIterator[bytes]:
        yield b": tradebridge\n\n"
        if after >= known:
            yield b"event: again\ndata:\n\n"
            return
        stay = Stay(request, "/console/feed")
        reader, position, most = tap.tap_of(hub), after, tap.FIRST
        while not (batch := await reader.after(hub, position, _filter(wanted), most)).over:
            if await stay.is_over():
                return
            if not batch.rows and await request.is_disconnected():
                return
            position, most = batch.last, tap.MOST
            yield batch.events(wanted)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return FeedResponse(rows(), place, headers)


def _feed_size(hub: Hub) -> int:
    with hub.database.reading.connect() as connection:
        return int(connection.execute(select(t.head.c.feed_size)).scalar_one())


# --- making something happen -----------------------------------------------------------------------------------------


TRADED, TRADE_SECONDS = 20, 120.0
SHOWN_SECONDS = 1.0
"""So long a page waits for what was sent to stand in the feed."""


@router.post("/console/try/{what}")
async def attempt(request: Request, what: str) -> Response:
    """What the buttons of an empty feed do; then *Live*."""
    hub = hub_of(request)
    if what == "trade":
        try:
            await world.begin(request, "seed", {"count": TRADED, "deadline": TRADE_SECONDS}, TRADE_SECONDS + 30)
        except (world.WorldAway, world.WorldRefused) as error:
            raise Problem(finding("console.world-away", found=str(error))) from error
    elif what in ("certificate", "mistakes"):
        if await trying.send(hub, mistakes=what == "mistakes") is None:
            raise Problem(finding("console.nobody-to-send"))
    else:
        raise Problem(finding("request.not-found", found=what[:100]))
    for _ in range(int(SHOWN_SECONDS / 0.02)):
        if await run_in_threadpool(_all_placed, hub):
            break
        await asyncio.sleep(0.02)
    return RedirectResponse(f"{hub.prefix}/console", 303)


def _all_placed(hub: Hub) -> bool:
    """Has everything that was committed its place in the feed?"""
    with hub.database.reading.connect() as connection:
        return connection.execute(select(t.feed.c.id).where(t.feed.c.position.is_(None)).limit(1)).first() is None


# --- search ----------------------------------------------------------------------------------------------------------


@router.get("/console/search")
async def find(request: Request) -> Response:
    hub, sought = hub_of(request), request.query_params.get("q", "")[: search.MOST_OF_A_QUERY]
    found = await run_in_threadpool(_find, hub, sought)
    only = found.items[0]["id"] if found.exact and len(found.items) == 1 else None
    if only:
        return RedirectResponse(f"{hub.prefix}/console/d/{only}", 303)
    told = {"skimmed": search.SKIMMED, "read": search.READ}
    return await page(request, "search.html", title="Search", sought=sought, found=found, **told)


def _find(hub: Hub, sought: str) -> search.Found:
    with hub.database.reading.connect() as connection:
        return search.find(connection, sought)


# --- no such page ----------------------------------------------------------------------------------------------------


@router.get("/console/{rest:path}")
def nothing_here(request: Request, rest: str) -> Response:
    """Last of all: a page that says so."""
    raise Problem(finding("request.not-found", found=f"/console/{rest}"[:150]))
