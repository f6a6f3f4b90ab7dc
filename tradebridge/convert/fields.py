"""The fields of a certificate as a flat list, read off the model: what a column, a cell or a line can hold.

A new member of the model is a new field here without another change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from schemas.certificate.model import Certificate
from schemas.certificate.values import Part, json_name


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    DATE = "date"
    DECIMAL = "decimal"
    COUNT = "count"
    FLAG = "flag"
    CHOICE = "choice"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a certificate, or of each entry of a list in it."""

    pointer: str
    """JSON Pointer from the certificate, with the indices of lists left out: `/items/hsCode`."""
    kind: Kind
    within: str
    """Pointer of the list that it belongs to, `/items`; empty for the certificate itself."""
    required: bool
    """It must be there wherever the part is that it stands in."""
    choices: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The members from the entry (or the certificate) down to the value."""
        return tuple(self.pointer.removeprefix(self.within).split("/")[1:])


@cache
def fields() -> tuple[Field, ...]:
    """All fields, in the order of the model."""
    return tuple(_fields(Certificate, "", "", True))


@cache
def fields_of(within: str) -> tuple[Field, ...]:
    """The fields of the certificate itself (`""`), or of the entries of one list."""
    return tuple(field for field in fields() if field.within == within)


@cache
def lists() -> tuple[str, ...]:
    """The pointers of the lists: `/items`, `/invoices`."""
    return tuple(dict.fromkeys(field.within for field in fields() if field.within))


@cache
def always_there() -> tuple[tuple[str, ...], ...]:
    """Parts that a certificate always has, even where all in them is empty, by their members: `("transport",)`."""
    return tuple(_required_parts(Certificate, ()))


def _fields(model: type[Part], pointer: str, within: str, required: bool) -> Iterator[Field]:
    for name, info in model.model_fields.items():
        inner, here = _bare(info.annotation), f"{pointer}/{json_name(name)}"
        must = required and info.is_required()
        if _is_part(inner):
            yield from _fields(inner, here, within, must)
        elif get_origin(inner) is tuple and _is_part(_bare(get_args(inner)[0])):
            yield from _fields(_bare(get_args(inner)[0]), here, here, True)
        else:
            yield Field(here, _kind(inner), within, must, _choices(inner))


def _required_parts(model: type[Part], steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        inner = _bare(info.annotation)
        if _is_part(inner) and info.is_required():
            yield (*steps, json_name(name))
            yield from _required_parts(inner, (*steps, json_name(name)))


def _bare(annotation: Any) -> Any:
    """The type without `None` and without what `Annotated` adds."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        left = [each for each in get_args(annotation) if each is not NoneType]
        return _bare(left[0]) if len(left) == 1 else annotation
    return annotation


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Part)


_KINDS = ((bool, Kind.FLAG), (Enum, Kind.CHOICE), (Decimal, Kind.DECIMAL), (date, Kind.DATE), (int, Kind.COUNT))


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is tuple:
        return Kind.CODES
    return next((kind for of, kind in _KINDS if issubclass(annotation, of)), Kind.TEXT)


def _choices(annotation: Any) -> tuple[str, ...]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return tuple(each.value for each in annotation)
    return ()
