"""The rule engine, on a family of its own: order, completeness, and what happens where a document cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from schemas import findings
from schemas.findings import Kind, register
from schemas.registry import Context
from schemas.rules import (
    UNREADABLE,
    Layer,
    Rule,
    Unreadable,
    Violation,
    check_rules,
    each,
    register_rules,
    rule_book,
)

NOW = Context(now=datetime(2026, 1, 6, tzinfo=UTC))


@dataclass(frozen=True)
class Crate:
    apples: tuple[int, ...] = (1, 2)
    label: str = "apples"


def too_many(apple: int, crate: Crate, context: Context) -> Iterator[Violation]:
    if apple > 5:
        yield Violation("/weight", found=apple, expected="at most 5", box="3")


def mislabelled(crate: Crate, context: Context) -> Iterator[Violation]:
    if crate.label != "apples":
        yield Violation("/label", found=crate.label)


HEAVY = Rule(
    Kind("test-rules.heavy", "An apple is heavy.", "Take a smaller one."),
    frozenset({"crate/1"}),
    each(lambda crate: crate.apples, "/apples", too_many),
    lambda crate: replace(crate, apples=(1, 9)),
)
LABEL = Rule(
    Kind("test-rules.label", "The label is wrong.", "Correct it."),
    frozenset({"crate/1", "crate/2"}),
    mislabelled,
    lambda crate: replace(crate, label="pears"),
    Layer.CODES,
)
RULES = (HEAVY, LABEL)
BOOK = rule_book(RULES, "crate/1")


@pytest.fixture(autouse=True)
def catalogue_for_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The codes of this file are in the catalogue for its own tests only: others look at all there are."""
    monkeypatch.setattr(findings, "_CATALOGUE", dict(findings._CATALOGUE))
    register_rules(RULES)


def pointers(crate: Crate) -> list[str]:
    return [finding.pointer for finding in check_rules(BOOK, crate, NOW)]


def test_a_profile_gets_its_rules_with_codes_before_rules() -> None:
    assert BOOK == (LABEL, HEAVY)
    assert rule_book(RULES, "crate/2") == (LABEL,)
    assert rule_book(RULES, "crate/3") == ()


def test_all_violations_of_all_rules_are_found() -> None:
    assert pointers(Crate()) == []
    assert pointers(Crate((9, 1, 7), "pears")) == ["/label", "/apples/0/weight", "/apples/2/weight"]


def test_a_finding_carries_what_the_rule_knows() -> None:
    (found,) = check_rules(BOOK, Crate((9,)), NOW)
    assert (found.code, found.found, found.expected, found.box) == ("test-rules.heavy", "9", "at most 5", "3")
    assert (found.message, found.fix) == ("An apple is heavy.", "Take a smaller one.")


def test_an_unreadable_entry_ends_its_own_check_only() -> None:
    assert pointers(Crate((UNREADABLE, 9))) == ["/apples/1/weight"]


def test_an_unreadable_part_ends_its_rule_only() -> None:
    assert pointers(Crate(UNREADABLE, "pears")) == ["/label"]
    assert pointers(Crate((9,), UNREADABLE)) == ["/apples/0/weight"]


@pytest.mark.parametrize(
    "touch",
    [
        lambda value: value == 1,
        lambda value: value != 1,
        lambda value: value in {1, 2},
        lambda value: value in (1, 2),
        lambda value: value < 1,
        lambda value: value <= 1,
        lambda value: value + 1,
        lambda value: 1 - value,
        lambda value: value.amount,
        lambda value: value[0],
        lambda value: list(value),
        lambda value: len(value),
        lambda value: bool(value),
        lambda value: f"{value}",
        lambda value: str(value),
        lambda value: {value: 1},
    ],
)
def test_nothing_can_be_learnt_of_what_cannot_be_read(touch: object) -> None:
    assert callable(touch)
    with pytest.raises(Unreadable):
        touch(UNREADABLE)


def test_a_code_stands_for_one_kind_only() -> None:
    with pytest.raises(ValueError, match=r"test-rules\.heavy"):
        register([Kind("test-rules.heavy", "Another sentence.", "Another fix.")])
