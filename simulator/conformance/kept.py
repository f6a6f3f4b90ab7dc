"""Runs kept on disk, a file each: so a run that broke off goes on, and a failed check can be repeated to the byte.

1. The first line says what is played against whom; then comes a line for each result, as it came. A line that was cut
   is as if it were not there.
2. Bodies are as they were on the wire, headers are without secrets (`exchange.py`): those come from the system's file
   again.
3. Of many runs the youngest `MOST` stay.
"""

import hashlib
import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.conformance.exchange import By, Exchange, redacted
from simulator.conformance.runner import Action, Check, Result, Role, Run, Sentence, Suite, Word

MOST = 100
REPORTS = "reports"
"""The folder of reports that were made of the runs, on the shelf."""
FORMAT = "tradebridge-conformance-run/1"
NOT_PLAYED = "the run ended before its turn"
UNSETTLED = frozenset({Word.WAITING, Word.NO_TRAFFIC, Word.ERROR})
"""Words of scenarios that are played when a run is resumed."""


class NotKept(LookupError):
    """No such run, or no such failed check; the message says so."""


@dataclass(frozen=True)
class Head:
    """What is played against whom."""

    id: str
    suite: str
    version: str
    title: str
    standard: str
    system: str
    code: str
    began: datetime
    source: Mapping[str, Any]
    """How the system is found again: `{"sut": path}`, or `{"own": code, ...}` of one of ours."""
    only: tuple[str, ...] = ()
    """Scenarios that were asked for; none: all."""

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"format": FORMAT, "began": self.began.isoformat(), "only": list(self.only)}


def head_of(suite: Suite[Any], system: str, code: str, source: Mapping[str, Any], only: tuple[str, ...] = ()) -> Head:
    """Of a run that begins now."""
    began = datetime.now(UTC)
    name = f"{began:%Y%m%d-%H%M%S}-{suite.name}-{file_name(code)}"
    return Head(name, suite.name, suite.version, suite.title, suite.standard, system, code, began, source, only)


def file_name(code: str) -> str:
    """The code of a system as part of a file's name, whatever its file says that it is."""
    return re.sub(r"[^A-Za-z0-9-]", "_", code)[:40]


def failure_id(suite: str, code: str, scenario: str, check: str) -> str:
    """Six characters that name a failed check of a system: the same in each run."""
    return hashlib.sha256(f"{suite} {code} {scenario} {check}".encode()).hexdigest()[:6].upper()


@dataclass(frozen=True)
class Keeping:
    """A run that is being kept."""

    head: Head
    path: Path

    def told(self, result: Result) -> None:
        """One more result."""
        with self.path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            cut = file.read(1) != b"\n"
            file.write(b"\n" * cut + json.dumps(_result_json(result), ensure_ascii=False).encode() + b"\n")

    def since(self, place: int) -> tuple[list[Result], int]:
        """The results that were kept from this place of the file on, and the place to go on at; 0 is its beginning."""
        with self.path.open("rb") as file:
            file.seek(place)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        return [_result(told) for told in _told(whole.decode().split("\n")) if _is_result(told)], place + len(whole)


class Shelf:
    """The folder of runs, made when the first one is kept. Readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, head: Head) -> Keeping:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in sorted(self.folder.glob("*.jsonl"))[: -MOST + 1]:
            old.unlink(missing_ok=True)
        wanted, place = head.id, 1
        while (self.folder / f"{head.id}.jsonl").exists():
            place += 1
            head = replace(head, id=f"{wanted}-{place}")
        path = self.folder / f"{head.id}.jsonl"
        path.touch(mode=0o600)
        path.write_text(json.dumps(head.to_json(), ensure_ascii=False) + "\n", "utf-8")
        return Keeping(head, path)

    def heads(self) -> list[Head]:
        """The youngest first."""
        return [head for path in self._paths() if (head := _head(path)) is not None]

    def find(self, name: str = "") -> Keeping:
        """A run by its id or the beginning of it; without one the youngest. Raises NotKept."""
        for path in sorted(self._paths(), key=lambda path: path.stem != name):
            if path.stem.startswith(name) and (head := _head(path)) is not None:
                return Keeping(head, path)
        raise NotKept(f"there is no run {name}" if name else "no run is kept here yet")

    def failed(self, identifier: str) -> tuple[Head, Result, Check]:
        """The youngest failed check of this id. Raises NotKept."""
        for path in self._paths():
            head = _head(path)
            if head is None:
                continue
            for result in _results(path):
                for check in result.checks:
                    bad = check.word in (Word.FAIL, Word.WARNING)
                    if bad and failure_id(head.suite, head.code, result.name, check.sentence.key) == identifier.upper():
                        return head, result, check
        raise NotKept(f"no run that is kept here has a failed check {identifier.upper()}")

    def _paths(self) -> list[Path]:
        found = self.folder.glob("*.jsonl") if self.folder.is_dir() else []
        return sorted(found, key=_youngest, reverse=True)


def run_of(keeping: Keeping, suite: Suite[Any]) -> Run:
    """What is known of a run: of a scenario that was played again, the last result. Raises NotKept for another
    version of the suite."""
    head = keeping.head
    if head.version != suite.version:
        raise NotKept(f"{head.id} is of {suite.name}/{head.version}, and the suite is {suite.version} now: run it anew")
    last = {result.name: result for result in _results(keeping.path)}
    results = []
    for scenario in suite.scenarios:
        asked = not head.only or scenario.name in head.only
        word, why = (Word.WAITING, NOT_PLAYED) if asked else (Word.SKIPPED, "not asked for in this run")
        absent = Result(scenario.name, scenario.role, scenario.title, word, why, (), (), 0.0, head.began)
        results.append(last.get(scenario.name, absent))
    seconds = sum(each.seconds for each in results)
    facts = (head.suite, head.version, head.title, head.standard, head.system, head.code, head.began)
    return Run(*facts, seconds, tuple(results))


def _youngest(path: Path) -> tuple[str, int, int]:
    """By when the run began; of several in a second, which was written to last."""
    return path.stem[:15], path.stat().st_mtime_ns, len(path.stem)


# --- Lines -----------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from _told(file)


def _told(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # cut when the run was


def _is_result(told: Mapping[str, Any]) -> bool:
    return told.get("format") != FORMAT


def _head(path: Path) -> Head | None:
    told = next(_lines(path), None)
    if told is None or told.pop("format", "") != FORMAT:
        return None
    return Head(**told | {"began": datetime.fromisoformat(told["began"]), "only": tuple(told["only"])})


def _results(path: Path) -> Iterator[Result]:
    for told in _lines(path):
        if _is_result(told):
            yield _result(told)


def _result_json(result: Result) -> dict[str, Any]:
    return {
        **result.to_json(),
        "actions": [
            {
                "title": action.title,
                "exchanges": list(action.exchanges),
                "checks": [check.to_json() for check in action.checks],
            }
            for action in result.actions
        ],
        "exchanges": [_exchange_json(each) for each in result.exchanges],
        "checks": [],
    }


def _exchange_json(exchange: Exchange) -> dict[str, Any]:
    return exchange.to_json() | {
        "request": b64encode(exchange.request).decode(),
        "answer": b64encode(exchange.answer).decode(),
    }


def _result(told: Mapping[str, Any]) -> Result:
    return Result(
        told["name"],
        Role(told["role"]),
        told["title"],
        Word(told["result"]),
        told["reason"],
        tuple(
            Action(each["title"], tuple(each["exchanges"]), tuple(map(_check, each["checks"])))
            for each in told["actions"]
        ),
        tuple(map(_exchange, told["exchanges"])),
        told["seconds"],
        datetime.fromisoformat(told["began"]),
    )


def _check(told: Mapping[str, Any]) -> Check:
    sentence = Sentence(
        told["check"], told["sentence"], told["source"], told["required"], told.get("cause", ""), told.get("fix", "")
    )
    return Check(sentence, Word(told["result"]), told["found"], told["expected"], told["exchange"])


def _exchange(told: Mapping[str, Any]) -> Exchange:
    return Exchange(
        By(told["by"]),
        told["what"],
        told["method"],
        told["url"],
        redacted(told["requestHeaders"]),
        b64decode(told["request"]),
        told["status"],
        redacted(told["answerHeaders"]),
        b64decode(told["answer"]),
        told["seconds"],
        told["note"],
    )
