"""The report of an export: what was done, by member and actor and by route; and the questions that it raises."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from tradebridge.audit.facts import Actor, Facts, Said
from tradebridge.audit.questions import questions, told_route

FORMAT = "tradebridge-audit-report/1"
NOTE = "These are questions to ask, not findings against anybody: each count has honest explanations too."


def report(facts: Facts, thresholds: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON: counts by actor and by route (times in seconds), questions, and the thresholds that they come from."""
    return {
        "format": FORMAT,
        "space": facts.space,
        "from": facts.first,
        "size": facts.size,
        "simulated": facts.simulated,
        "hidden": facts.hidden,
        "unreadable": facts.unreadable,
        "actors": _actors(facts),
        "routes": _routes(facts.said),
        "note": NOTE,
        "questions": [each.to_json() for each in questions(facts, thresholds)],
        "thresholds": dict(thresholds),
    }


def _actors(facts: Facts) -> list[dict[str, Any]]:
    """Members and their persons, by name; API keys are counted together."""
    rows: dict[Actor, dict[str, Any]] = {}

    def row(by: Actor) -> dict[str, Any]:
        empty: dict[str, Any] = {"decisions": 0, "events": 0, "readings": 0, "commands": 0, "seconds": []}
        return rows.setdefault(Actor(by.member, by.person), empty)

    for said in facts.said:
        own = row(said.by)
        own["events"] += 1
        if said.first:
            own["decisions"] += 1
            own["seconds"] += [] if said.seconds is None else [said.seconds]
    for opened in facts.opened:
        row(opened.by)["readings"] += 1
    for commanded in facts.commanded:
        row(commanded.by)["commands"] += 1
    ordered = sorted(rows.items(), key=lambda each: (each[0].member, each[0].person))
    return [
        {"member": by.member, "person": by.person, "medianSeconds": _median(counts.pop("seconds")), **counts}
        for by, counts in ordered
    ]


def _routes(said: Iterable[Said]) -> list[dict[str, Any]]:
    routes: dict[str, list[Said]] = {}
    for each in said:
        if each.first:
            routes.setdefault(told_route(each.route), []).append(each)
    return [
        {
            "route": name,
            "decisions": len(decided),
            "accepted": sum(each.type == "accepted" for each in decided),
            "rejected": sum(each.type == "rejected" for each in decided),
            "medianSeconds": _median([each.seconds for each in decided if each.seconds is not None]),
        }
        for name, decided in sorted(routes.items())
    ]


def _median(seconds: list[float]) -> float | None:
    return median(seconds) if seconds else None
