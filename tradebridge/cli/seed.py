"""`tb seed`: documents out of the seed, for a world that shall not be empty."""

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.terminal import mark, out, out_json


@click.command("seed")
@click.option("--count", type=click.IntRange(1, 500), default=20, show_default=True, help="So many certificates.")
@plane_options
def command(count: int, world: str | None, space: str, as_json: bool) -> Exit:
    """Fill the running simulation with certificates out of its seed, sent, delivered and decided."""
    told = Plane(world, space).post("/seed", count=count)
    if told["problems"]:
        raise Failed(Exit.CHECKS_FAILED, told["problems"][0], "`tb journal show` has what happened.")
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['accepted']} accepted, {told['delivered']} delivered, {told['decided']} decided")
    return Exit.OK
