"""Is anything lost? Counted from the members' own journals against the log's proofs, never from the hub's tables.

1. Every receipt in a member's hand is a promise. It is kept if the log holds a record of exactly this message (id,
   sender, both digests), proven by an inclusion proof that leads to a checkpoint which the log has signed.
2. Every recipient that a receipt names must have the message in its own journal, acknowledged or refused by its own
   system, with the digest that the receipt states. Recipients outside this world are not counted: their journals are
   not here.
3. Everything that a member received must be on the log too.
4. `lost` is the number of (message, member) pairs for which one of these fails.
"""

import asyncio
import hashlib
import json
import time
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.findings import Finding
from simulator.journal import Entry, Kind
from tradebridge.calls import HubError
from tradebridge.client import AsyncHub
from tradebridge.evidence.notes import verify_checkpoint
from tradebridge.evidence.proofs import leaf_hash, verify_inclusion
from tradebridge.evidence.trust import TrustList

POLL_SECONDS = 0.1
AT_ONCE = 8
"""Documents whose evidence is asked for at the same time."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit found."""

    receipts: int
    """Receipts that were checked."""
    deliveries: int
    """Messages received that were checked."""
    lost: int
    problems: tuple[str, ...]

    def sentence(self) -> str:
        return f"{self.receipts} receipts and {self.deliveries} deliveries against the log's proofs: {self.lost} lost"


async def audit(journals: Mapping[str, Sequence[Entry]], hub: AsyncHub, trust: TrustList, *, patience: float) -> Audit:
    """`hub`: may see the evidence of all documents. `patience`: seconds that the log has for its last leaves."""
    sent = [entry for entries in journals.values() for entry in entries if entry.kind in (Kind.SENT, Kind.EVENT_SENT)]
    received = [
        entry
        for entries in journals.values()
        for entry in entries
        if entry.kind in (Kind.RECEIVED, Kind.EVENT_RECEIVED)
    ]
    documents = sorted({entry.document_id for entry in (*sent, *received)})
    on_log = await _records(documents, hub, trust, patience)
    problems = [
        *_broken_promises(sent, on_log),
        *_not_delivered(sent, journals),
        *_not_on_log(received, on_log),
    ]
    return Audit(len(sent), len(received), len(problems), tuple(problems))


def _broken_promises(sent: Iterable[Entry], on_log: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for entry in sent:
        record = on_log.get(entry.message_id)
        promised = {
            "messageId": entry.message_id,
            "documentId": entry.document_id,
            "member": entry.member,
            "bytesDigest": entry.bytes_digest,
            "contentDigest": entry.content_digest,
        }
        if record is None:
            yield f"{entry.member} has a receipt for {entry.message_id} ({entry.number}), which no proof leads to"
        elif differing := [name for name, value in promised.items() if record.get(name) != value]:
            yield f"the record of {entry.message_id} differs from {entry.member}'s receipt in {', '.join(differing)}"


def _not_delivered(sent: Iterable[Entry], journals: Mapping[str, Sequence[Entry]]) -> Iterable[str]:
    acknowledged = {
        (member, entry.message_id, entry.bytes_digest)
        for member, entries in journals.items()
        for entry in entries
        if entry.kind in (Kind.ACKNOWLEDGED, Kind.TURNED_AWAY)
    }
    for entry in sent:
        for recipient in entry.peers:
            if recipient in journals and (recipient, entry.message_id, entry.bytes_digest) not in acknowledged:
                yield f"{recipient} has not acknowledged {entry.message_id} ({entry.number}), sent by {entry.member}"


def _not_on_log(received: Iterable[Entry], on_log: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for entry in received:
        record = on_log.get(entry.message_id)
        if record is None or record.get("bytesDigest") != entry.bytes_digest:
            yield f"{entry.member} received {entry.message_id} ({entry.number}), which is not on the log as it came"


async def _records(
    documents: Iterable[str], hub: AsyncHub, trust: TrustList, patience: float
) -> dict[str, Mapping[str, Any]]:
    """The proven records of these documents' messages, by message id."""
    until = time.monotonic() + patience
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(document_id: str) -> dict[str, Mapping[str, Any]]:
        async with at_once:
            while True:
                evidence = await _evidence(hub, document_id)
                waiting = any(message["inclusion"] is None for message in evidence.get("messages", ()))
                if not waiting or time.monotonic() > until:
                    return proven_records(evidence, trust)
                await asyncio.sleep(POLL_SECONDS)

    found = await asyncio.gather(*(one(document_id) for document_id in documents))
    return {message_id: record for records in found for message_id, record in records.items()}


async def _evidence(hub: AsyncHub, document_id: str) -> Mapping[str, Any]:
    """Evidence that the hub does not give is evidence that is not there: nothing of it counts as proven."""
    try:
        return await hub.evidence(document_id)
    except HubError:
        return {}


def proven_records(evidence: Mapping[str, Any], trust: TrustList) -> dict[str, Mapping[str, Any]]:
    """The records of an evidence, by message id, from which a proof leads to a checkpoint of the trusted log. Pure."""
    checkpoint = verify_checkpoint(str(evidence.get("checkpoint", "")), trust.log.verifier_key, trust.log.origin)
    if isinstance(checkpoint, Finding):
        return {}
    proven: dict[str, Mapping[str, Any]] = {}
    for message in evidence.get("messages", ()):
        inclusion = message["inclusion"]
        if inclusion is None or inclusion["size"] != checkpoint.size:
            continue
        record = b64decode(message["record"])
        leaf = hashlib.sha256(bytes.fromhex(message["salt"]) + record).digest()
        path = [bytes.fromhex(each) for each in inclusion["hashes"]]
        if verify_inclusion(leaf_hash(leaf), inclusion["index"], inclusion["size"], path, checkpoint.root):
            members = json.loads(record)
            proven[members["messageId"]] = members
    return proven
