"""Versions of the trust list as the log tells of them, against the history in a verifier's hand.

Each version is a leaf of the log: a record of kind `trust` whose details state number, digest, and the digest of the
version before. A hub that shows one history to somebody and puts another on the record is found out here
(`tradebridge.evidence.audit`).

1. Those on the record follow one another. One that is another, twice, or out of turn is false; a gap could be an entry
   that is hidden.
2. What the history has of the same number is the same version.
3. Every version of the history that was issued before the record ends stands on it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.times import TOLERANCE, rfc3339
from tradebridge.evidence.trust_history import TrustHistory


class TrustRecord:
    """Collects them in the order of the log. `whole`: the log from its beginning."""

    def __init__(self, history: TrustHistory | None, *, whole: bool) -> None:
        self._own = {each.number: each for each in history.versions} if history else {}
        self._whole = whole
        self._digests: dict[int, str] = {}

    def take(self, details: Mapping[str, Any], pointer: str) -> Iterator[Finding]:
        """The next version, by the details of its record; and what is wrong with it."""
        number, digest, previous = (details.get(name) for name in ("number", "digest", "previous"))
        if type(number) is not int or not isinstance(digest, str):
            yield finding("audit.trust-version", pointer, found="no number and digest")
            return
        last = max(self._digests, default=0)
        before = self._digests.get(last, "")
        known = bool(self._digests) or self._whole
        told, expected = f"version {number} after {previous or 'none'}", f"version {last + 1} after {before or 'none'}"
        if known and (number <= last or (number == last + 1 and previous != before)):
            yield finding("audit.trust-version", pointer, found=told, expected=expected)
        elif known and number > last + 1:
            yield finding("audit.trust-missing", pointer, found=told, expected=expected)
        own = self._own.get(number)
        if own is not None and own.digest != digest:
            found, expected = f"version {number}, {digest}", own.digest
            yield finding("audit.trust-version", pointer, found=found, expected=expected)
        self._digests[number] = digest

    def missing(self, latest: datetime) -> Iterator[Finding]:
        """Rule 3. `latest`: the latest time on the record. Of a part of the log, from the first version in it on."""
        first = 1 if self._whole else min(self._digests, default=None)
        for number, each in self._own.items():
            old = each.issued_at < latest - TOLERANCE
            if first is not None and number >= first and number not in self._digests and old:
                yield finding("audit.trust-missing", found=f"version {number} of {rfc3339(each.issued_at)}")
