"""The suites for windows: a right window passes, and one with one thing wrong fails that check and no other."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from simulator.conformance.runner import Sentence, Word
from simulator.conformance.suites.window import sentences, verifying
from simulator.conformance.suites.window.own import own_window
from tests.conformance.broken.windows import BROKEN
from tests.conformance.window import files, played, results, working

CHECKS = {each.key for each in vars(sentences).values() if isinstance(each, Sentence)} | {
    each.sentence.key for each in verifying.VECTORS
}
PATIENCE = 2.0
"""Seconds for what a broken window does not do."""
BAD = (Word.FAIL, Word.WARNING)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files(tmp_path_factory.mktemp("window"))


@pytest.mark.parametrize("pulls", [False, True], ids=["push", "pull"])
def test_the_small_window_of_the_docs_passes_every_scenario(pulls: bool, folder: Path) -> None:
    async def run() -> None:
        async with working(folder, pulls=pulls) as system:
            found = results(await played(system))
        checks = [check for each in found.values() for check in each.checks if check.found != check.expected]
        assert [each for each in checks if each.found.startswith(("no ", "none", "nothing", "not "))] == []
        away = "window-inbound" if pulls else "pull-only"
        for name, result in found.items():
            nowhere = name.startswith(away) or (pulls and name == "security/not-json")
            assert result.word is (Word.NOT_APPLICABLE if nowhere else Word.PASS), (name, result.word, result.reason)

    asyncio.run(run())


@pytest.mark.parametrize("pulls", [False, True], ids=["push", "pull"])
def test_our_own_window_passes_every_scenario(pulls: bool) -> None:
    async def run() -> None:
        async with own_window(pulls=pulls) as system:
            runs = await played(system)
        assert [each.suite for each in runs if not each.passed] == ["window-inbound" if pulls else "pull-only"]
        assert not [each for run in runs for each in run.results if each.word not in (Word.PASS, Word.NOT_APPLICABLE)]

    asyncio.run(run())


def test_each_check_has_a_window_that_fails_it() -> None:
    assert {each.check for each in BROKEN.values()} == CHECKS


@pytest.mark.parametrize("name", BROKEN)
def test_a_window_with_one_thing_wrong_is_caught_by_name(name: str, folder: Path) -> None:
    broken = BROKEN[name]

    async def run() -> None:
        async with working(folder, broken.window, pulls=broken.pulls, patience=PATIENCE) as system:
            found = results(await played(system, [broken.suite], [broken.scenario]))
        result = found[f"{broken.suite}/{broken.scenario}"]
        failed = {check.sentence.key for check in result.checks if check.word in BAD}
        assert (failed, result.reason) == ({broken.check}, "")
        assert result.word in BAD

    asyncio.run(run())


@pytest.mark.long("conformance", sample=False)
@pytest.mark.parametrize("pulls", [False, True], ids=["push", "pull"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_window_with_one_thing_wrong_fails_that_check_and_no_other(name: str, pulls: bool, folder: Path) -> None:
    broken = BROKEN[name]

    async def run() -> None:
        async with working(folder, broken.window, pulls=pulls, patience=PATIENCE) as system:
            runs = await played(system)
        checks = [check for each in runs for result in each.results for check in result.checks]
        failed = {check.sentence.key for check in checks if check.word in BAD}
        only_by_push = broken.check.startswith("push.")
        assert failed == (set() if only_by_push is pulls and (only_by_push or broken.pulls) else {broken.check})
        assert not [each for run in runs for each in run.results if each.word in (Word.ERROR, Word.NO_TRAFFIC)]

    asyncio.run(run())


@pytest.mark.parametrize("acts", [True, False])
def test_a_person_is_asked_where_the_window_has_no_address_for_it(acts: bool, folder: Path) -> None:
    prompts: list[str] = []

    async def run() -> None:
        async with working(folder) as system:
            post = {"decide": system.decides, "send": system.sends}
            tasks: set[asyncio.Task[httpx.Response]] = set()

            def person(prompt: str) -> None:
                prompts.append(prompt)
                told = dict(each.split(" ", 1) for each in prompt.rpartition(": ")[2].split(", "))
                if acts:
                    url = post["send" if "to" in told else "decide"]
                    tasks.add(asyncio.create_task(http.post(str(url), json=told)))

            async with httpx.AsyncClient(transport=system.transport) as http:
                asked = replace(system, sends=None, decides=None, asks=person, person_waits=2.0 if acts else 0.05)
                found = results(await played(asked, ["window-outbound", "officer-decisions"], ["plain", "queried"]))
        words = {name: each.word for name, each in found.items() if each.word is not Word.SKIPPED}
        word = Word.PASS if acts else Word.WAITING
        assert words == {"window-outbound/plain": word, "officer-decisions/queried": word}

    asyncio.run(run())
    assert prompts[0] == "Your turn (plain): have your window send a document: to SG-NSW"
    assert prompts[1].startswith("Your turn (queried): have your window say queried: document doc_")
