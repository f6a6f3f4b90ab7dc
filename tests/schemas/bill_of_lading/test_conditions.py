"""DCSA's conditional sentences: none is left out, each is checked by a finding that there is, or it says why not.

What reads DCSA's OpenAPI in ../shared skips where that is absent.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.bill_of_lading.conditions import conditional, conditions
from schemas.bill_of_lading.rules import RULES
from schemas.findings import Fidelity, catalogue
from schemas.registry import profiles
from tests.schemas.bill_of_lading.test_openapi import INSTRUCTIONS, reached, schemas_of

ROOTS = {"EBL": ("TransportDocument", *INSTRUCTIONS), "PINT": ("TransportDocument",)}


def descriptions(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every description in a schema, with the schema or member that it is of."""
    if isinstance(value, list):
        for each in value:
            yield from descriptions(each, path)
    elif isinstance(value, dict):
        if isinstance(value.get("description"), str):
            yield path, value["description"]
        for name, each in value.items():
            if name == "properties":
                for member, inside in each.items():
                    yield from descriptions(inside, f"{path}.{member}")
            elif name not in ("example", "enum", "description"):
                yield from descriptions(each, path)


def sentences_of_dcsa() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file, roots in ROOTS.items():
        schemas = schemas_of(file)
        for schema in reached(schemas, *roots):
            for path, description in descriptions(schemas[schema], schema):
                for sentence in conditional(description):
                    found.setdefault(sentence, set()).add(path)
    return found


def test_the_table_has_every_conditional_sentence_of_dcsa_at_every_place_and_no_other() -> None:
    assert {row.says: set(row.at) for row in conditions()} == sentences_of_dcsa()
    assert len({row.says for row in conditions()}) == len(conditions())


@pytest.mark.parametrize("mark", ["must", "mandatory", "Condition:"])
def test_no_description_with_such_a_word_escapes(mark: str) -> None:
    """The sentences together hold each occurrence of the words that DCSA writes for what is prescribed."""
    there = 0
    for file, roots in ROOTS.items():
        schemas = schemas_of(file)
        for schema in reached(schemas, *roots):
            for _, description in descriptions(schemas[schema], schema):
                there += description.count(mark)
                assert sum(each.count(mark) for each in conditional(description)) == description.count(mark)
    assert there > 10


def test_each_is_checked_by_findings_that_there_are_or_says_why_it_is_not() -> None:
    profiles()
    for row in conditions():
        assert bool(row.checked) != bool(row.why), row.says
        assert set(row.checked) <= catalogue().keys(), row.says


def test_every_rule_that_claims_dcsas_text_has_a_sentence_of_it() -> None:
    named = {code for row in conditions() for code in row.checked}
    exact = {rule.code for rule in RULES if rule.kind.fidelity is Fidelity.EXACT}
    assert exact - named == set()
