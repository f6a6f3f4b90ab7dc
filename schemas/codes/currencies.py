"""ISO 4217: currencies by their three letters. The list is that of the package `iso4217`."""

from functools import cache

_NO_MONEY = frozenset({"XTS", "XXX"})
"""Codes reserved for tests and for no currency."""


@cache
def _digits() -> dict[str, int | None]:
    from iso4217 import Currency

    return {currency.code: currency.exponent for currency in Currency if currency.code not in _NO_MONEY}


def is_currency(code: str) -> bool:
    """Whether a currency has this code now."""
    return code in _digits()


def minor_digits(code: str) -> int | None:
    """Decimal places: 2 for USD, 0 for JPY. None if there is no such currency, or it has no minor unit."""
    return _digits().get(code)
