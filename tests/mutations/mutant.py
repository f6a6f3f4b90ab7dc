"""A mutation: a fault put into a copy of the source, and what one test says of it there.

1. The working tree is never touched: the packages and the tests are copied to a temporary folder first.
2. The test runs in a process of its own over the copy. That the process, and any hub that it starts, imports the copy
   and not the working tree is asked of the interpreter, not assumed.
3. What is read is pytest's JUnit report. A failure is a test whose own code failed; an error in collection or in a
   fixture is not one.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "tradebridge", "adapters", "exchange", "simulator", "tests")
LONGEST_SECONDS = 100


@dataclass(frozen=True, slots=True)
class Mutation:
    """One entry of mutations.toml; the file says what each member is."""

    name: str
    invariant: int
    breaks: str
    file: str
    text: str
    replacement: str
    test: str
    reason: str

    def apply(self, tree: Path) -> None:
        """Put the fault into this tree. Raises `ValueError` where the text does not stand there exactly once."""
        path = tree / self.file
        source = path.read_text(encoding="utf-8")
        if source.count(self.text) != 1:
            raise ValueError(f"{self.name}: the text stands {source.count(self.text)} times in {self.file}")
        path.write_text(source.replace(self.text, self.replacement), encoding="utf-8")


def mutations() -> list[Mutation]:
    table = tomllib.loads(Path(__file__).with_name("mutations.toml").read_text(encoding="utf-8"))
    return [Mutation(**entry) for entry in table["mutation"]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What pytest said of one test: `failure` is empty where it passed."""

    tests: int
    failures: int
    errors: int
    failure: str
    """Message and trace of the first failure or error."""


def copy_source(folder: Path) -> Path:
    """The packages, the tests and pytest's settings, in this new folder."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


def environment_of(tree: Path) -> dict[str, str]:
    """Ours without what belongs to this test run, and with the tree before everything else."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TRADEBRIDGE_"))}
    return ours | {"PYTHONPATH": str(tree)}


def imported_from(tree: Path) -> Path:
    """Where a process over this tree finds the hub."""
    question = "import exchange; print(exchange.__file__)"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", question],
        cwd=tree,
        env=environment_of(tree),
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(answer.stdout.strip())


def run_tests(tree: Path, tests: list[str]) -> Outcome:
    """Run these tests over the tree. Raises `RuntimeError` where pytest itself did not get to run them."""
    report = tree / "report.xml"
    command = [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", "--junitxml", str(report)]
    command += ["--timeout", str(LONGEST_SECONDS), *tests]
    done = subprocess.run(command, cwd=tree, env=environment_of(tree), capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314  # pytest wrote it just now
    if suite is None:
        raise RuntimeError("the report has no test suite")
    told = [each for kind in ("failure", "error") for each in suite.iter(kind)]
    failure = f"{told[0].get('message', '')}\n{told[0].text or ''}" if told else ""
    counts = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors")}
    return Outcome(**counts, failure=failure)
