"""The world that `tb up` has started on this machine, as the other commands find it: one small file.

`$XDG_STATE_HOME/tradebridge/running.json` (else below ~/.local/state) holds what `tb up --json` prints: ports, seed,
test keys. It is readable by its owner only, written when the world is ready and removed when it ends; one whose
process has gone is as if it were not there. Of several worlds the youngest is found; when it ends, the one before it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Running:
    """A running world."""

    url: str
    world_url: str
    seed: str
    operator_key: str
    api_keys: Mapping[str, str]
    """By member id."""
    countries: Mapping[str, str]
    """By member id."""
    data: Path
    pid: int
    """Of `tb up`."""


def state_file() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "tradebridge" / "running.json"


def shelf_folder() -> Path:
    """Where runs of the conformance kit are kept, with its key."""
    return state_file().parent / "conformance"


def write(launched: Mapping[str, Any]) -> None:
    """Note the world of this process. `launched` is what `tb up --json` prints."""
    _keep([{**launched, "pid": os.getpid()}, *_others()])


def remove() -> None:
    """Forget the world of this process; those that other processes have noted stay."""
    others = _others()
    if others:
        _keep(others)
    else:
        state_file().unlink(missing_ok=True)


def find() -> Running | None:
    """The youngest world that runs now, if there is one."""
    noted = next((each for each in _read() if _alive(int(each["pid"]))), None)
    if noted is None:
        return None
    members = noted["members"]
    return Running(
        url=noted["hub"]["url"],
        world_url=noted["world"]["url"],
        seed=noted["seed"],
        operator_key=noted["operatorKey"],
        api_keys={each["id"]: each["apiKey"] for each in members},
        countries={each["id"]: each["country"] for each in members},
        data=Path(noted["dataDir"]),
        pid=int(noted["pid"]),
    )


def _keep(worlds: list[dict[str, Any]]) -> None:
    """Write the note: the youngest world, and in its member `before` those that were there before it."""
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({**worlds[0], "before": worlds[1:]}, file)
    new.replace(path)


def _others() -> list[dict[str, Any]]:
    """The living worlds of other processes, the youngest first."""
    return [each for each in _read() if each["pid"] != os.getpid() and _alive(int(each["pid"]))]


def _read() -> list[dict[str, Any]]:
    """What the file holds, the youngest first; nothing where it is missing, or not as this version writes it."""
    try:
        noted = json.loads(state_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    needed = {"hub", "world", "seed", "operatorKey", "members", "dataDir", "pid"}
    before = noted.pop("before", []) if isinstance(noted, dict) else []
    return [each for each in (noted, *before) if isinstance(each, dict) and needed <= each.keys()]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as another user
        return True
    return True
