"""The suite `pint`: a right platform passes, and one with one thing wrong is caught by name."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.conformance.runner import Run, Sentence, Word, run
from simulator.conformance.suites import suite
from simulator.conformance.suites.pint import sentences
from simulator.conformance.suites.pint.mending import MENDING
from simulator.conformance.sut import System
from tests.conformance.broken import further
from tests.conformance.broken.platforms import BROKEN
from tests.conformance.small import running

PINT = suite("pint")


def played(system: System, *names: str) -> Run:
    """The suite against a system; only these scenarios, if any are named."""
    return asyncio.run(
        run(PINT, system, name=system.name, code=system.code, only=lambda each: not names or each.name in names)
    )


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = [each.name for each in PINT.scenarios]
    assert len(names) == len(set(names)) > 100


def test_every_sentence_says_what_is_wrong_as_a_rule_and_what_to_do() -> None:
    said = [each for each in vars(sentences).values() if isinstance(each, Sentence)]
    assert [each.key for each in said if not (each.cause and each.fix)] == []
    assert {each.key for each in said} == set(MENDING)


@pytest.mark.long("conformance", sample=False)  # in the sample docs/connect-a-platform.md does it
def test_the_small_platform_of_the_docs_passes_every_scenario_in_both_roles(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        found = played(system)
    assert {each.name: (each.word, each.reason) for each in found.results if each.word is not Word.PASS} == {}
    assert len(found.results) == len(PINT.scenarios)


FURTHER = [name for name, each in BROKEN.items() if each.platform.__module__ == further.__name__]
NO_TRAFFIC = ("never-sends",)
"""What does nothing breaks nothing: it has no traffic, which is no pass."""


def test_each_sentence_has_a_platform_that_breaks_it() -> None:
    said = {each.key for each in vars(sentences).values() if isinstance(each, Sentence)}
    assert {each.sentence for each in BROKEN.values()} == said


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in FURTHER])
def test_a_platform_with_one_thing_wrong_is_caught_by_name(name: str, tmp_path: Path) -> None:
    caught_by_name(name, tmp_path)


@pytest.mark.long("conformance")
@pytest.mark.parametrize("name", FURTHER)
def test_a_further_one_is_caught_by_name(name: str, tmp_path: Path, scale: Callable[[int, int], int]) -> None:
    if not scale(1, 0) and FURTHER.index(name) % 10:
        pytest.skip("every tenth in a plain run: make test-long PART=conformance plays all")
    caught_by_name(name, tmp_path)


def caught_by_name(name: str, folder: Path) -> None:
    broken = BROKEN[name]
    with running(folder, broken.platform, patience=2.5) as system:
        found = played(system, broken.scenario)
    result = next(each for each in found.results if each.name == broken.scenario)
    if name in NO_TRAFFIC:
        assert (result.word, "did not come" in result.reason) == (Word.NO_TRAFFIC, True)
        return
    bad = {check.sentence.key: check.word for check in result.checks if check.word in (Word.FAIL, Word.WARNING)}
    required = next(each for each in vars(sentences).values() if getattr(each, "key", "") == broken.sentence).required
    assert bad.get(broken.sentence) is (Word.FAIL if required else Word.WARNING), (result.word, result.reason, bad)
    assert result.word in (Word.FAIL, Word.WARNING), (result.word, result.reason)
