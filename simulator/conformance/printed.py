"""The report of a run as PDF, to print and to file: what was tried, what came of it, what does not hold, coverage.

What was exchanged is not in it: it names the SHA-256 of `report.json`, which has that. Needs the extra `[pdf]`.
"""

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from importlib.util import find_spec
from typing import Any

from simulator.conformance.report import MEANING, NOTICE, broken_checks, grid_of
from simulator.conformance.runner import Run, Word
from simulator.conformance.told import printable
from tradebridge.render import pdf

MOST = 100
"""Broken checks that are printed."""


def pdf_of(run: Run, whole: bytes) -> bytes | None:
    """The PDF; None where Typst is not installed. `whole`: the bytes of `report.json`."""
    if find_spec("typst") is None:
        return None
    told = _data(run, hashlib.sha256(whole).hexdigest())
    # What no font here has is printed as a question mark: index.html has it as it was.
    without = {ord(sign): "?" for signs in pdf.lacking_fonts(_texts(told)).values() for sign in signs}
    given = json.dumps(told, ensure_ascii=False).translate(without)
    template = resources.files("simulator.conformance").joinpath("report.typ").read_bytes()
    return pdf.typeset(template, {"run": given}, tagged=True)


def _data(run: Run, digest: str) -> dict[str, Any]:
    broken = broken_checks(run)
    silent = [each for each in run.results if each.word in (Word.ERROR, Word.NO_TRAFFIC, Word.WAITING)]
    return {
        "title": run.title,
        "system": printable(run.system),
        "notice": NOTICE[0].upper() + NOTICE[1:],
        "outcome": "Passed" if run.passed else "Not passed",
        "date": [run.began.year, run.began.month, run.began.day],
        "facts": [
            ["System", f"{printable(run.system)} ({printable(run.code)})"],
            ["Suite", f"{run.suite}/{run.version}"],
            ["Standard", run.standard],
            ["Began", f"{run.began:%Y-%m-%d %H:%M:%S} UTC, {run.seconds:.1f} s"],
            ["report.json", f"SHA-256 {digest}"],
            ["Signature", "report.jws, beside this file and in evidence.zip: tb verify checks it"],
        ],
        "words": [[word.value, str(run.count(word)), MEANING[word]] for word in Word if run.count(word)],
        "broken": [
            {
                "word": each.check.word.value,
                "id": f"tb repro {each.id}",
                "scenario": each.result.name,
                "sentence": each.check.sentence.text,
                "source": each.check.sentence.source,
                "found": printable(each.check.found),
                "expected": printable(each.check.expected),
            }
            for each in broken[:MOST]
        ]
        + [
            {
                "word": each.word.value,
                "id": "",
                "scenario": each.name,
                "sentence": each.title,
                "source": MEANING[each.word],
                "found": printable(each.reason),
                "expected": "",
            }
            for each in silent
        ],
        "more": max(0, len(broken) - MOST),
        "scenarios": [[each.word.value, each.name, each.title] for each in run.results],
        "rows": [
            [
                row.sentence.key,
                row.sentence.text,
                row.sentence.source + ("" if row.sentence.required else " (recommended)"),
                str(row.count(Word.PASS)),
                str(row.count(Word.FAIL, Word.WARNING)),
            ]
            for row in grid_of(run).rows
        ],
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
