"""Every rule of every family: its passing sample passes, its failing sample fails, and both can be read back."""

import json
from typing import Any

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.content import Syntax
from schemas.findings import Finding, catalogue
from schemas.registry import Context, profiles
from schemas.rules import Rule
from schemas.samples import AT, all_rules, changes, rule_json, rules_by_code, samples_of

RULES = all_rules()
EACH = [(rule, profile) for rule in RULES for profile in sorted(rule.profiles)]


def check(profile: str, document: Any, context: Context) -> tuple[Finding, ...]:
    return profiles()[profile].check(document, context)


@pytest.mark.parametrize(("rule", "profile"), EACH, ids=[f"{rule.code}-{profile}" for rule, profile in EACH])
def test_each_sample_runs_both_ways(rule: Rule[Any], profile: str) -> None:
    both = samples_of(rule, profile)
    assert rule.code not in {found.code for found in check(profile, both.passing, both.context)}
    assert not [found for found in check(profile, both.passing, both.context) if found.refuses]
    found = [found for found in check(profile, both.failing, both.context) if found.code == rule.code]
    assert found and all(each.severity is rule.kind.severity for each in found)


def test_there_are_at_least_two_hundred_distinct_rules_with_all_that_belongs_to_them() -> None:
    distinct = {rule.kind for rule in RULES}
    assert len(distinct) == len({kind.code for kind in distinct}) >= 300
    of_certificates = {rule.code for rule in RULES if rule.profiles & {each.profile for each in AGREEMENTS}}
    assert len(of_certificates) >= 200
    for code in rules_by_code():
        kind, shown = catalogue()[code], rule_json(code)
        assert kind.sentence and kind.source and kind.fix and kind.fidelity
        assert kind.clause or kind.fidelity == "invented", code
        samples: Any = shown["samples"]
        assert samples["failing"], code


@pytest.mark.parametrize("code", sorted(rules_by_code()))
def test_the_public_form_gives_the_samples_back(code: str) -> None:
    rule, samples = rules_by_code()[code][0], rule_json(code)["samples"]
    assert isinstance(samples, dict)
    profile = profiles()[samples["profile"]]
    encode = profile.encode[Syntax.JSON]
    both = samples_of(rule, profile.id)
    example = json.loads(encode(profile.example(variant=samples.get("variant", 0))))
    passing = patched(example, samples["passing"])
    assert passing == json.loads(encode(both.passing))
    assert patched(passing, samples["failing"]) == json.loads(encode(both.failing))
    assert samples["at"] == f"{AT:%Y-%m-%dT%H:%M:%SZ}"


def patched(value: Any, operations: list[dict[str, Any]]) -> Any:
    """JSON Patch (RFC 6902) in the few operations that samples use."""
    value = json.loads(json.dumps(value))
    for operation in operations:
        *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        here = value
        for step in steps:
            here = here[int(step)] if isinstance(here, list) else here[step]
        key: Any = int(last) if isinstance(here, list) else last
        if operation["op"] == "remove":
            del here[key]
        elif isinstance(here, list) and operation["op"] == "add":
            here.insert(key, operation["value"])
        else:
            here[key] = operation["value"]
    return value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": {"c/d": 1}}),
        ({"a~b": [1, 2, 3]}, {"a~b": [1]}),
        ({"a": [1]}, {"a": [0, {"x": None}, "y"]}),
        ({"a": {"b": 1}}, {"a": [1]}),
    ],
)
def test_changes_make_the_one_of_the_other(before: Any, after: Any) -> None:
    assert patched(before, changes(before, after)) == after
