"""The words of a run: no traffic is no pass, and an error of the kit is nobody's fail."""

import ast
import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.conformance import report
from simulator.conformance.exchange import By, Exchange, body_text
from simulator.conformance.runner import (
    NotApplicable,
    NoTraffic,
    Play,
    Result,
    Role,
    Run,
    Scenario,
    Sentence,
    Stop,
    Suite,
    Waiting,
    Word,
    play,
    run,
)
from simulator.conformance.signed import signer_of
from tests.docs.blocks import ROOT

HOLDS = Sentence("a.holds", "It holds.", "a specification")
ADVICE = Sentence("a.advice", "It had better hold.", "a specification", required=False)
SECRET = "the-secret-token"
EXCHANGE = Exchange(
    By.KIT,
    "a call",
    "POST",
    "http://127.0.0.1:1/pint/v3/envelopes",
    {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"},
    b'{"who": "<script>alert(1)</script>"}' + b" " * 300,
    200,
    {"Set-Cookie": SECRET},
    b'"eyJhbGciOiJFUzI1NiJ9.eyJyZXNwb25zZUNvZGUiOiJSRUNFIn0.c2lnbmF0dXJl"',
    0.01,
)


async def nothing(playing: Play[None]) -> None:
    return


async def all_hold(playing: Play[None]) -> None:
    with playing.action("A step."):
        playing.record(EXCHANGE)
        playing.check(HOLDS, True)
        playing.cannot_see(ADVICE, "inside")


async def one_breaks(playing: Play[None]) -> None:
    await all_hold(playing)
    with playing.action("Another."):
        playing.record(EXCHANGE)
        playing.check(HOLDS, False, found=1, expected=2)
        raise Stop


async def advice_is_not_taken(playing: Play[None]) -> None:
    await all_hold(playing)
    with playing.action("Another."):
        playing.check(ADVICE, False)


async def nothing_can_be_seen(playing: Play[None]) -> None:
    with playing.action("A step."):
        playing.cannot_see(HOLDS, "inside")


async def nobody_calls(playing: Play[None]) -> None:
    await all_hold(playing)
    raise NoTraffic("nobody called")


async def nobody_calls_after_a_breach(playing: Play[None]) -> None:
    with playing.action("A step."):
        playing.check(HOLDS, False)
    raise NoTraffic("nobody called")


async def the_kit_breaks(playing: Play[None]) -> None:
    with playing.action("A step."):
        playing.check(HOLDS, False)
        raise ZeroDivisionError


async def the_kit_stops_for_nothing(playing: Play[None]) -> None:
    await all_hold(playing)
    raise Stop


async def it_cannot_be_asked(playing: Play[None]) -> None:
    raise NotApplicable("no such thing here")


async def it_cannot_be_asked_after_a_breach(playing: Play[None]) -> None:
    with playing.action("A step."):
        playing.check(HOLDS, False)
    raise NotApplicable("no such thing here")


async def somebody_is_waited_for(playing: Play[None]) -> None:
    await all_hold(playing)
    raise Waiting("a person")


@pytest.mark.parametrize(
    ("playing", "word"),
    [
        (nothing, Word.NO_TRAFFIC),
        (all_hold, Word.PASS),
        (one_breaks, Word.FAIL),
        (advice_is_not_taken, Word.WARNING),
        (nothing_can_be_seen, Word.NO_TRAFFIC),
        (nobody_calls, Word.NO_TRAFFIC),
        (nobody_calls_after_a_breach, Word.FAIL),
        (the_kit_breaks, Word.ERROR),
        (the_kit_stops_for_nothing, Word.ERROR),
        (it_cannot_be_asked, Word.NOT_APPLICABLE),
        (it_cannot_be_asked_after_a_breach, Word.FAIL),
        (somebody_is_waited_for, Word.WAITING),
    ],
)
def test_what_is_said_of_a_scenario(playing: Callable[[Play[None]], Awaitable[None]], word: Word) -> None:
    logging.getLogger("simulator.conformance").setLevel(logging.CRITICAL)
    result = asyncio.run(play(Scenario("one", Role.RECEIVER, "One.", playing), None))
    assert result.word is word
    assert bool(result.reason) == (word in (Word.NO_TRAFFIC, Word.ERROR, Word.NOT_APPLICABLE, Word.WAITING)) or (
        playing in (nobody_calls_after_a_breach, it_cannot_be_asked_after_a_breach)
    )


def ran(*playing: Callable[[Play[None]], Awaitable[None]], only: str = "") -> Run:
    @asynccontextmanager
    async def stage(system: object) -> Any:
        yield None

    scenarios = tuple(Scenario(each.__name__, Role.SENDER, f"{each.__name__}.", each) for each in playing)
    suite: Suite[None] = Suite("s", "1", "A suite", "A standard", scenarios, stage)
    return asyncio.run(run(suite, None, name="Mine", code="MINE", only=lambda each: only in each.name))


@pytest.mark.parametrize(
    ("scenarios", "passed"),
    [
        ((all_hold,), True),
        ((all_hold, advice_is_not_taken, it_cannot_be_asked), True),
        ((it_cannot_be_asked,), False),
        ((all_hold, nobody_calls), False),
        ((all_hold, the_kit_breaks), False),
        ((all_hold, somebody_is_waited_for), False),
        ((all_hold, one_breaks), False),
        ((), False),
    ],
)
def test_a_run_passes_if_all_that_applies_does(scenarios: tuple[Any, ...], passed: bool) -> None:
    assert ran(*scenarios).passed is passed


def test_what_was_not_asked_for_is_skipped_and_played_by_nobody() -> None:
    found = ran(all_hold, one_breaks, only="all_hold")
    assert [each.word for each in found.results] == [Word.PASS, Word.SKIPPED]
    assert found.passed
    assert found.to_json()["skipped"] == 1


def test_a_report_tells_everything_but_secrets_and_needs_nothing_from_anywhere(tmp_path: Path) -> None:
    page = report.write(ran(one_breaks, nobody_calls), tmp_path / "report", signer_of("x")).read_text("utf-8")
    told = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    for text in (page, json.dumps(told)):
        assert SECRET not in text
        assert "(redacted)" in text
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1:1/pint/v3/envelopes", "")
    assert "https://" not in page
    assert "It holds." in page
    assert "&#34;responseCode&#34;: &#34;RECE&#34;" in page  # what was signed, decoded
    assert "the same bytes as in exchange 1" in page
    first = told["scenarios"][0]
    assert first["result"] == "fail"
    assert first["exchanges"][0]["request"] == body_text(EXCHANGE.request)
    assert [check["result"] for check in first["checks"]] == ["pass", "not-applicable", "fail"]
    assert (first["checks"][2]["found"], first["checks"][2]["expected"]) == ("1", "2")


def test_a_result_has_its_checks_in_order() -> None:
    result = ran(one_breaks).results[0]
    assert isinstance(result, Result)
    assert [check.exchange for check in result.checks] == [0, None, 1]


def test_the_kit_judges_with_nothing_that_it_may_be_judging() -> None:
    """Of the engine it takes the seal and how to wait, of the schemas PINT's models: no judge of envelopes, no state
    machine."""
    found = set()
    for file in (ROOT / "simulator" / "conformance").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{each.name}" for each in node.names}
    ours = {each for each in found if each.startswith(("tradebridge.ebl", "schemas.bill_of_lading"))}
    assert {".".join(each.split(".")[:3]) for each in ours} <= {
        "tradebridge.ebl.seal",
        "tradebridge.ebl.waiting",
        "schemas.bill_of_lading.pint",
        "schemas.bill_of_lading.dcsa",
        "schemas.bill_of_lading.examples",
    }


async def checks_after_its_steps(playing: Play[None]) -> None:
    with playing.action("A step."):
        playing.record(EXCHANGE)
    playing.check(HOLDS, False, found="no")


def test_a_check_after_the_last_step_counts() -> None:
    result = ran(checks_after_its_steps).results[0]
    assert (result.word, [check.sentence.key for check in result.checks]) == (Word.FAIL, ["a.holds"])
    assert [action.title for action in result.actions] == ["A step."]
