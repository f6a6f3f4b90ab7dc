"""A document without its evidence: what its own signature and the trust list can answer, and what they cannot.

1. unchanged: its issuer's signature is over just this content. A key that is not believed proves nothing either way.
2. issued: the signer is on the list and may issue it. Nothing proves when it was signed, so where that decides (a
   certificate that ended since, a key that was withdrawn), it could not be checked.
3. valid: only that its validity has not ended by its own dates. What was said of it since stands on the record alone.
4. recorded: could not be checked. A hub that is asked can show the proof: see `tradebridge.evidence.told`.

With the versions of the trust list in hand, who signed is judged by the list of the day to judge by. Whom only another
version named, or allowed to issue it, is believed where a timestamp in the signature dates it to the time of such a
version. Without one it could not be checked, and is no 'no': the issuer may have left since.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.content import Content, open_content
from schemas.registry import Document, recognise
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import ABOUT_THE_SIGNER, ENDED, UNSURE, Answer, Report, answer, unsure_of_seal
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import TrustList, Verified
from tradebridge.evidence.validity import own_end
from tradebridge.evidence.verify import is_simulated


@dataclass(frozen=True, slots=True)
class _Read:
    """What could be read of it."""

    profile: str = ""
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class _Signed:
    """Who signed it, as far as that can be told."""

    seal: Verified | Finding | None
    trust: TrustList
    """By which that is judged."""
    unsure: Finding | None = None
    """Its signer is on this list only because an earlier version named it."""


def verify_document(data: bytes, trust: TrustList, now: datetime) -> Report:
    """The four answers on a document in XML, as JWS, or in JSON. `now`: the time to judge by, UTC."""
    content = open_content(data)
    signed = _Signed(content, trust) if isinstance(content, Finding) else _signed(content, trust, now)
    read = _Read() if isinstance(content, Finding) else _read(content)
    return Report(
        document="",
        profile=read.profile,
        number=read.document.number if read.document else None,
        unchanged=_is_unchanged(content, signed.seal),
        issued=_was_issued(read, signed, trust),
        valid=_is_valid(read, now),
        recorded=answer("recorded", [finding("evidence.no-proof")], ""),
        simulated=is_simulated(trust),
        judged="document",
    )


def _signed(content: Content, trust: TrustList, now: datetime) -> _Signed:
    today = trust.as_of(now)
    seal = verify_seal(content, today, now)
    if trust.history is None or not isinstance(seal, Finding) or seal.code != "signature.unknown-key":
        return _Signed(seal, today)
    ever = trust.history.everybody(trust)
    earlier = verify_seal(content, ever, now)
    if not isinstance(earlier, Verified):
        return _Signed(earlier, ever)
    then = trust.as_of(earlier.dated) if earlier.dated else today
    if isinstance(verify_seal(content, then, now), Verified):
        return _Signed(earlier, then)
    return _Signed(earlier, ever, replace(seal, found=f"{earlier.kid}, which another version of the list names"))


def _read(content: Content) -> _Read:
    profile = recognise(content)
    if isinstance(profile, Finding):
        return _Read()
    return _Read(profile.id, profile.decode(content).document)


def _is_unchanged(content: Content | Finding, seal: Verified | Finding | None) -> Answer:
    if isinstance(content, Finding):
        return answer("unchanged", [content], "")
    if seal is None:
        return answer("unchanged", [finding("signature.missing")], "")
    if isinstance(seal, Finding) and seal.code not in ENDED:  # those are judged after the signature has matched
        return answer("unchanged", [seal], "", UNSURE | ABOUT_THE_SIGNER | {"signature.wrong-type"})
    return answer("unchanged", [], f"As its signer signed it: SHA-256 of its content {content.content_digest}.")


def _was_issued(read: _Read, signed: _Signed, trust: TrustList) -> Answer:
    seal = signed.seal
    if seal is None:
        return answer("issued", [finding("signature.missing")], "")
    if isinstance(seal, Finding):
        return answer("issued", [seal], "", unsure_of_seal(at_proven_time=False) | {"signature.wrong-type"})
    member = signed.trust.member(seal.member)
    if read.document is None or member is None:
        return answer("issued", [finding("evidence.unreadable", found=read.profile or "an unknown profile")], "")
    if signed.unsure is not None:
        return answer("issued", [signed.unsure], "")
    refused, unsure = member.may_issue(read.profile, read.document.issued_by), UNSURE
    then = trust.as_of(seal.dated or seal.signed_at).member(seal.member)
    if refused and then is not None and then.may_issue(read.profile, read.document.issued_by) is None:
        refused, unsure = (None, UNSURE) if seal.dated else (refused, UNSURE | {refused.code})
    by = read.document.issued_by or "anybody"
    said = f"Signed by {seal.member}, as it says at {rfc3339(seal.signed_at)}, which may issue it ({by})."
    return answer("issued", [refused] if refused else [], said, unsure, who=seal.member)


def _is_valid(read: _Read, now: datetime) -> Answer:
    return answer("valid", own_end(read.profile, read.document, now) or [finding("evidence.no-history")], "")
