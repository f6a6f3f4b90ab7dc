"""What this part finds stands in the one catalogue, is used, and tells a person what to do."""

import re
from pathlib import Path

import pytest

from schemas.findings import Kind, kind_of
from tradebridge.evidence import refusals

FAMILIES = "signature|receipt|log|evidence|trust|bundle|timestamp"
HERE = Path(refusals.__file__).parent
SIGNED_REPORTS = HERE.parents[1] / "simulator" / "conformance" / "signed.py"
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in (*sorted(HERE.glob("*.py")), SIGNED_REPORTS)}
REGISTERED = set(re.findall(rf'Kind\(\s*"((?:{FAMILIES})\.[a-z-]+)"', SOURCES["refusals.py"]))
USED = {
    code
    for name, source in SOURCES.items()
    if name != "refusals.py"
    for code in re.findall(rf'"((?:{FAMILIES})\.(?!json"|zip")[a-z-]+)"', source)
}


def test_each_code_that_is_used_is_registered_and_each_registered_one_is_used() -> None:
    assert USED == REGISTERED


@pytest.mark.parametrize("code", sorted(REGISTERED))
def test_a_kind_speaks_to_people(code: str) -> None:
    kind: Kind = kind_of(code)
    for text in (kind.sentence, kind.fix):
        assert text[0].isupper()
        assert text.endswith((".", "`."))
    assert kind.status in (403, 413, 422, 503)
