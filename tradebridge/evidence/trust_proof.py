"""That a version of the trust list stands on the public record: so do all before it, since each has the digest of the
one before.

`record` in the file of a history: {"record": base64, "salt", "details": text, "leafIndex", "inclusion", "checkpoint":
note, "timestamp": base64 or null}. The record is of kind `trust`; its details state number and digest of the version.

It is proven against the log of the first version in the hand, with the witnesses of the newest: who has stolen the
hub's key can sign versions, but has no log of that key. Where the log's key is another since, or witnesses are missing,
nothing is known of it. A proof of another version, or one that leads nowhere, is false.
"""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.content import sha256_hex
from tradebridge.evidence import canonical, notes, proofs
from tradebridge.evidence.file import Base64, Count, Hash, Inclusion
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import UNSURE
from tradebridge.evidence.seen import seen_by
from tradebridge.evidence.times import from_rfc3339

if TYPE_CHECKING:
    from tradebridge.evidence.trust_history import TrustVersion


class VersionProof(BaseModel):
    """Of one version."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)

    record: Base64
    salt: Hash
    details: Annotated[str, Field(max_length=100_000)]
    leaf_index: Count
    inclusion: Inclusion
    checkpoint: Annotated[str, Field(max_length=100_000)]
    timestamp: Base64 | None = None


def recorded_version(proof: VersionProof, versions: Sequence["TrustVersion"], now: datetime) -> int | Finding:
    """The number of the version that is proven to stand on the record; 0: that cannot be told; a finding: it is false.
    `now`: the time to judge by."""
    first, newest = versions[0].trust, versions[-1].trust
    if first.log.verifier_key != newest.log.verifier_key:
        return 0
    stated = _stated(proof, versions)
    if isinstance(stated, Finding):
        return stated
    number, recorded = stated
    try:
        checkpoint = notes.verify_checkpoint(proof.checkpoint, first.log.verifier_key, first.log.origin)
    except notes.BadVerifierKey as error:
        return finding("trust.malformed", "/log/publicKey", found=str(error))
    if isinstance(checkpoint, Finding):
        return checkpoint
    leaf = proofs.leaf_hash(sha256(bytes.fromhex(proof.salt) + b64decode(proof.record)).digest())
    way = [bytes.fromhex(each) for each in proof.inclusion.hashes]
    place = proof.inclusion.index, proof.inclusion.size
    if place != (proof.leaf_index, checkpoint.size) or not proofs.verify_inclusion(leaf, *place, way, checkpoint.root):
        return finding("log.not-included", "/inclusion", found=f"leaf {proof.leaf_index}", attack="LOG-7")
    token = None if proof.timestamp is None else b64decode(proof.timestamp)
    found = seen_by(proof.checkpoint, token, newest, recorded, now).findings
    return next((each for each in found if each.code not in UNSURE), 0 if found else number)


def _stated(proof: VersionProof, versions: Sequence["TrustVersion"]) -> tuple[int, datetime] | Finding:
    """The version that the record states, which is one of these, and when it was recorded."""
    record, details = canonical.loads(b64decode(proof.record)), canonical.loads(proof.details.encode())
    if isinstance(record, Finding) or isinstance(details, Finding):
        return finding("trust.not-recorded", "/record", found="no canonical JSON", expected="the record of a version")
    told = (record.get("kind"), record.get("detailsDigest"), record.get("space"))
    time = from_rfc3339(str(record.get("time")))
    if told != ("trust", sha256_hex(proof.details.encode()), versions[0].trust.space) or time is None:
        return finding(
            "trust.not-recorded", "/record", found=str(record.get("kind")), expected="trust, and its details"
        )
    number = details.get("number")
    version = next((each for each in versions if each.number == number), None)
    if version is None or details.get("digest") != version.digest:
        found, expected = f"version {number}, {details.get('digest')}", version.digest if version else "one of these"
        return finding("trust.not-recorded", "/details", found=found, expected=expected, attack="LOG-1")
    return version.number, time
