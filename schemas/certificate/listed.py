"""The codes in a certificate, against the lists that know them."""

from collections.abc import Iterator

from schemas.certificate.model import Certificate, Item, Place
from schemas.codes import commodities, countries, currencies, packages, ports, units
from schemas.registry import Context
from schemas.rules import Violation


def _countries(document: Certificate) -> Iterator[tuple[str, str | None]]:
    yield "/issuingCountry", document.issuing_country
    yield "/exporter/country", document.exporter.country
    yield "/consignee/country", document.consignee.country
    if document.producer is not None:
        yield "/producer/country", document.producer.country
    yield "/declaration/originCountry", document.declaration.origin_country
    yield "/declaration/importingCountry", document.declaration.importing_country
    if document.third_country_invoice is not None:
        yield "/thirdCountryInvoice/country", document.third_country_invoice.country
    if document.original_proof is not None:
        yield "/originalProof/country", document.original_proof.country


def unknown_countries(document: Certificate, context: Context) -> Iterator[Violation]:
    """Countries of the parts that stand once."""
    for pointer, code in _countries(document):
        if code not in countries.COUNTRIES:
            yield Violation(pointer, found=code, expected="an assigned code of ISO 3166-1")


def unknown_currency(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Currency of an item's FOB value."""
    if item.fob_value is not None and not currencies.is_currency(item.fob_value.currency):
        yield Violation("/fobValue/currency", found=item.fob_value.currency, expected="a currency of ISO 4217")


def unknown_hs(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A code of the 2022 edition that has no such subheading; shorter codes are another rule's."""
    if item.hs_edition != commodities.EDITION or len(item.hs_code) < 6:
        return
    if not commodities.is_subheading(item.hs_code):
        yield Violation("/hsCode", found=item.hs_code, expected="a subheading of HS 2022")


def unchecked_edition(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """An edition that there is no list of; one that never was is another rule's."""
    if item.hs_edition in commodities.EDITIONS and item.hs_edition != commodities.EDITION:
        yield Violation("/hsEdition", found=item.hs_edition, expected=commodities.EDITION)


def unknown_units(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Units of weight and quantity."""
    if item.gross_weight is not None and item.gross_weight.unit not in units.UNITS:
        yield Violation("/grossWeight/unit", found=item.gross_weight.unit, expected="a unit of Recommendation 20")
    if item.quantity is not None and item.quantity.unit not in units.UNITS:
        yield Violation("/quantity/unit", found=item.quantity.unit, expected="a unit of Recommendation 20")


def unknown_package(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Kind of packages."""
    if item.packages is not None and item.packages.kind not in packages.PACKAGES:
        yield Violation("/packages/kind", found=item.packages.kind, expected="a kind of Recommendation 21")


def unknown_ports(document: Certificate, context: Context) -> Iterator[Violation]:
    """Ports of loading and discharge."""
    yield from _unknown_port("/transport/portOfLoading", document.transport.port_of_loading)
    yield from _unknown_port("/transport/portOfDischarge", document.transport.port_of_discharge)


def _unknown_port(pointer: str, place: Place | None) -> Iterator[Violation]:
    if place is None or place.un_location_code is None:
        return
    if ports.find_port(place.un_location_code) is None:
        yield Violation(f"{pointer}/UNLocationCode", found=place.un_location_code, expected="an entry of UN/LOCODE")
