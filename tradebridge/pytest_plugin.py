"""The pytest plugin: a world of one's own for each test, in a server that all workers of a run share.

    def test_rejected_is_shown(tb, my_app):
        tb.window("th").next("rejected", reason="hs-mismatch")
        my_app.submit(tb.example("form-d").data, to="TH-NSW", hub=tb.hub_url)
        assert tb.wait_for("decision", timeout=5).event == "rejected"

1. It is loaded with every pytest of an environment that has Tradebridge. So it imports nothing of ours, and starts
   nothing, before a test asks for one of its fixtures.
2. What the fixtures give is in `simulator.testing`; `docs/testing.md` is the tutorial.
3. A test that fails shows what happened in its world; a strict one fails where something happened that it did not
   expect (`--tb-strict`, or the marker).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from simulator.testing.drafts import Draft
    from simulator.testing.server import Server
    from simulator.testing.webhooks import Catcher
    from simulator.testing.world import World

SEED, CLOCK = "42", "2026-01-05T09:00:00+00:00"
_MARKER = "tradebridge(clock=None, strict=None, scenario=None): the world of the fixtures `tb` and `tradebridge`"
_KNOWN = frozenset({"clock", "strict", "scenario"})
_WORLDS = pytest.StashKey["list[World]"]()
_RUN = pytest.StashKey[str]()


def strategy(name: str = "form-d", *, valid: bool = True) -> SearchStrategy[Draft]:
    """Hypothesis: documents of this name, each valid, or each with one rule broken. They are of the default seed and
    clock."""
    from datetime import datetime

    from simulator.testing.strategies import drafts

    return drafts(name, seed=SEED, at=datetime.fromisoformat(CLOCK), valid=valid)


# --- options and marker ----------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tradebridge", "Tradebridge: a simulated world for each test")
    group.addoption("--tb-seed", metavar="SEED", default=SEED, help="what keys and ids are drawn from (default: 42)")
    group.addoption("--tb-strict", action="store_true", help="strict worlds for tests whose marker says nothing")
    group.addoption("--tb-artifacts", metavar="DIR", help="keep journal and report of each failed test's world here")
    group.addoption(
        "--tb-keep-failed",
        metavar="MINUTES",
        type=float,
        nargs="?",
        const=30.0,
        help="keep the world of each failed test, and the server, for so long after the run (30 if not said)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    config.stash[_RUN] = getattr(config, "workerinput", {}).get("testrunuid") or uuid.uuid4().hex


# --- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tradebridge_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """Hub and world in processes of their own, shared by all workers of the run: `hub_url`, `world_url`, `api_keys`."""
    if os.name != "posix":
        pytest.fail("Tradebridge's fixtures need POSIX: Linux or macOS")
    from datetime import datetime

    from simulator.testing.server import Server, ServerFailed

    try:
        server = Server(
            pytestconfig.stash[_RUN], str(pytestconfig.getoption("--tb-seed")), datetime.fromisoformat(CLOCK)
        )
    except ServerFailed as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.close()


@pytest.fixture
def tradebridge(request: pytest.FixtureRequest, tradebridge_server: Server) -> Iterator[Callable[..., World]]:
    """Makes worlds: `tradebridge(clock="2026-03-01T00:00:00Z", strict=True, scenario="asean-japan")`. What is left out
    is as the marker says. All are dropped when the test is over."""
    from simulator.testing.world import world_on

    marked = _marked(request.node)
    worlds = request.node.stash.setdefault(_WORLDS, [])
    with ExitStack() as stack:

        def make(**given: Any) -> World:
            asked = _checked({**marked, **given}, "tradebridge()")
            strict = asked.get("strict")
            world = stack.enter_context(
                world_on(
                    tradebridge_server,
                    clock=asked.get("clock") or "",
                    strict=request.config.getoption("--tb-strict") if strict is None else bool(strict),
                )
            )
            worlds.append(world)
            if asked.get("scenario"):
                world.play(asked["scenario"])
            return world

        yield make
        worlds.clear()


@pytest.fixture
def tb(tradebridge: Callable[..., World]) -> World:
    """A world of the test's own: see `simulator.testing.world.World`."""
    return tradebridge()


@pytest.fixture
def tb_webhooks(tb: World) -> Iterator[Catcher]:
    """A receiver of webhooks: `tb_webhooks.join("sg", "document.*")`, then `.wait_for("document.accepted")`. See
    `simulator.testing.webhooks`."""
    from simulator.testing.webhooks import Catcher

    catcher = Catcher(tb)
    catcher.start()
    yield catcher
    catcher.close()


def _marked(item: pytest.Item) -> dict[str, Any]:
    marked: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("tradebridge"))):  # the closest one last
        if marker.args:
            pytest.fail("the marker tradebridge takes names only: strict=True", pytrace=False)
        marked |= _checked(marker.kwargs, "the marker tradebridge")
    return marked


def _checked(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    if unknown := sorted(set(given) - _KNOWN):
        pytest.fail(f"{where} takes {', '.join(sorted(_KNOWN))}; not {', '.join(unknown)}", pytrace=False)
    return dict(given)


# --- what a failure shows --------------------------------------------------------------------------------------------


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Two documents, field by field."""
    if op != "==" or type(left).__module__ != "simulator.testing.drafts":
        return None
    if type(right).__module__ != type(left).__module__:
        return None
    lines: Sequence[str] = left.diff(right)  # type: ignore[attr-defined]  # both are documents of simulator.testing
    return ["two documents that say the same", *(f"  {line}" for line in lines)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # a wrapper gets the result of the hook
    worlds = item.stash.get(_WORLDS, [])
    if call.when == "call" and worlds:
        if report.passed:
            _be_strict(worlds, report)
        if report.failed:
            _show(item, worlds, report)
    return report  # type: ignore[return-value]


def _be_strict(worlds: Sequence[World], report: pytest.TestReport) -> None:
    try:
        found = [line for world in worlds if world.strict for line in world.strictly()]
    except Exception as error:  # the server is gone: the test fails for that, and the run goes on
        found = [f"what happened cannot be told: {error!r}"]
    if found:
        report.outcome = "failed"
        report.longrepr = "\n".join(["strict: what this test did not expect has happened", *(f"  {n}" for n in found)])


def _show(item: pytest.Item, worlds: Sequence[World], report: pytest.TestReport) -> None:
    for world in worlds:
        try:
            text = world.report()
            kept = "\n".join(each for each in (_keep(item, world, text), _hold(item, world)) if each)
        except Exception as error:  # a report that fails must not hide the failure that it is about
            text, kept = f"what happened cannot be told: {error!r}", ""
        report.sections.append((f"tradebridge: world {world.name}", f"{text}\n{kept}".rstrip()))


def _hold(item: pytest.Item, world: World) -> str:
    """The world stays, with its server, where that was asked for: how to look into it, and how to end it."""
    minutes = item.config.getoption("--tb-keep-failed")
    if minutes is None:
        return ""
    holder = world.server.hold(minutes)
    world.kept = True
    words = " ".join(f"{name}={value}" for name, value in world.env.items())
    return f"kept for {minutes:g} minutes (kill {holder} ends it): export {words}; tb journal show"


def _keep(item: pytest.Item, world: World, text: str) -> str:
    """Journal and report as files, where asked for."""
    chosen = item.config.getoption("--tb-artifacts")
    if not chosen:
        return ""
    import json
    import re
    from pathlib import Path

    folder = Path(chosen) / re.sub(r"[^\w.-]+", "_", item.nodeid)[-120:] / world.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.txt").write_text(f"{text}\n", "utf-8")
    lines = [json.dumps(each, ensure_ascii=False, sort_keys=True) for each in world.entries()]
    (folder / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return f"kept: {folder}"
