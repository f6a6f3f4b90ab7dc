"""Each check of the contract can fail: an adapter that is wrong in one thing fails the check of it, and no other."""

import pytest

from adapters import contract, trial
from adapters.contract import CHECKS, Findings, examine, verdict
from adapters.port import Adapter
from schemas.findings import Finding, kind_of
from tests.adapters.broken import CASES, Case, Right, WritesText, adapter_with


def told(each: Finding) -> str:
    return f"{each.pointer} {each.found}"


def test_what_the_broken_ones_are_made_of_is_right() -> None:
    assert [each.to_json() for each in examine(adapter_with(Right())) if not each.passed] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_fails_its_check_and_no_other(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.check != "damage-does-no-harm":
        monkeypatch.setattr(contract, "DAMAGES", 1)  # it takes the longest of all, and is not what is looked at
    monkeypatch.setattr(trial, "VARIANTS", 1)
    adapter = adapter_with(case.codec())
    shape, check = (next(each for each in CHECKS if each.name == name) for name in (CHECKS[0].name, case.check))
    failed = {each.check.name: each.findings for each in examine(adapter) if not each.passed}
    assert list(failed) == [check.name]
    assert case.code in [each.code for each in failed[check.name]]
    assert any(case.place in told(each) for each in failed[check.name] if each.code == case.code)
    assert verdict(shape, adapter).passed is (check is not shape)
    for each in failed[check.name]:
        assert each.found and each.expected and each.fix, each


def test_every_check_and_every_code_of_a_check_is_failed_by_one() -> None:
    assert {case.check for case in CASES} == {each.name for each in CHECKS}
    codes = {case.code for case in CASES}
    assert all(kind_of(code).family == "adapter" for code in codes)


def test_a_rendition_that_is_none_is_told_once() -> None:
    failed = [each for each in examine(adapter_with(WritesText())) if not each.passed]
    assert {found.code for each in failed for found in each.findings} == {"adapter.malformed"}
    assert failed[0].check.name == "documents-come-back"


@pytest.mark.parametrize(
    ("adapter", "pointer"),
    [
        (Adapter("mine", Right(), "certain", "made for a test"), "/fidelity"),
        (Adapter("mine", Right(), "invented", ""), "/source"),
        (Adapter("mine", Right(limits=None), "invented", "made"), "/limits"),  # type: ignore[arg-type]  # as a stranger may
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_adapter_that_is_not_made_as_adapters_are_is_asked_nothing_further(adapter: Adapter, pointer: str) -> None:
    (only,) = examine(adapter)
    assert [(each.code, each.pointer) for each in only.findings] == [("adapter.malformed", pointer)]


def test_what_fails_a_hundred_times_is_told_once() -> None:
    def attempts(adapter: Adapter) -> "list[Findings]":
        found = Finding("adapter.raised", kind_of("adapter.raised").severity, "It raises.", "/decode")
        return [(found,)] * 100

    checked = verdict(CHECKS[0].__class__("again", "", lambda adapter: iter(attempts(adapter))), adapter_with(Right()))
    assert (checked.tried, checked.failed, len(checked.findings)) == (100, 100, 1)
