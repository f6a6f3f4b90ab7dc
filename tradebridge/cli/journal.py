"""`tb journal`: what the simulated members have sent, taken and said, and what came close."""

from pathlib import Path
from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import columns, dim, out, out_json


@click.group("journal", cls=Suggesting)
def command() -> None:
    """Read the journals of the running simulation, and near misses."""


@command.command("show")
@click.option("--member", default="", metavar="MEMBER", help="A member, or a country for its window.")
@click.option("--kind", default="", metavar="KIND", help="sent, received, acknowledged, 'event sent', fault, ...")
@click.option("--document", default="", metavar="ID", help="Of one document.")
@click.option("--number", default="", metavar="NUMBER", help="Of the document of this number.")
@click.option("--since", type=click.IntRange(min=0), default=0, help="Entries after this one.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="So many at most.")
@click.option("--wait", type=click.FloatRange(0, 60), default=0.0, metavar="SECONDS", help="Until there is one.")
@plane_options
def show(
    member: str,
    kind: str,
    document: str,
    number: str,
    since: int,
    limit: int,
    wait: float,
    world: str | None,
    space: str,
    as_json: bool,
) -> Exit:
    """Show entries as they were written. With --json `next` is what --since takes to go on."""
    query = {"member": member, "kind": kind, "document": document, "number": number}
    found = Plane(world, space).get("/journal", **query, since=since, limit=limit, wait=wait)
    if as_json:
        out_json(found)
        return Exit.OK
    for line in columns([_row(each) for each in found["items"]] or [(dim("nothing yet"),)]):
        out(line)
    return Exit.OK


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    said = entry.get("event", {}).get("type", "") or ", ".join(entry.get("codes", ()))
    labels = " ".join(f"[{each}]" for each in entry.get("faults", ()))
    number = entry.get("number", "") or entry.get("message_id", "")
    return str(entry["n"]), entry["at"], entry["member"], entry["kind"], number, f"{said} {labels}".strip()


@command.command("near")
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@plane_options
def near(file: Path | None, world: str | None, space: str, as_json: bool) -> Exit:
    """Show which valid profile FILE comes closest to, and what differs; without FILE, what the hub refused lately."""
    plane = Plane(world, space)
    found = plane.get("/near-misses") if file is None else plane.call("POST", "/near-misses", data=file.read_bytes())
    if as_json:
        out_json(found)
        return Exit.OK
    shown = found["items"] if file is None else found["items"][:1]
    for each in shown:
        out(f"{each['number'] + '   ' if each.get('number') else ''}{each['sentence']}")
    if not shown:
        out(dim("nothing was refused"))
    return Exit.OK
