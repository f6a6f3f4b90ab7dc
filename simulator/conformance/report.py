"""The report of a run, in a folder: `report.json`, `junit.xml` for machines, `index.html`, `summary.md`, `report.pdf`
for people, and `evidence.zip` with all of it and the messages as they were, to hand on.

1. The page needs nothing else: no script, no font, no picture from anywhere; what is long is folded (`<details>`).
2. Each exchange has its request and its answer beside each other, and what was signed in them, decoded below.
3. A check names its sentence, its source, what was found and what was expected. A word is never a colour alone.
4. Secrets are left out in all (`exchange.py`, rule 1). It is test evidence, and no certification: each says so.
5. All are signed as one (`signed.py`).
6. The coverage grid has each requirement that was checked beside the scenarios that checked it: gaps are seen.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from simulator.conformance import signed
from simulator.conformance.exchange import By, Exchange, body_text, redacted, signed_parts
from simulator.conformance.kept import failure_id
from simulator.conformance.report_schema import FORMAT
from simulator.conformance.runner import Check, Result, Role, Run, Sentence, Word
from simulator.conformance.told import printable
from tradebridge.evidence.signer import Signer

CSS = resources.files("simulator.conformance").joinpath("report.css").read_text("utf-8")

MEANING: Mapping[Word, str] = {
    Word.PASS: "every sentence that was checked holds",
    Word.FAIL: "a required sentence does not hold",
    Word.WARNING: "a recommended sentence does not hold",
    Word.SKIPPED: "not asked for in this run",
    Word.NOT_APPLICABLE: "cannot be asked of this system",
    Word.ERROR: "the kit broke: ours, and no word about the system",
    Word.WAITING: "somebody's turn, not taken in time",
    Word.NO_TRAFFIC: "nothing came that could be checked: no pass",
}
NOTICE = "test evidence, not certification"
PDF = "report.pdf"
EXCERPT = 160
"""Characters of what was sent, where it stands in a line."""
MOST_ARROWS = 40
"""Exchanges that are drawn of a scenario."""
LONG = 200
"""Bytes: a body of so many is shown once in a scenario."""
_ORDER = (
    Word.FAIL,
    Word.ERROR,
    Word.NO_TRAFFIC,
    Word.WAITING,
    Word.WARNING,
    Word.PASS,
    Word.NOT_APPLICABLE,
    Word.SKIPPED,
)


def write(run: Run, folder: Path, signer: Signer) -> Path:
    """All files, in a folder that is made; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PDF, signed.STATEMENT):
        (folder / name).unlink(missing_ok=True)  # of an earlier run, where this one makes none
    for name, data in written(run, signer, datetime.now(UTC)).items():
        (folder / name).write_bytes(data)
    return folder / "index.html"


def written(run: Run, signer: Signer, at: datetime) -> dict[str, bytes]:
    """All files by name, signed at this time, the statement and the archive last. Without Typst there is no PDF."""
    from simulator.conformance.evidence import messages_of
    from simulator.conformance.junit import junit_of
    from simulator.conformance.markdown import markdown_of
    from simulator.conformance.printed import pdf_of

    whole = json.dumps(to_json(run), ensure_ascii=False, indent=1).encode() + b"\n"
    printed = pdf_of(run, whole)
    files = {
        "report.json": whole,
        "junit.xml": junit_of(run),
        "summary.md": markdown_of(run).encode(),
        "index.html": html_of(run).encode(),
        **({} if printed is None else {PDF: printed}),
    }
    facts = {name: value for name, value in run.to_json().items() if name != "scenarios"}
    packed = files | messages_of(run)
    token = signed.statement({"notice": NOTICE, **facts}, packed, signer, at)
    return files | {signed.STATEMENT: token.encode("ascii"), signed.ARCHIVE: signed.archive(packed, token)}


def to_json(run: Run) -> dict[str, Any]:
    """The run with its exchanges: what the command prints, and `actions` and `exchanges` of each scenario."""
    summary = run.to_json()
    for told, result in zip(summary["scenarios"], run.results, strict=True):
        told["actions"] = [
            {
                "title": action.title,
                "exchanges": list(action.exchanges),
                "checks": [check.sentence.key for check in action.checks],
            }
            for action in result.actions
        ]
        told["exchanges"] = [exchange.to_json() for exchange in result.exchanges]
        for each, check in zip(told["checks"], result.checks, strict=True):
            if check.word in (Word.FAIL, Word.WARNING):
                each["id"] = _id(run, result, check)
    return {"format": FORMAT, "notice": NOTICE, **summary}


@dataclass(frozen=True)
class BrokenCheck:
    """A check that does not hold, with what is needed to look into it."""

    id: str
    """For `tb repro`."""
    result: Result
    check: Check
    sent: str
    """The beginning of what the kit sent; empty where it sent nothing."""


def broken_checks(run: Run) -> list[BrokenCheck]:
    """In their order."""
    return [
        BrokenCheck(_id(run, result, check), result, check, sent_in(result, check))
        for result in run.results
        for check in result.checks
        if check.word in (Word.FAIL, Word.WARNING)
    ]


def _id(run: Run, result: Result, check: Check) -> str:
    return failure_id(run.suite, run.code, result.name, check.sentence.key)


def sent_in(result: Result, check: Check) -> str:
    """What the kit sent in the exchange of a check, in a line: a request, or its answer."""
    if check.exchange is None or check.exchange >= len(result.exchanges):
        return ""
    exchange = result.exchanges[check.exchange]
    body = exchange.request if exchange.by is By.KIT else exchange.answer
    way = f"{exchange.method} {exchange.url}" if exchange.by is By.KIT else f"the answer {exchange.status}"
    shown = " ".join(body[: EXCERPT * 4].decode("utf-8", "replace").split())[:EXCERPT]
    return f"{way}, {exchange.what}: {shown}{'…' if len(body) > len(shown) else ''} ({len(body):,} bytes)"


def html_of(run: Run) -> str:
    """The page."""
    words = [(word, run.count(word), MEANING[word]) for word in _ORDER if run.count(word)]
    asked = [each for each in run.results if each.word is not Word.SKIPPED]
    roles = [(role, [each for each in asked if each.role is role]) for role in Role]
    text: str = _template().render(
        run=run,
        css=Markup(CSS),  # noqa: S704  # our own file
        words=words,
        roles=[(role, results) for role, results in roles if results],
        broken=list(_broken(run)),
        rows=_rows,
        arrows=arrows,
        grid=grid_of(run),
        letters=_LETTERS,
    )
    return text


def _broken(run: Run) -> Iterator[tuple[Result, BrokenCheck | None]]:
    """What a reader looks for first: each breach, and each scenario that came to nothing, with its reason."""
    breaches = broken_checks(run)
    for result in run.results:
        yield from ((result, told) for told in breaches if told.result is result)
        if result.word in (Word.ERROR, Word.NO_TRAFFIC, Word.WAITING):
            yield result, None


def _rows(result: Result) -> list[dict[str, Any]]:
    """The actions of a scenario with what belongs to each."""
    seen: dict[bytes, int] = {}
    return [
        {
            "title": action.title,
            "checks": action.checks,
            "exchanges": [_shown(index + 1, result.exchanges[index], seen) for index in action.exchanges],
        }
        for action in result.actions
    ]


@dataclass(frozen=True)
class Arrow:
    """One exchange in the drawing of a scenario, between the kit on the left and the system on the right."""

    number: int
    to_the_right: bool
    says: str
    answer: str
    bad: bool
    """A check of it does not hold."""


def arrows(result: Result) -> list[Arrow]:
    """In their order; of more than `MOST_ARROWS` the first."""
    bad = {check.exchange for check in result.checks if check.word in (Word.FAIL, Word.WARNING)}
    return [
        Arrow(
            place + 1,
            each.by is By.KIT,
            printable(f"{each.method} /{''.join(each.url.split('/', 3)[3:])}")[:70],
            "no answer" if each.status is None else str(each.status),
            place in bad,
        )
        for place, each in enumerate(result.exchanges[:MOST_ARROWS])
    ]


def _shown(number: int, exchange: Exchange, seen: dict[bytes, int]) -> dict[str, Any]:
    """One exchange, ready to be shown. `seen`: bodies that this scenario had before, by number of exchange."""
    request = _side(exchange.request, exchange.request_headers, number, seen)
    answer = _side(exchange.answer, exchange.answer_headers, number, seen)
    return {"number": number, "exchange": exchange, "request": request, "answer": answer}


def _side(body: bytes, headers: Mapping[str, str], number: int, seen: dict[bytes, int]) -> dict[str, Any]:
    """Request or answer. A long body that came before is named, and not shown again: so a retry is seen to be one."""
    earlier = seen.setdefault(body, number) if len(body) > LONG else number
    side: dict[str, Any] = {
        "headers": "\n".join(f"{name}: {value}" for name, value in redacted(headers).items()),
        "earlier": earlier if earlier != number else None,
        "body": "",
        "signed": [],
    }
    if body and earlier == number:
        side |= {"body": body_text(body), "signed": list(signed_parts(body))}
    return side


@dataclass(frozen=True)
class Row:
    """One requirement: the worst word that each scenario said of it."""

    sentence: Sentence
    words: Mapping[str, Word]
    """By scenario."""

    def count(self, *words: Word) -> int:
        return sum(each in words for each in self.words.values())


@dataclass(frozen=True)
class Grid:
    """Requirements by scenarios."""

    scenarios: tuple[str, ...]
    rows: tuple[Row, ...]
    """What does not hold first."""


def grid_of(run: Run) -> Grid:
    """What was checked where."""
    found: dict[str, Row] = {}
    words: dict[str, dict[str, Word]] = {}
    for result in run.results:
        for check in result.checks:
            said = words.setdefault(check.sentence.key, {})
            said[result.name] = min(said.get(result.name, check.word), check.word, key=_ORDER.index)
            found.setdefault(check.sentence.key, Row(check.sentence, said))
    rows = sorted(found.values(), key=lambda row: (not row.count(Word.FAIL, Word.WARNING), row.sentence.key))
    return Grid(tuple(each.name for each in run.results if each.checks), tuple(rows))


_LETTERS = {Word.PASS: "+", Word.FAIL: "F", Word.WARNING: "W", Word.NOT_APPLICABLE: "n"}


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("simulator.conformance", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
