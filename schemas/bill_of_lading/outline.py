"""The models' outline by JSON name: which members a part has, what stands in them, which lists their codes are of.

Read once from the models, so that walking a document needs no reflection, and nothing is written down twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from schemas.bill_of_lading.values import Known, Listed, Part, dcsa_name


@dataclass(slots=True, eq=False)
class Outline:
    """One class of parts."""

    name: str
    """Name of the class, which is DCSA's schema name or stands for several of them."""
    members: "dict[str, Member]" = field(default_factory=dict)
    """By JSON name, as DCSA knows them."""
    notable: "list[tuple[str, Member]]" = field(default_factory=list)
    """Those in which something is to be looked up: objects, open lists, codes."""


@dataclass(frozen=True, slots=True)
class Member:
    """What stands in one member, or in each entry of its array."""

    outline: Outline | None = None
    """Set if it is an object."""
    known: Known | None = None
    listed: Listed | None = None
    required: bool = False


_OUTLINES: dict[type[Part], Outline] = {}


def outline_of(part: type[Part]) -> Outline:
    """The outline of a class; parts may contain themselves (inner packagings)."""
    known = _OUTLINES.get(part)
    if known is not None:
        return known
    outline = _OUTLINES[part] = Outline(part.__name__)
    hints = get_type_hints(part, include_extras=True)
    for name, info in part.model_fields.items():
        member = outline.members[dcsa_name(name)] = _member(hints[name], info.is_required())
        if member.outline or member.known or member.listed:
            outline.notable.append((dcsa_name(name), member))
    return outline


def _member(hint: Any, required: bool) -> Member:
    atoms = list(_atoms(hint))
    part = part_in(hint)
    known = next((atom for atom in atoms if isinstance(atom, Known)), None)
    listed = next((atom for atom in atoms if isinstance(atom, Listed)), None)
    return Member(outline_of(part) if part else None, known, listed, required)


def part_in(hint: Any) -> type[Part] | None:
    """The class of parts in a type hint: of the member, or of the entries of its array."""
    return next((atom for atom in _atoms(hint) if isinstance(atom, type) and issubclass(atom, Part)), None)


def _atoms(hint: Any) -> Iterator[Any]:
    """All types and annotations in a type hint, whatever they are wrapped in."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *notes = get_args(hint)
        yield from _atoms(inner)
        yield from notes
    elif origin in (Union, UnionType, tuple):
        for argument in get_args(hint):
            yield from _atoms(argument)
    else:
        yield hint
