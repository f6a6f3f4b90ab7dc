"""JVEPA: Japan's and Viet Nam's agreement for an economic partnership, Form JV (Japan) and Form VJ (Viet Nam).

The treaty text was not read. Known from secondary sources: the boxes of Form JV and its remark 'Issued Retroactively'
(annex 7 of Circular 10/2009/TT-BCT of Viet Nam, as copied), the reference number of Form VJ (the same circular, annex
9, as retold on lawnet.vn), entry into force on 1 October 2009. Not known: the notes on criteria, the boxes of Form VJ,
late issue, invoices from elsewhere, de minimis. Criteria and times follow AJCEP, which the same parties concluded a
year before. No rule of this file is exact.

The profile's year is that of the circular that prescribes the forms.
"""

import re
from datetime import date
from decimal import Decimal

from schemas.certificate.agreement import Agreement, NumberForm
from schemas.certificate.family import MODELLED, Clause, family_rules
from schemas.certificate.form import FORM_OF_JAPAN, NOT_ON_FORM_OF_JAPAN
from schemas.certificate.law import GeneralRule, Method, OriginLaw, Says, Tolerance
from schemas.certificate.model import Certificate
from schemas.certificate.products import Basis, Change
from schemas.rules import Rule

ORIGIN = OriginLaw(
    wholly_obtained=Says("as AJCEP Articles 24(a) and 25", MODELLED),
    exclusively=Says("as AJCEP Article 24(c)", MODELLED),
    general=GeneralRule(
        content=Decimal(40),
        content_says=Says("as AJCEP Article 26(1)(a)", MODELLED),
        final_process=True,
        change=Change.HEADING,
        change_says=Says("as AJCEP Article 26(1)(b)", MODELLED),
    ),
    product_rules=Says("Annex 2 (as AJCEP)", MODELLED),
    by_product_rule=frozenset(),
    content_name="LVC",
    methods={Method.BUILD_DOWN: Says("as AJCEP Article 27(1)", MODELLED)},
    material_value=Says("as AJCEP Article 27(4)", MODELLED),
    roll_up=Says("as AJCEP Article 27(5)", MODELLED),
    change=Says("as AJCEP Article 26(4)", MODELLED),
    tolerances=(
        Tolerance(
            frozenset({16, 19, 20, 22, 23, *range(28, 50), *range(64, 98)}),
            Basis.VALUE,
            Decimal(10),
            Says("as AJCEP Article 28(1)(a)", MODELLED),
        ),
        Tolerance(
            frozenset({18, 21}),
            Basis.VALUE,
            Decimal(10),
            Says("as AJCEP Article 28(1)(b)", MODELLED),
            certain=Decimal(7),
        ),
        Tolerance(frozenset(range(50, 64)), Basis.WEIGHT, Decimal(10), Says("as AJCEP Article 28(1)(c)", MODELLED)),
    ),
    tolerance_by_product=False,
    tolerance_says=Says("as AJCEP Article 28(1)", MODELLED),
    accumulation=Says("as AJCEP Article 29", MODELLED),
    in_proportion=None,
    minimal_operations=Says("as AJCEP Article 30", MODELLED),
    minimal_operations_end_content=False,
    packing_in_change=Says("as AJCEP Article 32(2)", MODELLED),
    packing_in_content=Says("as AJCEP Article 32(3)", MODELLED),
)

AGREEMENT = Agreement(
    id="jvepa",
    profile="jvepa-co/2009",
    title="JVEPA certificate of origin, Forms JV and VJ (2009)",
    source="JVEPA (text not read)",
    parties=frozenset({"JP", "VN"}),
    since=date(2009, 10, 1),
    boxes=FORM_OF_JAPAN,
    example_route=("VN", "JP"),
    example_claims=(("CTH", ""), ("LVC", "44.5"), ("PE", "")),
    example_serial="JV",
    criteria=frozenset({"WO", "PE", "CTH", "CTC", "LVC", "SP"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    content=frozenset({"LVC"}),
    tolerant=frozenset({"CTH", "CTC", "SP"}),
    tick_boxes=frozenset({"third_country_invoicing", "issued_retroactively"}),
    absent=NOT_ON_FORM_OF_JAPAN,
    rvc_least=Decimal(40),
    grace_days=3,
    origin=ORIGIN,
    numbers={
        "VN": NumberForm(
            re.compile(r"VN-(?P<importing>[A-Z]{2}) (?P<year>[0-9]{2})/[0-9A-Z]{2}/[0-9]{5}"), "VN-JP yy/oo/nnnnn"
        )
    },
)

_AS_AJCEP = "not known; as AJCEP"

_CLAUSES = {
    "not-a-party": Clause("title (Japan and Viet Nam)", MODELLED),
    "origin-not-a-party": Clause("title (Japan and Viet Nam)", MODELLED),
    "origin-not-of-issuer": Clause("Form JV, box 9", MODELLED),
    "criterion-not-allowed": Clause(_AS_AJCEP, MODELLED),
    "criterion-combination": Clause(_AS_AJCEP, MODELLED),
    "rvc-below-threshold": Clause(_AS_AJCEP, MODELLED),
    "value-missing": Clause(_AS_AJCEP, MODELLED),
    "hs-too-short": Clause("Form JV, box 4", MODELLED),
    "not-on-form": Clause("Form JV", MODELLED),
    "no-such-tick-box": Clause("Form JV: no boxes to tick; remarks in box 8", MODELLED),
    "not-in-english": Clause("Circular 10/2009/TT-BCT, annex 9", MODELLED),
    "de-minimis-without-change": Clause(_AS_AJCEP, MODELLED),
    "accumulation-of-own": Clause(_AS_AJCEP, MODELLED),
    "retroactive-not-ticked": Clause(_AS_AJCEP, MODELLED),
    "retroactive-ticked-early": Clause(_AS_AJCEP, MODELLED),
    "retroactive-too-late": Clause(_AS_AJCEP, MODELLED),
    "expired": Clause(_AS_AJCEP, MODELLED),
    "form-not-in-force": Clause("entry into force, 1 October 2009", MODELLED),
    "third-country-is-exporting": Clause(_AS_AJCEP, MODELLED),
}

RULES: tuple[Rule[Certificate], ...] = family_rules(AGREEMENT, _CLAUSES)
