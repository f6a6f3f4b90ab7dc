"""What the hub and the recipients state, each as a compact JWS over RFC 8785 JSON.

| statement       | by            | says |
| receipt         | the hub       | I accepted these bytes, from this member, at this time, and will log them |
| delivery note   | the hub       | this rendition is of that original: both digests, and what was lost |
| acknowledgement | the recipient | I have it |
| attestation     | the hub       | this is what I received: its issuer had not signed it |

1. The members are those of docs/reference/api.md, no more and no fewer, and of their types.
2. The payload is canonical: what is read is what was signed, byte for byte.
3. The one who signs is the one who speaks: the hub for its own, for an acknowledgement the member that it names.
4. The time that a statement tells and the time of its signature lie at most five minutes apart.
5. A receipt or attestation belongs to the space of the trust list that it is checked with.

`read_*` answers the statement or the finding that refuses it; `at` is when the statement is known to exist, None where
nothing is known but what it says itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tradebridge.evidence import canonical, jws
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.times import TOLERANCE, from_rfc3339, rfc3339
from tradebridge.evidence.trust import TrustList, Verified


@dataclass(frozen=True, slots=True)
class Receipt:
    """The hub accepted these bytes, from this member, at this time, and will log them."""

    message_id: str
    document_id: str
    member: str
    """Who handed it in."""
    recipients: tuple[str, ...]
    bytes_digest: str
    content_digest: str
    profile: str
    time: datetime
    space: str = ""
    simulated: bool = False

    def payload(self) -> bytes:
        return canonical.dumps(
            {
                "bytesDigest": self.bytes_digest,
                "contentDigest": self.content_digest,
                "documentId": self.document_id,
                "member": self.member,
                "messageId": self.message_id,
                "profile": self.profile,
                "recipients": self.recipients,
                "simulated": self.simulated,
                "space": self.space,
                "time": rfc3339(self.time),
            }
        )

    def sign(self, signer: Signer, at: datetime) -> str:
        return jws.sign(self.payload(), jws.RECEIPT, signer, at)


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes that the sender sent."""

    digest: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The bytes that the hub made of them for this recipient."""

    digest: str
    media_type: str
    style: str
    losses: tuple[Mapping[str, str], ...] = ()
    """`pointer` and `reason` of what this form does not carry."""


@dataclass(frozen=True, slots=True)
class DeliveryNote:
    """This rendition is of that original."""

    delivery: str
    message_id: str
    document_id: str
    sender: str
    recipient: str
    profile: str
    number: str | None
    original: Original
    rendition: Rendered | None
    """None: the recipient takes the original."""
    findings: tuple[Mapping[str, Any], ...]
    """Warnings that travel with the document, as `Finding.to_json` gives them."""
    time: datetime
    simulated: bool = False

    def payload(self) -> bytes:
        rendition = self.rendition
        return canonical.dumps(
            {
                "delivery": self.delivery,
                "documentId": self.document_id,
                "findings": list(self.findings),
                "messageId": self.message_id,
                "number": self.number,
                "original": {"digest": self.original.digest, "mediaType": self.original.media_type},
                "profile": self.profile,
                "recipient": self.recipient,
                "rendition": rendition
                and {
                    "digest": rendition.digest,
                    "losses": list(rendition.losses),
                    "mediaType": rendition.media_type,
                    "style": rendition.style,
                },
                "sender": self.sender,
                "simulated": self.simulated,
                "time": rfc3339(self.time),
            }
        )

    def sign(self, signer: Signer, at: datetime) -> str:
        return jws.sign(self.payload(), jws.NOTE, signer, at)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The recipient has it."""

    delivery: str
    message_id: str
    digest: str
    """Of the original."""
    member: str
    time: datetime

    def payload(self) -> bytes:
        return canonical.dumps(
            {
                "delivery": self.delivery,
                "digest": self.digest,
                "member": self.member,
                "messageId": self.message_id,
                "time": rfc3339(self.time),
            }
        )

    def sign(self, signer: Signer, at: datetime) -> str:
        return jws.sign(self.payload(), jws.ACK, signer, at)


@dataclass(frozen=True, slots=True)
class Attestation:
    """The hub received this document without its issuer's signature, as the member's policy allows."""

    message_id: str
    document_id: str
    member: str
    bytes_digest: str
    content_digest: str
    profile: str
    time: datetime
    space: str = ""

    def payload(self) -> bytes:
        return canonical.dumps(
            {
                "bytesDigest": self.bytes_digest,
                "contentDigest": self.content_digest,
                "documentId": self.document_id,
                "member": self.member,
                "messageId": self.message_id,
                "profile": self.profile,
                "space": self.space,
                "time": rfc3339(self.time),
            }
        )

    def sign(self, signer: Signer, at: datetime) -> str:
        return jws.sign(self.payload(), jws.ATTESTATION, signer, at)


# --- Reading ---------------------------------------------------------------------------------------------------------


def read_receipt(token: bytes | str, trust: TrustList, at: datetime | None) -> Receipt | Finding:
    """A receipt of the hub of this trust list."""
    read = _open(token, jws.RECEIPT, "receipt", _RECEIPT, trust, at)
    if isinstance(read, Finding):
        return read
    members, verified = read
    refused = _not_hub(verified, trust) or _other_space(members, trust)
    if refused:
        return refused
    return Receipt(
        message_id=members["messageId"],
        document_id=members["documentId"],
        member=members["member"],
        recipients=tuple(members["recipients"]),
        bytes_digest=members["bytesDigest"],
        content_digest=members["contentDigest"],
        profile=members["profile"],
        time=_moment(members),
        space=members["space"],
        simulated=members["simulated"],
    )


def read_note(token: bytes | str, trust: TrustList, at: datetime | None) -> DeliveryNote | Finding:
    """A delivery note of the hub of this trust list."""
    read = _open(token, jws.NOTE, "note", _NOTE, trust, at)
    if isinstance(read, Finding):
        return read
    members, verified = read
    refused = _not_hub(verified, trust)
    if refused:
        return refused
    original, rendition = members["original"], members["rendition"]
    return DeliveryNote(
        delivery=members["delivery"],
        message_id=members["messageId"],
        document_id=members["documentId"],
        sender=members["sender"],
        recipient=members["recipient"],
        profile=members["profile"],
        number=members["number"],
        original=Original(original["digest"], original["mediaType"]),
        rendition=rendition
        and Rendered(rendition["digest"], rendition["mediaType"], rendition["style"], tuple(rendition["losses"])),
        findings=tuple(members["findings"]),
        time=_moment(members),
        simulated=members["simulated"],
    )


def read_acknowledgement(token: bytes | str, trust: TrustList, at: datetime | None) -> Acknowledgement | Finding:
    """An acknowledgement by the member that it names."""
    read = _open(token, jws.ACK, "ack", _ACKNOWLEDGEMENT, trust, at)
    if isinstance(read, Finding):
        return read
    members, verified = read
    if members["member"] != verified.member:
        return finding(
            "receipt.wrong-speaker", "/member", found=verified.member, expected=members["member"], attack="JWS-21"
        )
    return Acknowledgement(
        delivery=members["delivery"],
        message_id=members["messageId"],
        digest=members["digest"],
        member=members["member"],
        time=_moment(members),
    )


def read_attestation(token: bytes | str, trust: TrustList, at: datetime | None) -> Attestation | Finding:
    """An attestation of the hub of this trust list."""
    read = _open(token, jws.ATTESTATION, "attestation", _ATTESTATION, trust, at)
    if isinstance(read, Finding):
        return read
    members, verified = read
    refused = _not_hub(verified, trust) or _other_space(members, trust)
    if refused:
        return refused
    return Attestation(
        message_id=members["messageId"],
        document_id=members["documentId"],
        member=members["member"],
        bytes_digest=members["bytesDigest"],
        content_digest=members["contentDigest"],
        profile=members["profile"],
        time=_moment(members),
        space=members["space"],
    )


def _open(
    token: bytes | str,
    typ: str,
    purpose: str,
    form: Mapping[str, Callable[[object], bool]],
    trust: TrustList,
    at: datetime | None,
) -> tuple[dict[str, Any], Verified] | Finding:
    """The members of a statement (rules 1, 2 and 4), and who signed it."""
    verified = jws.verify(token, typ, purpose, trust, at)
    if isinstance(verified, Finding):
        return verified
    members = canonical.loads(verified.payload)
    if isinstance(members, Finding):
        return members
    wrong = _mismatch(members, form)
    if wrong is not None:
        return wrong
    if abs(_moment(members) - verified.signed_at) > TOLERANCE:
        return finding("receipt.wrong-time", "/time", found=members["time"], expected=rfc3339(verified.signed_at))
    return members, verified


def _mismatch(members: Mapping[str, Any], form: Mapping[str, Callable[[object], bool]]) -> Finding | None:
    for name in members:
        if name not in form:
            return finding("receipt.malformed", f"/{name}", found=name, expected="no such member", attack="JSN-11")
    for name, is_right in form.items():
        if name not in members or not is_right(members[name]):
            return finding("receipt.malformed", f"/{name}", found=members.get(name, "nothing"))
    return None


def _not_hub(verified: Verified, trust: TrustList) -> Finding | None:
    if verified.member == trust.hub.id:
        return None
    return finding("receipt.wrong-speaker", found=verified.member, expected=trust.hub.id, attack="JWS-21")


def _other_space(members: Mapping[str, Any], trust: TrustList) -> Finding | None:
    if members["space"] == trust.space:
        return None
    return finding("receipt.wrong-space", "/space", found=members["space"], expected=trust.space, attack="JWS-21")


def _moment(members: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(members["time"])  # the form has checked it


# --- The forms: each member and what it must be ----------------------------------------------------------------------

_HEX = re.compile(r"[0-9a-f]{64}")


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500


def _text_or_none(value: object) -> bool:
    return value is None or _text(value)


def _space(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 100


def _digest(value: object) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _time(value: object) -> bool:
    return isinstance(value, str) and value.endswith("Z") and from_rfc3339(value) is not None


def _boolean(value: object) -> bool:
    return isinstance(value, bool)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(_text(each) for each in value)


def _findings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _original(value: object) -> bool:
    return isinstance(value, dict) and _mismatch(value, {"digest": _digest, "mediaType": _text}) is None


def _losses(value: object) -> bool:
    form = {"pointer": lambda text: isinstance(text, str), "reason": lambda text: isinstance(text, str)}
    return isinstance(value, list) and all(isinstance(loss, dict) and _mismatch(loss, form) is None for loss in value)


def _rendition(value: object) -> bool:
    form = {"digest": _digest, "mediaType": _text, "style": _text, "losses": _losses}
    return value is None or (isinstance(value, dict) and _mismatch(value, form) is None)


_ATTESTATION: Mapping[str, Callable[[object], bool]] = {
    "messageId": _text,
    "documentId": _text,
    "member": _text,
    "bytesDigest": _digest,
    "contentDigest": _digest,
    "profile": _text,
    "time": _time,
    "space": _space,
}
_RECEIPT = {**_ATTESTATION, "recipients": _texts, "simulated": _boolean}
_NOTE: Mapping[str, Callable[[object], bool]] = {
    "delivery": _text,
    "messageId": _text,
    "documentId": _text,
    "sender": _text,
    "recipient": _text,
    "profile": _text,
    "number": _text_or_none,
    "original": _original,
    "rendition": _rendition,
    "findings": _findings,
    "time": _time,
    "simulated": _boolean,
}
_ACKNOWLEDGEMENT: Mapping[str, Callable[[object], bool]] = {
    "delivery": _text,
    "messageId": _text,
    "digest": _digest,
    "member": _text,
    "time": _time,
}
