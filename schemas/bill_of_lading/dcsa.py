"""DCSA's JSON: from the object to the document and back, and what is wrong with its shape and its codes.

1. The shape is DCSA's OpenAPI: a missing required member, a wrong type, length, pattern, bound or closed code is an
   error, named by JSON Pointer and by the schema's member. All of them are found at once.
2. DCSA's documents are open, and real messages use that: an unknown member is kept and is a warning.
3. `null` is no value in DCSA's schemas. It is taken for an absent member, with a warning.
4. Where DCSA lists values in prose only, another value is a warning; so is a code that our lists do not know, and a
   container number whose check digit is wrong.
5. `decode(encode(x)) == x`, unknown members included.
"""

from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.bill_of_lading.code_lists import check_code
from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.bill_of_lading.outline import Member, Outline, outline_of
from schemas.bill_of_lading.readable import readable
from schemas.bill_of_lading.values import SOURCE, Part, dcsa_name
from schemas.content import Content
from schemas.findings import Fidelity, Finding, Kind, Severity, finding, register
from schemas.registry import Decoded, Document

MOST_VALUES = 200_000
"""Values in one document, counted by the commas: ten thousand containers have fewer."""
MOST_ERRORS = 20_000
"""Errors of shape beyond which the document is garbage."""
MOST_REPORTED = 500
"""Errors of shape, and warnings about members, that one document can get; a million of them helps nobody."""


def _exact(code: str, sentence: str, fix: str, severity: Severity = Severity.ERROR) -> Kind:
    return Kind(code, sentence, fix, severity, clause="components/schemas", source=SOURCE, fidelity=Fidelity.EXACT)


register(
    [
        _exact("lading.member-missing", "A required member is missing.", "Add the member."),
        _exact("lading.wrong-type", "The value is of another JSON type.", "Write the value in the type named."),
        _exact("lading.too-long", "The text is longer than DCSA allows.", "Shorten the text."),
        _exact("lading.too-short", "The text is shorter than DCSA allows.", "Write the text in full."),
        _exact("lading.wrong-form", "The text has not the form that DCSA prescribes.", "Write it in that form."),
        _exact("lading.not-in-enum", "The code is none of those that DCSA allows here.", "Use one of the codes named."),
        _exact("lading.out-of-bounds", "The number is outside its bounds.", "Give a number within the bounds."),
        _exact("lading.too-few", "The list has fewer entries than DCSA asks for.", "Add what is missing."),
        _exact("lading.too-many", "The list has more entries than DCSA allows.", "Shorten the list."),
        _exact(
            "lading.no-date", "The value is no date of the form that DCSA prescribes.", "Write the date in that form."
        ),
        _exact("lading.choice", "The object must have one of two members.", "Give the one that applies."),
        _exact("lading.null", "A member is null.", "Leave the member out.", Severity.WARNING),
        _exact(
            "lading.value-not-named",
            "The value is none of those that DCSA names for this member.",
            "Use one of the values named, if one fits.",
            Severity.WARNING,
        ),
        _exact(
            "lading.unknown-member",
            "DCSA's standard has no such member here; it is kept, and nobody else will understand it.",
            "Check the spelling and the place, or leave the member out.",
            Severity.WARNING,
        ),
        Kind(
            "lading.too-large",
            "The document has more values than any bill of lading.",
            "Split the consignment into several documents.",
            status=413,
        ),
        Kind(
            "lading.hopeless",
            "So much is wrong that no list of it would help.",
            "Start from an example: tb send --example transport-document.",
        ),
        Kind(
            "lading.more",
            "There is more of the same than is reported.",
            "Mend what is reported, then send again.",
            Severity.WARNING,
        ),
    ]
)


def decode(model: type[TransportDocument] | type[ShippingInstructions], content: Content) -> Decoded:
    """The document with its warnings; or all that is wrong with its shape, and what can be read of it."""
    values = content.canonical.count(b",")
    if values > MOST_VALUES:
        return Decoded(None, (finding("lading.too-large", found=f"about {values}", expected=f"at most {MOST_VALUES}"),))
    outline = outline_of(model)
    notes: list[Finding] = []
    _note(content.value, outline, "", notes)
    try:
        return Decoded(model.model_validate(content.value, by_alias=True, by_name=False), _capped(notes))
    except ValidationError as error:
        misshapen, rest = _judge_shape(error, content.value, model)
    return Decoded(None, misshapen + _capped(notes), rest)


P = TypeVar("P", bound=Part)


def read_part(model: type[P], value: object) -> P | tuple[Finding, ...]:
    """One object of DCSA's that is no document (an envelope, an answer), or what is wrong with its shape.

    No warnings: an unknown member is kept, and not told of.
    """
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        outline = outline_of(model)
        wrong = [each for each in error.errors(include_url=False) if not _miscounted(each)]
        return _capped([_misshapen(each, outline) for each in wrong[: MOST_REPORTED + 1]])


def encode(document: Document) -> bytes:
    """JSON in DCSA's names; absent members are left out."""
    if not isinstance(document, Part):
        raise TypeError(f"{document.profile} is not of this family: take its own profile's encode")
    data = document.model_dump_json(by_alias=True, exclude_unset=True).encode()
    # A member of ours that was set to None must not become null; an unknown member that is null must stay. Rare.
    return orjson.dumps(_without_none(document), option=orjson.OPT_UTC_Z) if b"null" in data else data


def _without_none(value: Any) -> Any:
    if isinstance(value, Part):
        own = {dcsa_name(name): _without_none(member) for name, member in value.__dict__.items() if member is not None}
        return own | (value.__pydantic_extra__ or {})
    return [_without_none(each) for each in value] if isinstance(value, tuple) else value


# --- Warnings: a walk over the JSON as it came -----------------------------------------------------------------------


def _note(value: dict[str, Any], outline: Outline, pointer: str, notes: list[Finding]) -> None:
    """Add the warnings about an object and all in it. Every object of every document comes by here: set operations
    first, then only the members in which something can be looked up."""
    if len(notes) > MOST_REPORTED:
        return
    if not value.keys() <= outline.members.keys():
        unknown = islice((name for name in value if name not in outline.members), MOST_REPORTED + 1 - len(notes))
        notes.extend(_unknown(name, outline, pointer) for name in unknown)
    if None in value.values():
        names = [name for name, given in value.items() if given is None and name in outline.members]
        notes.extend(_at(finding("lading.null", f"{pointer}/{name}", found="null"), outline, name) for name in names)
    for name, member in outline.notable:
        given = value.get(name)
        if given is None:
            continue
        if isinstance(given, list):
            for index, each in enumerate(given):
                _note_in(each, member, outline, name, f"{pointer}/{name}/{index}", notes)
        else:
            _note_in(given, member, outline, name, f"{pointer}/{name}", notes)


def _note_in(given: Any, member: Member, outline: Outline, name: str, pointer: str, notes: list[Finding]) -> None:
    if member.outline is not None:
        if isinstance(given, dict):
            _note(given, member.outline, pointer, notes)
    elif isinstance(given, str):
        if member.known is not None and given not in member.known.values:
            named = ", ".join(sorted(member.known.values))
            notes.append(_at(finding("lading.value-not-named", pointer, found=given, expected=named), outline, name))
        if member.listed is not None and (found := check_code(member.listed.name, given, pointer)) is not None:
            notes.append(found)


def _unknown(name: str, outline: Outline, pointer: str) -> Finding:
    near = get_close_matches(name, outline.members, 1, 0.8) if len(name) < 80 else []
    expected = f"{near[0]}?" if near else ""
    return _at(finding("lading.unknown-member", f"{pointer}/{_escaped(name)}", found=name, expected=expected), outline)


def _capped(found: list[Finding]) -> tuple[Finding, ...]:
    """A document of a million unknown members gets an answer that can be read."""
    if len(found) <= MOST_REPORTED:
        return tuple(found)
    return (*found[:MOST_REPORTED], finding("lading.more", found=f"more than {MOST_REPORTED}"))


# --- Errors: from pydantic's to findings -----------------------------------------------------------------------------

_CODES = {
    "missing": "lading.member-missing",
    "absent": "lading.member-missing",
    "string_too_long": "lading.too-long",
    "string_too_short": "lading.too-short",
    "string_pattern_mismatch": "lading.wrong-form",
    "enum": "lading.not-in-enum",
    "bounds": "lading.out-of-bounds",
    "greater_than_equal": "lading.out-of-bounds",
    "less_than_equal": "lading.out-of-bounds",
    "too_short": "lading.too-few",
    "too_long": "lading.too-many",
    "day": "lading.no-date",
    "moment": "lading.no-date",
    "choice": "lading.choice",
}
_TYPES = {
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "number": "a number",
    "tuple_type": "an array",
    "model_type": "an object",
}


def _judge_shape(
    error: ValidationError, value: dict[str, Any], model: type[TransportDocument] | type[ShippingInstructions]
) -> tuple[tuple[Finding, ...], TransportDocument | ShippingInstructions | None]:
    """The findings about the shape, and what can be read in spite of it. Garbage costs little."""
    count, outline = error.error_count(), outline_of(model)
    if count > MOST_ERRORS:
        return (finding("lading.hopeless", found=f"{count} errors", expected="a document of DCSA's"),), None
    errors = [each for each in error.errors(include_url=False) if not _miscounted(each)]
    misshapen = _capped([_misshapen(each, outline) for each in errors[: MOST_REPORTED + 1]])
    if len(errors) > MOST_REPORTED:
        return misshapen, None
    return misshapen, readable(value, model, [each["loc"] for each in errors])


def _miscounted(error: ErrorDetails) -> bool:
    """Pydantic leaves broken entries out when it counts a list, and finds it too short where it is not."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _misshapen(error: ErrorDetails, root: Outline) -> Finding:
    """The finding for one error of pydantic, with the schema's member as its clause."""
    location, given = error["loc"], error["input"]
    if error["type"] == "absent":
        location = (*location, str(error["ctx"]["member"]))
    code = _CODES.get(error["type"], "lading.wrong-type")
    outline, name = _member_at(location, root)
    pointer = "".join(f"/{_escaped(str(step))}" for step in location)
    found = finding(code, pointer, found=_found(error, code, given), expected=_expected(error))
    return _at(found, outline, name)


def _found(error: ErrorDetails, code: str, given: Any) -> str:
    if code == "lading.member-missing":
        return "nothing"
    if code in ("lading.too-few", "lading.too-many"):
        return f"{len(given)} entries"
    if code == "lading.choice":
        return str(error["ctx"]["present"])
    if code == "lading.too-long":
        return f"{len(given)} characters: {given}"
    if isinstance(given, dict | list):
        return "an object" if isinstance(given, dict) else "an array"
    return orjson.dumps(given).decode() if given is None or isinstance(given, str | bool | int | float) else str(given)


def _expected(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    wanted = {
        "missing": "the member",
        "string_too_long": f"at most {context.get('max_length')} characters",
        "string_too_short": f"at least {context.get('min_length')} characters",
        "string_pattern_mismatch": f"the pattern {context.get('pattern')}",
        "enum": str(context.get("expected", "")),
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
        "too_short": f"at least {context.get('min_length')} entries",
        "too_long": f"at most {context.get('max_length')} entries",
    }
    return wanted.get(kind) or _TYPES.get(kind) or error["msg"]


def _member_at(location: tuple[int | str, ...], root: Outline) -> tuple[Outline, str]:
    """The outline that holds what the location names, and the name there."""
    outline, name, at = root, "", root
    for step in location:
        if isinstance(step, int):
            continue
        outline, name = at, step
        member = at.members.get(step)
        if member is not None and member.outline is not None:
            at = member.outline
    return outline, name


def _at(found: Finding, outline: Outline, name: str = "") -> Finding:
    return replace(found, clause=f"{outline.name}.{name}" if name else outline.name)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
