"""Opening hours of an office: when it works, and when work that takes so long is done. Pure.

Written as `Mon-Thu,Sat 08:00-16:30 +08:00`: days, hours, and how far the local time is ahead of UTC. None of the
countries has a summer time. Public holidays are not known here. A window out of hours takes messages; its officers
decide when they are in again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import cached_property
from typing import Self

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FORM = re.compile(r"([A-Za-z,-]+) (\d\d):(\d\d)-(\d\d):(\d\d) \+(\d\d):(\d\d)", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """When an office is open, in its local time."""

    days: frozenset[int]
    """Of the week, Monday is 0."""
    opens: time
    closes: time
    ahead: timedelta
    """Of UTC."""
    text: str
    """As they are written."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `ValueError` for what is not written so."""
        found = _FORM.fullmatch(text)
        days = frozenset(_days(found[1])) if found else frozenset()
        if found is None or not days:
            raise ValueError(f"hours are written as 'Mon-Fri 08:30-17:00 +08:00', not {text!r}")
        hour, minute, until_hour, until_minute, ahead, minutes = map(int, found.groups()[1:])
        opens, closes = time(hour, minute), time(until_hour, until_minute)
        if opens >= closes:
            raise ValueError(f"{text!r}: it closes before it opens")
        return cls(days, opens, closes, timedelta(hours=ahead, minutes=minutes), text)

    def __str__(self) -> str:
        return self.text

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(self._zone)
        return local.weekday() in self.days and self.opens <= local.time() < self.closes

    def opening(self, at: datetime) -> datetime:
        """The first time at which it is open, from `at` on; in UTC's place, as `at` has it."""
        local = at.astimezone(self._zone)
        while not (local.weekday() in self.days and local.time() < self.closes):
            local = datetime.combine(local.date() + _DAY, time(), self._zone)
        opens = datetime.combine(local.date(), self.opens, self._zone)
        return max(local, opens).astimezone(at.tzinfo)

    def done(self, at: datetime, work: timedelta) -> datetime:
        """When work of that length, begun at `at` or at the next opening, is done; nobody works while it is closed."""
        begun = self.opening(at)
        while work > (left := self._closing(begun) - begun):
            work -= left
            begun = self.opening(self._closing(begun))
        return begun + work

    def _closing(self, at: datetime) -> datetime:
        """Of the day on which it is open at `at`."""
        return datetime.combine(at.astimezone(self._zone).date(), self.closes, self._zone).astimezone(at.tzinfo)

    @cached_property
    def _zone(self) -> timezone:
        return timezone(self.ahead)


def _days(text: str) -> Iterator[int]:
    """The days of `Mon-Thu,Sat`; none where one of them means nothing."""
    spans = [part.partition("-") for part in text.split(",")]
    if not all(first in DAYS and (last or first) in DAYS for first, _, last in spans):
        return
    for first, _, last in spans:
        yield from range(DAYS.index(first), DAYS.index(last or first) + 1)
