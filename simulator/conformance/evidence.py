"""What was on the wire in a run, as files: `exchanges.json` names each message, `messages/` has its bytes.

1. A body is stored once, under its SHA-256, as it was: nothing is cut, indented or decoded.
2. Headers stand in the index, without secrets (`exchange.py`, rule 1).
3. An archive holds so many files and bytes and no more: the bodies beyond are named by digest and length, with `file`
   null.
"""

import hashlib
import json
from typing import Any

from simulator.conformance.exchange import Exchange, redacted
from simulator.conformance.runner import Run

INDEX = "exchanges.json"
MOST_FILES = 1_900
MOST_BYTES = 192 * 1024 * 1024


def messages_of(run: Run) -> dict[str, bytes]:
    """The index first, then the bodies."""
    bodies: dict[str, bytes] = {}
    room = MOST_BYTES

    def side(headers: Any, body: bytes) -> dict[str, Any]:
        nonlocal room
        digest = hashlib.sha256(body).hexdigest()
        name = f"messages/{digest}"
        if body and name not in bodies and len(bodies) < MOST_FILES and len(body) <= room:
            bodies[name] = body
            room -= len(body)
        kept = name if name in bodies else None
        return {"headers": redacted(headers), "bytes": len(body), "sha256": digest, "file": kept}

    def told(number: int, each: Exchange) -> dict[str, Any]:
        return {
            "number": number,
            "by": each.by.value,
            "what": each.what,
            "method": each.method,
            "url": each.url,
            "status": each.status,
            "seconds": round(each.seconds, 4),
            "note": each.note,
            "request": side(each.request_headers, each.request),
            "answer": side(each.answer_headers, each.answer),
        }

    listed = {
        result.name: [told(number, each) for number, each in enumerate(result.exchanges, 1)] for result in run.results
    }
    index = json.dumps({"suite": run.suite, "scenarios": listed}, ensure_ascii=False, indent=1) + "\n"
    return {INDEX: index.encode(), **bodies}
