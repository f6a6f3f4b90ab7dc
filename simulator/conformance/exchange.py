"""One request and its answer, as the report shows it: bytes as they were, secrets left out.

1. What is redacted: Authorization, Cookie and Set-Cookie headers. Nothing else in a PINT exchange is secret to its two
   parties; the report is theirs to share or not.
2. A signed content is shown as it was, and what it says beside it (decoded, not verified).
3. A body above `KEPT` is cut in the report, and says so.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

KEPT = 20_000
"""Characters of a body that a report shows."""
REDACTED = "(redacted)"
_SECRET = frozenset({"authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"})
MOST_SIGNED = 100
"""Signed contents of a body that are shown decoded."""
_JWS = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]+")
"""It begins where a run of its characters begins, and gives nothing back: linear in a body of whatever."""


class By(StrEnum):
    """Who made the request."""

    KIT = "kit"
    SYSTEM = "system under test"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back."""

    by: By
    what: str
    """For people: `start of the transfer`."""
    method: str
    url: str
    request_headers: Mapping[str, str]
    request: bytes
    status: int | None
    """None: no answer."""
    answer_headers: Mapping[str, str]
    answer: bytes
    seconds: float
    note: str = ""
    """Such as `the kit closed the connection without an answer`."""

    def to_json(self) -> dict[str, Any]:
        return {
            "by": self.by.value,
            "what": self.what,
            "method": self.method,
            "url": self.url,
            "requestHeaders": redacted(self.request_headers),
            "request": body_text(self.request),
            "status": self.status,
            "answerHeaders": redacted(self.answer_headers),
            "answer": body_text(self.answer),
            "seconds": round(self.seconds, 4),
            "note": self.note,
        }


def json_in(body: bytes) -> Any:
    """The JSON value of what somebody else wrote; None where it is none, or nested deeper than can be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without secrets (rule 1)."""
    return {name: REDACTED if name.lower() in _SECRET else value for name, value in headers.items()}


def body_text(body: bytes) -> str:
    """A body for people: JSON indented, anything else as text; cut at `KEPT`."""
    value = json_in(body)
    text = body.decode("utf-8", "replace") if value is None else json.dumps(value, ensure_ascii=False, indent=1)
    return text if len(text) <= KEPT else f"{text[:KEPT]}\n… cut: {len(text):,} characters in all"


def signed_parts(body: bytes) -> Iterator[tuple[str, str]]:
    """Header and payload of each signed content in a body, decoded and indented (rule 2)."""
    every = (found[0] for found in _JWS.finditer(body.decode("utf-8", "replace")))
    for found in dict.fromkeys(islice(every, MOST_SIGNED)):
        parts = [_decoded(part) for part in found.split(".")[:2]]
        if all(part is not None for part in parts):
            yield str(parts[0]), str(parts[1])


def _decoded(part: str) -> str | None:
    try:
        value = json_in(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return None if value is None else json.dumps(value, ensure_ascii=False, indent=1)
