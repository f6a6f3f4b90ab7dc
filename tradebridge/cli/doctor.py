"""`tb doctor`: is this machine fit, and is a hub well? Each check says what it saw and, where it failed, what to do."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli import running
from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane
from tradebridge.cli.terminal import MARK_WIDTH, mark, out, out_json
from tradebridge.cli.where import DEFAULT_URL, Where, find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.calls import Health

SKEW_SECONDS = 300
"""A signing time more than five minutes ahead is refused."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check and what it saw."""

    name: str
    status: str
    """ok, warn or fail."""
    seen: str
    fix: str = ""


@click.command("doctor")
@hub_options
@json_option
def command(url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Check Python, libraries, ports, folders, the store, and the hub. Exit code 1 if a check failed."""
    where = find(url, api_key, space)
    asked = url is not None or where.world is not None
    checks = [_python(), _libraries(), _data_folder(), _store(), *_hub(where, asked), *_settings()]
    failed = any(each.status == "fail" for each in checks)
    if as_json:
        listed = [{"name": each.name, "status": each.status, "seen": each.seen, "fix": each.fix} for each in checks]
        out_json({"healthy": not failed, "checks": listed})
    else:
        _draw(checks)
    return Exit.CHECKS_FAILED if failed else Exit.OK


def _draw(checks: list[Check]) -> None:
    width = max(len(each.name) for each in checks)
    for each in checks:
        out(f"{mark(each.status)} {each.name.ljust(width)}   {each.seen}")
        if each.fix:
            out(" " * (MARK_WIDTH + width + 4) + f"fix: {each.fix}")


def _python() -> Check:
    seen = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check("python", "ok", seen)
    return Check("python", "fail", seen, "Use Python 3.11, 3.12 or 3.13.")


def _libraries() -> Check:
    """Against run.lock, where the program runs out of its source folder; else only that they are there."""
    lock = Path(__file__).parents[2] / "run.lock"
    if not lock.exists():
        return Check("libraries", "ok", "installed; no run.lock at hand to compare with")
    locked = dict(_locked(lock))
    other = [
        f"{name} {_version(name)} is not {wanted}"
        for name, wanted in locked.items()
        if _version(name) not in ("", wanted)
    ]
    if not other:
        return Check("libraries", "ok", f"{len(locked)} as in run.lock")
    return Check("libraries", "warn", "; ".join(other[:3]), "Install the locked ones: make demo does, in .venv.")


def _locked(lock: Path) -> Iterator[tuple[str, str]]:
    for line in lock.read_text(encoding="utf-8").splitlines():
        name, equals, rest = line.partition("==")
        if equals and not line.startswith((" ", "#")):
            yield name.partition("[")[0], rest.split()[0].rstrip(";\\")


def _version(name: str) -> str:
    """Empty for what is not installed: the lock also holds what only another system needs."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _data_folder() -> Check:
    name = os.environ.get("TRADEBRIDGE_DATA")
    folder = Path(name) if name else Path(tempfile.gettempdir())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check("data folder", "fail", f"{folder}: {error.strerror}", "Make it writable, or set TRADEBRIDGE_DATA.")
    return Check("data folder", "ok", f"{folder} is writable")


def _store() -> Check:
    """Of a hub with settings of this environment; a world by `tb up` has a store of its own."""
    if not (os.environ.get("TRADEBRIDGE_DATABASE_URL") or os.environ.get("TRADEBRIDGE_DATA")):
        return Check("store", "ok", "none is set: a hub makes its own")
    from sqlalchemy.exc import SQLAlchemyError

    from exchange.config import Settings
    from exchange.store.database import check, open_database

    try:
        database = open_database(Settings().store_url)
        try:
            state = check(database)
        finally:
            database.close()
    except (SQLAlchemyError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return Check("store", "fail", reason, "Check TRADEBRIDGE_DATABASE_URL and that the database runs.")
    if state == "behind":
        return Check("store", "fail", "of an older version", "Stop the hub and run `tb db upgrade`.")
    return Check("store", "ok", "ready" if state == "ready" else "not made yet; the hub makes it")


def _hub(where: Where, asked: bool) -> Iterator[Check]:
    """The hub, or where none runs, whether its ports are free."""
    from tradebridge.calls import HubError

    try:
        with where.public() as hub:
            alive, ready = hub.livez(), hub.readyz()
            open_simulation = not where.local and bool(hub.trust().get("simulated"))
    except HubError as error:
        if asked:
            yield Check("hub", "fail", str(error), error.next_step)
            return
        yield Check("hub", "warn", f"none at {where.url}", "Start one: tb up")
        yield from _ports()
        return
    yield _health("hub alive", where.url, alive)
    yield _health("hub ready", where.url, ready)
    if open_simulation:
        yield Check("keys", "warn", f"{where.url} is a simulation that others can reach", _PUBLIC_KEYS)
    yield _clock(alive, where)
    yield _world()


def _settings() -> Iterator[Check]:
    """Of a hub that would be started in this environment."""
    if not os.environ.get("TRADEBRIDGE_SEED"):
        return
    from pydantic import ValidationError

    from exchange.config import OPEN_SIMULATION, Settings

    try:
        settings = Settings()
    except ValidationError as error:
        wrong = ", ".join(f"TRADEBRIDGE_{str(each['loc'][0]).upper()}" for each in error.errors(include_input=False))
        yield Check("settings", "fail", wrong, "See docs/reference/settings.md for what they take.")
        return
    if settings.open_simulation:
        yield Check("settings", "warn", f"{settings.host} is {OPEN_SIMULATION}", _PUBLIC_KEYS)


_PUBLIC_KEYS = "Listen on 127.0.0.1 (TRADEBRIDGE_HOST), or unset TRADEBRIDGE_SEED: anybody can derive test keys."


def _health(name: str, url: str, health: "Health") -> Check:
    if health.ok:
        return Check(name, "ok", url)
    parts = health.body.get("checks", {})
    failing = ", ".join(part for part, state in parts.items() if not state.get("ok")) or f"status {health.status}"
    return Check(name, "fail", failing, "See the hub's own output; `tb db check` looks at its store.")


def _clock(health: "Health", where: Where) -> Check:
    if where.world is not None:
        clock = Plane(where.world.world_url, where.space or "").get("/clock")
        if clock["mode"] == "frozen" or clock["aheadSeconds"]:
            return Check("clock", "ok", f"the business clock was set: it shows {clock['now']}")
    if not health.date:
        return Check("clock", "warn", "the hub's answer has no date", "Ask the hub directly, not a proxy.")
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(health.date)).total_seconds())
    if skew > SKEW_SECONDS:
        return Check(
            "clock", "fail", f"{skew:.0f} s apart from the hub", "Set the clock: a signature from ahead is refused."
        )
    return Check("clock", "ok", f"within {max(1, round(skew))} s of the hub")


def _world() -> Check:
    world = running.find()
    if world is None:
        return Check("world", "ok", "none by tb up on this machine")
    return Check(
        "world", "ok", f"{world.world_url}, seed {world.seed}, {len(world.api_keys)} members, process {world.pid}"
    )


def _ports() -> Iterator[Check]:
    first = int(DEFAULT_URL.rpartition(":")[2])
    for port in (first, first + 1):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError as error:
                fix = "End what listens there, or choose another: tb up --port 0"
                yield Check(f"port {port}", "fail", error.strerror or str(error), fix)
            else:
                yield Check(f"port {port}", "ok", "free")
