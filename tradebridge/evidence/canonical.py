"""Canonical JSON (RFC 8785) of our own statements, and the reading of it.

Our statements hold strings, whole numbers below 2^53, true, false, null, lists and objects with ASCII member names, and
never a fraction. For these, orjson with sorted members writes exactly what RFC 8785 asks (a test compares it with the
rfc8785 package), at a fiftieth of the cost; it is done once for each document that the hub accepts.
"""

from typing import Any

import orjson

from schemas.content import json_or_finding
from tradebridge.evidence.refusals import Finding, finding


def dumps(value: object) -> bytes:
    """The canonical bytes of a statement, as described above. Raises `orjson.JSONEncodeError` for what JSON has not."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def loads(data: bytes) -> dict[str, Any] | Finding:
    """The object that `data` is the canonical form of: strict JSON first, then the same bytes when written again."""
    value = json_or_finding(data)
    if isinstance(value, Finding):
        return value
    if _beyond(value) or dumps(value) != data:
        return finding("receipt.not-canonical", attack="JSN-5")
    return value


def _beyond(value: object) -> bool:
    """Whether a value holds what our statements never hold: a fraction, or a whole number of 2^53 or more."""
    if isinstance(value, dict):
        return any(_beyond(each) for each in value.values())
    if isinstance(value, list):
        return any(_beyond(each) for each in value)
    return isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53)
