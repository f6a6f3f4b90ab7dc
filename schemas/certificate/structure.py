"""What is wrong with the structure of a certificate or a document beside it, and what can be read of it all the same.

1. All errors are found at once, under the same codes in XML and JSON: missing, unknown, of another type or form.
2. Findings are complete (DESIGN, invariant 7): a document with one wrong member still gets its rules checked. What
   could not be read is replaced so that the model can be built, then marked `UNREADABLE`: a rule that touches it is
   given up there, and finds nothing by guesswork. Such a document is never handed on.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.certificate.values import Part, json_name
from schemas.findings import Finding, Kind, finding, register
from schemas.rules import UNREADABLE

register(
    Kind(code, sentence, fix, clause="the schema of the profile: certificate.xsd, and JSON of the same names")
    for code, sentence, fix in (
        ("certificate.missing", "A required part is missing.", "Add the part named by the pointer."),
        (
            "certificate.unknown-member",
            "The schema has no such part here.",
            "Remove it, or check its spelling and its place.",
        ),
        ("certificate.repeated", "A part that may stand once stands again.", "Keep one of them."),
        ("certificate.out-of-order", "A part stands after one that it must precede.", "Keep the schema's order."),
        ("certificate.wrong-type", "The value is of another type.", "Write the value in the type named."),
        ("certificate.wrong-form", "The value does not have the form asked for.", "Write it in the form named."),
        ("certificate.not-in-list", "The value is none of those allowed.", "Use one of the values named."),
        ("certificate.wrong-length", "The value is too long, or empty.", "Keep within the length named."),
        ("certificate.out-of-range", "The number is too small or too large.", "Give a number within the range."),
        ("certificate.not-valid", "The document does not follow the schema.", "Follow the schema of the profile."),
    )
)

_CODES = {
    "missing": "certificate.missing",
    "extra_forbidden": "certificate.unknown-member",
    "enum": "certificate.not-in-list",
    "literal_error": "certificate.not-in-list",
    "string_too_long": "certificate.wrong-length",
    "string_too_short": "certificate.wrong-length",
    "too_long": "certificate.wrong-length",
    "too_short": "certificate.wrong-length",
    "string_pattern_mismatch": "certificate.wrong-form",
    "date_form": "certificate.wrong-form",
    "decimal_form": "certificate.wrong-form",
    "date_from_datetime_parsing": "certificate.wrong-form",
    "date_parsing": "certificate.wrong-form",
    "greater_than_equal": "certificate.out-of-range",
    "less_than_equal": "certificate.out-of-range",
}
"""Type of pydantic's error to our code; any other type of error is one of type."""


def pointer_of(location: Iterable[int | str]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def structural_finding(error: ErrorDetails) -> Finding:
    """One of pydantic's errors as a finding."""
    code = _CODES.get(error["type"], "certificate.wrong-type")
    return finding(code, pointer_of(error["loc"]), found=_found(code, error), expected=_expected(error))


def _found(code: str, error: ErrorDetails) -> str:
    if code == "certificate.missing":
        return ""
    if code == "certificate.unknown-member":
        return str(error["loc"][-1])
    value = error["input"]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"{len(value)} entries"
    if isinstance(value, dict):
        return "an object"
    return "null" if value is None else str(value)


_FORMS = {
    r"^[A-Z]{2}$": "two capital letters",
    r"^[A-Z]{3}$": "three capital letters",
    r"^[A-Z0-9]{2,3}$": "a unit code of two or three capitals or digits",
    r"^[A-Z0-9]{2}$": "a package code of two capitals or digits",
    r"^[A-Z]{2}[A-Z2-9]{3}$": "a UN/LOCODE of five characters, such as SGSIN",
    r"^[0-9]{2,12}$": "digits only, 2 to 12",
    r"^(?:19|20)[0-9]{2}$": "a year, such as 2022",
    r"^[A-Z]{2,5}$": "a code of two to five capital letters",
    r"^[a-z0-9-]{1,40}/[0-9]{4}$": "the id of a profile, such as atiga-form-d/2022",
}


def _expected(error: ErrorDetails) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "the part"
        case "extra_forbidden":
            return "no such part"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            if pattern in _FORMS:
                return _FORMS[pattern]
            if "A-Za-z0-9" in pattern:
                return "letters, digits, space and . / _ - only, a letter or digit first and last"
            return "text without control or direction characters, and without space at its ends"
        case "enum":
            return str(context["expected"]).replace("'", "")
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "string_too_short":
            return f"at least {context['min_length']} character"
        case "too_long":
            return f"at most {context['max_length']} entries"
        case "too_short":
            return f"at least {context['min_length']} entry"
        case "model_type" | "model_attributes_type":
            return "an object"
        case "tuple_type":
            return "a list"
        case "date_from_datetime_parsing" | "date_parsing":
            return "a day of the calendar, as YYYY-MM-DD"
        case _:
            return error["msg"]


def structural_findings(error: ValidationError) -> tuple[Finding, ...]:
    """All of pydantic's errors."""
    return tuple(structural_finding(each) for each in _errors(error))


def _errors(error: ValidationError) -> list[ErrorDetails]:
    """All errors, but not that a list is too short when it has only become so by entries that are wrong themselves."""
    return [
        each
        for each in error.errors(include_url=False)
        if each["type"] != "too_short" or len(each["input"]) < each["ctx"]["min_length"]
    ]


# --- Reading on ------------------------------------------------------------------------------------------------------


P = TypeVar("P", bound=Part)


def readable_part(value: Mapping[str, Any], stand_in: Mapping[str, Any], model: type[P]) -> P | None:
    """The document as far as it can be read, with `UNREADABLE` in the other places. For its rules only.

    `value` is the document as JSON has it, wrong in places; `stand_in` is a valid document of the same profile, from
    which what is missing or wrong is taken so that the model can be built. None where too little is left.
    """
    patched: Any = deepcopy(dict(value))
    unreadable: set[tuple[int | str, ...]] = set()
    for _ in range(4):  # a wrong part may hide another in its place; each round mends all that show
        try:
            document = model.model_validate(patched, by_alias=True, by_name=False)
        except ValidationError as error:
            for each in _errors(error):
                unreadable |= _patch(patched, stand_in, each)
        else:
            _mark(document, unreadable)
            return document
    return None


def _patch(patched: Any, stand_in: Any, error: ErrorDetails) -> set[tuple[int | str, ...]]:
    """Mend one place; gives that place, or nothing for a part that is merely too much."""
    *path, last = error["loc"] or ("",)
    here, model = patched, stand_in
    for part in path:
        here = here[part]
        model = _within(model, part)
    if error["type"] == "extra_forbidden":
        del here[last]
        return set()
    replacement = _within(model, last)
    if replacement is None:
        here.pop(last, None)
        return set()
    here[last] = deepcopy(replacement)
    return {error["loc"]}


def _within(value: Any, part: int | str) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return value.get(part) if isinstance(value, dict) else None


def _mark(document: Part, places: set[tuple[int | str, ...]]) -> None:
    """Put `UNREADABLE` where a stand-in was taken. Frozen is for those who get a document; this one nobody gets."""
    for place in places:
        here: Any = document
        *path, last = place
        for part in path:
            here = here[part] if isinstance(part, int) else getattr(here, member_named(part))
            if here is UNREADABLE:
                break
        if isinstance(here, Part) and isinstance(last, str):
            here.__dict__[member_named(last)] = UNREADABLE
        elif path and isinstance(last, int):
            _mark(document, {tuple(path)})


@cache
def _members() -> dict[str, str]:
    return {json_name(name): name for part in Part.__subclasses__() for name in part.model_fields}


def member_named(alias: str) -> str:
    """The model's name of a JSON member: `hsCode` to `hs_code`. A name means the same in every part."""
    return _members().get(alias, alias)
