"""The business clock of the simulated partners: what they write into documents, events and acknowledgements.

Frozen, two runs say the same. Waiting, retrying and pulling never ask it: they go by the machine's own clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The business time in UTC, to the millisecond."""


@dataclass(frozen=True, slots=True)
class LiveClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return _to_millisecond(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class FrozenClock:
    """One instant, for ever."""

    at: datetime

    def now(self) -> datetime:
        return _to_millisecond(self.at.astimezone(UTC))


def clock_at(at: datetime | None) -> Clock:
    """A clock frozen at `at`, or the live one."""
    return LiveClock() if at is None else FrozenClock(at)


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
