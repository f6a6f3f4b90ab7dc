"""The vectors of an agreement: one valid certificate, and by name what is wrong with a copy of it.

`change` sets members by JSON Pointer, `without` takes them out. `beside` has the documents that the certificate refers
to, by relation: their state, how they differ from the valid certificate, and what is left of their items.
"""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from schemas.certificate.model import Quantity
from schemas.findings import Finding
from schemas.registry import Context, Related, Relation, read

FOLDER = Path(__file__).parents[2] / "vectors" / "certificates" / "agreements"
NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)


def changed_value(base: Any, vector: dict[str, Any]) -> Any:
    """The certificate with its mistakes."""
    value = deepcopy(base)
    for pointer, member in vector.get("change", {}).items():
        here, last = _place(value, pointer)
        here[last] = member
    for pointer in vector.get("without", ()):
        here, last = _place(value, pointer)
        del here[last]
    return value


def _place(value: Any, pointer: str) -> tuple[Any, Any]:
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value, int(last) if isinstance(value, list) else last


def findings_of(base: Any, vector: dict[str, Any]) -> tuple[Finding, ...]:
    """What reading the wrong certificate finds."""
    related = {Relation(name): _related(base, beside) for name, beside in vector.get("beside", {}).items()}
    data = json.dumps(changed_value(base, vector), ensure_ascii=False).encode()
    return read(data, Context(NOW, related), base["profile"]).findings


def _related(base: Any, beside: dict[str, Any]) -> Related:
    data = json.dumps(changed_value(base, beside), ensure_ascii=False).encode()
    document = read(data, Context(NOW)).document
    assert document is not None, beside
    left = {int(number): Quantity(value=Decimal(kg), unit="KGM") for number, kg in beside.get("left", {}).items()}
    return Related(document, beside["state"], left or None)
