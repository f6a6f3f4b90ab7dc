"""One consignment, two documents: whether its certificate of origin and its bill of lading say the same. Pure.

1. Neither document is right by itself: what differs is a warning, on the certificate's place, with what the carrier
   says as expected. Whoever reads the two decides.
2. A certificate may be for a part of what is carried: fewer packages and less weight differ in nothing. More than is
   carried differs. Both are counted by HS heading where each consignment item of the bill of lading is of one heading,
   else over the whole.
3. What one of the two leaves out cannot differ. Names of parties and vessels are compared without case, punctuation and
   blanks; nothing is guessed from similar names.
4. The consignee of a bill of lading to order is often a bank or nobody: the certificate's consignee may be any of its
   consignee, endorsee and notify parties.
5. The comparison is ours (invented): no agreement lists it. Its use is that of the direct consignment rules, which ask
   for the transport document; `schemas.certificate.beside` applies a part of it when a certificate is handed in.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.reach import kilograms
from schemas.certificate.model import Certificate, Item, Place
from schemas.certificate.utilisation import measure
from schemas.findings import Finding, Kind, Severity, finding, register
from schemas.rules import Violation

Comparison = Callable[[Certificate, TransportDocument], Iterator[Violation]]

_WHOLE = ""
"""Stands for all headings, where they cannot be told apart."""


def compare(certificate: Certificate, lading: TransportDocument) -> tuple[Finding, ...]:
    """All in which the certificate and the transport document of one consignment disagree; none if they agree."""
    return tuple(
        finding(code, each.pointer, found=each.found, expected=each.expected)
        for code, comparison in COMPARISONS.items()
        for each in comparison(certificate, lading)
    )


# --- Carriage --------------------------------------------------------------------------------------------------------


def other_transport_document(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    named, reference = certificate.transport.transport_document, lading.transport_document_reference
    if named is not None and str(named) != reference:
        yield Violation("/transport/transportDocument", found=named, expected=reference)


def other_vessel(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    name = certificate.transport.vessel_or_flight
    vessels = [voyage.vessel_name for voyage in lading.transports.vessel_voyages]
    if name is not None and _plain(name) not in map(_plain, vessels):
        yield Violation("/transport/vesselOrFlight", found=name, expected=" or ".join(vessels))


def other_voyage(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    voyages = [
        number
        for each in lading.transports.vessel_voyages
        for number in (each.carrier_export_voyage_number, each.universal_export_voyage_reference)
        if number is not None
    ]
    voyage = certificate.transport.voyage
    if voyage is not None and _plain(voyage) not in map(_plain, voyages):
        expected = " or ".join(dict.fromkeys(voyages))
        yield Violation("/transport/voyage", found=voyage, expected=expected)


def other_port_of_loading(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    port = lading.transports.port_of_loading.un_location_code
    yield from _other_port("portOfLoading", certificate.transport.port_of_loading, port)


def other_port_of_discharge(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    port = lading.transports.port_of_discharge.un_location_code
    yield from _other_port("portOfDischarge", certificate.transport.port_of_discharge, port)


def _other_port(name: str, place: Place | None, port: str | None) -> Iterator[Violation]:
    if place is not None and place.un_location_code is not None and port not in (None, place.un_location_code):
        yield Violation(f"/transport/{name}/UNLocationCode", found=place.un_location_code, expected=port)


def other_departure(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    """Another date of shipment than the carrier's: on it rests whether an issue is late."""
    departure = certificate.transport.departure_date
    shipped = lading.shipped_on_board_date or lading.transports.planned_departure_date
    if departure is not None and departure != shipped:
        yield Violation("/transport/departureDate", found=departure, expected=shipped)


# --- Goods -----------------------------------------------------------------------------------------------------------


def goods_not_carried(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    carried = {code[:4] for consignment in lading.consignment_items for code in consignment.hs_codes}
    for index, item in enumerate(certificate.items):
        if item.hs_code[:4] not in carried:
            expected = f"one of {', '.join(sorted(carried))}"
            yield Violation(f"/items/{index}/hsCode", found=item.hs_code, expected=expected)


def more_weight_than_carried(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    """Gross weights in kilograms, where every item of the certificate states one."""
    weights = [_kilograms(item) for item in certificate.items]
    certified = _by_heading(certificate, weights, lading)
    for heading, carried in _carried(lading).items():
        if certified and certified.get(heading, Decimal(0)) > carried.kilograms:
            expected = f"at most {carried.kilograms:.6g} kg{_of(heading)}, as carried"
            yield Violation(_pointer(certificate, heading), found=f"{certified[heading]} kg", expected=expected)


def more_packages_than_carried(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    """Numbers of packages, where every item of the certificate states one."""
    numbers = [None if item.packages is None else Decimal(item.packages.quantity) for item in certificate.items]
    certified = _by_heading(certificate, numbers, lading)
    for heading, carried in _carried(lading).items():
        if certified and certified.get(heading, Decimal(0)) > carried.packages:
            expected = f"at most {carried.packages} packages{_of(heading)}, as carried"
            yield Violation(_pointer(certificate, heading), found=f"{certified[heading]} packages", expected=expected)


def other_kind_of_packages(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    """Kinds by UN/ECE Recommendation 21, where the carrier has a code for all that it carries of the heading."""
    carried = _carried(lading)
    for index, item in enumerate(certificate.items):
        kinds = carried.get(item.hs_code[:4], carried.get(_WHOLE, _NOTHING)).kinds
        if item.packages is not None and kinds and None not in kinds and item.packages.kind not in kinds:
            expected = " or ".join(sorted(filter(None, kinds)))
            yield Violation(f"/items/{index}/packages/kind", found=item.packages.kind, expected=expected)


class _Carried(NamedTuple):
    """What a transport document carries of one heading, or of all."""

    packages: int
    kilograms: Decimal
    kinds: frozenset[str | None]


_NOTHING = _Carried(0, Decimal(0), frozenset())


def _carried(lading: TransportDocument) -> Mapping[str, _Carried]:
    """By HS heading; under `_WHOLE` alone where a consignment item is of several headings (rule 2)."""
    headings = [{code[:4] for code in each.hs_codes} for each in lading.consignment_items]
    apart = all(len(each) == 1 for each in headings)
    carried: dict[str, _Carried] = {}
    for consignment, codes in zip(lading.consignment_items, headings, strict=True):
        heading = min(codes) if apart else _WHOLE
        for cargo in consignment.cargo_items:
            so_far, packaging = carried.get(heading, _NOTHING), cargo.outer_packaging
            carried[heading] = _Carried(
                so_far.packages + packaging.number_of_packages,
                so_far.kilograms + Decimal(str(kilograms(cargo.cargo_gross_weight))),
                so_far.kinds | {packaging.package_code},
            )
    return carried


def _by_heading(
    certificate: Certificate, amounts: list[Decimal | None], lading: TransportDocument
) -> Mapping[str, Decimal]:
    """The sums of the certificate's amounts by heading, as the bill of lading counts; empty where one is missing."""
    apart = _WHOLE not in _carried(lading)
    sums: dict[str, Decimal] = {}
    for item, amount in zip(certificate.items, amounts, strict=True):
        if amount is None:
            return {}
        heading = item.hs_code[:4] if apart else _WHOLE
        sums[heading] = sums.get(heading, Decimal(0)) + amount
    return sums


def _kilograms(item: Item) -> Decimal | None:
    if item.gross_weight is None or item.gross_weight.value <= 0:
        return None
    weight = measure(item.gross_weight)
    return weight.amount if weight.unit == "KGM" else None


def _pointer(certificate: Certificate, heading: str) -> str:
    """The only item of the heading; all items where there are several."""
    of_heading = [index for index, item in enumerate(certificate.items) if item.hs_code[:4] == heading]
    return f"/items/{of_heading[0]}" if len(of_heading) == 1 else "/items"


def _of(heading: str) -> str:
    return f" of heading {heading}" if heading else ""


# --- Parties ---------------------------------------------------------------------------------------------------------


def other_shipper(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    parties = lading.document_parties
    shippers = [parties.shipper.party_name]
    if parties.on_behalf_of_shipper is not None:
        shippers.append(parties.on_behalf_of_shipper.party_name)
    yield from _other_party("/exporter/name", certificate.exporter.name, shippers)


def other_consignee(certificate: Certificate, lading: TransportDocument) -> Iterator[Violation]:
    parties = lading.document_parties
    named = (parties.consignee, parties.on_behalf_of_consignee, parties.endorsee, *(parties.notify_parties or ()))
    names = [party.party_name for party in named if party is not None]
    if names:
        yield from _other_party("/consignee/name", certificate.consignee.name, names)


def _other_party(pointer: str, name: str, names: list[str]) -> Iterator[Violation]:
    if _plain(name) not in map(_plain, names):
        yield Violation(pointer, found=name, expected=" or ".join(dict.fromkeys(names)))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


# --- The catalogue ---------------------------------------------------------------------------------------------------

_TABLE: tuple[tuple[str, str, str, Comparison], ...] = (
    (
        "other-transport-document",
        "The certificate names another transport document.",
        "Check which bill of lading carries these goods.",
        other_transport_document,
    ),
    (
        "other-vessel",
        "Certificate and bill of lading name different vessels.",
        "Check the vessel; after a change of vessel the carrier's document counts.",
        other_vessel,
    ),
    (
        "other-voyage",
        "Certificate and bill of lading name different voyages.",
        "Check the voyage with the carrier.",
        other_voyage,
    ),
    (
        "other-port-of-loading",
        "Certificate and bill of lading name different ports of loading.",
        "Check the port: on it rests the direct consignment.",
        other_port_of_loading,
    ),
    (
        "other-port-of-discharge",
        "Certificate and bill of lading name different ports of discharge.",
        "Check the port: on it rests the direct consignment.",
        other_port_of_discharge,
    ),
    (
        "other-date-of-shipment",
        "The certificate states another day of shipment than the bill of lading.",
        "Ask for the date on which the carrier took the goods on board: on it rests whether an issue is late.",
        other_departure,
    ),
    (
        "goods-not-carried",
        "The bill of lading has no goods of this HS heading.",
        "Check the HS code, and whether the two belong to one consignment.",
        goods_not_carried,
    ),
    (
        "more-packages",
        "The certificate is for more packages than the bill of lading carries.",
        "Count the packages, and ask whether the goods travel under several bills of lading.",
        more_packages_than_carried,
    ),
    (
        "other-kind-of-packages",
        "Certificate and bill of lading name different kinds of packages.",
        "Check how the goods are packed.",
        other_kind_of_packages,
    ),
    (
        "more-weight",
        "The certificate is for more weight than the bill of lading carries.",
        "Check the weights, and ask whether the goods travel under several bills of lading.",
        more_weight_than_carried,
    ),
    (
        "other-shipper",
        "The exporter of the certificate is not the shipper of the bill of lading.",
        "Ask who sold the goods: a forwarder may ship for the exporter.",
        other_shipper,
    ),
    (
        "other-consignee",
        "The consignee of the certificate is nobody to whom or for whom the bill of lading names the goods.",
        "Ask for whom the goods are: a bank may hold the bill of lading for the importer.",
        other_consignee,
    ),
)
COMPARISONS: Mapping[str, Comparison] = {f"consignment.{slug}": comparison for slug, _, _, comparison in _TABLE}
"""Each comparison under the code of what it finds."""

register(Kind(f"consignment.{slug}", sentence, fix, Severity.WARNING) for slug, sentence, fix, _ in _TABLE)
