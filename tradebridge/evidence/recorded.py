"""Whether messages stand in the log, and since when that is proven: the fourth question, and the ground of the others.

1. The checkpoint is the log's, and those who observe it have seen it (`tradebridge.evidence.seen`). A key of the log
   that the list in hand names no more is believed of what is dated while a version before it named that key; one that
   was in other hands since, of what others date before that.
2. The record opens the log's leaf: leaf = SHA-256(salt || record), proven against the checkpoint (RFC 9162).
3. Record and receipt tell the same; the receipt is the hub's.
4. A record's time is proven where 1 and 2 hold and it does not lie ahead. Statements on a message are judged as of
   then. Where it is not proven nothing is known of a statement's time but what it says itself, and a key that was in
   other hands since says nothing.
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradebridge.evidence import notes, proofs
from tradebridge.evidence.file import EvidenceFile, Message, Record, commitment, read_record
from tradebridge.evidence.lost import lost_since
from tradebridge.evidence.receipts import Receipt, read_receipt
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import Answer, answer
from tradebridge.evidence.seen import Seen, observed, too_late
from tradebridge.evidence.times import TOLERANCE, rfc3339
from tradebridge.evidence.trust import TrustedLog, TrustList


@dataclass(frozen=True, slots=True)
class Logged:
    """The log as the evidence shows it."""

    checkpoint: notes.Checkpoint | Finding
    seen: Seen
    """By whom the checkpoint was seen."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One message of the evidence with what was found out about it."""

    form: Message
    record: Record | None
    receipt: Receipt | None
    findings: tuple[Finding, ...]
    proven: datetime | None = None
    """The time of its record, if that is proven (rule 4)."""


def log_in(note: str | None, timestamp: str | None, trust: TrustList, now: datetime) -> Logged:
    """Rule 1, of the note of a checkpoint and of its timestamp in base64."""
    nobody = Seen("", ())
    if not note:
        return Logged(finding("log.waiting", "/checkpoint"), nobody)
    refused: Finding | None = None
    for each in trust.observers():
        checkpoint = _signed_by(each.log, note)
        if isinstance(checkpoint, Finding):
            refused = refused or checkpoint
            if refused.code != "log.unknown-key":
                break
            continue
        seen = observed(note, None if timestamp is None else b64decode(timestamp), trust, now)
        lost = lost_since(trust.lost, each.log.verifier_key)
        if lost is not None and (seen.since is None or seen.since >= lost):
            told = f"{rfc3339(seen.since)} at the earliest" if seen.since else "nothing dates it"
            expected = f"a checkpoint of before {rfc3339(lost)}"
            return Logged(finding("log.distrusted-key", "/checkpoint", found=told, expected=expected), nobody)
        if each.in_force(seen.since):
            return Logged(checkpoint, seen)
        told, expected = "nothing dates it before that", f"a checkpoint of before {each.ends and rfc3339(each.ends)}"
        return Logged(finding("log.replaced-key", "/checkpoint", found=told, expected=expected), nobody)
    return Logged(refused or finding("log.waiting", "/checkpoint"), nobody)


def _signed_by(log: TrustedLog, note: str) -> notes.Checkpoint | Finding:
    try:
        return notes.verify_checkpoint(note, log.verifier_key, log.origin)
    except notes.BadVerifierKey as error:
        return finding("trust.malformed", "/log/publicKey", found=str(error))


def check_message(
    form: Message, index: int, file: EvidenceFile, trust: TrustList, log: Logged, now: datetime
) -> Checked:
    """Record, receipt and proof of one message, and whether they tell of the same thing."""
    at = f"/messages/{index}"
    record = read_record(b64decode(form.record), f"{at}/record")
    if isinstance(record, Finding):
        return Checked(form, None, None, (record,))
    found = []
    told = (record.kind, record.message_id, record.document_id, record.space)
    if told != (form.kind, form.message_id, file.document.id, trust.space):
        found.append(other(f"{at}/record", record.document_id, file.document.id))
    unproven = _unproven(form, at, record, log)
    proven = None if unproven or log.seen.findings or record.time > now + TOLERANCE else record.time
    receipt = read_receipt(form.receipt, trust, proven)
    if isinstance(receipt, Finding):
        found.append(receipt)
    elif not _same(record, receipt):
        found.append(other(f"{at}/receipt", receipt.message_id, record.message_id))
    found += [unproven] if unproven else []
    return Checked(form, record, None if isinstance(receipt, Finding) else receipt, tuple(found), proven)


def recorded_after(form: Message, log: Logged, at: datetime) -> bool:
    """Does the log prove that this was recorded later? A record that it does not prove may say any time."""
    record = read_record(b64decode(form.record))
    if isinstance(record, Finding) or isinstance(log.checkpoint, Finding):
        return False
    return record.time > at and _check_proof(form, "", log.checkpoint) is None


def _unproven(form: Message, at: str, record: Record, log: Logged) -> Finding | None:
    """Why this record is not proven to stand in the tree of the checkpoint, if it is not."""
    if isinstance(log.checkpoint, Finding):
        return log.checkpoint
    return _check_proof(form, at, log.checkpoint) or too_late(record.time, log.seen)


def _check_proof(form: Message, at: str, checkpoint: notes.Checkpoint) -> Finding | None:
    """Whether the leaf of this record stands in the tree of the checkpoint."""
    proof = form.inclusion
    if proof is None:
        return finding("log.waiting", f"{at}/inclusion")
    if proof.size != checkpoint.size or proof.index != form.leaf_index:
        found, expected = f"leaf {proof.index} of {proof.size}", f"leaf {form.leaf_index} of {checkpoint.size}"
        return finding("log.not-included", f"{at}/inclusion", found=found, expected=expected, attack="LOG-5")
    hashes = [bytes.fromhex(each) for each in proof.hashes]
    if proofs.verify_inclusion(proofs.leaf_hash(commitment(form)), proof.index, proof.size, hashes, checkpoint.root):
        return None
    return finding("log.not-included", f"{at}/inclusion", found=f"leaf {proof.index}", attack="LOG-7")


def _same(record: Record, receipt: Receipt) -> bool:
    return (
        record.message_id == receipt.message_id
        and record.document_id == receipt.document_id
        and record.member == receipt.member
        and record.profile == receipt.profile
        and record.bytes_digest == receipt.bytes_digest
        and record.content_digest == receipt.content_digest
        and record.time == receipt.time
    )


def was_recorded(
    messages: Sequence[Checked], accepted: Checked | None, log: Logged, now: datetime, late: Finding | None = None
) -> Answer:
    """Of the document and of its forwards; events are looked at with what they say. `accepted`: the one message by
    which the document was accepted; `late`: that nobody had seen it for long."""
    if accepted is None:
        missing = finding("evidence.malformed", "/messages", found="not one acceptance", expected="exactly one")
        return answer("recorded", [missing], "")
    found = [each for message in messages if message.form.kind != "event" for each in message.findings]
    checkpoint = log.checkpoint
    if accepted.record is None or isinstance(checkpoint, Finding):
        return answer("recorded", found, "")
    time = accepted.record.time
    if time > now + TOLERANCE:
        found.append(finding("log.future", found=rfc3339(time), expected=f"at most {rfc3339(now)}", attack="LOG-14"))
    place = f"leaf {accepted.form.leaf_index} of {checkpoint.size} in {checkpoint.origin}{log.seen.sentence}"
    found += [*log.seen.findings, *([late] if late else [])]
    said = f"On the record since {rfc3339(time)} by the hub's clock: {place}."
    return answer("recorded", found, said, when=time)


def other(pointer: str, found: str, expected: str) -> Finding:
    """A statement that is genuine, and about something else."""
    return finding("receipt.other-document", pointer, found=found, expected=expected, attack="JWS-21")
