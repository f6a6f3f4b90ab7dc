"""What an officer would telephone about: figures that do not fit each other, goods listed twice, boxes that contradict.

Most of these rules no text states. They are warnings, save where no reading of the boxes makes sense.
"""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from schemas.certificate.agreements import agreement_of
from schemas.certificate.criteria import per_item
from schemas.certificate.making import HUB, WITH_PRODUCER, WITH_VALUE, rule, value_claimed, where
from schemas.certificate.model import (
    Certificate,
    Invoice,
    Item,
    Packages,
    Place,
    Quantity,
    ThirdCountryInvoice,
    TransportMode,
)
from schemas.certificate.samples import both, changed, kilograms, of_edition
from schemas.certificate.utilisation import measure
from schemas.codes import commodities, units
from schemas.findings import Fidelity, Severity
from schemas.registry import Context
from schemas.rules import Layer, Rule, Violation

_WARNING, _INVENTED = Severity.WARNING, Fidelity.INVENTED
_GRAM, _HUNDRED_TONNES = Decimal("0.001"), Decimal(100_000)
_LEAST_PRICE, _HIGHEST_PRICE = Decimal("0.001"), Decimal(1_000_000)
_THREE_LETTERS = re.compile(r"(?:[^\W\d_].*?){3}", re.DOTALL)


# --- One item --------------------------------------------------------------------------------------------------------


def unknown_edition(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """An edition that there never was."""
    if item.hs_edition not in commodities.EDITIONS:
        yield Violation("/hsEdition", found=item.hs_edition, expected=f"one of {', '.join(commodities.EDITIONS)}")


def edition_ahead(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """An edition that enters into force only after the certificate was issued."""
    year = document.certification.date.year
    if item.hs_edition in commodities.EDITIONS and int(item.hs_edition) > year:
        yield Violation("/hsEdition", found=item.hs_edition, expected=f"an edition in force in {year}")


def vague_description(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A description that no officer can find goods by."""
    if _THREE_LETTERS.search(f"{item.description}") is None:
        yield Violation("/description", found=item.description, expected="the goods in words")


def net_above_gross(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A net weight above the gross weight."""
    if item.quantity is None or item.gross_weight is None or item.quantity.value <= 0 or item.gross_weight.value <= 0:
        return
    net, gross = measure(item.quantity), measure(item.gross_weight)
    if net.unit == gross.unit == "KGM" and net.amount > gross.amount:
        yield Violation("/quantity/value", found=net.amount, expected=f"at most {gross.amount} kg, the gross weight")


def broken_pieces(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A fraction of something that is counted."""
    if item.quantity is None or item.quantity.unit not in units.UNITS:
        return
    counted = units.UNITS[item.quantity.unit].dimension is units.Dimension.COUNT
    if counted and item.quantity.value != item.quantity.value.to_integral_value():
        yield Violation("/quantity/value", found=item.quantity.value, expected="a whole number of pieces")


def _kilograms(quantity: Quantity) -> Decimal | None:
    """More than nothing, in kilograms; None for what is no mass, or nothing."""
    if quantity.value <= 0:
        return None
    if quantity.unit == "KGM":
        return quantity.value
    measured = measure(quantity)
    return measured.amount if measured.unit == "KGM" else None


def strange_package_weight(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Packages that weigh less than a gram or more than a hundred tonnes each."""
    if item.packages is None or item.gross_weight is None:
        return
    weight, packages = _kilograms(item.gross_weight), item.packages.quantity
    if weight is not None and not packages * _GRAM <= weight <= packages * _HUNDRED_TONNES:
        found = f"{weight / packages:.6g} kg each"
        yield Violation("/packages/quantity", found=found, expected="from 1 g to 100 t each")


def strange_price(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """An FOB value of less than a tenth of a cent or more than a million US dollars a kilogram."""
    if item.fob_value is None or item.gross_weight is None or item.fob_value.currency != "USD":
        return
    weight, value = _kilograms(item.gross_weight), item.fob_value.amount
    if weight is None or value <= 0:
        return
    if not weight * _LEAST_PRICE <= value <= weight * _HIGHEST_PRICE:
        expected = f"from USD {_LEAST_PRICE} to {_HIGHEST_PRICE:,} for a kilogram"
        yield Violation("/fobValue/amount", found=f"USD {value / weight:.6g} for a kilogram", expected=expected)


def manufactured_but_wholly_obtained(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Machines, vehicles and instruments that are said to be grown, mined or caught."""
    if "WO" in item.origin_criterion.codes and 84 <= commodities.chapter_of(item.hs_code) <= 92:
        found = f"WO, chapter {commodities.chapter_of(item.hs_code)}"
        yield Violation("/originCriterion/codes", found=found, expected="a criterion for manufactured goods")


# --- Items beside each other -----------------------------------------------------------------------------------------


def listed_twice(document: Certificate, context: Context) -> Iterator[Violation]:
    """Two items that say the same in every box."""
    described = Counter((item.description, item.hs_code) for item in document.items)
    seen: dict[object, int] = {}
    for index, item in enumerate(document.items):
        if described[item.description, item.hs_code] == 1:
            continue
        says = (
            *(item.description, item.hs_code, item.marks_and_numbers, item.packages, item.origin_criterion),
            *(item.gross_weight, item.quantity, item.fob_value, item.invoice_number),
        )
        first = seen.setdefault(says, item.number)
        if first != item.number:
            yield Violation(f"/items/{index}", found=f"item {item.number}, as item {first}", expected="each line once")


def several_editions(document: Certificate, context: Context) -> Iterator[Violation]:
    """HS codes of several editions on one certificate."""
    editions = {item.hs_edition for item in document.items}
    if len(editions) > 1:
        yield Violation("/items", found=", ".join(sorted(editions)), expected="one edition")


def which_invoice(document: Certificate, context: Context) -> Iterator[Violation]:
    """Several invoices, some items of which say theirs and some do not."""
    silent = [index for index, item in enumerate(document.items) if item.invoice_number is None]
    if len(document.invoices) > 1 and 0 < len(silent) < len(document.items):
        for index in silent:
            yield Violation(f"/items/{index}/invoiceNumber", expected="the item's invoice, as the other items have it")


def idle_invoice(document: Certificate, context: Context) -> Iterator[Violation]:
    """An invoice that no item is on, though all items say theirs."""
    named = {item.invoice_number for item in document.items}
    if None in named:
        return
    for index, invoice in enumerate(document.invoices):
        if invoice.number not in named:
            yield Violation(f"/invoices/{index}/number", found=invoice.number, expected="an invoice with an item")


# --- Parties and transport -------------------------------------------------------------------------------------------


def to_oneself(document: Certificate, context: Context) -> Iterator[Violation]:
    """Exporter and consignee are one."""
    exporter, consignee = document.exporter, document.consignee
    if (exporter.name.casefold(), exporter.address) == (consignee.name.casefold(), consignee.address):
        yield Violation("/consignee/name", found=consignee.name, expected="another party than the exporter")


def producer_elsewhere(document: Certificate, context: Context) -> Iterator[Violation]:
    """A producer outside the country where the goods were produced."""
    producer, origin = document.producer, document.declaration.origin_country
    if producer is not None and producer.country not in (origin, document.issuing_country):
        yield Violation("/producer/country", found=producer.country, expected=origin)


def invoiced_by_exporter(document: Certificate, context: Context) -> Iterator[Violation]:
    """An invoice from elsewhere that the exporter issued."""
    invoice = document.third_country_invoice
    if invoice is not None and invoice.company.casefold() == document.exporter.name.casefold():
        yield Violation("/thirdCountryInvoice/company", found=invoice.company, expected="another than the exporter")


def loaded_elsewhere(document: Certificate, context: Context) -> Iterator[Violation]:
    """Loaded outside the issuing country; goods of a landlocked one always are. Where discharged: another rule's."""
    place, issuer = document.transport.port_of_loading, document.issuing_country
    if (
        place is None
        or place.un_location_code is None
        or issuer == "LA"
        or place == document.transport.port_of_discharge
    ):
        return
    if place.un_location_code[:2] != issuer:
        pointer = "/transport/portOfLoading/UNLocationCode"
        yield Violation(pointer, found=place.un_location_code, expected=f"a place in {issuer}")


def nowhere(document: Certificate, context: Context) -> Iterator[Violation]:
    """Loaded and discharged in one place."""
    loading, discharge = document.transport.port_of_loading, document.transport.port_of_discharge
    if loading is None or discharge is None or loading.un_location_code is None:
        return
    if loading.un_location_code == discharge.un_location_code:
        pointer = "/transport/portOfDischarge/UNLocationCode"
        yield Violation(pointer, found=discharge.un_location_code, expected="another place than that of loading")


def no_vessel(document: Certificate, context: Context) -> Iterator[Violation]:
    """By sea or air, but by which vessel or flight is not said."""
    transport = document.transport
    if transport.mode is not None and transport.mode in ("sea", "air") and transport.vessel_or_flight is None:
        yield Violation("/transport/vesselOrFlight", found=transport.mode, expected="the vessel or the flight")


def voyage_of_none(document: Certificate, context: Context) -> Iterator[Violation]:
    """A voyage without its vessel."""
    transport = document.transport
    if transport.voyage is not None and transport.vessel_or_flight is None and transport.mode != "sea":
        yield Violation("/transport/vesselOrFlight", found=f"voyage {transport.voyage}", expected="the vessel")


# --- Numbers and dates -----------------------------------------------------------------------------------------------


def number_in_another_format(document: Certificate, context: Context) -> Iterator[Violation]:
    """A number that is not in the issuer's format, or names another country or year than the certificate."""
    form = agreement_of(document.profile).numbers.get(document.issuing_country)
    if form is None:
        return
    found = form.pattern.fullmatch(f"{document.number}")
    if found is None:
        yield Violation("/number", found=document.number, expected=form.shown)
        return
    said = (found["importing"], found["year"])
    meant = (document.declaration.importing_country, f"{document.certification.date:%y}")
    if said != meant:
        yield Violation("/number", found=document.number, expected=f"{form.shown}: {meant[0]}, year {meant[1]}")


def old_invoice(document: Certificate, context: Context) -> Iterator[Violation]:
    """An invoice of more than two years before the certificate."""
    issued = document.certification.date
    for index, invoice in enumerate(document.invoices):
        if (issued - invoice.date).days > 731:
            yield Violation(f"/invoices/{index}/date", found=invoice.date, expected=f"nearer to {issued}")


def long_declared(document: Certificate, context: Context) -> Iterator[Violation]:
    """Declared more than half a year before it was certified."""
    issued = document.certification.date
    if (issued - document.declaration.date).days > 183:
        yield Violation("/declaration/date", found=document.declaration.date, expected=f"nearer to {issued}")


def leaves_late(document: Certificate, context: Context) -> Iterator[Violation]:
    """Goods that leave more than half a year after the certificate was issued."""
    departure, issued = document.transport.departure_date, document.certification.date
    if departure is not None and 183 < (departure - issued).days <= 365:
        yield Violation("/transport/departureDate", found=departure, expected=f"nearer to {issued}")


def _second_invoice(document: Certificate) -> Certificate:
    first = document.invoices[0]
    return changed({"invoices": (first, Invoice(number="INV-SECOND", date=first.date))})(document)


_ALL_ON_INVOICES = both(
    _second_invoice,
    lambda document: changed(
        {"items.0.invoice_number": document.invoices[0].number, "items.1.invoice_number": "INV-SECOND"}
    )(document),
)
"""Two invoices, one for each item."""

RULES: tuple[Rule[Certificate], ...] = (
    rule(
        Layer.BOX,
        "hs-edition-unknown",
        "There is no such edition of the Harmonized System.",
        "State the year of the edition that the code is from, as 2022.",
        per_item(unknown_edition),
        of_edition("2015"),
        clause="editions since 1988",
        source="Harmonized System Convention",
    ),
    rule(
        Layer.TIME,
        "hs-edition-ahead",
        "The HS edition was not yet in force when the certificate was issued.",
        "State the edition that the importing country used on that day.",
        per_item(edition_ahead),
        of_edition("2028"),
        severity=_WARNING,
        clause="entry into force of editions",
        source="Harmonized System Convention",
    ),
    rule(
        Layer.BOX,
        "description-vague",
        "The description does not say what the goods are.",
        "Describe the goods so that an officer can identify them and find them on the invoice.",
        per_item(vague_description),
        changed({"items.0.description": "30-A1"}),
        severity=_WARNING,
        clause="Form AJ, note on the description; box of the description",
    ),
    rule(
        Layer.ENTRY,
        "net-above-gross",
        "The net weight is more than the gross weight.",
        "Correct the one or the other.",
        per_item(net_above_gross),
        lambda document: changed(
            {
                "items.0.gross_weight": kilograms("1000"),
                "items.0.quantity": Quantity(value=Decimal("1.2"), unit="TNE"),
            }
        )(document),
        clause="Form D and AJ box 9, RCEP box 12, Japan's form box 6",
    ),
    rule(
        Layer.ENTRY,
        "pieces-broken",
        "A number of pieces is not whole.",
        "State whole pieces, or use a unit that measures.",
        per_item(broken_pieces),
        changed({"items.0.quantity": Quantity(value=Decimal("12.5"), unit="H87")}),
        severity=_WARNING,
        clause="box of the quantity",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.ENTRY,
        "package-weight-implausible",
        "The weight does not fit the number of packages.",
        "Check weight, unit and number of packages.",
        per_item(strange_package_weight),
        changed({"items.0.packages": Packages(quantity=1, kind="CT"), "items.0.gross_weight": kilograms("150000")}),
        severity=_WARNING,
        clause="boxes of packages and weight",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.ENTRY,
        "price-implausible",
        "The FOB value does not fit the weight.",
        "Check value, currency, weight and unit.",
        per_item(strange_price),
        both(value_claimed("500"), changed({"items.0.gross_weight": kilograms("600000")})),
        severity=_WARNING,
        clause="boxes of weight and value",
        source=HUB,
        fidelity=_INVENTED,
        profiles=WITH_VALUE,
        start=value_claimed("500"),
    ),
    rule(
        Layer.ENTRY,
        "wholly-obtained-implausible",
        "Manufactured goods are said to be wholly obtained.",
        "Check the criterion; wholly obtained goods are grown, mined or caught, or made only of such.",
        per_item(manufactured_but_wholly_obtained),
        changed({"items.0.hs_code": "848210"}),
        severity=_WARNING,
        clause="definitions of wholly obtained goods (chapters 84 to 92 have none but scrap and recovered parts)",
        source="ATIGA Article 27, AJCEP Article 25, RCEP Article 3.3, JTEPA Article 28(2), JIEPA Article 29(2)",
    ),
    rule(
        Layer.WHOLE,
        "goods-listed-twice",
        "Two items say the same in every box.",
        "Leave one of them out, or state what sets them apart.",
        listed_twice,
        lambda document: changed({"items": (document.items[0], document.items[0].model_copy(update={"number": 2}))})(
            document
        ),
        severity=_WARNING,
        clause="boxes of the goods",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.WHOLE,
        "hs-editions-differ",
        "The HS codes are of several editions.",
        "State all codes in the edition that the importing country uses.",
        several_editions,
        changed({"items.0.hs_edition": "2017"}),
        severity=_WARNING,
        clause="box of the HS code",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.WHOLE,
        "invoice-of-item-missing",
        "There are several invoices, and one of the items does not say which one it is on.",
        "State the invoice of each item.",
        which_invoice,
        changed({"items.1.invoice_number": None}),
        severity=_WARNING,
        clause="Form D and AJ box 10, RCEP box 13 and Article 3.17(4)",
        start=_ALL_ON_INVOICES,
    ),
    rule(
        Layer.WHOLE,
        "invoice-without-item",
        "An invoice is listed that no item is on.",
        "Leave it out, or correct the invoice numbers of the items.",
        idle_invoice,
        lambda document: changed({"items.1.invoice_number": document.invoices[0].number})(document),
        severity=_WARNING,
        clause="Form D and AJ box 10, RCEP box 13",
        start=_ALL_ON_INVOICES,
    ),
    rule(
        Layer.WHOLE,
        "exporter-is-consignee",
        "Exporter and consignee are the same.",
        "Name the importer, or the party that receives the goods.",
        to_oneself,
        lambda document: changed(
            {"consignee.name": document.exporter.name, "consignee.address": document.exporter.address}
        )(document),
        severity=_WARNING,
        clause="boxes 1 and 2",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.WHOLE,
        "producer-elsewhere",
        "The producer is in another country than the one where the goods were produced.",
        "Name the producer of the goods, or correct the country of origin.",
        producer_elsewhere,
        changed({"producer.country": "VN"}),
        severity=_WARNING,
        clause="box 3",
        source="Form RCEP",
        profiles=WITH_PRODUCER,
    ),
    rule(
        Layer.WHOLE,
        "invoiced-by-exporter",
        "The exporter is named as the third party that issued the invoice.",
        "Name the company that issued the invoice, or remove it with its mark.",
        invoiced_by_exporter,
        lambda document: changed({"third_country_invoice.company": document.exporter.name})(document),
        severity=_WARNING,
        clause="Article 3.20 (an invoice by neither exporter nor producer); elsewhere modelled on it",
        source="RCEP",
        start=changed(
            {
                "tick_boxes.third_country_invoicing": True,
                "third_country_invoice": ThirdCountryInvoice(company="Example Invoicing Ltd", country="HK"),
            }
        ),
    ),
    rule(
        Layer.WHOLE,
        "loaded-elsewhere",
        "The port of loading is not in the issuing country.",
        "Check the port; goods that cross a border by land may be loaded elsewhere.",
        loaded_elsewhere,
        changed({"transport.port_of_loading": Place(un_location_code="NLRTM", name="Rotterdam")}),
        severity=_WARNING,
        clause="ATIGA Article 32, AJCEP Article 31, RCEP Article 3.15, JTEPA Article 32, JIEPA Article 33",
        source="direct consignment",
    ),
    rule(
        Layer.WHOLE,
        "loaded-where-discharged",
        "The goods are discharged where they were loaded.",
        "Correct the port of loading or of discharge.",
        nowhere,
        lambda document: changed({"transport.port_of_loading": document.transport.port_of_discharge})(document),
        severity=_WARNING,
        clause="box of the transport",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.WHOLE,
        "vessel-missing",
        "The goods go by sea or air, but vessel or flight is not named.",
        "Name it, as far as it is known.",
        no_vessel,
        changed({"transport.vessel_or_flight": None}),
        severity=_WARNING,
        clause="Form D and AJ box 3, RCEP box 4, Japan's form box 3",
    ),
    rule(
        Layer.WHOLE,
        "voyage-without-vessel",
        "A voyage is stated, but no vessel.",
        "Name the vessel, or leave the voyage out.",
        voyage_of_none,
        changed({"transport.vessel_or_flight": None, "transport.mode": TransportMode.MULTIMODAL}),
        severity=_WARNING,
        clause="box of the transport",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.WHOLE,
        "number-format",
        "The certificate's number is not in the format of its issuer.",
        "Write the number as the issuer does, with the importing country and the year of issue.",
        number_in_another_format,
        changed({"number": "VN-2026-00041"}),
        severity=_WARNING,
        clause="annex 9 (reference number of Form VJ)",
        source="Viet Nam, Circular 10/2009/TT-BCT (secondary source)",
        profiles=where(lambda agreement: bool(agreement.numbers)),
    ),
    rule(
        Layer.TIME,
        "invoice-old",
        "An invoice is more than two years older than the certificate.",
        "Check the date of the invoice.",
        old_invoice,
        lambda document: changed(
            {"invoices.0.date": document.certification.date.replace(year=document.certification.date.year - 3)}
        )(document),
        severity=_WARNING,
        clause="box of the invoices",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.TIME,
        "declared-long-before",
        "The exporter declared more than half a year before the certification.",
        "Check both dates.",
        long_declared,
        lambda document: changed(
            {"declaration.date": document.certification.date.replace(year=document.certification.date.year - 1)}
        )(document),
        severity=_WARNING,
        clause="declaration and certification",
        source=HUB,
        fidelity=_INVENTED,
    ),
    rule(
        Layer.TIME,
        "leaves-long-after",
        "The goods leave more than half a year after the certificate was issued.",
        "Check the departure date.",
        leaves_late,
        lambda document: changed({"transport.departure_date": document.certification.date.replace(month=10)})(document),
        severity=_WARNING,
        clause="box of the transport",
        source=HUB,
        fidelity=_INVENTED,
    ),
)
