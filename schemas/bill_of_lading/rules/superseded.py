"""Members that DCSA has replaced by longer ones: the new one holds, the old one is read by nobody who knows both."""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.bill_of_lading.cargo import ExtendedNationalCommodityCode, NationalCommodityCode
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.reach import Lading, cargo_items, consignments, house_bills
from schemas.bill_of_lading.rules.making import BOTH, CARRIERS, breaks, dcsa
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

Codes = Iterable[NationalCommodityCode | ExtendedNationalCommodityCode]


def deprecated_codes(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, holder in _with_national_codes(lading):
        if holder.national_commodity_codes and not holder.extended_national_commodity_codes:
            where, found = f"{pointer}/nationalCommodityCodes", "nationalCommodityCodes alone"
            yield Violation(where, found=found, expected="extendedNationalCommodityCodes")


def deprecated_quotation(document: TransportDocument, context: Context) -> Iterator[Violation]:
    given, extended = document.contract_quotation_reference, document.extended_contract_quotation_reference
    if given is not None and extended is None:
        where, found = "/contractQuotationReference", "contractQuotationReference alone"
        yield Violation(where, found=found, expected="extendedContractQuotationReference")


def superseded_codes(lading: Lading, context: Context) -> Iterator[Violation]:
    """The short list says what the long one does not: a reader of one version sees other codes than the next."""
    for pointer, holder in _with_national_codes(lading):
        extended = _codes(holder.extended_national_commodity_codes or ())
        yield from _unlike(f"{pointer}/nationalCommodityCodes", holder.national_commodity_codes, extended)
    for place, house in house_bills(lading):
        for at, item in enumerate(house.consignment_items):
            extended = _codes(item.extended_national_commodity_codes or ())
            where = f"{place}/consignmentItems/{at}/nationalCommodityCode"
            yield from _unlike(where, (item.national_commodity_code,), extended)


def _unlike(pointer: str, short: Codes | None, extended: set[str]) -> Iterator[Violation]:
    alone = sorted(code for code in _codes(short or ()) if not any(each.startswith(code) for each in extended))
    if extended and alone:
        yield Violation(pointer, found=", ".join(alone), expected="as " + ", ".join(sorted(extended)))


def _codes(lists: Codes) -> set[str]:
    return {value for each in lists for value in each.values}


def superseded_hs_codes(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, item in consignments(lading):
        extended = tuple(item.extended_hs_codes or ())
        alone = [code for code in item.hs_codes if not any(each.startswith(code[:6]) for each in extended)]
        if extended and alone:
            yield Violation(f"{pointer}/HSCodes", found=", ".join(alone), expected="as " + ", ".join(extended))


def superseded_quotation(document: TransportDocument, context: Context) -> Iterator[Violation]:
    given, extended = document.contract_quotation_reference, document.extended_contract_quotation_reference
    if given is not None and extended is not None and not extended.startswith(given):
        yield Violation("/contractQuotationReference", found=given, expected=f"as {extended}")


def superseded_charge_name(document: TransportDocument, context: Context) -> Iterator[Violation]:
    for at, charge in enumerate(document.charges or ()):
        extended = charge.extended_charge_name
        if extended is not None and not extended.startswith(charge.charge_name):
            yield Violation(f"/charges/{at}/chargeName", found=charge.charge_name, expected=f"as {extended}")


def _with_national_codes(lading: Lading) -> Iterator[tuple[str, Any]]:
    """Consignment items and cargo items: both may have them."""
    yield from consignments(lading)
    yield from cargo_items(lading)


ITEM = "/consignmentItems/0"
THAI = [{"type": "HTS", "countryCode": "TH", "values": ["94016900"]}]
OTHER = [{"type": "HTS", "countryCode": "TH", "values": ["9403609000"]}]

RULES = (
    Rule(
        dcsa(
            "deprecated-commodity-codes",
            "National commodity codes stand in the member that DCSA has deprecated.",
            "Move them to extendedNationalCommodityCodes.",
            "NationalCommodityCode",
            Severity.WARNING,
        ),
        BOTH,
        deprecated_codes,
        breaks({f"{ITEM}/nationalCommodityCodes": THAI}),
    ),
    Rule(
        dcsa(
            "deprecated-quotation",
            "The quotation stands in the member that DCSA has deprecated.",
            "Move it to extendedContractQuotationReference.",
            "TransportDocument.contractQuotationReference",
            Severity.WARNING,
        ),
        CARRIERS,
        deprecated_quotation,
        breaks({"/contractQuotationReference": "Q-1"}),
    ),
    Rule(
        dcsa(
            "superseded-commodity-codes",
            "Old and extended national commodity codes differ; only the extended ones hold.",
            "Give the same codes in both, or leave the old member out.",
            "ConsignmentItem.extendedNationalCommodityCodes",
            Severity.WARNING,
        ),
        BOTH,
        superseded_codes,
        breaks({f"{ITEM}/nationalCommodityCodes": THAI, f"{ITEM}/extendedNationalCommodityCodes": OTHER}),
    ),
    Rule(
        dcsa(
            "superseded-hs-codes",
            "HS codes and extended HS codes are of other headings; only the extended ones hold.",
            "Give the beginnings of the extended codes as HSCodes.",
            "ConsignmentItem.extendedHSCodes",
            Severity.WARNING,
        ),
        BOTH,
        superseded_hs_codes,
        breaks({f"{ITEM}/extendedHSCodes": ["010121000000"]}),
    ),
    Rule(
        dcsa(
            "superseded-quotation",
            "Old and extended quotation reference differ; only the extended one holds.",
            "Give the same reference in both, or leave the old member out.",
            "TransportDocument.extendedContractQuotationReference",
            Severity.WARNING,
        ),
        CARRIERS,
        superseded_quotation,
        breaks({"/contractQuotationReference": "Q-1", "/extendedContractQuotationReference": "R-2026-1"}),
    ),
    Rule(
        dcsa(
            "superseded-charge-name",
            "A charge has two names that differ; only the extended one holds.",
            "Begin extendedChargeName with chargeName.",
            "Charge.extendedChargeName",
            Severity.WARNING,
        ),
        CARRIERS,
        superseded_charge_name,
        breaks({"/charges/0/extendedChargeName": "War risk surcharge"}),
    ),
)
