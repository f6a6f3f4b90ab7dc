"""The codes in a bill of lading that public lists know: a code that our list lacks is a warning, never an error.

Lists move faster than we do (a newer port, another HS edition), and DCSA's own example messages carry container numbers
with wrong check digits, so that nothing here refuses a document.
"""

import re
from collections.abc import Callable

from schemas.findings import Fidelity, Finding, Kind, Severity, finding, register

register(
    [
        Kind(
            "lading.container-check-digit",
            "The check digit of the container number is wrong.",
            "Compare the number with the one on the container's door.",
            Severity.WARNING,
            clause="Annex A",
            source="ISO 6346",
            fidelity=Fidelity.EXACT,
        ),
    ]
)

_CONTAINER = re.compile(r"([A-Z]{3}[UJZ])([0-9]{6})([0-9])")


def check_code(name: str, code: str, pointer: str) -> Finding | None:
    """A warning if the list of that name does not know the code; the clause stays that of the list."""
    check = _CHECKS.get(name)
    return None if check is None else check(code, pointer)


def _container(code: str, pointer: str) -> Finding | None:
    match = _CONTAINER.fullmatch(code)
    if match is None:
        return None
    expected = container_check_digit(match[1] + match[2])
    if expected == match[3]:
        return None
    return finding("lading.container-check-digit", pointer, found=code, expected=f"{code[:-1]}{expected}")


_VALUES = {sign: at for at, sign in enumerate("0123456789A?BCDEFGHIJK?LMNOPQRSTU?VWXYZ") if sign != "?"}
"""Letters count from 10 on, past the multiples of 11."""


def container_check_digit(ten: str) -> str:
    """The check digit of owner code, category and serial number (ten characters), ISO 6346 Annex A."""
    return str(sum(_VALUES[sign] << at for at, sign in enumerate(ten)) % 11 % 10)


_CHECKS: dict[str, Callable[[str, str], Finding | None]] = {"container": _container}
