"""What people who look on cost: the hub's intake rate with a hundred open consoles beside the rate without; how soon an
entry is on the screen; how soon *Live* is there with all its rows.

    python -m tests.bench.consoles            prints one line of figures a measurement; --json for one object
    python -m tests.bench.consoles readers    one job a line on standard input: {"port":, "count":} opens, {} closes

The rounds with and without alternate on the same cores, and the median of their ratios counts: the machine is never
quiet. Beside the rate stands the hub's own CPU time a document, which another process's work does not touch.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from schemas.content import Syntax
from tests.bench import documents
from tests.bench.children import Child, cores, serve_jobs
from tests.bench.hubs import RECIPIENT, SENDER, headers_of, join, running_hub
from tests.browsing import chromium
from tests.exchange.cast import certificate
from tests.exchange.running import HubProcess

CONSOLES, ROUNDS, SECONDS, A_ROUND = 100, 7, 3.0, 3000
LOADS, ENTRIES = 15, 40


# --- readers, in a process of their own ------------------------------------------------------------------------------


class Readers:
    """Open consoles, as browsers hold them: each a request for the feed whose answer never ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._writers: list[asyncio.StreamWriter] = []
        self.heard = 0

    def do(self, job: Mapping[str, Any]) -> dict[str, Any]:
        work = self._open(job["port"], job["count"]) if "port" in job else self._close()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _open(self, port: int, count: int) -> dict[str, Any]:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /console/feed HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            status = await reader.readline()
            if b" 200 " not in status:
                return {"error": f"a console was not let in: {status!r}"}
            self._writers.append(writer)
            self._tasks = [*getattr(self, "_tasks", []), asyncio.ensure_future(self._listen(reader))]
        return {"open": len(self._writers)}

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(1 << 16):
            self.heard += data.count(b"event: ")

    async def _close(self) -> dict[str, Any]:
        for writer in self._writers:
            writer.close()
        self._writers, heard, self.heard = [], self.heard, 0
        return {"events": heard}


# --- the cost of looking on ------------------------------------------------------------------------------------------


def cost(folder: Path, rounds: int = ROUNDS, seconds: float = SECONDS, consoles: int = CONSOLES) -> dict[str, Any]:
    """Documents a second without and with consoles, CPU time of the hub for each, and the medians of their ratios."""
    core, other = cores()
    folder.mkdir(parents=True, exist_ok=True)
    count = A_ROUND * (2 * rounds + 1)
    signed = documents.write(folder / "signed", documents.signed_documents(Syntax.XML, 0, count))
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    events = 0
    with (
        running_hub(folder / "hub", core) as hub,
        Child("tests.bench.load", core=other) as load,
        Child("tests.bench.consoles", "readers", core=other) as readers,
    ):
        join(hub, {SENDER: {}, RECIPIENT: {}})
        job: dict[str, Any] = {
            "documents": str(signed),
            "path": "/v1/documents",
            "headers": headers_of(SENDER, RECIPIENT),
        }
        job |= {"port": hub.port, "connections": 32, "count": A_ROUND}
        load.ask(**job, start=0, seconds=1.0)  # warm
        for at in range(2 * rounds):
            watched = at % 4 in (1, 2)  # without, with, with, without: drift weighs on neither
            if watched:
                readers.ask(port=hub.port, count=consoles)
            before = _cpu_seconds(hub)
            told = load.ask(**job, start=A_ROUND * (at + 1), seconds=seconds)
            found[watched].append((told["per_s"], 1e6 * (_cpu_seconds(hub) - before) / told["done"]))
            if watched:
                events += readers.ask()["events"]
    pairs = list(zip(found[False], found[True], strict=True))
    return {
        "consoles": consoles,
        "rounds": rounds,
        "alone_per_s": median(alone[0] for alone, _ in pairs),
        "watched_per_s": median(watched[0] for _, watched in pairs),
        "rate_lost": 1 - median(watched[0] / alone[0] for alone, watched in pairs),
        "cpu_added": median(watched[1] / alone[1] for alone, watched in pairs) - 1,
        "events_to_consoles": events,
    }


def _cpu_seconds(hub: HubProcess) -> float:
    assert hub.process is not None
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- on the screen ---------------------------------------------------------------------------------------------------


SEEN = """
addEventListener("DOMContentLoaded", () => {
  window.seen = {};
  const feed = document.querySelector("[data-feed]");
  new MutationObserver((changes) => {
    for (const change of changes)
      for (const row of change.addedNodes)
        if (row.querySelector) window.seen[row.querySelector("th").textContent.trim()] ??= Date.now();
  }).observe(feed, { childList: true });
});
"""


def screen(folder: Path, rows: int = 200, loads: int = LOADS, entries: int = ENTRIES) -> dict[str, Any]:
    """Milliseconds: *Live* with so many rows by the browser's own timing, and from the answer to a submission (which is
    after its commit) until its row is in the page."""
    with running_hub(folder / "hub", None) as hub, chromium() as browser, httpx.Client(base_url=hub.url) as sender:
        join(hub, {SENDER: {}, RECIPIENT: {}})
        sender.headers = httpx.Headers(headers_of(SENDER, RECIPIENT))
        for number in range(rows):
            assert sender.post("/v1/documents", content=_document(number)).status_code == 202
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        times = []
        for _ in range(loads):
            page.goto(f"{hub.url}/console")
            shown = page.locator("tbody[data-feed] tr").count()
            timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
            times.append(float(page.evaluate(timing)))
        assert shown == rows, f"{shown} rows"
        page.add_init_script(SEEN)
        page.goto(f"{hub.url}/console")
        page.get_by_text("Listening.").wait_for()
        late = []
        for number in range(rows, rows + entries):
            answer = sender.post("/v1/documents", content=_document(number))
            committed = 1000 * time.time()
            assert answer.status_code == 202
            page.get_by_role("link", name=f"SG-C-{number}", exact=True).first.wait_for()
            late.append(float(page.evaluate(f"window.seen['SG-C-{number}']")) - committed)
    return {
        "rows": rows,
        "load_p50_ms": median(times),
        "load_p95_ms": _percentile(times, 95),
        "feed_p50_ms": median(late),
        "feed_p95_ms": _percentile(late, 95),
    }


def _document(number: int) -> bytes:
    return certificate(f"SG-C-{number}", at=documents.NOW)


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def main() -> int:
    if sys.argv[1:] == ["readers"]:
        serve_jobs(Readers().do)
        return 0
    parser = argparse.ArgumentParser(description="What people who look on cost.")
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="tb-bench-") as name:
        found = {"cost": cost(Path(name) / "cost"), "screen": screen(Path(name) / "screen")}
    if as_json:
        print(json.dumps(found))
    else:
        for part, figures in found.items():
            print(f"{part:<8}" + "  ".join(f"{key} {value:,.3f}" for key, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
