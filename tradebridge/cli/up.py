"""`tb up`: a hub and its partners on this machine, until Ctrl-C."""

from datetime import datetime
from pathlib import Path

import click

from tradebridge.cli import world
from tradebridge.cli.exits import Exit
from tradebridge.cli.terminal import out_json
from tradebridge.cli.where import json_option

SCENARIO_SECONDS = 120.0


@click.command("up")
@click.option("--scenario", metavar="NAME", help="Play this scenario first, such as asean-japan.")
@world.world_options
@json_option
def command(
    scenario: str | None,
    seed: str,
    clock: datetime | None,
    data: Path | None,
    port: int,
    with_: tuple[str, ...],
    as_json: bool,
) -> Exit:
    """Start a hub and a simulated world: eleven single windows, an issuing authority, platforms.

    Both stay until interrupted. --json prints one line with ports and keys when they are ready.
    """
    if scenario:
        world.check_scenario(scenario)
    options = world.Options.of(seed, clock, data, port, with_)
    with world.started(options) as launched, world.until_interrupted():
        if as_json:
            out_json(launched.to_json())
        else:
            world.show(launched)
            world.say_next()
        if scenario:
            world.show_outcome(world.play(launched, scenario, SCENARIO_SECONDS))
        world.stay(launched)
    return Exit.OK
