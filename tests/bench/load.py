"""The load: requests built beforehand, over connections that stay open, in a process of its own.

Closed loop (no `rate`): each connection sends its next request when it has its answer; this measures how much the
server does. Open loop: requests fall due at random at `rate` a second, whether or not earlier ones were answered, and
their latency counts from the time they were due; this measures how long a sender waits.

A client library would cost more than the server does. So this is a protocol over asyncio that writes bytes as they are
and reads answers with httptools. It speaks to 127.0.0.1 only, and ends after `count` requests or `seconds`.

    python -m tests.bench.load        one job a line on standard input, one result a line on standard output
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

from tests.bench.children import serve_jobs
from tests.bench.documents import read

HOST = "127.0.0.1"


def request_bytes(path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """One POST, whole."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


class Connection(asyncio.Protocol):
    """One connection, one request at a time. `answered(connection, status, body)` is told of each answer."""

    def __init__(self, answered: Callable[["Connection", int, bytes], None]) -> None:
        self._answered = answered
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._transport: asyncio.Transport | None = None
        self._closing = False
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class

    def send(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._answered(self, self._parser.get_status_code(), self._body)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closing:
            self._answered(self, 0, f"the connection was closed: {error}".encode())

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()


async def connect(port: int, count: int, answered: Callable[[Connection, int, bytes], None]) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Connection(answered), HOST, port) for _ in range(count)]
    return [connection for _, connection in made]


@dataclass
class _Run:
    """One run of requests: what was sent, what came back."""

    requests: Sequence[bytes]
    expected: int
    until: float
    rate: float | None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    answered: int = 0
    failed: int = 0
    failure: str = ""
    latencies: list[float] = field(default_factory=list)
    idle: list[Connection] = field(default_factory=list)
    due: deque[float] = field(default_factory=deque)
    open: bool = True
    last: float = 0.0

    def take(self, connection: Connection, status: int, body: bytes) -> None:
        """An answer came: the connection is free for the next request."""
        self.last = time.perf_counter()
        self.answered += 1
        if status == self.expected:
            self.latencies.append(self.last - connection.due)
        else:
            self.failed += 1
            self.failure = self.failure or f"{status} {body[:500].decode('utf-8', 'replace')}"
        if status and self.rate is None:
            self.send_next(connection, self.last)
        elif status and self.due:
            self.send_next(connection, self.due.popleft())
        elif status:
            self.idle.append(connection)
        if self.answered == self.sent and not self.open:
            self.done.set()

    def send_next(self, connection: Connection, due: float) -> None:
        if self.sent == len(self.requests) or due > self.until or self.failed > 20:
            self.open = False
            return
        self.sent += 1
        connection.send(self.requests[self.sent - 1], due)

    def fall_due(self, at: float) -> None:
        """Open loop: one more request is due."""
        if self.idle:
            self.send_next(self.idle.pop(), at)
        else:
            self.due.append(at)


async def hand_in(requests: Sequence[bytes], job: Mapping[str, Any]) -> Mapping[str, Any]:
    """All of them, or as many as the job's time allows; how it went."""
    began = time.perf_counter()
    run = _Run(requests, job.get("status", 202), began + job["seconds"], job.get("rate"))
    connections = await connect(job["port"], job["connections"], run.take)
    began = time.perf_counter()
    run.until = began + job["seconds"]
    if run.rate is None:
        for connection in connections:
            run.send_next(connection, began)
    else:
        run.idle = list(connections)
        await _pace(run, began, run.rate)
    await asyncio.wait_for(run.done.wait(), job["seconds"] + 60)
    for connection in connections:
        connection.close()
    seconds = run.last - began
    good = run.answered - run.failed
    return {
        "done": good,
        "seconds": seconds,
        "per_s": good / seconds,
        "p50_ms": _percentile(run.latencies, 50),
        "p99_ms": _percentile(run.latencies, 99),
        **({"error": f"{run.failed} requests failed, the first with: {run.failure}"} if run.failed else {}),
    }


async def _pace(run: _Run, began: float, rate: float) -> None:
    """Requests fall due at random intervals (exponential, the same in each run), `rate` a second."""
    draw = random.Random(1)
    due = began
    for _ in run.requests:
        due += draw.expovariate(rate)
        if due > run.until:
            break
        while (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        run.fall_due(due)
    run.open = False
    if run.answered == run.sent and not run.due:
        run.done.set()


def _percentile(values: Sequence[float], percent: int) -> float | None:
    """In milliseconds; nearest rank."""
    if not values:
        return None
    return 1000 * sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def _do(job: Mapping[str, Any]) -> Mapping[str, Any]:
    signed = job.get("documents")
    bodies = read(Path(signed), job["start"], job["count"]) if signed else [b""] * job["count"]
    requests = [request_bytes(job["path"], job["headers"], body) for body in bodies]
    return uvloop.run(hand_in(requests, job))


if __name__ == "__main__":
    serve_jobs(_do)
