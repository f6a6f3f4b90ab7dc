"""Who is tried, and with which suites: a system of a file, or ours.

A file says by what stands in it what kind of system it describes: `[account]` a platform, `api_key` a window.
"""

import tomllib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.conformance.described import BadSystem
from simulator.conformance.suites import SUITES, family

SELF_PLATFORM = "STRA"
"""The platform of a self-run; `tb conformance run pint` or `title-holder` tries all of ours."""
NEEDS_PUSH, NEEDS_PULL = "window-inbound", "pull-only"
BOTH_WAYS = "security"
"""The suite that our pulling window is tried with as well."""


@dataclass(frozen=True)
class Subject:
    """One system, the suites that it is tried with one after the other, and how it is found again."""

    system: Any
    label: str
    suites: tuple[str, ...]
    source: Mapping[str, Any]

    @property
    def at_once(self) -> int:
        return 1 if self.system.controls.by_person else int(self.system.at_once)


def kind_of(path: Path) -> str:
    """`pint` or `window`. Raises BadSystem and OSError."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadSystem(f"{path.name} is no TOML: {error}") from error
    return "window" if "api_key" in told else "pint"


def read(path: Path, ask: Callable[[str], None]) -> tuple[Any, tuple[str, ...]]:
    """The system of a file, and the suites that apply to it. Raises BadSystem and OSError."""
    if kind_of(path) == "pint":
        from simulator.conformance.sut import read_system

        return read_system(path, ask), tuple(each for each in SUITES if family(each) == "pint")
    from simulator.conformance.suites.window.system import read_window

    window = read_window(path, ask)
    other = NEEDS_PUSH if window.push is None else NEEDS_PULL
    return window, tuple(each for each in SUITES if family(each) == "window" and each != other)


@asynccontextmanager
async def of_file(path: Path, suites: Sequence[str], ask: Callable[[str], None]) -> AsyncIterator[list[Subject]]:
    """The system of a file, with those of its suites that were asked for. Raises BadSystem and OSError."""
    system, its = read(path, ask)
    chosen = tuple(suites) or its
    wrong = [each for each in chosen if family(each) != family(its[0])]
    if wrong:
        raise BadSystem(
            f"{path.name} describes a {_KIND[family(its[0])]}: {wrong[0]} is for a {_KIND[family(wrong[0])]}"
        )
    yield [Subject(system, system.code, chosen, {"sut": str(path.resolve())})]


_KIND = {"pint": "platform", "window": "window"}


@asynccontextmanager
async def ours(suites: Sequence[str], platforms: Sequence[str] = ()) -> AsyncIterator[list[Subject]]:
    """Our own, each started as a user would meet it. Without suites all of them, with one platform for titles.

    Raises CannotStart.
    """
    chosen = tuple(suites) or tuple(SUITES)
    async with AsyncExitStack() as stack:
        found: list[Subject] = []
        # Each suite has platforms of its own: one may have moved their clock by a year, or left transfers in doubt.
        for suite in (each for each in chosen if family(each) == "pint"):
            from simulator.conformance.own import own_systems

            codes = platforms if suites else (SELF_PLATFORM,)
            for system in await stack.enter_async_context(own_systems(codes)):
                found.append(Subject(system, system.code, (suite,), {"own": system.code}))
        windows = tuple(each for each in chosen if family(each) == "window")
        pushed = tuple(each for each in windows if each != NEEDS_PULL)
        pulled = tuple(each for each in windows if each in (NEEDS_PULL, BOTH_WAYS))
        for pulls, its in ((False, pushed), (True, pulled)):
            if its:
                found.append(await stack.enter_async_context(_window(pulls, its)))
        yield found


@asynccontextmanager
async def _window(pulls: bool, suites: tuple[str, ...], seed: str = "") -> AsyncIterator[Subject]:
    from simulator.conformance.suites.window.own import own_window

    async with own_window(pulls=pulls, seed=seed) as system:
        label = f"{system.code}-PULL" if pulls else system.code
        source = {"own": label, "pulls": pulls, "seed": system.kit.seed}
        yield Subject(system, label, suites, source)


@asynccontextmanager
async def again(suite: str, source: Mapping[str, Any], ask: Callable[[str], None]) -> AsyncIterator[Subject]:
    """The system of a run that was kept. Raises BadSystem, OSError and CannotStart."""
    if "sut" in source:
        async with of_file(Path(source["sut"]), [suite], ask) as found:
            yield found[0]
    elif "seed" in source:
        async with _window(source["pulls"], (suite,), source["seed"]) as subject:
            yield subject
    else:
        async with ours([suite], [source["own"]]) as found:
            yield found[0]
