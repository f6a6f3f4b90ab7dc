"""Transfers of title by PINT, each with two additional documents of 100 kB, between two platforms that are processes.

    python -m tests.bench.transfers         the users: one job a line on standard input, one result a line on standard
                                            output

Both platforms run on one core, where the floor runs too; the users, who only ask for the transfers, on the other.
Titles and documents are there before the clock starts. A transfer is done when its sender has the signed receipt on the
disk: read from its store, from outside.
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvloop

from schemas.bill_of_lading import pint
from tests.bench.children import pinned, serve_jobs
from tests.bench.load import hand_in, request_bytes
from tests.ebl import cast
from tests.ebl.running import Platforms, platforms

DOCUMENTS, DOCUMENT_BYTES = 2, 100_000
REQUESTS = 5
"""Of one transfer: the user's, the envelope, two documents, the end."""
ASKED = 4
"""Those that the sender makes, by httpx's transport as the engine does: its work too is on the core of both."""
SECONDS = 300
"""At most, for all of one job."""
CONNECTIONS = 16
LOOK_SECONDS = 0.05
"""So much longer may a slice seem than it was. A look reads the whole table, on the core that is not measured."""


def documents_of(folder: Path) -> dict[str, Path]:
    """The two additional documents, by checksum; the same bytes in each run."""
    found = {}
    for number in range(DOCUMENTS):
        data = sha256(bytes([number])).digest() * (DOCUMENT_BYTES // 32)
        checksum = sha256(data).hexdigest()
        found[checksum] = folder / f"document-{number}"
        found[checksum].write_bytes(data)
    return found


@contextmanager
def two_platforms(folder: Path, core: int | None) -> Iterator[Platforms]:
    with pinned(core), platforms(folder, ("STRA", "MEKO")) as two:
        yield two


def titles_for(two: Platforms, count: int, files: Mapping[str, Path]) -> list[str]:
    """Issued, with their documents uploaded; waiting to be transferred. Their references."""
    references = [two.issue() for _ in range(count)]
    with httpx.Client(base_url=two["STRA"].url, trust_env=False, timeout=60) as client:
        for reference in references:
            for path in files.values():
                told = client.put(f"/v1/titles/{reference}/files", content=path.read_bytes())
                if told.status_code != 201:
                    raise RuntimeError(told.text)
    return references


async def _transfer(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask for all transfers, and wait until all are accepted."""
    body = orjson.dumps(
        {
            "action": "TRANSFER",
            "actor": pint.to_json(cast.EXPORTER),
            "recipient": pint.to_json(cast.FORWARDER),
            "documents": job["documents"],
        }
    )
    references: Sequence[str] = job["references"]
    headers = {"Content-Type": "application/json"}
    requests = [request_bytes(f"/v1/titles/{each}/actions", headers, body) for each in references]
    before, began = _accepted(job["store"]), time.perf_counter()
    asked = {"port": job["port"], "connections": CONNECTIONS, "seconds": SECONDS, "status": 200}
    answers = await hand_in(requests, asked)
    if "error" in answers:
        return answers
    while _accepted(job["store"]) - before < len(references):
        if time.perf_counter() - began > SECONDS:
            return {"error": f"{_accepted(job['store']) - before} of {len(references)} transfers in {SECONDS} s"}
        await asyncio.sleep(LOOK_SECONDS)
    taken = time.perf_counter() - began
    return {"done": len(references), "seconds": taken, "per_s": len(references) / taken}


def _accepted(store: str) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as connection:
        query = "select count(*) from ebl_transfers where state = 'accepted'"
        return int(connection.execute(query).fetchone()[0])


if __name__ == "__main__":
    serve_jobs(lambda job: uvloop.run(_transfer(job)))
