"""What a run makes of what it hears: a lesson is told with the ledger's figures; what goes otherwise is a problem."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.clock import FrozenClock
from simulator.documents import Made, make_every
from simulator.journal import Entry, Kind
from simulator.play import _hear, _Run, _tell
from simulator.progress import Progress
from simulator.scenario import load
from tradebridge.calls import Refused, Unreachable

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SCENARIO = load("asean-japan")
MADE = make_every(SCENARIO, seed="42", at=AT)
LESSONS = {lesson.name: lesson for lesson in SCENARIO.lessons}
ACCOUNT = {"items": [{"total": "100", "drawn": "75", "left": "25"}], "state": "partly"}


class Ledger:
    """Answers as the hub does to who asks for a ledger; its first answers are those given."""

    def __init__(self, *first: Exception) -> None:
        self.first = list(first)

    async def do(self, call: object) -> Any:
        if self.first:
            raise self.first.pop(0)
        return ACCOUNT


def run_with(ledger: Ledger) -> tuple[_Run, list[Progress]]:
    told: list[Progress] = []
    world: Any = SimpleNamespace(operator=ledger, settings=SimpleNamespace(clock=FrozenClock(AT)))
    return _Run(world, SCENARIO, MADE, told.append, by_digest={each.content_digest: each for each in MADE}), told


def tell(ledger: Ledger) -> tuple[_Run, list[Progress]]:
    run, told = run_with(ledger)
    made = made_of("partial use")
    asyncio.run(_tell(run, LESSONS["partial use"], {"certificate": (made.number, "doc_1")}, made))
    return run, told


def made_of(lesson: str) -> Made:
    (place,) = (planned.place for planned in LESSONS[lesson].documents)
    return MADE[place - 1]


def test_a_lesson_is_told_with_the_figures_of_the_ledger_also_by_a_hub_that_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simulator.play.ASK_AGAIN_SECONDS", 0)
    run, (step,) = tell(Ledger(Unreachable("http://hub.test", "gone"), Unreachable("http://hub.test", "gone")))
    assert step.kind == "lesson"
    assert step.text.startswith(f"{made_of('partial use').number} is used by two declarations: 75 of 100 cartons")
    assert step.text.endswith(LESSONS["partial use"].teaches)
    assert run.problems == []


def test_a_ledger_that_is_refused_is_a_problem() -> None:
    run, told = tell(Ledger(Refused({"status": 404, "code": "document.not-found", "title": "no such", "errors": []})))
    assert told == []
    assert len(run.problems) == 1


OVER_USE = Entry(
    at="2026-01-05T09:00:00Z",
    member="JP-NACCS",
    kind=Kind.REFUSED,
    document_id="doc_1",
    codes=("utilisation.more-than-left",),
    event={"id": "evt_1", "type": "utilised", "sequence": 3, "recipient": "JP-NACCS", "place": 2},
)


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        (OVER_USE, 0),
        (replace(OVER_USE, codes=("event.old-sequence",)), 1),
        (replace(OVER_USE, kind=Kind.EVENT_SENT, codes=()), 1),
    ],
    ids=["refused as it should be", "refused for another reason", "accepted"],
)
def test_an_over_use_must_be_refused_for_the_reason_that_the_scenario_names(entry: Entry, problems: int) -> None:
    run, told = run_with(Ledger())
    made = made_of("over-use")
    run._by_id["doc_1"] = made
    _hear(run, entry)
    assert len(run.problems) == problems
    assert told[0].number == made.number
    assert (told[0].kind == "event-refused") == (entry.kind is Kind.REFUSED)
