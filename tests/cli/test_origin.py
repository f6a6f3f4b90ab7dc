"""`tb origin`: a calculation that people can follow, exit codes for scripts, every bad input told in a line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Tb
from tradebridge.cli.exits import Exit

AT = ("--at", "2026-01-06T12:00:00Z")
TABLE = """
title = "One rule"
source = "test"
fidelity = "invented"
edition = "2022"
[[product]]
agreement = "rcep"
heading = "8482"
any_of = ["CTH", "RVC 40"]
"""


def written(tb: Tb, tmp_path: Path, *options: str, **changes: Any) -> str:
    """The example in a file, its second product changed."""
    value = tb("origin", "example", *options, "--json").json
    value["products"][1] |= changes
    (tmp_path / "statement.json").write_text(json.dumps(value), encoding="utf-8")
    return "statement.json"


def test_the_example_is_calculated_line_by_line(tb: Tb, tmp_path: Path) -> None:
    ran = tb("origin", "check", written(tb, tmp_path), *AT)
    assert ran.code == Exit.OK
    assert "(1000.00 - 450.00) / 1000.00 x 100 = 55 %" in ran.out
    assert "ATIGA Article 29(1)(b), indirect method (exact)" in ran.out
    assert "claim CTH: holds" in ran.out
    assert "supposing that Annex 3 has no rule of its own for 848210" in ran.out


def test_the_example_comes_readable_and_as_one_line(tb: Tb) -> None:
    readable, one_line = tb("origin", "example", "--agreement", "ajcep"), tb("origin", "example", "--json")
    assert json.loads(readable.out)["agreement"] == "ajcep"
    assert (json.loads(readable.out)["exportingCountry"], readable.code) == ("JP", Exit.OK)
    assert one_line.json["agreement"] == "atiga"


def test_a_claim_that_fails_is_exit_code_one(tb: Tb, tmp_path: Path) -> None:
    ran = tb("origin", "check", written(tb, tmp_path, claim={"codes": ["WO"]}), *AT)
    assert ran.code == Exit.CHECKS_FAILED
    assert "claim WO: does not hold" in ran.out
    assert "statement.claim-not-met" in ran.out


def test_not_enough_data_is_exit_code_one_and_says_what_is_missing(tb: Tb, tmp_path: Path) -> None:
    ran = tb("origin", "check", written(tb, tmp_path, claim={"codes": ["SP"]}), *AT, "--json")
    assert ran.code == Exit.CHECKS_FAILED
    assert (ran.json["claims"], ran.json["answer"]) == ("not-enough-data", "yes")


def test_the_operators_table_decides_where_the_agreement_has_no_general_rule(tb: Tb, tmp_path: Path) -> None:
    name = written(tb, tmp_path, "--agreement", "rcep")
    (tmp_path / "rules.toml").write_text(TABLE, encoding="utf-8")
    without = tb("origin", "check", name, *AT)
    assert (without.code, "not enough data" in without.out) == (Exit.CHECKS_FAILED, True)
    with_table = tb("origin", "check", name, "--rules", "rules.toml", *AT)
    assert (with_table.code, "by the operator's table: CTH or RVC 40" in with_table.out) == (Exit.OK, True)


def test_another_agreement_may_be_tried(tb: Tb, tmp_path: Path) -> None:
    ran = tb("origin", "check", written(tb, tmp_path), "--agreement", "rcep", *AT, "--json")
    assert ran.json["agreement"] == "rcep"
    assert "claim" not in ran.json["products"][1]


def test_a_statement_that_is_wrong_is_not_calculated(tb: Tb, tmp_path: Path) -> None:
    ran = tb("origin", "check", written(tb, tmp_path, fob={"amount": "-1", "currency": "USD"}), *AT)
    assert ran.code == Exit.INVALID
    assert "/products/1/fob/amount" in ran.out
    assert "not calculated" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["origin", "check", "absent.json"], Exit.USAGE, "cannot read absent.json"),
        (["origin", "check", "empty"], Exit.INVALID, "syntax.empty"),
        (["origin", "check", "table.toml"], Exit.INVALID, "syntax.not-recognised"),
        (["origin", "check", "good.json", "--agreement", "nafta"], Exit.INVALID, "origin.unknown-agreement"),
        (["origin", "check", "good.json", "--rules", "good.json"], Exit.INVALID, "not TOML"),
        (["origin", "check", "good.json", "--rules", "bad.toml"], Exit.INVALID, "'RVX 40' is none of"),
        (["origin", "check", "good.json", "--rules", "latin.toml"], Exit.INVALID, "not in UTF-8"),
        (["origin", "check", "good.json", "--rules", "absent.toml"], Exit.USAGE, "absent.toml"),
        (["origin", "example", "--agreement", "nafta"], Exit.USAGE, "There is no agreement 'nafta'"),
        (["origin", "chek", "good.json"], Exit.USAGE, "check"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_bad_input_is_told_in_words(tb: Tb, tmp_path: Path, arguments: list[str], code: Exit, said: str) -> None:
    (tmp_path / "good.json").write_text(tb("origin", "example").out, encoding="utf-8")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "table.toml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "bad.toml").write_text(TABLE.replace("RVC 40", "RVX 40"), encoding="utf-8")
    (tmp_path / "latin.toml").write_bytes(TABLE.replace("test", "été").encode("latin-1"))
    ran = tb(*arguments)
    assert ran.code == code
    assert said in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_statement_may_come_from_a_pipe(tb: Tb) -> None:
    ran = tb("origin", "check", "-", *AT, stdin=tb("origin", "example").raw)
    assert ran.code == Exit.OK
