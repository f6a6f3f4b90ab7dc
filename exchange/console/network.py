"""*Map*: who exchanges with whom, as a schematic network: the hub in the middle, members on a ring, no geography.

1. A line is as wide as its traffic; where something failed it is dashed, where something was given up dotted: colour
1. A line is as wide as its traffic; where something failed it is dashed, where something was given up dotted: colour
   is never alone. Names stand in the order of their ids: that of the codes of countries.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from fastapi import APIRouter
from markupsafe import Markup
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import hub_of
from exchange.console import feed
from exchange.console.frame import ConsoleRoute, page
from exchange.console.sequence import HUB
from exchange.hub import Hub
from exchange.rendering import visible
from exchange.store import tables as t

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

COUNTED = 5000
"""Entries of the feed."""
DRAWN = 26
"""Members on the ring: the busiest."""


@dataclass(slots=True)
class Traffic:
    """What one member sent and got."""

    member: str
    sent: int = 0
    refused: int = 0
    said: int = 0
    got: int = 0
    failed: int = 0
    dead: int = 0

    @property
    def all(self) -> int:
        return self.sent + self.refused + self.said + self.got

    @property
    def tone(self) -> str:
        return "bad" if self.dead else "warn" if self.failed or self.refused else "ok" if self.all else "plain"


@router.get("/console/map")
async def show_map(request: Request) -> Response:
    hub = hub_of(request)
    counted, size = await run_in_threadpool(_count, hub)
    ring = sorted(sorted(counted, key=lambda each: -each.all)[:DRAWN], key=lambda each: each.member)
    drawing = Markup(draw(ring, f"{hub.prefix}/console"))  # noqa: S704  # it escapes what it shows
    told = {"counted": counted, "size": size, "drawing": drawing, "left_out": len(counted) - len(ring)}
    return await page(request, "map.html", title="Map", here="map", **told)


def _count(hub: Hub) -> tuple[list[Traffic], int]:
    query = select(t.feed.c.position, t.feed.c.kind, t.feed.c.data).where(t.feed.c.position.is_not(None))
    with hub.database.reading.connect() as connection:
        rows = connection.execute(query.order_by(t.feed.c.position.desc()).limit(COUNTED)).all()
        told = feed.told(connection, rows)
    return count(sorted(hub.registry.members), told), len(rows)


def count(members: Iterable[str], told: Iterable[feed.Told]) -> list[Traffic]:
    """The traffic of each member, in the order given."""
    found = {name: Traffic(name) for name in members}
    for each in told:
        sender, takers = found.get(each.sender), [found[name] for name in each.to if name in found]
        if each.kind == "document.accepted" and sender:
            sender.sent += 1
        elif each.kind == "document.refused" and sender:
            sender.refused += 1
        elif each.kind == "event.accepted" and sender:
            sender.said += 1
        for taker in takers if each.kind.startswith("delivery.") else ():
            taker.got += each.kind == "delivery.delivered"
            taker.failed += each.kind == "delivery.retrying"
            taker.dead += each.kind == "delivery.dead"
    return list(found.values())


WIDE, HIGH = 880, 560
MIDDLE = (WIDE // 2, HIGH // 2)
RADII = (300, 215)
"""Of the ring: across and down."""


def draw(ring: Sequence[Traffic], at: str) -> str:
    """The drawing. `at`: where the console is; each member leads to its part of the feed."""
    busiest = max((each.all for each in ring), default=0) or 1
    words = "; ".join(f"{each.member}: {_said(each)}" for each in ring)
    parts = [part for place, each in enumerate(ring) for part in _member(each, place, len(ring), busiest, at)]
    return (
        f'<svg class="network" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" role="group" '
        f'aria-labelledby="network-name network-said"><title id="network-name">Traffic through the hub</title>'
        f'<desc id="network-said">{escape(visible(words))}</desc>{"".join(parts)}'
        f'<circle class="hub" cx="{MIDDLE[0]}" cy="{MIDDLE[1]}" r="46"/>'
        f'<text class="name middle" x="{MIDDLE[0]}" y="{MIDDLE[1] + 4}">{HUB}</text></svg>'
    )


def _said(each: Traffic) -> str:
    failed = f", {each.failed} attempts failed" if each.failed else ""
    return f"{each.sent} sent, {each.got} got{f', {each.refused} refused' if each.refused else ''}{failed}"


def _member(each: Traffic, place: int, of: int, busiest: int, at: str) -> Iterator[str]:
    angle = 2 * math.pi * place / max(of, 1) - math.pi / 2
    x, y = round(MIDDLE[0] + RADII[0] * math.cos(angle)), round(MIDDLE[1] + RADII[1] * math.sin(angle))
    if each.all:
        wide = 1 + round(9 * math.sqrt(each.all / busiest), 1)
        yield f'<path class="line {each.tone}" stroke-width="{wide}" d="M{MIDDLE[0]} {MIDDLE[1]}L{x} {y}"/>'
    side = "end" if x < MIDDLE[0] - 40 else "start" if x > MIDDLE[0] + 40 else "middle"
    shift = {"end": -14, "start": 14, "middle": 0}[side]
    above = (-30 if y < MIDDLE[1] else 26) if side == "middle" else 0
    name, counted = escape(visible(each.member)), f"{each.sent} sent · {each.got} got"
    yield f'<a href="{at}?member={quote(each.member)}">'
    yield f'<circle class="place {each.tone}" cx="{x}" cy="{y}" r="7"/>'
    yield f'<text class="name {side}" x="{x + shift}" y="{y + above - 1}">{name}</text>'
    yield f'<text class="count {side}" x="{x + shift}" y="{y + above + 14}">{counted}</text></a>'
