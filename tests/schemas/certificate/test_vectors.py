"""Each file in vectors/certificates/wrong has one mistake, by which it is named; each is named back precisely."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.findings import Finding
from schemas.registry import Context, read

VECTORS = Path(__file__).parents[2] / "vectors" / "certificates"
EXPECTED: dict[str, list[list[str]]] = json.loads((VECTORS / "expected.json").read_text(encoding="utf-8"))
NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))


def findings_of(name: str) -> tuple[Finding, ...]:
    return read((VECTORS / "wrong" / name).read_bytes(), NOW).findings


def test_every_file_has_its_findings_listed() -> None:
    assert sorted(path.name for path in (VECTORS / "wrong").iterdir()) == sorted(EXPECTED)
    assert len(EXPECTED) >= 30


@pytest.mark.parametrize("path", sorted((VECTORS / "valid").iterdir()), ids=lambda path: path.name)
def test_a_valid_document_has_no_finding(path: Path) -> None:
    reading = read(path.read_bytes(), NOW)
    assert reading.findings == ()
    assert reading.document is not None


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_corruption_is_named_precisely(name: str) -> None:
    found = [[finding.code, finding.pointer] for finding in findings_of(name)]
    assert sorted(found) == sorted(EXPECTED[name])


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_finding_says_what_was_found_or_expected_and_what_to_do(name: str) -> None:
    for finding in findings_of(name):
        assert finding.message and finding.fix and finding.source
        assert finding.found or finding.expected


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if name.endswith(".xml")))
def test_in_xml_a_finding_has_line_and_column(name: str) -> None:
    lines = (VECTORS / "wrong" / name).read_text(encoding="utf-8").splitlines()
    for finding in findings_of(name):
        if finding.code.startswith("profile."):
            continue
        assert finding.line and finding.column
        assert lines[finding.line - 1][finding.column - 1] == "<"


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if name.endswith(".json")))
def test_in_json_a_finding_has_the_line_of_its_member(name: str) -> None:
    lines = (VECTORS / "wrong" / name).read_text(encoding="utf-8").splitlines()
    for finding in findings_of(name):
        assert finding.line and finding.column
        member = finding.pointer.rpartition("/")[2]
        missing = finding.code.endswith(("missing", "without-facts"))
        assert missing or member.isdigit() or lines[finding.line - 1][finding.column - 1 :].startswith(f'"{member}"')


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_finding_within_the_form_names_its_box(name: str) -> None:
    above_the_boxes = ("", "/number", "/Number", "/issuingCountry", "/colour", "/ID", "/IssuingCountryCode", "/Exportr")
    for finding in findings_of(name):
        if finding.code.endswith(".not-on-form"):
            continue  # the form has no box for it
        if finding.pointer.removeprefix("/CertificateOfOrigin") not in above_the_boxes:
            assert finding.box, finding.pointer


def test_a_document_that_cannot_be_read_is_never_handed_on() -> None:
    for name in EXPECTED:
        reading = read((VECTORS / "wrong" / name).read_bytes(), NOW)
        structural = any(
            finding.code.startswith(("certificate.missing", "certificate.wrong", "certificate.unknown-member"))
            for finding in reading.findings
        )
        assert not (structural and reading.document is not None), name
