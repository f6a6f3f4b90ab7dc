"""The arithmetic of draws: exact, never below zero, and back where it was when all is given back."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.certificate.examples import example
from schemas.certificate.model import ATIGA_FORM_D, Certificate, Item, Quantity
from schemas.certificate.utilisation import (
    Balance,
    Drawing,
    DrawState,
    Lack,
    Taken,
    Use,
    draw,
    measure,
    on_original,
    opening,
    settle,
    use_of,
)
from schemas.codes.units import UNITS, is_mass
from schemas.findings import Finding

FINAL, PROVISIONAL = DrawState.FINAL, DrawState.PROVISIONAL
MASSES = {code: Fraction(unit.kilograms) for code, unit in UNITS.items() if unit.kilograms is not None}


def quantity(value: str, unit: str = "KGM") -> Quantity:
    return Quantity(value=Decimal(value), unit=unit)


def balance(total: str, unit: str = "KGM", number: int = 1) -> dict[int, Balance]:
    return {number: Balance(number, quantity(total, unit))}


def drawn(balances: dict[int, Balance], *asked: tuple[int, str, str], state: DrawState = FINAL) -> dict[int, Balance]:
    drawing = draw(balances, [(number, quantity(value, unit)) for number, value, unit in asked], state)
    assert isinstance(drawing, Drawing), drawing
    return balances | dict(drawing.after)


def refusals(balances: dict[int, Balance], *asked: tuple[int, str, str]) -> list[tuple[str, str]]:
    drawing = draw(balances, [(number, quantity(value, unit)) for number, value, unit in asked], FINAL, "/body/items")
    assert isinstance(drawing, tuple), drawing
    return [(found.code.removeprefix("utilisation."), found.pointer) for found in drawing]


def left(balances: dict[int, Balance], number: int = 1) -> str:
    own = balances[number].left
    return f"{own.value:f} {own.unit}"


# --- One draw --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "asked", "rest"),
    [
        (("1000", "KGM"), ("400", "KGM"), "600 KGM"),
        (("1000", "KGM"), ("0.4", "TNE"), "600 KGM"),
        (("1", "TNE"), ("400", "KGM"), "0.6 TNE"),
        (("1", "TNE"), ("2204.622621", "LBR"), "0 TNE"),  # 0.4 mg is left: less than the sixth decimal of a tonne
        (("100", "LBR"), ("1", "KGM"), "97.795377 LBR"),  # 100 - 2.204622...: 97.7953773..., rounded down
        (("1", "KGM"), ("0.000001", "MGM"), "0.999999 KGM"),  # rounded down, never up
        (("12", "H87"), ("5", "H87"), "7 H87"),
        (("5", "CWI"), ("280", "LBR"), "2.5 CWI"),  # 112 pounds are a hundredweight (UK)
        (("2", "STN"), ("2000", "LBR"), "1 STN"),
        (("1", "LBR"), ("16", "ONZ"), "0 LBR"),
        (("5000", "CTM"), ("1", "KGM"), "0 CTM"),
    ],
)
def test_a_draw_takes_exactly_what_it_says(total: tuple[str, str], asked: tuple[str, str], rest: str) -> None:
    assert left(drawn(balance(*total), (1, *asked))) == rest


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([(1, "1000.000001", "KGM")], [("more-than-left", "/body/items/0/quantity/value")]),
        ([(1, "1.000001", "TNE")], [("more-than-left", "/body/items/0/quantity/value")]),
        ([(1, "0", "KGM")], [("nothing-drawn", "/body/items/0/quantity/value")]),
        ([(1, "5", "H87")], [("other-unit", "/body/items/0/quantity/unit")]),
        ([(1, "5", "KNS")], [("other-unit", "/body/items/0/quantity/unit")]),  # a kilogram of something else
        ([(1, "5", "QQQ")], [("other-unit", "/body/items/0/quantity/unit")]),
        ([(7, "5", "KGM")], [("unknown-item", "/body/items/0/number")]),
        ([(1, "5", "KGM"), (1, "5", "KGM")], [("item-repeated", "/body/items/1/number")]),
        (
            [(7, "5", "KGM"), (1, "2000", "KGM")],
            [("unknown-item", "/body/items/0/number"), ("more-than-left", "/body/items/1/quantity/value")],
        ),
    ],
)
def test_a_draw_of_what_is_not_there_is_refused_place_by_place(
    asked: list[tuple[int, str, str]], expected: list[tuple[str, str]]
) -> None:
    assert refusals(balance("1000"), *asked) == expected


def test_an_overdraw_tells_item_asked_left_unit_and_clause() -> None:
    found = draw(drawn(balance("1.5", "TNE"), (1, "400", "KGM")), [(1, quantity("1200"))], FINAL)
    assert isinstance(found, tuple)
    assert found[0].found == "1200 KGM of item 1"
    assert found[0].expected == "at most 1.1 TNE, which is left of 1.5 TNE"
    assert found[0].clause and found[0].status == 409


def test_a_draw_that_names_no_item_takes_all_that_is_left() -> None:
    balances = balance("10") | balance("3", "H87", 2) | balance("1", "LBR", 3)
    before = drawn(balances, (2, "3", "H87"), (3, "0.1", "KGM"))
    after = drawn(before)
    assert use_of(after.values()) is Use.WHOLLY
    assert [each.free for each in after.values()] == [0, 0, 0]
    again = draw(after, [], FINAL)
    assert isinstance(again, tuple)
    assert [found.code for found in again] == ["utilisation.more-than-left"]


def test_what_is_drawn_on_is_the_other_quantity_where_one_is_stated() -> None:
    item = example(ATIGA_FORM_D).items[0]
    certificate = example(ATIGA_FORM_D).model_copy(
        update={
            "items": (
                item.model_copy(update={"quantity": quantity("40", "H87")}),
                item.model_copy(update={"number": 2}),
            )
        }
    )
    totals = {number: each.total for number, each in opening(certificate).items()}
    assert totals == {1: quantity("40", "H87"), 2: item.gross_weight}


def test_a_kilogram_of_a_named_substance_has_no_weight_of_its_own() -> None:
    assert {code for code in UNITS if is_mass(code)} - set(MASSES) == {
        "KSD", "KNS", "KMA", "KPP", "KPO", "KPH", "KSH", "KUR", "KNI", "TSD",
    }  # fmt: skip


# --- Use -------------------------------------------------------------------------------------------------------------


def test_how_far_a_certificate_is_used_follows_from_its_balances() -> None:
    balances = balance("10") | balance("5", number=2)
    assert use_of(balances.values()) is Use.UNUSED
    held = drawn(balances, (1, "10", "KGM"), (2, "5", "KGM"), state=PROVISIONAL)
    assert use_of(held.values()) is Use.HELD
    assert use_of(drawn(balances, (1, "10", "KGM")).values()) is Use.PARTLY
    assert use_of(drawn(balances, (1, "10", "KGM"), (2, "5", "KGM")).values()) is Use.WHOLLY
    assert use_of(drawn(drawn(balances, (1, "10", "KGM")), (2, "5", "KGM"), state=PROVISIONAL).values()) is Use.PARTLY


@pytest.mark.parametrize("state", list(DrawState))
@pytest.mark.parametrize("said", ["committed", "released", "reversed"])
def test_each_draw_is_settled_once_and_in_its_own_way(state: DrawState, said: str) -> None:
    taken = (Taken(1, quantity("4"), Decimal(4)),)
    balances = {1: Balance(1, quantity("10"), Decimal(4), Decimal(4))}
    after = settle(balances, taken, state, said)
    expected = {
        (PROVISIONAL, "committed"): (Decimal(8), Decimal(0)),
        (PROVISIONAL, "released"): (Decimal(4), Decimal(0)),
        (FINAL, "reversed"): (Decimal(0), Decimal(4)),
    }
    if (state, said) in expected:
        assert not isinstance(after, Finding)
        assert (after[1].drawn, after[1].held) == expected[state, said]
    else:
        assert isinstance(after, Finding) and after.code == "utilisation.draw-settled"


# --- Back-to-back ----------------------------------------------------------------------------------------------------


def certifying(*items: tuple[str, str, str]) -> Certificate:
    """A certificate with these goods: HS code, weight or quantity, unit."""
    sample = example(ATIGA_FORM_D)
    return sample.model_copy(update={"items": tuple(_item(sample.items[0], *each) for each in enumerate(items, 1))})


def _item(item: Item, number: int, goods: tuple[str, str, str]) -> Item:
    code, value, unit = goods
    field = "gross_weight" if is_mass(unit) else "quantity"
    own = {"gross_weight": None, "quantity": None, field: quantity(value, unit)}
    return item.model_copy(update={"number": number, "hs_code": code, **own})


def resting(copy: Certificate, original: Certificate) -> tuple[dict[int, str], list[tuple[Lack, str]]]:
    free = {number: each.left for number, each in opening(original).items()}
    taken, short = on_original(copy, original, free)
    return {each.number: f"{each.stated.value:f} {each.stated.unit}" for each in taken}, [
        (each.lack, each.pointer) for each in short
    ]


def test_a_back_to_back_certificate_draws_on_the_goods_of_its_subheading_in_order() -> None:
    original = certifying(("090111", "100", "KGM"), ("610910", "5", "H87"), ("09011190", "50", "KGM"))
    assert resting(certifying(("090111", "0.12", "TNE")), original) == ({1: "100 KGM", 3: "20 KGM"}, [])
    assert resting(certifying(("61091000", "5", "H87")), original) == ({2: "5 H87"}, [])
    both = certifying(("090111", "90", "KGM"), ("090111", "60", "KGM"))
    assert resting(both, original) == ({1: "100 KGM", 3: "50 KGM"}, [])


@pytest.mark.parametrize(
    ("goods", "expected"),
    [
        (("090111", "150.000001", "KGM"), [(Lack.QUANTITY, "/items/0/grossWeight/value")]),
        (("610910", "6", "H87"), [(Lack.QUANTITY, "/items/0/quantity/value")]),
        (("090112", "1", "KGM"), [(Lack.GOODS, "/items/0/hsCode")]),
        (("610910", "1", "KGM"), [(Lack.UNIT, "/items/0/grossWeight/unit")]),
    ],
)
def test_what_does_not_rest_on_the_original_is_named(
    goods: tuple[str, str, str], expected: list[tuple[Lack, str]]
) -> None:
    original = certifying(("090111", "100", "KGM"), ("610910", "5", "H87"), ("090111", "50", "KGM"))
    assert resting(certifying(goods), original)[1] == expected


def test_two_items_of_a_copy_share_what_is_left() -> None:
    original = certifying(("090111", "100", "KGM"))
    copy = certifying(("090111", "60", "KGM"), ("090111", "60", "KGM"))
    assert resting(copy, original)[1] == [(Lack.QUANTITY, "/items/1/grossWeight/value")]


# --- Properties ------------------------------------------------------------------------------------------------------

amounts = st.decimals("0.000001", "999999999999999", places=6).map(lambda value: value.normalize())


def stated(value: Decimal, unit: str) -> Quantity:
    return Quantity(value=Decimal(format(value, "f")), unit=unit)


@given(amounts, st.sampled_from(sorted(MASSES)))
def test_masses_are_converted_exactly(value: Decimal, unit: str) -> None:
    own = measure(stated(value, unit))
    assert own.unit == "KGM"
    assert Fraction(own.amount) == Fraction(value) * MASSES[unit]


@given(
    amounts, st.sampled_from(sorted(MASSES)), st.lists(st.tuples(amounts, st.sampled_from(sorted(MASSES))), max_size=8)
)
def test_never_more_is_told_than_is_left_and_at_most_a_millionth_less(
    total: Decimal, unit: str, draws: list[tuple[Decimal, str]]
) -> None:
    balances = {1: Balance(1, stated(total, unit))}
    free = Fraction(total) * MASSES[unit]
    for value, other in draws:
        drawing = draw(balances, [(1, stated(value, other))], FINAL)
        wanted = Fraction(value) * MASSES[other]
        assert isinstance(drawing, Drawing) == (wanted <= free)
        if isinstance(drawing, Drawing):
            balances, free = balances | dict(drawing.after), free - wanted
    told = Fraction(balances[1].left.value) * MASSES[unit]
    assert 0 <= free - told < Fraction(1, 10**6) * MASSES[unit]


class Ledger(RuleBasedStateMachine):
    """Any order of draws and settlements, against plain fractions of a kilogram."""

    def __init__(self) -> None:
        super().__init__()
        self.balances = balance("1000") | balance("2", "TNE", 2) | balance("40", "H87", 3)
        self.totals = {1: Fraction(1000), 2: Fraction(2000), 3: Fraction(40)}
        self.open: list[tuple[tuple[Taken, ...], DrawState]] = []

    @rule(
        number=st.integers(1, 4),
        value=st.decimals("0.000001", 2500, places=6),
        unit=st.sampled_from(["KGM", "TNE", "LBR", "GRM", "H87"]),
        state=st.sampled_from([FINAL, PROVISIONAL]),
    )
    def draws(self, number: int, value: Decimal, unit: str, state: DrawState) -> None:
        drawing = draw(self.balances, [(number, stated(value, unit))], state)
        fits = number in self.totals and (number == 3) == (unit == "H87")
        wanted = Fraction(value) * MASSES.get(unit, Fraction(1))
        assert isinstance(drawing, Drawing) == (fits and wanted <= self.rest(number))
        if isinstance(drawing, Drawing):
            self.balances |= drawing.after
            self.open.append((drawing.taken, state))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), said=st.sampled_from(["committed", "released", "reversed"]))
    def settles(self, data: st.DataObject, said: str) -> None:
        at = data.draw(st.integers(0, len(self.open) - 1))
        taken, state = self.open[at]
        after = settle(self.balances, taken, state, said)
        may = {PROVISIONAL: ("committed", "released"), FINAL: ("reversed",)}[state]
        assert isinstance(after, Finding) == (said not in may)
        if not isinstance(after, Finding):
            self.balances |= after
            self.open[at : at + 1] = [(taken, FINAL)] if said == "committed" else []

    def rest(self, number: int) -> Fraction:
        taken = (Fraction(each.amount) for draws, _ in self.open for each in draws if each.number == number)
        return self.totals[number] - sum(taken, Fraction(0))

    @invariant()
    def balances_are_what_the_open_draws_leave(self) -> None:
        for number, own in self.balances.items():
            assert Fraction(own.free) == self.rest(number) >= 0
            assert own.held >= 0 and own.drawn >= 0
        if not self.open:
            assert use_of(self.balances.values()) is Use.UNUSED


TestLedger = Ledger.TestCase
