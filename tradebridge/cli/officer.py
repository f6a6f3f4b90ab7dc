"""`tb officer`: how the officers of simulated members work."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import columns, mark, out, out_json


@click.group("officer", cls=Suggesting)
def command() -> None:
    """See and set how officers work in the running simulation: at once, at a pace, in office hours, or by hand."""


@command.command("list")
@plane_options
def list_officers(world: str | None, space: str, as_json: bool) -> Exit:
    """List the members, and how their officers work."""
    found = Plane(world, space).get("/officers")
    if as_json:
        out_json(found)
        return Exit.OK
    for line in columns([(each["member"], _way(each)) for each in found["items"]]):
        out(line)
    return Exit.OK


@command.command("set")
@click.argument("member", metavar="MEMBER")
@click.argument("mode", type=click.Choice(["auto", "pace", "office", "manual"]))
@click.argument("pace", metavar="[DURATION]", required=False)
@plane_options
def set_officers(member: str, mode: str, pace: str | None, world: str | None, space: str, as_json: bool) -> Exit:
    """Let the officers of MEMBER work at once (auto), need a DURATION for each document (pace PT30M), work in their
    window's hours and at its pace (office), or wait for a person (manual)."""
    given = {} if pace is None else {"pace": pace}
    told = Plane(world, space).put(f"/officers/{member}", mode=mode, **given)
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['member']}: {_way(told)}")
    return Exit.OK


@command.command("decide")
@click.argument("member", metavar="MEMBER")
@click.argument("document", metavar="DOCUMENT")
@click.argument("decision", metavar="DECISION")
@click.option("--reason", metavar="SLUG", help="Of `tb magic`: hs-mismatch, other-consignee, ...")
@plane_options
def decide(
    member: str, document: str, decision: str, reason: str | None, world: str | None, space: str, as_json: bool
) -> Exit:
    """Decide by hand on DOCUMENT (id or number) that MEMBER has: accepted, queried, rejected, ..."""
    given = {} if reason is None else {"reason": reason}
    told = Plane(world, space).post(f"/officers/{member}:decide", document=document, decision=decision, **given)
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['member']}: {decision} on {told['number'] or told['document']}")
    return Exit.OK


def _way(told: dict[str, object]) -> str:
    pace = f"{told['mode']}, {told['paceSeconds']:g} s for each"
    if told["mode"] == "office":
        return f"{pace}, {told['hours']}"
    return pace if told["mode"] == "pace" else str(told["mode"])
