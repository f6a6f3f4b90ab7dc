"""The program as a user runs it: a process of its own, with a state folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tradebridge.cli import root


@dataclass(frozen=True)
class Ran:
    """What one run of `tb` gave."""

    code: int
    out: str
    err: str
    raw: bytes

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object that --json promises."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        return json.loads(lines[0])


Tb = Callable[..., Ran]


def environment(home: Path, **given: str) -> dict[str, str]:
    """Of this process without our settings, with a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBRIDGE_")}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "NO_COLOR": "1", **given}


def program(*arguments: str) -> list[str]:
    """The command line of `tb`, for this interpreter."""
    return [sys.executable, "-P", "-m", "tradebridge.cli", *arguments]


def in_process(home: Path) -> Tb:
    """Runs `tb ARGUMENTS` in the folder `home`, in this process; `stdin` is bytes, `env` adds to the environment."""

    def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Ran:
        out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
        with (
            patch.dict(os.environ, environment(home, **(env or {})), clear=True),
            patch.object(sys, "stdin", TextIOWrapper(BytesIO(stdin), "utf-8")),
            chdir(home),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = root.run(arguments)
        return _ran(code, written(out), written(err))

    return run


def written(stream: TextIOWrapper) -> bytes:
    stream.flush()
    assert isinstance(stream.buffer, BytesIO)
    return stream.buffer.getvalue()


def in_a_process(home: Path) -> Tb:
    """The same in a process of its own, as a user does it."""

    def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            program(*arguments),
            input=stdin,
            capture_output=True,
            env=environment(home, **(env or {})),
            cwd=home,
            timeout=60,
            check=False,
        )
        return _ran(done.returncode, done.stdout, done.stderr)

    return run


def _ran(code: int, out: bytes, err: bytes) -> Ran:
    return Ran(code, out.decode(errors="replace"), err.decode(), out)


@pytest.fixture
def tb(tmp_path: Path) -> Tb:
    """`tb` in an empty folder, with no hub about. In this process: a start costs half a second each."""
    return in_process(tmp_path)


@pytest.fixture
def tb_process(tmp_path: Path) -> Tb:
    """The same in a process of its own."""
    return in_a_process(tmp_path)
