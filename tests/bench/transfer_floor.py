"""The floor of a transfer of title by PINT with two additional documents: signatures, checksums and commits of both
sides in a bare loop, and nothing else.

    python -m tests.bench.transfer_floor DIR        one job a line on standard input, one result a line out

For each transfer the loop does, in this order, in groups of eight, each side over a SQLite file of its own with
synchronous=FULL:

    sender      checksum of the document; ECDSA over chain entry and manifest; commit: the title locked, the envelope
    receiver    the envelope parsed, checksum of the document; ECDSA of manifest, entry and the carrier's issuance
                manifest; commit: the transfer begun
    documents   each read, Base64 and back, SHA-256, written, flushed to disk with its folder
    receiver    ECDSA over the receipt; commit: the title with its chain, the documents, the receipt
    sender      ECDSA of the receipt; commit: the title away

It follows no chain, asks for no account, judges no title: it is a floor, not a platform. What does not hold stops it.

A job that names a port asks there instead: empty POSTs by the transport of httpx, as the engine calls its peers, eight
at a time. A sender is a client too, so a floor of HTTP that leaves the client out would be one that no sender with this
library can come near.
"""

import asyncio
import base64
import os
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import Engine, bindparam, insert, update

from simulator.platform import journal, metadata
from simulator.store import _engine
from tests.bench.children import serve_jobs
from tests.bench.transfers import DOCUMENT_BYTES, documents_of
from tests.ebl import cast
from tradebridge import outbound
from tradebridge.ebl import tables as t
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_signer

GROUP = 8
ES256 = ec.ECDSA(SHA256())
KEYS: Mapping[str, LocalSigner] = {code: test_signer("bench", code, "pint") for code in ("STRA", "MEKO", "SIML")}
HEADER = urlsafe_b64encode(b'{"alg":"ES256"}').rstrip(b"=")
AT = "2026-01-05T09:00:00Z"
Statement = tuple[Any, Any]
"""With its values: made once, as the engine's are."""
LOCK = update(t.titles).where(t.titles.c.id == bindparam("title"))
SETTLE = update(t.transfers).where(t.transfers.c.id == bindparam("transfer"))
ACCEPT = update(t.incoming).where(t.incoming.c.content == bindparam("last"))


def canonical(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def signed(value: Mapping[str, Any], code: str) -> str:
    text = HEADER + b"." + urlsafe_b64encode(canonical(value)).rstrip(b"=")
    return (text + b"." + urlsafe_b64encode(KEYS[code].sign(text)).rstrip(b"=")).decode()


def verified(compact: str, code: str) -> dict[str, Any]:
    """The payload. Raises InvalidSignature."""
    text, _, signature = compact.encode().rpartition(b".")
    value = urlsafe_b64decode(signature + b"=" * (-len(signature) % 4))
    key = KEYS[code].private_key.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    encoded = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    key.verify(encoded, text, ES256)
    payload = text.partition(b".")[2]
    found: dict[str, Any] = orjson.loads(urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    return found


class Floor:
    """Both sides, each with its store and its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engines: dict[str, Engine] = {}
        for code in ("STRA", "MEKO"):
            (folder / code).mkdir(parents=True, exist_ok=True)
            self.engines[code] = _engine(folder / code / "floor.sqlite", "BEGIN IMMEDIATE")
            metadata.create_all(self.engines[code])
        self.files = documents_of(folder)
        self.count = 0

    def run(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        return uvloop.run(_asking(job["port"], job["seconds"])) if "port" in job else self.transfers(job)

    def transfers(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """As many as fit into this time. What is there before a transfer begins is made off the clock."""
        taken, done = 0.0, 0
        while taken < job["seconds"]:
            values = self.issued()
            began = time.perf_counter()
            self.group(values)
            taken += time.perf_counter() - began
            done += GROUP
        return {"done": done, "seconds": taken, "per_s": done / taken}

    def issued(self) -> list[tuple[dict[str, Any], str]]:
        """Documents with their issuance manifests; the titles are in the sender's store."""
        values, rows = [], []
        for _ in range(GROUP):
            self.count += 1
            value = cast.document("blank", transportDocumentReference=f"FLOOR{self.count:09}")
            title = sha256(canonical(value)).hexdigest()
            values.append((value, signed({"documentChecksum": title}, "SIML")))
            rows.append([(insert(t.titles), _title(title, *values[-1]))])
        self.commit("STRA", rows)
        return values

    def group(self, values: Sequence[tuple[dict[str, Any], str]]) -> None:
        bodies, titles = [], []
        sending = []
        for value, issuance in values:
            title = sha256(canonical(value)).hexdigest()
            act = {"eblPlatform": "STRA", "transportDocumentChecksum": title, "issuanceManifestSignedContent": issuance}
            entry = signed(act | {"transactions": [{"actionCode": "TRANSFER", "actionDateTime": AT}] * 2}, "STRA")
            last = sha256(entry.encode()).hexdigest()
            manifest = {"transportDocumentChecksum": title, "lastEntry": last, "supporting": list(self.files)}
            sealed = signed(manifest, "STRA")
            body = orjson.dumps({"transportDocument": value, "manifest": sealed, "chain": [entry]})
            bodies.append(body)
            titles.append(title)
            sending.append(
                [
                    (LOCK, {"title": title, "at": "sending", "sequence": 2, "transfer": last[:32]}),
                    (insert(t.transfers), _transfer(title, value, last, body)),
                    _noted(title, entry),
                ]
            )
        self.commit("STRA", sending)
        receipts = self.receive(bodies)
        settled = []
        for title, receipt in zip(titles, receipts, strict=True):
            last = verified(receipt, "MEKO")["lastEntry"]
            done = (SETTLE, {"transfer": last[:32], "state": "accepted", "answer": receipt})
            away = (LOCK, {"title": title, "at": "away", "sequence": 3, "signed": receipt})
            settled.append([done, away, _noted(title, receipt)])
        self.commit("STRA", settled)

    def receive(self, bodies: Sequence[bytes]) -> list[str]:
        begun, ended, receipts = [], [], []
        for body in bodies:
            envelope = orjson.loads(body)
            value, (entry,) = envelope["transportDocument"], envelope["chain"]
            title = sha256(canonical(value)).hexdigest()
            manifest, claims = verified(envelope["manifest"], "STRA"), verified(entry, "STRA")
            issued = verified(claims["issuanceManifestSignedContent"], "SIML")
            last = sha256(entry.encode()).hexdigest()
            assert manifest["lastEntry"] == last
            assert issued["documentChecksum"] == manifest["transportDocumentChecksum"] == title
            begun.append([(insert(t.incoming), _incoming(title, last, entry, body))])
            receipt = signed({"lastEntry": last, "responseCode": "RECE", "received": list(self.files)}, "MEKO")
            receipts.append(receipt)
            kept = (insert(t.files), [_file(title, checksum) for checksum in self.files])
            done = (ACCEPT, {"last": last, "state": "accepted", "answer": receipt})
            made = (insert(t.titles), _title(title, value, entry))
            ended.append([done, made, kept, _noted(title, entry)])
        self.commit("MEKO", begun)
        for body in bodies:
            self.documents(sha256(body).hexdigest())
        self.commit("MEKO", ended)
        return receipts

    def documents(self, title: str) -> None:
        within = self.folder / "MEKO" / "files" / title
        within.mkdir(parents=True)
        for checksum, path in self.files.items():
            data = base64.b64decode(base64.b64encode(path.read_bytes()))
            assert sha256(data).hexdigest() == checksum
            passing = within / "passing"
            with passing.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            passing.replace(within / checksum)
            descriptor = os.open(within, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    def commit(self, code: str, group: Sequence[Sequence[Statement]]) -> None:
        """One transaction, one flush to disk; a savepoint for each transfer."""
        with self.engines[code].begin() as connection:
            for statements in group:
                with connection.begin_nested():
                    for statement, values in statements:
                        connection.execute(statement, values)


async def _asking(port: int, seconds: float) -> Mapping[str, Any]:
    """Empty POSTs a second, client and server on this core."""
    url, end, done = f"http://127.0.0.1:{port}/empty", time.perf_counter() + seconds, 0
    async with outbound.wire() as wire:

        async def ask() -> None:
            nonlocal done
            while time.perf_counter() < end:
                answer = await wire.handle_async_request(httpx.Request("POST", url))
                await answer.aread()
                if answer.status_code >= 300:
                    raise ValueError(f"HTTP {answer.status_code}")
                done += 1

        began = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(GROUP)))
        taken = time.perf_counter() - began
    return {"done": done, "seconds": taken, "per_s": done / taken}


def _noted(title: str, record: str) -> Statement:
    return insert(journal), {"at": AT, "kind": "title", "reference": title[:20], "record": record}


def _title(title: str, value: Mapping[str, Any], entry: str) -> dict[str, Any]:
    return {
        "id": title,
        "carrier": "SIML",
        "reference": value["transportDocumentReference"],
        "version": "",
        "ordinal": 1,
        "at": "here",
        "status": "held",
        "possessor": "{}",
        "sequence": 1,
        "document": orjson.dumps(value).decode(),
        "issuance_manifest": entry,
        "signed": entry,
        "pending": "[]",
        "updated_at": AT,
    }


def _transfer(title: str, value: Mapping[str, Any], last: str, body: bytes) -> dict[str, Any]:
    return {
        "id": last[:32],
        "title": title,
        "reference": value["transportDocumentReference"],
        "receiver": "MEKO",
        "purpose": "possession",
        "action": "TRANSFER",
        "content": last,
        "entry_checksum": last,
        "envelope": body.decode(),
        "documents": "[]",
        "state": "sending",
        "attempts": 0,
        "last_error": "",
        "created_at": AT,
        "next_at": 0.0,
        "leased_until": 0.0,
    }


def _incoming(title: str, last: str, entry: str, body: bytes) -> dict[str, Any]:
    return {
        "id": last[:32],
        "content": last,
        "entry_checksum": last,
        "entry": entry,
        "title": title,
        "sender": "STRA",
        "state": "active",
        "purpose": "possession",
        "envelope": body.decode(),
        "reason": "",
        "received": "[]",
        "started_at": AT,
    }


def _file(title: str, checksum: str) -> dict[str, Any]:
    return {
        "title": title,
        "checksum": checksum,
        "name": checksum,
        "size": DOCUMENT_BYTES,
        "media_type": "application/pdf",
        "source": "STRA",
    }


if __name__ == "__main__":
    serve_jobs(Floor(Path(sys.argv[1])).run)
