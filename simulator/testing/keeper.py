"""The process that keeps hub and world running for a test run: `python -P -m simulator.testing.keeper FOLDER ...`.

1. Who uses the server holds a shared lock on the file `users`. The kernel lets go of it however a process ends, also
   by `kill -9`; when nobody holds it any more, the keeper ends hub and world, and removes the folder.
2. For as long as it lives it holds a lock on the file `keeper`: who finds that free knows that it was killed.
3. `server.json` is there while the server can be used. It is written whole.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import FrameType

from simulator.launch import Launched, LaunchFailed, launch
from simulator.testing.locks import Kind, Lock

LOOK_SECONDS = 0.2
"""How often the keeper looks whether anybody is left."""
IMPATIENT = {
    "TRADEBRIDGE_LEASE_SECONDS": "3",
    "TRADEBRIDGE_RETRY_BASE_SECONDS": "0.1",
    "TRADEBRIDGE_RETRY_MAX_SECONDS": "0.4",
    "TRADEBRIDGE_RETRY_ATTEMPTS": "50",
    "TRADEBRIDGE_PUSH_TIMEOUT_SECONDS": "1.5",
}
"""The hub of a test tries again at once, so that nobody waits for what a fault has delayed."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="simulator.testing.keeper", description="Hub and world for a test run.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--clock", required=True, type=datetime.fromisoformat, help="where it stands, RFC 3339")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    try:
        _keep(given.folder, given.seed, given.clock)
    except LaunchFailed as error:
        raise SystemExit(str(error)) from error


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _keep(folder: Path, seed: str, clock: datetime) -> None:
    own, users = Lock(folder / "keeper"), Lock(folder / "users")
    if not own.take(Kind.ALONE):
        raise SystemExit("another keeper is at work in this folder")
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)  # of a keeper that was killed
    data.mkdir()
    told = folder / "server.json"
    try:
        with launch(seed=seed, clock=clock, port=0, data_dir=data, hub_environment=IMPATIENT) as launched:
            _tell(told, launched)
            while not users.take(Kind.ALONE):
                if (ended := launched.ended()) is not None:
                    raise SystemExit(ended)
                time.sleep(LOOK_SECONDS)
            told.unlink()  # who comes now waits for the lock, finds the folder gone, and starts another
    finally:
        told.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _tell(path: Path, launched: Launched) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps({**launched.to_json(), "keeper": os.getpid()}), "utf-8")
    new.chmod(0o600)
    new.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
