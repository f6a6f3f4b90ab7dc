"""A command run in a process of its own, with an end: for code of others, which may never return, or take all memory.

1. The process, and all that it has started, is killed when its time is over.
2. It has so much memory, and writes files of such a size, and no more (where the system has such limits).
3. What it says goes on as if it were said here. It is no sandbox: it may read and send whatever its user may.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from tradebridge.cli.terminal import interactive

MEMORY = 4 << 30
"""Bytes of address space."""
FILE_SIZE = 64 << 20
"""Bytes of a file, also of what it says."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it: as `subprocess` has it, negative for a signal; None: its time was over."""

    code: int | None
    out: str
    err: str


def run(arguments: Sequence[str], seconds: float) -> Ended:
    """`tb ARGUMENTS` in a process of its own. On a terminal it speaks there; else what it said comes back."""
    command = [sys.executable, "-P", "-m", "tradebridge.cli", *arguments]
    if interactive(sys.stdout):
        return Ended(_to_its_end(command, seconds, None, None), "", "")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _to_its_end(command, seconds, out, err)
        return Ended(code, *(_said(each) for each in (out, err)))


def limit() -> None:
    """In the process itself, before it touches what is not ours (rule 2)."""
    try:
        import resource
    except ImportError:  # a system without such limits: the time still ends
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, FILE_SIZE)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _to_its_end(command: Sequence[str], seconds: float, out: "IO[bytes] | None", err: "IO[bytes] | None") -> int | None:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None or os.name == "posix":
            _kill(process)
        process.wait()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has started and left behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody of them is there any more


def _said(file: "IO[bytes]") -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
