"""Every rule finds what its sample breaks, points at it, and finds nothing in a valid document."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import COUNTRIES, shipping_instructions, transport_document
from schemas.bill_of_lading.model import SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT
from schemas.bill_of_lading.rules import BOOKS, RULES, check
from schemas.findings import Finding, catalogue
from schemas.registry import Context, Document
from schemas.rules import Rule, samples

CONTEXT = Context(now=datetime(2026, 1, 5, 9, tzinfo=UTC))
EXAMPLES: dict[str, Callable[..., Document]] = {
    TRANSPORT_DOCUMENT: transport_document,
    SHIPPING_INSTRUCTIONS: shipping_instructions,
}
COMPANIONS = {
    "lading.endorsee-not-to-order": {"lading.consignee-missing"},
    "lading.container-not-listed": {"lading.container-without-cargo"},
}
"""Rules that cannot be broken alone, with what is broken beside them."""
CASES = [(rule, profile) for rule in RULES for profile in sorted(rule.profiles)]


@pytest.mark.parametrize(("rule", "profile"), CASES, ids=[f"{rule.code}:{profile}" for rule, profile in CASES])
def test_the_sample_of_a_rule_breaks_that_rule_and_no_more_than_it_must(rule: Rule[Any], profile: str) -> None:
    both = samples(rule, EXAMPLES[profile](), CONTEXT)
    broken = both.failing
    assert check(both.passing, both.context) == ()
    found = check(broken, both.context)
    assert rule.code in {each.code for each in found}
    assert {each.code for each in found} - {rule.code} == COMPANIONS.get(rule.code, set())
    found = tuple(each for each in found if each.code == rule.code)
    for each in found:
        assert each.severity is rule.kind.severity
        assert each.found
        assert each.expected
        assert _reaches(json.loads(encode(broken)), each.pointer), each.pointer


def _reaches(value: Any, pointer: str) -> bool:
    """Whether the pointer names a member, or one that is missing from an object that is there."""
    steps = pointer.split("/")[1:]
    for at, step in enumerate(steps):
        if isinstance(value, list):
            value = value[int(step)]
        elif step in value:
            value = value[step]
        else:
            return at == len(steps) - 1
    return True


def test_every_rule_has_a_clause_or_says_that_it_is_ours() -> None:
    for rule in RULES:
        assert rule.kind.clause or rule.kind.fidelity == "invented", rule.code
        assert rule.kind.sentence.endswith("."), rule.code
        assert rule.kind.fix.endswith("."), rule.code
        assert catalogue()[rule.code] is rule.kind


def test_both_books_hold_their_rules_once() -> None:
    for profile, book in BOOKS.items():
        assert len(book) == len(set(book))
        assert {rule.code for rule in book} == {rule.code for rule in RULES if profile in rule.profiles}
    assert len({rule.code for rule in RULES}) == len(RULES)


def pairs() -> Iterator[tuple[str, str]]:
    for exporter in COUNTRIES:
        for importer in COUNTRIES:
            if exporter != importer:
                yield exporter, importer


@pytest.mark.parametrize("profile", EXAMPLES)
def test_no_rule_finds_anything_in_the_examples(profile: str) -> None:
    for exporter, importer in pairs():
        for variant in (0, 1, 2, 7, 23):
            document = EXAMPLES[profile](exporter=exporter, importer=importer, at=CONTEXT.now, variant=variant)
            found: tuple[Finding, ...] = check(document, CONTEXT)
            assert found == (), (exporter, importer, variant)
