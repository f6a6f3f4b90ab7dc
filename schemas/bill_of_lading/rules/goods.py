"""The goods: weights, volumes, packages, charges and dangerous goods."""

import re
from collections.abc import Iterator

from schemas.bill_of_lading.cargo import CargoItem, ConsignmentItemShipper, Volume, Weight
from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.bill_of_lading.reach import (
    Lading,
    cargo_items,
    consignments,
    dangerous_goods,
    fits,
    house_bills,
    kilograms,
)
from schemas.bill_of_lading.rules.making import ABSENT, BOTH, CARRIERS, SHIPPERS, breaks, dcsa, modelled, ours
from schemas.bill_of_lading.rules.parties import INTERNATIONAL_PHONE
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

IMDG = "IMDG Code, Amendment 41-22"
CENT = 0.0101
"""What rounding may cost, and a hair."""
CLASSES = {"2.1", "2.2", "2.3", "3", "4.1", "4.2", "4.3", "5.1", "5.2", "6.1", "6.2", "7", "8", "9"}
EXPLOSIVES = re.compile(r"1\.[1-6][A-HJKLNS]?")
EMERGENCY_SCHEDULES = re.compile(r"F-[A-Z],? ?S-[A-Z]")
GENERAL_TERMS = {"consolidated", "general cargo", "parts", "freight of all kinds"}
"""Those that DCSA names."""


def net_over_gross(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, item in cargo_items(lading):
        gross, net = item.cargo_gross_weight, item.cargo_net_weight
        if net is not None and kilograms(net) > kilograms(gross):
            where = f"{pointer}/cargoNetWeight/value"
            expected = f"at most {gross.value} {gross.unit}"
            yield Violation(where, found=f"{net.value} {net.unit}", expected=expected)
        whole, part = item.cargo_gross_volume, item.cargo_net_volume
        if whole is not None and part is not None and whole.unit == part.unit and part.value > whole.value:
            where = f"{pointer}/cargoNetVolume/value"
            expected = f"at most {whole.value} {whole.unit}"
            yield Violation(where, found=f"{part.value} {part.unit}", expected=expected)


def too_many_decimals(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, item in cargo_items(lading):
        given: dict[str, tuple[Weight | Volume | None, int]] = {
            "cargoGrossWeight": (item.cargo_gross_weight, 3),
            "cargoNetWeight": (item.cargo_net_weight, 3),
            "cargoGrossVolume": (item.cargo_gross_volume, 4),
        }
        for name, (measure, most) in given.items():
            if measure is not None and _has_more(measure.value, most):
                yield _decimals_of(f"{pointer}/{name}/value", measure.value, most)
    if isinstance(lading, TransportDocument):
        for at, charge in enumerate(lading.charges or ()):
            if _has_more(charge.currency_amount, 2):
                yield _decimals_of(f"/charges/{at}/currencyAmount", charge.currency_amount, 2)


def _has_more(number: int | float, decimals: int) -> bool:
    """A double read from a text of so many decimals is the double nearest to it, and so is what `round` gives."""
    return round(number, decimals) != number


def _decimals_of(pointer: str, number: int | float, most: int) -> Violation:
    return Violation(pointer, found=number, expected=f"at most {most} decimals")


def packaging_missing(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, item in cargo_items(lading):
        if item.outer_packaging is None:
            yield Violation(f"{pointer}/outerPackaging", found="none", expected="the packages")


def general_description(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, lines in _descriptions(lading):
        said = " ".join(f"{line}" for line in lines)  # formatted, so that an unreadable line ends the rule
        if " ".join(said.casefold().split()).rstrip(".") in GENERAL_TERMS:
            yield Violation(pointer, found=said, expected="what the goods are")


def _descriptions(lading: Lading) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pointer, item in consignments(lading):
        yield f"{pointer}/descriptionOfGoods", item.description_of_goods
        if isinstance(item, ConsignmentItemShipper) and item.description_of_goods_for_customs:
            yield f"{pointer}/descriptionOfGoodsForCustoms", item.description_of_goods_for_customs
    for place, house in house_bills(lading):
        for at, part in enumerate(house.consignment_items):
            yield f"{place}/consignmentItems/{at}/descriptionOfGoods", (part.description_of_goods,)


def charge_total(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for at, charge in enumerate(document.charges or ()):
        total = charge.unit_price * charge.quantity
        if abs(total - charge.currency_amount) > CENT:
            where = f"/charges/{at}/currencyAmount"
            expected = f"{total:.10g} (unitPrice times quantity)"
            yield Violation(where, found=charge.currency_amount, expected=expected)


# --- Dangerous goods -------------------------------------------------------------------------------------------------


def hazard_class(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        if goods.imo_class not in CLASSES and not fits(EXPLOSIVES, goods.imo_class):
            expected = "1.1 to 1.6 with a compatibility group, or " + ", ".join(sorted(CLASSES))
            yield Violation(f"{pointer}/imoClass", found=goods.imo_class, expected=expected)


def subsidiary_risk(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        seen = {goods.imo_class}
        for name, risk in (("subsidiaryRisk1", goods.subsidiary_risk1), ("subsidiaryRisk2", goods.subsidiary_risk2)):
            if risk is not None and risk in seen:
                yield Violation(f"{pointer}/{name}", found=risk, expected="another hazard")
            seen.add(risk or "")


def emergency_phone(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        contact = goods.emergency_contact_details
        if contact is not None and not fits(INTERNATIONAL_PHONE, contact.phone):
            where = f"{pointer}/emergencyContactDetails/phone"
            yield Violation(where, found=contact.phone, expected="as +65 6123 4567")


def emergency_schedule(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        if goods.ems_number is not None and not fits(EMERGENCY_SCHEDULES, goods.ems_number):
            yield Violation(f"{pointer}/EMSNumber", found=goods.ems_number, expected="as F-E S-E")


def dangerous_packaging(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, item in cargo_items(document):
        packaging = item.outer_packaging if isinstance(item, CargoItem) else None
        if packaging is None or not packaging.dangerous_goods:
            continue
        given = [packaging.package_code, packaging.imo_packaging_code]
        if None not in given or given == [None, None]:
            found = "neither" if given == [None, None] else "both"
            expected = "imoPackagingCode, or packageCode where there is none"
            yield Violation(f"{pointer}/outerPackaging", found=found, expected=expected)


def inhalation_zone(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        if goods.inhalation_zone in ("C", "D") and not goods.imo_class.startswith("2"):
            found = f"{goods.inhalation_zone}, with class {goods.imo_class}"
            yield Violation(f"{pointer}/inhalationZone", found=found, expected="A or B")


def explosive_content(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        if goods.net_explosive_content is not None and not goods.imo_class.startswith("1"):
            where = f"{pointer}/netExplosiveContent"
            yield Violation(where, found=f"class {goods.imo_class}", expected="class 1")


def dangerous_weight(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, item, goods in dangerous_goods(document):
        most = item.cargo_gross_weight
        for name, weight in (("grossWeight", goods.gross_weight), ("netWeight", goods.net_weight)):
            if weight is not None and kilograms(weight) > kilograms(most):
                found, expected = f"{weight.value} {weight.unit}", f"at most {most.value} {most.unit}"
                yield Violation(f"{pointer}/{name}/value", found=found, expected=expected)


def approval_missing(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for pointer, _, goods in dangerous_goods(document):
        if goods.is_competent_authority_approval_required and goods.competent_authority_approval is None:
            where = f"{pointer}/competentAuthorityApproval"
            yield Violation(where, found="none", expected="the authority and its reference")


def holding_time(document: TransportDocument, context: Context) -> Iterator[Violation]:
    arrival = document.transports.planned_arrival_date
    for pointer, _, goods in dangerous_goods(document):
        if goods.end_of_holding_time is not None and goods.end_of_holding_time < arrival:
            expected = f"{arrival} (arrival) or later"
            yield Violation(f"{pointer}/endOfHoldingTime", found=goods.end_of_holding_time, expected=expected)


ITEM = "/consignmentItems/0/cargoItems/0"
DANGEROUS = f"{ITEM}/outerPackaging/dangerousGoods/0"

RULES = (
    Rule(
        modelled(
            "net-over-gross",
            "The net weight or volume is more than the gross.",
            "Check both; gross includes the packaging.",
            "CargoNetWeight",
        ),
        BOTH,
        net_over_gross,
        breaks({f"{ITEM}/cargoNetWeight": {"value": 900000, "unit": "KGM"}}),
    ),
    Rule(
        dcsa(
            "too-many-decimals",
            "A number has more decimals than DCSA asks for.",
            "Round it.",
            "CargoGrossWeight.value",
            Severity.WARNING,
        ),
        BOTH,
        too_many_decimals,
        breaks({f"{ITEM}/cargoGrossWeight/value": 1200.12345}),
    ),
    Rule(
        dcsa(
            "packaging-missing",
            "A cargo item has no packages; only dangerous goods may leave them to the booking.",
            "Add outerPackaging, unless the goods are dangerous.",
            "OuterPackagingShipper",
            Severity.WARNING,
        ),
        SHIPPERS,
        packaging_missing,
        breaks({f"{ITEM}/outerPackaging": ABSENT}),
    ),
    Rule(
        dcsa(
            "general-description",
            "The description says nothing of what the goods are.",
            "Describe the goods, so that customs can tell what they are.",
            "ConsignmentItem.descriptionOfGoods",
        ),
        BOTH,
        general_description,
        breaks({"/consignmentItems/0/descriptionOfGoods": ["General cargo"]}),
    ),
    Rule(
        ours("charge-total", "A charge is not its unit price times the quantity.", "Check the three numbers."),
        CARRIERS,
        charge_total,
        breaks({"/charges/0/currencyAmount": 1}),
    ),
    Rule(
        modelled(
            "hazard-class",
            "The hazard class is none of the IMDG Code.",
            "Use the class of the dangerous goods list, as 2.1 or 1.4S.",
            "2.0.1",
            IMDG,
            Severity.WARNING,
        ),
        CARRIERS,
        hazard_class,
        breaks({f"{DANGEROUS}/imoClass": "10"}, variant=7),
    ),
    Rule(
        modelled(
            "subsidiary-risk",
            "A subsidiary hazard repeats the class or another one.",
            "Leave it out, or name the other hazard.",
            "2.0.1",
            IMDG,
            Severity.WARNING,
        ),
        CARRIERS,
        subsidiary_risk,
        breaks({f"{DANGEROUS}/subsidiaryRisk1": "3"}, variant=7),
    ),
    Rule(
        dcsa(
            "emergency-phone",
            "The emergency phone number is not in the international form.",
            "Write it as ITU-T E.123 does: +65 6123 4567.",
            "EmergencyContactDetails.phone",
        ),
        CARRIERS,
        emergency_phone,
        breaks({f"{DANGEROUS}/emergencyContactDetails/phone": "6000 0000"}, variant=7),
    ),
    Rule(
        dcsa(
            "emergency-schedule",
            "The emergency schedule does not have the form of the EmS Guide.",
            "Write one for fire and one for spillage, as F-E S-E.",
            "DangerousGoods.EMSNumber",
            Severity.WARNING,
        ),
        CARRIERS,
        emergency_schedule,
        breaks({f"{DANGEROUS}/EMSNumber": "F-E"}, variant=7),
    ),
    Rule(
        dcsa(
            "dangerous-packaging",
            "Packages of dangerous goods have one code: the IMO's, or that of Recommendation 21 where there is none.",
            "Give imoPackagingCode if the IMDG Code has one, else packageCode.",
            "OuterPackaging.imoPackagingCode",
            Severity.WARNING,
        ),
        CARRIERS,
        dangerous_packaging,
        breaks({f"{ITEM}/outerPackaging/packageCode": "DR"}, variant=7),
    ),
    Rule(
        dcsa(
            "inhalation-zone",
            "Hazard zones C and D are for gases only.",
            "Use zone A or B, or check the class.",
            "DangerousGoods.inhalationZone",
        ),
        CARRIERS,
        inhalation_zone,
        breaks({f"{DANGEROUS}/inhalationZone": "D"}, variant=7),
    ),
    Rule(
        modelled(
            "explosive-content",
            "Goods that are no explosives have a net explosive content.",
            "Leave netExplosiveContent out, or check the class.",
            "DangerousGoods.netExplosiveContent",
            severity=Severity.WARNING,
        ),
        CARRIERS,
        explosive_content,
        breaks({f"{DANGEROUS}/netExplosiveContent": {"value": 1.5, "unit": "KGM"}}, variant=7),
    ),
    Rule(
        modelled(
            "dangerous-weight",
            "The dangerous goods weigh more than the cargo item that they are in.",
            "Check both weights.",
            "DangerousGoods.grossWeight",
            severity=Severity.WARNING,
        ),
        CARRIERS,
        dangerous_weight,
        breaks({f"{DANGEROUS}/grossWeight": {"value": 99000, "unit": "KGM"}}, variant=7),
    ),
    Rule(
        modelled(
            "approval-missing",
            "An approval of the competent authority is required, and none is named.",
            "Name the authority and its reference.",
            "DangerousGoods.competentAuthorityApproval",
            severity=Severity.WARNING,
        ),
        CARRIERS,
        approval_missing,
        breaks({f"{DANGEROUS}/isCompetentAuthorityApprovalRequired": True}, variant=7),
    ),
    Rule(
        modelled(
            "holding-time",
            "The refrigerated liquid holds its temperature no longer than until before the arrival.",
            "Check the end of the holding time against the voyage.",
            "DangerousGoods.endOfHoldingTime",
            severity=Severity.WARNING,
        ),
        CARRIERS,
        holding_time,
        breaks({f"{DANGEROUS}/endOfHoldingTime": "2026-01-05"}, variant=7),
    ),
)
