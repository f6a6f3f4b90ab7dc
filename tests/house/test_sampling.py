"""Long tests: a sample by default, everything with --full, one part with --part, and an unknown part is refused."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LONG = """
import pytest

@pytest.mark.long("kill")
def test_restart(scale):
    print("times", scale(200, 5))

@pytest.mark.long(sample=False)
def test_mutations():
    pass

def test_short():
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(Path(__file__).parents[1].joinpath("conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    long: takes long")
    pytester.makepyfile(test_soak=LONG)
    return pytester


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", "-s", *args)


def test_a_plain_run_takes_the_sample(project: pytest.Pytester) -> None:
    result = run(project)
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*times 5*"])


def test_full_takes_everything(project: pytest.Pytester) -> None:
    result = run(project, "--full")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*times 200*"])


def test_a_part_is_the_argument_of_the_marker_or_the_name_of_the_file(project: pytest.Pytester) -> None:
    run(project, "--full", "--part", "kill").assert_outcomes(passed=1, deselected=2)
    run(project, "--full", "--part", "soak").assert_outcomes(passed=1, deselected=2)


def test_an_unknown_part_is_refused_with_those_that_exist(project: pytest.Pytester) -> None:
    result = run(project, "--part", "list")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the parts are: kill, soak*"])
