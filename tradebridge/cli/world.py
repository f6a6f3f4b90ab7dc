"""A hub and a simulated world on this machine, as `up` and `demo` start, show and end them.

Both are processes of their own; they end with this one, however it ends. While they run, a note for the other commands
lies where `running` says.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from tradebridge import __version__
from tradebridge.cli import running
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.terminal import bold, columns, dim, interactive, mark, say

if TYPE_CHECKING:
    from simulator.launch import Launched, Outcome, Progress, Summary

F = TypeVar("F", bound=Callable[..., Any])

LINES_SHOWN = 8
_WITH = "tl: the window of Timor-Leste too. Or an adapter of your own for its country: folder, package or style."


@dataclass(frozen=True, slots=True)
class Options:
    """How to start the two."""

    seed: str
    clock: datetime | None
    data: Path | None
    port: int
    with_tl: bool
    adapters: tuple[str, ...] = ()
    """Of others: folders, packages or styles."""
    desks: tuple[str, ...] = ()
    """Members that have a desk at the hub instead of a system of their own."""

    @classmethod
    def of(cls, seed: str, clock: datetime | None, data: Path | None, port: int, with_: tuple[str, ...]) -> "Options":
        """From the options of the commands."""
        return cls(seed, clock, data, port, "tl" in with_, tuple(each for each in with_ if each != "tl"))


def world_options(function: F) -> F:
    """The options that `up` and `demo` share."""
    folder = click.Path(file_okay=False, path_type=Path)
    port_help = "Of the hub; the world takes the next. 0: any."
    options = (
        click.option("--seed", default="42", show_default=True, help="Keys, ids and documents come out of it."),
        click.option("--clock", type=MOMENT, metavar="TIME", help="Freeze the business clock: 2026-01-05T09:00:00Z."),
        click.option("--data", type=folder, metavar="DIR", help="Keep the data here; else it is dropped."),
        click.option("--port", type=click.IntRange(0, 65534), default=8600, show_default=True, help=port_help),
        click.option("--with", "with_", multiple=True, metavar="tl|ADAPTER", help=_WITH),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def started(options: Options) -> Iterator["Launched"]:
    """The two, ready, for the time of the block."""
    from adapters.outside import Unusable
    from simulator.launch import LaunchFailed, launch
    from simulator.members import AdaptersClash
    from tradebridge.cli.adapter import unusable

    with _ended_by_signals():
        try:
            launched = launch(
                seed=options.seed,
                clock=options.clock,
                data_dir=options.data,
                port=options.port,
                with_tl=options.with_tl,
                adapters=options.adapters,
                desks=options.desks,
                shelf=running.shelf_folder(),
            )
        except Unusable as error:
            raise unusable(error) from error
        except AdaptersClash as error:
            raise click.UsageError(str(error)) from error
        except LaunchFailed as error:
            raise Failed(Exit.UNREACHABLE, str(error), _step_after(str(error), options.port)) from error
        with launched:
            running.write(launched.to_json())
            try:
                yield launched
            finally:
                running.remove()


def _step_after(problem: str, port: int) -> str:
    """What to do about a world that did not start."""
    if "another key" in problem:  # as the hub says it
        return "Give the --seed with which this folder was made, or another folder."
    if "in use" not in problem and "is taken" not in problem:  # as the hub says it, and the world
        return "`tb doctor` checks ports, folders and libraries."
    other = running.find()
    who = f"the world of process {other.pid}" if other and other.url.endswith(f":{port}") else "another program"
    return f"On port {port} or {port + 1} listens {who}: end it, or take free ports: --port 0"


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that nothing is left behind."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def check_scenario(name: str) -> None:
    """An unknown scenario is an error of usage, before anything starts."""
    from difflib import get_close_matches

    from simulator.launch import scenario_names

    names = scenario_names()
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise click.UsageError(f"There is no scenario {name!r}. {hint}")


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Ctrl-C and the ending signals end the block, and all is well: that is how a world ends."""
    try:
        yield
    except KeyboardInterrupt:
        say(dim("ending hub and world"))


def stay(launched: "Launched") -> NoReturn:
    """Stay while both run. One of the two ending by itself is a failure."""
    raise Failed(
        Exit.UNREACHABLE, launched.wait(), "Start again; with --data DIR nothing that was acknowledged is lost."
    )


# --- What a person sees ----------------------------------------------------------------------------------------------


def show(launched: "Launched") -> None:
    """The banner and a table of what is up."""
    say(f"{bold(f'tradebridge {__version__}')}   {_simulation()}   ready in {launched.ready_s:.1f} s")
    say()
    facts = [
        ("console", f"{launched.hub_url}/console", "", ""),
        *_desk(launched),
        ("hub", launched.hub_url, "API docs", f"{launched.hub_url}/docs"),
        ("world", launched.world_url, "", ""),
    ]
    for line in columns(facts):
        say(f"  {line}")
    say()
    for line in _table(launched):
        say(f"  {line}")
    say()
    for line in columns((f"{code} eBL", url) for code, url in launched.ebl.items()):
        say(f"  {line}")
    say()
    say(f"  seed {launched.seed} · {_clock(launched.clock)} · {_data(launched.data_dir)}")


def _desk(launched: "Launched") -> list[tuple[str, str, str, str]]:
    """Where practice officers sign in, if a member has a desk."""
    from tradebridge.evidence.simulation import test_password

    desks = [each.id for each in launched.members if each.desk]
    if not desks:
        return []
    who = f"officer.{desks[0].lower()}"
    return [("desk", f"{launched.hub_url}/console/desk", "sign in", f"{who}  {test_password(launched.seed)}")]


def _simulation() -> str:
    return click.style(" SIMULATION ", fg="black", bg="yellow") + " test keys, no legal effect"


def _table(launched: "Launched") -> list[str]:
    rows = [tuple(dim(name) for name in ("MEMBER", "COUNTRY", "WHAT", "SPEAKS", "DELIVERY"))]
    rows += [
        (each.id, each.country, each.kind.replace("-", " "), each.style or "original", each.mode)
        for each in launched.members
    ]
    return columns(rows)


def _clock(clock: datetime | None) -> str:
    return f"clock stands at {clock:%Y-%m-%dT%H:%M:%SZ}" if clock else "clock live"


def _data(folder: Path) -> str:
    return f"data in {folder}"


NEXT_COMMANDS = (
    "tb send --example form-d --from sg --to th",
    "tb send --example transport-document --from carrier --to tradewaltz",
    "tb tail",
)


def say_next() -> None:
    """Three commands to copy."""
    say()
    for number, example in enumerate(NEXT_COMMANDS):
        say(f"{'Try:' if number == 0 else '    '}  {example}")


def say_verify(command: str | None) -> None:
    """The last word of a demo: how to verify what just happened, without the hub."""
    say()
    if command is None:
        say(f"{mark('warn')} no document of it is proven yet: the log waits for its witnesses")
    else:
        say(f"Verify what just happened, without the hub:  {command}")


# --- A scenario, as it plays -----------------------------------------------------------------------------------------


def play(launched: "Launched", name: str, deadline: float) -> "Outcome":
    """Play the scenario; live on a terminal, a line for each refusal and lesson elsewhere (standard error, both)."""
    from simulator.launch import LaunchFailed
    from simulator.launch import play as play_in

    def played(tell: "Callable[[Progress], None]") -> "Outcome":
        return play_in(launched.world_url, name, tell, deadline=deadline, ended=launched.ended)

    try:
        if not interactive(sys.stderr):
            return played(_say_what_teaches)
        from tradebridge.cli.stage import Stage

        with Stage(name, launched.seed, LINES_SHOWN) as stage:
            return played(stage.show)
    except LaunchFailed as error:
        raise Failed(Exit.UNREACHABLE, str(error), "With --data DIR the logs of both are kept there.") from error


def _say_what_teaches(progress: "Progress") -> None:
    if progress.kind in ("refused", "event-refused", "lesson"):
        say(f"{mark('ok' if progress.kind == 'lesson' else 'warn')} {progress.text}")


def show_summary(summary: "Summary") -> None:
    """What became of the scenario, in four lines, and what is missing."""
    say()
    say(f"{bold(summary.scenario)}, seed {summary.seed}: {summary.submitted} documents in {summary.elapsed_s:.1f} s")
    good = mark("ok" if summary.complete else "warn")
    say(f"{good} accepted {summary.accepted}, refused {summary.refused} (defective on purpose)")
    say(f"{good} delivered {summary.delivered}, decided {summary.decided}")
    dead_or_lost = summary.dead or summary.lost
    say(f"{mark('fail' if dead_or_lost else 'ok')} dead {summary.dead}, lost {summary.lost}")
    say_problems(summary)


def show_outcome(outcome: "Outcome") -> None:
    """The same of a scenario of any kind."""
    from simulator.launch import Summary

    if isinstance(outcome, Summary):
        show_summary(outcome)
        return
    good = mark("ok" if outcome.complete else "fail")
    say()
    say(f"{bold(outcome.scenario)}, seed {outcome.seed}, in {outcome.elapsed_s:.1f} s")
    say(f"{good} bill of lading {outcome.transport_document}: {outcome.ended}")
    say(f"{good} holders {outcome.holders}, counted {outcome.counted} times over the platforms' own stores")
    say(f"{good} {outcome.chain} entries of the chain and {outcome.positions} positions of the link verified offline")
    differing = ", ".join(outcome.findings) or "nothing"
    say(f"{mark('warn' if outcome.findings else 'ok')} certificate {outcome.certificate}: {differing} differs")
    say_problems(outcome)


def say_problems(summary: "Outcome") -> None:
    """What did not come to its end, or ended otherwise than planned."""
    for problem in summary.problems:
        say(f"{mark('fail')} {problem}")
