"""Which hub a command speaks to, and with whose key.

`TRADEBRIDGE_ACTOR` names the person at the keyboard, for the hub's record of people.
Precedence: the option, the environment (`TRADEBRIDGE_URL`, `TRADEBRIDGE_API_KEY`), the world that `tb up` runs, and at
last http://127.0.0.1:8600 with the test keys of seed 42. Test keys are never sent to another machine.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from tradebridge.cli import running
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.names import Side, member_id
from tradebridge.cli.running import Running

if TYPE_CHECKING:
    from tradebridge.client import Hub

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "http://127.0.0.1:8600"
DEFAULT_SEED = "42"
OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class Where:
    """A hub, and the keys at hand for it."""

    url: str
    space: str | None
    api_key: str | None
    """Given by option or environment: then it is used whoever speaks."""
    world: Running | None
    """The running world, if the hub is its hub."""
    local: bool

    @property
    def seed(self) -> str | None:
        """Of the test keys; None where the hub is elsewhere, or a key was given."""
        if self.world is not None:
            return self.world.seed
        return DEFAULT_SEED if self.local and self.api_key is None else None

    def now(self) -> datetime:
        """The business clock: the running world's, or else the real time."""
        if self.world is None:
            return datetime.now(UTC)
        from tradebridge.cli.plane import Plane

        return datetime.fromisoformat(Plane(self.world.world_url, self.space or "").get("/clock")["now"])

    def key_of(self, member: str) -> str:
        """The API key of a member (or of the operator)."""
        if self.api_key is not None:
            return self.api_key
        if self.world is not None:
            known = self.world.operator_key if member == OPERATOR else self.world.api_keys.get(member)
            if known is not None:
                return known
        if self.seed is not None:
            from tradebridge.evidence.simulation import test_api_key

            return test_api_key(self.seed, member)
        raise Failed(
            Exit.USAGE,
            f"no API key for {self.url}",
            "Give one with --api-key or TRADEBRIDGE_API_KEY; the test keys serve a hub on this machine only.",
        )

    def hub(self, member: str = OPERATOR) -> "Hub":
        """A client that speaks as this member."""
        from tradebridge.client import Hub

        return Hub(self.url, self.key_of(member), self.space, actor=os.environ.get("TRADEBRIDGE_ACTOR"))

    def hub_as(self, member: str | None, side: Side) -> "Hub":
        """A client that speaks as the member named on the command line, or else as the operator."""
        return self.hub(member_id(member, side) if member else OPERATOR)

    def public(self) -> "Hub":
        """A client without a key, for what anybody may read."""
        from tradebridge.client import Hub

        return Hub(self.url, self.api_key, self.space)


VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


def for_header(option: str, value: str | None) -> str | None:
    """A value that goes into an HTTP header. Raises a usage error for what cannot stand there."""
    if value is not None and not VISIBLE.fullmatch(value):
        raise click.UsageError(f"{option} takes 1 to 255 visible ASCII characters without spaces")
    return value


def find(url: str | None, api_key: str | None, space: str | None) -> Where:
    for_header("--api-key", api_key)
    world = running.find()
    chosen = (url or (world.url if world else DEFAULT_URL)).rstrip("/")
    if world is not None and world.url.rstrip("/") != chosen:
        world = None
    if urlsplit(chosen).scheme not in ("http", "https"):
        raise click.UsageError(f"{chosen!r} is no address of a hub: write it as {DEFAULT_URL}")
    local = urlsplit(chosen).hostname in ("127.0.0.1", "localhost", "::1")
    return Where(chosen, space, api_key, world, local)


def hub_options(function: F) -> F:
    """The options --url, --api-key and --space."""
    options = (
        click.option("--url", envvar="TRADEBRIDGE_URL", metavar="URL", help="The hub's base URL."),
        click.option("--api-key", envvar="TRADEBRIDGE_API_KEY", metavar="KEY", help="API key to speak with."),
        click.option("--space", metavar="NAME", help="Another space of the hub."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def json_option(function: F) -> F:
    """The option --json."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")(function)
