"""AJCEP: ASEAN's and Japan's agreement on comprehensive economic partnership, Form AJ (revised ASEAN version, 2014).

Chapter 3 has the rules of origin, Annex 4 the procedure. Its rule on retroactive issue is known in outline only.
"""

from collections.abc import Iterator
from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.agreements.family import EXACT, MODELLED, Clause, family_rules, own_rule
from schemas.certificate.criteria import per_item
from schemas.certificate.form import FORM_AJ
from schemas.certificate.model import AJCEP_FORM_AJ, Certificate, Item
from schemas.certificate.samples import changed, criterion
from schemas.codes.commodities import chapter_of
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

AGREEMENT = Agreement(
    id="ajcep",
    profile=AJCEP_FORM_AJ,
    title="AJCEP certificate of origin, Form AJ (2014)",
    source="AJCEP",
    parties=ASEAN | {"JP"},
    boxes=FORM_AJ,
    example_route=("JP", "VN"),
    criteria=frozenset({"WO", "PE", "CTH", "CTC", "RVC", "SP"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    tick_boxes=frozenset({"third_country_invoicing", "back_to_back", "issued_retroactively"}),
    absent=frozenset({"/producer", "/producerWithheld", "/remarks", "/items/originCountry", "/exhibition"}),
    rvc_least=Decimal(40),
    grace_days=3,
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
    "retroactive-not-ticked": Clause("Implementing Regulations", MODELLED),
    "retroactive-ticked-early": Clause("Implementing Regulations", MODELLED),
    "retroactive-too-late": Clause("Implementing Regulations", MODELLED),
    "expired": Clause(f"{_ANNEX} 4", MODELLED),
    "third-country-without-facts": Clause("Implementing Regulations and form, box 13", MODELLED),
    "third-country-without-tick": Clause("Implementing Regulations and form, box 13", MODELLED),
    "original-missing": Clause(f"{_ANNEX} 3(4)", MODELLED),
    "original-without-tick": Clause(f"{_ANNEX} 3(4) and form, box 13", MODELLED),
    "original-expired": Clause(f"{_ANNEX} 3(4)", EXACT),
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


def _tolerance_without_change(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """De minimis beside a criterion that asks for no change of classification: there is nothing to tolerate."""
    codes = item.origin_criterion.codes
    if "DMI" in codes and {"WO", "PE"} & set(codes):
        yield Violation("/originCriterion/codes", found=item.origin_criterion.text, expected="DMI beside CTH or CTC")


def _accumulation_of_own(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Accumulation beside wholly obtained: the materials of others have no part in it."""
    codes = item.origin_criterion.codes
    if "ACU" in codes and "WO" in codes:
        yield Violation("/originCriterion/codes", found=item.origin_criterion.text, expected="WO without ACU")


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
        "de-minimis-without-change",
        "De minimis stands beside a criterion that needs no tolerance.",
        "Leave DMI out, or name the change of classification.",
        Clause("Article 28(1)", MODELLED),
        per_item(_tolerance_without_change),
        changed({"items.0.origin_criterion": criterion("PE", "DMI"), "items.0.hs_code": "848210"}),
    ),
    own_rule(
        AGREEMENT,
        "accumulation-of-own",
        "Accumulation stands beside wholly obtained.",
        "Leave ACU out, or check the criterion.",
        Clause("Article 29", MODELLED, Severity.WARNING),
        per_item(_accumulation_of_own),
        changed({"items.0.origin_criterion": criterion("WO", "ACU")}),
    ),
)
