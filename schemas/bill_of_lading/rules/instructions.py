"""What only shipping instructions have: advance manifests and house bills of lading (ICS2)."""

from collections.abc import Iterator
from typing import Any

from schemas.bill_of_lading.model import AdvanceManifestFiling, ShippingInstructions
from schemas.bill_of_lading.places import PlaceHBL
from schemas.bill_of_lading.reach import cargo_items, house_bills, kilograms
from schemas.bill_of_lading.rules.making import ABSENT, SHIPPERS, Sample, breaks, dcsa, modelled, ours
from schemas.bill_of_lading.values import FilingPerformedBy
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

UNCOUNTED = {"VY", "VS", "VR", "VQ", "VO", "VL", "NG", "NF", "NE", "VG"}
"""Packages of Recommendation 21 that have no number: bulk and unpacked."""
BETWEEN = {"DDR", "DDS", "CS"}
"""Functions of parties that are not the ultimate recipient: forwarders of either side, and the consolidator."""
HAIR = 1e-9
"""What the conversion of pounds may add."""
SELF_FILED = {"ACE": "US", "ACI": "CA"}
"""Manifests whose filer must be named, and of which country."""


def _filings(lading: ShippingInstructions) -> Iterator[tuple[str, AdvanceManifestFiling]]:
    for at, filing in enumerate(lading.advance_manifest_filings or ()):
        yield f"/advanceManifestFilings/{at}", filing


def _carrier_files_ens(lading: ShippingInstructions) -> bool:
    by_carrier = FilingPerformedBy.CARRIER
    return any(
        filing.manifest_type_code == "ENS" and filing.advance_manifest_filings_house_bl_performed_by == by_carrier
        for _, filing in _filings(lading)
    )


def self_filer_missing(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, filing in _filings(lading):
        country = SELF_FILED.get(filing.manifest_type_code)
        himself = filing.advance_manifest_filings_house_bl_performed_by == FilingPerformedBy.SELF
        if country and filing.country_code in (country, None) and himself and filing.self_filer_code is None:
            found = f"none, with {filing.manifest_type_code} filed by SELF"
            yield Violation(f"{pointer}/selfFilerCode", found=found, expected="the filer's code")


def filer_number_missing(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, filing in _filings(lading):
        himself = filing.advance_manifest_filings_house_bl_performed_by == FilingPerformedBy.SELF
        if filing.manifest_type_code == "ENS" and himself and filing.identification_number is None:
            where = f"{pointer}/identificationNumber"
            yield Violation(where, found="none, with ENS filed by SELF", expected="the number")


def house_bills_undeclared(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    if lading.is_house_bill_of_ladings_issued is None and any(
        f.manifest_type_code == "ENS" for _, f in _filings(lading)
    ):
        found = "none, with an ENS filing"
        where = "/isHouseBillOfLadingsIssued"
        yield Violation(where, found=found, expected="true or false")


def house_bills_denied(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    if lading.is_house_bill_of_ladings_issued is False and lading.house_bill_of_ladings:
        found = f"false, with {len(lading.house_bill_of_ladings)} of them"
        yield Violation("/isHouseBillOfLadingsIssued", found=found, expected="true")


def buyer_and_seller(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    if not _carrier_files_ens(lading):
        return
    if lading.is_cargo_delivered_in_ics2_zone and lading.is_house_bill_of_ladings_issued is False:
        for name in ("buyer", "seller"):
            if getattr(lading.document_parties, name) is None:
                yield Violation(f"/documentParties/{name}", found="none", expected=f"the {name}")
    for pointer, house in house_bills(lading):
        for name in ("buyer", "seller"):
            if house.is_cargo_delivered_in_ics2_zone and getattr(house.document_parties, name) is None:
                where = f"{pointer}/documentParties/{name}"
                yield Violation(where, found="none", expected=f"the {name}")


def house_notify_party(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, house in house_bills(lading):
        if house.is_to_order and house.document_parties.notify_party is None:
            where = f"{pointer}/documentParties/notifyParty"
            yield Violation(where, found="none, with isToOrder true", expected="a notify party")


def house_routing(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, house in house_bills(lading):
        countries = house.routing_of_consignment_countries
        ends = ((0, "first", house.place_of_acceptance), (-1, "last", house.place_of_final_delivery))
        for at, which, place in ends:
            country = _country(place)
            if country is not None and countries[at] != country:
                where = f"{pointer}/routingOfConsignmentCountries/{at % len(countries)}"
                yield Violation(where, found=countries[at], expected=f"{country} as the {which}")


def _country(place: PlaceHBL | None) -> str | None:
    if place is None:
        return None
    return place.country_code or (place.un_location_code or "")[:2] or None


def house_place(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, house in house_bills(lading):
        places = {"placeOfAcceptance": house.place_of_acceptance, "placeOfFinalDelivery": house.place_of_final_delivery}
        for name, place in places.items():
            if place is None or place.un_location_code is not None:
                continue
            for member, value in (("locationName", place.location_name), ("countryCode", place.country_code)):
                if value is None:
                    where = f"{pointer}/{name}/{member}"
                    yield Violation(where, found="none", expected="the member, or UNLocationCode")


def house_packages(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, house in house_bills(lading):
        for at, consignment in enumerate(house.consignment_items):
            for inside, item in enumerate(consignment.cargo_items):
                packaging = item.outer_packaging
                if packaging.number_of_packages is None and packaging.package_code not in UNCOUNTED:
                    where = f"{pointer}/consignmentItems/{at}/cargoItems/{inside}/outerPackaging/numberOfPackages"
                    found = f"none, with {packaging.package_code}"
                    yield Violation(where, found=found, expected="the number of packages")


def house_bill_unknown(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    known = {house.house_bill_of_lading_reference for _, house in house_bills(lading)}
    for at, consignment in enumerate(lading.consignment_items):
        for inside, item in enumerate(consignment.cargo_items):
            reference = item.house_bill_of_lading_reference
            if reference is not None and reference not in known:
                where = f"/consignmentItems/{at}/cargoItems/{inside}/houseBillOfLadingReference"
                expected = "one of " + ", ".join(sorted(known)) if known else "a house bill of lading"
                yield Violation(where, found=reference, expected=expected)


def house_consignee(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, house in house_bills(lading):
        parties = house.document_parties
        between = {each.party.party_name.casefold() for each in parties.other or () if each.party_function in BETWEEN}
        if parties.consignee is not None and parties.consignee.party_name.casefold() in between:
            where = f"{pointer}/documentParties/consignee/partyName"
            yield Violation(where, found=parties.consignee.party_name, expected="the ultimate recipient")


def filing_twice(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    seen: set[tuple[str, str | None]] = set()
    for pointer, filing in _filings(lading):
        what = (filing.manifest_type_code, filing.country_code)
        if what in seen:
            yield Violation(pointer, found=" ".join(filter(None, what)), expected="each manifest and country once")
        seen.add(what)


def house_over_master(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    """In each container: what the house bills declare against what the master declares."""
    master: dict[str, float] = {}
    for _, item in cargo_items(lading):
        weight = kilograms(item.cargo_gross_weight)
        master[item.equipment_reference] = master.get(item.equipment_reference, 0) + weight
    houses: dict[str, float] = {}
    for pointer, house in house_bills(lading):
        for at, consignment in enumerate(house.consignment_items):
            for inside, part in enumerate(consignment.cargo_items):
                number, most = part.equipment_reference, master.get(part.equipment_reference)
                houses[number] = houses.get(number, 0) + kilograms(part.cargo_gross_weight)
                if most is not None and houses[number] > most * (1 + HAIR):
                    where = f"{pointer}/consignmentItems/{at}/cargoItems/{inside}/cargoGrossWeight/value"
                    found = f"{houses[number]:.10g} kg in {number}"
                    yield Violation(where, found=found, expected=f"at most {most:.10g} kg, as the master says")


CONTAINER = "SIMU0000007"
INSIDE = "/consignmentItems/0/cargoItems/0/equipmentReference"
HOUSE = "/houseBillOfLadings/0"
FILING = "/advanceManifestFilings/0"
WITH_HOUSE_BILL: dict[str, Any] = {
    "/isHouseBillOfLadingsIssued": True,
    "/advanceManifestFilings": [
        {
            "manifestTypeCode": "ENS",
            "countryCode": "NL",
            "advanceManifestFilingsHouseBLPerformedBy": "SELF",
            "identificationNumber": "NL000000001",
        }
    ],
    "/houseBillOfLadings": [
        {
            "houseBillOfLadingReference": "HOUSE1",
            "isToOrder": True,
            "methodOfPayment": "A",
            "isCargoDeliveredInICS2Zone": False,
            "placeOfAcceptance": {"locationName": "Singapore", "countryCode": "SG"},
            "placeOfFinalDelivery": {"UNLocationCode": "NLRTM"},
            "routingOfConsignmentCountries": ["SG", "NL"],
            "documentParties": {
                "shipper": {"partyName": "Example House Shipper", "typeOfPerson": "LEGAL_PERSON"},
                "notifyParty": {
                    "partyName": "Example House Consignee",
                    "typeOfPerson": "LEGAL_PERSON",
                    "partyContactDetails": [{"name": "Import desk", "email": "import@house.example"}],
                },
            },
            "consignmentItems": [
                {
                    "descriptionOfGoods": "Wooden dining chairs",
                    "nationalCommodityCode": {"type": "TARIC", "countryCode": "NL", "values": ["9401690000"]},
                    "cargoItems": [
                        {
                            "equipmentReference": CONTAINER,
                            "cargoGrossWeight": {"value": 4000, "unit": "KGM"},
                            "outerPackaging": {"packageCode": "CT", "numberOfPackages": 400},
                        }
                    ],
                }
            ],
            "utilizedTransportEquipments": [
                {
                    "equipmentReference": CONTAINER,
                    "isShipperOwned": False,
                    "ISOEquipmentCode": "45G1",
                    "emptyIndicatorCode": "LADEN",
                }
            ],
        }
    ],
}
"""Changes that add a house bill of lading and an entry summary declaration, with nothing wrong in them."""


def _breaks(changes: dict[str, Any]) -> Sample:
    return breaks({**WITH_HOUSE_BILL, **changes})


RULES = (
    Rule(
        dcsa(
            "self-filer-missing",
            "A filer of its own manifest in the US or Canada is not named.",
            "Add selfFilerCode.",
            "AdvanceManifestFiling.selfFilerCode",
        ),
        SHIPPERS,
        self_filer_missing,
        _breaks(
            {
                FILING: {
                    "manifestTypeCode": "ACE",
                    "countryCode": "US",
                    "advanceManifestFilingsHouseBLPerformedBy": "SELF",
                }
            }
        ),
    ),
    Rule(
        dcsa(
            "filer-number-missing",
            "The filer of an entry summary declaration has no identification number.",
            "Add identificationNumber.",
            "AdvanceManifestFiling.identificationNumber",
        ),
        SHIPPERS,
        filer_number_missing,
        _breaks({f"{FILING}/identificationNumber": ABSENT}),
    ),
    Rule(
        dcsa(
            "house-bills-undeclared",
            "With an entry summary declaration it must be said whether house bills of lading are issued.",
            "Add isHouseBillOfLadingsIssued.",
            "ShippingInstructions.isHouseBillOfLadingsIssued",
        ),
        SHIPPERS,
        house_bills_undeclared,
        _breaks({"/isHouseBillOfLadingsIssued": ABSENT}),
    ),
    Rule(
        ours(
            "house-bills-denied",
            "House bills of lading are given, and isHouseBillOfLadingsIssued is false.",
            "Set it to true, or leave them out.",
        ),
        SHIPPERS,
        house_bills_denied,
        _breaks({"/isHouseBillOfLadingsIssued": False}),
    ),
    Rule(
        dcsa(
            "buyer-and-seller",
            "The carrier files for goods into the ICS2 zone, and buyer or seller is missing.",
            "Name buyer and seller.",
            "Buyer",
        ),
        SHIPPERS,
        buyer_and_seller,
        _breaks(
            {
                f"{FILING}/advanceManifestFilingsHouseBLPerformedBy": "CARRIER",
                f"{HOUSE}/isCargoDeliveredInICS2Zone": True,
            }
        ),
    ),
    Rule(
        dcsa(
            "house-notify-party",
            "A house bill of lading to order names nobody to notify.",
            "Add its notify party.",
            "NotifyPartyHBL",
        ),
        SHIPPERS,
        house_notify_party,
        _breaks({f"{HOUSE}/documentParties/notifyParty": ABSENT}),
    ),
    Rule(
        dcsa(
            "house-routing",
            "The routing does not begin and end in the countries of acceptance and final delivery.",
            "List the countries in the order of the journey, both ends included.",
            "HouseBillOfLading.routingOfConsignmentCountries",
        ),
        SHIPPERS,
        house_routing,
        _breaks({f"{HOUSE}/routingOfConsignmentCountries": ["DE", "NL"]}),
    ),
    Rule(
        dcsa(
            "house-place",
            "A place on a house bill of lading has neither UN/LOCODE nor name and country.",
            "Give UNLocationCode, or locationName with countryCode.",
            "PlaceOfAcceptance.locationName",
        ),
        SHIPPERS,
        house_place,
        _breaks({f"{HOUSE}/placeOfAcceptance": {"countryCode": "SG"}}),
    ),
    Rule(
        dcsa(
            "house-packages",
            "Packages on a house bill of lading are not counted, and are not bulk.",
            "Add numberOfPackages.",
            "OuterPackagingHBL.numberOfPackages",
        ),
        SHIPPERS,
        house_packages,
        _breaks({f"{HOUSE}/consignmentItems/0/cargoItems/0/outerPackaging/numberOfPackages": ABSENT}),
    ),
    Rule(
        modelled(
            "house-bill-unknown",
            "A cargo item names a house bill of lading that is not given.",
            "Add the house bill of lading, or mend the reference.",
            "CargoItemShipper.houseBillOfLadingReference",
        ),
        SHIPPERS,
        house_bill_unknown,
        breaks({"/consignmentItems/0/cargoItems/0/houseBillOfLadingReference": "UNKNOWN"}),
    ),
    Rule(
        dcsa(
            "house-consignee",
            "The consignee of a house bill of lading is its forwarder or consolidator.",
            "Name the ultimate recipient of the cargo.",
            "ConsigneeHBL",
        ),
        SHIPPERS,
        house_consignee,
        _breaks(
            {
                f"{HOUSE}/documentParties/consignee": {
                    "partyName": "Example Forwarder",
                    "typeOfPerson": "LEGAL_PERSON",
                },
                f"{HOUSE}/documentParties/other": [
                    {"party": {"partyName": "Example Forwarder"}, "partyFunction": "DDS"},
                ],
            }
        ),
    ),
    Rule(
        modelled(
            "filing-twice",
            "One manifest of one country is filed twice.",
            "List each manifest with each country once.",
            "AdvanceManifestFiling",
            severity=Severity.WARNING,
        ),
        SHIPPERS,
        filing_twice,
        _breaks({"/advanceManifestFilings/-": WITH_HOUSE_BILL["/advanceManifestFilings"][0]}),
    ),
    Rule(
        ours(
            "house-over-master",
            "The house bills of lading declare more in a container than the master does.",
            "Compare the gross weights of both.",
        ),
        SHIPPERS,
        house_over_master,
        _breaks(
            {
                INSIDE: CONTAINER,
                "/utilizedTransportEquipments/0/equipmentReference": CONTAINER,
                f"{HOUSE}/consignmentItems/0/cargoItems/0/cargoGrossWeight/value": 90000,
            }
        ),
    ),
)
