"""Suites played and kept, and the process in which the control plane has that done.

`python -P -m simulator.conformance.playing --shelf DIR --suite NAME [--again RUN]`: a suite against ours, or against
the system of a run that was kept before. Standard output has lines of JSON: `run` for each that begins, and `ask` for
what a person is to do.
`python -P -m simulator.conformance.playing --shelf DIR --report RUN`: the reports of a run, in `DIR/reports/RUN`.

The process ends with its parent (TRADEBRIDGE_PARENT_PIPE), and at the latest after `MOST_SECONDS`.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

from simulator.conformance.kept import REPORTS, Head, Keeping, Shelf, head_of, run_of
from simulator.conformance.runner import Result, Run, Scenario, Suite
from simulator.conformance.runner import run as played
from simulator.conformance.subjects import Subject
from simulator.conformance.suites import SUITES, family
from simulator.conformance.suites import suite as suite_of
from simulator.process import when_parent_ends

MOST_SECONDS = 1800.0

Asked = Callable[[Scenario[Any]], bool]
Told = Callable[[Suite[Any], Subject, Result], None]


def everything(scenario: Scenario[Any]) -> bool:
    return True


async def play(
    subjects: Sequence[Subject],
    shelf: Shelf,
    told: Told = lambda suite, subject, result: None,
    asked: Asked = everything,
    begun: Callable[[Head], None] = lambda head: None,
) -> list[Run]:
    """One run for each suite and system, kept: platforms one after the other, windows beside them. `begun`, `told`: of
    each run that begins, and of each result."""
    platforms = [each for each in subjects if family(each.suites[0]) == "pint"]
    chains = [platforms, *([each] for each in subjects if each not in platforms)]

    async def chain(some: Sequence[Subject]) -> list[Run]:
        runs = []
        for subject in some:
            for name in subject.suites:
                suite = suite_of(name)
                names = tuple(each.name for each in suite.scenarios if asked(each))
                only = () if len(names) == len(suite.scenarios) else names
                if names:
                    keeping = shelf.begin(head_of(suite, subject.system.name, subject.label, subject.source, only))
                    begun(keeping.head)
                    runs.append(await play_one(suite, subject, keeping, told, asked))
        return runs

    found = await asyncio.gather(*(chain(each) for each in chains))
    return [run for each in found for run in each]


async def play_one(suite: Suite[Any], subject: Subject, keeping: Keeping, told: Told, asked: Asked) -> Run:
    """What is asked for of one suite, each result kept, then told."""

    def take(result: Result) -> None:
        keeping.told(result)
        told(suite, subject, result)

    name, code = subject.system.name, subject.label
    return await played(suite, subject.system, name=name, code=code, only=asked, at_once=subject.at_once, told=take)


# --- The process -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="simulator.conformance.playing", description="Suites, played and kept.")
    parser.add_argument("--shelf", required=True, type=Path, help="folder of the runs")
    parser.add_argument(
        "--suite", default="", choices=["", *SUITES], help="this one; all that apply where none is named"
    )
    parser.add_argument("--again", default="", metavar="RUN", help="against the system of this run; else against ours")
    parser.add_argument("--report", default="", metavar="RUN", help="write the reports of this run, and play nothing")
    given = parser.parse_args(arguments)
    _end_with_parent()
    shelf = Shelf(given.shelf)
    if given.report:
        _report(shelf, given.report)
        return
    asyncio.run(_play(shelf, given.suite, given.again))


async def _play(shelf: Shelf, suite: str, again: str) -> None:
    from simulator.conformance.subjects import of_file, ours

    def say(name: str, value: str) -> None:
        sys.stdout.write(json.dumps({name: value}) + "\n")
        sys.stdout.flush()

    chosen = [suite] if suite else []
    opening: AbstractAsyncContextManager[list[Subject]] = ours(chosen, ("STRA",))
    if again:
        source = shelf.find(again).head.source
        if "sut" in source:
            opening = of_file(Path(source["sut"]), chosen, partial(say, "ask"))
    async with opening as subjects:
        await play(subjects, shelf, begun=lambda head: say("run", head.id))


def _report(shelf: Shelf, run: str) -> None:
    from simulator.conformance import report
    from simulator.conformance.signed import kit_signer

    keeping = shelf.find(run)
    folder = shelf.folder / REPORTS / keeping.head.id
    fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
    report.write(run_of(keeping, suite_of(keeping.head.suite)), fresh, kit_signer(shelf.folder))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    for other in folder.parent.iterdir():
        if not (shelf.folder / f"{other.name}.jsonl").exists():
            shutil.rmtree(other, ignore_errors=True)


def _end_with_parent() -> None:
    timer = threading.Timer(MOST_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()
    when_parent_ends(partial(os._exit, 0))


if __name__ == "__main__":
    main()
