"""Short names of the simulated members: `sg` is SG-NSW, `jp` sends as JP-JCCI and receives as JP-NACCS.

A name in full is taken as it is, in upper case: members that somebody added have no short name.
"""

import re
from collections.abc import Mapping
from typing import Literal

import click

Side = Literal["sender", "recipient"]

MEMBER_ID = re.compile(r"[A-Z0-9][A-Z0-9-]{1,39}")

_SHORT: Mapping[str, Mapping[Side, str]] = {
    "jp": {"sender": "JP-JCCI", "recipient": "JP-NACCS"},
    "jcci": {"sender": "JP-JCCI", "recipient": "JP-JCCI"},
    "naccs": {"sender": "JP-NACCS", "recipient": "JP-NACCS"},
    "carrier": {"sender": "CARRIER-SIM", "recipient": "CARRIER-SIM"},
    "tradewaltz": {"sender": "TRADEWALTZ-SIM", "recipient": "TRADEWALTZ-SIM"},
}

_COUNTRY_OF = {"CARRIER-SIM": "SG", "TRADEWALTZ-SIM": "JP"}
_COUNTRIES = frozenset({"BN", "ID", "JP", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"})


def member_id(name: str, side: Side) -> str:
    """The id of a member named on the command line. Raises a usage error for what cannot be one."""
    lower = name.strip().lower()
    if lower in _SHORT:
        return _SHORT[lower][side]
    if len(lower) == 2 and lower.isalpha():
        return f"{lower.upper()}-NSW"
    if not MEMBER_ID.fullmatch(lower.upper()):
        raise click.UsageError(f"{name!r} is no member: write an id such as SG-NSW, or a country such as sg")
    return lower.upper()


def member_ids(names: tuple[str, ...], side: Side) -> tuple[str, ...]:
    """Several, also comma separated: `--to th,vn` is `--to th --to vn`."""
    return tuple(member_id(part, side) for name in names for part in name.split(",") if part.strip())


def country_of(member: str, known: Mapping[str, str]) -> str | None:
    """ISO 3166 country of a member: as the running world says, else by its id; None where neither tells."""
    by_name = member[:2] if member[2:3] == "-" and member[:2] in _COUNTRIES else None
    return known.get(member) or _COUNTRY_OF.get(member) or by_name
