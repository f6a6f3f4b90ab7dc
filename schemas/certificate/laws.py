"""The laws of origin of the agreements, until each stands in the file of its agreement."""

from dataclasses import replace
from decimal import Decimal

from schemas.certificate.agreement import Agreement
from schemas.certificate.law import GeneralRule, InProportion, Method, OriginLaw, Says, Tolerance
from schemas.certificate.products import Basis, Change
from schemas.findings import Fidelity

EXACT, MODELLED = Fidelity.EXACT, Fidelity.MODELLED
_TEN = Decimal(10)

ATIGA = OriginLaw(
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
    tolerances=(Tolerance(frozenset(range(1, 98)), Basis.VALUE, _TEN, Says("Article 33(1)", EXACT)),),
    tolerance_by_product=False,
    tolerance_says=Says("Article 33(1)", EXACT),
    accumulation=Says("Article 30(1)", MODELLED),
    in_proportion=InProportion(Decimal(20), Decimal(40), Says("Article 30(2)", MODELLED), "PC"),
    minimal_operations=Says("Article 31", MODELLED),
    minimal_operations_end_content=False,
    packing_in_change=Says("Article 34", MODELLED),
    packing_in_content=Says("Article 34", MODELLED),
)

AJCEP = OriginLaw(
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
            _TEN,
            Says("Article 28(1)(a)", EXACT),
        ),
        Tolerance(frozenset({18, 21}), Basis.VALUE, _TEN, Says("Article 28(1)(b)", EXACT), certain=Decimal(7)),
        Tolerance(frozenset(range(50, 64)), Basis.WEIGHT, _TEN, Says("Article 28(1)(c)", EXACT)),
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

RCEP = OriginLaw(
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
        Tolerance(frozenset(range(1, 98)), Basis.VALUE, _TEN, Says("Article 3.7(1)(a)", EXACT)),
        Tolerance(frozenset(range(50, 64)), Basis.WEIGHT, _TEN, Says("Article 3.7(1)(b)", EXACT)),
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

JTEPA = OriginLaw(
    wholly_obtained=Says("Article 28(1)(a) and (2)", EXACT),
    exclusively=Says("Article 28(1)(b)", EXACT),
    general=None,
    product_rules=Says("Annex 2", EXACT),
    by_product_rule=frozenset({"PS"}),
    content_name="QVC",
    methods={Method.BUILD_DOWN: Says("Article 28(4)(b)", EXACT)},
    material_value=Says("Article 28(6)", EXACT),
    roll_up=Says("Article 28(7)", EXACT),
    change=Says("Article 28(3)", EXACT),
    tolerances=(),
    tolerance_by_product=True,
    tolerance_says=Says("Article 30", EXACT),
    accumulation=Says("Article 29", EXACT),
    in_proportion=None,
    minimal_operations=Says("Article 31", EXACT),
    minimal_operations_end_content=False,
    packing_in_change=Says("Article 37(1)", EXACT),
    packing_in_content=Says("Article 37(2)", EXACT),
)

JIEPA = OriginLaw(
    wholly_obtained=Says("Article 29(1)(a) and (2)", EXACT),
    exclusively=Says("Article 29(1)(b)", MODELLED),
    general=None,
    product_rules=Says("Annex 2", EXACT),
    by_product_rule=frozenset({"PS"}),
    content_name="QVC",
    methods={Method.BUILD_DOWN: Says("Article 29(4)(b)", EXACT)},
    material_value=Says("Article 29(6)", EXACT),
    roll_up=Says("Article 29(7)", EXACT),
    change=Says("Article 29(3)", EXACT),
    tolerances=(),
    tolerance_by_product=True,
    tolerance_says=Says("Article 31", EXACT),
    accumulation=Says("Article 30(1)", EXACT),
    in_proportion=InProportion(Decimal(0), Decimal(100), Says("Article 30(2)", EXACT), None),
    minimal_operations=Says("Article 32", EXACT),
    minimal_operations_end_content=False,
    packing_in_change=Says("Article 38(1)", EXACT),
    packing_in_content=Says("Article 38(2)", EXACT),
)
JVEPA = replace(AJCEP)
LAWS = {"atiga": ATIGA, "ajcep": AJCEP, "rcep": RCEP, "jtepa": JTEPA, "jiepa": JIEPA, "jvepa": JVEPA}


def law_of(agreement: Agreement) -> OriginLaw:
    """What the agreement says on origin."""
    return LAWS[agreement.id]
