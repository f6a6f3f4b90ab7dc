"""A certificate beside the bill of lading and the other certificates of its consignment, row by row. Pure.

1. What differs is told by `schemas.consignment` alone; here both sides are put beside each other, so that an officer
   sees what was compared and not only what failed.
2. Between certificates of one consignment nothing is judged: each may be for a part of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from exchange.languages import _, day, mark, number
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.reach import kilograms
from schemas.certificate.model import Certificate, Place
from schemas.certificate.utilisation import measure
from schemas.consignment import compare
from schemas.findings import Finding
from schemas.registry import Document

_MOST_CODES = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the documents say."""

    title: str
    values: tuple[str, ...]
    """Of the certificate, then of each of the others, in their order; empty: it says nothing of it."""
    findings: tuple[Finding, ...]
    """What differs."""

    @property
    def differs(self) -> bool:
        return bool(self.findings)


def rows(certificate: Certificate, others: Sequence[Document]) -> tuple[Row, ...]:
    """All rows that at least one of the documents fills; those that differ first."""
    found: list[Finding] = []
    for other in others:
        if isinstance(other, TransportDocument):
            found += compare(certificate, other)
    made = []
    for title, codes, of_certificate, of_lading in _ROWS:
        values = tuple(_value(each, of_certificate, of_lading) for each in (certificate, *others))
        differs = tuple(each for each in found if each.code.removeprefix("consignment.") in codes)
        if any(values):
            made.append(Row(title, values, differs))
    return tuple(sorted(made, key=lambda row: not row.differs))


def _value(
    document: Document,
    of_certificate: Callable[[Certificate], object],
    of_lading: Callable[[TransportDocument], object],
) -> str:
    if isinstance(document, Certificate):
        said = of_certificate(document)
    elif isinstance(document, TransportDocument):
        said = of_lading(document)
    else:
        said = None
    return "" if said is None else day(said) if isinstance(said, date) else str(said)


# --- what stands in a row --------------------------------------------------------------------------------------------


def _place(place: Place | None) -> str | None:
    if place is None:
        return None
    return " ".join(filter(None, (place.name, place.un_location_code and f"({place.un_location_code})"))) or None


def _gross(certificate: Certificate) -> str | None:
    weights = [measure(each.gross_weight) for each in certificate.items if each.gross_weight is not None]
    if not weights or len(weights) != len(certificate.items) or any(each.unit != "KGM" for each in weights):
        return None
    return f"{number(sum((each.amount for each in weights), Decimal()).normalize())} kg"


def _packages(certificate: Certificate) -> str | None:
    known = [each.packages for each in certificate.items if each.packages is not None]
    if len(known) != len(certificate.items):
        return None
    return _counted(sum(each.quantity for each in known), (each.kind for each in known))


def _counted(count: int, kinds: Iterable[str | None]) -> str:
    named = ", ".join(sorted({each for each in kinds if each}))
    return f"{number(count)} {named}" if named else number(count)


def _goods(codes: Iterable[str]) -> str:
    known = sorted({code[:4] for code in codes})
    more = [_("and %(more)s more", more=len(known) - _MOST_CODES)] if len(known) > _MOST_CODES else []
    return ", ".join((*known[:_MOST_CODES], *more))


def _lading_packages(lading: TransportDocument) -> str:
    packaging = [each.outer_packaging for item in lading.consignment_items for each in item.cargo_items]
    return _counted(sum(each.number_of_packages for each in packaging), (each.package_code for each in packaging))


def _lading_gross(lading: TransportDocument) -> str:
    weights = (kilograms(each.cargo_gross_weight) for item in lading.consignment_items for each in item.cargo_items)
    return f"{number(Decimal(str(sum(weights))).normalize())} kg"


def _lading_consignee(lading: TransportDocument) -> str | None:
    parties = lading.document_parties
    named = (parties.consignee, parties.on_behalf_of_consignee, parties.endorsee, *(parties.notify_parties or ()))
    return " / ".join(dict.fromkeys(each.party_name for each in named if each is not None)) or None


def _voyages(lading: TransportDocument) -> str | None:
    numbers = (
        number
        for each in lading.transports.vessel_voyages
        for number in (each.carrier_export_voyage_number, each.universal_export_voyage_reference)
        if number
    )
    return " / ".join(dict.fromkeys(map(str, numbers))) or None


_ROWS: tuple[
    tuple[
        str,
        frozenset[str],
        Callable[[Certificate], object],
        Callable[[TransportDocument], object],
    ],
    ...,
] = (
    (
        mark("Transport document"),
        frozenset({"other-transport-document"}),
        lambda it: it.transport.transport_document,
        lambda it: it.transport_document_reference,
    ),
    (
        mark("Exporter, shipper"),
        frozenset({"other-shipper"}),
        lambda it: it.exporter.name,
        lambda it: it.document_parties.shipper.party_name,
    ),
    (mark("Consignee"), frozenset({"other-consignee"}), lambda it: it.consignee.name, _lading_consignee),
    (
        mark("Vessel"),
        frozenset({"other-vessel"}),
        lambda it: it.transport.vessel_or_flight,
        lambda it: " / ".join(dict.fromkeys(each.vessel_name for each in it.transports.vessel_voyages)),
    ),
    (mark("Voyage"), frozenset({"other-voyage"}), lambda it: it.transport.voyage, _voyages),
    (
        mark("Port of loading"),
        frozenset({"other-port-of-loading"}),
        lambda it: _place(it.transport.port_of_loading),
        lambda it: it.transports.port_of_loading.un_location_code,
    ),
    (
        mark("Port of discharge"),
        frozenset({"other-port-of-discharge"}),
        lambda it: _place(it.transport.port_of_discharge),
        lambda it: it.transports.port_of_discharge.un_location_code,
    ),
    (
        mark("Shipped on"),
        frozenset({"other-date-of-shipment"}),
        lambda it: it.transport.departure_date,
        lambda it: it.shipped_on_board_date or it.transports.planned_departure_date,
    ),
    (
        mark("HS headings"),
        frozenset({"goods-not-carried"}),
        lambda it: _goods(each.hs_code for each in it.items),
        lambda it: _goods(code for each in it.consignment_items for code in each.hs_codes),
    ),
    (
        mark("Packages"),
        frozenset({"more-packages", "other-kind-of-packages"}),
        _packages,
        _lading_packages,
    ),
    (mark("Gross weight"), frozenset({"more-weight"}), _gross, _lading_gross),
)
