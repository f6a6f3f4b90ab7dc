"""`tb send DIR`: the documents of a folder, a result for each; interrupted, it goes on where it stopped.

1. Files that end in .xml, .json, .jws or .jose, also in folders within, in the order of their names; no hidden ones.
2. They go in batches. When the hub has answered one, what it accepted is noted in the state file, a line each. What is
   noted is not sent again by the same sender to the same recipients; a file that has changed since is another.
3. Nothing is taken twice, whatever is cut off when: each document has an idempotency key made of what is sent and to
   whom, and what was signed here anew is known to the hub by its content.
4. While the hub does not answer it is asked again, for so many seconds; then the command ends, and can be given again.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed, exit_of_codes
from tradebridge.cli.reading import read_bytes
from tradebridge.cli.terminal import columns, interactive, mark, out, out_json, say

if TYPE_CHECKING:
    from tradebridge.client import Entry, Hub, Result

ENDINGS = (".xml", ".json", ".jws", ".jose")
STATE_FILE = ".tb-send.jsonl"
DOCUMENTS_A_BATCH = 50
BYTES_A_BATCH = 4 * 1024 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 3.0

Make = Callable[[bytes], bytes]
"""A file's bytes to what is sent: the same, or signed. May raise `Failed`."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where the documents of the folder go."""

    url: str
    space: str | None
    sender: str
    recipients: tuple[str, ...]
    profile: str | None

    def of(self, data: bytes) -> str:
        """A digest of these bytes on this way."""
        way = json.dumps([self.url, self.space, self.sender, sorted(self.recipients), self.profile]).encode()
        return hashlib.sha256(hashlib.sha256(way).digest() + data).hexdigest()[:48]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one file."""

    file: str
    status: str
    """`accepted`; `before`: accepted when it was sent before; `refused`; of a dry run `valid` or `invalid`."""
    document: str = ""
    code: str = ""
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.status in ("refused", "invalid")

    def to_json(self) -> dict[str, str]:
        members = {"file": self.file, "status": self.status, "document": self.document}
        return {name: value for name, value in (members | {"code": self.code, "detail": self.detail}).items() if value}


def files_in(folder: Path) -> list[Path]:
    """The documents of a folder. Raises `Failed` where there are none."""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise Failed(Exit.USAGE, f"{folder} holds no document", f"Documents end in {', '.join(ENDINGS)}.")
    return found


class State:
    """What was accepted, by the digest of file and way: a line each, written when the hub has answered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        for line in read_bytes(str(path)).decode("utf-8", "replace").splitlines() if path.exists() else ():
            try:
                noted = json.loads(line)
                self._known[noted["sent"]] = noted["document"]
            except (ValueError, KeyError, TypeError):  # cut off in the middle of a line
                continue

    def document_of(self, sent: str) -> str | None:
        return self._known.get(sent)

    def note(self, accepted: Sequence[tuple[str, Told]]) -> None:
        lines = [json.dumps({"sent": sent, "file": told.file, "document": told.document}) for sent, told in accepted]
        self._known |= {sent: told.document for sent, told in accepted}
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(f"\n{line}" for line in lines))  # begins anew after a line that was cut off
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Failed(
                Exit.USAGE, f"cannot write {self._path}: {error.strerror}", "Name another file with --state."
            ) from error


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document of the next batch."""

    file: str
    sent: str
    """Digest of the file on its way."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the documents of a folder."""

    hub: "Hub"
    route: Route
    state: State
    make: Make
    patience: float
    """Seconds to wait for a hub that does not answer."""

    def results(self, folder: Path, files: Sequence[Path]) -> Iterator[Told]:
        """One for each file, in their order; those of a batch when the hub has answered it."""
        waiting: list[_Waiting | Told] = []
        size = 0
        for path in files:
            each = self._next(str(path.relative_to(folder)), path)
            if isinstance(each, _Waiting):
                if size + len(each.data) > BYTES_A_BATCH:
                    yield from self._settle(waiting)
                    waiting, size = [], 0
                size += len(each.data)
            waiting.append(each)
            if len(waiting) == DOCUMENTS_A_BATCH:
                yield from self._settle(waiting)
                waiting, size = [], 0
        yield from self._settle(waiting)

    def _next(self, name: str, path: Path) -> "_Waiting | Told":
        try:
            data = path.read_bytes()
            sent = self.route.of(data)
            document = self.state.document_of(sent)
            return Told(name, "before", document) if document is not None else _Waiting(name, sent, self.make(data))
        except OSError as error:
            return Told(name, "refused", code="file.unreadable", detail=str(error.strerror))
        except Failed as failed:
            return Told(name, "refused", code=failed.code, detail=str(failed))

    def _settle(self, waiting: "Sequence[_Waiting | Told]") -> Iterator[Told]:
        going = [each for each in waiting if isinstance(each, _Waiting)]
        settled = dict(zip((each.file for each in going), self._hand_in(going), strict=True))
        accepted = [(each.sent, settled[each.file]) for each in going if not settled[each.file].failed]
        if accepted:
            self.state.note(accepted)
        for each in waiting:
            yield each if isinstance(each, Told) else settled[each.file]

    def _hand_in(self, going: Sequence[_Waiting]) -> list[Told]:
        """One batch; again and again while the hub does not answer. Raises the last `Unreachable`."""
        from tradebridge.client import Entry, Unreachable

        if not going:
            return []
        to, profile = self.route.recipients, self.route.profile
        entries = [Entry(each.data, to, profile, f"tb-{self.route.of(each.data)}", each.file[-200:]) for each in going]
        until, pause = time.monotonic() + self.patience, FIRST_PAUSE_SECONDS
        while True:
            try:
                results = self._once(entries)
                if not any(_away(each) for each in results) or time.monotonic() >= until:
                    return [_told(each.file, result) for each, result in zip(going, results, strict=True)]
            except Unreachable:
                if time.monotonic() + pause >= until:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _once(self, entries: "Sequence[Entry]") -> "Sequence[Result]":
        """A single document goes by itself: it may be larger than a line of a batch."""
        from tradebridge.client import Refused, Result

        if len(entries) > 1:
            return self.hub.batch(entries)
        only = entries[0]
        try:
            accepted = self.hub.submit(only.data, only.to, profile=only.profile, idempotency_key=only.idempotency_key)
        except Refused as refused:
            return [Result(0, only.name, refused=refused)]
        return [Result(0, only.name, accepted=accepted)]


def _away(result: "Result") -> bool:
    return result.refused is not None and result.refused.code == "hub.unavailable"


def _told(file: str, result: "Result") -> Told:
    if result.accepted is not None:
        return Told(file, "before" if result.accepted.replayed else "accepted", result.accepted.id)
    if result.refused is None:
        raise TypeError("a result is accepted or refused")
    first = result.refused.problem.get("document")
    if result.refused.code == "document.duplicate" and first:
        return Told(file, "before", str(first))
    return Told(file, "refused", code=result.refused.code, detail=result.refused.detail)


# --- telling ---------------------------------------------------------------------------------------------------------


def show(results: Iterator[Told], total: int, as_json: bool) -> Exit:
    """Each result as it comes, or all in one JSON; a bar on a terminal; at the end the counts. Gives the exit code."""
    listed = not as_json and not interactive(sys.stdout)
    told: list[Told] = []
    with _Bar(total) if interactive(sys.stderr) and not as_json else nullcontext(_quiet) as advance:
        for each in results:
            told.append(each)
            if listed:
                out(_line(each))
            advance(each)
    counts: dict[str, int] = {}
    for each in told:
        counts[each.status] = counts.get(each.status, 0) + 1
    failed = [each for each in told if each.failed]
    exit_code = (exit_of_codes(each.code for each in failed) or Exit.INVALID) if failed else Exit.OK
    if as_json:
        out_json({"ok": not failed, "counts": counts, "results": [each.to_json() for each in told]})
        return exit_code
    for line in () if listed else columns([_cells(each) for each in failed]):
        out(line)
    said = ", ".join(f"{_WORDS[name]}: {count}" for name, count in sorted(counts.items()))
    say(f"{mark('fail' if failed else 'ok')} {total} documents, {said}")
    return exit_code


_WORDS = {
    "accepted": "accepted now",
    "before": "accepted before",
    "refused": "refused",
    "valid": "valid",
    "invalid": "not valid",
}


def _line(told: Told) -> str:
    return columns([_cells(told)])[0]


def _cells(told: Told) -> Sequence[str]:
    return (
        f"{mark('fail' if told.failed else 'ok')} {told.file}",
        told.code or told.document or told.status,
        told.detail,
    )


def _quiet(told: Told) -> None:
    """Where there is no bar."""


class _Bar:
    """A bar on standard error."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[refused]}"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        self._task = self._progress.add_task("", total=total, refused="")
        self._refused = 0

    def __enter__(self) -> Callable[[Told], None]:
        self._progress.start()
        return self._advance

    def _advance(self, told: Told) -> None:
        self._refused += told.failed
        refused = f"refused {self._refused}" if self._refused else ""
        self._progress.update(self._task, advance=1, refused=refused)

    def __exit__(self, *_: Any) -> None:
        self._progress.stop()


def reject_options_of_one(given: dict[str, object]) -> None:
    """Options that make no sense for a folder."""
    wrong = [name for name, value in given.items() if value]
    if wrong:
        raise click.UsageError(f"{', '.join(wrong)}: for one document, not for a folder")
