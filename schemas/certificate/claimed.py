"""What a certificate claims, against what its cost statement shows.

1. Items are compared with the products of the statement by their numbers; an item without one is a warning.
2. The claim on the certificate is judged by the figures of the statement, under the certificate's agreement. What is
   found is a warning to the issuing side: whoever may hand in a statement can name any certificate in it, and must not
   be able to have another's refused.
3. An answer that rests on accumulation or de minimis must be marked so, where the form has a code or a box for it.
4. Amounts are not compared: a statement may show a lot of another size. Only their proportions count.

The statement is looked up by whoever reads the certificate, if its sender may see one (`Context.related`). What they
find is told to the issuing side alone, and does not travel with the certificate.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from schemas.certificate.agreements import AGREEMENTS, Agreement, agreement_of
from schemas.certificate.answer import Answer
from schemas.certificate.examples import example
from schemas.certificate.making import rule, value_claimed, where
from schemas.certificate.model import Certificate, Item, Money
from schemas.certificate.once import once_for_the_same
from schemas.certificate.origin import Determination, determine
from schemas.certificate.products import Basis, Change, ProductRule, ProductRules, Requirement, Tolerance
from schemas.certificate.samples import Sample, both, changed, criterion, first_item_only
from schemas.certificate.statement import CostStatement, Material, Product, example_statement
from schemas.findings import Fidelity, Severity
from schemas.registry import Context, Related, Relation
from schemas.rules import Check, Layer, Rule, Violation


def statement_in(document: Certificate, context: Context) -> CostStatement | None:
    """The certificate's cost statement, if it is there and still holds. One under another agreement, or of another
    exporting party, says nothing of this certificate."""
    related = context.related.get(Relation.STATEMENT)
    if related is None or related.state != "live" or not isinstance(related.document, CostStatement):
        return None
    statement = related.document
    claimed = [agreement.id for agreement in AGREEMENTS if agreement.profile == document.profile]
    same = claimed == [statement.agreement] and statement.exporting_country == document.issuing_country
    return statement if same else None


def _pairs(statement: CostStatement, document: Certificate) -> Iterator[tuple[int, Item, Product]]:
    products = {product.number: product for product in statement.products}
    for index, item in enumerate(document.items):
        if item.number in products:
            yield index, item, products[item.number]


@once_for_the_same
def _judged(document: Certificate, context: Context) -> list[tuple[int, Item, Determination]]:
    """Each item with what the figures say of its claim."""
    statement = statement_in(document, context)
    if statement is None:
        return []
    pairs = list(_pairs(statement, document))
    products = tuple(product.model_copy(update={"claim": item.origin_criterion}) for _, item, product in pairs)
    claimed = statement.model_copy(update={"products": products})
    found = determine(claimed, agreement_of(document.profile), context.products)
    return [(index, item, each) for (index, item, _), each in zip(pairs, found, strict=True)]


# --- Checks ----------------------------------------------------------------------------------------------------------


def _item_not_stated(document: Certificate, context: Context) -> Iterator[Violation]:
    """An item that the statement says nothing of."""
    statement = statement_in(document, context)
    if statement is None:
        return
    numbers = {product.number for product in statement.products}
    for index, item in enumerate(document.items):
        if item.number not in numbers:
            expected = f"a product {item.number} in statement {statement.number}"
            yield Violation(f"/items/{index}/number", found=item.number, expected=expected)


def _other_goods(document: Certificate, context: Context) -> Iterator[Violation]:
    """An item that the statement classifies elsewhere, in the same edition."""
    statement = statement_in(document, context)
    if statement is None:
        return
    for index, item, product in _pairs(statement, document):
        if item.hs_edition == product.hs_edition and item.hs_code[:6] != product.hs_code[:6]:
            expected = f"{product.hs_code}, as in statement {statement.number}"
            yield Violation(f"/items/{index}/hsCode", found=item.hs_code, expected=expected)


def _answered(answer: Answer) -> Check[Certificate]:
    """A claim that gets this answer from the figures."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for index, item, found in _judged(document, context):
            if found.claim_answer is answer:
                yield Violation(
                    f"/items/{index}/originCriterion", found=item.origin_criterion.text, expected=_instead(found)
                )

    return check


def _instead(found: Determination) -> str:
    if found.claim_answer is Answer.UNKNOWN:
        gaps = dict.fromkeys(f"{each.pointer} {each.what}".strip() for each in found.missing)
        return f"in the statement: {'; '.join(gaps)}"
    return f"by the statement: {', '.join(found.qualifies) or 'no criterion holds'}"


def _percentage_above(document: Certificate, context: Context) -> Iterator[Violation]:
    """More value content than the figures give by any method. The box may round to the digits that it shows."""
    for index, item, found in _judged(document, context):
        claimed = item.origin_criterion.percentage
        shares = [trial.content for trial in found.trials if trial.content is not None]
        if claimed is None or not shares or found.claim_answer is Answer.NO:
            continue
        if not any(share.rounds_to_at_least(claimed) for share in shares):
            shown = " or ".join(dict.fromkeys(share.text for share in shares))
            yield Violation(f"/items/{index}/originCriterion/percentage", found=f"{claimed} %", expected=shown)


def _not_marked(code: str, box: str, rests_on_it: Callable[[Determination], bool]) -> Check[Certificate]:
    """Origin that rests on this only (accumulation, de minimis), and neither code nor tick says so."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for index, item, found in _judged(document, context):
            marks = _marks(agreement_of(document.profile), code, box)
            if not marks or getattr(document.tick_boxes, box):
                return
            if rests_on_it(found) and code not in item.origin_criterion.codes:
                yield Violation(f"/items/{index}/originCriterion", found=item.origin_criterion.text, expected=marks)

    return check


def _marks(agreement: Agreement, code: str, box: str) -> str:
    """How the form says it; empty where it has no way to."""
    if code in agreement.additional:
        return f"{code} beside the criterion"
    return f"a tick at {box.replace('_', ' ')}" if box in agreement.tick_boxes else ""


Setting = Callable[[Certificate, Context], Context]

# --- Samples ---------------------------------------------------------------------------------------------------------

_BEARINGS = {"items.0.hs_code": "848210", "items.0.description": "Ball bearings, deep groove, 20 mm bore"}


def _changed_heading(agreement: Agreement) -> str:
    """The code by which the form claims a change of heading."""
    return next(code for code in ("CTH", "CTC", "PS") if code in agreement.criteria)


def _bearings(*beside: str) -> Sample:
    """One item of bearings that claims a change of heading, and what else there is to mark."""

    def sample(document: Certificate) -> Certificate:
        agreement = agreement_of(document.profile)
        codes = (_changed_heading(agreement), *(code for code in beside if code in agreement.additional))
        ticks = {"ACU": "accumulation", "DMI": "de_minimis"}
        ticked = {
            f"tick_boxes.{ticks[code]}": True
            for code in beside
            if code not in agreement.additional and ticks[code] in agreement.tick_boxes
        }
        places = _BEARINGS | {"items.0.origin_criterion": criterion(*codes)} | ticked
        return changed(places)(first_item_only(document))

    return sample


def _coffee(document: Certificate) -> Certificate:
    """The first item alone, claiming a change of heading."""
    code = _changed_heading(agreement_of(document.profile))
    return changed({"items.0.origin_criterion": criterion(code)})(first_item_only(document))


def _unmarked(document: Certificate) -> Certificate:
    """The same without the mark."""
    code = document.items[0].origin_criterion.codes[0]
    ticks = {"tick_boxes.accumulation": False, "tick_boxes.de_minimis": False}
    return changed({"items.0.origin_criterion": criterion(code)} | ticks)(document)


def _with_second_item(document: Certificate) -> Certificate:
    whole = example(
        document.profile, exporter=document.issuing_country, importer=document.declaration.importing_country
    )
    return changed({"items": (*document.items, whole.items[1])})(document)


def _made_of(material: Material | None, *, tolerance: Tolerance | None = None) -> Setting:
    """Beside the certificate: a statement of its first item with this one material (None: wholly obtained, as stated),
    and a table in which the rule of the product is a change of heading, or 40 % of value where that can be claimed."""

    def setting(document: Certificate, context: Context) -> Context:
        agreement, item = agreement_of(document.profile), document.items[0]
        partner = document.declaration.importing_country
        made = None if material is None or material.origin_country else {"origin_country": partner, "proof": "MY-1"}
        product = Product(
            number=item.number,
            description=item.description,
            hs_code=item.hs_code,
            hs_edition=item.hs_edition,
            materials=() if material is None else (material.model_copy(update=made or {}),),
            fob=_dollars("1000"),
            wholly_obtained=None if material is not None else True,
            final_process=True,
        )
        statement = example_statement(
            exporter=document.issuing_country, importer=partner, agreement=agreement.id, certificate=document.number
        ).model_copy(update={"products": (product,)})
        asks = [Requirement(change=Change.HEADING)]
        if agreement.content:  # elsewhere one code claims the rule as a whole
            asks.append(Requirement(content=Decimal(40)))
        rule_of_product = ProductRule(agreement.id, item.hs_code[:4], tuple(asks), tolerance)
        table = ProductRules(
            title="One rule",
            source="sample",
            fidelity=Fidelity.INVENTED,
            edition=item.hs_edition,
            rules={(agreement.id, item.hs_code[:4]): rule_of_product},
        )
        return Context(context.now, {Relation.STATEMENT: Related(statement, "live")}, table)

    return setting


def _dollars(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def _steel(hs_code: str, amount: str, *, originating: bool = False) -> Material:
    return Material(
        number=1,
        description="Steel",
        hs_code=hs_code,
        originating=originating,
        origin_country=None if originating else "IN",
        value=_dollars(amount),
    )


_FOREIGN = _steel("722830", "450")
_SAME_HEADING = _steel("848291", "50")
_OF_THE_PARTNER = _steel("848291", "500", originating=True)
_TEN_PER_CENT = Tolerance(Basis.VALUE, Decimal(10))

# --- The table -------------------------------------------------------------------------------------------------------

_CLAUSE = "rules of origin"
_SOURCE = "the agreement claimed, and the exporter's own cost statement"
_WITH_CONTENT = where(lambda agreement: bool(agreement.content))
_WITH_ACCUMULATION = where(lambda agreement: bool(_marks(agreement, "ACU", "accumulation")))
_WITH_DE_MINIMIS = where(lambda agreement: bool(_marks(agreement, "DMI", "de_minimis")))

CLAIMED: tuple[Rule[Certificate], ...] = (
    rule(
        Layer.OTHERS,
        "claim-contradicted",
        "The exporter's own cost statement contradicts the origin criterion.",
        "Claim a criterion that the statement bears out, or have the statement corrected; `tb origin check` shows it.",
        _answered(Answer.NO),
        changed({"items.0.origin_criterion": criterion("WO")}),
        severity=Severity.WARNING,
        clause=_CLAUSE,
        source=_SOURCE,
        issuing_side=True,
        start=_coffee,
        setting=_made_of(_FOREIGN),
    ),
    rule(
        Layer.OTHERS,
        "claim-not-shown",
        "The cost statement does not suffice to tell whether the origin criterion is met.",
        "Have what is missing added to the statement.",
        _answered(Answer.UNKNOWN),
        _coffee,
        severity=Severity.WARNING,
        clause=_CLAUSE,
        source=_SOURCE,
        issuing_side=True,
        start=both(first_item_only, changed({"items.0.origin_criterion": criterion("WO")})),
        setting=_made_of(None),
    ),
    rule(
        Layer.OTHERS,
        "percentage-above-statement",
        "The value content in the box is more than the cost statement gives.",
        "State the content that the statement gives, or have the statement corrected.",
        _percentage_above,
        value_claimed("5000", percentage="95"),
        severity=Severity.WARNING,
        clause="formula of regional value content",
        source=_SOURCE,
        issuing_side=True,
        profiles=_WITH_CONTENT,
        start=both(_bearings(), value_claimed("5000", percentage="55")),
        setting=_made_of(_FOREIGN),
    ),
    rule(
        Layer.OTHERS,
        "item-not-in-statement",
        "The cost statement says nothing of this item.",
        "Have the item added to the statement, under its number on the certificate.",
        _item_not_stated,
        _with_second_item,
        severity=Severity.WARNING,
        clause="each item qualifies on its own",
        source=_SOURCE,
        issuing_side=True,
        start=_bearings(),
        setting=_made_of(_FOREIGN),
    ),
    rule(
        Layer.OTHERS,
        "statement-of-other-goods",
        "The cost statement has this item under another HS code.",
        "Check which code is right: the rule of origin goes by it.",
        _other_goods,
        changed({"items.0.hs_code": "848220"}),
        severity=Severity.WARNING,
        clause=_CLAUSE,
        source=_SOURCE,
        issuing_side=True,
        start=_bearings(),
        setting=_made_of(_FOREIGN),
    ),
    rule(
        Layer.OTHERS,
        "accumulation-not-marked",
        "By the cost statement the item originates only by accumulation, and the certificate does not say so.",
        "Mark accumulation: ACU beside the criterion, or the box, as the form has it.",
        _not_marked("ACU", "accumulation", lambda found: found.accumulated),
        _unmarked,
        severity=Severity.WARNING,
        clause="ATIGA Article 30 and box 13, AJCEP Article 29, RCEP Article 3.4",
        source=_SOURCE,
        issuing_side=True,
        profiles=_WITH_ACCUMULATION,
        start=_bearings("ACU"),
        setting=_made_of(_OF_THE_PARTNER),
    ),
    rule(
        Layer.OTHERS,
        "de-minimis-not-marked",
        "By the cost statement the item originates only by de minimis, and the certificate does not say so.",
        "Mark de minimis: DMI beside the criterion, or the box, as the form has it.",
        _not_marked("DMI", "de_minimis", lambda found: found.tolerated),
        _unmarked,
        severity=Severity.WARNING,
        clause="ATIGA Article 33 and box 13, AJCEP Article 28, RCEP Article 3.7",
        source=_SOURCE,
        issuing_side=True,
        profiles=_WITH_DE_MINIMIS,
        start=_bearings("DMI"),
        setting=_made_of(_SAME_HEADING, tolerance=_TEN_PER_CENT),
    ),
)
"""The rules of a certificate that need its cost statement."""
