"""JIEPA: Japan's and Indonesia's agreement for an economic partnership, and its certificate.

The treaty was read as signed (ToTA corpus, treaty 149): chapter 3 has the rules of origin and the procedure. Its form
was not found; the boxes and the codes of the criteria are those of Japan's form for Thailand, whose treaty has the same
three criteria in the same words. Invoices from a third country are allowed (circular SE-05/BC/2010 of Indonesia's
customs, on cases). Late issue was not found; its rules follow AJCEP.

The profile's year is that of the form: Article 41(4) has the format established upon entry into force, in 2008.
"""

from datetime import date
from decimal import Decimal

from schemas.certificate.agreement import Agreement
from schemas.certificate.family import EXACT, MODELLED, Clause, family_rules
from schemas.certificate.form import FORM_OF_JAPAN, NOT_ON_FORM_OF_JAPAN
from schemas.certificate.law import InProportion, Method, OriginLaw, Says
from schemas.certificate.model import Certificate
from schemas.rules import Rule

ORIGIN = OriginLaw(
    wholly_obtained=Says("Article 29(1)(a) and (2)", EXACT),
    exclusively=Says("Article 29(1)(b)", EXACT),
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

AGREEMENT = Agreement(
    id="jiepa",
    profile="jiepa-co/2008",
    title="JIEPA certificate of origin (2008)",
    source="JIEPA",
    parties=frozenset({"JP", "ID"}),
    since=date(2008, 7, 1),
    boxes=FORM_OF_JAPAN,
    example_route=("JP", "ID"),
    example_claims=(("PS", ""), ("PE", ""), ("PS", "")),
    example_serial="JI",
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

_FORM = "form (as Japan's for Thailand)"

_CLAUSES = {
    "not-a-party": Clause("preamble (the Parties: Japan and Indonesia)", EXACT),
    "origin-not-a-party": Clause("Article 29(1)", EXACT),
    "origin-not-of-issuer": Clause("Article 41(1)", EXACT),
    "criterion-not-allowed": Clause(f"Article 29(1) and {_FORM}", MODELLED),
    "criterion-combination": Clause(f"Article 29(1) and {_FORM}", MODELLED),
    "hs-too-short": Clause(f"{_FORM}, box 4", MODELLED),
    "not-on-form": Clause(_FORM, MODELLED),
    "no-such-tick-box": Clause(f"{_FORM}: no boxes to tick; remarks in box 8", MODELLED),
    "not-in-english": Clause("Article 41(5)", EXACT),
    "de-minimis-without-change": Clause("Article 31", EXACT),
    "accumulation-of-own": Clause("Article 30(1)", MODELLED),
    "retroactive-not-ticked": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
    "retroactive-ticked-early": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
    "retroactive-too-late": Clause("Operational Procedures (not found; as AJCEP)", MODELLED),
    "expired": Clause("Article 41(6)", EXACT),
    "form-not-in-force": Clause("Article 41(4)", MODELLED),
    "third-country-is-exporting": Clause("Operational Procedures (circular SE-05/BC/2010)", MODELLED),
}

RULES: tuple[Rule[Certificate], ...] = family_rules(AGREEMENT, _CLAUSES)
