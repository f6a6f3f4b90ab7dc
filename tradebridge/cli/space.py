"""`tb space`: worlds of one's own in the processes of a running simulation."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import columns, mark, out, out_json


@click.group("space", cls=Suggesting)
def command() -> None:
    """Make and drop worlds of one's own in the running simulation."""


@command.command("list")
@plane_options
def list_spaces(world: str | None, space: str, as_json: bool) -> Exit:
    """List them; the default one has no name."""
    found = Plane(world, space).get("/spaces")
    if as_json:
        out_json(found)
        return Exit.OK
    for line in columns([(each["name"] or "(default)", each["hub"], each["world"]) for each in found["items"]]):
        out(line)
    return Exit.OK


@command.command("add")
@click.argument("name", metavar="NAME")
@plane_options
def add(name: str, world: str | None, space: str, as_json: bool) -> Exit:
    """Make the space NAME: the same members with the same keys; documents, log, clock and faults of its own."""
    made = Plane(world, space).post("/spaces", name=name)
    if as_json:
        out_json(made)
    else:
        out(f"{mark('ok')} {made['name']}   {made['hub']}")
    return Exit.OK


@command.command("drop")
@click.argument("name", metavar="NAME")
@plane_options
def drop(name: str, world: str | None, space: str, as_json: bool) -> Exit:
    """Drop the space NAME with all that is in it."""
    Plane(world, space).delete(f"/spaces/{name}")
    if as_json:
        out_json({"dropped": name})
    else:
        out(f"{mark('ok')} dropped: {name}")
    return Exit.OK
