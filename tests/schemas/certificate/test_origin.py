"""The calculation of origin: vectors worked out by hand, and what must hold for any figures."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.answer import Answer
from schemas.certificate.origin import Determination, determine
from tests.schemas.certificate.origin_cases import statement, table

VECTORS = Path(__file__).parents[2] / "vectors" / "origin"
CASES: list[dict[str, Any]] = tomllib.loads((VECTORS / "calculations.toml").read_text(encoding="utf-8"))["calculation"]
BY_ID = {agreement.id: agreement for agreement in AGREEMENTS}


def found_in(case: dict[str, Any]) -> Determination:
    (found,) = determine(statement(case), BY_ID[case["agreement"]], table(case))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_calculation_gives_what_was_worked_out_by_hand(case: dict[str, Any]) -> None:
    found = found_in(case)
    trials = {trial.name: trial for trial in found.trials}
    shown = {name: trial.answer.value for name, trial in trials.items()}
    assert found.answer.value == case["answer"], shown
    assert (found.claim_answer.value if found.claim_answer else None) == case.get("claim_answer"), shown
    for name, percentage in case.get("content", {}).items():
        share = trials[name].content
        assert share is not None and share.cut(2) == Decimal(percentage)
    for name, answer in case.get("trials", {}).items():
        assert shown[name] == answer, name
    if "by_accumulation" in case:
        assert found.accumulated is case["by_accumulation"]
    if "by_de_minimis" in case:
        assert found.tolerated is case["by_de_minimis"]
    missing = {each.pointer for each in found.missing}
    assert missing >= set(case.get("missing", []))


def test_there_are_calculations_of_every_agreement() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {case["agreement"] for case in CASES} >= {"atiga", "ajcep", "rcep", "jtepa", "jiepa"} & set(BY_ID)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_answer_is_shown_line_by_line_and_says_what_it_lacks(case: dict[str, Any]) -> None:
    found = found_in(case)
    assert len(found.materials) == len(case["materials"])
    for trial in found.trials:
        assert trial.lines or trial.missing
        assert bool(trial.missing) is (trial.answer is Answer.UNKNOWN), trial
        for line in trial.lines:
            assert line.says is None or line.says.clause
    if found.answer is Answer.UNKNOWN:
        assert found.missing
