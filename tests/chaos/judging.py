"""What must be true after the last kill, counted from the journals of the members and of the witness.

1. Every receipt that a sender was handed is found again: the same receipt for the same key and bytes, the document with
   these very bytes, and its leaf in the log under the final checkpoint.
2. So is every receipt for an event.
3. Every delivery that a receipt promises happened, its effect at the recipient once; and none that no receipt
   promises.
4. Every checkpoint that was ever seen is consistent with the final one.
5. The log holds one leaf for each message, and beside them records of people; its export holds alone.
"""

import random
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from schemas.content import Syntax, sha256_hex
from tests.chaos.parties import Consignment, Sender
from tests.chaos.trade import Trade
from tests.exchange.cast import NOW
from tradebridge.client import Accepted
from tradebridge.evidence import proofs
from tradebridge.evidence.audit import Act, Entry, read_lines, verify_export
from tradebridge.evidence.notes import Checkpoint
from tradebridge.evidence.receipts import Receipt, read_receipt
from tradebridge.evidence.verify import verify_evidence

MOST_CHECKPOINTS = 600
"""So many of the older checkpoints are compared with the final one, evenly chosen."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the journals tell, for people; the assertions were made on the way."""

    documents: int
    events: int
    replayed: int
    """Receipts that came only when the sender asked again: the hub died between commit and answer."""
    interrupted: int
    redelivered: int
    """Deliveries that came more than once, and had no second effect."""
    checkpoints: int


def judge(trade: Trade) -> Verdict:
    """Raises `AssertionError` for the first promise that was not kept."""
    problems = [each for party in trade.parties for each in party.problems] + trade.watcher.problems
    assert not problems, problems[:5]
    sent = list(_lines(trade, "receipt"))
    said = [line for each in trade.recipients for line in each.journal.lines("said")]
    assert sent, "no traffic"
    assert trade.auditor.audits, "nobody audited"
    _each_key_has_one_receipt(trade, sent)
    final = _final_checkpoint(trade)
    positions = _everything_is_found_again(trade, sent, said, final)
    beside = _records(trade, final)
    assert sorted([*positions, *beside]) == list(range(final.size)), "the log holds something else than these messages"
    redelivered = _deliveries_happened_and_their_effect_once(trade, sent, said)
    return Verdict(
        documents=len(sent),
        events=len(said),
        replayed=sum(line["replayed"] for line in sent),
        interrupted=trade.traffic.interrupted,
        redelivered=redelivered,
        checkpoints=_old_checkpoints_are_consistent(trade, final),
    )


def _records(trade: Trade, final: Checkpoint) -> list[int]:
    """The entries of the log that are no messages but records of people; the whole record holds."""
    lines = b"".join(trade.operator.record()).splitlines()
    found = verify_export(lines, trade.trust, datetime.now(UTC))
    assert found.exit_code == 0, found.findings
    entries = [part for part in read_lines(lines) if isinstance(part, Entry) and isinstance(part.record, Act)]
    return [each.line.index for each in entries if each.line.index < final.size]


def _lines(trade: Trade, what: str) -> Iterator[dict[str, Any]]:
    for sender in trade.senders:
        yield from sender.journal.lines(what)


def _each_key_has_one_receipt(trade: Trade, sent: Iterable[dict[str, Any]]) -> None:
    """Whoever asked again, in the middle of it all, got what it had."""
    receipts = {line["key"]: line["receipt"] for line in sent}
    for line in _lines(trade, "again"):
        assert line["receipt"] == receipts[line["key"]], f"another receipt for {line['key']}"
    refused = list(_lines(trade, "refused"))
    assert not refused, f"refused after an outage: {refused[:3]}"
    handed_in = [line["key"] for line in _lines(trade, "handed in")]
    beaten = {line["key"] for line in _lines(trade, "beaten")}
    assert len(handed_in) == len(set(handed_in)) == len(receipts) + len(beaten), "somebody got no answer"


def _final_checkpoint(trade: Trade) -> Checkpoint:
    trade.watcher.look(trade.operator.checkpoint())
    assert not trade.watcher.problems
    return trade.watcher.seen[trade.watcher.newest]


# --- receipts --------------------------------------------------------------------------------------------------------


def _everything_is_found_again(
    trade: Trade, sent: list[dict[str, Any]], said: list[dict[str, Any]], final: Checkpoint
) -> list[int]:
    """Rules 1 and 2. Gives the place in the log of every message."""
    events: dict[str, list[dict[str, Any]]] = {}
    for line in said:
        events.setdefault(line["document"], []).append(line)
    by_member = {sender.member: sender for sender in trade.senders}

    def find(line: dict[str, Any]) -> list[int]:
        return _find_again(
            trade, by_member[line["consignment"]["member"]], line, events.get(line["document"], []), final
        )

    with ThreadPoolExecutor(3) as pool:
        return [position for found in pool.map(find, sent) for position in found]


def _find_again(
    trade: Trade, sender: Sender, line: dict[str, Any], events: list[dict[str, Any]], final: Checkpoint
) -> list[int]:
    key, client = line["key"], random.choice(sender.clients)
    facts = line["consignment"]
    data = Consignment(**facts | {"syntax": Syntax(facts["syntax"])}).data()
    assert sha256_hex(data) == line["digest"]
    receipt = read_receipt(line["receipt"], trade.trust, NOW)
    assert isinstance(receipt, Receipt), receipt
    assert (receipt.bytes_digest, receipt.message_id) == (line["digest"], line["message"])
    assert receipt.recipients == tuple(line["to"])
    again = sender.answer_to(data, tuple(line["to"]), key)
    assert isinstance(again, Accepted), f"{key} was acknowledged and is lost: {again}"
    assert again.replayed, f"{key} was acknowledged, lost, and taken in anew"
    assert again.receipt == line["receipt"], f"another receipt for {key}"
    assert client.get(line["document"]).data == data, f"other bytes for {key}"
    evidence = client.evidence(line["document"])
    report = verify_evidence(evidence, trade.trust, NOW)
    assert report.exit_code == 0, f"{key}: {report.to_json()}"
    promised = {line["message"]: line["receipt"]} | {each["message"]: each["receipt"] for each in events}
    kept = {message["messageId"]: message["receipt"] for message in evidence["messages"]}
    assert kept == promised, f"{key}: the evidence has other messages than the members have receipts for"
    return [_place_in_log(trade, message, final) for message in evidence["messages"]]


def _place_in_log(trade: Trade, message: dict[str, Any], final: Checkpoint) -> int:
    """Under the final checkpoint: to ask for evidence is itself an entry, so the evidence has a later one."""
    assert message["inclusion"], f"{message['messageId']} has a receipt and no place in the log"
    leaf = proofs.leaf_hash(sha256(bytes.fromhex(message["salt"]) + b64decode(message["record"])).digest())
    proof = trade.operator.inclusion(leaf.hex(), size=final.size)
    index, size = proof["index"], proof["size"]
    hashes = [bytes.fromhex(each) for each in proof["hashes"]]
    assert (index, size) == (message["inclusion"]["index"], final.size)
    assert proofs.verify_inclusion(leaf, index, size, hashes, final.root), f"{message['messageId']} is not in the log"
    return int(index)


# --- deliveries ------------------------------------------------------------------------------------------------------


def _deliveries_happened_and_their_effect_once(
    trade: Trade, sent: Iterable[dict[str, Any]], said: Iterable[dict[str, Any]]
) -> int:
    """Rule 3: what the receipts promise is what the recipients' journals have, effect for effect."""
    promised: Counter[tuple[str, str, str]] = Counter()
    for line in (*sent, *said):
        receipt = read_receipt(line["receipt"], trade.trust, NOW)
        assert isinstance(receipt, Receipt)
        promised.update((name, receipt.message_id, receipt.bytes_digest) for name in receipt.recipients)
    effects: Counter[tuple[str, str, str]] = Counter()
    deliveries: Counter[str] = Counter()
    for each in trade.recipients:
        effects.update((each.member, line["message"], line["digest"]) for line in each.journal.lines("effect"))
        deliveries.update(line["id"] for line in each.journal.lines("delivery"))
    lost, unpromised = promised - effects, effects - promised
    assert not lost, f"{lost.total()} deliveries were lost: {list(lost)[:3]}"
    assert not unpromised, f"{unpromised.total()} effects that nobody was promised: {list(unpromised)[:3]}"
    return sum(1 for count in deliveries.values() if count > 1)


# --- the log ---------------------------------------------------------------------------------------------------------


def _old_checkpoints_are_consistent(trade: Trade, final: Checkpoint) -> int:
    sizes = [size for size in sorted(trade.watcher.seen) if size]
    step = max(1, len(sizes) // MOST_CHECKPOINTS)
    chosen = sizes[::step]
    for size in chosen:
        old = trade.watcher.seen[size]
        hashes = [bytes.fromhex(each) for each in trade.operator.consistency(size, final.size)["hashes"]]
        assert proofs.verify_consistency(size, final.size, hashes, old.root, final.root), (
            f"the log was rewritten: {size}"
        )
    return len(chosen)
