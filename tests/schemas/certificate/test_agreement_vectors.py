"""For each agreement, a valid certificate and what is wrong with copies of it: found exactly, no more and no fewer."""

import json
from typing import Any

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.rules import RULES
from tests.schemas.certificate.agreement_vectors import FOLDER, findings_of

FILES: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.iterdir())}
EACH = [(agreement, name) for agreement, file in FILES.items() for name in file["wrong"]]


def test_every_agreement_has_at_least_sixty_vectors() -> None:
    assert set(FILES) == {agreement.id for agreement in AGREEMENTS}
    for agreement, file in FILES.items():
        assert len(file["wrong"]) >= 60, agreement


@pytest.mark.parametrize("agreement", FILES)
def test_the_certificate_that_they_start_from_has_no_finding(agreement: str) -> None:
    assert findings_of(FILES[agreement]["base"], {}) == ()


@pytest.mark.parametrize(("agreement", "name"), EACH)
def test_what_is_wrong_is_found_and_nothing_else(agreement: str, name: str) -> None:
    vector = FILES[agreement]["wrong"][name]
    found = findings_of(FILES[agreement]["base"], vector)
    assert sorted([each.code, each.pointer] for each in found) == vector["found"]
    assert all(each.message and each.fix and each.source for each in found)


@pytest.mark.parametrize("agreement", FILES)
def test_every_rule_of_the_agreement_is_broken_by_some_vector(agreement: str) -> None:
    broken = {code for vector in FILES[agreement]["wrong"].values() for code, _ in vector["found"]}
    assert {rule.code for rule in RULES if rule.kind.family == agreement} <= broken
