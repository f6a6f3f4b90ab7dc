"""Cost statements: what is written is read again; each rule finds what its sample breaks, and nothing in a good one."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.model import Money
from schemas.certificate.statement import (
    PROFILE,
    CostStatement,
    Material,
    MaterialUse,
    Product,
    decode_statement,
    encode_statement,
    example_statement,
)
from schemas.certificate.statement_rules import RULES, check_statement
from schemas.content import Content, open_content
from schemas.findings import Fidelity, catalogue
from schemas.registry import Context, read
from schemas.rules import Rule
from tests.schemas.certificate.strategies import (
    country,
    criterion,
    decimal,
    line,
    number,
    part,
    party,
    quantity,
    text,
)

NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))

TOGETHER = {
    "statement.hs-too-short": set[str](),
    "statement.unknown-agreement": set[str](),
}
"""Codes that a sample cannot break alone, with what is broken beside them."""

hs = st.from_regex(r"[0-9]{2,12}", fullmatch=True)
money = part(Money, amount=decimal, currency=st.from_regex(r"[A-Z]{3}", fullmatch=True))
agreement = st.from_regex(r"[a-z]{2,20}", fullmatch=True)
material = part(
    Material,
    number=st.integers(1, 99_999),
    description=text,
    hs_code=st.none() | hs,
    use=st.sampled_from(MaterialUse),
    originating=st.booleans(),
    origin_country=st.none() | country,
    agreement=st.none() | agreement,
    proof=st.none() | number,
    content=st.none() | decimal,
    value=st.none() | money,
    quantity=st.none() | quantity,
    weight=st.none() | quantity,
)
flag = st.none() | st.booleans()
product = part(
    Product,
    number=st.integers(1, 99_999),
    description=text,
    hs_code=hs,
    hs_edition=st.sampled_from(["2012", "2017", "2022"]),
    claim=st.none() | criterion,
    quantity=st.none() | quantity,
    weight=st.none() | quantity,
    materials=st.lists(material, max_size=3).map(tuple),
    **{name: st.none() | money for name in ("labour", "overhead", "profit", "other_cost", "ex_works", "fob")},
    wholly_obtained=flag,
    final_process=flag,
    minimal_operations_only=flag,
    process=st.none() | text,
)
any_statement = part(
    CostStatement,
    profile=st.just(PROFILE),
    number=number,
    date=st.dates(date(1990, 1, 1), date(2090, 12, 31)),
    certificate=st.none() | number,
    application=st.none() | number,
    agreement=st.sampled_from([each.id for each in AGREEMENTS]) | agreement,
    exporting_country=st.sampled_from(["SG", "JP", "TH"]) | country,
    importing_country=country,
    exporter=party,
    producer=st.none() | party,
    products=st.lists(product, min_size=1, max_size=2).map(tuple),
    signatory=line,
)


def opened(data: bytes) -> Content:
    content = open_content(data)
    assert isinstance(content, Content), content
    return content


def codes(statement: CostStatement) -> set[str]:
    return {found.code for found in check_statement(statement, NOW)}


@pytest.mark.fuzz
@given(any_statement)
def test_what_is_written_is_read_again(statement: CostStatement) -> None:
    decoded = decode_statement(opened(encode_statement(statement)))
    assert decoded.findings == ()
    assert decoded.document == statement
    assert encode_statement(statement) == encode_statement(decoded.document)


@pytest.mark.fuzz
@given(any_statement)
def test_whatever_a_statement_says_it_is_judged_and_every_finding_points_into_it(statement: CostStatement) -> None:
    reading = read(encode_statement(statement), NOW)
    assert reading.document == statement
    for found in reading.findings:
        assert found.code in catalogue()
        assert found.fix and (found.found or found.expected)


@pytest.mark.parametrize("agreement_id", [each.id for each in AGREEMENTS])
@pytest.mark.parametrize("variant", [0, 1, 7, 49])
def test_the_example_has_no_finding_that_its_agreement_does_not_make_it_have(agreement_id: str, variant: int) -> None:
    by_id = {each.id: each for each in AGREEMENTS}
    exporter, importer = by_id[agreement_id].example_route
    example = example_statement(agreement=agreement_id, exporter=exporter, importer=importer, variant=variant)
    # An agreement whose products all have rules of their own cannot be judged without a table of them.
    expected = set() if agreement_id in ("atiga", "ajcep", "jvepa") else {"statement.claim-not-shown"}
    assert codes(example) == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_sample_of_a_rule_breaks_that_rule(rule: Rule[CostStatement]) -> None:
    broken = rule.sample(example_statement())
    beside = codes(broken) - {rule.code}
    assert rule.code in codes(broken)
    assert beside <= TOGETHER.get(rule.code, set())
    assert decode_statement(opened(encode_statement(broken))).document == broken, "it can be sent"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_documented(rule: Rule[CostStatement]) -> None:
    kind = catalogue()[rule.code]
    assert kind is rule.kind
    assert kind.sentence.endswith(".") and kind.fix.endswith(".")
    assert kind.clause and kind.source
    if kind.source == "Tradebridge":
        assert kind.fidelity is Fidelity.INVENTED


def test_there_are_rules_enough_and_no_code_twice() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES) >= 30


def changed(change: Callable[[Any], object]) -> list[tuple[str, str]]:
    """Code and pointer of all that is found after a change to the example's JSON."""
    value = json.loads(encode_statement(example_statement()))
    change(value)
    return [(found.code, found.pointer) for found in read(orjson.dumps(value), NOW, PROFILE).findings]


BEARINGS = "/products/1"
WRONG: dict[str, tuple[Callable[[Any], object], list[tuple[str, str]]]] = {
    "amount_as_number": (
        lambda value: value["products"][1]["fob"].update(amount=1000.0),
        [("certificate.wrong-type", f"{BEARINGS}/fob/amount")],
    ),
    "amount_negative": (
        lambda value: value["products"][1]["profit"].update(amount="-5"),
        [("certificate.wrong-form", f"{BEARINGS}/profit/amount")],
    ),
    "amount_with_exponent": (
        lambda value: value["products"][1]["profit"].update(amount="1e3"),
        [("certificate.wrong-form", f"{BEARINGS}/profit/amount")],
    ),
    "currency_missing": (
        lambda value: value["products"][1]["labour"].pop("currency"),
        [("certificate.missing", f"{BEARINGS}/labour/currency")],
    ),
    "currency_in_lower_case": (
        lambda value: value["products"][1]["labour"].update(currency="usd"),
        [("certificate.wrong-form", f"{BEARINGS}/labour/currency")],
    ),
    "unknown_member": (
        lambda value: value["products"][1].update(royalty={"amount": "1", "currency": "USD"}),
        [("certificate.unknown-member", f"{BEARINGS}/royalty")],
    ),
    "originating_not_said": (
        lambda value: value["products"][1]["materials"][0].pop("originating"),
        [("certificate.missing", f"{BEARINGS}/materials/0/originating")],
    ),
    "originating_as_text": (
        lambda value: value["products"][1]["materials"][0].update(originating="no"),
        [("certificate.wrong-type", f"{BEARINGS}/materials/0/originating")],
    ),
    "no_product": (
        lambda value: value.update(products=[]),
        [("certificate.wrong-length", "/products")],
    ),
    "hs_with_points": (
        lambda value: value["products"][1].update(hsCode="8482.10"),
        [("certificate.wrong-form", f"{BEARINGS}/hsCode")],
    ),
    "use_unknown": (
        lambda value: value["products"][1]["materials"][1].update(use="catalyst"),
        [("certificate.not-in-list", f"{BEARINGS}/materials/1/use")],
    ),
    "signed_by_nobody": (
        lambda value: value.pop("signatory"),
        [("certificate.missing", "/signatory")],
    ),
    "two_mistakes_far_apart": (
        lambda value: (value["products"][1]["fob"].update(amount=5), value.update(importingCountry="US")),
        [("certificate.wrong-type", f"{BEARINGS}/fob/amount"), ("statement.not-a-party", "/importingCountry")],
    ),
    "labour_too_much": (
        lambda value: value["products"][1]["labour"].update(amount="200.01"),
        [("statement.ex-works-not-sum", f"{BEARINGS}/exWorks/amount")],
    ),
    "material_in_yen": (
        lambda value: value["products"][1]["materials"][0]["value"].update(currency="JPY"),
        [("statement.several-currencies", BEARINGS)],
    ),
    "weight_in_litres": (
        lambda value: value["products"][1]["weight"].update(unit="LTR"),
        [("statement.weight-unit-not-mass", f"{BEARINGS}/weight/unit")],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_precisely(name: str) -> None:
    change, expected = WRONG[name]
    assert sorted(changed(change)) == sorted(expected)


def test_sums_are_exact_to_the_last_digit() -> None:
    def tiny(value: Any) -> None:
        value["products"][1]["labour"]["amount"] = "200.000001"

    assert changed(tiny) == [("statement.ex-works-not-sum", f"{BEARINGS}/exWorks/amount")]


def test_a_statement_is_known_by_what_it_belongs_to() -> None:
    assert example_statement(certificate="SG-1").belongs_to == "SG-1"
    assert example_statement().belongs_to == "APP-2026-00041"
    both = example_statement(certificate="SG-1").model_copy(update={"application": "A-1"})
    assert both.belongs_to == "SG-1"


def test_a_percentage_that_is_claimed_is_compared_with_the_best_method() -> None:
    example = example_statement()

    def claiming(percentage: str) -> set[str]:
        value = json.loads(encode_statement(example))
        value["products"][1]["claim"] = {"codes": ["RVC"], "percentage": percentage}
        return {found.code for found in read(orjson.dumps(value), NOW).findings}

    assert claiming("55") == set()
    assert claiming("55.000001") == {"statement.percentage-above-figures"}
