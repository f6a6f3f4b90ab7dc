"""Open consoles share one look at the feed; how fast they look, and how much is drawn, does not grow with the feed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from exchange.console import tap
from exchange.hub import Hub


@dataclass(frozen=True)
class Row:
    position: int


@dataclass(eq=False)
class Feed:
    """What of a hub a tap asks."""

    rows: list[Row] = field(default_factory=list)
    looks: int = 0
    broken: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def feed_batch(self, position: int) -> list[Row] | None:
        self.looks += 1
        if self.broken:
            raise OSError("the store is away")
        if not self.rows or self.rows[-1].position <= position:
            await self.came.wait()
        return [row for row in self.rows if row.position > position][:500]

    def add(self, count: int) -> None:
        self.rows += [Row(len(self.rows) + at) for at in range(count)]
        came, self.came = self.came, asyncio.Event()
        came.set()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each drawing had."""
    counts: list[int] = []

    def draw(hub: Hub, rows: list[Row], filter: str, most: int) -> tap.Batch:
        shown = rows[-most:]
        counts.append(len(shown))
        told: Any = tuple((row.position, None, "") for row in shown)
        return tap.Batch(rows[-1].position, told, len(rows) - len(shown))

    monkeypatch.setattr(tap, "_drawn", draw)
    return counts


def run(test: Callable[[Feed, Hub, tap.Tap], Any]) -> None:
    async def prepared() -> None:
        feed = Feed()
        await test(feed, cast(Hub, feed), tap.Tap())

    asyncio.run(prepared())


def test_a_hundred_readers_cost_one_look_and_one_drawing(drawn: list[int]) -> None:
    async def test(feed: Feed, hub: Hub, shared: tap.Tap) -> None:
        waiting = [asyncio.ensure_future(shared.after(hub, -1, "", tap.MOST)) for _ in range(100)]
        await asyncio.sleep(0)
        feed.add(3)
        batches = await asyncio.gather(*waiting)
        assert {batch.last for batch in batches} == {2} and len({id(batch) for batch in batches}) == 1
        assert (drawn, feed.looks) == ([3], 1)
        late = await shared.after(hub, -1, "", tap.MOST)
        assert (late, feed.looks) == (batches[0], 1)
        other = await shared.after(hub, -1, "&show=titles", tap.MOST)
        assert other.last == 2 and len(drawn) == 2  # the links of its rows are others

    run(test)


def test_looks_keep_their_distance_and_of_many_rows_the_newest_are_drawn(drawn: list[int]) -> None:
    async def test(feed: Feed, hub: Hub, shared: tap.Tap) -> None:
        feed.add(1)
        first = await shared.after(hub, -1, "", tap.MOST)
        feed.add(1)
        began = time.monotonic()
        next_one = await shared.after(hub, first.last, "", tap.MOST)
        assert tap.PACE_SECONDS * 0.8 <= time.monotonic() - began < tap.FLOOD_SECONDS
        feed.add(300)
        many = await shared.after(hub, next_one.last, "", tap.MOST)
        assert (many.last, len(many.rows), many.skipped) == (301, tap.MOST, 300 - tap.MOST)
        assert many.rows[-1][0] == 301
        feed.add(1)
        began = time.monotonic()
        assert (await shared.after(hub, many.last, "", tap.MOST)).last == 302
        assert time.monotonic() - began >= tap.FLOOD_SECONDS * 0.8

    run(test)


def test_a_look_that_failed_is_not_kept_and_who_goes_away_takes_nobody_along(drawn: list[int]) -> None:
    async def test(feed: Feed, hub: Hub, shared: tap.Tap) -> None:
        feed.broken = True
        with pytest.raises(OSError, match="away"):
            await shared.after(hub, -1, "", tap.MOST)
        feed.broken = False
        stays, goes = (asyncio.ensure_future(shared.after(hub, -1, "", tap.MOST)) for _ in range(2))
        await asyncio.sleep(0)
        goes.cancel()
        feed.add(1)
        assert (await stays).last == 0
        assert goes.cancelled()

    run(test)
