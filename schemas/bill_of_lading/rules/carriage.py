"""From where to where, when, and by what: ports, places, dates and modes of a transport document."""

import re
from collections.abc import Iterator

from schemas.bill_of_lading.cargo import License
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.places import Place
from schemas.bill_of_lading.reach import cargo_items, consignments, fits, places, ports
from schemas.bill_of_lading.rules.making import CARRIERS, breaks, dcsa, modelled, ours
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]+)?")


def arrival_before_departure(document: TransportDocument, context: Context) -> Iterator[Violation]:
    departure, arrival = document.transports.planned_departure_date, document.transports.planned_arrival_date
    if arrival < departure:
        place = "/transports/plannedArrivalDate"
        yield Violation(place, found=arrival, expected=f"{departure} or later")


def carriage_without_place(document: TransportDocument, context: Context) -> Iterator[Violation]:
    transports = document.transports
    if transports.pre_carriage_by is not None and transports.place_of_receipt is None:
        yield _without_place("placeOfReceipt", "preCarriageBy", transports.pre_carriage_by)
    if transports.on_carriage_by is not None and transports.place_of_delivery is None:
        yield _without_place("placeOfDelivery", "onCarriageBy", transports.on_carriage_by)


def place_without_carriage(document: TransportDocument, context: Context) -> Iterator[Violation]:
    transports = document.transports
    if transports.place_of_receipt is not None and transports.pre_carriage_by is None:
        yield _without_mode("preCarriageBy", "placeOfReceipt")
    if transports.place_of_delivery is not None and transports.on_carriage_by is None:
        yield _without_mode("onCarriageBy", "placeOfDelivery")


def _without_mode(mode: str, place: str) -> Violation:
    return Violation(f"/transports/{mode}", found=f"none, with {place}", expected="the mode, or no place")


def _without_place(place: str, mode: str, value: str) -> Violation:
    found = f"none, with {mode} {value}"
    return Violation(f"/transports/{place}", found=found, expected="the place")


def port_unspecified(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, port in ports(document):
        if port.un_location_code is None and port.city is None:
            yield Violation(pointer, found="neither", expected="UNLocationCode or city")


def place_unspecified(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, place in places(document):
        ways = (place.un_location_code, place.facility, place.address, place.address_lines)
        if not any(ways) and not (isinstance(place, Place) and place.geo_coordinate):
            expected = "UNLocationCode, facility, address, addressLines or geoCoordinate"
            yield Violation(pointer, found="none", expected=expected)


def facility_without_location(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, place in places(document):
        if place.facility is not None and place.un_location_code is None:
            found = f"facility {place.facility.facility_code} alone"
            yield Violation(f"{pointer}/UNLocationCode", found=found, expected="the UN/LOCODE")


def facility_with_location(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, place in places(document):
        code, location = place.facility.facility_code if place.facility else None, place.un_location_code
        if code is not None and location is not None and code.startswith(location):
            where = f"{pointer}/facility/facilityCode"
            yield Violation(where, found=code, expected="the facility's own part, without " + location)


def place_in_two_countries(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, port in ports(document):
        if port.city is not None:
            yield from _countries(f"{pointer}/city", port.un_location_code, port.city.country_code)
    for pointer, place in places(document):
        if place.address is not None:
            yield from _countries(f"{pointer}/address", place.un_location_code, place.address.country_code)


def _countries(pointer: str, location: str | None, country: str) -> Iterator[Violation]:
    if location is not None and location[:2] != country:
        yield Violation(
            f"{pointer}/countryCode",
            found=country,
            expected=f"{location[:2]}, as {location}",
        )


def coordinates(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, place in places(document):
        if isinstance(place, Place) and place.geo_coordinate is not None:
            given = {
                "latitude": (place.geo_coordinate.latitude, 90),
                "longitude": (place.geo_coordinate.longitude, 180),
            }
            for name, (degrees, most) in given.items():
                if not fits(DEGREES, degrees) or abs(float(degrees)) > most:
                    where = f"{pointer}/geoCoordinate/{name}"
                    yield Violation(where, found=degrees, expected=f"decimal degrees up to {most}")


def same_port(document: TransportDocument, context: Context) -> Iterator[Violation]:
    loading, discharge = document.transports.port_of_loading, document.transports.port_of_discharge
    if loading.un_location_code is not None and loading.un_location_code == discharge.un_location_code:
        found = loading.un_location_code
        yield Violation("/transports/portOfDischarge/UNLocationCode", found=found, expected="another port")


def export_license(document: TransportDocument, context: Context) -> Iterator[Violation]:
    departure = document.transports.planned_departure_date
    for pointer, license_ in _licenses(document, "export"):
        if license_.expiry_date is not None and license_.expiry_date < departure:
            expected = f"{departure} (departure) or later"
            yield Violation(f"{pointer}/expiryDate", found=license_.expiry_date, expected=expected)


def import_license(document: TransportDocument, context: Context) -> Iterator[Violation]:
    arrival = document.transports.planned_arrival_date
    for pointer, license_ in _licenses(document, "import"):
        if license_.expiry_date is not None and license_.expiry_date < arrival:
            expected = f"{arrival} (arrival) or later"
            yield Violation(f"{pointer}/expiryDate", found=license_.expiry_date, expected=expected)


def license_dates(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for way in ("export", "import"):
        for pointer, license_ in _licenses(document, way):
            issued, expires = license_.issue_date, license_.expiry_date
            if issued is not None and expires is not None and expires < issued:
                yield Violation(f"{pointer}/expiryDate", found=expires, expected=f"{issued} or later")


def _licenses(document: TransportDocument, way: str) -> Iterator[tuple[str, License]]:
    """Of the document, its consignment items and its cargo items."""
    member = f"{way}_license"
    for holders in ((("", document),), consignments(document), cargo_items(document)):
        for pointer, holder in holders:
            found: License | None = getattr(holder, member)
            if found is not None:
                yield f"{pointer}/{way}License", found


RECEIPT = {"facility": {"facilityCode": "ADT", "facilityCodeListProvider": "BIC"}}

RULES = (
    Rule(
        modelled(
            "arrival-before-departure",
            "The planned arrival is before the planned departure.",
            "Check the two dates.",
            "Transports.plannedArrivalDate",
        ),
        CARRIERS,
        arrival_before_departure,
        breaks({"/transports/plannedArrivalDate": "2026-01-01"}),
    ),
    Rule(
        dcsa(
            "carriage-without-place",
            "The carrier's carriage before or after the sea voyage needs the place where it begins or ends.",
            "Add placeOfReceipt for preCarriageBy, placeOfDelivery for onCarriageBy.",
            "Transports.preCarriageBy",
        ),
        CARRIERS,
        carriage_without_place,
        breaks({"/transports/preCarriageBy": "TRUCK"}),
    ),
    Rule(
        dcsa(
            "place-without-carriage",
            "A place before or after the sea voyage is named, and no carriage by the carrier; it is for that only.",
            "Add preCarriageBy or onCarriageBy, or leave the place out.",
            "PlaceOfReceipt",
            Severity.WARNING,
        ),
        CARRIERS,
        place_without_carriage,
        breaks({"/transports/placeOfReceipt": {"UNLocationCode": "SGSIN"}}),
    ),
    Rule(
        dcsa(
            "port-unspecified",
            "A port is named in none of the ways that identify it.",
            "Give its UN/LOCODE, or city and country.",
            "PortOfLoading",
        ),
        CARRIERS,
        port_unspecified,
        breaks({"/transports/portOfLoading": {"locationName": "Singapore"}}),
    ),
    Rule(
        dcsa(
            "place-unspecified",
            "A place is named in none of the ways that identify it.",
            "Give its UN/LOCODE, facility, address or coordinates.",
            "PlaceOfReceipt",
            Severity.WARNING,
        ),
        CARRIERS,
        place_unspecified,
        breaks({"/transports/preCarriageBy": "TRUCK", "/transports/placeOfReceipt": {"locationName": "Depot"}}),
    ),
    Rule(
        dcsa(
            "facility-without-location",
            "A facility code stands without the UN/LOCODE that it needs (as in DCSA's own example: a warning).",
            "Add the UN/LOCODE of the facility.",
            "Facility.facilityCodeListProvider",
            Severity.WARNING,
        ),
        CARRIERS,
        facility_without_location,
        breaks({"/transports/preCarriageBy": "TRUCK", "/transports/placeOfReceipt": RECEIPT}),
    ),
    Rule(
        dcsa(
            "facility-with-location",
            "A facility code repeats the UN/LOCODE that stands beside it.",
            "Give the code of the facility alone.",
            "Facility",
            Severity.WARNING,
        ),
        CARRIERS,
        facility_with_location,
        breaks(
            {
                "/transports/preCarriageBy": "TRUCK",
                "/transports/placeOfReceipt": {
                    "UNLocationCode": "SGSIN",
                    "facility": {"facilityCode": "SGSINP", "facilityCodeListProvider": "SMDG"},
                },
            }
        ),
    ),
    Rule(
        dcsa(
            "place-in-two-countries",
            "The UN/LOCODE and the address of a place are in different countries.",
            "Make both point to the same place.",
            "PortOfLoading",
            Severity.WARNING,
        ),
        CARRIERS,
        place_in_two_countries,
        breaks({"/transports/portOfLoading/city": {"city": "Osaka", "countryCode": "JP"}}),
    ),
    Rule(
        dcsa(
            "coordinates",
            "A coordinate is not in decimal degrees.",
            "Write latitude and longitude as in 1.2644 and 103.8222.",
            "GeoCoordinate",
            Severity.WARNING,
        ),
        CARRIERS,
        coordinates,
        breaks(
            {
                "/transports/preCarriageBy": "TRUCK",
                "/transports/placeOfReceipt": {"geoCoordinate": {"latitude": "1°15'", "longitude": "103.82"}},
            }
        ),
    ),
    Rule(
        ours("same-port", "The goods are loaded and discharged in the same port.", "Check both ports."),
        CARRIERS,
        same_port,
        breaks({"/transports/portOfDischarge/UNLocationCode": "SGSIN"}),
    ),
    Rule(
        dcsa(
            "export-license",
            "The export licence ends before the departure.",
            "Give a licence that is valid on that day.",
            "ExportLicense.reference",
        ),
        CARRIERS,
        export_license,
        breaks({"/exportLicense": {"reference": "EX-1", "expiryDate": "2025-12-31"}}),
    ),
    Rule(
        dcsa(
            "import-license",
            "The import licence ends before the arrival.",
            "Give a licence that is valid on that day.",
            "ImportLicense.reference",
        ),
        CARRIERS,
        import_license,
        breaks({"/consignmentItems/0/importLicense": {"reference": "IM-1", "expiryDate": "2026-01-06"}}),
    ),
    Rule(
        modelled(
            "license-dates",
            "A licence ends before it was issued.",
            "Check the two dates.",
            "ExportLicense.expiryDate",
        ),
        CARRIERS,
        license_dates,
        breaks({"/exportLicense": {"issueDate": "2027-02-01", "expiryDate": "2027-01-01"}}),
    ),
)
