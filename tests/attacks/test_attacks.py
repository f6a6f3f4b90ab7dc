"""Every attack is refused for its own reason, and the page on them says so."""

import re
from pathlib import Path

import pytest

from schemas.findings import Finding
from tests.attacks.catalogue import CHECKS, FILES, Attack, attacks, page, source_of

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT.parent / "shared" / "reference" / "attacks.md"
ALL = attacks()


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.file)
def test_it_is_refused_for_its_reason(attack: Attack) -> None:
    found = CHECKS[attack.kind](attack.data)
    if not attack.code:
        assert found is None
        return
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == (attack.code, attack.row)
    assert found.fix


def test_there_are_enough_and_each_file_is_listed_once() -> None:
    assert len(ALL) >= 120
    assert sorted(attack.file for attack in ALL) == sorted(path.name for path in FILES.iterdir())


def test_each_has_a_source() -> None:
    assert [attack.file for attack in ALL if attack.row and not source_of(attack.row)] == []


def test_the_page_is_made_of_them() -> None:
    assert (ROOT / "docs" / "attacks.md").read_text("utf-8") == page()


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogue lies beside the project, in ../shared/reference")
def test_each_row_of_the_catalogue_has_a_vector_or_says_why_not() -> None:
    rows = set(re.findall(r"^\|([A-Z0-9]+-\d+)\|", CATALOGUE.read_text("utf-8"), re.MULTILINE))
    there = {attack.row for attack in ALL}
    tests = "".join(path.read_text("utf-8") for folder in ("evidence", "schemas", "exchange", "simulator", "cli")
                    for path in (ROOT / "tests" / folder).rglob("test_*.py"))  # fmt: skip
    missing = sorted(row for row in rows - there - ELSEWHERE.keys() if not re.search(rf"\b{row}\b", tests))
    assert missing == []


ELSEWHERE = {
    "X5-2": "no host name is looked at: the subject of a certificate is compared, attribute by attribute",
    "X5-3": "such a chain fails in the library as one: its rows are X5-5 and X5-8",
    "REV-1": "no OCSP is asked: revocation comes from lists",
    "REV-4": "no address in a certificate is followed: the one of a list is the operator's",
    "JSN-4": "amounts of our own profiles are decimals in text; a number there is `certificate.wrong-type`",
    "JSN-5": "a statement whose bytes are not canonical: tests/evidence/test_receipts.py",
    "JSN-9": "the order of RFC 8785 is the library's; the certificates' own members are ASCII",
    "JSN-11": "closed profiles: tests/vectors/certificates/wrong; of records and lists tests/evidence",
    "JSN-10": "characters of numbers and names: tests/vectors/certificates/wrong",
    "JWS-15": "no detached payload is taken",
}
"""Rows without a file: what this project does not do, or what another test shows."""
