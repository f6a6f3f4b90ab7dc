"""`tb partner serve`: one simulated partner, platform or witness alone, in a process and over a store of its own.

Crash tests kill it; an integrator puts a platform of their own beside it.
"""

import json
import os
import re
import sys
from datetime import datetime
from pathlib import Path

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.moments import MOMENT

WITNESS_CODE = re.compile(r"[A-Z]{2}-WITNESS")


@click.group("partner")
def command() -> None:
    """Run one simulated partner alone."""


@command.command("serve")
@click.argument("code", metavar="CODE")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="JSON.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Store and files.")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes any free one.")
@click.option("--seed", default="42", metavar="SEED", show_default=True, help="Keys and tokens that no file gives.")
@click.option("--peer", "peers", multiple=True, metavar="CODE=URL", help="Without --config: another platform.")
@click.option("--account", "accounts", multiple=True, metavar="CODE=NAME", help="Without --config: a user.")
@click.option("--clock", type=MOMENT, metavar="TIME", help="The business clock stands still.")
@click.option("--hub", metavar="URL", help="Of a member: the hub that it exchanges through.")
@click.option("--log", "logs", multiple=True, metavar="KEY", help="Of a witness: the log to watch, by verifier key.")
@click.option("--hold", metavar="STEP[:N]", help="Stop for good at a step of a transfer, to be killed there.")
def serve(
    code: str,
    config: Path | None,
    data: Path | None,
    host: str,
    port: int,
    seed: str,
    peers: tuple[str, ...],
    accounts: tuple[str, ...],
    clock: datetime | None,
    hub: str | None,
    logs: tuple[str, ...],
    hold: str | None,
) -> Exit:
    """Run one simulated partner, CODE, alone until it is stopped.

    A member of the world (TH-NSW, JP-JCCI, ...) exchanges through the hub at --hub, which is told its address. A
    witness (TH-WITNESS) cosigns the checkpoints of the logs it watches (C2SP tlog-witness): docs/witnesses.md.

    Any other code (STRA, MEKO, FUJI, ...) is an eBL platform. It speaks PINT under /pint/v3, DCSA's issuance, surrender
    and endorsement chain under /ebl/v3, and to its users under /v1/titles. Whom it knows is its configuration:
    docs/connect-a-platform.md.
    """
    from simulator.members import members

    folder = data or Path(".tradebridge") / "partners" / code
    folder.mkdir(parents=True, exist_ok=True)
    if WITNESS_CODE.fullmatch(code):
        module, own = "witness_alone", ["--country", code[:2].lower(), "--seed", seed]
        own += [part for each in logs for part in ("--log", each)]
    elif code in {each.id for each in members(with_tl=True)}:
        if hub is None:
            raise click.UsageError(f"{code} exchanges through a hub: name its address with --hub URL.")
        module, own = "serve", ["--only", code, "--hub", hub, "--seed", seed]
    else:
        if config is None:
            config = folder / "platform.json"
            config.write_text(json.dumps(_configuration(code, seed, peers, accounts), indent=2), "utf-8")
        module, own = "platform", ["--code", code, "--config", str(config), *(["--hold", hold] if hold else [])]
    arguments = [*own, "--data", str(folder), "--host", host, "--port", str(port)]
    if clock is not None:
        arguments += ["--clock", clock.isoformat()]
    sys.stdout.flush()
    command = [sys.executable, "-P", "-m", f"simulator.{module}", *arguments]
    os.execv(sys.executable, command)  # noqa: S606  # a fixed list, no shell


def _configuration(code: str, seed: str, peers: tuple[str, ...], accounts: tuple[str, ...]) -> dict[str, object]:
    """What the options say, as a configuration. Keys, certificates and tokens come from the seed."""
    known = [_pair(each, "--peer") for each in peers]
    users = [_pair(each, "--account") for each in accounts]
    return {
        "code": code,
        "seed": seed,
        "peers": [{"code": name, "base": url} for name, url in known],
        "accounts": [{"id": name, "partyName": text} for name, text in users],
    }


def _pair(given: str, option: str) -> tuple[str, str]:
    name, mark, value = given.partition("=")
    if not (name and mark and value):
        raise click.BadParameter(f"{given!r} is not of the form CODE=VALUE", param_hint=option)
    return name, value
