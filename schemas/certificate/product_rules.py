"""The claim of each item against the rule of its product, where the operator's table (`products.py`) has one.

1. Wholly obtained goods, and goods made only of originating materials, need no product rule. A criterion that only says
   'by the product's rule' (PS) agrees with any.
2. One alternative that is met suffices. A deeper change than asked for is met too: CC where CTH is asked. `CTC` names
   no depth, and meets any.
3. One item gets one finding: the nearest reason why no alternative is met.
4. A table of another HS edition than the item's code is no help, and says nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from schemas.certificate.agreement import Agreement
from schemas.certificate.agreements import agreement_of
from schemas.certificate.criteria import ItemCheck, per_item
from schemas.certificate.making import rule, value_claimed, where
from schemas.certificate.model import Certificate, Item
from schemas.certificate.products import Change, ProductRule, ProductRules, Requirement, Tolerance
from schemas.certificate.samples import changed, criterion
from schemas.findings import Fidelity
from schemas.registry import Context
from schemas.rules import Layer, Rule, Violation

_FREE = frozenset({"WO", "PE", "PS", "PC"})
_CHANGES = {change.value: change for change in Change}


@dataclass(frozen=True, slots=True)
class Claim:
    """What the box of the origin criterion claims of a product that has a rule."""

    text: str
    change: Change | None
    any_change: bool
    """`CTC`: a change, of no stated depth."""
    content: bool
    percentage: Decimal | None
    process: frozenset[str]

    @property
    def changes(self) -> bool:
        return self.any_change or self.change is not None


class Gap(StrEnum):
    """Why a claim does not meet an alternative, from near to far."""

    NONE = "none"
    CONTENT = "content"
    """The figure is below the product's."""
    CHANGE = "change"
    """The change is less deep than the product's."""
    PART = "part"
    """The product asks for more beside what is claimed."""
    KIND = "kind"
    """The product's rule is of another kind."""


def claim_of(item: Item, agreement: Agreement) -> Claim | None:
    """The claim of an item; None where it needs no product rule, or names no criterion of the agreement."""
    codes = set(item.origin_criterion.codes) & agreement.criteria
    if not codes or codes & _FREE:
        return None
    changes = [_CHANGES[code] for code in codes if code in _CHANGES]
    return Claim(
        item.origin_criterion.text,
        min(changes, key=lambda change: change.digits, default=None),
        "CTC" in codes,
        bool(codes & agreement.content),
        item.origin_criterion.percentage,
        frozenset(codes & {"SP", "CR"}),
    )


def gap(claim: Claim, asked: Requirement) -> Gap:
    """How far the claim is from one alternative."""
    pairs = (
        (asked.change is not None, claim.changes),
        (asked.content is not None, claim.content),
        (asked.process is not None, asked.process in claim.process),
    )
    if asked.wholly_obtained or not any(wanted and claimed for wanted, claimed in pairs):
        return Gap.KIND
    if any(wanted and not claimed for wanted, claimed in pairs):
        return Gap.PART
    if asked.change is not None and claim.change is not None and claim.change.digits > asked.change.digits:
        return Gap.CHANGE
    if asked.content is not None and claim.percentage is not None and claim.percentage < asked.content:
        return Gap.CONTENT
    return Gap.NONE


def _rule_of(item: Item, agreement: Agreement, context: Context) -> ProductRule | None:
    if context.products is None or context.products.edition != item.hs_edition:
        return None
    return context.products.rule_for(agreement.id, item.hs_code)


def _with_gap(wanted: Gap) -> ItemCheck:
    order = list(Gap)
    places = {Gap.CONTENT: "/originCriterion/percentage"}

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        if context.products is None:
            return
        agreement = agreement_of(document.profile)
        product, claim = _rule_of(item, agreement, context), claim_of(item, agreement)
        if product is None or claim is None:
            return
        nearest = min((gap(claim, asked) for asked in product.alternatives), key=order.index)
        if nearest is wanted:
            pointer = places.get(wanted, "/originCriterion/codes")
            yield Violation(pointer, found=claim.text, expected=f"{product.text} (heading {product.heading})")

    return check


def tolerance_without_rule(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """De minimis under an agreement where the product's own rule gives it, and this one gives none."""
    agreement = agreement_of(document.profile)
    product = _rule_of(item, agreement, context)
    if product is not None and product.tolerance is None and "DMI" in item.origin_criterion.codes:
        found = item.origin_criterion.text
        yield Violation("/originCriterion/codes", found=found, expected=f"no DMI in heading {product.heading}")


# --- Samples ---------------------------------------------------------------------------------------------------------


def _table(heading: str, *alternatives: Requirement, tolerance: Tolerance | None = None) -> Callable[..., Context]:
    """A table with one product rule of the document's agreement."""

    def setting(document: Certificate, context: Context) -> Context:
        agreement = agreement_of(document.profile).id
        product = ProductRule(agreement, heading, alternatives, tolerance)
        table = ProductRules("Sample", "invented", Fidelity.INVENTED, "2022", {(agreement, heading): product})
        return replace(context, products=table)

    return setting


_TOLERANCE_BY_PRODUCT = where(lambda agreement: agreement.origin.tolerance_by_product and "DMI" in agreement.additional)
_WITH_CONTENT = where(lambda agreement: bool(agreement.content))
_WITH_DEPTH = where(lambda agreement: {"CC", "CTH"} <= agreement.criteria)
_WITH_CHANGE = where(lambda agreement: bool({"CTH", "CTC"} & agreement.criteria))
_PRODUCT = (
    "product-specific rules: ATIGA Annex 3, AJCEP Article 26(2) and Annex 2, RCEP Annex 3A, JTEPA and JIEPA Annex 2"
)
_OPERATOR = "the operator's table"


def _changing(document: Certificate) -> Certificate:
    """The first item claims a change of classification, by its agreement's name for it."""
    codes = agreement_of(document.profile).criteria
    return changed(
        {
            "items.0.origin_criterion": criterion("CTH" if "CTH" in codes else "CTC"),
            "items.0.hs_code": "090121",
        }
    )(document)


RULES: tuple[Rule[Certificate], ...] = (
    rule(
        Layer.OTHERS,
        "product-content-below",
        "The value content is below what the product's own rule asks for.",
        "Check the calculation, or claim another alternative of the rule.",
        per_item(_with_gap(Gap.CONTENT)),
        value_claimed("500", percentage="41"),
        clause=_PRODUCT,
        source=_OPERATOR,
        profiles=_WITH_CONTENT,
        start=value_claimed("500", percentage="45"),
        setting=_table("0901", Requirement(content=Decimal(45))),
    ),
    rule(
        Layer.OTHERS,
        "product-change-too-shallow",
        "The change of classification is less deep than the product's own rule asks for.",
        "Check the materials against the rule, or claim another alternative of it.",
        per_item(_with_gap(Gap.CHANGE)),
        changed({"items.0.origin_criterion": criterion("CTH")}),
        clause=_PRODUCT,
        source=_OPERATOR,
        profiles=_WITH_DEPTH,
        start=changed({"items.0.origin_criterion": criterion("CC")}),
        setting=_table("0901", Requirement(change=Change.CHAPTER)),
    ),
    rule(
        Layer.OTHERS,
        "product-rule-met-in-part",
        "The product's own rule asks for more than is claimed.",
        "Name all criteria that the rule asks for together.",
        per_item(_with_gap(Gap.PART)),
        _changing,
        clause=_PRODUCT,
        source=_OPERATOR,
        profiles=_WITH_CHANGE,
        setting=_table("0901", Requirement(change=Change.HEADING, content=Decimal(35))),
    ),
    rule(
        Layer.OTHERS,
        "product-rule-of-another-kind",
        "The product's own rule does not know this criterion.",
        "Claim one of the rule's alternatives.",
        per_item(_with_gap(Gap.KIND)),
        _changing,
        clause=_PRODUCT,
        source=_OPERATOR,
        profiles=_WITH_CHANGE,
        setting=_table("0901", Requirement(content=Decimal(40)), Requirement(wholly_obtained=True)),
    ),
    rule(
        Layer.OTHERS,
        "product-without-tolerance",
        "De minimis is claimed, but the product's own rule gives none.",
        "Leave DMI out; under this agreement each product's rule says what it tolerates.",
        per_item(tolerance_without_rule),
        changed({"items.0.origin_criterion": criterion("PS", "DMI")}),
        clause="JTEPA Article 30, JIEPA Article 31",
        source="JTEPA, JIEPA",
        fidelity=Fidelity.EXACT,
        profiles=_TOLERANCE_BY_PRODUCT,
        setting=_table("0901", Requirement(change=Change.CHAPTER)),
    ),
)
"""Without a table none of these finds anything."""
