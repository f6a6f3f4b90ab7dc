"""Where titles are looked for: the hub, the platforms of a simulated world, or the address that `--on` gives."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.where import OPERATOR, Where

if TYPE_CHECKING:
    from tradebridge.client import Hub

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
JSON = dict[str, Any]

HUB = "hub"
CARRIER = "SIML"
POLL_SECONDS = 0.1
IN_FORCE = ("here", "sending", "in-doubt")


def on_option(function: F) -> F:
    """The option --on."""
    text = "The platform: hub, MEKO, STRA, FUJI, or a base URL."
    return click.option("--on", metavar="PLATFORM", help=text)(function)


@dataclass(frozen=True, slots=True)
class Place:
    """One platform that can be asked."""

    code: str
    url: str
    key: str | None
    space: str | None = None

    def open(self) -> "Hub":
        from tradebridge.client import Hub

        return Hub(self.url, self.key, self.space)


@dataclass(frozen=True, slots=True)
class Titled:
    """A title, where it was found."""

    place: Place
    shown: JSON


def places(where: Where, on: str | None, member: str = OPERATOR) -> list[Place]:
    """All that there are; or the one that `--on` names. `member` speaks at the hub."""
    from simulator.platforms import PLATFORMS

    if on is not None and "://" in on:
        return [Place(on, on, None)]
    hub = Place(HUB, where.url, where.key_of(member), where.space)
    known = {
        HUB: hub,
        **{code: Place(code, f"{world_of(where)}/ebl/{code}", None) for code in PLATFORMS if where.world},
    }
    if on is None:
        return list(known.values())
    name = HUB if on.lower() == HUB else on.upper()
    if name not in known:
        step = "Start a world with `tb up`, or give the platform's base URL." if name in PLATFORMS else ""
        raise Failed(Exit.USAGE, f"there is no platform {on} here; there are: {', '.join(known)}", step)
    return [known[name]]


def world_of(where: Where) -> str:
    if where.world is None:
        raise Failed(Exit.USAGE, "no world runs here", "Start one with `tb up`, or give the base URL.")
    return where.world.world_url


def find_title(where: Where, reference: str, on: str | None, member: str = OPERATOR) -> Titled:
    """The title where it is in force, else where it was last. Raises `Failed`."""
    found = [
        Titled(place, shown)
        for place in places(where, on, member)
        if (shown := asked(where, place, lambda platform: platform.title(reference))) is not None
    ]
    if not found:
        step = "`tb bl show` lists the titles that can be seen; `tb bl issue` makes one."
        raise Failed(Exit.REFUSED, f"no title {reference} was found", step, code="title.unknown")
    return max(found, key=lambda each: (each.shown["at"] in IN_FORCE, each.shown["at"] == "ended"))


def asked(where: Where, place: Place, question: "Callable[[Hub], T]") -> T | None:
    """The answer of one platform; None where it knows nothing of it."""
    from tradebridge.calls import Refused

    try:
        with place.open() as platform:
            return question(platform)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


@contextmanager
def place_of_carrier(where: Where, url: str | None, token_file: str | None) -> "Iterator[Hub]":
    """The carrier, spoken to by the shipper."""
    from tradebridge.cli.reading import read_bytes
    from tradebridge.client import Hub

    if token_file is not None:
        token = read_bytes(token_file).decode("utf-8", "replace").strip()
    elif url is None and where.seed is not None:
        from simulator.lading.cast import EXPORTER, trader_token

        token = trader_token(where.seed, EXPORTER)
    else:
        raise Failed(Exit.USAGE, "there is no token for this carrier", "Give its file with --token.")
    with Hub(url or f"{world_of(where)}/ebl/{CARRIER}", token) as carrier:
        yield carrier


def eventually(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """What `look` gives once it gives something. Raises `Failed` after so many seconds."""
    end = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > end:
            raise Failed(Exit.TIMEOUT, f"not within {seconds:g} s: {what}", "Look again later; nothing is lost.")
        time.sleep(POLL_SECONDS)
    return found
