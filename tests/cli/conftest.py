"""The program as a user runs it: a process of its own, with a state folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


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


def runner(home: Path) -> Tb:
    """Runs `tb ARGUMENTS` in the folder `home`; `stdin` is bytes, `env` adds to the environment."""

    def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None, timeout: float = 60) -> Ran:
        done = subprocess.run(
            program(*arguments),
            input=stdin,
            capture_output=True,
            env=environment(home, **(env or {})),
            cwd=home,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(), done.stdout)

    return run


@pytest.fixture
def tb(tmp_path: Path) -> Tb:
    """`tb` in an empty folder, with no hub about."""
    return runner(tmp_path)
