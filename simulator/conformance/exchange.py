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
from typing import Any

KEPT = 20_000
"""Characters of a body that a report shows."""
REDACTED = "(redacted)"
_SECRET = frozenset({"authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"})
_JWS = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


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


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without secrets (rule 1)."""
    return {name: REDACTED if name.lower() in _SECRET else value for name, value in headers.items()}


def body_text(body: bytes) -> str:
    """A body for people: JSON indented, anything else as text; cut at `KEPT`."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False, indent=1)
    except ValueError:
        text = body.decode("utf-8", "replace")
    return text if len(text) <= KEPT else f"{text[:KEPT]}\n… cut: {len(text):,} characters in all"


def signed_parts(body: bytes) -> Iterator[tuple[str, str]]:
    """Header and payload of each signed content in a body, decoded and indented (rule 2)."""
    for found in dict.fromkeys(_JWS.findall(body.decode("utf-8", "replace"))):
        parts = [_decoded(part) for part in found.split(".")[:2]]
        if all(part is not None for part in parts):
            yield str(parts[0]), str(parts[1])


def _decoded(part: str) -> str | None:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return json.dumps(value, ensure_ascii=False, indent=1)
