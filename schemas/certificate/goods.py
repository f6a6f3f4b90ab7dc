"""What the boxes of the goods must say, item by item, whatever the agreement."""

from collections import Counter
from collections.abc import Iterator

from schemas.certificate.model import CONTENT_CODES, Certificate, Item
from schemas.codes import currencies, units
from schemas.registry import Context
from schemas.rules import Violation


def repeated_numbers(document: Certificate, context: Context) -> Iterator[Violation]:
    """Two items with one number."""
    counts = Counter(item.number for item in document.items)
    seen: set[int] = set()
    for index, item in enumerate(document.items):
        if counts[item.number] > 1 and item.number in seen:
            yield Violation(f"/items/{index}/number", found=item.number, expected="each number once")
        seen.add(item.number)


def number_gaps(document: Certificate, context: Context) -> Iterator[Violation]:
    """Items that do not count on from 1; a repeated number is another rule's."""
    numbers = [item.number for item in document.items]
    if len(set(numbers)) < len(numbers):
        return
    for index, number in enumerate(numbers):
        if number != index + 1:
            yield Violation(f"/items/{index}/number", found=number, expected=index + 1)
            return


def no_quantity(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Neither gross weight nor another quantity."""
    if item.gross_weight is None and item.quantity is None:
        yield Violation("/grossWeight", expected="a gross weight, or another quantity")


def quantity_not_positive(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A weight or quantity of nothing."""
    if item.gross_weight is not None and item.gross_weight.value <= 0:
        yield Violation("/grossWeight/value", found=item.gross_weight.value, expected="more than 0")
    if item.quantity is not None and item.quantity.value <= 0:
        yield Violation("/quantity/value", found=item.quantity.value, expected="more than 0")


def weight_in_no_mass(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A gross weight in a unit that is known to measure something else."""
    if item.gross_weight is None:
        return
    unit = units.UNITS.get(item.gross_weight.unit)
    if unit is not None and not units.is_mass(unit.code):
        yield Violation("/grossWeight/unit", found=f"{unit.code} ({unit.name})", expected="a unit of mass, as KGM")


def value_not_positive(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """An FOB value of nothing."""
    if item.fob_value is not None and item.fob_value.amount <= 0:
        yield Violation("/fobValue/amount", found=item.fob_value.amount, expected="more than 0")


def too_fine_amount(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """More decimal places than the currency has."""
    if item.fob_value is None:
        return
    digits = currencies.minor_digits(item.fob_value.currency)
    exponent = item.fob_value.amount.normalize().as_tuple().exponent
    if digits is not None and isinstance(exponent, int) and -exponent > digits:
        currency = item.fob_value.currency
        yield Violation(
            "/fobValue/amount", found=item.fob_value.amount, expected=f"{digits} decimal places ({currency})"
        )


def several_currencies(document: Certificate, context: Context) -> Iterator[Violation]:
    """FOB values in more than one currency: they make no total."""
    totals = document.fob_totals()
    if len(totals) > 1:
        yield Violation("/items", found=", ".join(sorted(totals)), expected="one currency")


def no_packages(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Number and kind of packages not stated."""
    if item.packages is None:
        yield Violation("/packages", expected="number and kind of packages, as 10 CT")


def no_marks(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Marks and numbers not stated; goods without any are marked N/M."""
    if item.marks_and_numbers is None:
        yield Violation("/marksAndNumbers", expected="the marks on the packages, or N/M")


def unlisted_invoice(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """An item on an invoice that the certificate does not list."""
    if item.invoice_number is None:
        return
    listed = [invoice.number for invoice in document.invoices]
    if item.invoice_number not in listed:
        yield Violation("/invoiceNumber", found=item.invoice_number, expected=" or ".join(listed) or "a listed invoice")


def repeated_codes(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """One origin criterion named twice."""
    codes = item.origin_criterion.codes
    if len(set(codes)) < len(codes):
        yield Violation("/originCriterion/codes", found=item.origin_criterion.text, expected="each code once")


def idle_percentage(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """A percentage where no code has one."""
    criterion = item.origin_criterion
    if criterion.percentage is not None and CONTENT_CODES.isdisjoint(criterion.codes):
        yield Violation("/originCriterion/percentage", found=f"{criterion.percentage} %", expected="none")


def impossible_percentage(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """More than the whole."""
    percentage = item.origin_criterion.percentage
    if percentage is not None and percentage > 100:
        yield Violation("/originCriterion/percentage", found=f"{percentage} %", expected="at most 100 %")
