"""The control plane of the running simulation, `/_sim/v1`, as the commands for it call it.

The world is that of `tb up`; `--world` or `TRADEBRIDGE_WORLD_URL` names another, `--space` a world of its own in it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar, Unpack

import click

from tradebridge.cli import running
from tradebridge.cli.exits import Exit, Failed

F = TypeVar("F", bound=Callable[..., Any])
JSON = dict[str, Any]

PATIENCE = 150.0
"""Seconds for an answer: what waits in a world waits for two minutes at most."""
NO_WORLD = "Start one with `tb up`, or name another with --world or TRADEBRIDGE_WORLD_URL."


def plane_options(function: F) -> F:
    """The options --world, --space and --json."""
    options = (
        click.option("--world", envvar="TRADEBRIDGE_WORLD_URL", metavar="URL", help="The world's base URL."),
        click.option("--space", metavar="NAME", default="", help="A space of the world."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def world_url(given: str | None) -> str | None:
    """The world that is named, or the one that runs."""
    found = None if given else running.find()
    return given or (found.world_url if found else None)


class How(TypedDict, total=False):
    """What goes with a call."""

    body: Mapping[str, Any] | None
    """As JSON."""
    data: bytes | None
    """As it is."""
    query: Mapping[str, Any] | None
    timeout: float
    """Seconds; else `PATIENCE`."""


class Plane:
    """Calls of one world. Raises what `tradebridge.cli.root` turns into an exit code."""

    def __init__(self, world: str | None, space: str) -> None:
        url = world_url(world)
        if url is None:
            raise Failed(Exit.UNREACHABLE, "no world is running on this machine", NO_WORLD)
        self._url = url.rstrip("/") + (f"/s/{space}" if space else "") + "/_sim/v1"

    def get(self, path: str, **query: Any) -> JSON:
        return self.call("GET", path, query={name: value for name, value in query.items() if value not in ("", None)})

    def post(self, path: str, **body: Any) -> JSON:
        return self.call("POST", path, body=body)

    def put(self, path: str, **body: Any) -> JSON:
        return self.call("PUT", path, body=body)

    def delete(self, path: str) -> JSON:
        return self.call("DELETE", path)

    def call(self, method: str, path: str, **how: Unpack[How]) -> JSON:
        from tradebridge.calls import NotAHub

        given = self._given(method, path, **how)
        if not given:
            return {}
        try:
            said: JSON = json.loads(given)
        except ValueError as error:
            raise NotAHub(self._url, "it does not answer as a world does") from error
        return said

    def data(self, path: str) -> bytes:
        """An answer as it came."""
        return self._given("GET", path)

    def _given(self, method: str, path: str, **how: Unpack[How]) -> bytes:
        import httpx

        from tradebridge.calls import NotAHub, Refused
        from tradebridge.outbound import context_for

        try:
            answer = httpx.request(
                method,
                self._url + path,
                params=how.get("query") or None,
                content=how.get("data"),
                json=how.get("body"),
                trust_env=False,
                timeout=how.get("timeout", PATIENCE),
                verify=context_for(self._url),
            )
        except httpx.HTTPError as error:
            raise Failed(Exit.UNREACHABLE, f"no world answers at {self._url}: {error}", NO_WORLD) from error
        if not answer.is_error:
            return answer.content
        try:
            said: JSON = answer.json()
        except ValueError as error:
            raise NotAHub(self._url, "it does not answer as a world does") from error
        raise Refused({"title": "", "errors": [], **said, "status": answer.status_code, "code": said.get("code", "")})
