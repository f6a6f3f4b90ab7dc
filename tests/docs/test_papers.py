"""The papers of a pilot say what is so: each test that they name is there, and their tables are those of the code."""

import ast
import re
from functools import cache

import pytest

from tests.docs.blocks import ROOT

DOCS = ROOT / "docs"
NAMED = re.compile(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`")
PAPERS = ("threats.md",)
STRIDE = ("S", "T", "R", "I", "D", "E")
NO_TEST = ("none",)
WITHOUT = {"an adapter of others does harm", "asks for bills at random"}
"""Threats that no test shows a control of; the page says why."""


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def rows_of(text: str) -> list[list[str]]:
    """Cells of each row of the tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {at - 1 for at, line in enumerate(lines) if re.fullmatch(r"[| -]+", line)}
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for at, line in enumerate(lines)
        if at not in heads and at - 1 not in heads
    ]


@cache
def names_in(file: str) -> set[str]:
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("page", PAPERS)
def test_each_test_that_a_paper_names_is_there(page: str) -> None:
    named = NAMED.findall(text_of(page))
    assert text_of(page).count("::test_") == len(named)
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []


def test_each_way_of_the_data_has_threats_of_all_six_kinds() -> None:
    sections = re.split(r"^## \d+\. ", text_of("threats.md"), flags=re.MULTILINE)[1:]
    assert len(sections) == 11
    for section in sections:
        assert list(dict.fromkeys(row[0] for row in rows_of(section))) == list(STRIDE), section.splitlines()[0]


def test_each_threat_has_a_control_and_a_test_or_says_that_there_is_none() -> None:
    rows = rows_of(text_of("threats.md"))
    assert all(len(row) == 4 and row[1] and row[2] for row in rows)
    assert {row[1] for row in rows if not NAMED.search(row[3])} == WITHOUT
    assert all(row[3] in NO_TEST for row in rows if row[1] in WITHOUT)
