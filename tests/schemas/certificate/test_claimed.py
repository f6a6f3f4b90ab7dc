"""A certificate beside its cost statement: what the figures contradict is refused, where they can be compared."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.certificate.claimed import statement_in
from schemas.certificate.model import Certificate, OriginCriterion
from schemas.certificate.samples import changed, criterion, dollars
from schemas.certificate.statement import CostStatement, example_statement
from schemas.content import Syntax
from schemas.findings import Finding
from schemas.registry import Context, Document, Related, Relation, judge, parse, profiles

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
FORM_D = "atiga-form-d/2022"


def certificate(number: str = "SG-D-7") -> Certificate:
    """Coffee that is wholly obtained, and bearings by a change of heading: the products of the example statement."""
    document = profiles()[FORM_D].example(number=number)
    assert isinstance(document, Certificate)
    bearings = {
        "items.1.hs_code": "848210",
        "items.1.description": "Ball bearings, deep groove, 20 mm bore",
        "items.1.origin_criterion": criterion("CTH"),
        "items.1.fob_value": None,
    }
    return changed(bearings)(document)


def statement(**facts: Any) -> CostStatement:
    return example_statement(certificate="SG-D-7", **facts)


def found_beside(document: Certificate, beside: Document | None, state: str = "live") -> dict[str, Finding]:
    related = {} if beside is None else {Relation.STATEMENT: Related(beside, state)}
    found = profiles()[FORM_D].check(document, Context(NOW, related))
    return {each.code: each for each in found}


def test_a_certificate_that_its_statement_bears_out_has_no_finding() -> None:
    assert found_beside(certificate(), None) == {}
    assert found_beside(certificate(), statement()) == {}


def test_a_contradicted_claim_is_an_error_in_its_box_and_says_what_holds_instead() -> None:
    wrong = changed({"items.1.origin_criterion": criterion("WO")})(certificate())
    assert "certificate.claim-contradicted" not in found_beside(wrong, None)
    found = found_beside(wrong, statement())["certificate.claim-contradicted"]
    assert (found.severity, found.pointer, found.box) == ("warning", "/items/1/originCriterion", "8")
    assert found.expected == "by the statement: RVC build-down 55 %, RVC build-up 55 %, CC, CTH"


@pytest.mark.parametrize(("claimed", "above"), [("55", False), ("55.0", False), ("55.4", True), ("56", True)])
def test_the_percentage_of_the_box_is_that_of_the_figures(claimed: str, above: bool) -> None:
    box = {"items.1.origin_criterion": criterion("RVC", percentage=claimed), "items.1.fob_value": dollars("9000.00")}
    found = found_beside(changed(box)(certificate()), statement())
    assert ("certificate.percentage-above-statement" in found) is above


def test_the_box_may_round_as_it_is_written() -> None:
    """3 more of profit: 553 of 1003 are 55.1346 %."""
    beside = example_statement(certificate="SG-D-7", variant=3)
    for claimed, above in (("55.1", False), ("55.13", False), ("55.14", True), ("55.2", True)):
        box = {"items.1.origin_criterion": criterion("RVC", percentage=claimed), "items.1.fob_value": dollars("9.00")}
        found = found_beside(changed(box)(certificate()), beside)
        assert ("certificate.percentage-above-statement" in found) is above, claimed


def test_a_statement_that_does_not_hold_any_more_or_is_of_another_route_says_nothing() -> None:
    wrong = changed({"items.1.origin_criterion": criterion("WO")})(certificate())
    silent = (
        (statement(), "cancelled"),
        (statement(agreement="rcep"), "live"),
        (statement(exporter="MY"), "live"),
        (certificate(), "live"),
    )
    for beside, state in silent:
        context = Context(NOW, {Relation.STATEMENT: Related(beside, state)})
        assert statement_in(wrong, context) is None
        assert "certificate.claim-contradicted" not in found_beside(wrong, beside, state)


def test_only_proportions_count_so_a_statement_of_one_piece_does_for_a_shipload() -> None:
    box = {"items.1.origin_criterion": criterion("RVC", percentage="55"), "items.1.fob_value": dollars("990000.00")}
    assert found_beside(changed(box)(certificate()), statement()) == {}


def test_a_statement_beside_a_document_that_can_be_read_in_part_only_is_compared_as_far_as_it_can() -> None:
    data = profiles()[FORM_D].encode[Syntax.JSON](
        changed({"items.1.origin_criterion": OriginCriterion(codes=("WO",))})(certificate())
    )
    broken = data.replace(b'"hsEdition":"2022"', b'"hsEdition":"22"', 1)
    parsed = parse(broken)
    judged = judge(parsed, Context(NOW, {Relation.STATEMENT: Related(statement(), "live")}))
    assert "certificate.wrong-form" in {found.code for found in judged.findings}


def test_a_certificate_looks_for_the_statement_that_names_it() -> None:
    (reference,) = profiles()[FORM_D].references(certificate())
    assert (reference.relation, reference.number, reference.backwards) == (Relation.STATEMENT, "SG-D-7", True)
    assert statement().belongs_to == "SG-D-7"


def test_every_item_is_compared_with_its_own_product() -> None:
    document = certificate()
    items = tuple(document.items[1].model_copy(update={"number": number}) for number in range(1, 6))
    product = statement().products[1]
    products = tuple(product.model_copy(update={"number": number}) for number in range(1, 6))
    beside = statement().model_copy(update={"products": products})
    wrong = document.model_copy(
        update={"items": tuple(item.model_copy(update={"origin_criterion": criterion("WO")}) for item in items)}
    )
    context = Context(NOW, {Relation.STATEMENT: Related(beside, "live")})
    found = [each for each in profiles()[FORM_D].check(wrong, context) if each.code == "certificate.claim-contradicted"]
    assert [each.pointer for each in found] == [f"/items/{index}/originCriterion" for index in range(5)]
