"""Values in a JSON document by pointer: get, put, and take a pointer apart."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from tradebridge.convert.fields import always_there

_INDEX = re.compile(r"/([0-9]+)(?=/|$)")


def value_at(value: Any, steps: Sequence[str]) -> Any:
    """The value below these members; None where there is none."""
    for step in steps:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def put(value: MutableMapping[str, Any], steps: Sequence[str], given: Any) -> None:
    """Set the value below these members, making objects on the way."""
    *parents, last = steps
    for step in parents:
        value = value.setdefault(step, {})
    value[last] = given


def with_required_parts(value: dict[str, Any]) -> dict[str, Any]:
    """The same with the parts that a certificate has even where they are empty."""
    for steps in always_there():
        if value_at(value, steps) is None:
            put(value, steps, {})
    return value


def without_indices(pointer: str) -> str:
    return _INDEX.sub("", pointer)


def first_index(pointer: str) -> int | None:
    """The index in a pointer such as `/items/3/hsCode`; None where there is none."""
    found = _INDEX.search(pointer)
    return int(found[1]) if found else None
