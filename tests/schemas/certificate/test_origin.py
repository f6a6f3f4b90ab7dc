"""The calculation of origin: vectors worked out by hand, and what must hold for any figures."""

import tomllib
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.certificate.agreement import Agreement
from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.answer import Answer, Share, all_of, any_of
from schemas.certificate.model import Money, OriginCriterion, Quantity
from schemas.certificate.origin import Determination, determine
from schemas.certificate.statement import Material, MaterialUse, Product, example_statement
from tests.schemas.certificate.origin_cases import statement, table

VECTORS = Path(__file__).parents[2] / "vectors" / "origin"
CASES: list[dict[str, Any]] = tomllib.loads((VECTORS / "calculations.toml").read_text(encoding="utf-8"))["calculation"]
BY_ID = {agreement.id: agreement for agreement in AGREEMENTS}


def found_in(case: dict[str, Any]) -> Determination:
    (found,) = determine(statement(case), BY_ID[case["agreement"]], table(case))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_calculation_gives_what_was_worked_out_by_hand(case: dict[str, Any]) -> None:
    found = found_in(case)
    trials = {trial.name: trial for trial in found.trials}
    shown = {name: trial.answer.value for name, trial in trials.items()}
    assert found.answer.value == case["answer"], shown
    assert (found.claim_answer.value if found.claim_answer else None) == case.get("claim_answer"), shown
    for name, percentage in case.get("content", {}).items():
        share = trials[name].content
        assert share is not None and share.cut(2) == Decimal(percentage)
    for name, answer in case.get("trials", {}).items():
        assert shown[name] == answer, name
    if "by_accumulation" in case:
        assert found.accumulated is case["by_accumulation"]
    if "by_de_minimis" in case:
        assert found.tolerated is case["by_de_minimis"]
    missing = {each.pointer for each in found.missing}
    assert missing >= set(case.get("missing", []))


def test_there_are_calculations_of_every_agreement() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {case["agreement"] for case in CASES} >= {"atiga", "ajcep", "rcep", "jtepa", "jiepa"} & set(BY_ID)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_answer_is_shown_line_by_line_and_says_what_it_lacks(case: dict[str, Any]) -> None:
    found = found_in(case)
    assert len(found.materials) == len(case["materials"])
    for trial in found.trials:
        assert trial.lines or trial.missing
        assert bool(trial.missing) is (trial.answer is Answer.UNKNOWN), trial
        for line in trial.lines:
            assert line.says is None or line.says.clause
    if found.answer is Answer.UNKNOWN:
        assert found.missing


def test_a_table_of_another_edition_is_no_help() -> None:
    case = next(case for case in CASES if case["name"] == "rcep: one alternative of the rule suffices")
    of_2017 = statement(case).model_copy(
        update={"products": (statement(case).products[0].model_copy(update={"hs_edition": "2017"}),)}
    )
    (found,) = determine(of_2017, BY_ID["rcep"], table(case))
    assert (found.rule, found.answer) == ("", Answer.UNKNOWN)


def test_where_the_table_has_no_rule_nothing_is_supposed() -> None:
    case = next(case for case in CASES if case["name"] == "atiga: heading changes, chapter does not")
    other = table(case | {"rule": ["CC"], "hs": "0901"})
    (without,), (with_one,) = (determine(statement(case), BY_ID["atiga"], each) for each in (None, other))
    assert "Annex 3" in without.supposes
    assert (with_one.supposes, with_one.answer) == ("", Answer.YES)


# --- What must hold for any figures ----------------------------------------------------------------------------------

COSTS = ("labour", "overhead", "profit", "other_cost")
amounts = st.integers(0, 10**8).map(lambda cents: Decimal(cents).scaleb(-2))
hs_codes = st.sampled_from(
    ["848210", "848291", "848310", "722830", "8482", "84", "610910", "520512", "180631", "090111"]
)


def dollars(value: Decimal | None) -> Money | None:
    return None if value is None else Money(amount=value, currency="USD")


def grams(value: int) -> Quantity:
    return Quantity(value=Decimal(value), unit="GRM")


materials = st.builds(
    lambda hs, originating, country, value, weight, content, packing: Material(
        number=1,
        description="A material",
        hs_code=hs,
        use=MaterialUse.RETAIL_PACKING if packing else MaterialUse.PRODUCTION,
        originating=originating,
        origin_country=country,
        value=dollars(value),
        weight=weight,
        content=content,
    ),
    hs_codes | st.none(),
    st.booleans(),
    st.sampled_from(["SG", "TH", "JP", "VN", "CN"]),
    amounts | st.none(),
    st.integers(1, 10**6).map(grams) | st.none(),
    st.none() | st.integers(0, 99).map(Decimal),
    st.booleans(),
)
products = st.builds(
    lambda hs, listed, costs, fob, weight, flags: Product(
        number=1,
        description="A product",
        hs_code=hs,
        hs_edition="2022",
        materials=tuple(listed),
        **{
            name: dollars(cost)
            for name, cost in zip(("labour", "overhead", "profit", "other_cost"), costs, strict=True)
        },
        fob=dollars(fob),
        weight=weight,
        wholly_obtained=flags[0],
        final_process=flags[1],
        minimal_operations_only=flags[2],
    ),
    st.sampled_from(["848210", "610910", "180631", "090111"]),
    st.lists(materials, min_size=1, max_size=4),
    st.tuples(*[amounts | st.none()] * 4),
    amounts,
    st.integers(1, 10**6).map(grams) | st.none(),
    st.tuples(*[st.none() | st.booleans()] * 3),
)
agreements = st.sampled_from(AGREEMENTS)
CLAIMS = ("WO", "PE", "RVC", "LVC", "CC", "CTH", "CTSH", "CTC", "SP", "PS", "PC")
claims = st.sampled_from(CLAIMS).map(lambda code: OriginCriterion(codes=(code,)))


def judged(agreement: Agreement, product: Product) -> Determination:
    sample = example_statement(exporter="JP" if "JP" in agreement.parties else "SG", agreement=agreement.id)
    (found,) = determine(sample.model_copy(update={"products": (product,)}), agreement)
    return found


def answers(found: Determination) -> dict[str, Answer | None]:
    ways: dict[str, Answer | None] = {trial.name: trial.answer for trial in found.trials}
    return ways | {"answer": found.answer, "claim": found.claim_answer}


@pytest.mark.fuzz
@given(agreements, products, st.data())
def test_more_non_originating_value_never_raises_the_content(
    agreement: Agreement, product: Product, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(product.materials) - 1))
    raised = product.materials[index]
    more = (raised.value.amount if raised.value else Decimal(0)) + data.draw(amounts)
    outside = raised.model_copy(update={"originating": False, "content": None})
    before = _with_material(product, index, outside.model_copy(update={"value": raised.value or dollars(Decimal(0))}))
    after = _with_material(product, index, outside.model_copy(update={"value": dollars(more)}))
    for first, second in zip(judged(agreement, before).trials, judged(agreement, after).trials, strict=True):
        if first.content is not None and second.content is not None:
            assert second.content.part <= first.content.part
        assert not (first.answer is Answer.NO and second.answer is Answer.YES), first.name


def _with_material(product: Product, index: int, material: Material) -> Product:
    listed = list(product.materials)
    listed[index] = material
    return product.model_copy(update={"materials": tuple(listed)})


@pytest.mark.fuzz
@given(agreements, products, claims, st.data())
def test_what_is_left_out_may_leave_it_open_but_never_turns_the_answer(
    agreement: Agreement, product: Product, claim: OriginCriterion, data: st.DataObject
) -> None:
    product = product.model_copy(update={"claim": claim})
    whole = (*COSTS, "fob", "weight", "wholly_obtained", "final_process")
    left_out = data.draw(st.sets(st.sampled_from(whole)))
    less = product.model_copy(update=dict.fromkeys(left_out))
    for index, material in enumerate(less.materials):
        gone = data.draw(st.sets(st.sampled_from(("hs_code", "value", "weight"))))
        less = _with_material(less, index, material.model_copy(update=dict.fromkeys(gone)))
    full, open_ones = answers(judged(agreement, product)), answers(judged(agreement, less))
    for name, answer in open_ones.items():
        assert answer in (full[name], Answer.UNKNOWN), name


@given(agreements, products, st.sampled_from(["KGM", "TNE", "LBR", "MGM"]))
def test_the_unit_of_a_weight_does_not_matter(agreement: Agreement, product: Product, unit: str) -> None:
    """Everything in another unit: the shares stay. (Pounds of the same figures weigh more, but all alike.)"""

    def other(quantity: Quantity | None) -> Quantity | None:
        return None if quantity is None else quantity.model_copy(update={"unit": unit})

    listed = tuple(each.model_copy(update={"weight": other(each.weight)}) for each in product.materials)
    changed = product.model_copy(update={"weight": other(product.weight), "materials": listed})
    assert answers(judged(agreement, product)) == answers(judged(agreement, changed))


@given(agreements, products, st.sampled_from(["JPY", "KHR"]), st.integers(1, 999))
def test_neither_the_currency_nor_the_size_of_the_lot_matters(
    agreement: Agreement, product: Product, currency: str, times: int
) -> None:
    def other(money: Money | None) -> Money | None:
        return None if money is None else Money(amount=money.amount * times, currency=currency)

    names = (*COSTS, "fob")
    listed = tuple(each.model_copy(update={"value": other(each.value)}) for each in product.materials)
    changed = product.model_copy(update={name: other(getattr(product, name)) for name in names} | {"materials": listed})
    assert answers(judged(agreement, product)) == answers(judged(agreement, changed))


@given(agreements, products, st.randoms())
def test_the_order_of_materials_does_not_matter(agreement: Agreement, product: Product, random: Random) -> None:
    listed = list(product.materials)
    random.shuffle(listed)
    assert answers(judged(agreement, product)) == answers(
        judged(agreement, product.model_copy(update={"materials": tuple(listed)}))
    )


@given(agreements, products)
def test_a_deeper_change_is_a_change_at_every_lesser_depth(agreement: Agreement, product: Product) -> None:
    found = answers(judged(agreement, product))
    if found["CC"] is Answer.YES:
        assert found["CTH"] is Answer.YES
    if found["CTH"] is Answer.YES:
        assert found["CTSH"] is Answer.YES


@given(amounts, amounts.filter(bool), st.integers(0, 6))
def test_a_percentage_is_cut_and_never_rounded_up(part: Decimal, whole: Decimal, places: int) -> None:
    share = Share(part, whole)
    cut, step = share.cut(places), Decimal(1).scaleb(-places)
    assert share.at_least(cut)
    assert not share.at_least(cut + step)


def test_a_percentage_rounds_as_the_box_does() -> None:
    share = Share(Decimal(451666), Decimal(1000000))  # 45.1666 %
    assert share.rounds_to_at_least(Decimal("45.2")) and not share.rounds_to_at_least(Decimal("45.3"))
    assert share.rounds_to_at_least(Decimal("45.17")) and not share.rounds_to_at_least(Decimal("45.18"))
    assert share.text == "45.1666 %"
    assert Share(Decimal(1), Decimal(3)).text == "33.333333… %"
    assert Share(Decimal(100), Decimal(100)).text == "100 %"


def test_three_answers_are_combined_as_three_answers() -> None:
    yes, no, unknown = Answer.YES, Answer.NO, Answer.UNKNOWN
    assert [all_of(each) for each in ((), (yes,), (yes, unknown), (no, unknown))] == [yes, yes, unknown, no]
    assert [any_of(each) for each in ((), (no,), (no, unknown), (yes, unknown))] == [no, no, unknown, yes]
