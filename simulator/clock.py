"""The business clock of the simulated partners: what they write into documents, events and acknowledgements, and when
their officers get to something.

1. It runs with the machine's own time, or ahead of it, or stands still; `/_sim/v1/clock` moves it.
2. Who waits until a time is woken when it comes, by passing or by a move of the clock. On a clock that stands still it
   comes by a move only.
3. Retrying, pulling and faults of the network never ask it: they go by the machine's own clock.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

FURTHEST = datetime(2200, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Between these the clock may be set: dates of certificates, keys and terms mean something there."""


class OutOfBounds(ValueError):
    """The clock would leave the years in which documents mean something."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a clock goes."""

    frozen: datetime | None = None
    """The instant at which it stands; None: it runs."""
    ahead: timedelta = timedelta()
    """Of the machine's time, while it runs."""

    def at(self, machine: datetime) -> datetime:
        """What it shows at a time of the machine."""
        return self.frozen or machine + self.ahead

    def frozen_at(self, at: datetime) -> Self:
        return type(self)(_within_bounds(at))

    def advanced(self, by: timedelta, machine: datetime) -> Self:
        """Later by so much; one that runs goes on running."""
        later = _within_bounds(self.at(machine) + by)
        return type(self)(later) if self.frozen else type(self)(None, self.ahead + by)

    def to_json(self) -> dict[str, Any]:
        """As it goes to the hub."""
        return {"frozen": self.frozen.isoformat() if self.frozen else None, "ahead": self.ahead.total_seconds()}

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self:
        frozen = members["frozen"]
        return cls(datetime.fromisoformat(frozen) if frozen else None, timedelta(seconds=members["ahead"]))


class Clock:
    """A clock that goes as it is set."""

    def __init__(self, setting: Setting = Setting()) -> None:  # a frozen value
        self.setting = setting
        self._moved = asyncio.Event()

    @property
    def stands(self) -> bool:
        return self.setting.frozen is not None

    def now(self) -> datetime:
        """The business time in UTC, to the millisecond."""
        at = self.setting.at(datetime.now(UTC)).astimezone(UTC)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def set(self, setting: Setting) -> None:
        """Called in the event loop of those who wait."""
        self.setting = setting
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def until(self, at: datetime) -> None:
        """Wait until it shows this time, or a later one."""
        while (now := self.now()) < at:
            seconds = None if self.stands else (at - now).total_seconds()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), seconds)


class LiveClock(Clock):
    """The machine's own time."""


class FrozenClock(Clock):
    """It stands at one instant."""

    def __init__(self, at: datetime) -> None:
        super().__init__(Setting(at))


def clock_at(at: datetime | None) -> Clock:
    """A clock frozen at `at`, or the live one."""
    return LiveClock() if at is None else FrozenClock(at)


def _within_bounds(at: datetime) -> datetime:
    if not EARLIEST <= at <= FURTHEST:
        raise OutOfBounds(f"{EARLIEST.date()} to {FURTHEST.date()}")
    return at
