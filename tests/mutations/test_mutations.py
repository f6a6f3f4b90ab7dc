"""Every mutation of mutations.toml is caught: its test passes on the source, and fails on the mutant for its reason."""

import re
from pathlib import Path

import pytest

from tests.mutations.mutant import ROOT, Mutation, copy_source, imported_from, mutations, run_tests

MUTATIONS = mutations()
PROVED = set(range(10))
"""The invariants of DESIGN.md; 0 is the ledger's balance."""
SAMPLE = ("answers-before-the-commit",)
"""What a plain run tries of all these, so that the machinery itself stays whole."""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_still_fits_the_source(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / mutation.file
    copy.parent.mkdir(parents=True)
    copy.write_bytes((ROOT / mutation.file).read_bytes())
    mutation.apply(tmp_path)
    compile(copy.read_text(encoding="utf-8"), mutation.file, "exec")
    assert copy.read_bytes() != (ROOT / mutation.file).read_bytes()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_the_test_of_a_mutation_is_there(mutation: Mutation) -> None:
    file, _, name = mutation.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")
    assert mutation.reason
    assert mutation.breaks


def test_every_invariant_has_its_mutations_each_by_its_own_name() -> None:
    assert {each.invariant for each in MUTATIONS} == PROVED
    assert len({each.name for each in MUTATIONS}) == len(MUTATIONS)


def test_a_text_that_stands_nowhere_or_twice_is_no_mutation(tmp_path: Path) -> None:
    for source in ("", "due due"):
        (tmp_path / "a.py").write_text(source, encoding="utf-8")
        with pytest.raises(ValueError, match=r"times in a\.py"):
            Mutation("x", 1, "", "a.py", "due", "dead", "", "").apply(tmp_path)


@pytest.mark.long("mutations", sample=False)
@pytest.mark.timeout(900)
def test_without_a_mutation_all_these_tests_pass(tmp_path: Path) -> None:
    tests = sorted({each.test for each in MUTATIONS})
    outcome = run_tests(copy_source(tmp_path / "source"), tests)
    assert (outcome.tests, outcome.failures, outcome.errors) == (len(tests), 0, 0), outcome.failure


def _long(mutation: Mutation) -> object:
    sampled = mutation.name in SAMPLE
    return pytest.param(mutation, id=mutation.name, marks=pytest.mark.long("mutations", sample=sampled))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutation", [_long(each) for each in MUTATIONS])
def test_a_mutation_is_caught_for_the_right_reason(mutation: Mutation, tmp_path: Path) -> None:
    tree = copy_source(tmp_path / "source")
    assert imported_from(tree).is_relative_to(tree)
    mutation.apply(tree)
    outcome = run_tests(tree, [mutation.test])
    assert outcome.tests == 1
    assert (outcome.failures, outcome.errors) == (1, 0), f"{mutation.name} is not caught: {outcome}"
    assert re.search(mutation.reason, outcome.failure, re.DOTALL), f"failed for another reason: {outcome.failure}"
