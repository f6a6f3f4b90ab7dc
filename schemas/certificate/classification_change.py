"""Change in tariff classification of a product's non-originating materials, with de minimis.

1. Every material that does not originate must have another chapter (CC), heading (CTH) or subheading (CTSH) than the
   product. One that counts in proportion still does not originate. Packing for retail sale is left out.
2. A code that is too short, or missing, tells a change only where its digits differ already.
3. What has not changed may be tolerated, up to a share of the FOB value or of the weight, as the agreement says for the
   chapter of the product, or the rule of the product does. The shares are compared exactly.
4. Work that confers no origin does not make a change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemas.certificate.answer import Answer, Line, Missing, Share, Trial, any_of, materials_missing, product_of, total
from schemas.certificate.law import Says, Tolerance
from schemas.certificate.materials import Counted, Under
from schemas.certificate.model import Quantity
from schemas.certificate.products import Basis, Change, ProductRule
from schemas.certificate.statement import Product
from schemas.certificate.values import decimal_text
from schemas.codes.commodities import chapter_of
from schemas.codes.units import UNITS


def try_change(
    under: Under,
    product: Product,
    pointer: str,
    counted: Sequence[Counted],
    change: Change,
    rule: ProductRule | None = None,
    *,
    tolerate: bool = True,
) -> Trial:
    """Whether all non-originating materials changed at this depth, or may stay by de minimis. `rule` is the product's
    own, where there is one; without `tolerate` nothing may stay."""
    name = change.value
    if product.minimal_operations_only:
        line = Line("only work was done that confers no origin", under.law.minimal_operations)
        return Trial(name, Answer.NO, (line,))
    if not counted:
        return Trial(name, Answer.UNKNOWN, (), (materials_missing(pointer),))
    asked = [each for each in counted if not each.originates and not each.packing]
    lines = [Line(f"every non-originating material must change at {change.digits} digits", under.law.change)]
    lines += _left_out(under, counted)
    compared = [_compare(product, each, change) for each in asked]
    lines += [each.line for each in compared]
    unchanged = [each for each in compared if each.answer is Answer.NO]
    unclear = [each for each in compared if each.answer is Answer.UNKNOWN]
    if not unchanged and not unclear:
        closing = "all have changed" if compared else "there is no such material"
        return Trial(name, Answer.YES, (*lines, Line(closing)))
    missing = tuple(each.missing for each in unclear if each.missing is not None)
    if not tolerate:
        return Trial(name, Answer.NO if unchanged else Answer.UNKNOWN, tuple(lines), () if unchanged else missing)
    return _tolerated(under, name, product, pointer, lines, unchanged, unclear, rule)


@dataclass(frozen=True, slots=True)
class _Compared:
    counted: Counted
    answer: Answer
    line: Line
    missing: Missing | None = None


def _compare(product: Product, counted: Counted, change: Change) -> _Compared:
    own, other, digits = product.hs_code[: change.digits], counted.material.hs_code, change.digits
    place = f"{counted.pointer}/hsCode"
    if other is None:
        line = Line(f"{counted.name}: its HS code is not stated", pointer=counted.pointer)
        return _Compared(counted, Answer.UNKNOWN, line, Missing(place, f"the HS code of {counted.name}"))
    cut = other[:digits]
    common = min(len(own), len(cut))
    if own[:common] != cut[:common]:
        return _Compared(counted, Answer.YES, Line(f"{counted.name}: {cut} to {own}, changed", pointer=place))
    if common < digits:
        line = Line(f"{counted.name}: {other} is too short to tell", pointer=place)
        return _Compared(counted, Answer.UNKNOWN, line, Missing(place, f"{digits} digits of the HS code"))
    return _Compared(counted, Answer.NO, Line(f"{counted.name}: {cut} to {own}, not changed", pointer=place))


def _left_out(under: Under, counted: Sequence[Counted]) -> list[Line]:
    names = ", ".join(each.name for each in counted if each.packing and not each.originates)
    return [Line(f"packing for retail sale is left out: {names}", under.law.packing_in_change)] if names else []


# --- De minimis ------------------------------------------------------------------------------------------------------


def _tolerated(
    under: Under,
    name: str,
    product: Product,
    pointer: str,
    lines: list[Line],
    unchanged: Sequence[_Compared],
    unclear: Sequence[_Compared],
    rule: ProductRule | None,
) -> Trial:
    """What has not changed for certain must be within the tolerance; with what is unclear, it surely is or may be."""
    tries = [
        _within(product, pointer, tolerance, unchanged, unclear) for tolerance in _tolerances(under, product, rule)
    ]
    lines = [*lines, *(line for each in tries for line in each.lines)]
    missing = tuple(dict.fromkeys(gap for each in tries for gap in each.missing))
    if not tries:
        chapter = chapter_of(product.hs_code)
        if under.law.tolerance_by_product and rule is None:
            gap = Missing("", f"the rule of the product {product.hs_code}: it may set a tolerance")
            return Trial(name, Answer.UNKNOWN, (*lines, Line(gap.what, under.law.tolerance_says)), (gap,))
        lines.append(Line(f"nothing is tolerated in chapter {chapter}", under.law.tolerance_says))
        if unchanged:
            return Trial(name, Answer.NO, tuple(lines))
        return Trial(name, Answer.UNKNOWN, tuple(lines), tuple(each.missing for each in unclear if each.missing))
    answer = any_of(each.answer for each in tries)
    gaps = missing if answer is Answer.UNKNOWN else ()
    return Trial(name, answer, tuple(lines), gaps, tolerated=answer is Answer.YES)


def _tolerances(under: Under, product: Product, rule: ProductRule | None) -> list[Tolerance]:
    """Those of the product's rule, else those of its chapter."""
    chapter = chapter_of(product.hs_code)
    if rule is not None and rule.tolerance is not None:
        own = rule.tolerance
        says = Says("table of product rules", under.law.tolerance_says.fidelity)
        return [Tolerance(frozenset({chapter}), own.basis, own.percentage, says)]
    return [each for each in under.law.tolerances if chapter in each.chapters]


def _within(
    product: Product,
    pointer: str,
    tolerance: Tolerance,
    unchanged: Sequence[_Compared],
    unclear: Sequence[_Compared],
) -> Trial:
    """Whether the materials are within one tolerance. What is not stated leaves it open, unless too much is known."""
    whole, whole_missing = _whole(product, pointer, tolerance.basis)
    sure, missing = _measured(product, unchanged, tolerance.basis)
    more, more_missing = _measured(product, unclear, tolerance.basis)
    if whole is None:
        return Trial("", Answer.UNKNOWN, (), (*whole_missing, *missing))
    if not unclear:
        more_missing = ()
    share, widest = Share(sure, whole), Share(total((sure, more)), whole)
    limit = f"{decimal_text(tolerance.per_cent)} % of the {_WHOLES[tolerance.basis]}"
    figure = f"{decimal_text(sure)} / {decimal_text(whole)} x 100 = {share.text}"
    line = Line(f"not changed, by {tolerance.basis.value}: {figure}; tolerated: {limit}", tolerance.says)
    if not share.at_most(tolerance.per_cent):
        return Trial("", Answer.NO, (line,))
    gaps = (*missing, *more_missing)
    if gaps:
        return Trial("", Answer.UNKNOWN, (line,), gaps)
    certain = tolerance.per_cent if tolerance.certain is None else tolerance.certain
    if widest.at_most(certain):
        return Trial("", Answer.YES, (line,))
    if unclear:
        return Trial("", Answer.UNKNOWN, (line,), tuple(each.missing for each in unclear if each.missing))
    gap = Missing("", f"the rule of the product {product.hs_code}: it tolerates {certain} or {tolerance.per_cent} %")
    return Trial("", Answer.UNKNOWN, (line,), (gap,))


_WHOLES = {Basis.VALUE: "FOB value", Basis.WEIGHT: "weight", Basis.VOLUME: "volume"}


def _whole(product: Product, pointer: str, basis: Basis) -> tuple[Decimal | None, tuple[Missing, ...]]:
    if basis is Basis.VALUE:
        known = product.fob is not None and product.fob.amount > 0
        return (
            (product.fob.amount, ())
            if known and product.fob
            else (
                None,
                (Missing(f"{pointer}/fob", "the FOB value, more than 0"),),
            )
        )
    if basis is Basis.VOLUME:
        return None, (Missing(pointer, "volumes: a cost statement has none"),)
    weight = _kilograms(product.weight)
    if weight is None or weight <= 0:
        return None, (Missing(f"{pointer}/weight", "the weight in a unit of mass, more than 0"),)
    return weight, ()


def _measured(product: Product, compared: Sequence[_Compared], basis: Basis) -> tuple[Decimal, tuple[Missing, ...]]:
    """The sum of what is known, and what is not."""
    known: list[Decimal] = []
    missing: list[Missing] = []
    for each in compared:
        amount = _value(product, each.counted) if basis is Basis.VALUE else _kilograms(each.counted.material.weight)
        if amount is None:
            place = f"{each.counted.pointer}/{basis.value}"
            missing.append(Missing(place, f"the {basis.value} of {each.counted.name}"))
        else:
            known.append(amount)
    return total(known), tuple(missing)


def _value(product: Product, counted: Counted) -> Decimal | None:
    value = counted.material.value
    same = value is not None and product.fob is not None and value.currency == product.fob.currency
    return value.amount if value is not None and same else None


def _kilograms(quantity: Quantity | None) -> Decimal | None:
    """Exact, by the unit's definition; None for what is no mass."""
    unit = None if quantity is None else UNITS.get(quantity.unit)
    if quantity is None or unit is None or unit.kilograms is None:
        return None
    return product_of(quantity.value, unit.kilograms)
