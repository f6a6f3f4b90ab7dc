"""`tb rules` and `tb explain`: all rules with their samples, and the samples as documents that can be validated."""

from pathlib import Path

import pytest

from schemas.samples import AT
from tests.cli.conftest import Tb
from tradebridge.cli.exits import Exit

at = ("--at", AT.isoformat())


def test_rules_in_json_have_clause_source_fidelity_fix_and_both_samples(tb: Tb) -> None:
    rules = [item for item in tb("rules", "--json").json["items"] if "samples" in item]
    assert len({rule["code"] for rule in rules}) >= 200
    for rule in rules:
        assert rule["source"] and rule["fidelity"] and rule["fix"] and rule["layer"] and rule["profiles"]
        assert rule["clause"] or rule["fidelity"] == "invented"
        assert {"passing", "failing", "profile", "at"} <= rule["samples"].keys()


def test_explain_shows_what_passes_and_what_fails(tb: Tb) -> None:
    shown = tb("explain", "jtepa.criterion-not-allowed").out
    assert "passes: the example of jtepa-co/2007" in shown
    assert '/items/0/originCriterion/codes/0 = "XX"' in shown


@pytest.mark.parametrize("code", ["atiga.pc-not-ticked", "jiepa.expired", "certificate.net-above-gross"])
def test_a_sample_can_be_validated(tb: Tb, code: str) -> None:
    passing, failing = tb("explain", code, "--sample", "passing").raw, tb("explain", code, "--sample", "failing").raw
    assert tb("validate", "-", "--json", *at, stdin=passing).json["findings"] == []
    assert [each["code"] for each in tb("validate", "-", "--json", *at, stdin=failing).json["findings"]] == [code]


def test_what_is_no_rule_of_documents_has_no_sample(tb: Tb) -> None:
    ran = tb("explain", "syntax.not-xml", "--sample", "failing")
    assert ran.code == Exit.USAGE and "no rule of documents" in ran.err


def test_validate_takes_the_operators_table(tb: Tb, tmp_path: Path) -> None:
    (tmp_path / "table.toml").write_text(
        'title = "T"\nsource = "S"\nfidelity = "invented"\nedition = "2022"\n'
        '[[product]]\nagreement = "atiga"\nheading = "0901"\nany_of = ["CC"]\n'
    )
    sample = tb("explain", "certificate.product-change-too-shallow", "--sample", "failing").raw
    table = ("--rules", str(tmp_path / "table.toml"))
    assert tb("validate", "-", "--json", *at, stdin=sample).json["findings"] == []
    found = tb("validate", "-", "--json", *at, *table, stdin=sample).json["findings"]
    assert [each["code"] for each in found] == ["certificate.product-change-too-shallow"]
    (tmp_path / "table.toml").write_text("title = ")
    assert tb("validate", "-", *at, *table, stdin=sample).code == Exit.INVALID
