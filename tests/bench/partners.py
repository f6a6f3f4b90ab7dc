"""The partners of the round trips: two senders and two recipients in one process, lean, each with its own keys.

A trip is complete when its sender has been told of the decision:

    a sender submits a document                       POST /v1/documents
    the hub pushes it to its recipient                answered with a signed acknowledgement
    the recipient accepts it, by a signed event       POST /v1/documents/{id}/events
    the hub pushes the event to the sender            answered with a signed acknowledgement: one trip more

`window` trips are under way at once. Recipients deduplicate by delivery id, as DESIGN.md asks of them. Trips are
counted after a warm-up, here, not from the hub's tables.

    python -m tests.bench.partners          first line of standard output: the port; then jobs and results
"""

import asyncio
import contextlib
import json
import sys
import threading
import time
from base64 import b64decode, urlsafe_b64decode
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import httptools
import orjson
import uvloop

from tests.bench.documents import NOW, read
from tests.bench.hubs import headers_of
from tests.bench.load import HOST, Connection, connect, request_bytes
from tests.exchange.cast import signer
from tradebridge.evidence import canonical, jws
from tradebridge.evidence.receipts import Acknowledgement
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339

ROUTES = {"SG-NSW": "TH-NSW", "MY-NSW": "VN-NSW"}
"""Sender to recipient."""
CONNECTIONS = 64
DRAIN_SECONDS = 30
AT = rfc3339(NOW)


@dataclass
class _Run:
    """One run: what waits to be submitted, what waits for a free connection, what is done."""

    documents: Iterator[tuple[str, bytes]]
    """Sender and document."""
    count_from: float
    until: float
    idle: list[Connection] = field(default_factory=list)
    waiting: deque[bytes] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    started: int = 0
    completed: int = 0
    counted: int = 0
    failure: str = ""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def post(self, request: bytes) -> None:
        if self.idle:
            self.idle.pop().send(request, 0.0)
        else:
            self.waiting.append(request)

    def answered(self, connection: Connection, status: int, body: bytes) -> None:
        if status != 202:
            self.failure = self.failure or f"{status} {body[:500].decode('utf-8', 'replace')}"
            self.done.set()
        if status and self.waiting:
            connection.send(self.waiting.popleft(), 0.0)
        elif status:
            self.idle.append(connection)

    def submit_next(self) -> None:
        """One trip more; where the documents have run out, counting ends here."""
        found = next(self.documents, None)
        if found is None:
            self.until = min(self.until, time.perf_counter())
            return
        sender, data = found
        self.started += 1
        self.post(request_bytes("/v1/documents", headers_of(sender, ROUTES[sender]), data))

    def complete(self) -> None:
        """A trip has come to its end. After `until` no other begins, and those under way are waited for."""
        now = time.perf_counter()
        self.completed += 1
        if self.count_from < now <= self.until:
            self.counted += 1
        if now <= self.until:
            self.submit_next()
        elif self.completed == self.started:
            self.done.set()


class Partners:
    """The members behind one port: `/{member}`."""

    def __init__(self) -> None:
        self.run: _Run | None = None

    def take(self, member: str, body: bytes) -> bytes:
        """A push: acknowledge everything; decide on what is a document, count what is a decision."""
        run, acknowledgements = self.run, []
        for delivery in orjson.loads(body)["deliveries"]:
            original = b64decode(delivery["original"])
            note = orjson.loads(_part(delivery["note"], 1))
            digest = sha256(original).hexdigest()
            ack = Acknowledgement(delivery["id"], delivery["messageId"], digest, member, NOW)
            acknowledgements.append(ack.sign(signer(member, "ack"), NOW))
            if run is None or delivery["id"] in run.seen:
                continue
            run.seen.add(delivery["id"])
            if member in ROUTES:
                run.complete()
            else:
                run.post(_decision(member, note["documentId"], original))
        return orjson.dumps({"acknowledgements": acknowledgements})


def _part(token: str, index: int) -> bytes:
    part = token.split(".")[index]
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _decision(member: str, document: str, original: bytes) -> bytes:
    """The recipient accepts: a signed event, as a request."""
    event = {
        "id": derived_id("evt", NOW, sha256(document.encode()).digest()),
        "type": "accepted",
        "document": {"id": document, "contentDigest": _content_digest(original)},
        "recipient": member,
        "expectedSequence": 0,
        "actor": {"member": member, "person": "Officer 1", "role": "officer"},
        "at": AT,
        "reasons": [],
        "body": {},
    }
    token = jws.sign(canonical.dumps(event), jws.EVENT, signer(member, "event"), NOW)
    return request_bytes(f"/v1/documents/{document}/events", headers_of(member), token.encode())


def _content_digest(original: bytes) -> str:
    """As the document's own signature states it (its verification is the recipient's affair, not measured here)."""
    if original[:1] != b"<":
        return sha256(_part(original.decode(), 1)).hexdigest()
    stated = original.index(b"<ds:DigestValue>", original.rindex(b'<ds:Reference URI=""')) + 16
    return b64decode(original[stated : original.index(b"<", stated)]).hex()


class _Server(asyncio.Protocol):
    """One connection of the hub's."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._parser = httptools.HttpRequestParser(self)
        self._path = self._body = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        assert self._transport is not None
        answer = self._partners.take(self._path.decode().strip("/"), self._body)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        self._transport.write(head.encode() + answer)


async def _play(partners: Partners, job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Round trips for `seconds` after `warm_up`."""
    senders = list(ROUTES)
    documents = [read(Path(path)) for path in job["documents"]]
    mixed = ((senders[at % 2], documents[at % 2][at // 2]) for at in range(2 * min(map(len, documents))))
    began = time.perf_counter() + job["warm_up"]
    run = partners.run = _Run(mixed, began, began + job["seconds"])
    run.idle = await connect(job["port"], CONNECTIONS, run.answered)
    connections = list(run.idle)
    for _ in range(job["window"]):
        run.submit_next()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(run.done.wait(), job["warm_up"] + job["seconds"] + DRAIN_SECONDS)
    partners.run = None
    for connection in connections:
        connection.close()
    if run.completed < run.started or not run.counted:
        why = run.failure or f"{run.started - run.completed} of {run.started} did not come to their end"
        return {"error": f"round trips failed: {why}"}
    seconds = run.until - began
    return {"trips": run.counted, "per_s": run.counted / seconds, "seconds": seconds}


async def _serve() -> None:
    partners, loop = Partners(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Server(partners), HOST, 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    jobs: asyncio.Queue[str] = asyncio.Queue()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(jobs.put_nowait, line)
        loop.call_soon_threadsafe(jobs.put_nowait, "")

    threading.Thread(target=listen, daemon=True).start()
    while line := await jobs.get():
        print(json.dumps(await _play(partners, json.loads(line))), flush=True)
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve())
