"""`tb serve`: run a hub, alone, in a process that sees no folder of the user's by our names (`python -P`)."""

import os
import sys
from datetime import datetime
from pathlib import Path

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.moments import MOMENT


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes any free one.")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Folder of the store and the keys."
)
@click.option("--database-url", metavar="URL", help="sqlite:///PATH or postgresql+psycopg://...")
@click.option("--mode", type=click.Choice(["dev", "pilot"]), help="dev: simulation allowed. pilot: not built yet.")
@click.option("--seed", metavar="SEED", help="Simulation: test keys from this seed.")
@click.option("--clock", type=MOMENT, metavar="TIME", help="Simulation: the business clock stands still.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="How much to log.")
def command(clock: datetime | None, **settings: object) -> Exit:
    """Run a hub until it is stopped. What is not given comes from the environment, TRADEBRIDGE_*."""
    given = {name: str(value) for name, value in settings.items() if value is not None}
    if clock is not None:
        given["clock"] = clock.isoformat()
    environment = dict(os.environ) | {f"TRADEBRIDGE_{name.upper()}": value for name, value in given.items()}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "exchange.serve"], environment)  # noqa: S606  # fixed list
