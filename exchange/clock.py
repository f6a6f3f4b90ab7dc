"""The business clock: what the hub writes into receipts, notes and timelines.

It may be frozen, so that two runs say the same; in a simulation it may be moved too (`exchange.control`). Leases,
retries and the sequencer never ask it: they use the real clock of the machine.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The business time, UTC."""


class LiveClock:
    """The machine's own time, to the millisecond."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class FrozenClock:
    """One instant, for ever."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at


class MovableClock:
    """Of a simulation: frozen at one instant, or ahead of the machine's time by so much; until it is set otherwise."""

    def __init__(self, frozen: datetime | None = None) -> None:
        self._live = LiveClock()
        self.set(frozen, timedelta())

    def set(self, frozen: datetime | None, ahead: timedelta) -> None:
        """`frozen`: the instant at which it stands; None: it runs, `ahead` of the machine's time."""
        self.frozen = None if frozen is None else frozen.astimezone(UTC)
        self.ahead = ahead

    def now(self) -> datetime:
        return self.frozen or self._live.now() + self.ahead
