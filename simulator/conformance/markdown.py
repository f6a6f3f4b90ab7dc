"""The report of a run as Markdown, for the page of a pipeline: sums, what does not hold, the coverage grid.

All that came from elsewhere stands in code spans, so that it is text whatever it says.
"""

from collections.abc import Iterator

from simulator.conformance.report import MEANING, NOTICE, Grid, broken_checks, grid_of
from simulator.conformance.runner import Run, Word
from simulator.conformance.told import lines_about, printable

_WHY = (Word.ERROR, Word.NO_TRAFFIC, Word.WAITING)


def markdown_of(run: Run) -> str:
    """The page."""
    return "\n".join(_lines(run)) + "\n"


def code(text: str) -> str:
    """A code span in a cell of a table, from whatever text."""
    return f"`{printable(text).replace('`', chr(39)).replace('|', '/') or ' '}`"


def _lines(run: Run) -> Iterator[str]:
    yield f"# {run.title}: {'passed' if run.passed else 'not passed'}"
    yield ""
    yield f"SIMULATION: test keys, no legal effect. {NOTICE[0].upper()}{NOTICE[1:]}."
    yield ""
    yield f"System {code(run.system)} ({code(run.code)}), suite `{run.suite}/{run.version}` ({run.standard}), "
    yield f"{run.began:%Y-%m-%d %H:%M:%S} UTC, {run.seconds:.1f} s."
    yield ""
    yield from ("| result | scenarios | meaning |", "| --- | ---: | --- |")
    for word in Word:
        if run.count(word):
            yield f"| {word.value} | {run.count(word)} | {MEANING[word]} |"
    yield from _broken(run)
    yield from _grid(grid_of(run))


def _broken(run: Run) -> Iterator[str]:
    found = broken_checks(run)
    silent = [each for each in run.results if each.word in _WHY]
    if found or silent:
        yield from ("", "## What does not hold")
    for told in found:
        first, *lines = lines_about(told)
        yield from ("", f"**{told.check.word.value}** {first}", "")
        yield from (f"- {_label(line)}" for line in lines)
    for each in silent:
        yield from ("", f"**{each.word.value}** {each.name}: {code(each.reason)}")


def _label(line: str) -> str:
    """The first word of a line as it is, the rest of what is not ours as code."""
    for label in ("sent", "expected", "got"):
        if line.startswith(f"{label} "):
            return f"{label} {code(line.removeprefix(f'{label} '))}"
    return line.replace("tb repro ", "`tb repro ") + "`" if line.startswith("again:") else line


def _grid(grid: Grid) -> Iterator[str]:
    yield from ("", "## Coverage: requirement by scenario", "")
    yield from ("| requirement | scenarios | held | broken | in |", "| --- | ---: | ---: | ---: | --- |")
    for row in grid.rows:
        broken = [name for name, word in row.words.items() if word in (Word.FAIL, Word.WARNING)]
        shown = ", ".join(f"`{name}`" for name in broken)
        held = sum(word is Word.PASS for word in row.words.values())
        yield f"| `{row.sentence.key}` | {len(row.words)} | {held} | {len(broken)} | {shown} |"
