"""What the boxes of a certificate hold: texts, codes, dates, amounts.

1. A text has no control character but tab and line feed, no bidirectional override and no space at its ends, so that
   what is displayed is what was signed, and XML and JSON carry it alike.
2. Amounts and quantities are decimal strings, never JSON numbers (attack JSN-4): no sign, no exponent, at most 15
   digits before and 6 after the point. The digits stay as written: `10.50` is not rewritten as `10.5`.
3. A code is checked for its form here; whether a list knows it is a rule of its own.
4. A date is `YYYY-MM-DD`, without a time and without a zone.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StrictBool, StrictInt, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

_BANNED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks and overrides
    "\u2028\u2029\ufeff\ufff9-\uffff"  # other line ends, byte order mark, what XML cannot carry
)
TEXT_PATTERN = rf"^[^\s{_BANNED}](?:[^{_BANNED}]*[^\s{_BANNED}])?$"
DECIMAL_PATTERN = r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?"
NUMBER_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9 ./_-]*[A-Za-z0-9])?$"


def json_name(member: str) -> str:
    """The JSON name of a member: camelCase, and as DCSA writes it where DCSA has it."""
    return "UNLocationCode" if member == "un_location_code" else to_camel(member)


class Part(BaseModel):
    """A closed, frozen part of a certificate; its JSON members are in camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=json_name, populate_by_name=True)


_DECIMAL = re.compile(DECIMAL_PATTERN, re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def decimal_of(value: object) -> Decimal:
    """A decimal string as the exact number; a Decimal passes if it can be written as one."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite() and _DECIMAL.fullmatch(decimal_text(value)):
        return value
    if isinstance(value, str | Decimal):
        raise PydanticCustomError("decimal_form", "a decimal string such as 1250.00, with at most 6 decimal places")
    raise PydanticCustomError("decimal_type", 'a decimal in a string, such as "1250.00"')


def decimal_text(value: Decimal) -> str:
    """The digits as written, without exponent."""
    return format(value, "f")


def _date_of(value: object) -> Any:
    if isinstance(value, str):
        if _DATE.fullmatch(value) is None:
            raise PydanticCustomError("date_form", "a date as YYYY-MM-DD")
        return value
    if type(value) is date:
        return value
    raise PydanticCustomError("date_type", "a date as YYYY-MM-DD, in a string")


def _text(most: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=most, pattern=TEXT_PATTERN)


Line = Annotated[str, _text(200)]
"""One line or a few: a name, an authority, a place."""
Text = Annotated[str, _text(4000)]
"""Free text: a description, remarks, an address."""
Number = Annotated[str, StringConstraints(min_length=1, max_length=35, pattern=NUMBER_PATTERN)]
"""A document's number, in plain ASCII: numbers are compared, so nothing in them may look like another sign."""
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
"""UN/ECE Recommendation 20."""
PackageCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
"""UN/ECE Recommendation 21."""
PortCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z2-9]{3}$")]
"""UN/LOCODE, without the space."""
HsCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,12}$")]
"""A code of the Harmonized System, digits only; how many there may be is a rule of the agreement."""
HsEdition = Annotated[str, StringConstraints(pattern=r"^(?:19|20)[0-9]{2}$")]
CriterionCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,5}$")]
"""A code of an origin criterion; which there are is a rule of the agreement."""
DecimalText = Annotated[Decimal, BeforeValidator(decimal_of), PlainSerializer(decimal_text, str)]
Day = Annotated[date, BeforeValidator(_date_of)]
Flag = StrictBool
Count = StrictInt
