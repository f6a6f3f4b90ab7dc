"""ATIGA: the ASEAN Trade in Goods Agreement, its Form D as revised in 2022, and its Annex 8 on procedure.

Rules 11 to 23 are cited by the numbers of 2009, which later texts may have moved.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.criteria import per_item
from schemas.certificate.family import EXACT, MODELLED, Clause, family_rules, own_rule
from schemas.certificate.form import FORM_D
from schemas.certificate.law import GeneralRule, InProportion, Method, OriginLaw, Says, Tolerance
from schemas.certificate.model import ATIGA_FORM_D, Certificate, Item
from schemas.certificate.products import Basis, Change
from schemas.certificate.samples import changed, criterion, dollars
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Layer, Rule, Violation

ORIGIN = OriginLaw(
    wholly_obtained=Says("Articles 26(a) and 27", EXACT),
    exclusively=None,
    general=GeneralRule(
        content=Decimal(40),
        content_says=Says("Article 28(1)(a)(i)", MODELLED),
        final_process=False,
        change=Change.HEADING,
        change_says=Says("Article 28(1)(a)(ii)", MODELLED),
    ),
    product_rules=Says("Annex 3", MODELLED),
    by_product_rule=frozenset(),
    content_name="RVC",
    methods={
        Method.BUILD_DOWN: Says("Article 29(1)(b), indirect method", EXACT),
        Method.BUILD_UP: Says("Article 29(1)(a), direct method", EXACT),
    },
    material_value=Says("Article 29(2)", MODELLED),
    roll_up=Says("Article 29(2)(a)", MODELLED),
    change=Says("Article 28(1)(a)(ii)", MODELLED),
    tolerances=(Tolerance(frozenset(range(1, 98)), Basis.VALUE, Decimal(10), Says("Article 33(1)", EXACT)),),
    tolerance_by_product=False,
    tolerance_says=Says("Article 33(1)", EXACT),
    accumulation=Says("Article 30(1)", MODELLED),
    in_proportion=InProportion(Decimal(20), Decimal(40), Says("Article 30(2)", MODELLED), "PC"),
    minimal_operations=Says("Article 31", MODELLED),
    minimal_operations_end_content=False,
    packing_in_change=Says("Article 34", MODELLED),
    packing_in_content=Says("Article 34", MODELLED),
)

AGREEMENT = Agreement(
    id="atiga",
    profile=ATIGA_FORM_D,
    title="ATIGA certificate of origin, Form D (2022)",
    source="ATIGA",
    parties=ASEAN,
    since=date(2022, 5, 1),
    boxes=FORM_D,
    example_route=("SG", "TH"),
    example_claims=(("RVC", "45.2"), ("CTH", ""), ("CC", ""), ("RVC", "61"), ("CTSH", "")),
    example_serial="D",
    criteria=frozenset({"WO", "RVC", "CC", "CTH", "CTSH", "SP", "PC"}),
    combinable=frozenset({"RVC", "CC", "CTH", "CTSH", "SP"}),
    additional=frozenset(),
    content=frozenset({"RVC", "PC"}),
    tolerant=frozenset(),
    tick_boxes=frozenset(
        {
            "third_country_invoicing",
            "accumulation",
            "back_to_back",
            "partial_cumulation",
            "exhibition",
            "de_minimis",
            "issued_retroactively",
        }
    ),
    absent=frozenset({"/producer", "/producerWithheld", "/remarks", "/items/originCountry"}),
    rvc_least=Decimal(40),
    grace_days=3,
    origin=ORIGIN,
)

_ANNEX = "Annex 8, Rule"

_CLAUSES = {
    "not-a-party": Clause("Article 1 (member states)", MODELLED),
    "origin-not-a-party": Clause("Article 1 (member states)", MODELLED),
    "origin-not-of-issuer": Clause(f"{_ANNEX} 11 and form, box 11", MODELLED),
    "criterion-not-allowed": Clause("Form D (2022), box 8 and notes", EXACT),
    "criterion-combination": Clause("Form D (2022), box 8 and notes", MODELLED),
    "percentage-missing": Clause("Form D (2022), box 8 and notes", EXACT),
    "rvc-below-threshold": Clause("Article 28(1)", MODELLED),
    "value-missing": Clause("Form D (2022), box 9", EXACT),
    "value-not-asked": Clause("Form D (2022), box 9", EXACT),
    "hs-too-short": Clause("Form D (2022), box 7", MODELLED),
    "not-on-form": Clause("Form D (2022)", EXACT),
    "not-in-english": Clause("Form D (2022): a form in English", MODELLED),
    "form-not-in-force": Clause("amended procedure, in use from 1 May 2022", MODELLED),
    "retroactive-not-ticked": Clause(f"{_ANNEX} 10(2)", EXACT),
    "retroactive-ticked-early": Clause(f"{_ANNEX} 10(2)", MODELLED),
    "retroactive-too-late": Clause(f"{_ANNEX} 10(2)", MODELLED),
    "expired": Clause(f"{_ANNEX}s 13 and 14", MODELLED),
    "third-country-is-exporting": Clause(f"{_ANNEX} 23", MODELLED),
    "small-consignment": Clause(f"{_ANNEX} 15", MODELLED),
    "original-expired": Clause(f"{_ANNEX} 11", MODELLED),
    "original-valid-too-long": Clause(f"{_ANNEX}s 11, 13 and 14", MODELLED),
    "original-not-a-party": Clause(f"{_ANNEX} 1 (back-to-back: issued by a member)", MODELLED),
}


def _partial_out_of_range(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Partial cumulation counts from 20 % to below 40 %."""
    criterion = item.origin_criterion
    if "PC" not in criterion.codes or criterion.percentage is None:
        return
    if not 20 <= criterion.percentage < 40:
        yield Violation(
            "/originCriterion/percentage", found=f"{criterion.percentage} %", expected="from 20 % to less than 40 %"
        )


def _partial_without_tick(document: Certificate, context: Context) -> Iterator[Violation]:
    """Partial cumulation in box 8, and no tick in box 13."""
    if document.tick_boxes.partial_cumulation:
        return
    if any("PC" in item.origin_criterion.codes for item in document.items):
        yield Violation("/tickBoxes/partialCumulation", found="not ticked", expected="ticked, as box 8 says PC")


def _tick_without_partial(document: Certificate, context: Context) -> Iterator[Violation]:
    """A tick in box 13, and no partial cumulation in box 8."""
    if not document.tick_boxes.partial_cumulation:
        return
    if not any("PC" in item.origin_criterion.codes for item in document.items):
        yield Violation("/tickBoxes/partialCumulation", found="ticked", expected="an item with PC in box 8")


def _tolerance_for_nothing(document: Certificate, context: Context) -> Iterator[Violation]:
    """De minimis, though everything is wholly obtained: then there is nothing to tolerate."""
    if not document.tick_boxes.de_minimis:
        return
    if all(item.origin_criterion.codes == ("WO",) for item in document.items):
        yield Violation("/tickBoxes/deMinimis", found="ticked", expected="an item that is not wholly obtained")


def _accumulation_for_nothing(document: Certificate, context: Context) -> Iterator[Violation]:
    """Accumulation, though everything is wholly obtained: then no material of others is in it."""
    if not document.tick_boxes.accumulation:
        return
    if all(item.origin_criterion.codes == ("WO",) for item in document.items):
        yield Violation("/tickBoxes/accumulation", found="ticked", expected="an item that is not wholly obtained")


_TICKED = changed(
    {
        "items.0.origin_criterion": criterion("PC", percentage="25"),
        "items.0.fob_value": dollars("500"),
        "tick_boxes.partial_cumulation": True,
    }
)
"""Partial cumulation, as it should be."""

RULES: tuple[Rule[Certificate], ...] = (
    *family_rules(AGREEMENT, _CLAUSES),
    own_rule(
        AGREEMENT,
        "pc-out-of-range",
        "Partial cumulation is claimed outside 20 to 40 %.",
        "From 40 % on claim RVC; below 20 % nothing can be claimed.",
        Clause("Article 30(2) and form, box 8", MODELLED),
        per_item(_partial_out_of_range),
        changed({"items.0.origin_criterion": criterion("PC", percentage="15")}),
        start=_TICKED,
    ),
    own_rule(
        AGREEMENT,
        "pc-not-ticked",
        "Partial cumulation is claimed in box 8 and not ticked in box 13.",
        "Tick 'partial cumulation'.",
        Clause("Article 30(2) and form, boxes 8 and 13", EXACT),
        _partial_without_tick,
        changed({"tick_boxes.partial_cumulation": False}),
        layer=Layer.WHOLE,
        start=_TICKED,
    ),
    own_rule(
        AGREEMENT,
        "pc-ticked-without-item",
        "Partial cumulation is ticked, but no item claims it.",
        "Name PC with its percentage in box 8, or remove the tick.",
        Clause("Article 30(2) and form, boxes 8 and 13", MODELLED),
        _tick_without_partial,
        changed({"tick_boxes.partial_cumulation": True}),
        layer=Layer.WHOLE,
    ),
    own_rule(
        AGREEMENT,
        "de-minimis-without-need",
        "De minimis is ticked, but all goods are wholly obtained.",
        "Remove the tick, or check the origin criteria.",
        Clause("Article 33(1) and form, box 13", MODELLED, Severity.WARNING),
        _tolerance_for_nothing,
        lambda document: changed(
            {"tick_boxes.de_minimis": True, "items": (document.items[0],), "items.0.origin_criterion": criterion("WO")}
        )(document),
        layer=Layer.WHOLE,
    ),
    own_rule(
        AGREEMENT,
        "accumulation-without-need",
        "Accumulation is ticked, but all goods are wholly obtained.",
        "Remove the tick, or check the origin criteria.",
        Clause("Article 30 and form, box 13", MODELLED, Severity.WARNING),
        _accumulation_for_nothing,
        lambda document: changed(
            {
                "tick_boxes.accumulation": True,
                "items": (document.items[0],),
                "items.0.origin_criterion": criterion("WO"),
            }
        )(document),
        layer=Layer.WHOLE,
    ),
)
