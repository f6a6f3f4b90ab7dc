"""`tb conformance`: suites that a system is tried with, ours by default, yours with `--sut`.

Exit code 0 only if every scenario that applies passed. No traffic is no pass, and an error of the kit is told as ours.
Each run is kept (below `$XDG_STATE_HOME/tradebridge/conformance`): it can be resumed, shown, compared, and each failed
check repeated.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from tradebridge.cli import running
from tradebridge.cli.conformance_told import as_json, lines_of, mark_of, words_of
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from simulator.conformance.kept import Shelf
    from simulator.conformance.playing import Told
    from simulator.conformance.runner import Result, Run, Scenario, Suite
    from simulator.conformance.subjects import Subject

Asked = Callable[["Scenario[Any]"], bool]
ROLES = ("receiver", "sender", "verifier", "holder")


def shelf() -> "Shelf":
    """Where runs are kept."""
    from simulator.conformance.kept import Shelf

    return Shelf(running.shelf_folder())


@click.group("conformance", cls=Suggesting)
def command() -> None:
    """Try a system against a standard, in all its roles."""


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
    """Make the kit's keys and a file that describes your platform, in FOLDER. What is there is kept.

    FOLDER/kit/peers.json tells your system who the kit is: two platforms and a carrier. For a window: `tb sut init`.
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
@click.argument("suite", metavar="[SUITE]", default="")
@click.option("--sut", metavar="TOML", type=click.Path(path_type=Path, dir_okay=False), help="Your system; else ours.")
@click.option("--self", "itself", is_flag=True, help="Every suite against ours, before yours is involved.")
@click.option("--platform", "platforms", multiple=True, metavar="CODE", help="Of ours only this one, such as STRA.")
@click.option("--only", multiple=True, metavar="TEXT", help="Only scenarios whose name has this text.")
@click.option("--role", type=click.Choice(ROLES), help="Only with the system in this role.")
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the reports here, with all that was exchanged.",
)
@json_option
def run(
    suite: str,
    sut: Path | None,
    itself: bool,
    platforms: tuple[str, ...],
    only: tuple[str, ...],
    role: str | None,
    folder: Path | None,
    as_json: bool,
) -> Exit:
    """Play SUITE against a system, and say of each scenario what came of it. With --sut and no SUITE: all that apply.

    Without --sut: against Tradebridge's own systems. With --json the last line of standard output is the result.
    """
    from simulator.conformance.subjects import of_file, ours
    from simulator.conformance.suites import SUITES, family
    from simulator.conformance.suites import suite as suite_of

    if suite and suite not in SUITES:
        raise click.UsageError(f"There is no suite {suite!r}. There are: {', '.join(SUITES)}.")
    if not suite and not itself and sut is None:
        raise click.UsageError("Name a SUITE, your system with --sut, or --self for all suites against ours.")
    if itself and (suite or sut or platforms):
        raise click.UsageError("--self is every suite against ours: name neither SUITE, --sut nor --platform.")
    if platforms and (sut is not None or family(suite) != "pint"):
        raise click.UsageError("--platform chooses among ours for pint and title-holder; leave it out with --sut.")

    def asked(scenario: "Scenario[Any]") -> bool:
        named = not only or any(text in scenario.name for text in only)
        return named and role in (None, scenario.role.value)

    none = click.UsageError("No scenario is like that; `tb conformance suites` lists them.")
    if suite and not any(asked(each) for each in suite_of(suite).scenarios):
        raise none
    chosen = [suite] if suite else []
    subjects = of_file(sut, chosen, say) if sut is not None else ours(chosen, platforms)
    runs = asyncio.run(_all(subjects, asked, as_json))
    if not runs:
        raise none
    return _ended(runs, folder, as_json)


def _ended(runs: "list[Run]", folder: Path | None, in_json: bool) -> Exit:
    """Reports, the result, the exit code."""
    if folder is not None:
        for each in runs:
            _report(each, folder if len(runs) == 1 else folder / _folder_of(each, runs))
    if in_json:
        out_json(as_json(runs))
    else:
        for each in runs:
            for line in lines_of(each):
                out(line)
    return Exit.OK if all(each.passed for each in runs) else Exit.CHECKS_FAILED


def _folder_of(run: "Run", runs: "list[Run]") -> str:
    from simulator.conformance.kept import file_name

    code = file_name(run.code)
    return code if len({each.suite for each in runs}) == 1 else f"{run.suite}-{code}"


async def _all(opening: "AbstractAsyncContextManager[list[Subject]]", asked: Asked, quiet: bool) -> "list[Run]":
    """One run for each suite and system."""
    from simulator.conformance.child import CannotStart
    from simulator.conformance.described import BadSystem
    from simulator.conformance.playing import play

    try:
        async with opening as subjects:
            return await play(subjects, shelf(), teller(quiet), asked)
    except BadSystem as error:
        raise Failed(Exit.USAGE, str(error)) from error
    except CannotStart as error:
        raise Failed(Exit.UNREACHABLE, str(error), error.next_step) from error
    except OSError as error:
        step = "Give the file that `tb sut init` wrote, with paths that are there and a free port."
        raise Failed(Exit.USAGE, str(error), step) from error


def teller(quiet: bool) -> "Told":
    """What says on standard error what came of each scenario; `quiet`: of what is wrong only."""

    def told(suite: "Suite[Any]", subject: "Subject", result: "Result") -> None:
        if not quiet or result.word.value in ("fail", "error", "no-traffic"):
            why = f": {result.reason}" if result.reason else ""
            name = result.name if suite.name == "pint" else f"{suite.name}/{result.name}"
            say(f"{mark_of(result.word.value)} {subject.label} {name} {result.word.value}{why}")

    return told


def _report(run: "Run", folder: Path) -> None:
    from simulator.conformance import report
    from simulator.conformance.signed import kit_signer

    page = report.write(run, folder, kit_signer(shelf().folder))
    say(f"{mark('ok')} {page}")
    if not (folder / report.PDF).exists():
        say(f"{mark('warn')} no {report.PDF}: install the extra with `pip install 'tradebridge[pdf]'`")


# --- Runs that are kept ----------------------------------------------------------------------------------------------


@command.command("resume")
@click.argument("name", metavar="[RUN]", default="")
@click.option("--report", "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@json_option
def resume(name: str, folder: Path | None, as_json: bool) -> Exit:
    """Go on with a run that broke off: play what was not played, waited, had no traffic, or broke. RUN: else the last.

    What passed or failed stays as it was; `tb conformance run` plays all of it anew.
    """
    from simulator.conformance.kept import UNSETTLED, NotKept, run_of
    from simulator.conformance.playing import play_one
    from simulator.conformance.subjects import again
    from simulator.conformance.suites import suite as suite_of

    try:
        keeping = shelf().find(name)
        suite = suite_of(keeping.head.suite)
        before = run_of(keeping, suite)
    except NotKept as error:
        raise Failed(Exit.USAGE, f"{error}", "tb conformance results lists them.") from error
    open_ = {each.name for each in before.results if each.word in UNSETTLED}

    async def go_on() -> "list[Run]":
        async with again(suite.name, keeping.head.source, say) as subject:
            await play_one(suite, subject, keeping, teller(as_json), lambda each: each.name in open_)
        return []

    if open_:
        say(f"{keeping.head.id}: {len(open_)} of {len(before.results)} scenarios to play")
        asyncio.run(_guarded(go_on))
    return _ended([run_of(keeping, suite)], folder, as_json)


async def _guarded(playing: "Callable[[], Any]") -> None:
    """What can be wrong with a system that is found again, told as such."""
    from simulator.conformance.child import CannotStart
    from simulator.conformance.described import BadSystem

    try:
        await playing()
    except (BadSystem, OSError) as error:
        raise Failed(Exit.USAGE, str(error), "The run names a file that must still describe the system.") from error
    except CannotStart as error:
        raise Failed(Exit.UNREACHABLE, str(error), error.next_step) from error


@command.command("results")
@click.argument("name", metavar="[RUN]", default="")
@click.option(
    "--report", "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Write its reports."
)
@json_option
def results(name: str, folder: Path | None, as_json: bool) -> Exit:
    """List the runs that are kept, or show one: RUN is its id, or the beginning of it."""
    if name:
        return _ended([kept_run(name)], folder, as_json)
    runs = [(head.id, kept_run(head.id)) for head in shelf().heads()]
    if as_json:
        from simulator.conformance.runner import counts

        told = [
            {"run": id_, "suite": each.suite, "system": each.system, "ok": each.passed, **counts(each.results)}
            for id_, each in runs
        ]
        out_json({"items": told})
        return Exit.OK
    for line in columns([(mark("ok" if each.passed else "fail"), id_, words_of(each)) for id_, each in runs], 1):
        out(line)
    return Exit.OK


def kept_run(name: str) -> "Run":
    """A run by its id. Raises Failed."""
    from simulator.conformance.kept import NotKept, run_of
    from simulator.conformance.suites import suite as suite_of

    try:
        keeping = shelf().find(name)
        return run_of(keeping, suite_of(keeping.head.suite))
    except NotKept as error:
        raise Failed(Exit.USAGE, str(error), "tb conformance results lists them.") from error


@command.command("stop")
@click.argument("name", metavar="RUN")
@plane_options
def stop(name: str, world: str | None, space: str, as_json: bool) -> Exit:
    """Stop the run RUN that the running simulation plays, as the console or its control plane began it."""
    told = Plane(world, space).post(f"/conformance/runs/{quote(name, safe='')}:stop")
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['run']} is {told['state']}")
    return Exit.OK


@command.command("compare")
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@json_option
def compare(before: str, after: str, as_json: bool) -> Exit:
    """Say what has changed between two runs that are kept: each check that holds no longer, or again.

    Exit code 1 if something got worse. Of reports in files: `tb report diff`.
    """
    from simulator.conformance.report import to_json
    from tradebridge.cli.report import show_difference

    return show_difference(to_json(kept_run(before)), to_json(kept_run(after)), as_json)
