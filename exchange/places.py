"""Places: how many things of one kind may go on at once, for each caller and for all.

Who finds none free is told so at once; nothing waits in a queue. One `Places` serves all spaces of a process, and is
used from its event loop only.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.findings import Finding, finding


class NoPlace(Exception):
    """Nothing was begun: the caller has as many as it may, or the hub has."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.code)
        self.found = found


class Places:
    """So many for each caller, and so many for all."""

    def __init__(self, what: str, each: int, in_all: int) -> None:
        self._what = what
        self._each = each
        self._in_all = in_all
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, caller: str) -> Iterator[None]:
        """One place, for as long as the block runs. Raises `NoPlace`: 429 for the caller's own limit, 503 for all."""
        if self._taken[caller] >= self._each:
            raise NoPlace(finding("request.too-many", found=self._what, expected=f"at most {self._each} at once"))
        if self._taken.total() >= self._in_all:
            raise NoPlace(finding("hub.busy", found=self._what, expected=f"at most {self._in_all} at once"))
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]
