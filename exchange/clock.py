"""The business clock: what the hub writes into receipts, notes and timelines.

It may be frozen, so that two runs say the same. Leases, retries and the sequencer never ask it: they use the real
clock of the machine.
"""

from datetime import UTC, datetime
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
