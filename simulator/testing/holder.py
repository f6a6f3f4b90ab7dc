"""Keeps the server of a test run for a while after the run: `python -P -m simulator.testing.holder FOLDER SECONDS`.

It holds the lock `users` as a user of the server does (`simulator.testing.keeper`), until its time is over or it is
ended. One for a folder: who comes second ends at once, with exit code 0.
"""

import sys
import time
from pathlib import Path

from simulator.testing.locks import Kind, Lock

LONGEST_SECONDS = 24 * 3600.0


def main() -> None:
    folder, seconds = Path(sys.argv[1]), min(float(sys.argv[2]), LONGEST_SECONDS)
    alone, users = Lock(folder / "held"), Lock(folder / "users")
    if not alone.take(Kind.ALONE) or not users.take(Kind.SHARED):
        return
    sys.stdout.write("holding\n")
    sys.stdout.flush()
    until = time.monotonic() + seconds
    while time.monotonic() < until and users.is_current:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
