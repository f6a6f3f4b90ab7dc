"""A thousand worlds made and dropped leave nothing behind; eight workers share one server."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from simulator.testing.server import Server
from simulator.testing.world import world_on
from tradebridge.pytest_plugin import CLOCK, SEED

pytestmark = [
    pytest.mark.long("worlds", sample=False),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system"),
    pytest.mark.timeout(1800),
]

WARM, EVERY = 200, 100
MOST_GROWTH_MB = 25.0
"""Of a process over 800 worlds: less than 32 kB each, where one that stayed would take a megabyte."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server(f"worlds-{os.getpid()}-{time.time_ns()}", SEED, datetime.fromisoformat(CLOCK))
    yield made
    made.close()


def used(server: Server) -> dict[str, float]:
    """Of hub and world: resident megabytes, open files, threads; and the files in their folder."""
    found: dict[str, float] = {}
    for name in ("hub", "world"):
        process = Path(f"/proc/{server.told[name]['pid']}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
        found[f"{name} MB"] = int(status["VmRSS"].split()[0]) / 1024
        found[f"{name} threads"] = int(status["Threads"])
        found[f"{name} open files"] = sum(1 for _ in (process / "fd").iterdir())
    folder = Path(server.told["dataDir"])
    found["files"] = sum(1 for each in folder.rglob("*") if each.is_file())
    found["entries"] = sum(1 for _ in folder.rglob("*"))
    return found


def test_a_thousand_worlds_leave_nothing_behind(
    server: Server, scale: Callable[[int, int], int], record_property: Callable[[str, object], None]
) -> None:
    """Each is used: a document is sent, delivered and decided. Measured are also the moments that a test waits."""
    waited: list[float] = []
    before: dict[str, float] = {}
    for n in range(scale(1000, 1000)):
        began = time.perf_counter()
        with world_on(server) as world:
            waited.append(time.perf_counter() - began)
            sent = world.send(world.example("form-d"))
            world.wait_for("decision", document=sent)
        if n == WARM:
            server.settle()
            before = used(server)
        if n % EVERY == 0:
            sys.stderr.write(f"{n}: {used(server)}\n")
    server.settle()
    after = used(server)
    median, most = statistics.median(waited) * 1000, sorted(waited)[int(len(waited) * 0.95)] * 1000
    told = f"set-up median {median:.1f} ms, 95 % {most:.1f} ms"
    sys.stderr.write(f"{told}\nbefore {before}\nafter {after}\n")
    record_property("worlds", json.dumps({"told": told, "before": before, "after": after}))
    assert after["files"] <= before["files"] + 20  # of the one space that is made ahead
    assert after["entries"] <= before["entries"] + 20
    for name in ("hub", "world"):
        assert after[f"{name} MB"] - before[f"{name} MB"] < MOST_GROWTH_MB, name
        assert after[f"{name} open files"] <= before[f"{name} open files"] + 20, name
        assert after[f"{name} threads"] <= before[f"{name} threads"] + 10, name


def test_eight_workers_share_one_server(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('n', range(40))\n"
        "def test_it(tb, tradebridge_server, n):\n"
        "    sent = tb.send(tb.example('form-d'))\n"
        "    tb.assert_exchange(sent).reached('accepted').once()\n"
        "    line = f\"{tradebridge_server.told['hub']} {tradebridge_server.told['keeper']}\"\n"
        f"    pathlib.Path({str(tmp_path)!r}, os.environ['PYTEST_XDIST_WORKER']).write_text(line)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "8", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert "40 passed" in done.stdout, done.stdout
    seen = [each.read_text() for each in tmp_path.glob("gw*")]
    assert len(seen) == 8
    assert len(set(seen)) == 1
    keeper = int(seen[0].split()[-1])
    end = time.monotonic() + 30
    while Path(f"/proc/{keeper}").exists():
        assert time.monotonic() < end, "the server did not end with its last user"
        time.sleep(0.1)
