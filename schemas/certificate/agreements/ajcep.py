"""AJCEP: ASEAN's and Japan's agreement on comprehensive economic partnership, Form AJ (revised ASEAN version, 2014).

Chapter 3 has the rules of origin, Annex 4 the procedure. Its rule on retroactive issue is known in outline only.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.criteria import per_item
from schemas.certificate.family import EXACT, MODELLED, Clause, family_rules, own_rule
from schemas.certificate.form import FORM_AJ
from schemas.certificate.law import GeneralRule, Method, OriginLaw, Says, Tolerance
from schemas.certificate.model import AJCEP_FORM_AJ, Certificate, Item, Place
from schemas.certificate.products import Basis, Change
from schemas.certificate.samples import changed, criterion
from schemas.codes.commodities import chapter_of
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Layer, Rule, Violation

ORIGIN = OriginLaw(
    wholly_obtained=Says("Articles 24(a) and 25", EXACT),
    exclusively=Says("Article 24(c)", EXACT),
    general=GeneralRule(
        content=Decimal(40),
        content_says=Says("Article 26(1)(a)", EXACT),
        final_process=True,
        change=Change.HEADING,
        change_says=Says("Article 26(1)(b)", EXACT),
    ),
    product_rules=Says("Annex 2", EXACT),
    by_product_rule=frozenset(),
    content_name="RVC",
    methods={Method.BUILD_DOWN: Says("Article 27(1)", EXACT)},
    material_value=Says("Article 27(4)", EXACT),
    roll_up=Says("Article 27(5)", EXACT),
    change=Says("Article 26(4)", EXACT),
    tolerances=(
        Tolerance(
            frozenset({16, 19, 20, 22, 23, *range(28, 50), *range(64, 98)}),
            Basis.VALUE,
            Decimal(10),
            Says("Article 28(1)(a)", EXACT),
        ),
        Tolerance(frozenset({18, 21}), Basis.VALUE, Decimal(10), Says("Article 28(1)(b)", EXACT), certain=Decimal(7)),
        Tolerance(frozenset(range(50, 64)), Basis.WEIGHT, Decimal(10), Says("Article 28(1)(c)", EXACT)),
    ),
    tolerance_by_product=False,
    tolerance_says=Says("Article 28(1)", EXACT),
    accumulation=Says("Article 29", EXACT),
    in_proportion=None,
    minimal_operations=Says("Article 30", EXACT),
    minimal_operations_end_content=False,
    packing_in_change=Says("Article 32(2)", EXACT),
    packing_in_content=Says("Article 32(3)", EXACT),
)

AGREEMENT = Agreement(
    id="ajcep",
    profile=AJCEP_FORM_AJ,
    title="AJCEP certificate of origin, Form AJ (2014)",
    source="AJCEP",
    parties=ASEAN | {"JP"},
    since=date(2014, 1, 1),
    boxes=FORM_AJ,
    example_route=("JP", "VN"),
    example_claims=(("CTH", ""), ("RVC", "52.5"), ("CTC", ""), ("PE", "")),
    example_serial="AJ",
    criteria=frozenset({"WO", "PE", "CTH", "CTC", "RVC", "SP"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    content=frozenset({"RVC"}),
    tolerant=frozenset({"CTH", "CTC", "SP"}),
    tick_boxes=frozenset({"third_country_invoicing", "back_to_back", "issued_retroactively"}),
    absent=frozenset({"/producer", "/producerWithheld", "/remarks", "/items/originCountry", "/exhibition"}),
    rvc_least=Decimal(40),
    grace_days=3,
    origin=ORIGIN,
    value_always=True,
)

_ANNEX = "Annex 4, Rule"

_CLAUSES = {
    "not-a-party": Clause("Article 1 (parties)", MODELLED),
    "origin-not-a-party": Clause("Article 1 (parties)", MODELLED),
    "origin-not-of-issuer": Clause(f"{_ANNEX} 3(4) and form, box 11", MODELLED),
    "criterion-not-allowed": Clause("Articles 24 to 29 and form, box 8", EXACT),
    "criterion-combination": Clause("Articles 24 to 29 and form, box 8", MODELLED),
    "rvc-below-threshold": Clause("Article 26(1)", EXACT),
    "value-missing": Clause("Form AJ (2014), box 9", MODELLED, Severity.WARNING),
    "hs-too-short": Clause("Form AJ (2014), box 7", MODELLED),
    "not-on-form": Clause("Form AJ (2014)", EXACT),
    "no-such-tick-box": Clause("Form AJ (2014), box 13", EXACT),
    "not-in-english": Clause("Form AJ (2014): a form in English", MODELLED),
    "de-minimis-without-change": Clause("Article 28(1)", MODELLED),
    "accumulation-of-own": Clause("Article 29", MODELLED),
    "form-not-in-force": Clause("announcement of the revised Form AJ (2014)", MODELLED),
    "retroactive-not-ticked": Clause("Implementing Regulations", MODELLED),
    "retroactive-ticked-early": Clause("Implementing Regulations", MODELLED),
    "retroactive-too-late": Clause("Implementing Regulations", MODELLED),
    "expired": Clause(f"{_ANNEX} 4", MODELLED),
    "third-country-is-exporting": Clause("Implementing Regulations", MODELLED),
    "small-consignment": Clause(f"{_ANNEX} 3(2)", EXACT),
    "original-expired": Clause(f"{_ANNEX} 3(4)", EXACT),
    "original-valid-too-long": Clause(f"{_ANNEX}s 3(4) and 4", MODELLED),
    "original-not-a-party": Clause(f"{_ANNEX} 3(4)", MODELLED),
}

_NO_TOLERANCE = frozenset({*range(1, 16), 17, *range(24, 28)})
"""Chapters without de minimis by value or weight, Article 28(1)."""


def _tolerance_excluded(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """De minimis in a chapter that has none."""
    chapter = chapter_of(item.hs_code)
    if "DMI" in item.origin_criterion.codes and chapter in _NO_TOLERANCE:
        found = f"DMI, chapter {chapter}"
        yield Violation("/originCriterion/codes", found=found, expected="another chapter than 1-15, 17, 24-27")


def _without_japan(document: Certificate, context: Context) -> Iterator[Violation]:
    """Goods that neither come from Japan nor go there: the preferences of the agreement lie between Japan and ASEAN."""
    countries = (document.declaration.origin_country, document.issuing_country, document.declaration.importing_country)
    if "JP" not in countries:
        yield Violation("/declaration/importingCountry", found=countries[2], expected="JP, or goods that come from JP")


RULES: tuple[Rule[Certificate], ...] = (
    *family_rules(AGREEMENT, _CLAUSES),
    own_rule(
        AGREEMENT,
        "de-minimis-excluded",
        "The agreement knows no de minimis in this chapter.",
        "Name a criterion that the goods meet without it.",
        Clause("Article 28(1)", EXACT),
        per_item(_tolerance_excluded),
        changed({"items.0.origin_criterion": criterion("CTH", "DMI"), "items.0.hs_code": "090111"}),
    ),
    own_rule(
        AGREEMENT,
        "without-japan",
        "The goods neither come from Japan nor go there.",
        "Use the agreement between the two countries; among ASEAN's members that is ATIGA.",
        Clause("Chapter 2 (tariff concessions between Japan and each member)", MODELLED, Severity.WARNING),
        _without_japan,
        changed(
            {
                "issuing_country": "SG",
                "exporter.country": "SG",
                "declaration.origin_country": "SG",
                "transport.port_of_loading": Place(un_location_code="SGSIN", name="Singapore"),
            }
        ),
        layer=Layer.WHOLE,
    ),
)
