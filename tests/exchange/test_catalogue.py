"""What the hub tells of its rules, and a hub with an operator's table of product rules."""

from pathlib import Path

import httpx
import pytest

from schemas.certificate.model import Certificate
from schemas.certificate.samples import changed, criterion
from schemas.content import Syntax
from schemas.registry import profiles
from tests.exchange.cast import SEED, Cast, refused_by, signed
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key

TABLE = """
title = "Coffee"
source = "invented"
fidelity = "invented"
edition = "2022"
[[product]]
agreement = "atiga"
heading = "0901"
any_of = ["CC"]
"""


def get(cast: Cast, path: str) -> httpx.Response:
    return httpx.get(cast.url + path, headers={"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"})


def test_rules_come_with_both_samples(sqlite_cast: Cast) -> None:
    items = get(sqlite_cast, "/v1/rules").json()["items"]
    rules = [item for item in items if "samples" in item]
    assert len(rules) >= 200
    assert all(rule["profiles"] and rule["samples"]["failing"] for rule in rules)
    one = get(sqlite_cast, "/v1/rules/atiga.pc-not-ticked").json()
    assert one == next(rule for rule in rules if rule["code"] == "atiga.pc-not-ticked")
    assert {"op": "replace", "path": "/tickBoxes/partialCumulation", "value": False} in one["samples"]["failing"]


@pytest.mark.parametrize("profile", ["atiga-form-d/2022", "jtepa-co/2007", "dcsa-transport-document/3.0"])
def test_the_example_that_samples_start_from(sqlite_cast: Cast, profile: str) -> None:
    answer = get(sqlite_cast, f"/v1/profiles/{profile}/example")
    known = profiles()[profile]
    assert (answer.status_code, answer.content) == (200, known.encode[Syntax.JSON](known.example()))
    assert get(sqlite_cast, f"/v1/profiles/{profile}/example?variant=3").content != answer.content


def test_a_profile_that_is_not_there_has_no_example(sqlite_cast: Cast) -> None:
    assert get(sqlite_cast, "/v1/profiles/atiga-form-d/1999/example").status_code == 404


def test_a_hub_judges_by_the_table_that_its_operator_gave_it(tmp_path: Path) -> None:
    (tmp_path / "table.toml").write_text(TABLE)
    with hub_in_thread(tmp_path, product_rules=tmp_path / "table.toml") as running:
        sender = running.join()["SG-NSW"]
        refused = refused_by(sender.submit, signed(claiming("CTSH", "SG-1")), ["TH-NSW"])
        assert [each.code for each in refused.findings] == ["certificate.product-change-too-shallow"]
        assert sender.submit(signed(claiming("CC", "SG-2")), ["TH-NSW"]).number == "SG-2"


def claiming(code: str, number: str) -> Certificate:
    document = profiles()["atiga-form-d/2022"].example(number=number)
    assert isinstance(document, Certificate)
    return changed({"items.0.origin_criterion": criterion(code)})(document)
