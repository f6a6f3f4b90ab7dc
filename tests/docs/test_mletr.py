"""docs/mletr.md names tests that exist; it has articles 10 to 18, each requirement with a test, or none and says so."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mletr.md").read_text()
NAMED = re.findall(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`", PAGE)
NOT_SHOWN = {"(a)(vi): declaration of a supervisory or accreditation body"}
"""What no test of ours can show."""


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)))
def test_each_test_that_the_page_names_exists(file: str, test: str) -> None:
    assert (ROOT / "tests" / file).exists(), file
    assert test in names_in(file)


def test_the_page_has_articles_10_to_18_in_order() -> None:
    assert [int(number) for number in re.findall(r"^## Article (\d+)", PAGE, re.MULTILINE)] == list(range(10, 19))


def test_each_requirement_has_a_test_or_says_that_there_is_none() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    requirements = [row for row in rows if row[0] not in ("requirement", "may count") and set(row[0]) != {"-"}]
    assert len(requirements) > 20
    assert {row[0] for row in requirements if "::" not in row[2]} == NOT_SHOWN
