"""The catalogue: one entry for each code, readable by people; a finding never carries more than it should."""

import re

import pytest

from schemas.findings import Severity, UnknownCode, catalogue, downgraded, errors, finding, kind_of, told
from schemas.registry import profiles

profiles()  # loads every family


@pytest.mark.parametrize("code", sorted(code for code in catalogue() if not code.startswith("test-")))
def test_every_kind_is_readable(code: str) -> None:
    kind = kind_of(code)
    assert re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9-]*", code)
    assert kind.code == code and code.startswith(f"{kind.family}.")
    assert kind.sentence and kind.sentence.rstrip()[-1] in ".?!"
    assert kind.fix and kind.fix.rstrip()[-1] in ".?!"
    assert 400 <= kind.status < 600


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(UnknownCode):
        finding("syntax.no-such-code")


def test_a_finding_leaves_out_what_is_empty_but_never_its_pointer() -> None:
    members = finding("syntax.empty").to_json()
    assert members["pointer"] == "" and "box" not in members and "line" not in members
    assert "status" not in members


def test_a_finding_never_carries_a_whole_document() -> None:
    found = finding("syntax.not-recognised", found="x" * 10_000, expected="\ud800" + "y" * 10_000)
    assert len(found.found) == 200 and len(found.expected) == 200
    found.expected.encode("utf-8")


def test_an_open_profile_makes_a_warning_of_an_error() -> None:
    found = finding("syntax.empty")
    assert found.refuses and not downgraded(found).refuses
    assert downgraded(found).severity is Severity.WARNING
    assert list(errors([found, downgraded(found)])) == [found]


def test_many_findings_are_told_in_part_and_every_code_among_them() -> None:
    many = [finding("syntax.not-xml", f"/items/{place}") for place in range(20)]
    found = [*many, finding("syntax.empty"), *many]
    shown = told(found, 5)
    assert [each["pointer"] for each in shown] == ["/items/0", "/items/1", "/items/2", "/items/3", ""]
    assert told(found[:5], 5) == [each.to_json() for each in found[:5]]
    assert len(told(found, 21)) == 21
