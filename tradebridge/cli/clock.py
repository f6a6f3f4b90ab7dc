"""`tb clock`: the business clock of a running simulation."""

from datetime import datetime
from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import out, out_json


@click.group("clock", cls=Suggesting)
def command() -> None:
    """See and move the business clock of the running simulation: dates, terms, officers.

    Waiting, trying again and the log go by the machine's own time, always.
    """


@command.command("show")
@plane_options
def show(world: str | None, space: str, as_json: bool) -> Exit:
    """Show what time it is there, and how the clock goes."""
    return _told(Plane(world, space).get("/clock"), as_json)


@command.command("freeze")
@click.argument("at", metavar="[TIME]", type=MOMENT, required=False)
@plane_options
def freeze(at: datetime | None, world: str | None, space: str, as_json: bool) -> Exit:
    """Let it stand still: at TIME (2026-01-05T09:00:00Z), or at what it shows now."""
    given = {} if at is None else {"at": at.isoformat()}
    return _told(Plane(world, space).post("/clock", mode="frozen", **given), as_json)


@command.command("advance")
@click.argument("by", metavar="DURATION")
@plane_options
def advance(by: str, world: str | None, space: str, as_json: bool) -> Exit:
    """Move it on by DURATION: P30D, PT2H, P1DT12H. One that stands still stands still there.

    When this returns, all that came due by it was said: certificates that expire, terms that run out, reminders.
    """
    return _told(Plane(world, space).post("/clock:advance", by=by), as_json)


@command.command("real")
@plane_options
def real(world: str | None, space: str, as_json: bool) -> Exit:
    """Let it run with the machine's own time."""
    return _told(Plane(world, space).post("/clock", mode="real"), as_json)


def _told(clock: dict[str, Any], as_json: bool) -> Exit:
    if as_json:
        out_json(clock)
        return Exit.OK
    ahead = clock["aheadSeconds"]
    goes = "it stands still" if clock["mode"] == "frozen" else "it runs" + (f", {ahead:.0f} s ahead" if ahead else "")
    out(f"{clock['now']}   {goes}")
    return Exit.OK
