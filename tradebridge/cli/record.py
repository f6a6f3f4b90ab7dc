"""`tb record`: what is sent to the hub of a running simulation, what comes back, and what becomes of it, in a file."""

import time
from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.reading import write_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json, say

QUIET_SECONDS = 1.0
LONGEST_SECONDS = 60.0


@click.group("record", cls=Suggesting)
def command() -> None:
    """Record a session with the running simulation, for `tb replay`."""


@command.command("start")
@plane_options
def start(world: str | None, space: str, as_json: bool) -> Exit:
    """Record from now on who speaks to the hub at the address that this prints."""
    told = Plane(world, space).call("POST", "/recording", body={})
    if as_json:
        out_json(told)
        return Exit.OK
    out(f"export TRADEBRIDGE_URL={told['url']}")
    say(f"{mark('ok')} recording: whoever speaks to this address is heard; tb record stop -o FILE ends it")
    _say_what_is_missing(told)
    return Exit.OK


@command.command("show")
@plane_options
def show(world: str | None, space: str, as_json: bool) -> Exit:
    """Say how much is recorded."""
    told = Plane(world, space).get("/recording")
    if as_json:
        out_json(told)
        return Exit.OK
    out(f"{told['steps']} calls, {told['entries']} entries of journals, {told['bytes']} bytes, at {told['url']}")
    _say_what_is_missing(told)
    return Exit.OK


@command.command("stop")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write; - is standard output.")
@click.option(
    "--quiet",
    type=click.FloatRange(0, LONGEST_SECONDS),
    default=QUIET_SECONDS,
    show_default=True,
    help="First wait until nobody has written into a journal for so many seconds.",
)
@plane_options
def stop(output: str, quiet: float, world: str | None, space: str, as_json: bool) -> Exit:
    """End the recording and write the cassette: JSON, without keys and secrets."""
    plane = Plane(world, space)
    told = _at_rest(plane, quiet)
    data = plane.data("/recording/cassette")
    plane.delete("/recording")
    write_bytes(output, data)
    if as_json and output != "-":
        out_json({**told, "file": output})
    elif output != "-":
        out(f"{mark('ok')} {output}: {told['steps']} calls, {told['entries']} entries of journals")
    _say_what_is_missing(told)
    return Exit.OK


def _at_rest(plane: Plane, quiet: float) -> dict[str, Any]:
    """How much is recorded, once nobody has written for so long; at the latest after a minute."""
    told = plane.get("/recording")
    until, still = time.monotonic() + LONGEST_SECONDS, time.monotonic() + quiet
    while time.monotonic() < min(until, still):
        time.sleep(0.05)
        seen = plane.get("/recording")
        if seen["entries"] != told["entries"]:
            still = time.monotonic() + quiet
        told = seen
    return told


def _say_what_is_missing(told: dict[str, Any]) -> None:
    if told["before"]:
        say(f"{mark('warn')} the world was not new: {told['before']} entries are from before, and not in the cassette")
    if told["full"]:
        say(f"{mark('warn')} the cassette is full: calls are passed on and not kept any more")
