"""The values that DCSA's documents are made of: what a part is, its texts, numbers, dates and code sets.

Source: DCSA EBL 3.0.4 (OpenAPI). The rules of this part:

1. Python names are snake_case; the JSON names are DCSA's own, to the letter (`UNLocationCode`, `POBox`).
2. A part is frozen, and open: members that DCSA does not know are kept and written again.
3. Types are strict as in JSON: "12" is no number, 1 is no boolean. Numbers stay as they were written, 1 or 1.0. A JSON
   number has the precision of a double (RFC 8259, section 6; RFC 8785 needs the same); DCSA asks for a float.
4. An `enum` of the OpenAPI is closed: an enumeration here. Where DCSA lists values in prose only, the list is open:
   `Known` marks it, and another value is a warning.
5. `Listed` marks a code of a public list (countries, ports, ...), which is looked up there.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SOURCE = "DCSA EBL 3.0.4"

DCSA_NAMES = {
    "advance_manifest_filings_house_bl_performed_by": "advanceManifestFilingsHouseBLPerformedBy",
    "carrier_scac_code": "carrierSCACCode",
    "ebl_visualisation_by_carrier": "eBLVisualisationByCarrier",
    "ebl_visualisation_by_carrier_checksum": "eBLVisualisationByCarrierChecksum",
    "ems_number": "EMSNumber",
    "extended_hs_codes": "extendedHSCodes",
    "hs_codes": "HSCodes",
    "is_cargo_delivered_in_ics2_zone": "isCargoDeliveredInICS2Zone",
    "iso_equipment_code": "ISOEquipmentCode",
    "na_number": "NANumber",
    "po_box": "POBox",
    "sadt": "SADT",
    "sapt": "SAPT",
    "un_location_code": "UNLocationCode",
    "un_number": "UNNumber",
}
"""Members whose names are not the plain camelCase of ours."""


def dcsa_name(name: str) -> str:
    """The JSON name of a member: `party_name` is `partyName`, `po_box` is `POBox`."""
    return DCSA_NAMES.get(name) or to_camel(name)


class Part(BaseModel):
    """One JSON object of a DCSA document."""

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=dcsa_name, populate_by_name=True)


T = TypeVar("T")
Many = tuple[T, ...]
"""A JSON array; its order is part of the document."""

Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=2_147_483_647)]
"""int32, at least 0."""


# --- Texts -----------------------------------------------------------------------------------------------------------

TRIMMED = r"^\S(?:.*\S)?$"
"""One line, not empty, without white space around it."""


def trimmed(limit: int) -> FieldInfo:
    """One trimmed line of at most `limit` characters."""
    field: FieldInfo = Field(pattern=TRIMMED, max_length=limit)
    return field


def at_most(limit: int) -> FieldInfo:
    """Any text of at most `limit` characters."""
    field: FieldInfo = Field(max_length=limit)
    return field


@dataclass(frozen=True, slots=True)
class Known:
    """The values that DCSA's text names for a member whose list it leaves open."""

    values: frozenset[str]


def known(*values: str) -> Known:
    return Known(frozenset(values))


@dataclass(frozen=True, slots=True)
class Listed:
    """A code of a public list, by the name of the list."""

    name: str


CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", min_length=2, max_length=2), Listed("country")]
"""ISO 3166-1 alpha-2; ZZ where unknown."""
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", min_length=3, max_length=3), Listed("currency")]
"""ISO 4217."""
UNLocationCode = Annotated[str, Field(pattern=r"^[A-Z]{2}[A-Z2-9]{3}$", min_length=5, max_length=5), Listed("location")]
"""UN/LOCODE."""
HSCode = Annotated[str, Field(pattern=r"^[0-9]{6,10}$", min_length=6, max_length=10), Listed("hs")]
ExtendedHSCode = Annotated[str, Field(pattern=r"^[0-9]{6,12}$", min_length=6, max_length=12), Listed("hs")]
PackageCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{2}$", min_length=2, max_length=2), Listed("package")]
"""UN/ECE Recommendation 21."""
EquipmentReference = Annotated[str, trimmed(11), Listed("container")]
"""ISO 6346 where possible."""
CarrierCode = Annotated[str, Field(pattern=r"^\S+$", max_length=4)]
"""SMDG or NMFTA (SCAC)."""
UNNumber = Annotated[str, Field(pattern=r"^[0-9]{4}$", min_length=4, max_length=4)]

PLATFORMS = known(
    *("WAVE", "CARX", "ESSD", "IDT", "BOLE", "EDOX", "IQAX", "SECR", "TRGO", "ETEU"),
    *("TRAC", "BRIT", "COVA", "ETIT", "KTNE", "CRED", "BLOC", "DOCU", "AEOT", "SGTD"),
)
PARTY_CODE_LISTS = Known(
    PLATFORMS.values | {"GSBN", "WISE", "GLEIF", "W3C", "DNB", "FMC", "DCSA", "ZZZ"},
)
Platform = Annotated[str, Field(pattern=r"^\S+$", max_length=4), PLATFORMS]
"""An eBL platform."""
PersonType = Annotated[str, trimmed(50), known("NATURAL_PERSON", "LEGAL_PERSON", "ASSOCIATION_OF_PERSONS")]
"""Union Customs Code, article 5(4)."""

AddressLines = Annotated[Many[Annotated[str, at_most(250)]], Field(max_length=5)]
DisplayedAddress = Annotated[Many[Annotated[str, at_most(35)]], Field(max_length=6)]
DisplayedName = Annotated[Many[Annotated[str, at_most(35)]], Field(max_length=5)]
ShippingMarks = Annotated[Many[Annotated[str, at_most(35)]], Field(max_length=50)]


# --- Numbers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bounds:
    """A finite JSON number within bounds; `above` is exclusive."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None

    def check(self, value: Any) -> int | float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise PydanticCustomError("number", "a number")
        number: int | float = value
        if self.minimum is not None and number < self.minimum:
            raise PydanticCustomError("bounds", "at least {bound}", {"bound": self.minimum})
        if self.above is not None and number <= self.above:
            raise PydanticCustomError("bounds", "more than {bound}", {"bound": self.above})
        if self.maximum is not None and number > self.maximum:
            raise PydanticCustomError("bounds", "at most {bound}", {"bound": self.maximum})
        return number

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        bounds = {"minimum": self.minimum, "exclusiveMinimum": self.above, "maximum": self.maximum}
        return {"type": "number"} | {name: bound for name, bound in bounds.items() if bound is not None}


Number = Annotated[int | float, Bounds()]
NotNegative = Annotated[int | float, Bounds(minimum=0)]
Positive = Annotated[int | float, Bounds(above=0)]
Percentage = Annotated[int | float, Bounds(minimum=0, maximum=100)]


# --- Dates -----------------------------------------------------------------------------------------------------------

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _day(value: Any) -> date:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("day", "a date as 2026-01-31") from error
    raise PydanticCustomError("day", "a date as 2026-01-31")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise PydanticCustomError("moment", "a date and time as 2026-01-31T09:00:00Z") from error
    raise PydanticCustomError("moment", "a date and time as 2026-01-31T09:00:00Z")


Day = Annotated[date, BeforeValidator(_day)]
"""RFC 3339 full-date."""
Moment = Annotated[datetime, BeforeValidator(_moment)]
"""RFC 3339 date-time, with its offset."""


# --- Closed sets -----------------------------------------------------------------------------------------------------


class TransportDocumentType(StrEnum):
    BILL_OF_LADING = "BOL"
    SEA_WAYBILL = "SWB"


class PaymentTerm(StrEnum):
    PREPAID = "PRE"
    COLLECT = "COL"


class ServiceType(StrEnum):
    """Where the carrier takes over or hands over."""

    CONTAINER_YARD = "CY"
    STORE_DOOR = "SD"
    CONTAINER_FREIGHT_STATION = "CFS"


class CarrierCodeListProvider(StrEnum):
    SMDG = "SMDG"
    NMFTA = "NMFTA"


class FacilityCodeListProvider(StrEnum):
    BIC = "BIC"
    SMDG = "SMDG"


class WeightUnit(StrEnum):
    KILOGRAM = "KGM"
    POUND = "LBR"


class VolumeUnit(StrEnum):
    CUBIC_METRE = "MTQ"
    CUBIC_FOOT = "FTQ"


class LiquidUnit(StrEnum):
    CUBIC_METRE = "MTQ"
    CUBIC_FOOT = "FTQ"
    LITRE = "LTR"


class ExplosiveUnit(StrEnum):
    KILOGRAM = "KGM"
    POUND = "LBR"
    GRAM = "GRM"
    OUNCE = "ONZ"


class TemperatureUnit(StrEnum):
    CELSIUS = "CEL"
    FAHRENHEIT = "FAH"


class AirExchangeUnit(StrEnum):
    CUBIC_METRE_PER_HOUR = "MQH"
    CUBIC_FOOT_PER_HOUR = "FQH"


class SealSource(StrEnum):
    CARRIER = "CAR"
    SHIPPER = "SHI"
    VETERINARY = "VET"
    CUSTOMS = "CUS"


class EmptyIndicator(StrEnum):
    LADEN = "LADEN"
    EMPTY = "EMPTY"


class FilingPerformedBy(StrEnum):
    SELF = "SELF"
    CARRIER = "CARRIER"


# --- Choices (oneOf and anyOf of the OpenAPI) ------------------------------------------------------------------------


def require_one(part: Part, *names: str, or_both: bool = False) -> None:
    """Raise unless exactly one of the members is there; with `or_both`, unless at least one is."""
    present = [dcsa_name(name) for name in names if getattr(part, name) is not None]
    if not present or (len(present) > 1 and not or_both):
        members = " or ".join(map(dcsa_name, names))
        how_many = "at least" if or_both else "exactly"
        raise PydanticCustomError(
            "choice",
            "{how_many} one of {members}",
            {"how_many": how_many, "members": members, "present": " and ".join(present) or "none"},
        )
