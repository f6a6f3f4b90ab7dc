"""`tb up`: a hub and its partners on this machine, until Ctrl-C."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from tradebridge.cli import world
from tradebridge.cli.exits import Exit
from tradebridge.cli.names import member_ids
from tradebridge.cli.terminal import out_json
from tradebridge.cli.where import json_option

SCENARIO_SECONDS = 120.0


@click.command("up")
@click.option("--scenario", metavar="NAME", help="Play this scenario first, such as asean-japan.")
@click.option("--desk", "desks", multiple=True, metavar="ID", help="This member has a desk in the console: th, jcci.")
@world.world_options
@json_option
def command(
    scenario: str | None,
    desks: tuple[str, ...],
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
    if scenario and desks:
        raise click.UsageError(
            "a scenario plays every member by itself, and would wait for your officers: no --desk with it"
        )
    options = replace(world.Options.of(seed, clock, data, port, with_), desks=_at_desks(desks, "tl" in with_))
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


def _at_desks(given: tuple[str, ...], with_tl: bool) -> tuple[str, ...]:
    """The members that shall have a desk. One that does not take part is an error of usage."""
    if not given:
        return ()
    from simulator.members import members

    chosen, known = member_ids(given, "recipient"), [each.id for each in members(with_tl=with_tl)]
    if unknown := [each for each in chosen if each not in known]:
        raise click.UsageError(f"no member {unknown[0]} takes part. There are: {', '.join(known)}")
    return chosen
