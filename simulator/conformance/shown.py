"""Suites and runs as the control plane shows them, in JSON: what `simulator.kit_control` answers with."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from simulator.conformance.kept import NOT_PLAYED, Head, Keeping, NotKept, Shelf, run_of
from simulator.conformance.report import broken_checks, grid_of
from simulator.conformance.runner import Result, Run, counts
from simulator.conformance.suites import SUITES
from simulator.conformance.suites import suite as suite_of
from simulator.refusals import refuse

State = Literal["playing", "ended", "not ended"]
IsOn = Callable[[str], bool]
"""Whether a run of this id is being played."""


class Playing(Protocol):
    """What is on, as the kit of the world knows it."""

    def is_on(self, run: str) -> bool: ...

    def turn_of(self, keeping: Keeping) -> str: ...


def suites() -> list[dict[str, Any]]:
    return [
        {
            "suite": each.name,
            "version": each.version,
            "title": each.title,
            "standard": each.standard,
            "about": SUITES[each.name],
            "scenarios": [{"name": one.name, "role": one.role.value, "title": one.title} for one in each.scenarios],
        }
        for each in map(suite_of, SUITES)
    ]


def asked(head: Head) -> set[str]:
    """The scenarios that a run is to play."""
    return set(head.only) or {each.name for each in suite_of(head.suite).scenarios}


def listed(shelf: Shelf, is_on: IsOn) -> list[dict[str, Any]]:
    """Every run that is kept, the youngest first; of a suite that was another then, the head alone."""
    found = list[dict[str, Any]]()
    for head in shelf.heads():
        brief: dict[str, Any] = {"run": head.id, "suite": head.suite, "version": head.version, "system": head.system}
        brief |= {"code": head.code, "began": head.began.isoformat(timespec="seconds")}
        try:
            run = run_of(shelf.find(head.id), suite_of(head.suite))
        except (NotKept, KeyError):
            found.append(brief | {"state": "of another version"})
            continue
        found.append(brief | {"state": _state(run, head.id, is_on), "ok": run.passed, **counts(run.results)})
    return found


def told(keeping: Keeping, playing: Playing) -> dict[str, Any]:
    """One run: its scenarios with their checks, what does not hold, the grid. Raises `Refusal`."""
    head = keeping.head
    try:
        run = run_of(keeping, suite_of(head.suite))
    except (NotKept, KeyError) as error:
        raise refuse("simulation.unknown-run", found=head.id, expected=f"a suite as it is now: {error}") from error
    grid = grid_of(run)
    return {
        "run": head.id,
        "title": run.title,
        **run.to_json(),
        "began": head.began.isoformat(timespec="seconds"),
        "state": _state(run, head.id, playing.is_on),
        "turn": playing.turn_of(keeping),
        "broken": [
            {"id": each.id, "scenario": each.result.name, "sent": each.sent, **each.check.to_json()}
            for each in broken_checks(run)
        ],
        "grid": {
            "scenarios": list(grid.scenarios),
            "rows": [
                {
                    "requirement": row.sentence.key,
                    "sentence": row.sentence.text,
                    "source": row.sentence.source,
                    "required": row.sentence.required,
                    "results": {name: word.value for name, word in row.words.items()},
                }
                for row in grid.rows
            ],
        },
    }


def _state(run: Run, run_id: str, is_on: IsOn) -> State:
    """A run that does not go on here may go on in a terminal: it has not ended, and that is all that is known."""
    if all(each.reason != NOT_PLAYED for each in run.results):
        return "ended"
    return "playing" if is_on(run_id) else "not ended"


def brief(result: Result) -> dict[str, Any]:
    """A scenario without the checks that hold."""
    whole = result.to_json()
    broken = [each for each in whole["checks"] if each["result"] in ("fail", "warning")]
    return whole | {"checks": broken, "checked": len(whole["checks"])}
