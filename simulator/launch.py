"""Hub and world as two processes, started at once, ended together.

1. Both are children in sessions of their own, with `python -P`: no file of the user's folder can stand in for ours.
2. Between them is a pair of sockets that nobody else can open: by it the world moves the hub's clock, and makes and
   empties spaces. Both ends stay open here, so that each of the two can be started again.
3. They end however their parent dies: each reads a pipe whose other end only the parent holds.
4. They are ready when both have said so; `launch` waits for that, and explains with the end of their logs when it does
   not come.
5. `play` asks the world to play and hands on each step as it comes.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from simulator.members import CARRIER_CODE, OPERATOR, Member, members, styles_of
from simulator.platforms import PLATFORMS
from simulator.progress import LadingSummary, Outcome, Progress, Summary, outcome_from_json
from simulator.scenario import scenario_names
from tradebridge.evidence.simulation import test_api_key
from tradebridge.outbound import tls_context

__all__ = [
    "LadingSummary",
    "LaunchFailed",
    "Launched",
    "Outcome",
    "Progress",
    "Summary",
    "launch",
    "play",
    "run_scenario",
    "scenario_names",
]

END_SECONDS = 5.0
"""How long a child has to end by itself."""


class LaunchFailed(RuntimeError):
    """Hub or world did not start, or did not play; the message says which, why, and what to do."""


@dataclass(frozen=True)
class _Child:
    """One process that says when it is ready."""

    name: str
    process: subprocess.Popen[bytes]
    ready: IO[str]
    log: Path


@dataclass(frozen=True)
class _Control:
    """The private pair of sockets: each datagram whole or not at all, so a process that is killed cuts none in two."""

    hub: socket.socket
    world: socket.socket

    @classmethod
    def pair(cls) -> "_Control":
        return cls(*socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))

    def close(self) -> None:
        self.hub.close()
        self.world.close()


@dataclass(frozen=True)
class Plan:
    """How the two processes are started, and started again."""

    folder: Path
    seed: str
    clock: datetime | None
    port: int
    with_tl: bool
    adapters: tuple[str, ...]
    desks: tuple[str, ...]
    database_url: str | None
    hub_environment: Mapping[str, str]
    timeout: float
    shelf: Path | None


@dataclass
class Launched:
    """A hub and a world at work."""

    hub_url: str
    world_url: str
    seed: str
    clock: datetime | None
    data_dir: Path
    members: tuple[Member, ...]
    operator_key: str
    api_keys: dict[str, str]
    ready_s: float
    _plan: Plan = field(repr=False)
    _children: dict[str, _Child] = field(repr=False)
    _pipe: tuple[int, int] = field(repr=False)
    _control: "_Control" = field(repr=False)
    _temporary: bool = field(repr=False)

    @property
    def ebl(self) -> dict[str, str]:
        """Base addresses of the eBL platforms and of the carrier that issues through them, by code."""
        return {code: f"{self.world_url}/ebl/{code}" for code in (*PLATFORMS, CARRIER_CODE)}

    @property
    def hub_pid(self) -> int:
        return self._children["hub"].process.pid

    @property
    def world_pid(self) -> int:
        return self._children["world"].process.pid

    def ended(self) -> str | None:
        """Which of the two has ended, in a sentence; None while both run."""
        for child in self._children.values():
            code = child.process.poll()
            if code is not None:
                return f"the {child.name} ended with exit code {code}; its log: {child.log}"
        return None

    def wait(self) -> str:
        """Until one of the two ends: the sentence of `ended`."""
        while (sentence := self.ended()) is None:
            time.sleep(0.2)
        return sentence

    def kill(self, name: str) -> None:
        """End the `hub` or the `world` at once, as a power cut would (SIGKILL)."""
        self._children[name].process.kill()
        self._children[name].process.wait()

    def restart(self, name: str) -> None:
        """Start one of the two again at its old address, over what it left on the disk. Raises `LaunchFailed`."""
        _release(self._children[name])
        plan, pipe = self._plan, self._pipe[0]
        if name == "hub":
            child = _start_hub(replace(plan, port=_port_of(self.hub_url)), pipe, self._control)
        else:
            child = _start_world(replace(plan, port=_port_of(self.world_url) - 1), pipe, self._control)
            _tell_hub_url(child, self.hub_url)
        self._children[name] = child
        _wait_ready(child, [child], time.monotonic() + plan.timeout)

    def close(self) -> None:
        """End both, and remove the folder if it was a temporary one."""
        _end(self._children.values(), self._pipe, self._control)
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def to_json(self) -> dict[str, Any]:
        """What `tb up --json` prints."""
        return {
            "hub": {"url": self.hub_url, "pid": self.hub_pid},
            "world": {"url": self.world_url, "pid": self.world_pid},
            "ebl": self.ebl,
            "seed": self.seed,
            "clock": None if self.clock is None else self.clock.isoformat(),
            "dataDir": str(self.data_dir),
            "operatorKey": self.operator_key,
            "members": [{**member.to_json(), "apiKey": self.api_keys[member.id]} for member in self.members],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def launch(
    *,
    seed: str = "42",
    clock: datetime | None = None,
    data_dir: Path | None = None,
    port: int = 8600,
    with_tl: bool = False,
    adapters: Iterable[str] = (),
    desks: Iterable[str] = (),
    database_url: str | None = None,
    timeout: float = 30.0,
    hub_environment: Mapping[str, str] | None = None,
    shelf: Path | None = None,
) -> Launched:
    """Start both and wait until they are ready.

    `clock`: a frozen business clock, with a zone; None for the machine's own. `data_dir`: kept; None for a temporary
    folder that `close` removes. `port`: of the hub, the world takes the next one; 0 takes any free ones. `adapters`: of
    others, as `simulator.members.styles_of` takes them. `desks`: members that have a desk instead of a system.
    `timeout`: seconds. `hub_environment`: further settings of the hub. `shelf`: where conformance runs are kept; else
    in the data of the world. Raises `LaunchFailed`, and as `styles_of`.
    """
    began = time.monotonic()
    given = tuple(str(Path(each).resolve()) if Path(each).is_dir() else each for each in adapters)
    at_desks = tuple(desks)
    everybody = members(with_tl=with_tl, styles=styles_of(given), desks=at_desks)
    folder = data_dir or Path(tempfile.mkdtemp(prefix="tradebridge-"))
    own = hub_environment or {}
    plan = Plan(folder, seed, clock, port, with_tl, given, at_desks, database_url, own, timeout, shelf)
    pipe, control = os.pipe(), _Control.pair()
    children: dict[str, _Child] = {}
    try:
        children["hub"] = _start_hub(plan, pipe[0], control)
        children["world"] = _start_world(plan, pipe[0], control)
        hub_url = _wait_ready(children["hub"], list(children.values()), began + timeout)
        _tell_hub_url(children["world"], hub_url)
        world_url = _wait_ready(children["world"], list(children.values()), began + timeout)
    except BaseException:
        _end(children.values(), pipe, control)
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return Launched(
        hub_url=hub_url,
        world_url=world_url,
        seed=seed,
        clock=clock,
        data_dir=folder,
        members=everybody,
        operator_key=test_api_key(seed, OPERATOR),
        api_keys={member.id: test_api_key(seed, member.id) for member in everybody},
        ready_s=round(time.monotonic() - began, 3),
        _plan=plan,
        _children=children,
        _pipe=pipe,
        _control=control,
        _temporary=data_dir is None,
    )


def run_scenario(
    world: Launched,
    name: str,
    on_progress: Callable[[Progress], None] = lambda step: None,
    *,
    deadline: float = 120.0,
) -> Summary:
    """Play a scenario of documents to its end. `deadline`: seconds until the world gives up. Raises `LaunchFailed`."""
    outcome = play(world.world_url, name, on_progress, deadline=deadline, ended=world.ended)
    if not isinstance(outcome, Summary):
        raise LaunchFailed(f"{name} is no scenario of documents: `tb scenario run {name}` plays it")
    return outcome


def play(
    world_url: str,
    name: str,
    on_progress: Callable[[Progress], None] = lambda step: None,
    *,
    variant: str = "",
    deadline: float = 120.0,
    on_files: Callable[[Mapping[str, Any]], None] = lambda files: None,
    ended: Callable[[], str | None] = lambda: None,
) -> Outcome:
    """Play a scenario of any kind in a running world. `on_files` gets the JSON files that it leaves, by name; `ended`
    tells why the world is gone, if it is. Raises `LaunchFailed`."""
    import httpx

    request = {"name": name, "deadline": deadline, "variant": variant}
    url = f"{world_url}/_sim/v1/scenario:run"
    patience = httpx.Timeout(deadline + 60, connect=5)
    try:
        with (
            httpx.Client(verify=tls_context(), trust_env=False, timeout=patience) as client,
            client.stream("POST", url, json=request) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
                raise LaunchFailed(answer.text)
            for line in answer.iter_lines():
                said = json.loads(line)
                if "summary" in said:
                    return outcome_from_json(said["summary"])
                if "files" in said:
                    on_files(said["files"])
                else:
                    on_progress(Progress.from_json(said["progress"]))
    except httpx.TransportError as error:
        raise LaunchFailed(f"the world broke off: {ended() or error}") from error
    raise LaunchFailed(f"the world said no summary: {ended() or 'look into its log'}")


# --- the two processes -----------------------------------------------------------------------------------------------


def _start_hub(plan: Plan, pipe: int, control: _Control) -> _Child:
    settings = {"DATA": str(plan.folder / "hub"), "PORT": str(plan.port), "SEED": plan.seed, "MODE": "dev"}
    if plan.clock is not None:
        settings["CLOCK"] = plan.clock.isoformat()
    if plan.database_url is not None:
        settings["DATABASE_URL"] = plan.database_url
    folders = [each for each in plan.adapters if Path(each).is_dir()]
    if folders:
        settings["ADAPTERS"] = json.dumps(folders)
    environment = {f"TRADEBRIDGE_{name}": value for name, value in settings.items()} | dict(plan.hub_environment)
    return _start("hub", plan.folder, ["-m", "exchange.serve"], environment, pipe, control.hub)


def _start_world(plan: Plan, pipe: int, control: _Control) -> _Child:
    """The world takes the port after the hub's."""
    command = ["-m", "simulator.serve", "--hub", "-", "--seed", plan.seed, "--data", str(plan.folder / "world")]
    command += ["--port", str(plan.port + 1 if plan.port else 0)]
    if plan.clock is not None:
        command += ["--clock", plan.clock.isoformat()]
    if plan.with_tl:
        command += ["--with", "tl"]
    for each in plan.adapters:
        command += ["--adapter", each]
    for each in plan.desks:
        command += ["--desk", each]
    if plan.shelf is not None:
        command += ["--shelf", str(plan.shelf.resolve())]
    return _start("world", plan.folder, command, {}, pipe, control.world)


def _start(
    name: str, folder: Path, command: Sequence[str], settings: Mapping[str, str], pipe: int, control: socket.socket
) -> _Child:
    (folder / name).mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    ready_reading, ready_writing = os.pipe()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBRIDGE_")}
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", *command],
            env={
                **inherited,
                **settings,
                "TRADEBRIDGE_READY_FD": str(ready_writing),
                "TRADEBRIDGE_PARENT_PIPE": str(pipe),
                "TRADEBRIDGE_CONTROL_FD": str(control.fileno()),
            },
            pass_fds=(ready_writing, pipe, control.fileno()),
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )
    os.close(ready_writing)
    return _Child(name, process, os.fdopen(ready_reading), log)


def _tell_hub_url(world: _Child, url: str) -> None:
    assert world.process.stdin is not None  # noqa: S101  # it was started with a pipe
    world.process.stdin.write(url.encode() + b"\n")
    world.process.stdin.close()


def _wait_ready(child: _Child, children: Sequence[_Child], until: float) -> str:
    """The URL that the child says when it is ready."""
    while True:
        if select.select([child.ready], [], [], 0.05)[0]:
            line = child.ready.readline()
            if line:
                return str(json.loads(line)["url"])
        for each in children:
            if each.process.poll() is not None:
                raise LaunchFailed(f"the {each.name} ended with exit code {each.process.returncode}: {_tail(each.log)}")
        if time.monotonic() > until:
            raise LaunchFailed(f"the {child.name} was not ready in time: {_tail(child.log)}")


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()[-15:]
    return "\n".join(lines) if lines else "its log is empty"


def _end(children: Iterable[_Child], pipe: tuple[int, int], control: _Control) -> None:
    """Let the pipe go, and wait; who does not end is ended."""
    control.close()
    for descriptor in pipe:
        os.close(descriptor)
    for child in children:
        if child.process.stdin is not None:
            child.process.stdin.close()
    for child in children:
        try:
            child.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        _release(child)


def _release(child: _Child) -> None:
    child.ready.close()
    if child.process.stdin is not None:
        child.process.stdin.close()


def _port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
