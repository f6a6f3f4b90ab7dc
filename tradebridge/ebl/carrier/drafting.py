"""From shipping instructions to a transport document: the draft, its date of issue, its amended version. Pure.

1. What both documents know is taken over as the shipper gave it, in its order. What only instructions know (the party
   to issue to, seller and buyer, texts for customs, house bills) stays there.
2. What only the carrier knows comes from the booking and from the carrier: voyage, containers, terms, issuing party.
3. A consignee or endorsee whom the shipper named without a code gets the carrier's own customer code: the transport
   document requires one.
4. Dates are those of issue: shipped on board or received for shipment, as the document's type says.
5. A new version of an issued document has a reference of its own: `SIML000001-2`. An issuing platform refuses a
   reference that it has seen.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.outline import Outline, outline_of
from schemas.bill_of_lading.pint import checksum
from tradebridge.ebl.carrier.settings import Booking, Settings

TRANSIT_DAYS = 10
NOT_TAKEN_OVER = frozenset({"transportDocumentReference", "transportDocumentStatus", "feedbacks"})
TYPES = {
    "receiptTypeAtOrigin": "CY",
    "deliveryTypeAtDestination": "CY",
    "cargoMovementTypeAtOrigin": "FCL",
    "cargoMovementTypeAtDestination": "FCL",
}


@dataclass(frozen=True, slots=True)
class UnknownBooking:
    """No confirmed booking of this reference: nothing can be drafted."""

    reference: str
    pointer: str


def booking_of(instructions: Mapping[str, Any], settings: Settings) -> Booking | UnknownBooking:
    """The booking of the first consignment item; the others must be known as well."""
    found: list[Booking] = []
    for index, item in enumerate(instructions["consignmentItems"]):
        reference = item["carrierBookingReference"]
        booking = settings.bookings.get(reference, settings.booking)
        if booking is None:
            return UnknownBooking(reference, f"/consignmentItems/{index}/carrierBookingReference")
        found.append(booking)
    return found[0]


def draft(
    instructions: Mapping[str, Any], booking: Booking, settings: Settings, *, reference: str, today: date
) -> dict[str, Any]:
    """The transport document, in status DRAFT. `instructions` are of the right shape, with their own reference."""
    prepared = deepcopy(dict(instructions))
    prepared["utilizedTransportEquipments"] = [
        _equipment(each, booking) for each in prepared["utilizedTransportEquipments"]
    ]
    _fill_packaging(prepared, booking)
    outline = outline_of(TransportDocument)
    taken = {name: each for name, each in _projected(prepared, outline).items() if name not in NOT_TAKEN_OVER}
    made = {"transportDocumentReference": reference, "transportDocumentStatus": "DRAFT"} | taken | TYPES
    made["documentParties"] = _parties(made["documentParties"], prepared, settings)
    made["transports"] = _transports(booking, today)
    made["termsAndConditions"] = settings.terms_and_conditions
    made["carrierCode"] = settings.carrier_code
    made["carrierCodeListProvider"] = settings.carrier_code_list_provider
    made.setdefault("invoicePayableAt", _payable_at(made))
    return made | booking.members


def issued(document: Mapping[str, Any], today: date, loaded_on: date | None = None) -> dict[str, Any]:
    """The document as the carrier issues and signs it (rule 4)."""
    on_board = document["isShippedOnBoardType"]
    dated, other = ("shippedOnBoardDate", "receivedForShipmentDate")[:: 1 if on_board else -1]
    made = {name: value for name, value in document.items() if name != other}
    when = str(loaded_on or today)
    return made | {
        "transportDocumentStatus": "ISSUED",
        "issueDate": str(today),
        dated: when if loaded_on else made.get(dated, when),
    }


def amended(document: Mapping[str, Any], version: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a new version (rule 5); `changes` are members that it has in the place of the old ones."""
    old = str(document["transportDocumentReference"])
    stem = old.rpartition("-")[0] if version > 2 else old
    dates = {"issueDate", "feedbacks"}
    made = {name: value for name, value in (dict(document) | dict(changes)).items() if name not in dates}
    return made | {"transportDocumentReference": f"{stem}-{version}", "transportDocumentStatus": "APPROVED"}


def _projected(value: Mapping[str, Any], outline: Outline) -> dict[str, Any]:
    """The members that the outline knows, all the way down; `null` is no value."""
    return {
        name: _projected_value(each, outline.members[name].outline)
        for name, each in value.items()
        if name in outline.members and each is not None
    }


def _projected_value(value: Any, outline: Outline | None) -> Any:
    if outline is None:
        return value
    if isinstance(value, list):
        return [_projected_value(each, outline) for each in value]
    return _projected(value, outline) if isinstance(value, dict) else value


def _equipment(given: Mapping[str, Any], booking: Booking) -> dict[str, Any]:
    """A container: the shipper's own as declared, the carrier's from the booking."""
    reference = given["equipment"]["equipmentReference"] if given.get("equipment") else given["equipmentReference"]
    equipment = given.get("equipment") or {"equipmentReference": reference, "ISOEquipmentCode": booking.equipment_code}
    known = booking.equipments.get(reference, {})
    return {**given, **known, "equipment": equipment | known.get("equipment", {})}


def _fill_packaging(instructions: dict[str, Any], booking: Booking) -> None:
    if booking.outer_packaging is None:
        return
    for item in instructions["consignmentItems"]:
        for cargo in item["cargoItems"]:
            cargo["outerPackaging"] = {**booking.outer_packaging, **(cargo.get("outerPackaging") or {})}


def _parties(given: Mapping[str, Any], instructions: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    parties = dict(given)
    for role in ("consignee", "endorsee"):
        party = parties.get(role)
        if party is not None and not party.get("identifyingCodes"):
            parties[role] = party | {"identifyingCodes": [_customer_code(party, settings)]}
    parties["issuingParty"] = settings.issuing_party
    if instructions.get("isCarriersAgentAtDestinationRequired") and settings.agent_at_destination is not None:
        parties["carriersAgentAtDestination"] = settings.agent_at_destination
    return parties


def _customer_code(party: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """The carrier's own number of a customer, drawn from its name (modelled)."""
    number = checksum({"partyName": party["partyName"]})[:8].upper()
    return {"codeListProvider": "ZZZ", "partyCode": number, "codeListName": f"{settings.carrier_code} customers"}


def _transports(booking: Booking, today: date) -> dict[str, Any]:
    dates = {
        "plannedDepartureDate": str(today),
        "plannedArrivalDate": str(today + timedelta(days=TRANSIT_DAYS)),
    }
    return dates | booking.transports


def _payable_at(document: Mapping[str, Any]) -> dict[str, str]:
    """Freight is paid where the goods are loaded if prepaid, else where they are discharged."""
    prepaid = document.get("freightPaymentTermCode") != "COL"
    port = document["transports"]["portOfLoading" if prepaid else "portOfDischarge"]
    code = port.get("UNLocationCode")
    return {"UNLocationCode": code} if code else {"freeText": str(port.get("locationName", "as agreed"))[:35]}
