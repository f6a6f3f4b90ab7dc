"""Every fact that was gathered is checked by a rule that exists, or says why it is not."""

import re
from pathlib import Path

import pytest

from schemas.certificate.facts import FACTS
from tradebridge.cli.catalogue import load

GATHERED = Path(__file__).parents[4] / "shared" / "reference" / "origin_rules.md"


def test_each_fact_has_a_code_of_the_catalogue_or_a_reason() -> None:
    known = load()
    for fact in FACTS:
        assert fact.says.endswith(".") and (fact.codes or fact.beside), fact.id
        assert set(fact.codes) <= known.keys(), fact.id
    assert len({fact.id for fact in FACTS}) == len(FACTS)


def test_no_gathered_fact_is_left_out() -> None:
    if not GATHERED.exists():
        pytest.skip("the collection of facts is not beside the project")
    ids = set(re.findall(r"^\| ([A-Z]+-[A-Z0-9/-]+) \|", GATHERED.read_text("utf-8"), re.MULTILINE))
    assert len(ids) > 60
    assert ids <= {fact.id for fact in FACTS}
