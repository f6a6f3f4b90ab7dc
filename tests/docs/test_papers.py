"""The papers of a pilot say what is so: each test that they name is there, and their tables are those of the code."""

import ast
import re
from functools import cache

import pytest

from exchange.config import Settings
from exchange.retention import years_of
from exchange.store.tables import metadata
from tests.docs.blocks import ROOT
from tests.docs.papers import rows_of, text_of

NAMED = re.compile(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`")
PAPERS = ("threats.md", "questions.md", "data-protection.md", "access.md", "anti-corruption.md", "pilot-plan.md")
QUESTIONS = [
    "Who can read my documents?",
    "What if you disappear?",
    "What if your key is stolen, or mine?",
    "How do I leave?",
]
STRIDE = ("S", "T", "R", "I", "D", "E")
NO_TEST = ("none",)
WITHOUT = {"an adapter of others does harm", "asks for bills at random"}
"""Threats that no test shows a control of; the page says why."""


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


def test_each_of_the_four_questions_has_its_answer_with_links_to_tests_of_those_names() -> None:
    page = text_of("questions.md")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == QUESTIONS
    for answer in page.split("\n## ")[1:]:
        linked = re.findall(r"\[`([^`]+)::(\w+)`\]\(\.\./tests/([^)]+)\)", answer)
        assert len(linked) >= 4
        assert [file for file, _, target in linked if file != target] == []
        assert len(linked) == len(NAMED.findall(answer))


def test_every_table_of_the_store_is_told_of_and_no_other() -> None:
    section = text_of("data-protection.md").split("## What is stored where")[1].split("Beside the store:")[0]
    told = [name for row in rows_of(section) for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(told) == sorted(metadata.tables)


def test_the_years_are_those_of_the_profiles() -> None:
    section = text_of("data-protection.md").split("## How long")[1].split("\n## ")[0]
    settings = Settings()
    years = {f"`{profile}`": str(each) for profile, each in years_of(settings).items()}
    assert dict(rows_of(section)) == {**years, "who looked at which document": str(settings.reading_years)}
