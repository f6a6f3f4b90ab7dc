"""What the hub lists with evidence: these are all the messages about the document, as of now, that you may see.

Each message proves itself, and so a file from which one was taken out would hold as well as a whole one. The listing is
the hub's word that nothing is missing: a JWS by the hub (`typ` `tradebridge-listing+jws`, purpose `bundle`) over
canonical JSON:

    {"format": "tradebridge-listing/1", "documentId", "contentDigest", "member": for whom, empty: the operator,
     "messages": [message ids, in order], "checkpoint": the text of the note without signatures, or null,
     "time", "space", "simulated"}

1. The evidence has just these messages, in this order, and this checkpoint. So a listing of another day lists another
   day's evidence: what came later is answered for by neither.
2. A bundle needs none: the hub has signed all of it together, and it is as of that signature.
3. Nothing dates a listing: by a key that was withdrawn since it says nothing, for whoever has that key can make one.
4. Evidence that nobody lists may lack what ended the document: whether it is valid could not be checked.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tradebridge.evidence import canonical, jws
from tradebridge.evidence.file import EvidenceFile, Hash, last_recorded
from tradebridge.evidence.notes import split_note
from tradebridge.evidence.refusals import Finding, finding, malformed
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.times import TOLERANCE, from_rfc3339, rfc3339
from tradebridge.evidence.trust import TrustedKey, TrustList

FORMAT = "tradebridge-listing/1"
PURPOSE = "bundle"


@dataclass(frozen=True, slots=True)
class Listing:
    """These are all the messages about the document, as of `time`."""

    document_id: str
    content_digest: str
    member: str
    """Who may see them; empty: the operator."""
    messages: tuple[str, ...]
    """Their ids, in the order of the evidence."""
    checkpoint: str | None
    """The text of its note, without signatures."""
    time: datetime
    space: str = ""
    simulated: bool = False
    key: TrustedKey | None = field(default=None, compare=False)
    """By which it is signed; None: it is still to be."""

    def sign(self, signer: Signer) -> str:
        payload = canonical.dumps(
            {
                "format": FORMAT,
                "documentId": self.document_id,
                "contentDigest": self.content_digest,
                "member": self.member,
                "messages": list(self.messages),
                "checkpoint": self.checkpoint,
                "time": rfc3339(self.time),
                "space": self.space,
                "simulated": self.simulated,
            }
        )
        return jws.sign(payload, jws.LISTING, signer, self.time)


def text_of(note: str | None) -> str | None:
    """What a listing tells of a checkpoint: the text that the log has signed. Of no signed note: all of it."""
    parts = split_note(note) if note else None
    return note or None if parts is None or isinstance(parts, Finding) else parts[0]


def check_listing(file: EvidenceFile, trust: TrustList) -> Listing | Finding:
    """The listing of just this evidence (rule 1), or why nobody says that it is whole."""
    if file.listing is None:
        return finding("evidence.not-listed", "/listing", expected="the hub's listing, or a bundle")
    listing = read_listing(file.listing, trust)
    if isinstance(listing, Finding):
        return replace(listing, pointer=f"/listing{listing.pointer}")
    about = (listing.document_id, listing.content_digest)
    if about != (file.document.id, file.document.content_digest):
        expected = file.document.id
        return finding(
            "receipt.other-document", "/listing", found=listing.document_id, expected=expected, attack="JWS-21"
        )
    there = tuple(each.message_id for each in file.messages)
    if there != listing.messages:
        missing = [each for each in listing.messages if each not in there]
        found = f"without {', '.join(missing)}" if missing else ", ".join(there)
        return finding("evidence.incomplete", "/messages", found=found, expected=", ".join(listing.messages))
    if text_of(file.checkpoint) != listing.checkpoint:
        return finding("evidence.incomplete", "/checkpoint", found="another checkpoint than the listing is for")
    last = last_recorded(file)
    # An older one could be by a key that was withdrawn before the latest was recorded.
    if last is not None and last > listing.time + TOLERANCE:
        told, expected = f"a listing of {rfc3339(listing.time)}", f"at least {rfc3339(last)}, as a record is of"
        return finding("evidence.incomplete", "/listing/time", found=told, expected=expected)
    return listing


def read_listing(token: str, trust: TrustList) -> Listing | Finding:
    """A listing by the hub of this trust list. Nothing proves its time: it is judged by its own."""
    verified = jws.verify(token, jws.LISTING, PURPOSE, trust, None)
    if isinstance(verified, Finding):
        return verified
    value = canonical.loads(verified.payload)
    if isinstance(value, Finding):
        return value
    try:
        form = _Form.model_validate(value)
    except ValidationError as error:
        return malformed("receipt.malformed", error)
    if verified.member != trust.hub.id:
        return finding("receipt.wrong-speaker", found=verified.member, expected=trust.hub.id, attack="JWS-21")
    if form.space != trust.space:
        return finding("receipt.wrong-space", "/space", found=form.space, expected=trust.space, attack="JWS-21")
    time = from_rfc3339(form.time)
    if time is None or abs(time - verified.signed_at) > TOLERANCE:
        return finding("receipt.wrong-time", "/time", found=form.time, expected=rfc3339(verified.signed_at))
    return Listing(
        form.document_id,
        form.content_digest,
        form.member,
        form.messages,
        form.checkpoint,
        time,
        form.space,
        form.simulated,
        verified.key,
    )


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)

    format: Literal["tradebridge-listing/1"]
    document_id: str
    content_digest: Hash
    member: Annotated[str, Field(max_length=100)]
    messages: Annotated[tuple[str, ...], Field(strict=False)]
    checkpoint: str | None
    time: str
    space: str
    simulated: bool
