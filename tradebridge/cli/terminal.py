"""What a person sees: data on standard output, talk on standard error, quiet and the same without colour.

Marks are words in brackets ([ok] [warn] [fail]); colour repeats them and is never alone. There is none with
`NO_COLOR`, with `TERM=dumb`, or where the stream is no terminal.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from schemas.findings import Finding

_COLOURS = {"ask": "cyan", "ok": "green", "warn": "yellow", "fail": "red", "skip": "bright_black"}
MARK_WIDTH = 6


class ReaderGone(Exception):
    """Standard output was closed by its reader, as in `tb rules | head`."""


def out(text: str = "") -> None:
    """Data: a line on standard output."""
    try:
        click.echo(text, file=sys.stdout, color=coloured(sys.stdout))
    except BrokenPipeError as error:
        raise ReaderGone from error


def say(text: str = "") -> None:
    """Talk: a line on standard error."""
    click.echo(text, file=sys.stderr, color=coloured(sys.stderr))


def out_bytes(data: bytes) -> None:
    """A document, unchanged, on standard output."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def out_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line."""
    out(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def coloured(stream: TextIO) -> bool:
    return interactive(stream) and "NO_COLOR" not in os.environ


def interactive(stream: TextIO) -> bool:
    """A terminal that can move its cursor: only there a spinner or a live table."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def mark(word: str) -> str:
    """`[ok]`, `[warn]` or `[fail]`, padded to one width."""
    return click.style(f"[{word}]", fg=_COLOURS[word]) + " " * (MARK_WIDTH - len(word) - 2)


def dim(text: str) -> str:
    return click.style(text, dim=True)


def bold(text: str) -> str:
    return click.style(text, bold=True)


def columns(rows: Iterable[Sequence[str]], gap: int = 3) -> list[str]:
    """Rows as aligned lines; the last column is not padded."""
    table = [list(row) for row in rows]
    widths = [
        max(len(click.unstyle(row[i])) for row in table if i < len(row)) for i in range(max(map(len, table), default=0))
    ]
    return ["".join(_padded(cell, widths[i] + gap) for i, cell in enumerate(row)).rstrip() for row in table]


def _padded(cell: str, width: int) -> str:
    return cell + " " * max(0, width - len(click.unstyle(cell)))


_INDENT = " " * (MARK_WIDTH + 1)
MOST_PLACES = 5
"""That one finding shows of those where it was found."""


def finding_lines(findings: "Iterable[Finding]") -> list[str]:
    """Findings for people, errors first: where, what, found and expected, the clause, what to do. What was found in
    several places is told once, with its places."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in sorted(findings, key=lambda each: not each.refuses):
        groups.setdefault((each.code, each.severity, each.message, each.box, each.fix, each.attack), []).append(each)
    return [line for group in groups.values() for line in (_one(group[0]) if len(group) == 1 else _several(group))]


def _one(finding: "Finding") -> list[str]:
    where = ", ".join(_where(finding))
    lines = [_head(finding, where)]
    if finding.pointer:
        lines.append(f"{_INDENT}{dim(finding.pointer)}")
    return [*lines, *_below(_contrast(finding), finding)]


def _several(group: "Sequence[Finding]") -> list[str]:
    """One head and one fix; found and expected stand with their places where they differ."""
    first = group[0]
    alike = all((each.found, each.expected) == (first.found, first.expected) for each in group)
    lines = [_head(first, ", ".join([*_where(first, line=False), f"{len(group)} times"]))]
    for each in group[:MOST_PLACES]:
        line = f"line {each.line}" if each.line is not None else ""
        parts = (line, "" if alike else _contrast(each))
        told = " · ".join(part for part in parts if part)
        lines.append(f"{_INDENT}{dim(each.pointer or 'the whole document')}{'  ' + told if told else ''}")
    if len(group) > MOST_PLACES:
        lines.append(f"{_INDENT}and {len(group) - MOST_PLACES} more places; --json lists them")
    return [*lines, *_below(_contrast(first) if alike else "", first)]


def _head(finding: "Finding", where: str) -> str:
    word = "fail" if finding.refuses else "warn"
    return f"{mark(word)} {bold(finding.code)}  {where + ': ' if where else ''}{finding.message}"


def _below(contrast: str, finding: "Finding") -> list[str]:
    fix = f"fix: {finding.fix}" if finding.fix else ""
    return [f"{_INDENT}{text}" for text in (contrast, _origin(finding), fix) if text]


def _where(finding: "Finding", *, line: bool = True) -> Iterable[str]:
    if finding.box:
        yield f"box {finding.box}"
    if line and finding.line is not None:
        yield f"line {finding.line}" + (f", column {finding.column}" if finding.column is not None else "")


def _contrast(finding: "Finding") -> str:
    parts = []
    if finding.found:
        parts.append(f"found {finding.found!r}")
    if finding.expected:
        parts.append(f"expected {finding.expected}")
    return " · ".join(parts)


def _origin(finding: "Finding") -> str:
    text = ", ".join(part for part in (finding.source, finding.clause) if part)
    origin = f"clause: {text} ({finding.fidelity.value})" if finding.clause else ""
    attack = f"attack: {finding.attack}" if finding.attack else ""
    return " · ".join(part for part in (origin, attack) if part)


def out_findings(findings: "Iterable[Finding]") -> None:
    """Errors first, then warnings, each as a block."""
    for line in finding_lines(findings):
        out(line)
