"""Every command of README and docs runs, and gives what the page shows.

A page is read from top to bottom as a reader does it, in a folder that looks like a clone, with a world of its own on
free ports: `8600` and `8601` in a command are replaced by them, and `tb up`, `tb demo` and `make demo` get `--port`.
Commands that need a container engine are checked as text, here and in tests/house.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.docs.blocks import PAGES, ROOT, Block, blocks_of, missing_from

READY_SECONDS = 60.0
BLOCK_SECONDS = 90.0
WITH_COMMANDS = [page for page in PAGES if any(block.language == "bash" for block in blocks_of(page))]


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    todo = list(blocks_of(page))
    commands = "\n".join(block.text for block in todo if block.language == "bash" and block.mark != "container")
    missing = [name for name in ("curl", "openssl") if re.search(rf"\b{name} ", commands) and not shutil.which(name)]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    with Reader(tmp_path).reading() as reader:
        for block in todo:
            reader.follow(block)


class Reader:
    """Somebody who does what a page says: one shell, kept from block to block, in something like a fresh clone."""

    def __init__(self, folder: Path) -> None:
        self._clone = _clone_in(folder)
        self._port = _two_free_ports()
        self._state = folder / "state"
        self._staying: list[subprocess.Popen[bytes]] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEBRIDGE_", "MAKE"))}
        self._environment = kept | {
            "HOME": str(folder),
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
            "TRADEBRIDGE_URL": f"http://127.0.0.1:{self._port}",
            "XDG_STATE_HOME": str(self._state),
        }

    @contextmanager
    def reading(self) -> Iterator["Reader"]:
        try:
            yield self
        finally:
            for staying in reversed(self._staying):
                staying.send_signal(signal.SIGTERM)
            for staying in self._staying:
                staying.wait(20)

    def follow(self, block: Block) -> None:
        if block.file_name:
            (self._clone / block.file_name).write_text(self._here(block.text), encoding="utf-8")
        elif block.language == "bash" and block.mark == "stays":
            self._stay(block)
        elif block.language == "bash" and block.mark == "planned":
            self._plan(block)
        elif block.language == "bash" and block.mark != "container":
            self._run(block)

    def _run(self, block: Block) -> None:
        """The shell's variables and folder are handed on in a file."""
        kept = self._state.parent / "shell"
        lines = [f". {kept} 2>/dev/null; set -e", self._here(block.text), f"{{ export -p; echo cd $PWD; }} > {kept}"]
        done = self._bash("\n".join(lines), BLOCK_SECONDS)
        output = done.stdout.decode(errors="replace")
        assert done.returncode == block.exit_code, f"line {block.line}: exit code {done.returncode}\n{output}"
        if block.shown is not None:
            missing = missing_from(self._here(block.shown), output)
            assert not missing, f"line {block.line}: the page shows {missing!r}, but this came out:\n{output}"

    def _stay(self, block: Block) -> None:
        output = self._state.parent / f"staying-{len(self._staying)}"
        with output.open("wb") as file:
            staying = subprocess.Popen(
                ["bash", "-c", f"exec {self._here(block.text).strip()}"],
                cwd=self._clone,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._staying.append(staying)
        end = time.monotonic() + READY_SECONDS
        while not self._is_ready(block, output):
            assert staying.poll() is None, f"line {block.line}: it ended\n{output.read_text()}"
            assert time.monotonic() < end, f"line {block.line}: not ready\n{output.read_text()}"
            time.sleep(0.1)

    def _is_ready(self, block: Block, output: Path) -> bool:
        """What the page shows is there; where it shows nothing, the hub is ready."""
        if block.shown is not None:
            return not missing_from(self._here(block.shown), output.read_text(encoding="utf-8", errors="replace"))
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _plan(self, block: Block) -> None:
        for line in block.text.splitlines():
            command = line.partition("#")[0].strip()
            assert command.startswith("make "), f"line {block.line}: only make can plan: {command}"
            done = self._bash(f"make -n {command.removeprefix('make ')}", BLOCK_SECONDS)
            assert done.returncode == 0, done.stdout.decode()

    def _bash(self, script: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self._clone,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )

    def _here(self, text: str) -> str:
        """The ports of this test instead of the usual ones."""
        port = f"--port {self._port}"
        text = re.sub(r"^(tb (?:up|demo))\b", rf"\1 {port}", text, flags=re.MULTILINE)
        text = re.sub(r'^(make demo) ARGS="', rf'\1 ARGS="{port} ', text, flags=re.MULTILINE)
        text = re.sub(r"^(make demo)$", rf'\1 ARGS="{port}"', text, flags=re.MULTILINE)
        return text.replace("8601", str(self._port + 1)).replace("8600", str(self._port))


def _clone_in(folder: Path) -> Path:
    """A folder with everything of ours in it, into which new files fall without touching the real one."""
    clone = folder / "tradebridge"
    clone.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in (".git", ".venv", "data"):
            (clone / entry.name).symlink_to(entry)
    (clone / ".venv").symlink_to(sys.prefix)
    return clone


def _two_free_ports() -> int:
    """The first of two neighbours that are free: the hub's and the world's."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
