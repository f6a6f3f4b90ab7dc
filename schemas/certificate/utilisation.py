"""How much of a certificate is used: the arithmetic of draws. Pure; the hub keeps what comes out of it.

1. Each item has one quantity that is drawn on: its other quantity (net weight, pieces) where it states one, else its
   gross weight.
2. A draw names a quantity in a unit of the same kind. Masses are converted, exactly; nothing else is.
3. What is left of an item is its total less what is drawn and less what is held. Nobody draws more than is left: then
   the whole draw is refused, with the item, what was asked and what is left.
4. A provisional draw holds; it is committed (drawn then) or released (given back). A final or committed draw can be
   reversed (given back). Each happens once.
5. What is left is told in the item's unit, rounded down to the sixth decimal; what rounds to nothing is nothing.
6. A back-to-back certificate draws on its original: each of its items on those of the original that have the same HS
   subheading and a unit of the same kind, in the order of their numbers.

That Japan's NACCS draws on a certificate, provisionally at first (procedure OAC), and that a quantity debited too often
is answered negatively, is known in outline; the rest is ours.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Context, Decimal, Inexact
from enum import StrEnum

from schemas.certificate.model import Certificate, Item, Quantity
from schemas.codes.units import UNITS
from schemas.findings import Fidelity, Finding, Kind, finding, register
from schemas.registry import Measured

_NACCS = "NACCS, electronic certificates of origin (OAC draws provisionally)"
_LEDGER = "Tradebridge, ledger of certificates"

register(
    [
        Kind(
            "utilisation.unknown-item",
            "The certificate has no item of this number.",
            "Name the items as the certificate numbers them.",
            clause="rule 3",
            source=_LEDGER,
        ),
        Kind(
            "utilisation.item-repeated",
            "The draw names an item twice.",
            "Name each item once, with all that is drawn of it.",
            clause="rule 3",
            source=_LEDGER,
        ),
        Kind(
            "utilisation.nothing-drawn",
            "The draw takes nothing.",
            "State a quantity above zero; leave out the items that are not used.",
            clause="rule 3",
            source=_LEDGER,
        ),
        Kind(
            "utilisation.other-unit",
            "The quantity is in a unit that does not measure what the certificate states.",
            "State the quantity in the item's own unit; a mass may be in any unit of mass.",
            clause="rule 2",
            source=_LEDGER,
        ),
        Kind(
            "utilisation.more-than-left",
            "More is drawn than is left of the item.",
            "Draw at most what is left; for the rest another certificate is needed.",
            clause="draw of quantity",
            source=_NACCS,
            fidelity=Fidelity.MODELLED,
            status=409,
        ),
        Kind(
            "utilisation.declaration-repeated",
            "This declaration has drawn on the certificate already.",
            "Nothing, if it is the same import; to change what it drew, reverse or release that draw first.",
            clause="rule 4",
            source=_LEDGER,
            status=409,
        ),
        Kind(
            "utilisation.unknown-draw",
            "This recipient has made no such draw on the certificate.",
            "Name the id of the event that drew: GET /v1/documents/{id}/utilisation lists them.",
            clause="rule 4",
            source=_LEDGER,
        ),
        Kind(
            "utilisation.draw-settled",
            "The draw does not allow this any more.",
            "Commit or release a provisional draw, reverse a final one; each once.",
            clause="provisional draw",
            source=_NACCS,
            fidelity=Fidelity.MODELLED,
            status=409,
        ),
        Kind(
            "utilisation.in-use",
            "The certificate is in use: quantity of it is drawn or held.",
            "Have every draw reversed or released first, back-to-back certificates cancelled.",
            clause="rule 3",
            source=_LEDGER,
            status=409,
        ),
        Kind(
            "utilisation.no-ledger",
            "This kind of document has no quantities to draw on.",
            "Ask it of a certificate of origin.",
            clause="rule 1",
            source=_LEDGER,
            status=404,
        ),
    ]
)

EXACT = Context(prec=100, traps=[Inexact])
"""Sums and products of stated quantities and weights of units always fit; what does not raises."""
_DOWN = Context(prec=100, rounding=ROUND_DOWN)
_SIXTH = Decimal("0.000001")
_NOTHING = Decimal(0)


# --- Measures --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity in the unit in which sums are made: a mass in kilograms, anything else as it is stated."""

    amount: Decimal
    unit: str


def measure(quantity: Measured) -> Measure:
    weight = _weight(quantity.unit)
    if weight is None:
        return Measure(quantity.value, quantity.unit)
    return Measure(EXACT.multiply(quantity.value, weight), "KGM")


def _weight(unit: str) -> Decimal | None:
    return UNITS[unit].kilograms if unit in UNITS else None


def drawn_on(item: Item) -> Quantity | None:
    """The quantity of an item that is drawn on, by rule 1."""
    return item.quantity or item.gross_weight


def _pointer_to(item: Item, index: int) -> str:
    return f"/items/{index}/{'quantity' if item.quantity else 'grossWeight'}"


# --- Balances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Balance:
    """What was drawn of one item. Amounts are those of its measure (rule 2)."""

    number: int
    """Of the item."""
    total: Quantity
    """As the certificate states it."""
    drawn: Decimal = _NOTHING
    held: Decimal = _NOTHING

    @property
    def free(self) -> Decimal:
        """What is left, exact."""
        return EXACT.subtract(EXACT.subtract(measure(self.total).amount, self.drawn), self.held)

    @property
    def left(self) -> Quantity:
        return self.stated(self.free)

    def stated(self, amount: Decimal) -> Quantity:
        """An amount in the item's unit, rounded down to the sixth decimal."""
        return Quantity.model_construct(value=_in_unit(amount, self.total.unit), unit=self.total.unit)


def _in_unit(amount: Decimal, unit: str) -> Decimal:
    weight = _weight(unit)
    if weight is not None and weight != 1:
        amount = _DOWN.divide(amount, weight)
    return plain(_DOWN.quantize(amount, _SIXTH))


def plain(amount: Decimal) -> Decimal:
    """The same number without idle zeros, and never with an exponent when it is written by `format(amount, "f")`."""
    normal = EXACT.normalize(amount)
    return EXACT.quantize(normal, Decimal(1)) if normal == EXACT.to_integral_value(normal) else normal


def opening(certificate: Certificate) -> dict[int, Balance]:
    """The balances of a certificate on which nobody has drawn, by number of the item."""
    stated = ((item.number, drawn_on(item)) for item in certificate.items)
    return {number: Balance(number, total) for number, total in stated if total is not None}


class Use(StrEnum):
    """How far a certificate is used, as a whole."""

    UNUSED = "unused"
    HELD = "held"
    """Provisional draws only."""
    PARTLY = "partly"
    WHOLLY = "wholly"
    """Nothing is left of any item, and nothing is held."""


def use_of(balances: Iterable[Balance]) -> Use:
    drawn = held = left = False
    for balance in balances:
        drawn, held = drawn or balance.drawn > 0, held or balance.held > 0
        left = left or balance.left.value > 0
    if not drawn:
        return Use.HELD if held else Use.UNUSED
    return Use.PARTLY if held or left else Use.WHOLLY


# --- Draws -----------------------------------------------------------------------------------------------------------


class DrawState(StrEnum):
    """Where a draw stands."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    """Drawn: at once, or committed later."""
    RELEASED = "released"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one draw takes of one item."""

    number: int
    """Of the item."""
    stated: Measured
    """As the declaration states it."""
    amount: Decimal
    """In the measure of the item."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A draw that is allowed: what it takes, and the balances of these items after it."""

    taken: tuple[Taken, ...]
    after: Mapping[int, Balance] = field(default_factory=dict)


def draw(
    balances: Mapping[int, Balance], asked: Sequence[tuple[int, Measured]], state: DrawState, pointer: str = ""
) -> Drawing | tuple[Finding, ...]:
    """Draw these quantities of these items; all that is left of every item where nothing is named.

    `pointer` is the place of the list of items in what is judged: findings point into it.
    """
    if not asked:
        return _draw_all(balances, state, pointer)
    found: list[Finding] = []
    taken: dict[int, Taken] = {}
    for index, (number, quantity) in enumerate(asked):
        problem = _against(balances.get(number), taken.get(number), number, quantity, f"{pointer}/{index}")
        if problem is not None:
            found.append(problem)
        else:
            taken[number] = Taken(number, quantity, measure(quantity).amount)
    return tuple(found) or take(balances, tuple(taken.values()), state)


def _draw_all(balances: Mapping[int, Balance], state: DrawState, pointer: str) -> Drawing | tuple[Finding, ...]:
    rest = [balance for balance in balances.values() if balance.left.value > 0]
    if not rest:
        return (finding("utilisation.more-than-left", pointer, found="all that is left", expected="0 left"),)
    return take(balances, tuple(Taken(each.number, each.left, each.free) for each in rest), state)


def _against(
    balance: Balance | None, before: Taken | None, number: int, quantity: Measured, pointer: str
) -> Finding | None:
    """What stands against drawing this quantity of this item."""
    if balance is None:
        return finding("utilisation.unknown-item", f"{pointer}/number", found=number)
    if before is not None:
        return finding("utilisation.item-repeated", f"{pointer}/number", found=number)
    if quantity.value <= 0:
        return finding("utilisation.nothing-drawn", f"{pointer}/quantity/value", found=shown(quantity))
    wanted = measure(quantity)
    if wanted.unit != measure(balance.total).unit:
        return finding(
            "utilisation.other-unit", f"{pointer}/quantity/unit", found=quantity.unit, expected=balance.total.unit
        )
    if wanted.amount > balance.free:
        return finding(
            "utilisation.more-than-left",
            f"{pointer}/quantity/value",
            found=f"{shown(quantity)} of item {number}",
            expected=f"at most {shown(balance.left)}, which is left of {shown(balance.total)}",
        )
    return None


def take(balances: Mapping[int, Balance], taken: tuple[Taken, ...], state: DrawState) -> Drawing:
    """The draw of what was found to be there."""
    return Drawing(taken, {each.number: _add(balances[each.number], each.amount, state) for each in taken})


def _add(balance: Balance, amount: Decimal, state: DrawState) -> Balance:
    if state is DrawState.PROVISIONAL:
        return replace(balance, held=EXACT.add(balance.held, amount))
    return replace(balance, drawn=EXACT.add(balance.drawn, amount))


NEXT: Mapping[tuple[DrawState, str], DrawState] = {
    (DrawState.PROVISIONAL, "committed"): DrawState.FINAL,
    (DrawState.PROVISIONAL, "released"): DrawState.RELEASED,
    (DrawState.FINAL, "reversed"): DrawState.REVERSED,
}
"""What may be said of a draw, and where it stands then: rule 4."""


def settle(
    balances: Mapping[int, Balance], taken: Iterable[Taken], state: DrawState, said: str
) -> Mapping[int, Balance] | Finding:
    """The balances of a draw's items after it was committed, released or reversed."""
    after = NEXT.get((state, said))
    if after is None:
        allowed = " or ".join(word for known, word in NEXT if known is state) or "nothing more"
        return finding("utilisation.draw-settled", "/type", found=f"{said} of a draw that is {state}", expected=allowed)
    changed = {}
    for each in taken:
        balance = _add(balances[each.number], -each.amount, state)
        changed[each.number] = _add(balance, each.amount, after) if after is DrawState.FINAL else balance
    return changed


def shown(quantity: Measured) -> str:
    """As `400 KGM`."""
    return f"{plain(quantity.value):f} {quantity.unit}"


# --- Back-to-back ----------------------------------------------------------------------------------------------------


class Lack(StrEnum):
    """Why an item of a back-to-back certificate cannot rest on the original."""

    GOODS = "goods"
    """The original has no item of this HS subheading."""
    UNIT = "unit"
    """It has, but states it in a unit of another kind."""
    QUANTITY = "quantity"
    """More is certified than is left of it."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """One item of a back-to-back certificate that does not rest on its original, as a rule tells it."""

    lack: Lack
    pointer: str
    found: str
    expected: str


def on_original(
    copy: Certificate, original: Certificate, left: Mapping[int, Measured]
) -> tuple[tuple[Taken, ...], tuple[Shortage, ...]]:
    """What a back-to-back certificate draws on its original, of which `left` is left by item; and all that it lacks."""
    free = {number: measure(quantity).amount for number, quantity in left.items()}
    taken: dict[int, Decimal] = {}
    short: list[Shortage] = []
    for index, item in enumerate(copy.items):
        resting = _resting_on(item, index, original)
        if isinstance(resting, Shortage):
            short.append(resting)
            continue
        wanted, places = resting
        rest = wanted.amount
        for number in places:
            part = min(rest, free.get(number, _NOTHING))
            if part > 0:
                free[number] = EXACT.subtract(free[number], part)
                taken[number] = EXACT.add(taken.get(number, _NOTHING), part)
                rest = EXACT.subtract(rest, part)
        if rest > 0:
            short.append(_more(item, index, wanted, rest))
    units = {item.number: measure(total).unit for item in original.items if (total := drawn_on(item)) is not None}
    return tuple(_taken(number, amount, units[number]) for number, amount in sorted(taken.items())), tuple(short)


def shortages(copy: Certificate, original: Certificate, left: Mapping[int, Measured]) -> Iterator[Shortage]:
    """What of a back-to-back certificate does not rest on its original."""
    yield from on_original(copy, original, left)[1]


def _resting_on(item: Item, index: int, original: Certificate) -> tuple[Measure, list[int]] | Shortage:
    """The measure of an item that its original states too, and the original's items, by number, that it rests on."""
    same = [each for each in original.items if each.hs_code[:6] == item.hs_code[:6]]
    if not same:
        codes = ", ".join(dict.fromkeys(each.hs_code for each in original.items))
        return Shortage(Lack.GOODS, f"/items/{index}/hsCode", item.hs_code, f"goods of the original: {codes}")
    stated = {each.number: total for each in same if (total := drawn_on(each)) is not None}
    for quantity in (item.quantity, item.gross_weight):
        if quantity is None:
            continue
        wanted = measure(quantity)
        places = sorted(number for number, total in stated.items() if measure(total).unit == wanted.unit)
        if places:
            return wanted, places
    units = " or ".join(sorted({total.unit for total in stated.values()}))
    own = drawn_on(item)
    return Shortage(Lack.UNIT, f"{_pointer_to(item, index)}/unit", own.unit if own else "none", units)


def _more(item: Item, index: int, wanted: Measure, rest: Decimal) -> Shortage:
    least = plain(EXACT.subtract(wanted.amount, rest))
    where = "quantity" if item.quantity and measure(item.quantity) == wanted else "grossWeight"
    found = f"{plain(wanted.amount):f} {wanted.unit} of HS {item.hs_code[:6]}"
    expected = f"at most {least:f} {wanted.unit}, which is left of the original"
    return Shortage(Lack.QUANTITY, f"/items/{index}/{where}/value", found, expected)


def _taken(number: int, amount: Decimal, unit: str) -> Taken:
    """What is drawn of an original is told in the measure, not rounded: it was never written in another unit."""
    return Taken(number, Quantity.model_construct(value=plain(amount), unit=unit), amount)
