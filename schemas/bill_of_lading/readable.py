"""What can be read of a document whose shape is wrong, so that its rules are checked in the same answer.

Where pydantic found an error stands `UNREADABLE`; a rule that touches it is given up (`schemas.rules`). The result goes
to the rules and nowhere else.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from schemas.bill_of_lading.outline import part_in
from schemas.bill_of_lading.values import Part, dcsa_name
from schemas.rules import UNREADABLE

Location = tuple[int | str, ...]


def readable(value: Any, model: type[Part], errors: Iterable[Location]) -> Any:
    """The model of a JSON object with `UNREADABLE` at each of the locations."""
    here = _by_first_step(errors)
    if not isinstance(value, dict) or not here.keys() <= _aliases(model):
        return UNREADABLE
    hints = _hints(model)
    members: dict[str, Any] = {}
    for name in model.model_fields:
        alias = dcsa_name(name)
        if alias in here:
            members[name] = _member(value.get(alias), hints[name], here[alias])
        elif alias in value:
            members[name] = _adapter(model, name).validate_python(value[alias], by_alias=True, by_name=False)
    return model.model_construct(_fields_set=set(members), **members)


def _member(value: Any, hint: Any, errors: list[Location]) -> Any:
    """One member that has an error in it: an object, or an array of which some entries can be read."""
    part = part_in(hint)
    if () in errors or part is None:
        return UNREADABLE
    if not isinstance(value, list):
        return readable(value, part, errors)
    entries = _by_first_step(errors)
    return tuple(readable(each, part, entries.get(at, ())) for at, each in enumerate(value))


def _by_first_step(errors: Iterable[Location]) -> dict[int | str, list[Location]]:
    """The rests of the locations by their first step; one that ends here is under the step "", which no member has."""
    here: dict[int | str, list[Location]] = {}
    for location in errors:
        here.setdefault(location[0] if location else "", []).append(location[1:])
    return here


@cache
def _aliases(model: type[Part]) -> frozenset[int | str]:
    return frozenset(map(dcsa_name, model.model_fields))


@cache
def _hints(model: type[Part]) -> dict[str, Any]:
    return get_type_hints(model, include_extras=True)


@cache
def _adapter(model: type[Part], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_hints(model)[name])
