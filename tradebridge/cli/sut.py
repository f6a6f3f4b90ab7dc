"""`tb sut`: the system under test, as the conformance kit knows it: a window, described in a file."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.conformance_told import mark_of
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from simulator.conformance.probe import Probed


@click.group("sut", cls=Suggesting)
def command() -> None:
    """Describe your system to the conformance kit, and knock at it."""


@command.command("init")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--code", default="MY-WINDOW", show_default=True, metavar="ID", help="Your member id.")
@click.option("--country", default="TH", show_default=True, metavar="XX", help="Where it is the window.")
@click.option(
    "--url", default="http://127.0.0.1:9100", show_default=True, help="The hub posts to URL/push; the rest lies beside."
)
@click.option("--pull", is_flag=True, help="It has no address: it asks for its inbox.")
@click.option("--certificate", default="window.pem", show_default=True, metavar="PEM", help="In FOLDER.")
@click.option("--kit-port", default=9300, show_default=True, help="Where the kit listens as hub.")
@json_option
def init(
    folder: Path, code: str, country: str, url: str, pull: bool, certificate: str, kit_port: int, as_json: bool
) -> Exit:
    """Write FOLDER/window.toml, which describes your window to the kit. What is there is kept.

    Once your certificate is there, FOLDER/kit/trust.json tells your window whom to trust: call it again after a change.
    For an eBL platform: `tb conformance prepare`.
    """
    from simulator.conformance.described import BadSystem
    from simulator.conformance.suites.window.system import prepare_window

    kept = (folder / "window.toml").exists()
    try:
        file = prepare_window(folder, code, country, url, certificate, kit_port, pulls=pull)
    except (BadSystem, OSError) as error:
        raise Failed(Exit.USAGE, str(error), "Mend the file, or remove it to have it written anew.") from error
    trust = folder / "kit" / "trust.json"
    if as_json:
        out_json({"sut": str(file), "kept": kept, "trust": str(trust) if trust.exists() else None})
        return Exit.OK
    out(f"{mark('ok')} {file} {'was there already' if kept else 'says how the kit reaches your window'}")
    if trust.exists():
        out(f"{mark('ok')} {trust} says whom it has to trust: the kit as hub, and members")
        say(f"Then: tb sut probe {file}; tb conformance run --sut {file}")
    else:
        out(f"{mark('warn')} {folder / certificate} is not there yet: put it there and call this again")
    return Exit.OK


@command.command("probe")
@click.argument("file", metavar="TOML", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def probe(file: Path, as_json: bool) -> Exit:
    """Knock at the system of TOML: is it there, does it speak, is its clock right? Nothing is delivered.

    Exit code 0: all of it; 1: something is not as it should be.
    """
    found = asyncio.run(_probed(file))
    bad = any(each.word.value == "fail" for each in found)
    if as_json:
        items = [{"what": each.what, "result": each.word.value, "found": each.found, "fix": each.fix} for each in found]
        out_json({"ok": not bad, "items": items})
        return Exit.CHECKS_FAILED if bad else Exit.OK
    for each in found:
        out(f"{mark_of(each.word.value)} {each.what}: {each.found}")
        if each.fix:
            out(f"       fix: {each.fix}")
    return Exit.CHECKS_FAILED if bad else Exit.OK


async def _probed(file: Path) -> "list[Probed]":
    from simulator.conformance.described import BadSystem
    from simulator.conformance.probe import probe_platform, probe_window
    from simulator.conformance.subjects import kind_of, read

    try:
        system, _ = read(file, say)
        asking = probe_window if kind_of(file) == "window" else probe_platform
    except (BadSystem, OSError) as error:
        raise Failed(Exit.USAGE, str(error), "`tb sut init` writes a file to fill in.") from error
    return [each async for each in asking(system)]
