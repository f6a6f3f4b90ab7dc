"""JTEPA: Japan's and Thailand's agreement for an economic partnership, and Japan's form for it.

The treaty was read as signed (ToTA corpus, treaty 1): chapter 3 has the rules of origin and the procedure. Japan's form
was read in the ordinance that prescribes it, as far as its criteria; Thailand's own form has thirteen boxes as Form D
has, of which its notes name 7, 8 and 11. Not found: what the Operational Procedures say on late issue and on invoices
from elsewhere; the rules on them follow AJCEP.

The profile's year is that of the form: Article 40(4) has the formats established upon entry into force, in 2007.
"""

from datetime import date

from schemas.certificate.agreement import Agreement
from schemas.certificate.family import EXACT, MODELLED, Clause, family_rules
from schemas.certificate.form import FORM_D, FORM_OF_JAPAN, NOT_ON_FORM_OF_JAPAN
from schemas.certificate.law import Method, OriginLaw, Says
from schemas.certificate.model import Certificate
from schemas.rules import Rule

ORIGIN = OriginLaw(
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

AGREEMENT = Agreement(
    id="jtepa",
    profile="jtepa-co/2007",
    title="JTEPA certificate of origin (2007)",
    source="JTEPA",
    parties=frozenset({"JP", "TH"}),
    since=date(2007, 11, 1),
    boxes=FORM_OF_JAPAN,
    boxes_of_issuer={"TH": FORM_D},
    example_route=("JP", "TH"),
    example_claims=(("PS", ""), ("PE", ""), ("PS", "")),
    example_serial="JT",
    criteria=frozenset({"WO", "PE", "PS"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    content=frozenset(),
    tolerant=frozenset({"PS"}),
    tick_boxes=frozenset({"third_country_invoicing", "issued_retroactively"}),
    absent=NOT_ON_FORM_OF_JAPAN | {"/items/fobValue"},
    rvc_least=None,
    grace_days=3,
    origin=ORIGIN,
)

_FORM = "Operational Procedures, Appendix 1-A (Japan)"

_CLAUSES = {
    "not-a-party": Clause("preamble (the Parties: Japan and Thailand)", EXACT),
    "origin-not-a-party": Clause("Article 28(1)", EXACT),
    "origin-not-of-issuer": Clause(f"Article 40(1) and {_FORM}, box 9", EXACT),
    "criterion-not-allowed": Clause(f"Article 28(1) and {_FORM}, preference criteria", EXACT),
    "criterion-combination": Clause(f"Article 28(1) and {_FORM}, preference criteria", MODELLED),
    "hs-too-short": Clause(f"{_FORM}, box 4", MODELLED),
    "not-on-form": Clause(_FORM, EXACT),
    "no-such-tick-box": Clause(f"{_FORM}: no boxes to tick; remarks in box 8", MODELLED),
    "not-in-english": Clause("Article 40(5)", EXACT),
    "de-minimis-without-change": Clause("Article 30", EXACT),
    "accumulation-of-own": Clause("Article 29", MODELLED),
    "retroactive-not-ticked": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
    "retroactive-ticked-early": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
    "retroactive-too-late": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
    "expired": Clause("Article 40(6)", EXACT),
    "form-not-in-force": Clause("Article 40(4)", MODELLED),
    "third-country-is-exporting": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
}

RULES: tuple[Rule[Certificate], ...] = family_rules(AGREEMENT, _CLAUSES)
