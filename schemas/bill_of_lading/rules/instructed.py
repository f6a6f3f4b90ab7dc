"""A transport document beside the shipping instructions that it was made by: what DCSA says must be carried over.

Which revision of the instructions the carrier worked by cannot be known for certain: all of these are warnings.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from schemas.bill_of_lading.cargo import License
from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import shipping_instructions
from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.bill_of_lading.reach import cargo_items, consignments, kilograms, named_parties
from schemas.bill_of_lading.rules.making import ABSENT, CARRIERS, breaks, dcsa, modelled
from schemas.findings import Kind, Severity
from schemas.registry import Context, Document, Reference, Related, Relation
from schemas.rules import Check, Layer, Rule, Unreadable, Violation

Compare = Callable[[TransportDocument, ShippingInstructions], Iterator[Violation]]


def references(document: Document) -> tuple[Reference, ...]:
    """The instructions of a transport document, as far as it names them."""
    try:
        number = getattr(document, "shipping_instructions_reference", None)
        if not isinstance(document, TransportDocument) or not number:
            return ()
        return (Reference(Relation.INSTRUCTIONS, ("dcsa-shipping-instructions",), str(number), backwards=True),)
    except Unreadable:
        return ()


def displayed_address(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    given = dict(named_parties(document))
    for pointer, party in named_parties(asked):
        lines = getattr(party, "displayed_address", None)
        if lines and pointer in given and _lines(getattr(given[pointer], "displayed_address", None)) != _lines(lines):
            shown = getattr(given[pointer], "displayed_address", None)
            yield Violation(f"{pointer}/displayedAddress", found=_text(shown), expected=_text(lines))


_PLACES = {
    "displayedNameForPlaceOfReceipt": "displayed_name_for_place_of_receipt",
    "displayedNameForPortOfLoad": "displayed_name_for_port_of_load",
    "displayedNameForPortOfDischarge": "displayed_name_for_port_of_discharge",
    "displayedNameForPlaceOfDelivery": "displayed_name_for_place_of_delivery",
}


def displayed_name(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    for member, name in _PLACES.items():
        lines, shown = getattr(asked, name), getattr(document, name)
        if lines and _lines(shown) != _lines(lines):
            yield Violation(f"/{member}", found=_text(shown), expected=_text(lines))


def lines_in_another_order(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    theirs = [item for _, item in consignments(asked)]
    for at, (pointer, item) in enumerate(consignments(document)):
        if at < len(theirs):
            for member, name in (("descriptionOfGoods", "description_of_goods"), ("shippingMarks", "shipping_marks")):
                wanted, given = _lines(getattr(theirs[at], name)), _lines(getattr(item, name))
                if given != wanted and sorted(given) == sorted(wanted):
                    yield Violation(f"{pointer}/{member}", found=_text(given), expected=_text(wanted))
    notify = [f"{party.party_name}" for party in document.document_parties.notify_parties or ()]
    first = [party.party_name for party in asked.document_parties.notify_parties or ()]
    if notify != first and sorted(notify) == sorted(first):
        yield Violation("/documentParties/notifyParties", found=", ".join(notify), expected=", ".join(first))


def license_left_out(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    for way in ("export", "import"):
        given: License | None = getattr(document, f"{way}_license")
        wanted: License | None = getattr(asked, f"{way}_license")
        if wanted is not None and wanted.reference is not None and (given is None or given.reference is None):
            yield Violation(f"/{way}License", found="none", expected=wanted.reference)


def agent_left_out(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    agent = document.document_parties.carriers_agent_at_destination
    if asked.is_carriers_agent_at_destination_required and agent is None:
        yield Violation("/documentParties/carriersAgentAtDestination", found="none", expected="the agent")


def other_kind(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    kinds = {
        "transportDocumentTypeCode": "transport_document_type_code",
        "isToOrder": "is_to_order",
        "isElectronic": "is_electronic",
        "isShippedOnBoardType": "is_shipped_on_board_type",
    }
    for member, name in kinds.items():
        given, wanted = getattr(document, name), getattr(asked, name)
        if given != wanted:
            yield Violation(f"/{member}", found=_value(given), expected=_value(wanted))


def other_totals(document: TransportDocument, asked: ShippingInstructions) -> Iterator[Violation]:
    """Packages and gross weight, of all cargo items together."""
    given, wanted = _totals(document), _totals(asked)
    if given[0] != wanted[0] and None not in wanted:
        yield Violation("/consignmentItems", found=f"{given[0]} packages", expected=f"{wanted[0]} packages")
    if abs((given[1] or 0) - (wanted[1] or 0)) > GRAM:
        found, expected = f"{given[1]:.10g} kg", f"{wanted[1]:.10g} kg"
        yield Violation("/consignmentItems", found=found, expected=expected)


def _totals(lading: TransportDocument | ShippingInstructions) -> tuple[int | None, float]:
    items = [item for _, item in cargo_items(lading)]
    packages = [item.outer_packaging.number_of_packages for item in items if item.outer_packaging is not None]
    counted = sum(packages) if len(packages) == len(items) else None
    return counted, sum(kilograms(item.cargo_gross_weight) for item in items)


def _lines(lines: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(lines or ())


def _text(lines: tuple[str, ...] | None) -> str:
    return " / ".join(f"{line}" for line in lines or ()) or "none"


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


GRAM = 0.0015
"""Kilograms: what three decimals and the conversion of pounds may cost."""
LICENSE = {"reference": "EX-1", "expiryDate": "2027-01-01"}
ADDRESS = ["Example Trading", "as on the credit"]


def _beside(compare: Compare) -> Check[TransportDocument]:
    def checked(document: TransportDocument, context: Context) -> Iterator[Violation]:
        related = context.related.get(Relation.INSTRUCTIONS)
        if related is not None and isinstance(related.document, ShippingInstructions):
            yield from compare(document, related.document)

    return checked


def _rule(kind: Kind, compare: Compare, passing: dict[str, Any], asked: dict[str, Any], failing: dict[str, Any]) -> Any:
    """A rule with its samples: changes to the example, to the instructions beside both, and to the passing one."""

    def setting(document: TransportDocument, context: Context) -> Context:
        made = breaks({}, instructions=asked)(_asked_by(document))
        return replace(context, related={Relation.INSTRUCTIONS: Related(made, "live")})

    return Rule(
        kind,
        CARRIERS,
        _beside(compare),
        breaks(failing),
        Layer.OTHERS,
        breaks({"/shippingInstructionsReference": "SI-1", **passing}),
        setting,
    )


def _asked_by(document: TransportDocument) -> ShippingInstructions:
    """Instructions that ask for just this document, as far as these rules look."""
    value = orjson.loads(encode(shipping_instructions()))
    given = orjson.loads(encode(document))
    for member in ("transportDocumentTypeCode", "isToOrder", "isElectronic", "isShippedOnBoardType"):
        value[member] = given[member]
    value["consignmentItems"] = given["consignmentItems"]
    value["documentParties"] |= {"notifyParties": given["documentParties"].get("notifyParties", [])}
    value["shippingInstructionsReference"] = given["shippingInstructionsReference"]
    return ShippingInstructions.model_validate(value, by_alias=True, by_name=False)


RULES = (
    _rule(
        dcsa(
            "displayed-address-left-out",
            "The shipping instructions give an address as it is to be displayed, and the document shows another.",
            "Take displayedAddress over from the shipping instructions, line by line.",
            "Shipper.displayedAddress",
            Severity.WARNING,
        ),
        displayed_address,
        {"/documentParties/shipper/displayedAddress": ADDRESS},
        {"/documentParties/shipper/displayedAddress": ADDRESS},
        {"/documentParties/shipper/displayedAddress": list(reversed(ADDRESS))},
    ),
    _rule(
        dcsa(
            "displayed-name-left-out",
            "The shipping instructions say how a place is to be displayed, and the document shows it otherwise.",
            "Take the displayed name over from the shipping instructions, line by line.",
            "TransportDocument.displayedNameForPortOfLoad",
            Severity.WARNING,
        ),
        displayed_name,
        {"/displayedNameForPortOfLoad": ["Port of Singapore"]},
        {"/displayedNameForPortOfLoad": ["Port of Singapore"]},
        {"/displayedNameForPortOfLoad": ABSENT},
    ),
    _rule(
        dcsa(
            "lines-in-another-order",
            "Lines of the shipping instructions stand in another order; their order must be kept.",
            "Take the lines over in the order in which the shipper gave them.",
            "ConsignmentItem.descriptionOfGoods",
            Severity.WARNING,
        ),
        lines_in_another_order,
        {"/consignmentItems/0/descriptionOfGoods": ["Wooden chairs", "for dining"]},
        {"/consignmentItems/0/descriptionOfGoods": ["Wooden chairs", "for dining"]},
        {"/consignmentItems/0/descriptionOfGoods": ["for dining", "Wooden chairs"]},
    ),
    _rule(
        dcsa(
            "license-left-out",
            "The shipping instructions name a licence, and the document does not.",
            "Take exportLicense and importLicense over.",
            "ExportLicense",
            Severity.WARNING,
        ),
        license_left_out,
        {"/exportLicense": LICENSE},
        {"/exportLicense": LICENSE},
        {"/exportLicense": ABSENT},
    ),
    _rule(
        dcsa(
            "agent-left-out",
            "The shipping instructions ask for the carrier's agent at destination, and the document names none.",
            "Add carriersAgentAtDestination.",
            "ShippingInstructions.isCarriersAgentAtDestinationRequired",
            Severity.WARNING,
        ),
        agent_left_out,
        {
            "/documentParties/carriersAgentAtDestination": {
                "partyName": "Example Agency",
                "address": {"street": "Quay", "streetNumber": "1", "city": "Tokyo", "countryCode": "JP"},
                "partyContactDetails": [{"name": "Import desk", "email": "import@agency.example"}],
            }
        },
        {"/isCarriersAgentAtDestinationRequired": True},
        {"/documentParties/carriersAgentAtDestination": ABSENT},
    ),
    _rule(
        modelled(
            "other-kind-than-instructed",
            "The document is of another kind than the shipping instructions ask for.",
            "Issue what was asked for, or ask the shipper for new instructions.",
            "CreateShippingInstructions",
            severity=Severity.WARNING,
        ),
        other_kind,
        {},
        {},
        {"/isElectronic": False},
    ),
    _rule(
        modelled(
            "other-totals-than-instructed",
            "Packages or weight of the document are not those of the shipping instructions.",
            "Compare the cargo items of both.",
            "CreateShippingInstructions",
            severity=Severity.WARNING,
        ),
        other_totals,
        {},
        {},
        {"/consignmentItems/0/cargoItems/0/outerPackaging/numberOfPackages": 7},
    ),
)
