"""How the rules of this family are written down: their kinds by source, the profiles, and samples that break them."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Protocol, TypeVar, cast

import orjson

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from schemas.bill_of_lading.model import (
    SHIPPING_INSTRUCTIONS,
    TRANSPORT_DOCUMENT,
    ShippingInstructions,
    TransportDocument,
)
from schemas.bill_of_lading.values import SOURCE
from schemas.findings import Fidelity, Kind, Severity

BOTH = frozenset({TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS})
CARRIERS = frozenset({TRANSPORT_DOCUMENT})
SHIPPERS = frozenset({SHIPPING_INSTRUCTIONS})

L = TypeVar("L", bound=TransportDocument | ShippingInstructions)


class Sample(Protocol):
    """Makes of a valid document one that breaks a rule."""

    def __call__(self, lading: L, /) -> L: ...


ABSENT = object()
"""In a sample: take the member out."""


def dcsa(code: str, sentence: str, fix: str, clause: str, severity: Severity = Severity.ERROR) -> Kind:
    """A kind that DCSA's text states; `clause` is the schema or member whose description says so."""
    return Kind(f"lading.{code}", sentence, fix, severity, clause, SOURCE, Fidelity.EXACT)


def modelled(
    code: str, sentence: str, fix: str, clause: str = "", source: str = SOURCE, severity: Severity = Severity.ERROR
) -> Kind:
    """A kind that follows from what the members mean, or from a text known in outline."""
    return Kind(f"lading.{code}", sentence, fix, severity, clause, source, Fidelity.MODELLED)


def ours(code: str, sentence: str, fix: str) -> Kind:
    """A kind that no text states: what a clerk would ask back about."""
    return Kind(f"lading.{code}", sentence, fix, Severity.WARNING)


def breaks(
    changes: Mapping[str, Any], *, variant: int | None = None, instructions: Mapping[str, Any] | None = None
) -> Sample:
    """A sample: the document given, with members set, taken out or (`-`) appended by JSON Pointer.

    `variant` takes another example instead (1: to order, reefer, two containers; 2: sea waybill; 7: dangerous goods).
    `instructions` are the changes for shipping instructions where they differ.
    """

    def broken(lading: L, /) -> L:
        model = lading.__class__
        carriers = lading.profile == TRANSPORT_DOCUMENT
        made = transport_document if carriers else shipping_instructions
        value = orjson.loads(encode(lading if variant is None else made(variant=variant)))
        chosen = changes if carriers or instructions is None else instructions
        for pointer, member in chosen.items():
            _put(value, pointer, member)
        return cast(L, model.model_validate(value, by_alias=True, by_name=False))

    return broken


def _put(value: Any, pointer: str, member: Any) -> None:
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value.setdefault(step, {})
    if member is ABSENT:
        value.pop(last, None)
    elif last == "-":
        value.append(deepcopy(member))
    elif isinstance(value, list):
        value[int(last)] = deepcopy(member)
    else:
        value[last] = deepcopy(member)
