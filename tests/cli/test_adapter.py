"""`tb adapter`, and `tb up --with`: what a person who brings a window of their own sees."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import outside
from tests.cli.conftest import Tb
from tradebridge.cli.exits import Exit


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of what a test loads into this process."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(outside, "_OF_FOLDERS", {})
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] in ("mine", "mine_too")]:
        del sys.modules[name]


def test_what_is_begun_can_be_checked_at_once(tb: Tb, tmp_path: Path) -> None:
    begun = tb("adapter", "new", "mine", "--like", "sg", "--json")
    assert (begun.code, begun.json["style"], begun.json["country"]) == (Exit.OK, "mine", "SG")
    assert "mine/src/mine/codec.py" in begun.json["files"]
    checked = tb("adapter", "check", "mine")
    assert checked.code == Exit.OK, checked.out
    assert "mine SG" in checked.out
    assert checked.out.count("[ok]") == 11


def test_what_was_broken_since_is_named_with_place_and_fix(tb: Tb, tmp_path: Path) -> None:
    tb("adapter", "new", "mine", "--like", "sg")
    module = tmp_path / "mine" / "src" / "mine" / "codec.py"
    module.write_text(module.read_text().replace('"rejected": "REJECTED"', '"refused": "REJECTED"'))
    shown = tb("adapter", "check", "mine")
    assert shown.code == Exit.CHECKS_FAILED
    assert "[fail] decisions-can-be-said" in shown.out
    assert "adapter.raised" in shown.out
    assert "KeyError: " in shown.out
    assert "codec.py, line " in shown.out
    assert "fix: " in shown.out
    told = tb("adapter", "check", "mine", "--json")
    assert (told.code, told.json["ok"]) == (Exit.CHECKS_FAILED, False)
    (adapter,) = told.json["adapters"]
    failed = {each["check"] for each in adapter["checks"] if each["status"] == "fail"}
    assert "decisions-can-be-said" in failed
    assert "documents-come-back" not in failed


def test_a_module_that_does_not_load_fails_the_check(tb: Tb, tmp_path: Path) -> None:
    tb("adapter", "new", "mine", "--like", "sg")
    (tmp_path / "mine" / "src" / "mine" / "__init__.py").write_text("import nothing_of_the_kind\n")
    ran = tb("adapter", "check", "mine", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.CHECKS_FAILED, "adapter.not-loaded")


@pytest.mark.parametrize(
    ("does", "seconds", "exit_code", "said"),
    [
        ("import time; time.sleep(600)", "1", Exit.TIMEOUT, "no end within 1 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "60", Exit.CHECKS_FAILED, "ended by 9"),
    ],
    ids=["it hangs", "it ends the process"],
)
def test_an_adapter_that_does_not_come_back_is_ended(
    tb: Tb, tmp_path: Path, does: str, seconds: str, exit_code: Exit, said: str
) -> None:
    tb("adapter", "new", "mine", "--like", "sg")
    (tmp_path / "mine" / "src" / "mine" / "__init__.py").write_text(f"{does}\n")
    ran = tb("adapter", "check", "mine", "--json", "--timeout", seconds)
    assert (ran.code, ran.json["error"]["code"]) == (exit_code, "adapter.no-end")
    assert said in ran.out


def test_one_of_ours_can_be_checked_by_its_style(tb: Tb) -> None:
    ran = tb("adapter", "check", "dcsa", "--json")
    assert (ran.code, ran.json["ok"]) == (Exit.OK, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["adapter", "check", "nothing"], "adapter.not-found"),
        (["adapter", "check", "."], "adapter.not-found"),
        (["adapter", "new", "json", "--like", "sg"], "adapter.bad-name"),
        (["adapter", "new", "asw", "--like", "sg"], "adapter.bad-name"),
        (["adapter", "new", "My-Window", "--like", "sg"], "adapter.bad-name"),
        (["adapter", "new", "mine", "--like", "sg", "--into", "."], "adapter.folder-taken"),
        (["up", "--with", "nowhere", "--port", "0"], "adapter.not-found"),
        (["demo", "--with", "nowhere", "--port", "0"], "adapter.not-found"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_a_usage_error_with_a_code(
    tb: Tb, tmp_path: Path, arguments: list[str], code: str
) -> None:
    (tmp_path / "something").touch()
    ran = tb(*arguments, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.USAGE, code)
    assert ran.json["error"]["next"]


def test_a_country_that_there_is_not_is_a_usage_error(tb: Tb) -> None:
    ran = tb("adapter", "new", "mine", "--like", "zz")
    assert ran.code == Exit.USAGE
    assert "sg" in ran.err


def test_two_adapters_for_one_country_are_a_usage_error(tb: Tb, tmp_path: Path) -> None:
    tb("adapter", "new", "mine", "--like", "sg")
    tb("adapter", "new", "mine_too", "--like", "sg")
    ran = tb("up", "--with", "mine", "--with", "mine_too", "--port", "0")
    assert ran.code == Exit.USAGE
    assert "both mine and mine_too are for SG" in ran.err
