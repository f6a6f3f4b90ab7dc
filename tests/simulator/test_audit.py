"""The audit counts a loss for each promise that is not kept, and believes nothing but proofs."""

import asyncio
import hashlib
import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import httpx
import pytest

from simulator.audit import Audit, audit, proven_records
from simulator.journal import Entry, Kind
from tests.simulator.hubs import SEED, TRUST
from tradebridge.client import AsyncHub
from tradebridge.evidence.notes import sign_checkpoint, verifier_key_of
from tradebridge.evidence.proofs import inclusion_proof, leaf_hash, node_hash, root_of
from tradebridge.evidence.simulation import test_log_key as log_key_of
from tradebridge.evidence.trust import TrustedLog

LOG_KEY = log_key_of(SEED)
ORIGIN = "log.example/test"
BELIEVED = replace(TRUST, log=TrustedLog(ORIGIN, verifier_key_of(ORIGIN, LOG_KEY.public_key())))
DOCUMENT = "doc_1"


def record(message: str, member: str) -> dict[str, str]:
    return {
        "kind": "document",
        "messageId": message,
        "documentId": DOCUMENT,
        "member": member,
        "bytesDigest": f"bytes of {message}",
        "contentDigest": f"content of {message}",
    }


RECORDS = [record("msg_1", "SG-NSW"), record("msg_2", "TH-NSW"), record("msg_3", "SG-NSW")]


def evidence(records: list[dict[str, str]]) -> dict[str, Any]:
    """As the hub gives it, over a log of these records."""
    salts = [bytes([number]) * 32 for number in range(len(records))]
    written = [json.dumps(each, sort_keys=True).encode() for each in records]
    leaves = [leaf_hash(hashlib.sha256(salt + text).digest()) for salt, text in zip(salts, written, strict=True)]
    root = root_of(leaves)

    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return {
        "checkpoint": sign_checkpoint(ORIGIN, len(leaves), root, LOG_KEY),
        "messages": [
            {
                "messageId": each["messageId"],
                "record": b64encode(text).decode(),
                "salt": salt.hex(),
                "leafIndex": number,
                "inclusion": {
                    "size": len(leaves),
                    "index": number,
                    "hashes": [step.hex() for step in inclusion_proof(number, len(leaves), node)],
                },
            }
            for number, (each, text, salt) in enumerate(zip(records, written, salts, strict=True))
        ],
    }


def entry(member: str, kind: Kind, message: str, *peers: str) -> Entry:
    return Entry(
        at="2026-01-05T09:00:00Z",
        member=member,
        kind=kind,
        message_id=message,
        document_id=DOCUMENT,
        number="SG-2026-00041",
        bytes_digest=f"bytes of {message}",
        content_digest=f"content of {message}",
        peers=peers,
    )


def journals() -> dict[str, list[Entry]]:
    """A document sent and received, accepted, and cancelled."""
    return {
        "SG-NSW": [
            entry("SG-NSW", Kind.SENT, "msg_1", "TH-NSW"),
            entry("SG-NSW", Kind.EVENT_RECEIVED, "msg_2", "TH-NSW"),
            entry("SG-NSW", Kind.ACKNOWLEDGED, "msg_2"),
            entry("SG-NSW", Kind.EVENT_SENT, "msg_3", "TH-NSW"),
        ],
        "TH-NSW": [
            entry("TH-NSW", Kind.RECEIVED, "msg_1", "SG-NSW"),
            entry("TH-NSW", Kind.ACKNOWLEDGED, "msg_1"),
            entry("TH-NSW", Kind.EVENT_SENT, "msg_2", "SG-NSW"),
            entry("TH-NSW", Kind.EVENT_RECEIVED, "msg_3", "SG-NSW"),
            entry("TH-NSW", Kind.ACKNOWLEDGED, "msg_3"),
        ],
    }


def audited(kept: dict[str, list[Entry]], given: dict[str, Any]) -> Audit:
    async def run() -> Audit:
        hub = AsyncHub(
            "http://hub.test", "key", transport=httpx.MockTransport(lambda request: httpx.Response(200, json=given))
        )
        return await audit(kept, hub, BELIEVED, patience=0.0)

    return asyncio.run(run())


def test_nothing_is_lost_when_every_promise_is_kept() -> None:
    found = audited(journals(), evidence(RECORDS))
    assert (found.lost, found.receipts, found.deliveries, found.problems) == (0, 3, 3, ())


def test_a_receipt_without_a_record_on_the_log_is_a_loss() -> None:
    found = audited(journals(), evidence(RECORDS[:2]))
    assert found.lost == 2  # the sender's promise, and what the recipient received
    assert "no proof leads to" in found.problems[0]


def test_a_record_of_other_bytes_is_a_loss() -> None:
    other = [{**RECORDS[0], "bytesDigest": "other"}, *RECORDS[1:]]
    assert audited(journals(), evidence(other)).lost == 2


def test_a_delivery_that_the_recipient_does_not_have_is_a_loss() -> None:
    kept = journals()
    kept["TH-NSW"] = kept["TH-NSW"][2:]
    found = audited(kept, evidence(RECORDS))
    assert found.lost == 1
    assert "TH-NSW has not acknowledged msg_1" in found.problems[0]


def test_an_acknowledgement_of_other_bytes_counts_for_nothing() -> None:
    kept = journals()
    kept["TH-NSW"][1] = replace(kept["TH-NSW"][1], bytes_digest="other")
    assert audited(kept, evidence(RECORDS)).lost == 1


def test_recipients_of_another_world_are_not_counted() -> None:
    kept = journals()
    kept["SG-NSW"][0] = replace(kept["SG-NSW"][0], peers=("TH-NSW", "ELSEWHERE"))
    assert audited(kept, evidence(RECORDS)).lost == 0


@pytest.mark.parametrize("spoiled", ["salt", "record", "hashes", "index", "checkpoint", "missing"])
def test_what_no_proof_leads_to_counts_as_not_there(spoiled: str) -> None:
    given = evidence(RECORDS)
    message = given["messages"][0]
    if spoiled == "salt":
        message["salt"] = "00" * 31 + "ff"
    elif spoiled == "record":
        message["record"] = b64encode(json.dumps(record("msg_1", "SG-NSW")).encode() + b" ").decode()
    elif spoiled == "hashes":
        message["inclusion"]["hashes"][0] = "00" * 32
    elif spoiled == "index":
        message["inclusion"]["index"] = 1
    elif spoiled == "missing":
        message["inclusion"] = None
    else:
        given["checkpoint"] = given["checkpoint"].replace("\n3\n", "\n4\n")
    assert "msg_1" not in proven_records(given, BELIEVED)
    assert audited(journals(), given).lost >= 2


def test_a_checkpoint_of_another_log_proves_nothing() -> None:
    other = replace(TRUST, log=TrustedLog(ORIGIN, verifier_key_of(ORIGIN, log_key_of("43").public_key())))
    assert proven_records(evidence(RECORDS), other) == {}


def test_a_hub_that_gives_no_evidence_proves_nothing() -> None:
    assert audited(journals(), {}).lost == 6
