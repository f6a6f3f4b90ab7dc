"""What a hub tells anybody who asks it about a document: its own four answers, and the proof of the acceptance.

The answers are the hub's word, and each says so. The proof is not: it is checked against the log's key and the
witnesses of the trust list in the caller's hand. So of a document that somebody holds, 'recorded' is proven, and
'valid' is told. Of a print nothing is proven: who has number and code has no document that the hub could have compared,
so 'unchanged' is never a yes, whatever the hub says.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schemas.content import sha256_hex
from tradebridge.evidence import proofs
from tradebridge.evidence.file import Base64, Count, Hash, Inclusion, read_record
from tradebridge.evidence.late import logged_late
from tradebridge.evidence.recorded import log_in
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import Answer, Report, Verdict, answer
from tradebridge.evidence.seen import too_late
from tradebridge.evidence.times import TOLERANCE, rfc3339
from tradebridge.evidence.trust import TrustList

NUMBER = "number"
_QUESTIONS = ("unchanged", "issued", "valid", "recorded")
_Text = Annotated[str, Field(max_length=2_000)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, alias_generator=to_camel)


class Proof(_Form):
    """Of the acceptance of one document: its record, and the way from there to a checkpoint."""

    record: Base64
    salt: Hash
    leaf_index: Count
    inclusion: Inclusion
    checkpoint: Annotated[str, Field(max_length=100_000)]
    timestamp: Base64 | None = None


class _AnswerForm(_Form):
    question: Literal["unchanged", "issued", "valid", "recorded"]
    answer: Literal["yes", "no", "could-not-check"]
    reason: _Text
    next: _Text

    def answered(self) -> Answer:
        """On the hub's word. That it could not be checked whether something was changed is nobody's word."""
        verdict = Verdict(self.answer)
        is_own = self.question == "unchanged" and verdict is Verdict.COULD_NOT_CHECK
        return Answer(self.question, verdict, self.reason if is_own else f"The hub says: {self.reason}", self.next)


class Told(_Form):
    """A hub's answer. The four stand in it where it has found the document."""

    found: bool
    document: _Text = ""
    profile: _Text = ""
    number: _Text | None = None
    simulated: bool = False
    answers: Annotated[tuple[_AnswerForm, ...], Field(max_length=4, strict=False)] = ()
    proof: Proof | None = None

    def report(self) -> Report:
        """The hub's four answers to who has number and code of a print, on its word. Raises `ValueError` where it has
        found nothing."""
        if not self.found or tuple(each.question for each in self.answers) != _QUESTIONS:
            raise ValueError("the hub has not found the document: there are no answers")
        unchanged, issued, valid, recorded = (each.answered() for each in self.answers)
        if unchanged.verdict is Verdict.YES:
            unchanged = answer("unchanged", [finding("evidence.paper")], "")
        about = (self.document, self.profile, self.number)
        return Report(*about, unchanged, issued, valid, recorded, simulated=self.simulated, judged=NUMBER)


def read_told(value: object) -> Told | Finding:
    """The answer of a hub, from its JSON; or what is wrong with it."""
    try:
        told = Told.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return finding("evidence.malformed", "".join(f"/{part}" for part in first["loc"]), expected=first["msg"])
    if told.found and tuple(each.question for each in told.answers) != _QUESTIONS:
        return finding("evidence.malformed", "/answers", expected=", ".join(_QUESTIONS))
    return told


def with_hub(
    report: Report, told: Told | Finding, document: bytes, trust: TrustList, now: datetime, *, as_of: bool = False
) -> Report:
    """The answers on a document alone, completed by what a hub tells of it; a finding: it could not be asked. `as_of`:
    it is judged as of another day, of which a hub's word of today tells nothing; its proof does."""
    if isinstance(told, Finding):
        silent = report.valid if report.valid.verdict is Verdict.NO else answer("valid", [told], "")
        return replace(report, valid=silent, recorded=answer("recorded", [told], ""))
    if not told.found:
        return replace(report, recorded=answer("recorded", [finding("evidence.not-known")], ""))
    valid = told.report().valid
    if as_of or report.valid.verdict is Verdict.NO:
        valid = report.valid  # of that day; or its own dates say so
    return replace(report, document=told.document, valid=valid, recorded=_recorded(told, document, trust, now))


def _recorded(told: Told, document: bytes, trust: TrustList, now: datetime) -> Answer:
    """Whether the proof shows that just these bytes were accepted, as the document of that name, and stand on the
    record."""
    proof = told.proof
    if proof is None:
        return answer("recorded", [finding("log.waiting")], "")
    data = b64decode(proof.record)
    record, digest = read_record(data, "/record"), sha256_hex(document)
    if isinstance(record, Finding):
        return answer("recorded", [record], "")
    named = told.document or record.document_id
    shown = (record.kind, record.document_id, record.bytes_digest, record.space)
    if shown != ("document", named, digest, trust.space):
        stands, expected = f"{record.document_id}, {record.bytes_digest}", f"{named}, {digest}"
        other = finding("receipt.other-document", "/record", found=stands, expected=expected, attack="JWS-21")
        return answer("recorded", [other], "")
    log = log_in(proof.checkpoint, proof.timestamp, trust, now)
    checkpoint = log.checkpoint
    if isinstance(checkpoint, Finding):
        return answer("recorded", [checkpoint], "")
    leaf = proofs.leaf_hash(sha256(bytes.fromhex(proof.salt) + data).digest())
    way, at, size = proof.inclusion.hashes, proof.inclusion.index, proof.inclusion.size
    placed = (at, size) == (proof.leaf_index, checkpoint.size)
    if not placed or not proofs.verify_inclusion(
        leaf, at, size, [bytes.fromhex(each) for each in way], checkpoint.root
    ):
        return answer("recorded", [finding("log.not-included", found=f"leaf {at} of {size}", attack="LOG-7")], "")
    times = too_late(record.time, log.seen), logged_late(record.time, log.seen.since, trust)
    found = [*log.seen.findings, *(each for each in times if each is not None)]
    if record.time > now + TOLERANCE:
        late = f"at most {rfc3339(now)}"
        found.append(finding("log.future", found=rfc3339(record.time), expected=late, attack="LOG-14"))
    place = f"leaf {at} of {size} in {checkpoint.origin}{log.seen.sentence}"
    said = f"On the record since {rfc3339(record.time)} by the hub's clock: {place}."
    return answer("recorded", found, said, when=record.time)


def proof_of(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """What of `tradebridge-evidence/1` proves the acceptance; None while it waits for its place."""
    accepted = next((each for each in evidence["messages"] if each["kind"] == "document"), None)
    if accepted is None or accepted["inclusion"] is None or not evidence["checkpoint"]:
        return None
    told = {name: accepted[name] for name in ("record", "salt", "leafIndex", "inclusion")}
    seen = {"checkpoint": evidence["checkpoint"], "timestamp": evidence.get("timestamp")}
    return {**told, **seen, **(evidence.get("first") or {})}
