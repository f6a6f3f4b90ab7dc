"""A pattern stands for several files: after an option that takes one, the rest would be other arguments."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ONE_FILE = re.compile(r"(-CAfile|-in|-content|-data|-inkey|-sigfile|--pubkey-cert-pem|--trust|--document) \S*[*?]")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_no_option_of_one_file_is_given_a_pattern(page: Path) -> None:
    assert ONE_FILE.findall(page.read_text(encoding="utf-8")) == []
