"""`tb script`: what becomes of the next documents."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import columns, dim, mark, out, out_json


@click.group("script", cls=Suggesting)
def command() -> None:
    """Say what becomes of the next documents in the running simulation."""


@command.command("next")
@click.argument("member", metavar="MEMBER")
@click.argument("decision", metavar="DECISION")
@click.option("--reason", metavar="SLUG", help="Of `tb magic`: hs-mismatch, other-consignee, ...")
@click.option("--after", default="PT0S", metavar="DURATION", help="Of the business clock, from its arrival: PT2S.")
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="The next so many documents.")
@click.option("--profile", default="", metavar="ID", help="Only of this profile.")
@click.option("--number", default="", metavar="NUMBER", help="Only the document of this number.")
@plane_options
def next_one(
    member: str,
    decision: str,
    reason: str | None,
    after: str,
    times: int,
    profile: str,
    number: str,
    world: str | None,
    space: str,
    as_json: bool,
) -> Exit:
    """The next document to MEMBER (or a country, for its window) gets DECISION: accepted, queried, rejected, ...

    \b
    tb script next TH rejected --reason hs-mismatch --after PT2S
    """
    given = {} if reason is None else {"reason": reason}
    made = Plane(world, space).post(
        "/scripts", to=member, decision=decision, after=after, times=times, profile=profile, number=number, **given
    )
    if as_json:
        out_json(made)
    else:
        out(f"{mark('ok')} {made['id']}: the next {made['times']} to {made['to']}: {', '.join(made['says'])}")
    return Exit.OK


@command.command("list")
@plane_options
def list_scripts(world: str | None, space: str, as_json: bool) -> Exit:
    """List them, with the documents that each was for."""
    found = Plane(world, space).get("/scripts")
    if as_json:
        out_json(found)
        return Exit.OK
    rows: list[tuple[str, ...]] = [
        (each["id"], each["to"], ", ".join(each["says"]), f"{each['left']} left") for each in found["items"]
    ]
    for line in columns(rows or [(dim("no script waits"),)]):
        out(line)
    return Exit.OK


@command.command("clear")
@click.argument("script_id", metavar="[ID]", required=False)
@plane_options
def clear(script_id: str | None, world: str | None, space: str, as_json: bool) -> Exit:
    """Forget the script ID, or all."""
    Plane(world, space).delete(f"/scripts/{script_id}" if script_id else "/scripts")
    if as_json:
        out_json({"cleared": script_id or "all"})
    else:
        out(f"{mark('ok')} forgotten: {script_id or 'all scripts'}")
    return Exit.OK
