"""What rules go through in a document: cargo items, containers, parties and places, each with its JSON Pointer."""

from collections.abc import Iterator
from re import Pattern

from schemas.bill_of_lading.cargo import (
    CargoItem,
    CargoItemShipper,
    ConsignmentItem,
    ConsignmentItemShipper,
    DangerousGoods,
    Weight,
)
from schemas.bill_of_lading.equipment import UtilizedTransportEquipment, UtilizedTransportEquipmentShipper
from schemas.bill_of_lading.model import HouseBillOfLading, ShippingInstructions, TransportDocument
from schemas.bill_of_lading.parties import (
    ConsigneeShipper,
    EndorseeShipper,
    IssuingParty,
    NotifyParty,
    OnBehalfOfConsignee,
    OnBehalfOfShipper,
    Party,
    Shipper,
    ShippingInstructionsRequestor,
)
from schemas.bill_of_lading.places import OnwardInlandRouting, Place, Port
from schemas.bill_of_lading.values import WeightUnit

Lading = TransportDocument | ShippingInstructions
Container = UtilizedTransportEquipment | UtilizedTransportEquipmentShipper
NamedParty = (
    Shipper
    | OnBehalfOfShipper
    | ConsigneeShipper
    | OnBehalfOfConsignee
    | EndorseeShipper
    | NotifyParty
    | Party
    | IssuingParty
    | ShippingInstructionsRequestor
)
"""The parties that must have an address or a code."""

KILOGRAMS_IN_A_POUND = 0.45359237


def kilograms(weight: Weight) -> float:
    return weight.value * KILOGRAMS_IN_A_POUND if weight.unit == WeightUnit.POUND else weight.value


def fits(pattern: Pattern[str], text: str) -> bool:
    """Whether the whole text has the form. Formatting it first lets an unreadable text end the rule."""
    return pattern.fullmatch(f"{text}") is not None


def consignments(lading: Lading) -> Iterator[tuple[str, ConsignmentItem | ConsignmentItemShipper]]:
    items: tuple[ConsignmentItem | ConsignmentItemShipper, ...] = lading.consignment_items
    for at, item in enumerate(items):
        yield f"/consignmentItems/{at}", item


def cargo_items(lading: Lading) -> Iterator[tuple[str, CargoItem | CargoItemShipper]]:
    for pointer, consignment in consignments(lading):
        items: tuple[CargoItem | CargoItemShipper, ...] = consignment.cargo_items
        for at, item in enumerate(items):
            yield f"{pointer}/cargoItems/{at}", item


def dangerous_goods(lading: Lading) -> Iterator[tuple[str, CargoItem, DangerousGoods]]:
    """Only a transport document has them; instructions leave them to the booking."""
    if isinstance(lading, TransportDocument):
        for at, consignment in enumerate(lading.consignment_items):
            for inside, item in enumerate(consignment.cargo_items):
                for deep, goods in enumerate(item.outer_packaging.dangerous_goods or ()):
                    place = f"/consignmentItems/{at}/cargoItems/{inside}/outerPackaging/dangerousGoods/{deep}"
                    yield place, item, goods


def containers(lading: Lading) -> Iterator[tuple[str, str, Container]]:
    """Pointer to the container, its number, and the container."""
    boxes: tuple[Container, ...] = lading.utilized_transport_equipments
    for at, each in enumerate(boxes):
        yield f"/utilizedTransportEquipments/{at}", each.reference, each


def house_bills(lading: Lading) -> Iterator[tuple[str, HouseBillOfLading]]:
    if isinstance(lading, ShippingInstructions):
        for at, each in enumerate(lading.house_bill_of_ladings or ()):
            yield f"/houseBillOfLadings/{at}", each


def named_parties(lading: Lading) -> Iterator[tuple[str, NamedParty]]:
    parties = lading.document_parties
    single: dict[str, NamedParty | None] = {
        "shipper": parties.shipper,
        "onBehalfOfShipper": parties.on_behalf_of_shipper,
        "consignee": parties.consignee,
        "onBehalfOfConsignee": parties.on_behalf_of_consignee,
        "endorsee": parties.endorsee,
    }
    if isinstance(lading, TransportDocument):
        single["issuingParty"] = lading.document_parties.issuing_party
    else:
        single["shippingInstructionsRequestor"] = lading.document_parties.shipping_instructions_requestor
    for name, party in single.items():
        if party is not None:
            yield f"/documentParties/{name}", party
    for at, notify in enumerate(parties.notify_parties or ()):
        yield f"/documentParties/notifyParties/{at}", notify
    for at, other in enumerate(parties.other or ()):
        yield f"/documentParties/other/{at}/party", other.party


def ports(lading: TransportDocument) -> Iterator[tuple[str, Port]]:
    yield "/transports/portOfLoading", lading.transports.port_of_loading
    yield "/transports/portOfDischarge", lading.transports.port_of_discharge


def places(lading: TransportDocument) -> Iterator[tuple[str, Place | OnwardInlandRouting]]:
    """Beside the ports."""
    transports = lading.transports
    by_name: dict[str, Place | OnwardInlandRouting | None] = {
        "placeOfReceipt": transports.place_of_receipt,
        "placeOfDelivery": transports.place_of_delivery,
        "onwardInlandRouting": transports.onward_inland_routing,
    }
    for name, place in by_name.items():
        if place is not None:
            yield f"/transports/{name}", place
