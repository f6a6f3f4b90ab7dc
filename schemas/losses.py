"""A loss: one thing of a document that another form of it does not carry.

Nothing is dropped in silence: what a form cannot carry is found by reading back what was written, and comparing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing of the original that the other form does not carry."""

    pointer: str
    """JSON Pointer into the document's JSON form."""
    reason: str

    def to_json(self) -> dict[str, str]:
        return {"pointer": self.pointer, "reason": self.reason}


def differences(given: Any, read: Any, *, absent: str, changed: str, pointer: str = "") -> Iterator[Loss]:
    """Where what was read back is not what was given. `absent` and `changed` are the reasons of the form.

    Both are JSON values; a `false` or an empty list that is not there is no loss: absent they say the same.
    """
    if isinstance(given, dict) and given:
        for name, value in given.items():
            inner = read.get(name) if isinstance(read, dict) else None
            yield from differences(value, inner, absent=absent, changed=changed, pointer=f"{pointer}/{name}")
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for number, (one, other) in enumerate(zip(given, read, strict=True)):
            yield from differences(one, other, absent=absent, changed=changed, pointer=f"{pointer}/{number}")
    elif given != read and not (read is None and (given is False or given == [])):
        yield Loss(pointer, absent if read is None else changed)
