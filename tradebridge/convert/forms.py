"""The forms of this package, and the template that people fill in."""

from collections.abc import Mapping

from schemas.certificate.agreement import Agreement
from schemas.certificate.agreements import AGREEMENTS as AGREEMENTS
from schemas.certificate.form import box_of
from schemas.certificate.values import json_name
from tradebridge.convert.delimited import CSV, to_csv
from tradebridge.convert.fields import Field, fields
from tradebridge.convert.format import Format
from tradebridge.convert.own import JSON, XML
from tradebridge.convert.ubl import UBL
from tradebridge.convert.workbook import XLSX, to_workbook

OWN_FORMS: tuple[Format, ...] = (XML, JSON, UBL, CSV, XLSX)


def agreement_of(profile: str) -> Agreement | None:
    """The agreement whose form a profile is."""
    return next((each for each in AGREEMENTS if each.profile == profile), None)


def boxes_of(agreement: Agreement) -> Mapping[str, str]:
    """Pointer of each field to its box on the agreement's form, where it has one."""
    found = {of.pointer: box_of(of.pointer, agreement.boxes) for of in fields()}
    return {pointer: box for pointer, box in found.items() if box}


def left_out_of(agreement: Agreement) -> frozenset[str]:
    """What a template of this agreement does not ask for: what its form lacks, and what customs fills in."""
    ticks = (of for of in fields() if of.pointer.startswith("/tickBoxes/"))
    own = {f"/tickBoxes/{json_name(name)}" for name in agreement.tick_boxes}
    return frozenset({*agreement.absent, "/officialUse", *(of.pointer for of in ticks if of.pointer not in own)})


def template(agreement: Agreement, form: str) -> bytes:
    """An empty `xlsx` or `csv` of the agreement's form."""
    left_out, value = left_out_of(agreement), {"profile": agreement.profile}
    if form == "xlsx":
        return to_workbook(value, boxes_of(agreement), left_out)
    return to_csv(value, tuple(of for of in fields() if not _is_left_out(of, left_out)))


def _is_left_out(of: Field, left_out: frozenset[str]) -> bool:
    return any(of.pointer == each or of.pointer.startswith(f"{each}/") for each in left_out)
