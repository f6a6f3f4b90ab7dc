"""The codes in a bill of lading that public lists know: a code that our list lacks is a warning, never an error.

Lists move faster than we do (a newer port, another HS edition, Kosovo's XK), and DCSA's own example messages carry
container numbers with wrong check digits, so that nothing here refuses a document.
"""

from collections.abc import Callable
from functools import lru_cache

from schemas.codes.commodities import is_subheading
from schemas.codes.containers import check_digit, has_right_check_digit, is_container_number
from schemas.codes.countries import is_country
from schemas.codes.currencies import is_currency
from schemas.codes.kinds import UNKNOWN_COUNTRY, UNKNOWN_CURRENCY, UNKNOWN_HS, UNKNOWN_PACKAGE, UNKNOWN_PORT
from schemas.codes.packages import PACKAGES
from schemas.codes.ports import find_port
from schemas.findings import Fidelity, Finding, Kind, Severity, finding, register

WRONG_CHECK_DIGIT, NOT_ISO_6346 = register(
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
        Kind(
            "lading.container-number",
            "The container number is not one of ISO 6346, which DCSA asks for where possible.",
            "Check the number; for a container without one, SMDG's recommendation 2 says what to write.",
            Severity.WARNING,
            clause="CargoItem.equipmentReference",
            source="DCSA EBL 3.0.4",
            fidelity=Fidelity.EXACT,
        ),
    ]
)

UNKNOWN_TO_THE_SENDER = "ZZ"
"""What DCSA lets stand for a country that is not known."""


def check_code(name: str, code: str, pointer: str) -> Finding | None:
    """A warning if the list of that name does not know the code. The names are those of `values.Listed`."""
    knows, warn = _LISTS[name]
    return None if knows(code) else warn(code, pointer)


def _country(code: str) -> bool:
    return code == UNKNOWN_TO_THE_SENDER or is_country(code)


def _container(code: str, pointer: str) -> Finding:
    if not is_container_number(code):
        return finding(NOT_ISO_6346.code, pointer, found=code, expected="four letters and seven digits, as SIMU0000019")
    return finding(WRONG_CHECK_DIGIT.code, pointer, found=code, expected=code[:-1] + check_digit(code))


def _unknown(kind: Kind) -> Callable[[str, str], Finding]:
    def warn(code: str, pointer: str) -> Finding:
        return finding(kind.code, pointer, found=code, expected=f"a code of {kind.source}", severity=Severity.WARNING)

    return warn


_LISTS: dict[str, tuple[Callable[[str], bool], Callable[[str, str], Finding]]] = {
    "container": (lru_cache(maxsize=10_000)(has_right_check_digit), _container),
    "country": (_country, _unknown(UNKNOWN_COUNTRY)),
    "currency": (is_currency, _unknown(UNKNOWN_CURRENCY)),
    "hs": (is_subheading, _unknown(UNKNOWN_HS)),
    "location": (lambda code: find_port(code) is not None, _unknown(UNKNOWN_PORT)),
    "package": (PACKAGES.__contains__, _unknown(UNKNOWN_PACKAGE)),
}
