"""Every row of the attack catalogue that concerns signatures and the log has a vector in this folder."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CATALOGUE = HERE.parents[2] / "shared" / "reference" / "attacks.md"
SECTIONS = ("1.", "2.", "3.", "4.", "9.")
"""XML wrapping, XML parsing, keys and XAdES, JOSE, the log."""


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogue lies beside the project, in ../shared/reference")
def test_each_row_is_named_by_a_vector() -> None:
    parts = re.split(r"^## ", CATALOGUE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = [
        row
        for part in parts
        if part.startswith(SECTIONS)
        for row in re.findall(r"^\|([A-Z0-9]+-\d+)\|", part, re.MULTILINE)
    ]
    assert len(rows) >= 78
    vectors = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    assert [row for row in rows if not re.search(rf"\b{row}\b", vectors)] == []
