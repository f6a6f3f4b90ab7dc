"""`tb report`: reports of conformance runs, in files."""

from pathlib import Path
from typing import Any

import click

from tradebridge.cli import running
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import read_json
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import json_option


@click.group("report", cls=Suggesting)
def command() -> None:
    """Work with the reports of conformance runs."""


@command.command("diff")
@click.argument("before", metavar="REPORT")
@click.argument("after", metavar="REPORT")
@json_option
def diff(before: str, after: str, as_json: bool) -> Exit:
    """Say what has changed between two reports: report.json, or the folders that they are in.

    Exit code 1 if something got worse. Of runs that are kept: `tb conformance compare`.
    """
    return show_difference(_read(before), _read(after), as_json)


@command.command("certificate")
@json_option
def certificate(as_json: bool) -> Exit:
    """Print the certificate of this machine's kit, in PEM: with it others check your reports (`tb verify --trust`)."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from simulator.conformance.signed import kit_signer

    own = kit_signer(running.shelf_folder()).certificate
    pem = own.public_bytes(Encoding.PEM).decode().strip()
    if as_json:
        out_json({"certificate": pem})
    else:
        out(pem)
    return Exit.OK


def _read(name: str) -> dict[str, Any]:
    from simulator.conformance.report_schema import FORMAT

    path = Path(name) / "report.json" if Path(name).is_dir() else Path(name)
    told = read_json(str(path))
    if told.get("format") != FORMAT:
        raise Failed(Exit.USAGE, f"{path} is no report of a conformance run", "`tb conformance run --report DIR`.")
    return told


def show_difference(before: dict[str, Any], after: dict[str, Any], as_json: bool) -> Exit:
    """What changed, worst first."""
    from simulator.conformance.comparing import changes

    found = changes(before, after)
    worse = [each for each in found if each.is_worse]
    if as_json:
        told = [vars_of(each) for each in found]
        out_json({"suite": after["suite"], "changes": told, "worse": len(worse), "ok": not worse})
    else:
        for each in found:
            what = f"{each.scenario} {each.check}".strip()
            out(f"{mark('fail' if each.is_worse else 'ok')} {what}: {each.before} -> {each.after}")
        out(f"{mark('fail' if worse else 'ok')} {len(worse)} worse, {len(found) - len(worse)} better or other")
    return Exit.CHECKS_FAILED if worse else Exit.OK


def vars_of(change: Any) -> dict[str, Any]:
    return {name: getattr(change, name) for name in ("scenario", "check", "before", "after")} | {
        "worse": change.is_worse
    }
