"""`tb demo`: hub and world, playing a scenario before your eyes; then they stay for you to try.

Done means that every document reached its end: `dead` and `lost` are 0, where `lost` is counted from the members' own
journals against the log's proofs.
"""

from datetime import datetime
from pathlib import Path

import click

from tradebridge.cli import keepsake, world
from tradebridge.cli.exits import Exit
from tradebridge.cli.terminal import out_json
from tradebridge.cli.where import json_option


@click.command("demo")
@click.option("--scenario", default="asean-japan", show_default=True, metavar="NAME", help="What to play.")
@click.option("--once", is_flag=True, help="End after the scenario; exit code 0 only if everything reached its end.")
@click.option("--deadline", type=click.FloatRange(min=1), default=120.0, show_default=True, help="Seconds for it.")
@world.world_options
@json_option
def command(
    scenario: str,
    once: bool,
    deadline: float,
    seed: str,
    clock: datetime | None,
    data: Path | None,
    port: int,
    with_: tuple[str, ...],
    as_json: bool,
) -> Exit:
    """Play a scenario: single windows, an authority and platforms exchange certificates and bills of lading.

    At the end stands the command that verifies what just happened; it works when the world is gone. With --json the
    summary is the last line of standard output, with that command in it.
    """
    world.check_scenario(scenario)
    with world.started(world.Options.of(seed, clock, data, port, with_)) as launched:
        if not as_json:
            world.show(launched)
        summary = world.play(launched, scenario, deadline)
        verify = keepsake.keep(launched, summary, data)
        if as_json:
            world.say_problems(summary)
            out_json({**summary.to_json(), "verify": verify})
        else:
            world.show_outcome(summary)
        if once:
            if not as_json:
                world.say_verify(verify)
            return Exit.OK if summary.complete else Exit.CHECKS_FAILED
        with world.until_interrupted():
            if not as_json:
                world.say_next()
                world.say_verify(verify)
            world.stay(launched)
    return Exit.OK
