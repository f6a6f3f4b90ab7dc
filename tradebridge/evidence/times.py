"""One way to write a moment: RFC 3339 in UTC with `Z`, and milliseconds where there are any."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

TOLERANCE = timedelta(minutes=5)
"""How far two clocks may lie apart: a signature further ahead is refused."""

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


@lru_cache(maxsize=256)  # one message says its moment many times
def rfc3339(at: datetime) -> str:
    """`at` to the millisecond, the rest cut off. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone says nothing: give it one, as datetime.now(UTC)")
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    text = at.isoformat(timespec="milliseconds" if at.microsecond >= 1000 else "seconds")
    return text[:-6] + "Z"


def from_rfc3339(text: str) -> datetime | None:
    """The moment in UTC, or None where the text is not RFC 3339 with a zone. Up to six digits of a second."""
    if not _FORM.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
