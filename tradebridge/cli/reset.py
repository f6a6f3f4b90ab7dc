"""`tb reset`: a running simulation as it was at its start."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.terminal import mark, out, out_json


@click.command("reset")
@click.argument("what", nargs=-1, type=click.Choice(["documents", "faults", "scripts", "officers", "clock"]))
@plane_options
def command(what: tuple[str, ...], world: str | None, space: str, as_json: bool) -> Exit:
    """Reset the running simulation: all of it, or only WHAT. Documents, journals and the log of it are gone then."""
    told = Plane(world, space).post("/reset", **({"what": what} if what else {}))
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} reset: {', '.join(told['reset'])}")
    return Exit.OK
