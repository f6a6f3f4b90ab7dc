"""Every command of README and docs runs, and gives what the page shows.

A page is read from top to bottom as a reader does it, in a folder that looks like a clone, with a world of its own on
free ports: `8600` to `8603` in a page are replaced by them, and what starts a hub gets `--port`. A page that names a
PostgreSQL finds a real one at its address. Commands that need a container engine are checked as text in tests/house.
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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.databases import new_database, running_postgresql
from tests.docs.blocks import PAGES, ROOT, Block, blocks_of, missing_from

READY_SECONDS = 60.0
BLOCK_SECONDS = 90.0
PORTS = range(8600, 8604)
"""Those that pages name."""
POSTGRESQL = "postgresql+psycopg://tradebridge:PASSWORD@127.0.0.1:5432/tradebridge"
STARTS_A_HUB = re.compile(r"(?:env \S+ )?tb (?:up|demo|serve)\b")
STANDS_BESIDE = re.compile(
    r"tb partner serve |tb listen |python (?:docs/small_(?:platform|window)|mine/careless)\.py |python receiver\.py$"
)
WITH_COMMANDS = [page for page in PAGES if any(block.language == "bash" for block in blocks_of(page))]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    todo = list(blocks_of(page))
    commands = "\n".join(block.text for block in todo if block.language == "bash" and block.mark != "container")
    missing = [name for name in ("curl", "openssl") if re.search(rf"\b{name} ", commands) and not shutil.which(name)]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    with ExitStack() as stack:
        server = stack.enter_context(running_postgresql(durable=False)) if POSTGRESQL in commands else None
        database = new_database(server, "docs") if server else POSTGRESQL
        reader = stack.enter_context(Reader(tmp_path, database).reading())
        for block in todo:
            reader.follow(block)


class Reader:
    """Somebody who does what a page says: one shell, kept from block to block, in something like a fresh clone."""

    def __init__(self, folder: Path, database: str) -> None:
        self._clone = _clone_in(folder)
        self._port = _free_ports()
        self._database = database
        self._state = folder / "state"
        self._kept = folder / "shell"
        self._staying: list[subprocess.Popen[bytes]] = []
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("TRADEBRIDGE_", "MAKE", "PYTEST"))
        }
        self._environment = kept | {
            "HOME": str(folder),
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
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
        keep = f"{{ export -p; echo cd $PWD; }} > {self._kept}"
        lines = [f". {self._kept} 2>/dev/null; set -e", self._here(block.text), keep]
        done = self._bash("\n".join(lines), BLOCK_SECONDS)
        output = done.stdout.decode(errors="replace")
        assert done.returncode == block.exit_code, f"line {block.line}: exit code {done.returncode}\n{output}"
        if block.shown is not None:
            missing = missing_from(self._here(block.shown), output)
            assert not missing, f"line {block.line}: the page shows {missing!r}, but this came out:\n{output}"

    def _stay(self, block: Block) -> None:
        output = self._state.parent / f"staying-{len(self._staying)}"
        command = self._on_own_port(self._here(block.text).strip())
        with output.open("wb") as file:
            staying = subprocess.Popen(
                ["bash", "-c", f". {self._kept} 2>/dev/null; exec {command}"],
                cwd=self._clone,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._staying.append(staying)
        end = time.monotonic() + READY_SECONDS
        while not self._is_ready(block, command, output):
            assert staying.poll() is None, f"line {block.line}: it ended\n{output.read_text()}"
            assert time.monotonic() < end, f"line {block.line}: not ready\n{output.read_text()}"
            time.sleep(0.1)

    def _is_ready(self, block: Block, command: str, output: Path) -> bool:
        """What the page shows is there; where it shows nothing, the hub is ready."""
        if block.shown is not None:
            return not missing_from(self._here(block.shown), output.read_text(encoding="utf-8", errors="replace"))
        port = re.search(r"--port (\d+)", command)
        assert port is not None, command
        path = "readyz" if STARTS_A_HUB.match(command) else "livez"
        try:
            with urlopen(f"http://127.0.0.1:{port[1]}/{path}", timeout=2) as answer:
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
        """The ports and the database of this test instead of the usual ones."""
        text = re.sub("|".join(map(str, PORTS)), lambda found: str(int(found[0]) - PORTS.start + self._port), text)
        return text.replace(POSTGRESQL, self._database)

    def _on_own_port(self, command: str) -> str:
        """What stays, on the port that this test has for it."""
        port = f"--port {self._port}"
        if command.startswith("make demo"):
            return f'make demo ARGS="{port}"'
        if not STARTS_A_HUB.match(command):  # what stands beside it, on the port that the page names
            assert STANDS_BESIDE.match(command), command
            return command
        command = command.replace("--port 0", port)
        return command if "--port" in command else STARTS_A_HUB.sub(lambda found: f"{found[0]} {port}", command)


def _clone_in(folder: Path) -> Path:
    """A folder with everything of ours in it, into which new files fall without touching the real one.

    Its `.venv` is this test's own environment, with stamps that say so: make installs nothing.
    """
    clone, environment = folder / "tradebridge", folder / "tradebridge" / ".venv"
    environment.mkdir(parents=True)
    for entry in ROOT.iterdir():
        if entry.name not in (".git", ".venv", "data"):
            (clone / entry.name).symlink_to(entry)
    for entry in Path(sys.prefix).iterdir():
        if entry.suffix != ".stamp":
            (environment / entry.name).symlink_to(entry)
    for name in ("made", "run", "test"):
        (environment / f"{name}.stamp").touch()
    return clone


def _free_ports() -> int:
    """The first of as many neighbours as `PORTS` that are free."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                for offset in range(1, len(PORTS)):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + offset))
            except (OSError, OverflowError):
                continue
            return port
