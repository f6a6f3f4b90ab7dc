"""Reports of a run: the same in all of them, nothing of a partner alive in any, and the schema is the one published."""

import asyncio
import json
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from simulator.conformance import report
from simulator.conformance.comparing import NOT_THERE, Change, changes
from simulator.conformance.exchange import By, Exchange
from simulator.conformance.kept import Shelf, head_of, run_of
from simulator.conformance.report_schema import ConformanceReport, schema
from simulator.conformance.runner import NoTraffic, Play, Role, Run, Scenario, Sentence, Suite, Waiting, Word, run
from simulator.conformance.signed import signer_of
from tests.docs.blocks import ROOT

EVIL = "<script>alert(1)</script>`</code>\x1b[31m|[x](http://evil.example)\x00\u202e&quot;\nsecond line"
BREAKS = Sentence("a.breaks", "It holds.", "a specification, 1", True, "it was not looked at", "look at it")
HOLDS = Sentence("a.holds", "It holds too.", "a specification, 2")
ADVICE = Sentence("a.advice", "It had better hold.", "a specification, 3", required=False)


def exchange(by: By) -> Exchange:
    return Exchange(by, "a call", "POST", "http://127.0.0.1:1/x", {}, EVIL.encode(), 200, {"x": EVIL}, EVIL.encode(), 0)


async def breaks(play: Play[None]) -> None:
    with play.action("A step."):
        play.record(exchange(By.KIT))
        play.check(HOLDS, True)
        play.check(BREAKS, False, found=EVIL, expected="none")
    with play.action("Another."):
        play.record(exchange(By.SYSTEM))
        play.check(ADVICE, False, found="no", expected="yes")


async def holds(play: Play[None]) -> None:
    with play.action("A step."):
        play.check(HOLDS, True)
        play.cannot_see(ADVICE, "inside")


async def silent(play: Play[None]) -> None:
    raise NoTraffic(EVIL)


async def idle(play: Play[None]) -> None:
    raise Waiting("somebody's turn")


async def broken(play: Play[None]) -> None:
    raise RuntimeError("the kit")


@asynccontextmanager
async def nothing(system: Any) -> Any:
    yield None


PLAYED = (breaks, holds, silent, idle, broken)
SUITE: Suite[None] = Suite(
    "tiny",
    "1",
    "A tiny suite",
    "none",
    tuple(Scenario(e.__name__, Role.RECEIVER, "A thing.", e) for e in PLAYED),
    nothing,
)


@pytest.fixture(scope="module")
def found() -> Run:
    return asyncio.run(run(SUITE, None, name=EVIL, code="EVIL", only=lambda each: True))


@pytest.fixture(scope="module")
def folder(found: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(found, tmp_path_factory.mktemp("report"), signer_of("x")).parent


def test_each_report_says_that_it_is_no_certification(folder: Path) -> None:
    names = {"index.html", "report.json", "junit.xml", "summary.md"}
    assert {each.name for each in folder.iterdir()} == {*names, "report.pdf", "report.jws", "evidence.zip"}
    for name in names:
        assert "est evidence, not certification" in (folder / name).read_text("utf-8")


def test_each_report_says_all_of_a_failed_check(folder: Path, found: Run) -> None:
    identifier = report.broken_checks(found)[0].id
    for name in ("index.html", "junit.xml", "summary.md", "report.json"):
        text = (folder / name).read_text("utf-8")
        for said in ("a specification, 1", "it was not looked at", "look at it", identifier, "It holds."):
            assert said in text, (name, said)


def test_the_exchanges_of_a_scenario_are_drawn_and_the_one_that_is_wrong_is_said_to_be(folder: Path) -> None:
    tree = html.fromstring((folder / "index.html").read_text("utf-8"))
    (drawing,) = tree.xpath("//*[local-name()='svg']")
    texts = [each.text_content() for each in drawing.xpath(".//*[local-name()='text']")]
    assert texts == [
        "kit",
        "system under test",
        "1. POST /x → 200 (does not hold)",
        "2. POST /x → 200 (does not hold)",
    ]


def test_nothing_of_a_partner_is_alive_in_a_page(folder: Path) -> None:
    page = (folder / "index.html").read_text("utf-8")
    tree = html.fromstring(page)
    assert [each.tag for each in tree.iter() if each.tag in ("script", "img", "iframe", "object", "form", "link")] == []
    assert set(tree.xpath("//@href")) <= {f"#{scenario.name}" for scenario in SUITE.scenarios}
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")
    assert "alert(1)" in tree.text_content()


def test_nothing_of_a_partner_is_alive_in_markdown(folder: Path) -> None:
    """What it said stands in code spans, one a line at most, and opens nothing."""
    text = (folder / "summary.md").read_text("utf-8")
    without_code = re.sub(r"`[^`\n]*`", "", text)
    for alive in ("<", "evil.example", "alert", "\x1b", "\x00", "\u202e"):
        assert alive not in without_code
    assert "alert(1)" in text
    assert not any(line.startswith("second line") for line in text.splitlines())


def test_junit_counts_what_is_no_pass(folder: Path) -> None:
    suite = etree.parse(folder / "junit.xml").getroot()[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "3",
        "errors": "1",
        "skipped": "0",
    }
    kinds = {case.get("name"): [each.tag for each in case] for case in suite.iter("testcase")}
    assert kinds == {
        "breaks": ["failure"],
        "holds": [],
        "silent": ["failure"],
        "idle": ["failure"],
        "broken": ["error"],
    }
    text = suite.findtext("testcase/failure") or ""
    assert [line.partition(" ")[0] for line in text.splitlines()[1:5]] == ["sent", "expected", "got", "clause"]


def test_the_schema_is_the_one_that_is_published_and_a_report_follows_it(folder: Path) -> None:
    published = json.loads((ROOT / "docs/reference/conformance-report.schema.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(schema()))
    ConformanceReport.model_validate_json((folder / "report.json").read_text("utf-8"), strict=False)


def test_the_grid_has_each_requirement_beside_the_scenarios_that_checked_it(found: Run) -> None:
    grid = report.grid_of(found)
    assert grid.scenarios == ("breaks", "holds")
    assert {row.sentence.key: dict(row.words) for row in grid.rows} == {
        "a.advice": {"breaks": Word.WARNING, "holds": Word.NOT_APPLICABLE},
        "a.breaks": {"breaks": Word.FAIL},
        "a.holds": {"breaks": Word.PASS, "holds": Word.PASS},
    }
    assert grid.rows[-1].sentence is HOLDS  # what does not hold comes first


def test_a_run_that_was_kept_is_the_same_run(found: Run, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    keeping = shelf.begin(head_of(SUITE, found.system, found.code, {"own": "EVIL"}))
    for result in found.results:
        keeping.told(result)
    again = run_of(shelf.find(), SUITE)
    before, after = report.to_json(found), report.to_json(again)
    for each in (before, after):
        each.pop("began"), each.pop("seconds")
        for scenario in each["scenarios"]:
            scenario.pop("seconds")
    assert after == before
    assert (tmp_path / f"{keeping.head.id}.jsonl").stat().st_mode & 0o077 == 0


def test_a_run_is_found_by_its_whole_id_before_one_that_begins_like_it(tmp_path: Path) -> None:
    shelf, head = Shelf(tmp_path), head_of(SUITE, "x", "X", {"own": "X"})
    first, second = shelf.begin(head), shelf.begin(head)
    assert second.head.id == f"{first.head.id}-2"
    assert [shelf.find(each).head.id for each in (first.head.id, second.head.id, "")] == [
        first.head.id,
        second.head.id,
        second.head.id,
    ]


def test_of_two_reports_it_is_said_what_got_worse(found: Run) -> None:
    good = asyncio.run(run(SUITE, None, name="x", code="X", only=lambda each: each.name == "holds"))
    mended = replace(found, results=tuple(replace(e, word=Word.PASS, actions=()) for e in found.results[:1]))
    told = changes(report.to_json(mended), report.to_json(found))
    assert told[0] == Change("breaks", "", Word.PASS, Word.FAIL)
    assert [each.is_worse for each in told if each.scenario == "breaks"] == [True, True, True, False]
    assert Change("breaks", "a.holds", NOT_THERE, Word.PASS) in told
    assert not changes(report.to_json(good), report.to_json(good))


def test_the_code_of_a_system_leads_into_no_other_folder(tmp_path: Path) -> None:
    keeping = Shelf(tmp_path).begin(head_of(SUITE, "x", "../../etc/x y", {"own": "X"}))
    assert keeping.path.parent == tmp_path
    assert keeping.head.id.endswith("-tiny-______etc_x_y")
