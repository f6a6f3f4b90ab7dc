"""The rules of the certificates of origin: those that all forms share, and with them those of each agreement."""

from schemas.certificate import agreements, beside, goods, listed, plausible, procedure, product_rules
from schemas.certificate.claimed import CLAIMED
from schemas.certificate.criteria import per_item
from schemas.certificate.making import (
    ALL,
    HUB,
    WITH_BACK_TO_BACK,
    WITH_EXHIBITION,
    WITH_OFFICIAL_USE,
    WITH_PRODUCER,
    WITH_VALUE,
    rule,
    value_claimed,
)
from schemas.certificate.model import (
    Certificate,
    Exhibition,
    OfficialUse,
    Place,
    ProducerWithheld,
    Replaced,
    ReplacementReason,
    ThirdCountryInvoice,
    Treatment,
)
from schemas.certificate.samples import (
    Sample,
    all_dates,
    both,
    changed,
    criterion,
    first_item_only,
    kilograms,
    of_edition,
    original_proof,
    originating,
    shifted,
)
from schemas.codes import kinds
from schemas.findings import Fidelity, Kind, Severity
from schemas.rules import Check, Layer, Rule, register_rules

_WARNING = Severity.WARNING


def _code(kind: Kind, check: Check[Certificate], sample: Sample, profiles: frozenset[str] = ALL) -> Rule[Certificate]:
    return Rule(kind, profiles, check, sample, Layer.CODES)


CODES = (
    _code(
        kinds.UNKNOWN_COUNTRY,
        listed.unknown_countries,
        changed(
            {
                "tick_boxes.third_country_invoicing": True,
                "third_country_invoice": ThirdCountryInvoice(company="Example Invoicing Ltd", country="QX"),
            }
        ),
    ),
    _code(
        kinds.UNKNOWN_CURRENCY,
        per_item(listed.unknown_currency),
        both(first_item_only, value_claimed("500", "QQQ")),
        WITH_VALUE,
    ),
    _code(kinds.UNKNOWN_HS, per_item(listed.unknown_hs), changed({"items.0.hs_code": "090199"})),
    _code(kinds.HS_EDITION_UNCHECKED, per_item(listed.unchecked_edition), of_edition("2017")),
    _code(
        kinds.UNKNOWN_PORT,
        listed.unknown_ports,
        lambda document: changed(
            {"transport.port_of_loading": Place(un_location_code=f"{document.issuing_country}ZZ9", name="A new port")}
        )(document),
    ),
    _code(kinds.UNKNOWN_UNIT, per_item(listed.unknown_units), changed({"items.0.gross_weight.unit": "QQQ"})),
    _code(kinds.UNKNOWN_PACKAGE, per_item(listed.unknown_package), changed({"items.0.packages.kind": "99"})),
)


_PROCEDURES = "operational certification procedures"
_THIRD_COUNTRY = "ATIGA Annex 8 Rule 23, AJCEP Implementing Regulations, RCEP Article 3.20; elsewhere modelled on them"
_BACK_TO_BACK = "ATIGA Annex 8 Rule 11, AJCEP Annex 4 Rule 3(4), RCEP Article 3.19"
_INVOICER = ThirdCountryInvoice(company="Example Invoicing Ltd", country="HK")
_EXHIBITION = Exhibition(name="Example Fair", address="1 Example Road\nBangkok")

GOODS = (
    rule(
        Layer.WHOLE,
        "item-number-repeated",
        "Two items have the same number.",
        "Number the items 1, 2, 3 and so on.",
        goods.repeated_numbers,
        changed({"items.1.number": 1}),
        clause="box of the item number",
    ),
    rule(
        Layer.WHOLE,
        "item-number-gap",
        "The items are not numbered from 1 without a gap.",
        "Number the items 1, 2, 3 and so on.",
        goods.number_gaps,
        changed({"items.1.number": 3}),
        clause="box of the item number",
    ),
    rule(
        Layer.ENTRY,
        "quantity-missing",
        "The item has neither a gross weight nor another quantity.",
        "State the gross weight or another quantity with its unit.",
        per_item(goods.no_quantity),
        changed({"items.0.gross_weight": None, "items.0.quantity": None}),
        clause="Form D and AJ box 9, RCEP box 12, Japan's form (JTEPA) box 6; elsewhere modelled on them",
    ),
    rule(
        Layer.BOX,
        "quantity-not-positive",
        "A weight or quantity is zero.",
        "State how much there is.",
        per_item(goods.quantity_not_positive),
        changed({"items.0.gross_weight": kilograms("0")}),
        clause="Form D and AJ box 9, RCEP box 12",
    ),
    rule(
        Layer.BOX,
        "weight-unit-not-mass",
        "The gross weight has a unit that does not measure mass.",
        "Use a unit of mass, as KGM, or state the figure as another quantity.",
        per_item(goods.weight_in_no_mass),
        changed({"items.0.gross_weight.unit": "MTR"}),
        clause="Form D and AJ box 9, RCEP box 12",
    ),
    rule(
        Layer.BOX,
        "value-not-positive",
        "The FOB value is zero.",
        "State the FOB value, or leave it out where the form asks for none.",
        per_item(goods.value_not_positive),
        value_claimed("0"),
        profiles=WITH_VALUE,
        clause="Form D and AJ box 9, RCEP box 12",
    ),
    rule(
        Layer.ENTRY,
        "amount-too-fine",
        "The amount has more decimal places than its currency.",
        "Round the amount to the currency's smallest unit.",
        per_item(goods.too_fine_amount),
        value_claimed("500.125"),
        profiles=WITH_VALUE,
        severity=_WARNING,
        clause="minor unit",
        source="ISO 4217",
        fidelity=Fidelity.EXACT,
    ),
    rule(
        Layer.WHOLE,
        "several-currencies",
        "The FOB values are in several currencies.",
        "State all values in one currency, if the invoices allow it.",
        goods.several_currencies,
        both(value_claimed("500"), value_claimed("500", "JPY", item=1)),
        profiles=WITH_VALUE,
        severity=_WARNING,
        clause="box of the value",
        source=HUB,
        fidelity=Fidelity.INVENTED,
    ),
    rule(
        Layer.BOX,
        "packages-missing",
        "Number and kind of packages are missing.",
        "State number and kind of packages; bulk goods have kinds of their own.",
        per_item(goods.no_packages),
        changed({"items.0.packages": None}),
        severity=_WARNING,
        clause="Form D and AJ box 7, RCEP box 8, Japan's form (JTEPA) box 4; elsewhere modelled on them",
    ),
    rule(
        Layer.BOX,
        "marks-missing",
        "Marks and numbers on the packages are missing.",
        "State the marks, or N/M for goods without any.",
        per_item(goods.no_marks),
        changed({"items.0.marks_and_numbers": None}),
        severity=_WARNING,
        clause="Form D and AJ box 6, RCEP box 7, Japan's form (JTEPA) box 4; elsewhere modelled on them",
    ),
    rule(
        Layer.WHOLE,
        "invoice-not-listed",
        "The item is on an invoice that the certificate does not list.",
        "List the invoice with its date, or correct the item's invoice number.",
        per_item(goods.unlisted_invoice),
        changed({"items.0.invoice_number": "INV-UNKNOWN"}),
        clause="Form D and AJ box 10, RCEP box 13",
    ),
    rule(
        Layer.BOX,
        "criterion-repeated",
        "An origin criterion is named twice for one item.",
        "Name each criterion once.",
        per_item(goods.repeated_codes),
        changed({"items.0.origin_criterion": criterion("WO", "WO")}),
        clause="Form D and AJ box 8, RCEP box 10",
    ),
    rule(
        Layer.ENTRY,
        "percentage-without-content",
        "A percentage is given, but no criterion of value content.",
        "Remove the percentage, or name the criterion that it belongs to.",
        per_item(goods.idle_percentage),
        changed({"items.0.origin_criterion": criterion("WO", percentage="45")}),
        clause="Form D and AJ box 8, RCEP box 10",
    ),
    rule(
        Layer.BOX,
        "percentage-impossible",
        "The value content is more than 100 %.",
        "Correct the percentage.",
        per_item(goods.impossible_percentage),
        value_claimed("500", percentage="145"),
        profiles=WITH_VALUE,
        clause="formula of regional value content",
        source="ATIGA Article 29, AJCEP Article 27, RCEP Article 3.5",
    ),
)

PARTIES = (
    rule(
        Layer.WHOLE,
        "exporter-elsewhere",
        "The exporter is not in the country that issues the certificate.",
        "Name the exporter in the issuing country; an invoicing company elsewhere has a box of its own.",
        procedure.exporter_elsewhere,
        changed({"exporter.country": "MY"}),
        clause="box 1",
    ),
    rule(
        Layer.WHOLE,
        "consignee-elsewhere",
        "The consignee is not in the importing country.",
        "Check the consignee's country against the importing country of the declaration.",
        procedure.consignee_elsewhere,
        changed({"consignee.country": "MY"}),
        severity=_WARNING,
        clause="box 2",
    ),
    rule(
        Layer.WHOLE,
        "importing-country-is-exporting",
        "The goods are exported to the country that issues the certificate.",
        "Correct the importing country of the declaration.",
        procedure.to_itself,
        lambda document: changed(
            {
                "declaration.importing_country": document.issuing_country,
                "consignee.country": document.issuing_country,
                "transport.port_of_discharge": Place(name="At home"),
            }
        )(document),
        clause="declaration by the exporter",
    ),
    rule(
        Layer.WHOLE,
        "producer-both-ways",
        "A producer is named and withheld at once.",
        "Name the producer, or say why none is named.",
        procedure.producer_both_ways,
        changed({"producer_withheld": ProducerWithheld.CONFIDENTIAL}),
        clause="box 3",
        source="Form RCEP",
        profiles=WITH_PRODUCER,
    ),
)

DATES = (
    rule(
        Layer.TIME,
        "issued-in-future",
        "The date of issue lies in the future.",
        "Send the certificate when it is issued, or correct the date.",
        procedure.issued_in_future,
        all_dates(5),
        clause="certification",
    ),
    rule(
        Layer.TIME,
        "declared-after-issue",
        "The exporter's declaration is later than the certification.",
        "Correct the date of the declaration or of the certification.",
        procedure.declared_after_issue,
        shifted({"declaration.date": 1}),
        clause="declaration and certification",
    ),
    rule(
        Layer.TIME,
        "invoiced-after-issue",
        "An invoice is later than the certificate.",
        "Check the date of the invoice.",
        procedure.invoiced_after_issue,
        shifted({"invoices.0.date": 10}),
        severity=_WARNING,
        clause="Form D and AJ box 10, RCEP box 13",
    ),
    rule(
        Layer.TIME,
        "shipped-after-validity",
        "The goods leave after the certificate's validity.",
        "Check the departure date.",
        procedure.shipped_after_validity,
        shifted({"transport.departure_date": 400}),
        severity=_WARNING,
        clause="ATIGA Rule 13, AJCEP Rule 4, RCEP Article 3.16(6)",
        source="operational certification procedures",
    ),
)

TRANSPORT = (
    rule(
        Layer.BOX,
        "departure-missing",
        "The date of shipment is missing, so that nobody can tell a late issue.",
        "State the departure date, as far as known.",
        procedure.no_departure,
        changed({"transport.departure_date": None}),
        severity=_WARNING,
        clause="Form D and AJ box 3, RCEP box 4; elsewhere modelled on them",
    ),
    rule(
        Layer.BOX,
        "port-of-discharge-missing",
        "The port of discharge is missing.",
        "State the port by UN/LOCODE or name, as far as known.",
        procedure.no_port_of_discharge,
        changed({"transport.port_of_discharge": None}),
        severity=_WARNING,
        clause="Form D and AJ box 3, RCEP box 4; elsewhere modelled on them",
    ),
    rule(
        Layer.WHOLE,
        "discharged-elsewhere",
        "The port of discharge is not in the importing country.",
        "Check the port; goods in transit may be discharged elsewhere.",
        procedure.discharged_elsewhere,
        changed({"transport.port_of_discharge": Place(un_location_code="NLRTM", name="Rotterdam")}),
        severity=_WARNING,
        clause="Form D and AJ box 3, RCEP box 4",
    ),
    rule(
        Layer.BOX,
        "invoice-missing",
        "No invoice is named.",
        "Name number and date of each invoice.",
        procedure.no_invoice,
        changed({"invoices": ()}),
        clause="Form D and AJ box 10, RCEP box 13, Japan's form (JTEPA) box 7; elsewhere modelled on them",
    ),
    rule(
        Layer.WHOLE,
        "invoice-repeated",
        "One invoice is named twice.",
        "Name each invoice once.",
        procedure.repeated_invoice,
        lambda document: changed({"invoices": (*document.invoices, document.invoices[0])})(document),
        severity=_WARNING,
        clause="Form D and AJ box 10, RCEP box 13",
    ),
)

TICKS = (
    rule(
        Layer.BOX,
        "exhibition-without-facts",
        "Exhibition is ticked, but the exhibition is not named.",
        "State name and address of the exhibition.",
        procedure.exhibition_without_facts,
        changed({"tick_boxes.exhibition": True}),
        clause="box 13",
        source="Form D (2022)",
        profiles=WITH_EXHIBITION,
    ),
    rule(
        Layer.WHOLE,
        "exhibition-without-tick",
        "An exhibition is named, but its box is not ticked.",
        "Tick the box, or leave the exhibition out.",
        procedure.exhibition_without_tick,
        changed({"exhibition": _EXHIBITION}),
        clause="box 13",
        source="Form D (2022)",
        profiles=WITH_EXHIBITION,
    ),
    rule(
        Layer.WHOLE,
        "third-country-without-facts",
        "An invoice from elsewhere is marked, but nobody is named who issued it.",
        "State company and country that issued the invoice.",
        procedure.third_country_without_facts,
        changed({"tick_boxes.third_country_invoicing": True}),
        clause=_THIRD_COUNTRY,
        source=_PROCEDURES,
    ),
    rule(
        Layer.WHOLE,
        "third-country-without-tick",
        "Somebody else is named as issuer of the invoice, but that is not marked.",
        "Mark it, or leave the company out.",
        procedure.third_country_without_tick,
        changed({"third_country_invoice": _INVOICER}),
        clause=_THIRD_COUNTRY,
        source=_PROCEDURES,
    ),
    rule(
        Layer.WHOLE,
        "original-missing",
        "Back-to-back is ticked, but the original certificate is not named.",
        "State number, date and issuing country of the original.",
        procedure.original_missing,
        changed({"tick_boxes.back_to_back": True}),
        clause=_BACK_TO_BACK,
        source=_PROCEDURES,
        profiles=WITH_BACK_TO_BACK,
    ),
    rule(
        Layer.WHOLE,
        "original-without-tick",
        "An original certificate is named, but back-to-back is not ticked.",
        "Tick the box, or leave the original out.",
        procedure.original_without_tick,
        lambda document: both(changed({"tick_boxes.back_to_back": False}), originating(document.issuing_country))(
            document
        ),
        start=original_proof("KH"),
        clause=_BACK_TO_BACK,
        source=_PROCEDURES,
        profiles=WITH_BACK_TO_BACK,
    ),
    rule(
        Layer.TIME,
        "original-later",
        "The original is younger than the back-to-back certificate that rests on it.",
        "Correct the date of the original.",
        procedure.original_later,
        original_proof("KH", days=2),
        start=original_proof("KH"),
        profiles=WITH_BACK_TO_BACK,
        clause=_BACK_TO_BACK,
        source=_PROCEDURES,
    ),
    rule(
        Layer.WHOLE,
        "original-of-issuer",
        "The original was issued by the same country as the back-to-back certificate.",
        "Name the certificate of the first exporting party.",
        procedure.original_of_issuer,
        lambda document: original_proof(document.issuing_country)(document),
        start=original_proof("KH"),
        profiles=WITH_BACK_TO_BACK,
        clause=_BACK_TO_BACK,
        source=_PROCEDURES,
    ),
)

REPLACEMENT = (
    rule(
        Layer.TIME,
        "replaces-later",
        "The certificate replaces one that is younger than itself.",
        "Correct the date of the certificate that is replaced.",
        procedure.replaces_later,
        lambda document: changed({"replaces": _replaced(document, 3, ReplacementReason.CORRECTED)})(document),
        clause="replacement",
        source="ATIGA Rule 12, RCEP Article 3.17(5)",
    ),
    rule(
        Layer.WHOLE,
        "replaces-itself",
        "A corrected certificate has the number of the one that it replaces.",
        "Give the corrected certificate a number of its own.",
        procedure.replaces_itself,
        lambda document: changed(
            {
                "replaces": Replaced(
                    number=document.number, date=document.declaration.date, reason=ReplacementReason.CORRECTED
                )
            }
        )(document),
        clause="3.17(3) and (5)",
        source="RCEP (unique number; a new certificate after a correction)",
    ),
    rule(
        Layer.TIME,
        "copy-too-late",
        "The certified true copy was made more than a year after the original.",
        "Check the dates: a copy is issued within one year of the original.",
        procedure.copy_too_late,
        lambda document: changed({"replaces": _replaced(document, -500, ReplacementReason.LOST)})(document),
        severity=_WARNING,
        clause="ATIGA Rule 12, RCEP Article 3.17(9)",
        source="operational certification procedures",
    ),
    rule(
        Layer.BOX,
        "treatment-before-import",
        "The box of the importing customs is filled already.",
        "Leave it empty: the importing customs says so in an event.",
        procedure.treatment_before_import,
        changed({"official_use": OfficialUse(treatment=Treatment.GIVEN)}),
        severity=_WARNING,
        clause="Form D and AJ box 4, RCEP box 5",
        profiles=WITH_OFFICIAL_USE,
    ),
    rule(
        Layer.BOX,
        "refusal-without-reasons",
        "Preferential treatment was not given, and no reason is stated.",
        "State the reasons.",
        procedure.refusal_without_reasons,
        changed({"official_use": OfficialUse(treatment=Treatment.NOT_GIVEN)}),
        clause="Form D and AJ box 4, RCEP box 5",
        profiles=WITH_OFFICIAL_USE,
        fidelity=Fidelity.EXACT,
    ),
)


def _replaced(document: Certificate, days: int, reason: ReplacementReason) -> Replaced:
    earlier = shifted({"certification.date": days})(document)
    return Replaced(number="EARLIER-1", date=earlier.certification.date, reason=reason)


RULES: tuple[Rule[Certificate], ...] = register_rules(
    (
        *CODES,
        *GOODS,
        *PARTIES,
        *DATES,
        *TRANSPORT,
        *TICKS,
        *REPLACEMENT,
        *plausible.RULES,
        *beside.RULES,
        *product_rules.RULES,
        *CLAIMED,
        *agreements.RULES,
    )
)
"""All rules of the family; `schemas.rules.rule_book` sorts out those of one profile."""
