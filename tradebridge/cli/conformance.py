"""`tb conformance`: suites that a platform is tried with, ours by default, yours with `--sut`.

Exit code 0 only if every scenario that applies passed. No traffic is no pass, and an error of the kit is told as ours.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from simulator.conformance.runner import Result, Run, Scenario, Suite
    from simulator.conformance.sut import System

_MARKS = {"pass": "ok", "fail": "fail", "error": "fail", "no-traffic": "fail", "warning": "warn", "waiting": "warn"}


@click.group("conformance", cls=Suggesting)
def command() -> None:
    """Try a platform against a standard, in both roles."""


@command.command("suites")
@json_option
def suites(as_json: bool) -> Exit:
    """List the suites, their scenarios and the standard of each."""
    from simulator.conformance.suites import SUITES, suite

    found = [suite(name) for name in SUITES]
    if as_json:
        out_json({"items": [_suite_json(each) for each in found]})
        return Exit.OK
    for each in found:
        out(f"{bold(each.name)}  {each.standard}: {len(each.scenarios)} scenarios")
        for line in columns([(f"  {scenario.name}", scenario.title) for scenario in each.scenarios]):
            out(line)
    return Exit.OK


def _suite_json(suite: "Suite[Any]") -> dict[str, Any]:
    scenarios = [{"name": each.name, "role": each.role.value, "title": each.title} for each in suite.scenarios]
    return {"suite": suite.name, "version": suite.version, "standard": suite.standard, "scenarios": scenarios}


@command.command("prepare")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--code", default="MYPL", show_default=True, help="Your platform's code.")
@click.option(
    "--base", default="http://127.0.0.1:9100", show_default=True, metavar="URL", help="PINT is under /pint/v3."
)
@click.option("--certificate", default="my-platform.pem", show_default=True, metavar="PEM", help="In FOLDER.")
@click.option("--kit-port", default=9300, show_default=True, help="Where the kit's platforms listen.")
@json_option
def prepare(folder: Path, code: str, base: str, certificate: str, kit_port: int, as_json: bool) -> Exit:
    """Make the kit's keys and a file that describes your system, in FOLDER. What is there is kept.

    FOLDER/kit/peers.json tells your system who the kit is: two platforms and a carrier.
    """
    from simulator.conformance.sut import prepare as make

    kept = (folder / "sut.toml").exists()
    described = make(folder, code, base, certificate, kit_port)
    peers = folder / "kit" / "peers.json"
    if as_json:
        out_json({"sut": str(described), "kept": kept, "peers": str(peers)})
        return Exit.OK
    out(f"{mark('ok')} {described} {'was there already' if kept else 'says how the kit reaches your system'}")
    out(f"{mark('ok')} {peers} says who the kit is: addresses, tokens, certificates")
    say(f"Then: tb conformance run pint --sut {described}")
    return Exit.OK


@command.command("run")
@click.argument("suite", metavar="SUITE")
@click.option("--sut", metavar="TOML", type=click.Path(path_type=Path, dir_okay=False), help="Your system; else ours.")
@click.option("--platform", "platforms", multiple=True, metavar="CODE", help="Of ours only this one, such as STRA.")
@click.option("--only", multiple=True, metavar="TEXT", help="Only scenarios whose name has this text.")
@click.option("--role", type=click.Choice(["receiver", "sender"]), help="Only with the system in this role.")
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write report.json and index.html here, with all that was exchanged.",
)
@json_option
def run(
    suite: str,
    sut: Path | None,
    platforms: tuple[str, ...],
    only: tuple[str, ...],
    role: str | None,
    folder: Path | None,
    as_json: bool,
) -> Exit:
    """Play SUITE against a system, and say of each scenario what came of it.

    Without --sut: against Tradebridge's own platforms, each started as a process of its own. With --json the last
    line of standard output is the result.
    """
    from simulator.conformance.suites import SUITES
    from simulator.conformance.suites import suite as suite_of

    if suite not in SUITES:
        raise click.UsageError(f"There is no suite {suite!r}. There are: {', '.join(SUITES)}.")
    if sut is not None and platforms:
        raise click.UsageError("--platform chooses among ours; leave it out with --sut.")
    chosen = suite_of(suite)

    def asked(scenario: "Scenario[Any]") -> bool:
        named = not only or any(text in scenario.name for text in only)
        return named and role in (None, scenario.role.value)

    if not any(asked(each) for each in chosen.scenarios):
        raise click.UsageError(f"No scenario is like that; `tb conformance suites` lists those of {suite}.")
    runs = asyncio.run(_all(chosen, sut, platforms, asked, as_json))
    if folder is not None:
        for each in runs:
            _report(each, folder if len(runs) == 1 else folder / each.code)
    if as_json:
        out_json(_json(suite, runs))
    else:
        _show(runs, f"tb conformance run {suite} " + (f"--sut {sut}" if sut else ""))
    return Exit.OK if all(each.passed for each in runs) else Exit.CHECKS_FAILED


async def _all(
    suite: "Suite[Any]", sut: Path | None, platforms: tuple[str, ...], asked: Any, as_json: bool
) -> "list[Run]":
    """One run for each system."""
    from simulator.conformance.own import CannotStart, own_systems
    from simulator.conformance.sut import BadSystem, read_system

    if sut is not None:
        try:
            return [await _one(suite, read_system(sut, say), asked, as_json)]
        except BadSystem as error:
            raise Failed(Exit.USAGE, str(error)) from error
        except OSError as error:
            step = "Give the file that `tb conformance prepare` wrote, with paths that are there and a free port."
            raise Failed(Exit.USAGE, str(error), step) from error
    runs = []
    try:
        async with own_systems(platforms) as systems:
            for system in systems:
                runs.append(await _one(suite, system, asked, as_json))
    except CannotStart as error:
        raise Failed(Exit.UNREACHABLE, str(error), error.next_step) from error
    return runs


async def _one(suite: "Suite[Any]", system: "System", asked: Any, as_json: bool) -> "Run":
    from simulator.conformance.runner import run as play

    def told(result: "Result") -> None:
        if not as_json or result.word.value in ("fail", "error", "no-traffic"):
            why = f": {result.reason}" if result.reason else ""
            say(f"{mark(_MARKS.get(result.word.value, 'skip'))} {system.code} {result.name} {result.word.value}{why}")

    once = 1 if system.controls.by_person else system.at_once
    return await play(suite, system, name=system.name, code=system.code, only=asked, at_once=once, told=told)


def _report(run: "Run", folder: Path) -> None:
    from simulator.conformance import report

    say(f"{mark('ok')} {report.write(run, folder)}")


def _json(suite: str, runs: "list[Run]") -> dict[str, Any]:
    """Sums over the systems, and every scenario of each."""
    from simulator.conformance.runner import counts

    return {
        "suite": suite,
        **counts([result for each in runs for result in each.results]),
        "ok": all(each.passed for each in runs),
        "systems": [
            {"system": each.system, "code": each.code, "ok": each.passed, **counts(each.results)} for each in runs
        ],
        "scenarios": [{"system": each.code, **told} for each in runs for told in each.brief()],
    }


def _show(runs: "list[Run]", again: str) -> None:
    """What does not hold, with the command that plays the scenario again; then one line a system."""
    for each in runs:
        for result in each.results:
            broken = [check for check in result.checks if check.word.value in ("fail", "warning")]
            for check in broken:
                out(f"{mark(_MARKS[check.word.value])} {each.code} {result.name}: {check.sentence.text}")
                out(f"       found {check.found}; expected {check.expected} ({check.sentence.source})")
            if broken:
                chosen = again if "--sut" in again else f"{again}--platform {each.code}"
                out(f"       again: {chosen} --only {result.name} --report report")
        said = [f"{count} {word}" for word, count in _words(each)]
        out(f"{mark('ok' if each.passed else 'fail')} {each.system} ({each.code}): {', '.join(said)}")


def _words(run: "Run") -> list[tuple[str, int]]:
    from simulator.conformance.runner import Word

    return [(word.value, run.count(word)) for word in Word if run.count(word)]
