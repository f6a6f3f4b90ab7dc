"""Regional (or qualifying) value content of a product, by each method that the agreement has.

1. Build-down: (FOB - VNM) / FOB. Build-up: (VOM + labour + overhead + profit + other cost) / FOB. VNM and VOM are the
   values of the materials that do not originate and that do; one that counts in proportion is split between them.
2. Packing for retail sale counts as the material that it is. Materials tolerated by de minimis count in VNM as well.
3. The content is compared exactly with the least that is asked for.
4. What is not stated is not guessed. An answer is given without it only where it could change nothing: amounts are
   never negative, so the values that are known may make the content too low (build-down) or high enough (build-up).
5. All amounts must be in one currency; no rate of exchange is assumed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemas.certificate.answer import Answer, Line, Missing, Share, Trial, difference, materials_missing, total
from schemas.certificate.law import Method, Says
from schemas.certificate.materials import Counted, Standing, Under
from schemas.certificate.model import Money
from schemas.certificate.statement import Product
from schemas.certificate.values import decimal_text

_SHOWN = 6
"""Addends written out in a sum; of more, the first and how many there are."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """One product whose content is sought."""

    under: Under
    product: Product
    pointer: str
    counted: Sequence[Counted]
    method: Method
    fob: Money
    least: Decimal | None
    asked_by: Says

    @property
    def name(self) -> str:
        """As on the form, with the method where the agreement has several."""
        content = self.under.law.content_name
        return f"{content} {self.method.value}" if len(self.under.law.methods) > 1 else content


@dataclass(frozen=True, slots=True)
class _Found:
    """What the amounts that are stated give."""

    lines: tuple[Line, ...]
    formula: str
    share: Share
    missing: tuple[Missing, ...]


def try_content(
    under: Under,
    product: Product,
    pointer: str,
    counted: Sequence[Counted],
    method: Method,
    least: Decimal | None,
    asked_by: Says,
) -> Trial:
    """Whether the product has a value content of at least `least` per cent, as `asked_by` asks. None: only the rule of
    the product says how much."""
    fob = product.fob or Money(amount=Decimal(0), currency="XXX")
    sought = _Sought(under, product, pointer, counted, method, fob, least, asked_by)
    if fob.amount <= 0:
        return Trial(sought.name, Answer.UNKNOWN, (), (Missing(f"{pointer}/fob", "the FOB value, more than 0"),))
    if not product.materials:
        return Trial(sought.name, Answer.UNKNOWN, (), (materials_missing(pointer),))
    mixed = tuple(_in_other_currency(product, pointer, fob.currency))
    if mixed:
        return Trial(sought.name, Answer.UNKNOWN, (), mixed)
    return _judged(sought, _build_down(sought) if method is Method.BUILD_DOWN else _build_up(sought))


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


def _build_down(sought: _Sought) -> _Found:
    outside = [each for each in sought.counted if not each.originates]
    values, missing = _values(outside)
    amounts = [each.outside_value(value) for each, value in values]
    vnm = total(amounts)
    law, fob = sought.under.law, _text(sought.fob)
    lines = [
        *_split(values),
        Line(f"VNM = {_sum(amounts, vnm, sought.fob)}", law.material_value),
        *_packing(sought),
    ]
    formula = f"{law.content_name} = (FOB - VNM) / FOB x 100 = ({fob} - {decimal_text(vnm)}) / {fob} x 100"
    return _Found(tuple(lines), formula, Share(difference(sought.fob.amount, vnm), sought.fob.amount), missing)


def _build_up(sought: _Sought) -> _Found:
    product, currency = sought.product, sought.fob.currency
    inside = [each for each in sought.counted if each.standing is not Standing.OUTSIDE]
    values, missing = _values(inside)
    amounts = [each.originating_value(value) for each, value in values]
    vom = total(amounts)
    parts = (
        ("VOM", "", Money.model_construct(amount=vom, currency=currency)),
        ("labour", "labour", product.labour),
        ("overhead", "overhead", product.overhead),
        ("profit", "profit", product.profit),
        ("other cost", "otherCost", product.other_cost),
    )
    gaps = tuple(Missing(f"{sought.pointer}/{place}", f"the {what}") for what, place, money in parts if money is None)
    known = [(what, money) for what, _, money in parts if money is not None]
    added = total(money.amount for _, money in known)
    names = " + ".join(what for what, _ in known)
    figures = " + ".join(_text(money) for _, money in known)
    lines = [
        *_split(values),
        Line(f"VOM = {_sum(amounts, vom, sought.fob)}"),
        *_packing(sought),
        Line(f"{names} = {figures} = {decimal_text(added)} {currency}"),
    ]
    name = sought.under.law.content_name
    formula = f"{name} = ({names}) / FOB x 100 = {decimal_text(added)} / {_text(sought.fob)} x 100"
    return _Found(tuple(lines), formula, Share(added, sought.fob.amount), (*missing, *gaps))


def _values(counted: Sequence[Counted]) -> tuple[list[tuple[Counted, Money]], tuple[Missing, ...]]:
    """The values that are stated, and those that are not."""
    known = [(each, each.material.value) for each in counted if each.material.value is not None]
    missing = (each for each in counted if each.material.value is None)
    return known, tuple(Missing(f"{each.pointer}/value", f"the value of {each.name}") for each in missing)


def _judged(sought: _Sought, found: _Found) -> Trial:
    """What is missing could only lower the content (build-down), or only raise it (build-up)."""
    share, missing, least = found.share, found.missing, sought.least
    more_lowers = sought.method is Method.BUILD_DOWN
    bound = f" ({'at most' if more_lowers else 'at least'}, as amounts are missing)" if missing else ""
    clause = sought.under.law.methods[sought.method]
    lines = (*found.lines, Line(f"{found.formula} = {share.text}{bound}", clause))
    known = None if missing else share
    if least is None:
        what = f"the rule of the product {sought.product.hs_code}: how much is asked for"
        gap = Missing(f"{sought.pointer}/hsCode", what)
        return Trial(sought.name, Answer.UNKNOWN, lines, (*missing, gap), known)
    enough, wanted = share.at_least(least), f"{decimal_text(least)} %"
    if missing and enough is more_lowers:
        asked = Line(f"{wanted} is asked for", sought.asked_by)
        return Trial(sought.name, Answer.UNKNOWN, (*lines, asked), missing)
    verdict = Line(f"{share.text} is {'at least' if enough else 'less than'} {wanted}", sought.asked_by)
    return Trial(sought.name, Answer.YES if enough else Answer.NO, (*lines, verdict), content=known)


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


def _packing(sought: _Sought) -> list[Line]:
    names = ", ".join(each.name for each in sought.counted if each.packing)
    return [Line(f"packing for retail sale counts: {names}", sought.under.law.packing_in_content)] if names else []


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
