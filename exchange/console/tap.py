"""One look at the feed for all open consoles: what a hundred of them cost the hub is one of them, and a write each.

1. Who asks for what comes after the same position shares one look at the store and one drawing of its rows.
2. Looks are a tenth of a second apart at the least, and a whole one after more came than anybody can read. After a
   pause, what comes is told at once.
3. A person reads so many rows and no more: of more than these the newest are drawn, and it is told how many were not.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from exchange.console import feed
from exchange.console.frame import environment
from exchange.hub import Hub

PACE_SECONDS, FLOOD_SECONDS = 0.1, 1.0
FIRST, MOST = 200, 20
"""Rows of a reader's first look, as many as the page keeps, and of each later one."""
_KEPT_SECONDS = 1.0
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """What came."""

    last: int
    """The position up to which it goes."""
    rows: tuple[tuple[int, feed.Told, str], ...] = ()
    """Position, row, and the row as HTML in one line."""
    skipped: int = 0
    """So many before these were not drawn."""
    over: bool = False
    """The hub is closing: nothing more comes."""
    said: dict[feed.Wanted, bytes] = field(default_factory=dict, compare=False)
    """As events, by what is wanted of it: made by the first who wants that."""

    def events(self, wanted: feed.Wanted) -> bytes:
        """In one piece: how many rows were not drawn, those that fit, and up to where it goes."""
        if wanted not in self.said:
            skipped = f"event: skipped\ndata: {self.skipped}\n\n" if self.skipped else ""
            rows = (f"id: {at}\nevent: row\ndata: {html}\n\n" for at, told, html in self.rows if wanted.fits(told))
            self.said[wanted] = f"{skipped}{''.join(rows)}id: {self.last}\nevent: beat\ndata:\n\n".encode()
        return self.said[wanted]


_Key = tuple[int, int, str]


class Tap:
    """Of one hub."""

    def __init__(self) -> None:
        self._looks: OrderedDict[_Key, tuple[float, asyncio.Task[Batch]]] = OrderedDict()
        self._next = 0.0

    async def after(self, hub: Hub, position: int, filter: str, most: int) -> Batch:
        """What comes after a position, as soon as something does; without rows after 15 seconds of nothing.
        `filter`: as it stands in the rows' links."""
        key, now = (position, most, filter), time.monotonic()
        began, look = self._looks.get(key, (0.0, None))
        if look is None or (look.done() and now - began > _KEPT_SECONDS) or _failed(look):
            look = asyncio.get_running_loop().create_task(self._look(hub, position, filter, most))
            look.add_done_callback(lambda done: self._settle(key, done))
            self._looks[key] = (now, look)
            while len(self._looks) > _KEPT:
                self._looks.popitem(last=False)
        return await asyncio.shield(look)

    def _settle(self, key: _Key, done: "asyncio.Task[Batch]") -> None:
        """How long it is kept counts from when it was there; nothing, or a failure, is not kept at all."""
        if self._looks.get(key, (0.0, None))[1] is not done:
            return
        if _failed(done) or not done.result().rows:
            del self._looks[key]
        else:
            self._looks[key] = (time.monotonic(), done)

    async def _look(self, hub: Hub, position: int, filter: str, most: int) -> Batch:
        rows = await hub.feed_batch(position)
        if rows:
            wait = self._next - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
                rows = await hub.feed_batch(position)
            flood = rows is not None and len(rows) > MOST
            self._next = time.monotonic() + (FLOOD_SECONDS if flood else PACE_SECONDS)
        if not rows:
            return Batch(position, over=rows is None)
        return await asyncio.to_thread(_drawn, hub, rows, filter, most)


def _failed(look: "asyncio.Task[Batch]") -> bool:
    return look.done() and (look.cancelled() or look.exception() is not None)


def _drawn(hub: Hub, rows: Sequence[Any], filter: str, most: int) -> Batch:
    shown = rows[-most:]
    with hub.database.reading.connect() as connection:
        told = list(feed.told(connection, shown))
    values = {"at": f"{hub.prefix}/console", "filter": filter, "today": f"{hub.clock.now():%Y-%m-%d}"}
    template = environment().get_template("row.html")
    drawn = tuple((each.position, each, " ".join(template.render(each=each, **values).split())) for each in told)
    return Batch(rows[-1].position, drawn, len(rows) - len(shown))


_TAPS: WeakKeyDictionary[Hub, Tap] = WeakKeyDictionary()


def tap_of(hub: Hub) -> Tap:
    return _TAPS.setdefault(hub, Tap())
