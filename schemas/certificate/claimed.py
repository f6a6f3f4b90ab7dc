"""What a certificate claims, against what its cost statement shows.

1. Items are compared with the products of the statement by their numbers; an item without one is a warning.
2. The claim on the certificate is judged by the figures of the statement, under the certificate's agreement. A claim
   that they contradict is an error; one that they do not suffice for is a warning.
3. An answer that rests on accumulation or de minimis must be marked so, where the form has a code or a box for it.
4. Amounts are not compared: a statement may show a lot of another size. Only their proportions count.

The statement is looked up by whoever reads the certificate, if its sender may see one (`Context.related`). So findings
tell the issuing side alone: whoever may not see the statement gets none.
"""

from collections.abc import Callable, Iterator

from schemas.certificate.agreement import Agreement
from schemas.certificate.answer import Answer
from schemas.certificate.model import Certificate, Item
from schemas.certificate.origin import Determination, determine
from schemas.certificate.statement import CostStatement, Product
from schemas.registry import Context, Relation
from schemas.rules import Check, Violation


def statement_in(context: Context) -> CostStatement | None:
    """The certificate's cost statement, if it is there and still holds."""
    related = context.related.get(Relation.STATEMENT)
    if related is None or related.state != "live" or not isinstance(related.document, CostStatement):
        return None
    return related.document


def _comparable(agreement: Agreement, document: Certificate, context: Context) -> CostStatement | None:
    """A statement under the same agreement and from the same party; one that is not, another rule finds."""
    statement = statement_in(context)
    if statement is None or statement.agreement != agreement.id:
        return None
    return statement if statement.exporting_country == document.issuing_country else None


def _pairs(statement: CostStatement, document: Certificate) -> Iterator[tuple[int, Item, Product]]:
    products = {product.number: product for product in statement.products}
    for index, item in enumerate(document.items):
        if item.number in products:
            yield index, item, products[item.number]


def _judged(agreement: Agreement, document: Certificate, context: Context) -> Iterator[tuple[int, Item, Determination]]:
    """Each item with what the figures say of its claim."""
    statement = _comparable(agreement, document, context)
    if statement is None:
        return
    pairs = list(_pairs(statement, document))
    products = tuple(product.model_copy(update={"claim": item.origin_criterion}) for _, item, product in pairs)
    claimed = statement.model_copy(update={"products": products})
    for (index, item, _), found in zip(pairs, determine(claimed, agreement, context.products), strict=True):
        yield index, item, found


def other_statement(agreement: Agreement) -> Check[Certificate]:
    """A statement under another agreement, or of another exporting party."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        statement = statement_in(context)
        if statement is None:
            return
        wanted = f"{agreement.id}, from {document.issuing_country}"
        given = f"{statement.agreement}, from {statement.exporting_country}"
        if given != wanted:
            yield Violation("/number", found=f"statement {statement.number}: {given}", expected=wanted)

    return check


def item_not_stated(agreement: Agreement) -> Check[Certificate]:
    """An item that the statement says nothing of."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        statement = _comparable(agreement, document, context)
        if statement is None:
            return
        numbers = {product.number for product in statement.products}
        for index, item in enumerate(document.items):
            if item.number not in numbers:
                expected = f"a product {item.number} in statement {statement.number}"
                yield Violation(f"/items/{index}/number", found=item.number, expected=expected)

    return check


def other_goods(agreement: Agreement) -> Check[Certificate]:
    """An item that the statement classifies elsewhere, in the same edition."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        statement = _comparable(agreement, document, context)
        if statement is None:
            return
        for index, item, product in _pairs(statement, document):
            if item.hs_edition == product.hs_edition and item.hs_code[:6] != product.hs_code[:6]:
                expected = f"{product.hs_code}, as in statement {statement.number}"
                yield Violation(f"/items/{index}/hsCode", found=item.hs_code, expected=expected)

    return check


def _by_answer(answer: Answer) -> Callable[[Agreement], Check[Certificate]]:
    def checking(agreement: Agreement) -> Check[Certificate]:
        def check(document: Certificate, context: Context) -> Iterator[Violation]:
            for index, item, found in _judged(agreement, document, context):
                if found.claim_answer is answer:
                    yield Violation(
                        f"/items/{index}/originCriterion", found=item.origin_criterion.text, expected=_instead(found)
                    )

        return check

    return checking


def _instead(found: Determination) -> str:
    if found.claim_answer is Answer.UNKNOWN:
        gaps = dict.fromkeys(f"{each.pointer} {each.what}".strip() for each in found.missing)
        return f"in the statement: {'; '.join(gaps) or 'the rule of the product'}"
    return f"by the statement: {', '.join(found.qualifies) or 'no criterion holds'}"


claim_contradicted = _by_answer(Answer.NO)
"""A claim that the figures contradict."""
claim_not_shown = _by_answer(Answer.UNKNOWN)
"""A claim that the figures do not suffice for."""


def percentage_above(agreement: Agreement) -> Check[Certificate]:
    """More value content than the figures give by any method. The box may round to the digits that it shows."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for index, item, found in _judged(agreement, document, context):
            claimed = item.origin_criterion.percentage
            shares = [trial.content for trial in found.trials if trial.content is not None]
            if claimed is None or not shares or found.claim_answer is Answer.NO:
                continue
            if not any(share.rounds_to_at_least(claimed) for share in shares):
                shown = " or ".join(dict.fromkeys(share.text for share in shares))
                yield Violation(f"/items/{index}/originCriterion/percentage", found=f"{claimed} %", expected=shown)

    return check


def accumulation_not_marked(agreement: Agreement) -> Check[Certificate]:
    """Origin by accumulation only, and neither code nor tick says so."""
    marked_by = _marks(agreement, "ACU", "accumulation")

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for index, item, found in _judged(agreement, document, context) if marked_by else ():
            if found.accumulated and "ACU" not in item.origin_criterion.codes and not document.tick_boxes.accumulation:
                yield Violation(f"/items/{index}/originCriterion", found=item.origin_criterion.text, expected=marked_by)

    return check


def de_minimis_not_marked(agreement: Agreement) -> Check[Certificate]:
    """Origin by de minimis only, and neither code nor tick says so."""
    marked_by = _marks(agreement, "DMI", "de_minimis")

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for index, item, found in _judged(agreement, document, context) if marked_by else ():
            if found.tolerated and "DMI" not in item.origin_criterion.codes and not document.tick_boxes.de_minimis:
                yield Violation(f"/items/{index}/originCriterion", found=item.origin_criterion.text, expected=marked_by)

    return check


def _marks(agreement: Agreement, code: str, box: str) -> str:
    """How the form says it; empty where it has no way to."""
    if code in agreement.additional:
        return f"{code} beside the criterion"
    return f"a tick in the box {box.replace('_', ' ')}" if box in agreement.tick_boxes else ""
