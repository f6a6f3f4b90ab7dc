"""The facts that differ by country, from countries.toml: each with its source and how sure it is.

Certainty: `R` read in the source named, `S` secondary (public code, press), `U` unsure, `invented` where nothing is
known and the simulation needs something. Fidelity is of the value as it is used here, `read` when that was found.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

from adapters.port import Limits
from adapters.single_windows.hours import Hours

CERTAINTIES = ("R", "S", "U", "invented")
FIDELITIES = ("exact", "modelled", "invented")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One thing known, or made up, about a country's window."""

    value: T
    source: str
    certainty: str
    fidelity: str
    read: str
    """Year and month, as `2026-11`."""


@dataclass(frozen=True, slots=True)
class Country:
    """One country's single window."""

    code: str
    """ISO 3166-1 alpha-2."""
    name: str
    window: Fact[str]
    issuer: Fact[str]
    """Who issues certificates of origin there."""
    style: Fact[str]
    """Name of the adapter: a package beside this file."""
    channel: Fact[str]
    """`push`: the hub calls the window; `pull`: the window asks the hub."""
    default: bool
    """Whether a simulated world has this window unless told otherwise."""
    max_items: Fact[int] | None
    max_bytes: Fact[int] | None
    hours: Fact[Hours]
    """When its officers are there."""
    pace: Fact[int]
    """Minutes of those hours that an officer takes for one document."""
    asks: Fact[tuple[str, ...]] | None
    """What the window's own system refuses to be without: JSON Pointers, `*` for each entry of a list."""
    paper: Fact[str] | None
    """What is still on paper there."""

    @property
    def limits(self) -> Limits:
        return Limits(
            self.max_items.value if self.max_items else None,
            self.max_bytes.value if self.max_bytes else None,
            self.asks.value if self.asks else (),
        )

    def facts(self) -> Iterator[tuple[str, Fact[Any]]]:
        """All that is known or made up, by name."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Fact):
                yield field.name, value


@cache
def countries() -> Mapping[str, Country]:
    """All countries by code, in the order of their codes. Raises `ValueError` for a table that is not whole."""
    table = tomllib.loads(files("adapters.single_windows").joinpath("countries.toml").read_text("utf-8"))
    return {code: _country(code, entry) for code, entry in sorted(table.items())}


def limits_of(country: str) -> Limits:
    """Of a country's window; no limits where nothing is known of the country."""
    known = countries().get(country)
    return known.limits if known else Limits()


def _country(code: str, entry: Mapping[str, Any]) -> Country:
    def fact(name: str, read: Callable[[Any], T]) -> Fact[T]:
        return _fact(f"{code}.{name}", entry[name], read)

    def known(name: str, read: Callable[[Any], T]) -> Fact[T] | None:
        return fact(name, read) if name in entry else None

    return Country(
        code=code,
        name=str(entry["name"]),
        window=fact("window", str),
        issuer=fact("issuer", str),
        style=fact("style", str),
        channel=fact("channel", str),
        default=bool(entry.get("default", True)),
        max_items=known("max_items", int),
        max_bytes=known("max_bytes", int),
        hours=fact("hours", Hours.read),
        pace=fact("pace", int),
        asks=known("asks", tuple),
        paper=known("paper", str),
    )


def _fact(place: str, given: object, read: Callable[[Any], T]) -> Fact[T]:
    members = [field.name for field in fields(Fact)]
    if not isinstance(given, dict) or set(given) != set(members):
        raise ValueError(f"countries.toml: {place} needs {', '.join(members)}")
    for name, words in (("certainty", CERTAINTIES), ("fidelity", FIDELITIES)):
        if given[name] not in words:
            raise ValueError(f"countries.toml: {place} has a {name} that is none of {', '.join(words)}")
    return Fact(read(given["value"]), *(str(given[name]) for name in members[1:]))
