"""Both samples of a rule in a public form: as changes to the profile's valid example, in JSON.

1. `passing` lists what is changed in the example (`GET /v1/profiles/{id}/example`) so that
   the rule has something to stand on; `failing` what is changed in the passing sample so that the rule is broken.
2. A change is an operation of JSON Patch (RFC 6902): add, replace or remove, at a JSON Pointer.
3. `variant` names the example, where the first one is not the nearest. `at` is the clock of both samples.
4. `beside` has the documents and the table that both samples are read with.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

import orjson

from schemas.content import Syntax
from schemas.registry import Context, Document, Profile, profiles
from schemas.rules import Rule, Samples, samples

AT = datetime(2026, 1, 6, 12, tzinfo=UTC)
"""The clock of all samples: the day after the examples are issued."""

_TABLES = ("schemas.certificate.rules", "schemas.certificate.statement_rules", "schemas.bill_of_lading.rules")
_VARIANTS = (0, 1, 2, 7)
_FEW = 8
"""Changes up to which the first example is near enough."""


def all_rules() -> tuple[Rule[Any], ...]:
    """The rules of all families of documents."""
    profiles()
    return tuple(rule for table in _TABLES for rule in import_module(table).RULES)


@cache
def rules_by_code() -> dict[str, tuple[Rule[Any], ...]]:
    """By code; families share some: what a list of codes says of a certificate, it says of a bill of lading."""
    found: dict[str, tuple[Rule[Any], ...]] = {}
    for rule in all_rules():
        found[rule.code] = (*found.get(rule.code, ()), rule)
    return found


@cache
def rule_json(code: str) -> dict[str, object]:
    """What of a rule stands beside its kind: layer, profiles, samples. Empty for a code that no rule has."""
    rules = rules_by_code().get(code, ())
    if not rules:
        return {}
    return {
        "layer": rules[0].layer.name.lower(),
        "profiles": sorted({profile for rule in rules for profile in rule.profiles}),
        "samples": samples_json(rules[0], min(rules[0].profiles)),
    }


def samples_json(rule: Rule[Any], profile_id: str) -> dict[str, object]:
    """Both samples in one of the rule's profiles."""
    profile = profiles()[profile_id]
    variant, example, both = _nearest(rule, profile)
    shown: dict[str, object] = {"profile": profile_id, "at": f"{AT:%Y-%m-%dT%H:%M:%SZ}"}
    if variant:
        shown["variant"] = variant
    shown["passing"] = changes(example, _value(profile, both.passing))
    shown["failing"] = changes(_value(profile, both.passing), _value(profile, both.failing))
    beside = _beside(both.context)
    return shown | ({"beside": beside} if beside else {})


def samples_of(rule: Rule[Any], profile_id: str) -> Samples[Any]:
    """Both samples themselves."""
    return _nearest(rule, profiles()[profile_id])[2]


def _nearest(rule: Rule[Any], profile: Profile) -> tuple[int, Any, Samples[Any]]:
    """The variant of the example that the samples are nearest to: some samples are made of another than the first."""
    tried = []
    for variant in _VARIANTS:
        example = profile.example(variant=variant)
        both: Samples[Any] = samples(rule, example, Context(AT))
        distance = len(changes(_value(profile, both.passing), _value(profile, both.failing)))
        tried.append((distance, variant, _value(profile, example), both))
        if distance <= _FEW:
            break
    _, variant, value, both = min(tried, key=lambda each: each[:2])
    return variant, value, both


def _value(profile: Profile, document: Document) -> Any:
    return orjson.loads(profile.encode[Syntax.JSON](document))


def _beside(context: Context) -> dict[str, object]:
    beside: dict[str, object] = {}
    for relation, related in context.related.items():
        profile = profiles()[related.document.profile]
        beside[relation.value] = {
            "profile": profile.id,
            "state": related.state,
            "changes": changes(_value(profile, profile.example()), _value(profile, related.document)),
        }
    if context.products is not None:
        beside["products"] = [
            {"agreement": rule.agreement, "heading": rule.heading, "rule": rule.text}
            for rule in context.products.rules.values()
        ]
    return beside


# --- JSON Patch ------------------------------------------------------------------------------------------------------


def changes(before: Any, after: Any) -> list[dict[str, object]]:
    """The operations of JSON Patch that make the one of the other, in the order in which they apply."""
    return list(_changes("", before, after))


def _changes(pointer: str, before: Any, after: Any) -> Iterator[dict[str, object]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in after:
                yield {"op": "remove", "path": place}
            elif name not in before:
                yield {"op": "add", "path": place, "value": after[name]}
            else:
                yield from _changes(place, before[name], after[name])
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(min(len(before), len(after))):
            yield from _changes(f"{pointer}/{index}", before[index], after[index])
        for index in range(len(before), len(after)):
            yield {"op": "add", "path": f"{pointer}/{index}", "value": after[index]}
        for index in reversed(range(len(after), len(before))):
            yield {"op": "remove", "path": f"{pointer}/{index}"}
    else:
        yield {"op": "replace", "path": pointer, "value": after}
