"""The suite `title-holder`: a right platform passes, and one with one thing wrong fails that check and no other."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.conformance.runner import Run, Sentence, Word, run
from simulator.conformance.suites import suite
from simulator.conformance.suites.pint import holder
from simulator.conformance.sut import ByUrl, System
from tests.conformance.broken.holders import BROKEN
from tests.conformance.small import running

HOLDER = suite("title-holder")
SENTENCES = {each.key for each in vars(holder).values() if isinstance(each, Sentence)}


def played(system: System, names: frozenset[str] = frozenset()) -> Run:
    """The suite against a system; only these scenarios, if any are named."""
    chosen = run(HOLDER, system, name="x", code=system.code, only=lambda each: not names or each.name in names)
    return asyncio.run(chosen)


def broken_checks(found: Run) -> dict[str, set[str]]:
    """By scenario."""
    told = {
        each.name: {check.sentence.key for check in each.checks if check.word is Word.FAIL} for each in found.results
    }
    return {name: keys for name, keys in told.items() if keys}


def test_the_small_platform_of_the_docs_passes_and_each_sentence_is_verified(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        found = played(system)
    assert {each.name: (each.word, each.reason) for each in found.results if each.word is not Word.PASS} == {}
    assert {check.sentence.key for each in found.results for check in each.checks} >= SENTENCES


def test_each_sentence_has_a_partner_that_breaks_it() -> None:
    assert {each.sentence for each in BROKEN.values()} == SENTENCES
    for each in vars(holder).values():
        if isinstance(each, Sentence):
            assert (each.cause and each.fix and "DCSA" in each.source) or "MLETR" in each.source


@pytest.mark.long("conformance")
@pytest.mark.parametrize("name", BROKEN)
def test_a_holder_with_one_thing_wrong_fails_that_check_and_no_other(
    name: str, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    """In full each is played through the whole suite; of a sample, through the scenarios that must see it."""
    broken = BROKEN[name]
    everything = bool(scale(1, 0))
    if not everything and list(BROKEN).index(name) % 3:
        pytest.skip("every third in a plain run: make test-long PART=conformance plays all")
    with running(tmp_path, broken.platform, patience=2.5) as system:
        found = played(system, frozenset() if everything else broken.scenarios)
    assert broken_checks(found) == {each: {broken.sentence} for each in broken.scenarios}
    others = [each for each in found.results if each.name not in broken.scenarios]
    assert {each.word for each in others} <= {Word.PASS if everything else Word.SKIPPED}


def test_a_platform_that_cannot_be_told_to_surrender_is_not_blamed_and_passes_nothing_by_it(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        controls = system.controls
        assert isinstance(controls, ByUrl)
        object.__setattr__(controls, "acts", None)
        found = played(system, frozenset({"holder/surrendered", "holder/surrender-rejected"}))
    words = {each.name: (each.word, "act" in each.reason) for each in found.results if each.word is not Word.SKIPPED}
    assert set(words.values()) == {(Word.NOT_APPLICABLE, True)}
    assert not found.passed
