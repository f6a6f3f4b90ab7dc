"""The words of the forms: titles of agreements and boxes, by what stands in a box. Modelled.

The numbers of the boxes are the forms' own (`schemas.certificate.form`). The words here are shortened from the forms
and are ours; the notes overleaf are not reproduced. An agreement without words of its own gets the general ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from schemas.codes.countries import COUNTRIES
from schemas.codes.packages import PACKAGES


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands at the head of a form."""

    agreement: str
    form: str


HEADINGS: Mapping[str, Heading] = {
    "atiga": Heading("ASEAN Trade in Goods Agreement", "Form D"),
    "ajcep": Heading("Agreement on Comprehensive Economic Partnership among Japan and ASEAN", "Form AJ"),
    "rcep": Heading("Regional Comprehensive Economic Partnership Agreement", "Form RCEP"),
    "jtepa": Heading("Agreement between Japan and Thailand for an Economic Partnership", "Form JTEPA"),
    "jiepa": Heading("Agreement between Japan and Indonesia for an Economic Partnership", "Form JIEPA"),
    "jvepa": Heading("Agreement between Japan and Viet Nam for an Economic Partnership", "Form JV"),
}

TITLES: Mapping[str, str] = {
    "/exporter": "Goods consigned from (exporter's name, address, country)",
    "/consignee": "Goods consigned to (importer's or consignee's name, address, country)",
    "/producer": "Producer's name, address, country (if known)",
    "/transport": "Means of transport and route (as far as known)",
    "/officialUse": "For official use",
    "/items/number": "Item",
    "/items/marksAndNumbers": "Marks and numbers on packages",
    "/items/description": "Number and kind of packages; description of goods; HS code of the importing country",
    "/items/hsCode": "HS code (6 digits)",
    "/items/originCriterion": "Origin criterion",
    "/items/originCountry": "RCEP country of origin",
    "/items/grossWeight": "Gross weight or other quantity; value (FOB) where it is asked for",
    "/invoices": "Number and date of invoices",
    "/remarks": "Remarks",
    "/declaration": "Declaration by the exporter",
    "/certification": "Certification",
    "/tickBoxes": "Tick where it applies",
}

TICKS: Mapping[str, str] = {
    "third_country_invoicing": "Third country invoicing",
    "accumulation": "Accumulation",
    "back_to_back": "Back-to-back CO",
    "partial_cumulation": "Partial cumulation",
    "exhibition": "Exhibition",
    "de_minimis": "De minimis",
    "issued_retroactively": "Issued retroactively",
}

DECLARATION = (
    "The exporter declares that the above details and statements are correct; that all the goods were produced in "
    "{origin}; and that they comply with the origin requirements of the agreement for goods exported to {importing}."
)
CERTIFICATION = "It is certified, on the basis of control carried out, that the declaration by the exporter is correct."
WITHHELD = {"confidential": "Confidential", "not-available": "Not available"}
TREATMENT = (("given", "Preferential treatment given"), ("not-given", "Preferential treatment not given (reasons)"))


# --- how values are written on paper ---------------------------------------------------------------------------------

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def country(code: str) -> str:
    return COUNTRIES.get(code, code)


def day(given: date | None) -> str:
    return "" if given is None else f"{given.day}\u00a0{_MONTHS[given.month - 1]}\u00a0{given.year}"


def hs(code: str) -> str:
    """As on paper: 8708.29, 8708.29.10."""
    head, rest = code[:4], code[4:]
    return ".".join((head, *(rest[at : at + 2] for at in range(0, len(rest), 2))))


def package(kind: str) -> str:
    name = PACKAGES.get(kind)
    return f"{name} ({kind})" if name else kind


def grouped(digits: str) -> str:
    """1250.00 as 1,250.00."""
    whole, point, decimals = digits.partition(".")
    return f"{int(whole):,}{point}{decimals}"
