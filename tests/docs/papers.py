"""What the tests of the papers read: their text, and the rows of their tables."""

import re

from tests.docs.blocks import ROOT


def text_of(page: str) -> str:
    """A page of docs."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def rows_of(text: str) -> list[list[str]]:
    """Cells of each row of the tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {at for at, line in enumerate(lines) if re.fullmatch(r"[| -]+", line)}
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for at, line in enumerate(lines)
        if at not in rules and at + 1 not in rules
    ]
