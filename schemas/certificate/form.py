"""The paper forms: which box of each form a part of the certificate stands in.

Sources: Form D: Viet Nam Circular 10/2022/TT-BCT, annex. Form AJ: Singapore Customs Act, Order 4, Twelfth Schedule, and
the announcement of its revised ASEAN version (2014). RCEP: Form RCEP specimen. Japan's form for Thailand: form 11 of
the ordinance on certificates of origin (Appendix 1-A (Japan) of the Operational Procedures).
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from schemas.findings import Finding

Boxes = Mapping[str, str]
"""Pointer, with list indices left out, to the box as printed. The longest pointer that fits counts."""

_SHARED = {
    "/exporter": "1",
    "/consignee": "2",
    "/exhibition": "2",
}

FORM_D: Boxes = _SHARED | {
    "/transport": "3",
    "/officialUse": "4",
    "/items": "5",
    "/items/number": "5",
    "/items/marksAndNumbers": "6",
    "/items/packages": "7",
    "/items/description": "7",
    "/items/hsCode": "7",
    "/items/hsEdition": "7",
    "/thirdCountryInvoice": "7",
    "/originalProof": "7",
    "/items/originCriterion": "8",
    "/items/grossWeight": "9",
    "/items/quantity": "9",
    "/items/fobValue": "9",
    "/items/invoiceNumber": "10",
    "/invoices": "10",
    "/declaration": "11",
    "/certification": "12",
    "/replaces": "12",
    "/tickBoxes": "13",
}

FORM_AJ: Boxes = FORM_D

RCEP_FORM: Boxes = _SHARED | {
    "/producer": "3",
    "/producerWithheld": "3",
    "/transport": "4",
    "/officialUse": "5",
    "/items": "6",
    "/items/number": "6",
    "/items/marksAndNumbers": "7",
    "/items/packages": "8",
    "/items/description": "8",
    "/items/hsCode": "9",
    "/items/hsEdition": "9",
    "/items/originCriterion": "10",
    "/items/originCountry": "11",
    "/items/grossWeight": "12",
    "/items/quantity": "12",
    "/items/fobValue": "12",
    "/items/invoiceNumber": "13",
    "/invoices": "13",
    "/remarks": "14",
    "/thirdCountryInvoice": "14",
    "/originalProof": "14",
    "/declaration": "15",
    "/certification": "16",
    "/replaces": "16",
    "/tickBoxes": "17",
}

FORM_OF_JAPAN: Boxes = _SHARED | {
    "/transport": "3",
    "/items": "4",
    "/items/originCriterion": "5",
    "/items/grossWeight": "6",
    "/items/quantity": "6",
    "/items/invoiceNumber": "7",
    "/invoices": "7",
    "/remarks": "8",
    "/thirdCountryInvoice": "8",
    "/tickBoxes": "8",
    "/replaces": "8",
    "/declaration": "9",
    "/certification": "10",
}
"""The form that Japan issues under its agreements with one partner: ten boxes, none to tick; what other forms tick
stands in words in the box of remarks. It has none for the importing customs."""

NOT_ON_FORM_OF_JAPAN = frozenset(
    {"/producer", "/producerWithheld", "/exhibition", "/originalProof", "/officialUse", "/items/originCountry"}
)
"""Parts of a certificate that this form has no box for."""

_INDEX = re.compile(r"/[0-9]+(?=/|$)")


def box_of(pointer: str, boxes: Boxes) -> str:
    """The box that a JSON Pointer falls into, or nothing (the number of the certificate stands above the boxes)."""
    place = _INDEX.sub("", pointer)
    while place:
        if place in boxes:
            return boxes[place]
        place = place.rpartition("/")[0]
    return ""


def with_box(found: Finding, boxes: Boxes, pointer: str | None = None) -> Finding:
    """The finding with the box it falls into, unless it names one. `pointer` is its place, where it points by XPath."""
    if found.box:
        return found
    box = box_of(found.pointer if pointer is None else pointer, boxes)
    return replace(found, box=box) if box else found
