"""An operator's table of product rules: read whole or not at all, and the longest heading counts."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.model import Certificate
from schemas.certificate.products import BadTable, Basis, Change, Requirement, Tolerance, read_products, sample
from schemas.certificate.samples import changed, criterion, dollars
from schemas.codes.commodities import is_subheading
from schemas.findings import Fidelity
from schemas.registry import Context, profiles

NOW = Context(datetime(2026, 1, 6, 12, tzinfo=UTC))
HEAD = 'title = "T"\nsource = "S"\nfidelity = "invented"\nedition = "2022"\n'
PRODUCT = (
    '[[product]]\nagreement = "atiga"\nheading = "0901"\nany_of = ["RVC 40", "CTH + SP"]\ntolerance = "weight 7.5"\n'
)


def test_the_sample_has_fifty_headings_and_says_that_it_is_invented() -> None:
    table = sample()
    assert len(table.rules) == 50
    assert table.fidelity is Fidelity.INVENTED and "invented" in table.source
    assert {agreement for agreement, _ in table.rules} <= {agreement.id for agreement in AGREEMENTS}


def test_a_rule_is_read_as_it_is_written() -> None:
    rule = read_products(HEAD + PRODUCT).rule_for("atiga", "090111")
    assert rule is not None
    assert rule.alternatives == (Requirement(content=Decimal(40)), Requirement(change=Change.HEADING, process="SP"))
    assert rule.tolerance == Tolerance(Basis.WEIGHT, Decimal("7.5"))
    assert rule.text == "RVC 40 or CTH + SP"


def test_the_longest_heading_counts() -> None:
    table = sample()
    roasted, green = table.rule_for("atiga", "09012110"), table.rule_for("atiga", "090111")
    assert roasted is not None and green is not None
    assert (roasted.heading, green.heading) == ("090121", "0901")
    assert table.rule_for("atiga", "97") is None and table.rule_for("jvepa", "090111") is None
    assert is_subheading("090121")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("title = ", "not TOML"),
        (PRODUCT, "title: "),
        (HEAD.replace("invented", "sure") + PRODUCT, "fidelity: "),
        (HEAD, "product: none"),
        (HEAD + "colour = 1\n" + PRODUCT, "colour: unknown"),
        (HEAD + PRODUCT + PRODUCT, "product 2: atiga 0901 is there already"),
        (HEAD + PRODUCT.replace('"0901"', "901"), "product 1: heading"),
        (HEAD + PRODUCT.replace("RVC 40", "RVC 140"), "product 1: any_of"),
        (HEAD + PRODUCT.replace('["RVC 40", "CTH + SP"]', "[]"), "product 1: any_of"),
        (HEAD + PRODUCT.replace("weight 7.5", "a little"), "product 1: tolerance"),
        (HEAD + PRODUCT.replace("any_of", "anyof"), "product 1: unknown: anyof"),
        (HEAD + PRODUCT.replace('"atiga"', '"ATIGA 2"'), "product 1: agreement"),
    ],
)
def test_a_table_with_a_mistake_is_not_used_and_the_place_is_named(text: str, place: str) -> None:
    with pytest.raises(BadTable, match="(?m)^" + place.replace("+", r"\+")):
        read_products(text)


def claiming(code: str, percentage: str | None = None) -> set[str]:
    profile = profiles()["atiga-form-d/2022"]
    places = {
        "items.0.origin_criterion": criterion(code, percentage=percentage),
        "items.0.fob_value": dollars("500") if percentage else None,
    }
    document = changed(places)(_certificate())
    return {each.code for each in profile.check(document, replace(NOW, products=sample()))}


def _certificate() -> Certificate:
    document = profiles()["atiga-form-d/2022"].example()
    assert isinstance(document, Certificate)
    return document


@pytest.mark.parametrize(
    ("code", "percentage", "found"),
    [
        ("WO", None, set()),
        ("RVC", "40", set()),
        ("RVC", "39.9", {"certificate.product-content-below"}),
        ("CC", None, set()),
        ("CTH", None, {"certificate.product-change-too-shallow"}),
        ("CTSH", None, {"certificate.product-change-too-shallow"}),
        ("SP", None, {"certificate.product-rule-of-another-kind"}),
    ],
)
def test_coffee_of_the_sample_needs_forty_per_cent_or_another_chapter(
    code: str, percentage: str | None, found: set[str]
) -> None:
    assert claiming(code, percentage) == found
