"""The facts that differ by country, from countries.toml: each with its source and how sure it is.

Certainty: `R` read in the source named, `S` secondary (public code, press), `U` unsure, `invented` where nothing is
known and the simulation needs something.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

from adapters.port import Limits

CERTAINTIES = ("R", "S", "U", "invented")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One thing known, or made up, about a country's window."""

    value: T
    source: str
    certainty: str


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

    @property
    def limits(self) -> Limits:
        return Limits(
            self.max_items.value if self.max_items else None,
            self.max_bytes.value if self.max_bytes else None,
        )


@cache
def countries() -> Mapping[str, Country]:
    """All countries by code, in the order of their codes."""
    table = tomllib.loads(files("adapters.single_windows").joinpath("countries.toml").read_text("utf-8"))
    return {code: _country(code, entry) for code, entry in sorted(table.items())}


def limits_of(country: str) -> Limits:
    """Of a country's window; no limits where nothing is known of the country."""
    known = countries().get(country)
    return known.limits if known else Limits()


def _country(code: str, entry: Mapping[str, object]) -> Country:
    return Country(
        code=code,
        name=str(entry["name"]),
        window=_text(code, entry, "window"),
        issuer=_text(code, entry, "issuer"),
        style=_text(code, entry, "style"),
        channel=_text(code, entry, "channel"),
        default=bool(entry.get("default", True)),
        max_items=_count(code, entry, "max_items"),
        max_bytes=_count(code, entry, "max_bytes"),
    )


def _fact(code: str, entry: Mapping[str, object], name: str) -> Mapping[str, object]:
    fact = entry[name]
    if not isinstance(fact, dict) or set(fact) != {"value", "source", "certainty"}:
        raise ValueError(f"countries.toml: {code}.{name} needs value, source and certainty")
    if fact["certainty"] not in CERTAINTIES:
        raise ValueError(f"countries.toml: {code}.{name} has a certainty that is none of {', '.join(CERTAINTIES)}")
    return fact


def _text(code: str, entry: Mapping[str, object], name: str) -> Fact[str]:
    fact = _fact(code, entry, name)
    return Fact(str(fact["value"]), str(fact["source"]), str(fact["certainty"]))


def _count(code: str, entry: Mapping[str, object], name: str) -> Fact[int] | None:
    if name not in entry:
        return None
    fact = _fact(code, entry, name)
    return Fact(int(str(fact["value"])), str(fact["source"]), str(fact["certainty"]))
