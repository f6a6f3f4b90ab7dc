"""The one server of a test run, as its users see it: whoever comes first starts it, whoever goes last ends it.

1. A folder stands for a run, a seed and a clock. Who attaches holds its lock `users` (`simulator.testing.keeper`);
   `start` is held while one process looks, and starts the keeper if there is none.
2. A keeper that was killed is replaced; its hub and world have ended with it.
3. The next space is made while a test runs, and dropped spaces go in the same thread: a test waits for neither.
"""

import atexit
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from simulator.testing.locks import Kind, Lock

START_SECONDS = 90.0
"""How long a server may take to be ready, on a machine that is busy with tests."""
LOOK_SECONDS = 0.02


class ServerFailed(RuntimeError):
    """Hub and world did not start; the message has the end of their log."""


def folder_of(run: str, seed: str, clock: datetime) -> Path:
    """Where the server of this run is kept: a folder of this user's alone. Raises `ServerFailed`."""
    name = hashlib.sha256(json.dumps([run, seed, clock.isoformat()]).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"tradebridge-tests-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or folder.is_symlink():
        raise ServerFailed(f"{folder} is not this user's alone: remove it")
    return folder


class Server:
    """An attached server. `close` it; it ends when the last one has."""

    def __init__(self, run: str, seed: str, clock: datetime) -> None:
        self.seed = seed
        self.clock = clock
        self._users, self.told = _attached(run, seed, clock)
        self.hub_url: str = self.told["hub"]["url"]
        self.world_url: str = self.told["world"]["url"]
        self.api_keys: Mapping[str, str] = {
            **{each["id"]: each["apiKey"] for each in self.told["members"]},
            "OPERATOR": self.told["operatorKey"],
        }
        self.http = httpx.Client(trust_env=False, timeout=90.0)
        self._beside = ThreadPoolExecutor(1, "tradebridge-spaces")
        self._next: Future[str] | None = None
        self._made = 0
        self._dropping: list[Future[None]] = []
        atexit.register(self.close)

    def space(self, *, and_next: bool = True) -> str:
        """A space of one's own: its name. `and_next`: make the one after it meanwhile."""
        name = self._make() if self._next is None else self._next.result()
        self._next = self._beside.submit(self._make) if and_next else None
        return name

    def drop(self, name: str) -> None:
        """Soon. What went wrong with earlier ones is raised here."""
        while self._dropping and self._dropping[0].done():
            self._dropping.pop(0).result()
        self._dropping.append(self._beside.submit(self._drop, name))

    def settle(self) -> None:
        """Wait until all is dropped that shall be."""
        while self._dropping:
            self._dropping.pop(0).result()

    def hold(self, minutes: float) -> int:
        """Keep the server for so long after all have gone, to look into it: the process that does."""
        folder = Path(self.told["dataDir"]).parent
        command = [sys.executable, "-P", "-m", "simulator.testing.holder", str(folder), str(minutes * 60)]
        holder = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the tests is not for it
        )
        assert holder.stdout is not None  # noqa: S101  # it was started with a pipe
        with holder.stdout as said:
            holds = bool(said.readline())  # it holds, or another does
        holder.returncode = 0  # nobody waits for it here: it outlives this process
        noted = folder / "holder"
        if holds:
            noted.write_text(str(holder.pid), "ascii")
        return int(noted.read_text("ascii"))

    def close(self) -> None:
        """Drop what is left, and let go of the server."""
        if self.http.is_closed:
            return
        atexit.unregister(self.close)
        with suppress(httpx.HTTPError, ServerFailed):  # it goes with all that is in it
            self.settle()
        self._beside.shutdown(cancel_futures=True)
        self.http.close()
        self._users.close()

    def _make(self) -> str:
        self._made += 1
        name = f"t{os.getpid()}-{self._made}"
        self._asked(self.http.post(f"{self.world_url}/_sim/v1/spaces", json={"name": name}))
        return name

    def _drop(self, name: str) -> None:
        self._asked(self.http.delete(f"{self.world_url}/_sim/v1/spaces/{name}"))

    def _asked(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise ServerFailed(f"{answer.request.method} {answer.request.url}: {answer.text}")


def _attached(run: str, seed: str, clock: datetime) -> tuple[Lock, dict[str, Any]]:
    """The lock that is held, and what the server says of itself. Raises `ServerFailed`."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        folder = folder_of(run, seed, clock)
        try:
            start, users = Lock(folder / "start"), Lock(folder / "users")
        except FileNotFoundError:  # the keeper has just removed the folder
            continue
        held = False
        try:
            if _taken(start, Kind.ALONE, until) and _taken(users, Kind.SHARED, until) and users.is_current:
                told = _running(folder) or _started(folder, seed, clock, until)
                held = True
                return users, told
        finally:
            start.close()
            if not held:
                users.close()
    raise ServerFailed(f"no hub and world within {START_SECONDS:g} s")


def _taken(lock: Lock, kind: Kind, until: float) -> bool:
    """Wait for it."""
    while not lock.take(kind):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _running(folder: Path) -> dict[str, Any] | None:
    """What the server of the folder says of itself; None where there is none, or its keeper was killed."""
    keeper = Lock(folder / "keeper")
    try:
        if keeper.take(Kind.ALONE):
            (folder / "server.json").unlink(missing_ok=True)
            return None
    finally:
        keeper.close()
    return _told(folder)


def _told(folder: Path) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads((folder / "server.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return told


def _started(folder: Path, seed: str, clock: datetime, until: float) -> dict[str, Any]:
    log = folder / "keeper.log"
    command = [sys.executable, "-P", "-m", "simulator.testing.keeper", str(folder), "--seed", seed]
    with log.open("wb") as file:
        keeper = subprocess.Popen(
            [*command, "--clock", clock.isoformat()],
            env={
                name: value for name, value in os.environ.items() if not name.startswith(("COV_CORE_", "TRADEBRIDGE"))
            },
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C at the tests is not for it: it ends when they have
        )
    while (told := _told(folder)) is None:
        if keeper.poll() is not None:
            raise ServerFailed(f"the server of the tests did not start: {log.read_text('utf-8', 'replace').strip()}")
        if time.monotonic() > until:
            keeper.terminate()
            raise ServerFailed(f"the server of the tests was not ready in {START_SECONDS:g} s; its log: {log}")
        time.sleep(LOOK_SECONDS)
    keeper.returncode = 0  # nobody waits for it here: it outlives this process if others use it
    return told
