"""What an export of the record leaves out, and what of it retention accounts for (`tradebridge.evidence.audit`).

1. A hidden entry is accounted for by a later retention record that names its place, and tells before when the readings
   were that it deleted: so many whole years before the record itself. A hidden entry stands after what was recorded
   earlier, so one that follows an entry of after that moment is none of those.
2. An event that is left out is accounted for by a later record that its document was deleted: about that document, with
   the digest of that event, so many whole years after the last message about it. Its place need not be told: a document
   can be deleted before the log has placed what was said last.
3. Details are never deleted without their record: where they are left out, nothing accounts for it.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from tradebridge.evidence.times import TOLERANCE, from_rfc3339

_YEAR = timedelta(days=365)


class Withheld:
    """Collects both, in the order of the entries: 16 bytes for each hidden one."""

    def __init__(self) -> None:
        self._hidden = array("q")
        self._after = array("d")
        """For each: the moment that the log had reached before it, in seconds since 1970."""
        self._named: list[tuple[int, int, float]] = []
        """What records have named: of the hidden ones the first and the one after the last, and until which moment."""
        self._events: dict[tuple[str, str], list[tuple[int, datetime]]] = {}
        """Events that are left out, by document and digest: the entry, and when it was recorded."""

    def hide(self, index: int, after: datetime | None) -> None:
        """An entry that is hidden; `after`: the moment that the log had reached before it."""
        self._hidden.append(index)
        self._after.append(after.timestamp() if after is not None else float("-inf"))

    def leave_out(self, index: int, document_id: str, digest: str, at: datetime) -> None:
        """An event without its bytes, recorded at `at`."""
        self._events.setdefault((document_id, digest), []).append((index, at))

    def account(self, about: str, at: datetime, details: Mapping[str, Any]) -> None:
        """What a retention record names. `about`: its document; `at`: its time; `details`: as it commits to them."""
        last = _so_long_ago(details, "last", at)
        if last is not None:
            for each in _list(details.get("messages")):
                self._deleted(about, each.get("bytesDigest") if isinstance(each, dict) else None, last)
        before = _so_long_ago(details, "before", at)
        if before is not None:
            for each in _list(details.get("hidden")):
                self._name(each, before)

    def _deleted(self, document_id: str, digest: object, last: datetime) -> None:
        if not isinstance(digest, str) or (document_id, digest) not in self._events:
            return
        younger = [each for each in self._events.pop((document_id, digest)) if each[1] > last + TOLERANCE]
        if younger:
            self._events[document_id, digest] = younger

    def _name(self, ends: object, before: datetime) -> None:
        if not isinstance(ends, list) or len(ends) != 2 or any(type(each) is not int for each in ends):
            return
        begin, end = bisect_left(self._hidden, ends[0]), bisect_right(self._hidden, ends[1])
        if begin < end:
            self._named.append((begin, end, (before + TOLERANCE).timestamp()))

    @property
    def hidden(self) -> Iterator[int]:
        """Hidden entries that nothing accounts for. One walk over both, however often a place is named."""
        named = sorted(self._named, reverse=True)
        open_: list[tuple[float, int]] = []
        for place, (index, after) in enumerate(zip(self._hidden, self._after, strict=True)):
            while named and named[-1][0] <= place:
                _, end, until = named.pop()
                heappush(open_, (-until, end))
            while open_ and open_[0][1] <= place:
                heappop(open_)
            if not open_ or after > -open_[0][0]:
                yield index

    @property
    def events(self) -> Iterator[int]:
        """Events that are left out, and nothing accounts for it."""
        return iter(sorted(index for each in self._events.values() for index, _ in each))


def _so_long_ago(details: Mapping[str, Any], name: str, at: datetime) -> datetime | None:
    """The moment of this name that a record of `at` tells, where its years lie between; else None."""
    told, years = details.get(name), details.get("years")
    moment = from_rfc3339(told) if isinstance(told, str) else None
    if moment is None or type(years) is not int or not 0 < years < 1000 or at + TOLERANCE - moment < years * _YEAR:
        return None
    return moment


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
