"""UN/LOCODE: ports and places. The list is that of the package `pyunlocode` (2023-1), asked entry by entry.

The list has 116,000 entries in an SQLite file of 12 MB: it is opened read-only at the first question, never loaded, and
the answers are kept.
"""

import sqlite3
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Port:
    """One entry of UN/LOCODE."""

    code: str
    """Five characters, without the space."""
    name: str
    is_port: bool
    """Whether ships call there (function 1)."""

    @property
    def country(self) -> str:
        return self.code[:2]


class _Lists(threading.local):
    """One connection a thread: SQLite's are not shared."""

    def __init__(self) -> None:
        path = resources.files("pyunlocode").joinpath("unlocode.db")
        self.connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)


@cache
def _lists() -> _Lists:
    return _Lists()


_QUERY = "SELECT name, is_port FROM location WHERE country_code = ? AND location_code = ?"


@lru_cache(maxsize=20_000)
def find_port(code: str) -> Port | None:
    """The place with this UN/LOCODE (five characters), or None if the list has none."""
    row = _lists().connection.execute(_QUERY, (code[:2], code[2:])).fetchone()
    return None if row is None else Port(code, str(row[0]).strip(), bool(row[1]))
