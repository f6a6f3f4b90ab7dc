"""How much goes through, and how much of it fails: a bar for each of the last minutes, out of the newest of the feed.

A minute is one of the business clock: with the clock frozen all is in the last bar. As many entries are looked at as
for the feed itself; what is older than these is not counted, and the words say so.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.console.feed import LOOKED_AT
from exchange.store import tables as t
from exchange.store.queries import LAST_POSITION

MINUTES = 30
FAILED = frozenset({"document.refused", "delivery.retrying", "delivery.dead"})
COUNTED = FAILED | {"document.accepted", "event.accepted", "delivery.delivered"}

WIDE, HIGH, BAR = 300, 36, 10


@dataclass(frozen=True, slots=True)
class Minute:
    """One bar."""

    at: str
    """09:00."""
    all: int
    failed: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The last minutes, the oldest first."""

    minutes: tuple[Minute, ...]
    whole: bool
    """Nothing of these minutes was left out."""

    @property
    def words(self) -> str:
        every, failed = sum(each.all for each in self.minutes), sum(each.failed for each in self.minutes)
        most = max(each.all for each in self.minutes)
        least = "" if self.whole else "at least "
        share = f"{100 * failed / every:.1f} %" if every else "none"
        return (
            f"{least}{every:,} in {MINUTES} minutes, at most {most:,} in one; failed or refused: {failed:,} ({share})"
        )


def rates(connection: Connection, now: datetime) -> Rates:
    """Of what was accepted, refused, delivered, said and tried up to now."""
    newest = select(t.feed.c.kind, t.feed.c.data).where(t.feed.c.position.is_not(None))
    newest = newest.where(t.feed.c.position < LAST_POSITION).order_by(t.feed.c.position.desc()).limit(LOOKED_AT)
    seen = [(row.kind, str(orjson.loads(row.data).get("at", ""))[:16]) for row in connection.execute(newest)]
    names = [f"{now - timedelta(minutes=ago):%Y-%m-%dT%H:%M}" for ago in reversed(range(MINUTES))]
    every = Counter(at for kind, at in seen if kind in COUNTED)
    failed = Counter(at for kind, at in seen if kind in FAILED)
    whole = len(seen) < LOOKED_AT or seen[-1][1] < names[0]
    return Rates(tuple(Minute(name[11:], every[name], failed[name]) for name in names), whole)


def draw(told: Rates) -> str:
    """The drawing; what failed stands at the foot of a bar, in another colour and hatched."""
    most = max(1, *(each.all for each in told.minutes))
    return (
        f'<svg class="rates" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" role="img" '
        f'aria-label="Exchanges a minute: {escape(told.words)}"><defs><pattern id="failed" width="4" height="4" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="bad" width="4" height="4"/>'
        '<path class="hatch" d="M0 0V4"/></pattern></defs>'
        f'<path class="line" d="M0 {HIGH - 0.5}H{WIDE}"/>{"".join(_bars(told.minutes, most))}</svg>'
    )


def _bars(minutes: Sequence[Minute], most: int) -> Sequence[str]:
    parts = []
    for at, each in enumerate(minutes):
        for kind, count in (("all", each.all), ("failed", each.failed)):
            if count:
                high = max(2.0, (HIGH - 2) * count / most)
                where = f'x="{at * BAR + 1}" y="{HIGH - 1 - high:.1f}" width="{BAR - 2}" height="{high:.1f}"'
                parts.append(f'<rect class="{kind}" {where}/>')
    return parts
