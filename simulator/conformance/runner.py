"""A suite is played against a system under test: scenario -> action -> check.

1. A scenario is played in actions; what the system under test does in an action is checked, and each check is named by
   the sentence of the specification that it verifies (`Sentence`).
2. A word is said of each check and of each scenario (`Word`). A scenario is as good as its worst check. What only
   recommends (`required=False`) warns and fails nothing. What cannot be asked further hides no breach found before.
3. No traffic is no pass: a scenario in which the system under test said nothing, or in which nothing was checked, is
   `no-traffic`. So is one that waits for a call that never comes.
4. Our error is never the other's fail: an exception inside the kit makes the scenario `error`, whatever was checked
   before it.
5. The kit keeps its own view of the protocol. It judges nothing with the code that it may be judging.
6. A scenario changes nothing for the next one: each makes its own titles.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from simulator.conformance.exchange import Exchange
from simulator.conformance.told import printable

log = logging.getLogger("simulator.conformance")


class Word(StrEnum):
    """What is said of a check, a scenario, a run."""

    PASS = "pass"  # noqa: S105  # a word, not a password
    FAIL = "fail"
    WARNING = "warning"
    SKIPPED = "skipped"
    """It was not asked for in this run."""
    NOT_APPLICABLE = "not-applicable"
    """It cannot be asked of this system."""
    ERROR = "error"
    """Ours: the kit broke. It says nothing about the system under test."""
    WAITING = "waiting"
    """Somebody's turn: the run ended before they took it."""
    NO_TRAFFIC = "no-traffic"


_WORST = (
    Word.ERROR,
    Word.FAIL,
    Word.NO_TRAFFIC,
    Word.WAITING,
    Word.SKIPPED,
    Word.WARNING,
    Word.PASS,
    Word.NOT_APPLICABLE,
)


class Role(StrEnum):
    """What the system under test is in a scenario."""

    RECEIVER = "receiver"
    SENDER = "sender"
    VERIFIER = "verifier"
    HOLDER = "holder"
    """Of titles."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a specification, as a check verifies it."""

    key: str
    """Its name in reports, such as `outcome.http-422`."""
    text: str
    """In our words, short; what is in quotation marks is the specification's."""
    source: str
    """Where it stands."""
    required: bool = True
    """False: recommended (should, may expect); a breach warns."""
    cause: str = ""
    """What is wrong as a rule where it does not hold; empty where nobody knows."""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence, held against what happened."""

    sentence: Sentence
    word: Word
    found: str
    expected: str
    exchange: int | None
    """Index of the exchange that it is about, in its scenario."""

    def to_json(self) -> dict[str, Any]:
        return {
            "check": self.sentence.key,
            "result": self.word.value,
            "sentence": self.sentence.text,
            "source": self.sentence.source,
            "required": self.sentence.required,
            "found": self.found,
            "expected": self.expected,
            "exchange": self.exchange,
            **({"cause": self.sentence.cause, "fix": self.sentence.fix} if self.sentence.cause else {}),
        }


@dataclass(frozen=True, slots=True)
class Action:
    """One step, what was exchanged in it, and its checks."""

    title: str
    exchanges: tuple[int, ...]
    checks: tuple[Check, ...]


def in_milliseconds(at: datetime) -> datetime:
    """As statements have it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class NoTraffic(Exception):
    """The system under test did not call, or did not answer, in time. The message says what was waited for."""


class Stop(Exception):
    """A check failed, and nothing further can be tried in this scenario."""


class NotApplicable(Exception):
    """The scenario cannot be asked of this system. The message says why."""


class Waiting(Exception):
    """A person had to do something and did not in time. The message says what."""


C = TypeVar("C")
"""What a suite gives its scenarios to play with."""


@dataclass(frozen=True)
class Scenario(Generic[C]):
    """One thing that a system is tried with."""

    name: str
    role: Role
    title: str
    """A sentence for people."""
    play: "Callable[[Play[C]], Awaitable[None]]"
    alone: bool = False
    """It moves what others stand on (the system's clock): it is played when they have ended."""


@dataclass(frozen=True)
class Suite(Generic[C]):
    """Scenarios against one standard."""

    name: str
    version: str
    title: str
    standard: str
    scenarios: tuple[Scenario[C], ...]
    open: "Callable[[Any], AbstractAsyncContextManager[C]]"
    """From the system under test to what scenarios play with: the kit's keys, its listening end."""


@dataclass
class Play(Generic[C]):
    """One scenario being played."""

    kit: C
    name: str = ""
    """Of the scenario."""
    at: datetime = field(default_factory=lambda: in_milliseconds(datetime.now(UTC)))
    """When it began; what a suite makes may depend on it, the kit's seed and the name alone: so it can be repeated."""
    exchanges: list[Exchange] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    _checks: list[Check] | None = None
    """Of the action that is on."""

    @contextmanager
    def action(self, title: str) -> Iterator[None]:
        """A step: exchanges and checks within belong to it, also if it breaks off."""
        before, checks = len(self.exchanges), list[Check]()
        outer, self._checks = self._checks, checks
        try:
            yield
        finally:
            self.actions.append(Action(title, tuple(range(before, len(self.exchanges))), tuple(checks)))
            self._checks = outer

    def record(self, exchange: Exchange) -> int:
        """Its index, for checks."""
        self.exchanges.append(exchange)
        return len(self.exchanges) - 1

    def check(
        self, sentence: Sentence, holds: bool, *, found: object = "", expected: object = "", exchange: int | None = None
    ) -> bool:
        """Whether the sentence holds; a scenario goes on after a breach where it can."""
        word = Word.PASS if holds else Word.FAIL if sentence.required else Word.WARNING
        at = exchange if exchange is not None else len(self.exchanges) - 1 if self.exchanges else None
        self._note(Check(sentence, word, _text(found), _text(expected), at))
        return holds

    def cannot_see(self, sentence: Sentence, why: str) -> None:
        """The sentence holds inside the system, and this one does not show its inside."""
        self._note(Check(sentence, Word.NOT_APPLICABLE, why, "", None))

    def _note(self, check: Check) -> None:
        """In the action that is on, else in the last one: no check is lost."""
        if self._checks is not None:
            self._checks.append(check)
            return
        last = self.actions.pop() if self.actions else Action("Afterwards.", (), ())
        self.actions.append(replace(last, checks=(*last.checks, check)))


def _text(value: object) -> str:
    """For people: what is several, one after the other; what cannot be seen, as such."""
    if isinstance(value, list | tuple):
        return printable(", ".join(map(_text, value)) or "none")
    return printable(str(value))


@dataclass(frozen=True)
class Result:
    """What came of one scenario."""

    name: str
    role: Role
    title: str
    word: Word
    reason: str
    """Of a word that checks do not explain; empty otherwise."""
    actions: tuple[Action, ...]
    exchanges: tuple[Exchange, ...]
    seconds: float
    began: datetime

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(check for action in self.actions for check in action.checks)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "role": self.role.value,
            "title": self.title,
            "result": self.word.value,
            "reason": self.reason,
            "began": self.began.isoformat(timespec="milliseconds"),
            "seconds": round(self.seconds, 3),
            "checks": [check.to_json() for check in self.checks],
        }


@dataclass(frozen=True)
class Run:
    """A suite played against one system."""

    suite: str
    version: str
    title: str
    standard: str
    system: str
    """Its name."""
    code: str
    """Its platform code, or whatever it is called by in short."""
    began: datetime
    seconds: float
    results: tuple[Result, ...]

    def count(self, word: Word) -> int:
        return sum(result.word is word for result in self.results)

    @property
    def passed(self) -> bool:
        """All that was asked for passed, at most with warnings, and there was something to pass."""
        good = self.count(Word.PASS) + self.count(Word.WARNING)
        return good > 0 and good + self.count(Word.NOT_APPLICABLE) + self.count(Word.SKIPPED) == len(self.results)

    def brief(self) -> list[dict[str, Any]]:
        """Each scenario with its checks: whole where something is to be said, else by name."""
        return [each.to_json() | {"checks": [_brief(check) for check in each.checks]} for each in self.results]

    def to_json(self) -> dict[str, Any]:
        return {
            "suite": self.suite,
            "version": self.version,
            "standard": self.standard,
            "system": self.system,
            "code": self.code,
            "began": self.began.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            **counts(self.results),
            "ok": self.passed,
            "scenarios": [result.to_json() for result in self.results],
        }


def _brief(check: Check) -> dict[str, Any]:
    """A check that holds by its name and word; any other whole."""
    whole = check.to_json()
    return whole if check.word in (Word.FAIL, Word.WARNING) else {name: whole[name] for name in ("check", "result")}


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How often each word was said."""
    names = {
        Word.PASS: "passed",
        Word.FAIL: "failed",
        Word.WARNING: "warnings",
        Word.SKIPPED: "skipped",
        Word.NOT_APPLICABLE: "notApplicable",
        Word.ERROR: "errors",
        Word.WAITING: "waiting",
        Word.NO_TRAFFIC: "noTraffic",
    }
    return {name: sum(result.word is word for result in results) for word, name in names.items()}


async def run(
    suite: Suite[C],
    system: Any,
    *,
    name: str,
    code: str,
    only: Callable[[Scenario[C]], bool] = lambda scenario: True,
    at_once: int = 6,
    told: Callable[[Result], None] = lambda result: None,
    at: datetime | None = None,
) -> Run:
    """Play a suite. `name` and `code`: of the system, in the report. `only`: others are skipped. `at_once`: scenarios
    that wait beside each other; 1 for a system with a person in it. `told`: of each result, in any order. `at`: what
    is made is made as of this time, to repeat what was exchanged then."""
    began, clock = datetime.now(UTC), time.monotonic()
    turns = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario[C], kit: C) -> Result:
        if not only(scenario):
            return _result(scenario, Play(kit), Word.SKIPPED, "not asked for in this run", 0.0)
        async with turns:
            result = await play(scenario, kit, at)
        told(result)
        return result

    async with suite.open(system) as kit:
        together = {each.name: one(each, kit) for each in suite.scenarios if not each.alone}
        results = dict(zip(together, await asyncio.gather(*together.values()), strict=True))
        for scenario in suite.scenarios:
            if scenario.alone:
                results[scenario.name] = await one(scenario, kit)
    seconds = time.monotonic() - clock
    in_order = tuple(results[scenario.name] for scenario in suite.scenarios)
    return Run(suite.name, suite.version, suite.title, suite.standard, name, code, began, seconds, in_order)


async def play(scenario: Scenario[C], kit: C, at: datetime | None = None) -> Result:
    """One scenario, to its end or as far as it comes."""
    began = time.monotonic()
    playing = Play(kit, scenario.name) if at is None else Play(kit, scenario.name, at)
    word, reason = None, ""
    try:
        await scenario.play(playing)
    except Stop:
        if not any(check.word is Word.FAIL for action in playing.actions for check in action.checks):
            word, reason = Word.ERROR, "the kit stopped though nothing had failed"
    except NoTraffic as silence:
        word, reason = Word.NO_TRAFFIC, str(silence)
    except NotApplicable as why:
        word, reason = Word.NOT_APPLICABLE, str(why)
    except Waiting as turn:
        word, reason = Word.WAITING, str(turn)
    except Exception as error:
        log.exception("scenario %s broke", scenario.name)
        word, reason = Word.ERROR, f"the kit broke, which says nothing about your system: {error!r}"
    said = [check.word for action in playing.actions for check in action.checks]
    if word is None and not any(each is not Word.NOT_APPLICABLE for each in said):
        word, reason = Word.NO_TRAFFIC, "nothing was exchanged that could be checked"
    if word is Word.NOT_APPLICABLE and Word.FAIL in said:
        word = Word.FAIL  # what could not go on hides nothing that was found before
    if word in (None, Word.NO_TRAFFIC, Word.WAITING):
        word = _worst([*said, *([word] if word else [])])
    return _result(scenario, playing, word, reason, time.monotonic() - began)


def _worst(words: Sequence[Word]) -> Word:
    return min(words, key=_WORST.index)


def _result(scenario: Scenario[Any], playing: Play[Any], word: Word, reason: str, seconds: float) -> Result:
    actions, exchanges = tuple(playing.actions), tuple(playing.exchanges)
    return Result(
        scenario.name, scenario.role, scenario.title, word, printable(reason), actions, exchanges, seconds, playing.at
    )


async def every(seconds: float, interval: float) -> AsyncIterator[None]:
    """Ticks until the time is over, the first at once: for what can only be asked again and again."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        await asyncio.sleep(interval)
        yield
