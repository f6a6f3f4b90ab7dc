"""An agreement is one file: found by looking into the folder, and named nowhere else."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from schemas.certificate import agreements
from schemas.certificate.agreements import AGREEMENTS

ROOT = Path(__file__).parents[3]
FOLDER = Path(agreements.__path__[0])

ADDED = """
import json
from datetime import UTC, datetime
from schemas.content import Syntax
from schemas.registry import Context, profiles, read
from schemas.samples import rules_by_code, samples_of

profile = profiles()["example-co/2030"]
now = Context(datetime(2031, 1, 6, 12, tzinfo=UTC))
document = profile.example(at=datetime(2031, 1, 5, 9, tzinfo=UTC))
for syntax, encode in profile.encode.items():
    reading = read(encode(document), now)
    assert reading.document == document and not reading.findings, reading.findings
codes = [code for code in rules_by_code() if code.startswith("example.")]
shared = [code for code, rules in rules_by_code().items() if any(profile.id in rule.profiles for rule in rules)]
print(json.dumps([len(codes), len(shared), document.number]))
"""


def test_the_agreements_are_the_files_of_the_folder() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == {agreement.id for agreement in AGREEMENTS} >= {"atiga", "ajcep", "rcep", "jtepa", "jiepa", "jvepa"}
    assert not re.search("|".join(files), (FOLDER / "__init__.py").read_text("utf-8"))


def test_jvepa_the_proof_is_named_in_its_own_file_only() -> None:
    places = [
        path
        for package in ("schemas", "exchange", "adapters")
        for path in (ROOT / package).rglob("*.py")
        if "jvepa" in path.read_text("utf-8")
    ]
    assert places == [FOLDER / "jvepa.py"]


def test_one_more_file_is_one_more_agreement(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    text = (FOLDER / "jvepa.py").read_text("utf-8")
    text = text.replace('"jvepa"', '"example"').replace("jvepa-co/2009", "example-co/2030").replace("(2009,", "(2030,")
    (tmp_path / "schemas" / "certificate" / "agreements" / "example.py").write_text(text, "utf-8")
    ran = subprocess.run([sys.executable, "-c", ADDED], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    own, all_of_it, number = json.loads(ran.stdout)
    assert own >= 15 and all_of_it >= 90
    assert number == "VN-JP 31/01/00041"
