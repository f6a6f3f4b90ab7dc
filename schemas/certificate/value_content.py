"""Regional (or qualifying) value content of a product, by each method that the agreement has.

1. Build-down: (FOB - VNM) / FOB. Build-up: (VOM + labour + overhead + profit + other cost) / FOB. VNM and VOM are the
   values of the materials that do not originate and that do; one that counts in proportion is split between them.
2. Packing for retail sale counts as the material that it is. Materials tolerated by de minimis count in VNM all the same.
3. The content is compared exactly with the least that is asked for.
4. What is not stated is not guessed. An answer is given without it only where it could change nothing: amounts are
   never negative, so the values that are known may make the content too low (build-down) or high enough (build-up).
5. All amounts must be in one currency; no rate of exchange is assumed.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from schemas.certificate.answer import EXACT, Answer, Line, Missing, Share, Trial, materials_missing, total
from schemas.certificate.law import Method
from schemas.certificate.materials import Counted, Standing, Under
from schemas.certificate.model import Money
from schemas.certificate.statement import Product
from schemas.certificate.values import decimal_text

_SHOWN = 6
"""Addends written out in a sum; of more, the first and how many there are."""


def try_content(
    under: Under, product: Product, pointer: str, counted: Sequence[Counted], method: Method, least: Decimal
) -> Trial:
    """Whether the product has a value content of at least `least` per cent."""
    name = f"RVC {method.value}" if len(under.law.methods) > 1 else "RVC"
    fob = product.fob
    if fob is None or fob.amount <= 0:
        return Trial(name, Answer.UNKNOWN, (), (Missing(f"{pointer}/fob", "the FOB value, more than 0"),))
    if not product.materials:
        return Trial(name, Answer.UNKNOWN, (), (materials_missing(pointer),))
    mixed = tuple(_in_other_currency(product, pointer, fob.currency))
    if mixed:
        return Trial(name, Answer.UNKNOWN, (), mixed)
    return (_build_down if method is Method.BUILD_DOWN else _build_up)(
        under, name, product, pointer, counted, fob, least
    )


def _in_other_currency(product: Product, pointer: str, currency: str) -> Iterator[Missing]:
    for place, money in amounts_of(product, pointer):
        if money.currency != currency:
            yield Missing(place, f"the amount in {currency}, as the FOB value")


def amounts_of(product: Product, pointer: str = "") -> Iterator[tuple[str, Money]]:
    """Every amount of a product, with its place."""
    for index, material in enumerate(product.materials):
        if material.value is not None:
            yield f"{pointer}/materials/{index}/value", material.value
    for name, money in (
        ("labour", product.labour),
        ("overhead", product.overhead),
        ("profit", product.profit),
        ("otherCost", product.other_cost),
        ("exWorks", product.ex_works),
        ("fob", product.fob),
    ):
        if money is not None:
            yield f"{pointer}/{name}", money


def _build_down(
    under: Under,
    name: str,
    product: Product,
    pointer: str,
    counted: Sequence[Counted],
    fob: Money,
    least: Decimal,
) -> Trial:
    outside = [each for each in counted if not each.originates]
    values = [(each, each.material.value) for each in outside if each.material.value is not None]
    missing = tuple(
        Missing(f"{each.pointer}/value", f"the value of {each.name}") for each in outside if each.material.value is None
    )
    vnm = total(each.outside_value(value) for each, value in values)
    lines = [
        *_split(values),
        Line(f"VNM = {_sum([e.outside_value(v) for e, v in values], vnm, fob)}", under.law.material_value),
    ]
    lines += _packing(under, counted)
    share = Share(EXACT.subtract(fob.amount, vnm), fob.amount)
    formula = f"RVC = (FOB - VNM) / FOB x 100 = ({_text(fob)} - {decimal_text(vnm)}) / {_text(fob)} x 100"
    return _judged(under, name, Method.BUILD_DOWN, lines, formula, share, least, missing, more_lowers=True)


def _build_up(
    under: Under,
    name: str,
    product: Product,
    pointer: str,
    counted: Sequence[Counted],
    fob: Money,
    least: Decimal,
) -> Trial:
    inside = [each for each in counted if each.standing is not Standing.OUTSIDE]
    values = [(each, each.material.value) for each in inside if each.material.value is not None]
    missing = [
        Missing(f"{each.pointer}/value", f"the value of {each.name}") for each in inside if each.material.value is None
    ]
    vom = total(each.originating_value(value) for each, value in values)
    parts = (
        ("VOM", "", Money(amount=vom, currency=fob.currency)),
        ("labour", "labour", product.labour),
        ("overhead", "overhead", product.overhead),
        ("profit", "profit", product.profit),
        ("other cost", "otherCost", product.other_cost),
    )
    missing += [Missing(f"{pointer}/{place}", f"the {what}") for what, place, money in parts if money is None]
    known = [(what, money) for what, _, money in parts if money is not None]
    added = total(money.amount for _, money in known)
    lines = [*_split(values), Line(f"VOM = {_sum([e.originating_value(v) for e, v in values], vom, fob)}")]
    lines += _packing(under, counted)
    names = " + ".join(what for what, _ in known)
    figures = " + ".join(_text(money) for _, money in known)
    lines.append(Line(f"{names} = {figures} = {decimal_text(added)} {fob.currency}"))
    formula = f"RVC = ({names}) / FOB x 100 = {decimal_text(added)} / {_text(fob)} x 100"
    share = Share(added, fob.amount)
    return _judged(under, name, Method.BUILD_UP, lines, formula, share, least, tuple(missing), more_lowers=False)


def _judged(
    under: Under,
    name: str,
    method: Method,
    lines: list[Line],
    formula: str,
    share: Share,
    least: Decimal,
    missing: tuple[Missing, ...],
    *,
    more_lowers: bool,
) -> Trial:
    """What is missing could only lower the content, or only raise it."""
    enough = share.at_least(least)
    bound = f" ({'at most' if more_lowers else 'at least'}, as amounts are missing)" if missing else ""
    lines = [*lines, Line(f"{formula} = {share.text}{bound}", under.law.methods[method])]
    if missing and enough is more_lowers:
        return Trial(name, Answer.UNKNOWN, (*lines, Line(f"{decimal_text(least)} % is asked for")), missing)
    verdict = f"{share.text} is {'at least' if enough else 'less than'} {decimal_text(least)} %"
    answer = Answer.YES if enough else Answer.NO
    return Trial(name, answer, (*lines, Line(verdict)), content=None if missing else share)


def _split(values: Sequence[tuple[Counted, Money]]) -> list[Line]:
    """The materials that count in proportion, each split."""
    return [
        Line(
            f"{each.name}: {decimal_text(each.inside)} % of {_text(value)} = "
            f"{decimal_text(each.originating_value(value))} counts as originating, "
            f"{decimal_text(each.outside_value(value))} does not",
            each.line.says,
            f"{each.pointer}/value",
        )
        for each, value in values
        if each.standing is Standing.PROPORTION
    ]


def _packing(under: Under, counted: Sequence[Counted]) -> list[Line]:
    names = ", ".join(each.name for each in counted if each.packing)
    return [Line(f"packing for retail sale counts: {names}", under.law.packing_in_content)] if names else []


def _sum(amounts: Sequence[Decimal], result: Decimal, fob: Money) -> str:
    """`120.00 + 30.00 = 150.00 USD`."""
    shown = [decimal_text(amount) for amount in amounts[:_SHOWN]]
    if len(amounts) > _SHOWN:
        shown.append(f"... ({len(amounts)} materials)")
    figures = " + ".join(shown)
    whole = f"{decimal_text(result)} {fob.currency}"
    return f"{figures} = {whole}" if len(amounts) > 1 else whole


def _text(money: Money) -> str:
    return decimal_text(money.amount)
