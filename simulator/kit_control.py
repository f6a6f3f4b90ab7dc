"""The conformance kit on the control plane, `/_sim/v1/conformance`: suites, runs as they are played, reports.

1. A run is played in a process of its own (`simulator.conformance.playing`), one at a time, so that the world goes on
   beside it and a run can be stopped. It ends with the world.
2. What is known of a run is what it has written on its shelf, line by line: that is read here, also of runs that a
   terminal plays. So nothing is told twice, and nothing is lost when the world ends.
3. A system is ours, or one that was tried from a terminal before: nobody names a file here.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from simulator.asked import NewRun
from simulator.conformance.kept import REPORTS, Keeping, NotKept, Shelf
from simulator.conformance.suites import SUITES, family
from simulator.refusals import refuse

OURS = "ours"
START_SECONDS = 60.0
REPORT_SECONDS = 120.0
LOOK_SECONDS = 0.2
"""How often a run that is followed is looked at."""
BEAT_SECONDS = 15.0
LOG_SHOWN = 600
SETTLED_SECONDS = 5.0

FILES = {
    "index.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "report.pdf": "application/pdf",
    "junit.xml": "application/xml",
    "summary.md": "text/markdown; charset=utf-8",
    "report.jws": "application/jose",
    "evidence.zip": "application/zip",
}


@dataclass
class Kit:
    """The kit of this process: the shelf of runs, and the run that is on."""

    shelf: Shelf
    _process: asyncio.subprocess.Process | None = None
    _pipe: int | None = field(default=None, repr=False)
    _begun: set[str] = field(default_factory=set)
    _ask: tuple[float, str] = (0.0, "")
    """What a person was asked for last, and when."""
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reporting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _listening: asyncio.Task[None] | None = None

    @property
    def is_playing(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def is_on(self, run: str) -> bool:
        """Whether this run is being played by this kit."""
        return self.is_playing and run in self._begun

    def turn_of(self, keeping: Keeping) -> str:
        """What a person is to do now; empty where it is nobody's turn: a result that came since has settled it."""
        at, text = self._ask
        return text if self.is_on(keeping.head.id) and at > keeping.path.stat().st_mtime else ""

    async def begin(self, suite: str, system: str) -> str:
        """Play a suite against a system; the id of the first run. Raises `Refusal`."""
        again = "" if system == OURS else self._kept_of(system, suite)
        async with self._starting:
            if self.is_playing:
                raise refuse("simulation.kit-busy", "/suite", found=", ".join(sorted(self._begun)))
            arguments = ["--suite", suite, *(["--again", again] if again else [])]
            self._process, self._pipe = await self._start(arguments, asyncio.subprocess.PIPE)
            self._begun, self._ask = set(), (0.0, "")
            try:
                first = await asyncio.wait_for(self._next_run(self._process), START_SECONDS)
            except TimeoutError:
                first = ""
            if not first:
                await self.stop()
                raise refuse("simulation.kit-cannot-start", found=self._log()[-LOG_SHOWN:])
            self._listening = asyncio.create_task(self._listen(self._process))
            return first

    async def stop(self) -> None:
        """End the run that is on; what it has written stays."""
        process, self._process = self._process, None
        if self._pipe is not None:
            os.close(self._pipe)  # it ends with this end of the pipe, and its own processes with it
            self._pipe = None
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), SETTLED_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def find(self, run: str) -> Keeping:
        """A run by its whole id. Raises `Refusal`."""
        try:
            found = self.shelf.find(run) if run else None
        except NotKept:
            found = None
        if found is None or found.head.id != run:
            raise refuse("simulation.unknown-run", found=run[:100])
        return found

    def systems(self) -> list[dict[str, Any]]:
        """Ours, and those that a terminal has tried, with the suites that apply to each."""
        found = [{"system": OURS, "name": "Tradebridge's own systems", "suites": list(SUITES)}]
        for head in self.shelf.heads():
            known = {each["system"] for each in found}
            if "sut" in head.source and head.code not in known and Path(head.source["sut"]).is_file():
                found.append({"system": head.code, "name": head.system, "suites": [head.suite]})
            elif "sut" in head.source:
                for each in found:
                    if each["system"] == head.code and head.suite not in each["suites"]:
                        each["suites"] = [*each["suites"], head.suite]
        return found

    async def followed(self, keeping: Keeping, after: int) -> AsyncIterator[bytes]:
        """Server-sent events: each result after the given number, then those that come, until the run is over."""
        yield b": tradebridge\n\n"
        shown, names, number, place, silent, turn = _shown(), set[str](), 0, 0, 0.0, ""
        asked = await asyncio.to_thread(shown.asked, keeping.head)
        while True:
            playing = self.is_on(keeping.head.id)
            came, place = await asyncio.to_thread(keeping.since, place)
            for result in came:
                number += 1
                names.add(result.name)
                if number > after:
                    yield f"id: {number}\nevent: result\ndata: {json.dumps(shown.brief(result))}\n\n".encode()
            if turn != (turn := self.turn_of(keeping)):
                yield f"event: turn\ndata: {json.dumps({'ask': turn})}\n\n".encode()
            if not playing or names >= asked:
                yield b"event: end\ndata: {}\n\n"
                return
            silent = 0.0 if came else silent + LOOK_SECONDS
            if silent >= BEAT_SECONDS:
                silent = 0.0
                yield b": beat\n\n"
            await asyncio.sleep(LOOK_SECONDS)

    async def report(self, keeping: Keeping, name: str) -> Path:
        """A file of the reports of a run, made if there is none of what is known now. Raises `Refusal`."""
        folder = self.shelf.folder / REPORTS / keeping.head.id
        file = folder / name
        async with self._reporting:
            if not folder.exists() or folder.stat().st_mtime < keeping.path.stat().st_mtime:
                process, pipe = await self._start(["--report", keeping.head.id], asyncio.subprocess.DEVNULL)
                try:
                    await asyncio.wait_for(process.wait(), REPORT_SECONDS)
                except TimeoutError:
                    process.kill()
                    await process.wait()
                finally:
                    os.close(pipe)
                if process.returncode:
                    raise refuse("simulation.kit-cannot-start", found=self._log()[-LOG_SHOWN:])
        if not file.is_file():
            raise refuse("simulation.no-such-path", found=name, expected="without the extra [pdf] there is no PDF")
        return file

    def _kept_of(self, system: str, suite: str) -> str:
        """The youngest run of a system that a terminal has tried. Raises `Refusal`."""
        heads = [each for each in self.shelf.heads() if each.code == system and "sut" in each.source]
        if not heads:
            expected = ", ".join(each["system"] for each in self.systems())
            raise refuse("simulation.unknown-system", "/system", found=system, expected=expected)
        if family(heads[0].suite) != family(suite):
            expected = ", ".join(name for name in SUITES if family(name) == family(heads[0].suite))
            raise refuse("simulation.malformed", "/suite", found=suite, expected=expected)
        return heads[0].id

    async def _start(self, arguments: list[str], output: int) -> tuple[asyncio.subprocess.Process, int]:
        self.shelf.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        parent, mine = os.pipe()
        own = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBRIDGE_")}
        module = "simulator.conformance.playing"
        try:
            with (self.shelf.folder / "log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", module, "--shelf", str(self.shelf.folder), *arguments),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=log,
                    pass_fds=(parent,),
                    env=own | {"TRADEBRIDGE_PARENT_PIPE": str(parent)},
                    start_new_session=True,
                )
        except BaseException:
            os.close(mine)
            raise
        finally:
            os.close(parent)
        return process, mine

    async def _next_run(self, process: asyncio.subprocess.Process) -> str:
        """The next run that begins; empty at the end of all."""
        assert process.stdout is not None  # noqa: S101  # it was started with a pipe
        while line := await process.stdout.readline():
            told = json.loads(line)
            if "run" in told:
                self._begun.add(str(told["run"]))
                return str(told["run"])
            self._ask = (time.time(), str(told["ask"]))
        return ""

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        while await self._next_run(process):
            continue
        await process.wait()

    def _log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.shelf.folder / "log").read_text("utf-8", "replace").strip()
        return ""


def conformance(app: FastAPI, kit: Kit, read: Callable[[Request, type[NewRun]], Awaitable[NewRun]]) -> None:
    """The calls below `/_sim/v1/conformance`. `read`: the body of a call, as all of the control plane read it."""

    @app.get("/_sim/v1/conformance/suites")
    async def suites() -> Response:
        return _items(await asyncio.to_thread(_shown().suites))

    @app.get("/_sim/v1/conformance/systems")
    async def systems() -> Response:
        return _items(await asyncio.to_thread(kit.systems))

    @app.get("/_sim/v1/conformance/runs")
    async def runs() -> Response:
        return _items(await asyncio.to_thread(_shown().listed, kit.shelf, kit.is_on))

    @app.post("/_sim/v1/conformance/runs", status_code=201)
    async def begin(request: Request) -> Response:
        """Play a suite; the run's id. What comes of it is read there, or followed."""
        asked = await read(request, NewRun)
        if asked.suite not in SUITES:
            raise refuse("simulation.malformed", "/suite", found=asked.suite, expected=", ".join(SUITES))
        return JSONResponse({"run": await kit.begin(asked.suite, asked.system)}, 201)

    @app.get("/_sim/v1/conformance/runs/{run}")
    async def show(run: str) -> Response:
        """One run, as far as it has come: each scenario with its checks, what does not hold, and the coverage grid."""
        return JSONResponse(await asyncio.to_thread(_shown().told, kit.find(run), kit))

    @app.post("/_sim/v1/conformance/runs/{run}:stop")
    async def stop(run: str) -> Response:
        found = kit.find(run)
        if kit.is_on(found.head.id):
            await kit.stop()
        return JSONResponse(await asyncio.to_thread(_shown().told, found, kit))

    @app.get("/_sim/v1/conformance/runs/{run}/events")
    async def follow(request: Request, run: str) -> Response:
        """Server-sent events: `result` for each scenario as it ends, `turn` for what a person is to do (`ask`; empty
        when it is nobody's turn any more), then `end`. Goes on after Last-Event-ID."""
        found = kit.find(run)
        last = request.headers.get("last-event-id", "0")
        after = int(last) if last.isascii() and last.isdecimal() else 0
        return StreamingResponse(kit.followed(found, after), media_type="text/event-stream")

    @app.get("/_sim/v1/conformance/runs/{run}/report/{name}")
    async def report(run: str, name: str) -> Response:
        """A report of the run: index.html, report.json, report.pdf, junit.xml, summary.md, report.jws, evidence.zip."""
        if name not in FILES:
            raise refuse("simulation.no-such-path", found=name[:100], expected=", ".join(FILES))
        file = await kit.report(kit.find(run), name)
        headers = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
        return FileResponse(file, media_type=FILES[name], headers=headers)


def _shown() -> ModuleType:
    """Imported when somebody asks: a world that plays no suite does without."""
    from simulator.conformance import shown

    return shown


def _items(items: list[Any]) -> Response:
    return JSONResponse({"items": items, "next": None})
