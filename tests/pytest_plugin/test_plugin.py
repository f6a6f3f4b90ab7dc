"""The plugin as a user meets it: a project of its own, `pytest -n 2`, one server for all, which ends with the last."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.testing.world import World
from tests import waiting
from tradebridge import Hub
from tradebridge import pytest_plugin as plugin

PROJECT = Path(__file__).with_name("users_project.py")
ATTACH = """
import json, sys
from datetime import datetime
from simulator.testing.server import Server
from tradebridge.pytest_plugin import CLOCK, SEED
print(json.dumps(Server(sys.argv[1], SEED, datetime.fromisoformat(CLOCK)).told), flush=True)
sys.stdin.read()
"""


@dataclass
class Run:
    """One run of the user's tests, beside another user of the same server."""

    output: str
    exit_code: int
    told: dict[str, Any]
    """What the server says of itself."""
    seen: list[dict[str, Any]]
    """The same, as each worker saw it."""
    artifacts: Path
    other: subprocess.Popen[str]

    @property
    def pids(self) -> list[int]:
        return [self.told["keeper"], self.told["hub"]["pid"], self.told["world"]["pid"]]

    def section(self, name: str) -> str:
        """What is shown of one failed test."""
        found = re.search(rf"_{{3,}} {name} _{{3,}}\n(.*?)(?=\n_{{3,}} \w+ _{{3,}}|\n=====)", self.output, re.DOTALL)
        assert found, self.output
        return found[1]


def lives(pid: int) -> bool:
    """Also not as what its parent has yet to fetch."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


until = partial(waiting.until, seconds=20.0)


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc on this system")
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(PROJECT, folder / "test_mine.py")
    seen, name = folder / "seen", f"run-{os.getpid()}-{time.time_ns()}"
    seen.mkdir()
    other = subprocess.Popen(
        [sys.executable, "-c", ATTACH, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        options = [
            "-q",
            "-n",
            "2",
            "--testrunuid",
            name,
            "--tb-artifacts",
            "kept",
            "--tb-keep-failed",
            "5",
            "-p",
            "no:cacheprovider",
        ]
        options += ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]  # it takes its time to load
        strict = ["--strict-markers", "-W", "error"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *strict],
            cwd=folder,
            env={**{n: v for n, v in os.environ.items() if not n.startswith("PYTEST")}, "SEEN": str(seen)},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        output = done.stdout + done.stderr
        assert other.stdout is not None
        told = json.loads(other.stdout.readline())
        yield Run(
            output,
            done.returncode,
            told,
            [json.loads(each.read_text()) for each in sorted(seen.glob("gw*.json"))],
            folder / "kept",
            other,
        )
    finally:
        other.kill()
        other.wait()
        for holder in set(re.findall(r"\(kill (\d+) ends it\)", output)):
            with suppress(ProcessLookupError):  # it has ended with the test
                os.kill(int(holder), signal.SIGKILL)


def all_that_is_right_passes_and_all_workers_have_one_server(run: Run) -> None:
    assert run.exit_code == 1, run.output
    assert "3 failed, 9 passed" in run.output, run.output
    assert "warning" not in run.output
    assert len(run.seen) == 2
    assert all(each == run.told for each in run.seen)
    assert re.match(r"http://127\.0\.0\.1:\d+$", run.told["hub"]["url"])


def a_failure_shows_the_difference_by_field_and_the_sequence(run: Run) -> None:
    shown = run.section("test_wrong_document")
    assert "two documents that say the same" in shown
    assert '/items/0/hsCode (box 7, HS code): "090111" != "870829"' in shown
    assert re.search(r"tradebridge: world t\d+-\d+", shown)
    lines = shown[shown.index("sequence of messages") :]
    assert re.search(
        r"SG-NSW +--> hub +accepts|TH-NSW +<-- hub +SG-D-2026-\d+ \(atiga-form-d/2022\) from SG-NSW", lines
    )


def what_did_not_come_is_told_with_what_was_refused(run: Run) -> None:
    shown = run.section("test_wrong_patience")
    assert "nothing of decision with member th in 0.1 s" in shown
    assert "/exporter: certificate.missing: expected" in shown
    assert "refused by the hub: " in shown
    assert "fix:" in shown


def a_strict_test_fails_for_each_thing_that_it_did_not_expect(run: Run) -> None:
    shown = run.section("test_wrong_for_strict")
    assert "unexpected message: TH-NSW received SG-D-2026-UNEXPECTED (atiga-form-d/2022) from SG-NSW" in shown
    assert "near miss: the hub refused SG-D-2026-NEARLY: " in shown
    assert re.search(r"unused script: scr_\d+, VN-NSW rejected, 1 left", shown)
    assert re.search(r"unused fault: flt_\d+ latency on VN-NSW", shown)


def of_a_failure_journal_and_report_are_kept(run: Run) -> None:
    kept = sorted(each.name for each in run.artifacts.rglob("*") if each.is_file())
    assert kept == sorted(["journal.jsonl", "report.txt"] * 3)
    (journal,) = run.artifacts.glob("*test_wrong_document*/*/journal.jsonl")
    assert {json.loads(line)["kind"] for line in journal.read_text().splitlines()} >= {"received", "acknowledged"}


def of_a_failure_the_world_is_kept_and_can_be_looked_into(run: Run) -> int:
    """The process that holds it."""
    told = re.findall(r"kept for 5 minutes \(kill (\d+) ends it\): export (.*); tb journal show", run.output)
    assert len(told) == 3
    (holder,) = {int(pid) for pid, _ in told}
    assert lives(holder)
    environment = dict(each.split("=", 1) for each in told[0][1].split())
    found = httpx.get(f"{environment['TRADEBRIDGE_WORLD_URL']}/_sim/v1/state", trust_env=False).json()
    assert environment["TRADEBRIDGE_URL"].endswith(found["space"])
    with Hub(environment["TRADEBRIDGE_URL"], run.told["operatorKey"]) as hub:
        assert hub.members().items
    return holder


def the_server_outlives_those_who_go_and_ends_with_the_last_who_is_killed(run: Run, holder: int) -> None:
    """The last one: it ends the server."""
    assert all(lives(pid) for pid in run.pids)
    folder = Path(run.told["dataDir"]).parent
    assert folder.is_dir()
    os.kill(run.other.pid, signal.SIGKILL)
    assert all(lives(pid) for pid in run.pids), "it is held"
    os.kill(holder, signal.SIGKILL)
    until(lambda: not any(lives(pid) for pid in run.pids))
    until(lambda: not folder.exists())


@pytest.mark.timeout(240)
def test_a_users_project_runs_as_its_author_expects(run: Run) -> None:
    """One test, so that one server is started for it, on whichever worker it runs."""
    all_that_is_right_passes_and_all_workers_have_one_server(run)
    a_failure_shows_the_difference_by_field_and_the_sequence(run)
    what_did_not_come_is_told_with_what_was_refused(run)
    a_strict_test_fails_for_each_thing_that_it_did_not_expect(run)
    of_a_failure_journal_and_report_are_kept(run)
    holder = of_a_failure_the_world_is_kept_and_can_be_looked_into(run)
    the_server_outlives_those_who_go_and_ends_with_the_last_who_is_killed(run, holder)


def test_a_marker_that_says_something_else_is_refused() -> None:
    for given in ({"speed": 3}, {"strict": True, "clocks": ""}):
        with pytest.raises(pytest.fail.Exception, match=r"takes clock, scenario, strict; not (speed|clocks)"):
            plugin._checked(given, "the marker")


def test_a_strict_verdict_is_a_failure_of_the_test_also_where_nothing_can_be_told() -> None:
    report = pytest.TestReport("x", ("x", 0, "x"), {}, "passed", None, "call")
    gone = World.__new__(World)  # of a server that has ended: whatever is asked of it fails
    gone.strict, gone.name = True, "gone"
    plugin._be_strict([gone], report)
    assert report.outcome == "failed"
    assert "what happened cannot be told" in str(report.longrepr)


def test_loading_the_plugin_loads_nothing_of_ours_and_needs_no_hypothesis() -> None:
    program = """
import sys
import pytest
before = set(sys.modules)
import tradebridge.pytest_plugin as plugin
new = set(sys.modules) - before
assert not {each.partition(".")[0] for each in new} & {"simulator", "schemas", "exchange", "adapters", "httpx"}, new
assert new <= {"tradebridge", "tradebridge.pytest_plugin", "uuid", "_uuid", "platform", "typing"}, new
sys.modules["hypothesis"] = None
try:
    plugin.strategy("form-d")
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "strategies need hypothesis: pip install hypothesis\n"
