"""RCEP: the Regional Comprehensive Economic Partnership, certificate of origin, Chapter 3."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.criteria import per_item
from schemas.certificate.family import EXACT, MODELLED, Clause, family_rules, own_rule
from schemas.certificate.form import RCEP_FORM
from schemas.certificate.law import Method, OriginLaw, Says, Tolerance
from schemas.certificate.model import RCEP_CO, Certificate, Item
from schemas.certificate.products import Basis
from schemas.certificate.samples import changed, criterion
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Layer, Rule, Violation

ORIGIN = OriginLaw(
    wholly_obtained=Says("Articles 3.2(a) and 3.3", EXACT),
    exclusively=Says("Article 3.2(b)", EXACT),
    general=None,
    product_rules=Says("Annex 3A", EXACT),
    by_product_rule=frozenset(),
    content_name="RVC",
    methods={
        Method.BUILD_DOWN: Says("Article 3.5(1)(a)", EXACT),
        Method.BUILD_UP: Says("Article 3.5(1)(b)", EXACT),
    },
    material_value=Says("Article 3.5(3) and (4)", EXACT),
    roll_up=Says("Articles 3.2 and 3.4", MODELLED),
    change=Says("Annex 3A, headnotes", EXACT),
    tolerances=(
        Tolerance(frozenset(range(1, 98)), Basis.VALUE, Decimal(10), Says("Article 3.7(1)(a)", EXACT)),
        Tolerance(frozenset(range(50, 64)), Basis.WEIGHT, Decimal(10), Says("Article 3.7(1)(b)", EXACT)),
    ),
    tolerance_by_product=False,
    tolerance_says=Says("Article 3.7(1)", EXACT),
    accumulation=Says("Article 3.4", EXACT),
    in_proportion=None,
    minimal_operations=Says("Article 3.6", EXACT),
    minimal_operations_end_content=True,
    packing_in_change=Says("Article 3.8(2)", EXACT),
    packing_in_content=Says("Article 3.8", MODELLED),
)

AGREEMENT = Agreement(
    id="rcep",
    profile=RCEP_CO,
    title="RCEP certificate of origin (2022)",
    source="RCEP",
    parties=ASEAN | {"JP", "CN", "KR", "AU", "NZ"},
    since=date(2022, 1, 1),
    boxes=RCEP_FORM,
    example_route=("JP", "TH"),
    example_claims=(("CTC", ""), ("RVC", "48"), ("PE", ""), ("CTC", "")),
    example_serial="RC",
    criteria=frozenset({"WO", "PE", "CTC", "RVC", "CR"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    content=frozenset({"RVC"}),
    tolerant=frozenset({"CTC"}),
    tick_boxes=frozenset({"third_country_invoicing", "back_to_back", "issued_retroactively"}),
    absent=frozenset({"/exhibition"}),
    rvc_least=Decimal(40),
    grace_days=0,
    origin=ORIGIN,
)

_CLAUSES = {
    "not-a-party": Clause("Article 1.2 (parties)", MODELLED),
    "origin-not-a-party": Clause("Article 1.2 (parties)", MODELLED),
    "criterion-not-allowed": Clause("Article 3.2 and form, box 10", EXACT),
    "criterion-combination": Clause("Article 3.2 and form, box 10", MODELLED),
    "rvc-below-threshold": Clause("Article 3.5 and Annex 3A", MODELLED),
    "value-missing": Clause("Annex 3B and form, box 12", MODELLED),
    "not-on-form": Clause("Form RCEP", EXACT),
    "no-such-tick-box": Clause("Form RCEP, box 17", EXACT),
    "value-not-asked": Clause("Annex 3B and form, box 12", MODELLED),
    "not-in-english": Clause("Article 3.17(2)", EXACT),
    "de-minimis-without-change": Clause("Article 3.7(1)", EXACT),
    "accumulation-of-own": Clause("Article 3.4", MODELLED),
    "form-not-in-force": Clause("Article 20.6 (entry into force, 1 January 2022)", MODELLED),
    "retroactive-not-ticked": Clause("Article 3.17(8)", MODELLED),
    "retroactive-ticked-early": Clause("Article 3.17(8)", MODELLED),
    "retroactive-too-late": Clause("Article 3.17(8)", MODELLED),
    "expired": Clause("Article 3.16(6)", EXACT),
    "original-expired": Clause("Article 3.19", MODELLED),
    "original-valid-too-long": Clause("Articles 3.16(6) and 3.19", MODELLED),
    "original-not-a-party": Clause("Article 3.19", MODELLED),
}


def _not_six_digits(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Box 9 holds the subheading and nothing more."""
    if len(item.hs_code) != 6:
        yield Violation("/hsCode", found=item.hs_code, expected="six digits")


def _no_origin_country(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Box 11 empty."""
    if item.origin_country is None:
        yield Violation("/originCountry", expected="the RCEP country of origin")


def _origin_elsewhere(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Box 11 with a country outside the agreement."""
    if item.origin_country is not None and item.origin_country not in AGREEMENT.parties:
        expected = ", ".join(sorted(AGREEMENT.parties))
        yield Violation("/originCountry", found=item.origin_country, expected=expected)


def _own_goods_of_another(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Wholly obtained, but not where the declaration says that the goods were produced."""
    origin = document.declaration.origin_country
    if not {origin, item.origin_country} <= AGREEMENT.parties:
        return
    if "WO" in item.origin_criterion.codes and item.origin_country != origin:
        yield Violation("/originCountry", found=item.origin_country, expected=origin)


def _no_producer(document: Certificate, context: Context) -> Iterator[Violation]:
    """Box 3 empty, and not said why."""
    if document.producer is None and document.producer_withheld is None:
        yield Violation("/producer", expected="the producer, or 'confidential' or 'not available'")


RULES: tuple[Rule[Certificate], ...] = (
    *family_rules(AGREEMENT, _CLAUSES),
    own_rule(
        AGREEMENT,
        "hs-not-six-digits",
        "The HS code does not have six digits.",
        "State the subheading, without the national digits.",
        Clause("Form RCEP, box 9", EXACT),
        per_item(_not_six_digits),
        changed({"items.0.hs_code": "09011110"}),
    ),
    own_rule(
        AGREEMENT,
        "origin-country-missing",
        "The item has no RCEP country of origin.",
        "State it in box 11.",
        Clause("Form RCEP, box 11", EXACT),
        per_item(_no_origin_country),
        changed({"items.0.origin_country": None}),
    ),
    own_rule(
        AGREEMENT,
        "item-origin-not-a-party",
        "The item's RCEP country of origin is no party to RCEP.",
        "Check the country in which the goods originate.",
        Clause("Article 2.6 and form, box 11", MODELLED),
        per_item(_origin_elsewhere),
        changed({"items.0.origin_country": "US"}),
    ),
    own_rule(
        AGREEMENT,
        "wholly-obtained-elsewhere",
        "The item is wholly obtained, but in another country than the one where the goods were produced.",
        "State the country in which the goods were obtained, in both boxes.",
        Clause("Articles 2.6 and 3.3 and form, boxes 11 and 15", MODELLED),
        per_item(_own_goods_of_another),
        changed({"items.0.origin_criterion": criterion("WO"), "items.0.origin_country": "VN"}),
        layer=Layer.ENTRY,
    ),
    own_rule(
        AGREEMENT,
        "producer-missing",
        "The producer is not named, and nothing says why.",
        "Name the producer, or state that it is confidential or not available.",
        Clause("Annex 3B and form, box 3", MODELLED, Severity.WARNING),
        _no_producer,
        changed({"producer": None}),
    ),
)
