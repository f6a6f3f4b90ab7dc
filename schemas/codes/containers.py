"""ISO 6346: container numbers and their check digit (Annex A)."""

import re

_NUMBER = re.compile(r"([A-Z]{3}[UJZ][0-9]{6})([0-9])", re.ASCII)
_VALUES = {letter: 10 + at + (at + 9) // 10 for at, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
"""10 for A, rising by one, leaving out the multiples of 11."""
_VALUES |= {str(digit): digit for digit in range(10)}


def check_digit(number: str) -> str:
    """The check digit of owner code, category and serial number (ten characters, such as `MSCU630520`)."""
    return str(sum(_VALUES[sign] << place for place, sign in enumerate(number[:10])) % 11 % 10)


def is_container_number(number: str) -> bool:
    """Whether it has the form of a container number: eleven characters, category U, J or Z. See also `check_digit`."""
    return _NUMBER.fullmatch(number) is not None


def has_right_check_digit(number: str) -> bool:
    """Whether a number of that form ends in its check digit."""
    return is_container_number(number) and check_digit(number) == number[10]
