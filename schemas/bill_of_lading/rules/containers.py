"""Containers: that each is used and sealed once, holds what it may, and is set as its type allows."""

import re
from collections.abc import Iterator

from schemas.bill_of_lading.equipment import UtilizedTransportEquipment, UtilizedTransportEquipmentShipper
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.reach import Lading, cargo_items, containers, fits, house_bills, kilograms
from schemas.bill_of_lading.rules.making import ABSENT, BOTH, CARRIERS, breaks, dcsa, modelled, ours
from schemas.bill_of_lading.values import EmptyIndicator
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

SIZE_AND_TYPE = re.compile(r"[1-4A-HK-NP-R][0-9C-FLMNPR][A-Z][0-9A-Z]")
"""ISO 6346, 4.2: length, height and width, type group with detail."""
REEFERS = {"R", "H"}
"""Type letters of thermal containers: refrigerated, and with removable equipment."""
HEAVIEST = 36_000
"""Kilograms, gross, of any series 1 container."""


def container_not_listed(lading: Lading, context: Context) -> Iterator[Violation]:
    known = {number for _, number, _ in containers(lading)}
    for pointer, item in cargo_items(lading):
        if item.equipment_reference not in known:
            yield _not_listed(pointer, item.equipment_reference, known)
    for place, house in house_bills(lading):
        listed = {each.equipment_reference for each in house.utilized_transport_equipments}
        for at, consignment in enumerate(house.consignment_items):
            for inside, part in enumerate(consignment.cargo_items):
                if part.equipment_reference not in listed:
                    where = f"{place}/consignmentItems/{at}/cargoItems/{inside}"
                    yield _not_listed(where, part.equipment_reference, listed)


def _not_listed(pointer: str, number: str, known: set[str]) -> Violation:
    where, expected = f"{pointer}/equipmentReference", "one of " + ", ".join(sorted(known)[:10])
    return Violation(where, found=number, expected=expected)


def container_without_cargo(lading: Lading, context: Context) -> Iterator[Violation]:
    used = {item.equipment_reference for _, item in cargo_items(lading)}
    for pointer, number, each in containers(lading):
        empty = (
            isinstance(each, UtilizedTransportEquipmentShipper) and each.empty_indicator_code == EmptyIndicator.EMPTY
        )
        if number not in used and not empty:
            yield Violation(pointer, found=number, expected="a cargo item in it")


def container_twice(lading: Lading, context: Context) -> Iterator[Violation]:
    seen: set[str] = set()
    for pointer, number, _ in containers(lading):
        if number in seen:
            yield Violation(pointer, found=number, expected="each container once")
        seen.add(number)


def seal_twice(lading: Lading, context: Context) -> Iterator[Violation]:
    where: dict[str, str] = {}
    for pointer, number, each in containers(lading):
        for at, seal in enumerate(each.seals):
            if where.setdefault(seal.number, number) != number:
                found = f"{seal.number}, also on {where[seal.number]}"
                yield Violation(f"{pointer}/seals/{at}/number", found=found, expected="a seal of its own")


def container_too_heavy(lading: Lading, context: Context) -> Iterator[Violation]:
    inside: dict[str, float] = {}
    for _, item in cargo_items(lading):
        weight = kilograms(item.cargo_gross_weight)
        inside[item.equipment_reference] = inside.get(item.equipment_reference, 0) + weight
    for pointer, number, each in containers(lading):
        tare = each.equipment.tare_weight if each.equipment is not None else None
        gross = inside.get(number, 0) + (kilograms(tare) if tare is not None else 0)
        if gross > HEAVIEST:
            expected = f"at most {HEAVIEST} kg, with the container"
            yield Violation(pointer, found=f"{number}: {gross:.10g} kg", expected=expected)


def size_and_type(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, _, each in containers(lading):
        code = each.equipment.iso_equipment_code if each.equipment is not None else None
        if code is not None and not fits(SIZE_AND_TYPE, code):
            where = f"{pointer}/equipment/ISOEquipmentCode"
            yield Violation(where, found=code, expected="as 22G1, 45R1 or 22GP")


def reefer_settings(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, each in _settings(document):
        if each.is_non_operating_reefer:
            yield Violation(f"{pointer}/activeReeferSettings", "isNonOperatingReefer true", "false")


def reefer_undeclared(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, each in _settings(document):
        if each.is_non_operating_reefer is None:
            yield Violation(f"{pointer}/isNonOperatingReefer", "nothing, with activeReeferSettings", "false")


def no_reefer(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, each in containers(document):
        if not isinstance(each, UtilizedTransportEquipment):
            continue
        code = each.equipment.iso_equipment_code or ""
        given = each.active_reefer_settings is not None or each.is_non_operating_reefer is not None
        if given and len(code) == 4 and code[2] not in REEFERS:
            where = f"{pointer}/equipment/ISOEquipmentCode"
            yield Violation(where, found=code, expected="a reefer type, as 45R1, with reefer members")


def temperature_unit(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, each in _settings(document):
        settings = each.active_reefer_settings
        if settings is not None and (settings.temperature_setpoint is None) != (settings.temperature_unit is None):
            yield _halves(pointer, "temperature", settings.temperature_unit is None)


def air_exchange_unit(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, each in _settings(document):
        settings = each.active_reefer_settings
        if settings is not None and (settings.air_exchange_setpoint is None) != (settings.air_exchange_unit is None):
            yield _halves(pointer, "airExchange", settings.air_exchange_unit is None)


def _settings(document: TransportDocument) -> Iterator[tuple[str, UtilizedTransportEquipment]]:
    for pointer, _, each in containers(document):
        if isinstance(each, UtilizedTransportEquipment) and each.active_reefer_settings is not None:
            yield pointer, each


def _halves(pointer: str, what: str, unit_missing: bool) -> Violation:
    where = f"{pointer}/activeReeferSettings/{what}Unit"
    found = f"{what}Setpoint alone" if unit_missing else f"{what}Unit alone"
    return Violation(where, found, "both or neither")


BOX = "/utilizedTransportEquipments/0"
SETTINGS = f"{BOX}/activeReeferSettings"
INSIDE = "/consignmentItems/0/cargoItems/0/equipmentReference"
NUMBER = "SIMU0000007"
LISTED = {"equipment": {"equipmentReference": NUMBER}, "isShipperOwned": False, "seals": [{"number": "SL2"}]}
REFERRED = {"equipmentReference": NUMBER, "isShipperOwned": False, "seals": [{"number": "SL2"}]}
OWNED = {"equipmentReference": NUMBER, "ISOEquipmentCode": "DRY", "tareWeight": {"value": 2230, "unit": "KGM"}}

RULES = (
    Rule(
        modelled(
            "container-not-listed",
            "A cargo item is in a container that the document does not list.",
            "List the container, or mend the reference.",
            "CargoItem.equipmentReference",
        ),
        BOTH,
        container_not_listed,
        breaks({"/consignmentItems/0/cargoItems/0/equipmentReference": NUMBER}),
    ),
    Rule(
        ours(
            "container-without-cargo", "A container is listed and nothing is in it.", "Leave it out, or add its cargo."
        ),
        BOTH,
        container_without_cargo,
        breaks({"/utilizedTransportEquipments/-": LISTED}, instructions={"/utilizedTransportEquipments/-": REFERRED}),
    ),
    Rule(
        ours("container-twice", "A container is listed twice.", "List each container once."),
        BOTH,
        container_twice,
        breaks(
            {INSIDE: NUMBER, BOX: LISTED, "/utilizedTransportEquipments/-": LISTED},
            instructions={INSIDE: NUMBER, BOX: REFERRED, "/utilizedTransportEquipments/-": REFERRED},
        ),
    ),
    Rule(
        ours("seal-twice", "A seal is on two containers.", "Check the seal numbers."),
        BOTH,
        seal_twice,
        breaks({f"{BOX}/seals/0/number": "SL1", "/utilizedTransportEquipments/1/seals/0/number": "SL1"}, variant=1),
    ),
    Rule(
        modelled(
            "container-too-heavy",
            "A container and what is in it weigh more than any container may.",
            "Check the weights of its cargo items and its tare.",
            "Table 1",
            "ISO 668",
            Severity.WARNING,
        ),
        BOTH,
        container_too_heavy,
        breaks({"/consignmentItems/0/cargoItems/0/cargoGrossWeight/value": 40000}),
    ),
    Rule(
        modelled(
            "size-and-type",
            "The size and type of a container have not the form of ISO 6346.",
            "Write length, height and type, as 22G1.",
            "4.2",
            "ISO 6346",
            Severity.WARNING,
        ),
        BOTH,
        size_and_type,
        breaks(
            {f"{BOX}/equipment/ISOEquipmentCode": "DRY"},
            instructions={INSIDE: NUMBER, f"{BOX}/isShipperOwned": True, f"{BOX}/equipment": OWNED},
        ),
    ),
    Rule(
        dcsa(
            "reefer-settings",
            "Settings of a reefer stand at a container that is declared not to operate as one.",
            "Set isNonOperatingReefer to false, or leave the settings out.",
            "ActiveReeferSettings",
        ),
        CARRIERS,
        reefer_settings,
        breaks({f"{BOX}/isNonOperatingReefer": True}, variant=1),
    ),
    Rule(
        dcsa(
            "reefer-undeclared",
            "A container has settings of a reefer, and nothing says that it is an operating reefer.",
            "Set isNonOperatingReefer to false.",
            "ActiveReeferSettings",
            Severity.WARNING,
        ),
        CARRIERS,
        reefer_undeclared,
        breaks({f"{BOX}/isNonOperatingReefer": ABSENT}, variant=1),
    ),
    Rule(
        dcsa(
            "no-reefer",
            "A container that is no reefer has members of a reefer.",
            "Check ISOEquipmentCode, or leave those members out.",
            "UtilizedTransportEquipment.isNonOperatingReefer",
            Severity.WARNING,
        ),
        CARRIERS,
        no_reefer,
        breaks({f"{BOX}/isNonOperatingReefer": True}),
    ),
    Rule(
        dcsa(
            "temperature-unit",
            "Temperature and its unit go together.",
            "Give temperatureSetpoint with temperatureUnit, or neither.",
            "ActiveReeferSettings.temperatureUnit",
        ),
        CARRIERS,
        temperature_unit,
        breaks({f"{SETTINGS}/temperatureUnit": ABSENT}, variant=1),
    ),
    Rule(
        dcsa(
            "air-exchange-unit",
            "Air exchange and its unit go together.",
            "Give airExchangeSetpoint with airExchangeUnit, or neither.",
            "ActiveReeferSettings.airExchangeUnit",
        ),
        CARRIERS,
        air_exchange_unit,
        breaks({f"{SETTINGS}/airExchangeSetpoint": 15}, variant=1),
    ),
)
