"""The log keeps the receipts' promise, and the evidence holds without the hub."""

import hashlib
import itertools
import json
import time
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from schemas.event import EventType
from tests.exchange.cast import NOW, Cast, certificate, event, refused_by
from tests.exchange.running import hub_in_thread
from tests.waiting import until
from tradebridge.client import FeedEvent
from tradebridge.evidence import proofs
from tradebridge.evidence.notes import Checkpoint, verify_checkpoint
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence


def checkpoint(cast: Cast) -> Checkpoint:
    trust = TrustList.from_json(cast.operator.trust())
    found = verify_checkpoint(cast.operator.checkpoint(), trust.log.verifier_key, trust.log.origin)
    assert isinstance(found, Checkpoint)
    return found


def settled(cast: Cast) -> Checkpoint:
    """The checkpoint once the log has taken in all that waits."""
    until(lambda: httpx.get(f"{cast.url}/readyz").json()["checks"]["log"]["oldestWaiting"] is None)
    return checkpoint(cast)


def sized(cast: Cast, size: int) -> Checkpoint | None:
    found = checkpoint(cast)
    return found if found.size == size else None


def complete(cast: Cast, document_id: str) -> dict[str, Any] | None:
    evidence = cast["SG-NSW"].evidence(document_id)
    return evidence if all(message["inclusion"] for message in evidence["messages"]) else None


def test_every_receipt_is_in_the_log_within_a_second(cast: Cast) -> None:
    before = settled(cast).size
    accepted = [cast["SG-NSW"].submit(certificate(f"SG-2026-0400{n}"), ["TH-NSW"]) for n in range(5)]
    began = time.monotonic()
    until(lambda: checkpoint(cast).size == before + 5)
    assert time.monotonic() - began < 5
    complete_ones = [complete(cast, each.id) for each in accepted]
    settled(cast)
    for each, evidence in zip(accepted, complete_ones, strict=True):
        (message,) = evidence["messages"]  # type: ignore[index]  # it is complete
        record, salt = b64decode(message["record"]), bytes.fromhex(message["salt"])
        leaf = proofs.leaf_hash(hashlib.sha256(salt + record).digest())
        inclusion = cast.operator.inclusion(leaf.hex())
        hashes = [bytes.fromhex(each) for each in inclusion["hashes"]]
        assert proofs.verify_inclusion(leaf, inclusion["index"], inclusion["size"], hashes, checkpoint(cast).root)
        assert json.loads(record)["bytesDigest"] == each.bytes_digest


def test_a_new_checkpoint_extends_every_older_one(cast: Cast) -> None:
    seen: list[Checkpoint] = []
    before = settled(cast).size
    for number in range(6):
        cast["SG-NSW"].submit(certificate(f"SG-2026-0410{number}"), ["TH-NSW"])
        seen.append(until(partial(sized, cast, before + number + 1)))
    for old in seen[:-1]:
        proof = [bytes.fromhex(each) for each in cast.operator.consistency(old.size, seen[-1].size)["hashes"]]
        assert proofs.verify_consistency(old.size, seen[-1].size, proof, old.root, seen[-1].root)


def test_the_evidence_answers_four_times_yes_with_public_keys_alone(cast: Cast) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-04020"), ["TH-NSW"])
    said = event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW")
    cast["TH-NSW"].inbox()
    cast["TH-NSW"].send_event(accepted.id, said)
    evidence = until(lambda: complete(cast, accepted.id))
    trust = TrustList.from_json(cast["SG-NSW"].trust())
    report = verify_evidence(evidence, trust, NOW)
    assert report.exit_code == 0, report.to_json()


def test_a_cancelled_document_is_no_longer_valid_and_the_evidence_says_so(cast: Cast) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-04021"), ["TH-NSW"])
    cancelled = event(EventType.CANCELLED, accepted.id, accepted.content_digest, "SG-NSW", recipient=None)
    cast["SG-NSW"].send_event(accepted.id, cancelled)
    evidence = until(lambda: complete(cast, accepted.id))
    trust = TrustList.from_json(cast["SG-NSW"].trust())
    report = verify_evidence(evidence, trust, NOW)
    assert report.exit_code == 4, report.to_json()
    taken_out = evidence | {"messages": [each for each in evidence["messages"] if each["kind"] != "event"]}
    missed = verify_evidence(taken_out, trust, NOW)
    assert [each.code for each in missed.valid.findings] == ["evidence.incomplete"]


def test_the_public_leaf_tells_nothing_of_the_trade(cast: Cast) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-04022"), ["TH-NSW"])
    until(lambda: complete(cast, accepted.id))
    for text in (cast.operator.checkpoint(), json.dumps(cast.operator.consistency(1, 1))):
        assert "SG-NSW" not in text
        assert accepted.bytes_digest not in text


def test_proofs_are_given_for_what_there_is_and_nothing_else(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-04023"), ["TH-NSW"])
    settled(cast)
    calls: list[Callable[[], object]] = [
        lambda: cast.operator.inclusion("00" * 32),
        lambda: cast.operator.inclusion("zz"),
        lambda: cast.operator.consistency(1, 99),
        lambda: cast.operator.consistency(0, 1),
    ]
    for call in calls:
        refused_by(call)


def test_the_log_goes_on_where_it_stood_after_a_restart(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url) as running:
        cast = running.join()
        before = settled(cast).size
        for number in range(3):
            cast["SG-NSW"].submit(certificate(f"SG-2026-0430{number}"), ["TH-NSW"])
        old = until(partial(sized, cast, before + 3))
    with hub_in_thread(tmp_path, database_url) as cast:
        assert checkpoint(cast) == old
        cast["SG-NSW"].submit(certificate("SG-2026-04309"), ["TH-NSW"])
        new = until(partial(sized, cast, old.size + 1))
        proof = [bytes.fromhex(each) for each in cast.operator.consistency(old.size, new.size)["hashes"]]
        assert proofs.verify_consistency(old.size, new.size, proof, old.root, new.root)


def about_documents(cast: Cast, member: str, count: int, after: str = "-1") -> list[FeedEvent]:
    """The next entries of a member's feed that are about documents."""
    feed = (entry for entry in cast[member].feed(last_event_id=after) if entry.type.startswith("document."))
    return list(itertools.islice(feed, count))


def test_the_feed_tells_everything_once_and_resumes(cast: Cast) -> None:
    ids = [cast["SG-NSW"].submit(certificate(f"SG-2026-0440{n}"), ["TH-NSW"]).id for n in range(4)]
    first = about_documents(cast, "TH-NSW", 2)
    rest = about_documents(cast, "TH-NSW", 2, after=first[-1].id)
    assert [each.data["document"] for each in first + rest] == ids
    assert {each.type for each in first + rest} == {"document.accepted"}


def test_the_feed_of_a_member_has_nothing_of_others(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-04501"), ["TH-NSW"])
    cast["SG-NSW"].submit(certificate("SG-2026-04502", importer="VN"), ["VN-NSW"])
    (told,) = about_documents(cast, "VN-NSW", 1)
    assert told.data["number"] == "SG-2026-04502"


def test_a_recipient_learns_of_a_cancellation_that_counts_what_another_decided(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-04500"), ["TH-NSW", "VN-NSW"])
    facts = (accepted.id, accepted.content_digest)
    cast["VN-NSW"].send_event(accepted.id, event(EventType.QUERIED, *facts, "VN-NSW", recipient="VN-NSW"))
    cancelled = event(EventType.CANCELLED, *facts, "SG-NSW", recipient=None, sequence=1)
    cast["SG-NSW"].send_event(accepted.id, cancelled)
    until(lambda: complete(cast, accepted.id))
    for member in ("SG-NSW", "VN-NSW", "TH-NSW"):
        report = verify_evidence(cast[member].evidence(accepted.id), TrustList.from_json(cast.operator.trust()), NOW)
        assert {each.code for each in report.valid.findings} == {"evidence.cancelled"}, member
        assert report.exit_code == 4, report.to_json()
