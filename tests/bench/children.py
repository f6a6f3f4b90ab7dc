"""Processes of the bench: each on its core, asked by one JSON line, answering with one, ended when its input ends.

A process inherits its cores from who starts it: so all its threads are pinned, those that it starts later too. Where
the system cannot pin (no `sched_setaffinity`), or there is one core only, everything runs wherever it is put.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 600


def cores() -> tuple[int | None, int | None]:
    """The core of the hub and of the floor, and the core of the load; None: not pinned."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """What is started in here runs on this core only."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class ChildFailed(RuntimeError):
    """A process of the bench ended, or said that it could not do its part; the message says why."""


class Child:
    """`python -m MODULE ARGUMENTS` on a core."""

    def __init__(self, module: str, *arguments: str, core: int | None = None) -> None:
        with pinned(core):
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def ask(self, **job: Any) -> dict[str, Any]:
        """Hand a job over and wait for its result. Raises `ChildFailed`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildFailed(f"a process of the bench ended: exit code {self._process.wait(10)}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ChildFailed(str(answer["error"]))
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def serve_jobs(do: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """The other end: do each job of standard input, until it ends."""
    for line in sys.stdin:
        print(json.dumps(do(json.loads(line))), flush=True)


def serve_jobs_settled(do: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """The same, with the collector set as the hub sets it: what stands at the start is not looked at again."""
    from exchange.serve import GC_THRESHOLDS

    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    serve_jobs(do)


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in megabytes of 2^20 bytes."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(said.stdout) / 1024
