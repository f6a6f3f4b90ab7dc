"""What `tb conformance` says of runs: as JSON; for people what does not hold, with all that is needed to mend it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tradebridge.cli.terminal import mark

if TYPE_CHECKING:
    from simulator.conformance.runner import Run

_MARKS = {"pass": "ok", "fail": "fail", "error": "fail", "no-traffic": "fail", "warning": "warn", "waiting": "warn"}


def mark_of(word: str) -> str:
    return mark(_MARKS.get(word, "skip"))


def as_json(runs: "list[Run]") -> dict[str, Any]:
    """Sums over the systems, and every scenario of each."""
    from simulator.conformance.runner import counts

    several = len({each.suite for each in runs}) > 1
    return {
        "suite": "all" if several else runs[0].suite,
        **counts([result for each in runs for result in each.results]),
        "ok": all(each.passed for each in runs),
        "systems": [
            {"suite": each.suite, "system": each.system, "code": each.code, "ok": each.passed, **counts(each.results)}
            for each in runs
        ],
        "scenarios": [{"suite": each.suite, "system": each.code, **told} for each in runs for told in each.brief()],
    }


def lines_of(run: "Run") -> Iterator[str]:
    """What does not hold, with the command that repeats it; then one line of sums."""
    from simulator.conformance.report import broken_checks
    from simulator.conformance.told import lines_about

    for told in broken_checks(run):
        first, *more = lines_about(told)
        yield f"{mark_of(told.check.word.value)} {run.code} {first}"
        yield from (f"       {line}" for line in more)
    yield f"{mark('ok' if run.passed else 'fail')} {run.suite}: {run.system} ({run.code}): {words_of(run)}"


def words_of(run: "Run") -> str:
    from simulator.conformance.runner import Word

    return ", ".join(f"{run.count(word)} {word.value}" for word in Word if run.count(word))
