"""`tb snapshot`: what has happened in a running simulation, kept under a name."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import dim, mark, out, out_json


@click.group("snapshot", cls=Suggesting)
def command() -> None:
    """Keep what has happened in the running simulation, and go back to it."""


@command.command("list")
@plane_options
def list_snapshots(world: str | None, space: str, as_json: bool) -> Exit:
    """List what is kept."""
    found = Plane(world, space).get("/snapshots")
    if as_json:
        out_json(found)
        return Exit.OK
    for each in found["items"]:
        out(each["name"])
    if not found["items"]:
        out(dim("nothing is kept"))
    return Exit.OK


@command.command("save")
@click.argument("name", metavar="NAME")
@plane_options
def save(name: str, world: str | None, space: str, as_json: bool) -> Exit:
    """Keep documents, journals and log under NAME; what was there under it is replaced."""
    made = Plane(world, space).post("/snapshots", name=name)
    if as_json:
        out_json(made)
    else:
        out(f"{mark('ok')} kept: {name}")
    return Exit.OK


@command.command("load")
@click.argument("name", metavar="NAME")
@plane_options
def load(name: str, world: str | None, space: str, as_json: bool) -> Exit:
    """Go back to NAME. What has happened since is gone; the clock stays as it is."""
    told = Plane(world, space).post(f"/snapshots/{name}:restore")
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} back at: {name}")
    return Exit.OK
