"""A window of a file, and all commands on it: described, knocked at, tried, resumed, compared, a check repeated."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.conformance.kept import NOT_PLAYED
from simulator.conformance.kit import free_port
from simulator.conformance.suites import SUITES
from tests.cli.conftest import Tb, in_process
from tests.conformance.broken.windows import DoesNotHash
from tests.conformance.served import Served, serving
from tradebridge.cli.exits import Exit


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as window:
        yield window


@pytest.fixture
def tb(tmp_path: Path) -> Tb:
    return in_process(tmp_path)


@pytest.fixture
def window(served: Served) -> Served:
    served.become()
    return served


def last_json(out: str) -> Any:
    return json.loads(out.splitlines()[-1])


def test_a_window_of_a_file_is_tried_with_every_suite_that_applies(tb: Tb, window: Served) -> None:
    done = tb("conformance", "run", "--sut", str(window.file), "--json")
    told = last_json(done.out)
    assert (done.code, told["ok"], told["failed"], told["noTraffic"]) == (Exit.OK, True, 0, 0)
    assert {each["suite"] for each in told["systems"]} == {
        *("window-inbound", "security", "window-outbound", "officer-decisions", "evidence-verifier"),
        *("certificate-life", "resilience"),
    }
    assert told["passed"] == 53


def test_a_failed_check_says_all_that_is_needed_and_is_repeated_to_the_byte(tb: Tb, window: Served) -> None:
    window.become(DoesNotHash)
    run = ["conformance", "run", "window-inbound", "--sut", str(window.file), "--only", "original-changed"]
    done = tb(*run)
    assert done.code == Exit.CHECKS_FAILED
    lines = [line.strip() for line in done.out.splitlines()]
    assert lines[0] == (
        "[fail] MY-WINDOW original-changed: An original that is not the one of the note is not acknowledged."
    )
    assert lines[1].startswith("sent POST http://127.0.0.1:")
    assert '"deliveries"' in lines[1]
    assert lines[2:7] == [
        "expected none",
        "got an acknowledgement",
        "clause docs/integrator.md, Receive and acknowledge",
        "likely cause: the original is not hashed",
        "fix: compare SHA-256 of the bytes with note.original.digest",
    ]
    identifier = lines[7].removeprefix("again: tb repro ")
    window.become(DoesNotHash)
    again = tb("repro", identifier, "--json")
    assert again.code == Exit.CHECKS_FAILED
    told = last_json(again.out)
    assert (told["sameBytes"], told["holds"], told["now"]["found"]) == (True, False, "an acknowledgement")
    window.become()
    mended = tb("repro", identifier.lower())
    assert mended.code == Exit.OK
    assert "the same bytes as then" in mended.out
    assert "got now none: pass" in mended.out


def test_a_check_that_never_failed_cannot_be_repeated(tb: Tb) -> None:
    done = tb("repro", "ABCDEF")
    assert done.code == Exit.USAGE
    assert "no run that is kept here has a failed check ABCDEF" in done.err


def test_a_run_that_broke_off_goes_on(tb: Tb, window: Served, tmp_path: Path) -> None:
    assert tb("conformance", "run", "window-inbound", "--sut", str(window.file)).code == Exit.OK
    kept = next((tmp_path / "state/tradebridge/conformance").glob("*.jsonl"))
    lines = kept.read_text("utf-8").splitlines(keepends=True)
    kept.write_text("".join(lines[:5]) + lines[5][:40], "utf-8")  # as if it had been killed while it wrote
    broken = tb("conformance", "results", kept.stem, "--json")
    told = last_json(broken.out)
    assert (broken.code, told["ok"], told["passed"], told["waiting"]) == (Exit.CHECKS_FAILED, False, 4, 7)
    assert {each["reason"] for each in told["scenarios"] if each["result"] == "waiting"} == {NOT_PLAYED}
    done = tb("conformance", "resume", "--json")
    assert (done.code, last_json(done.out)["passed"]) == (Exit.OK, 11)
    assert "7 of 11 scenarios to play" in done.err
    listed = tb("conformance", "results", "--json").json["items"]
    assert [(each["run"], each["ok"], each["passed"]) for each in listed] == [(kept.stem, True, 11)]


def test_two_runs_are_compared_and_what_got_worse_fails(tb: Tb, window: Served, tmp_path: Path) -> None:
    run = ["conformance", "run", "window-inbound", "--sut", str(window.file)]
    assert tb(*run, "--report", "good").code == Exit.OK
    window.become(DoesNotHash)
    assert tb(*run, "--report", "bad").code == Exit.CHECKS_FAILED
    bad, good = [each["run"] for each in tb("conformance", "results", "--json").json["items"]]
    worse = tb("conformance", "compare", good, bad)
    assert worse.code == Exit.CHECKS_FAILED
    assert "[fail] original-changed note.digest: pass -> fail" in worse.out
    better = tb("report", "diff", "bad", "good/report.json", "--json")
    assert better.code == Exit.OK
    assert {(each["scenario"], each["check"], each["after"]) for each in better.json["changes"]} == {
        ("original-changed", "", "pass"),
        ("original-changed", "note.digest", "pass"),
    }


def test_what_is_no_report_is_not_compared(tb: Tb, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    done = tb("report", "diff", "x.json", "x.json")
    assert done.code == Exit.USAGE
    assert "x.json is no report of a conformance run" in done.err


# --- A system is described -------------------------------------------------------------------------------------------


def test_init_writes_what_describes_a_window_and_keeps_what_is_there(tb: Tb, served: Served, tmp_path: Path) -> None:
    first = tb("sut", "init", "mine", "--code", "MY-WINDOW", "--json").json
    assert (first["kept"], first["trust"]) == (False, None)
    file = tmp_path / first["sut"]
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_text("utf-8")
    assert "not there yet" in tb("sut", "init", "mine").out
    (tmp_path / "mine/window.pem").write_bytes((served.folder / "window.pem").read_bytes())
    second = tb("sut", "init", "mine", "--json").json
    assert second["kept"] is True
    assert file.read_text("utf-8") == text
    trust = json.loads((tmp_path / second["trust"]).read_text("utf-8"))
    assert [each["id"] for each in trust["members"]] == ["SG-NSW", "VN-NSW", "MY-WINDOW"]
    assert "api_key" not in json.dumps(trust)


def test_a_window_that_pulls_is_tried_by_its_inbox(tb: Tb, served: Served, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/window.pem").write_bytes((served.folder / "window.pem").read_bytes())
    tb("sut", "init", "mine", "--pull", "--kit-port", str(free_port()))
    file = tmp_path / "mine/window.toml"
    file.write_text(file.read_text("utf-8").replace("answers_within = 5.0", "answers_within = 0.05"), "utf-8")
    done = tb("conformance", "run", "pull-only", "--sut", str(file), "--json")
    told = last_json(done.out)
    assert (done.code, told["passed"], told["noTraffic"]) == (Exit.CHECKS_FAILED, 0, 11)
    assert told["scenarios"][0]["reason"] == "the window did not ask for its inbox"


def test_probe_knocks_and_says_what_to_mend(tb: Tb, window: Served, tmp_path: Path) -> None:
    told = tb("sut", "probe", str(window.file), "--json")
    assert (told.code, told.json["ok"]) == (Exit.OK, True)
    assert {each["what"]: each["result"] for each in told.json["items"]} == {
        "push": "pass",
        "clock": "pass",
        "verifier": "pass",
    }
    text = window.file.read_text("utf-8").replace("/push", "/nowhere")
    (window.folder / "other.toml").write_text(text, "utf-8")
    other = tb("sut", "probe", str(window.folder / "other.toml"))
    assert other.code == Exit.CHECKS_FAILED
    assert "[fail] push: 404 at" in other.out
    assert "fix: answer 200 with" in other.out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (('code = "MY-WINDOW"', ""), "lacks 'code'"),
        (("[kit]", "[kit"), "is no TOML"),
        (("window.pem", "not-there.pem"), "not-there.pem"),
        (("port = ", 'port = "x" #'), "invalid literal"),
    ],
    ids=["no code", "no TOML", "no certificate", "no port"],
)
def test_a_file_that_describes_no_window_is_told_with_what_it_lacks(
    changes: tuple[str, str], said: str, tb: Tb, served: Served
) -> None:
    file = served.folder / "wrong.toml"
    file.write_text(served.file.read_text("utf-8").replace(*changes), "utf-8")
    done = tb("conformance", "run", "--sut", str(file))
    assert done.code == Exit.USAGE
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--self for all suites against ours"),
        (["pint", "--self"], "name neither SUITE"),
        (["window-inbound", "--platform", "STRA"], "--platform chooses among ours for pint and title-holder"),
        (["pint", "--sut", "{file}"], "describes a window: pint is for a platform"),
    ],
)
def test_what_does_not_go_together_is_told(arguments: list[str], said: str, tb: Tb, served: Served) -> None:
    done = tb("conformance", "run", *(each.format(file=served.file) for each in arguments))
    assert done.code == Exit.USAGE
    assert said in done.err


@pytest.mark.long("conformance", sample=False)
@pytest.mark.timeout(300)
def test_a_self_run_plays_every_suite_and_fails_nothing(tb: Tb) -> None:
    done = tb("conformance", "run", "--self", "--json")
    told = last_json(done.out)
    assert (done.code, told["ok"]) == (Exit.OK, True)
    assert {each["suite"] for each in told["systems"]} == set(SUITES)
    assert {each["role"] for each in told["scenarios"]} == {"receiver", "sender", "verifier", "holder"}
    assert told["failed"] + told["errors"] + told["noTraffic"] + told["waiting"] == 0
