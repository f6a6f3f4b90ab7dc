"""Evidence made from nothing but keys: what a hub would hand out for one document, built without a hub."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from schemas.content import Content, Syntax, open_content
from schemas.event import Actor, Event, EventType, Reason, Subject, encode_event
from schemas.registry import profile_of
from tests.evidence.world import AT, HUB, LOG_KEY, ORIGIN, SG, TH, TRUST
from tradebridge.evidence import canonical, jws, notes, proofs, simulation, xades
from tradebridge.evidence.listing import Listing, text_of
from tradebridge.evidence.receipts import Acknowledgement, Attestation, DeliveryNote, Original, Receipt, Rendered
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.times import rfc3339

PROFILE = "atiga-form-d/2022"
DOCUMENT_ID = "doc_0000000000000000000000001"
MINUTE = timedelta(minutes=1)
RENDITION = b"<rendition/>"
"""What TH-NSW got beside the original."""
NOW = AT + timedelta(days=1)
OTHER_LEAVES = [proofs.leaf_hash(f"of another document {index}".encode()) for index in range(300)]


def form_d(exporter: str = "SG", number: str = "SG-2026-00041", syntax: Syntax = Syntax.XML) -> bytes:
    """A Form D, unsigned."""
    profile = profile_of(PROFILE)
    assert profile is not None
    return profile.encode[syntax](profile.example(exporter=exporter, importer="TH", number=number, at=AT))


def sealed(signer: LocalSigner = SG, at: datetime = AT, **facts: Any) -> bytes:
    return xades.sign(form_d(**facts), signer, at)


def content_of(data: bytes) -> Content:
    content = open_content(data)
    assert isinstance(content, Content), content
    return content


@dataclass(frozen=True)
class Message:
    """One message on its way into the evidence: the statements can be replaced before it is built."""

    kind: str
    id: str
    member: str
    data: bytes
    at: datetime
    profile: str = PROFILE
    recipients: tuple[str, ...] = ("TH-NSW",)
    attestation: str | None = None
    document_id: str = DOCUMENT_ID
    space: str = ""

    def receipt(self) -> Receipt:
        content = content_of(self.data)
        return Receipt(
            message_id=self.id,
            document_id=self.document_id,
            member=self.member,
            recipients=self.recipients,
            bytes_digest=content.bytes_digest,
            content_digest=content.content_digest,
            profile=self.profile,
            time=self.at,
            space=self.space,
            simulated=True,
        )

    def record(self) -> bytes:
        content = content_of(self.data)
        return canonical.dumps(
            {
                "kind": self.kind,
                "messageId": self.id,
                "documentId": self.document_id,
                "member": self.member,
                "profile": self.profile,
                "bytesDigest": content.bytes_digest,
                "contentDigest": content.content_digest,
                "time": rfc3339(self.at),
                "space": self.space,
            }
        )

    def salt(self) -> bytes:
        return simulation.hmac_value("case", "salt", self.id.encode())

    def leaf(self) -> bytes:
        return proofs.leaf_hash(sha256(self.salt() + self.record()).digest())


BODIES: dict[EventType, dict[str, Any]] = {
    EventType.ANSWERED: {"text": "As on the packing list."},
    EventType.UTILISED: {
        "declaration": {"reference": "TH-2026-00001", "date": "2026-01-05", "country": "TH"},
        "items": [{"number": 1, "quantity": {"value": "1", "unit": "KGM"}}],
    },
    EventType.EXPIRED: {"validUntil": "2027-01-05"},
    EventType.REPLACED: {
        "by": {"number": "SG-2026-00042", "document": "doc_0000000000000042", "contentDigest": "0" * 64}
    },
}
_WHOLE = (EventType.CANCELLED, EventType.EXPIRED, EventType.REPLACED)


def event(
    kind: EventType,
    signer: LocalSigner = TH,
    sequence: int = 0,
    data: bytes | None = None,
    at: datetime = AT + MINUTE,
    **changes: Any,
) -> Message:
    """An event on the document, as its message. `changes` are members of the event to replace."""
    content = content_of(sealed() if data is None else data)
    stated = Event(
        id=f"evt_000000000000{kind.value}{sequence}",
        type=kind,
        document=Subject(id=DOCUMENT_ID, content_digest=content.content_digest),
        recipient=None if kind in _WHOLE else "TH-NSW",
        expected_sequence=sequence,
        actor=Actor(member=signer.member, person="Officer 1", role="officer"),
        at=at,
        reasons=(Reason(code="other", text="see there"),) if kind in (EventType.QUERIED, EventType.REJECTED) else (),
        body=BODIES.get(kind, {}),
    ).model_copy(update=changes)
    token = jws.sign(encode_event(stated), jws.EVENT, signer, at).encode()
    return Message("event", f"msg_{kind.value}{sequence}", signer.member, token, at, "tradebridge-event/1", ("SG-NSW",))


@dataclass(frozen=True)
class Case:
    """A document, its messages and deliveries."""

    data: bytes = field(default_factory=sealed)
    at: datetime = AT
    member: str = "SG-NSW"
    events: Sequence[Message] = ()
    attested: bool = False

    def acceptance(self) -> Message:
        message = Message("document", "msg_document", self.member, self.data, self.at)
        return replace(message, attestation=attestation(message)) if self.attested else message

    def build(self) -> dict[str, Any]:
        """The evidence, as parsed JSON. The leaves stand among those of other documents."""
        messages = [self.acceptance(), *self.events]
        leaves = list(OTHER_LEAVES)
        for at, message in enumerate(messages):
            leaves.insert(100 + 37 * at, message.leaf())
        content = content_of(self.data)
        tree = _tree(leaves)
        evidence = {
            "format": "tradebridge-evidence/1",
            "document": {
                "id": DOCUMENT_ID,
                "profile": PROFILE,
                "number": "SG-2026-00041",
                "mediaType": content.media_type,
                "bytes": b64encode(self.data).decode(),
                "bytesDigest": content.bytes_digest,
                "contentDigest": content.content_digest,
            },
            "messages": [_form(message, leaves.index(message.leaf()), len(leaves), tree) for message in messages],
            "deliveries": [
                {
                    "recipient": "TH-NSW",
                    "note": note(content).sign(HUB, AT),
                    "acknowledgement": acknowledgement(content).sign(TH, AT + MINUTE),
                },
                {"recipient": "TH-NSW", "note": note(content).sign(HUB, AT), "acknowledgement": None},
            ],
            "checkpoint": notes.sign_checkpoint(ORIGIN, len(leaves), proofs.tree_root(len(leaves), tree), LOG_KEY),
            "trust": TRUST.to_json(),
            "simulated": True,
        }
        evidence["listing"] = listing(messages, content, str(evidence["checkpoint"])).sign(HUB)
        parsed: dict[str, Any] = json.loads(json.dumps(evidence))
        return parsed


def listing(messages: Sequence[Message], content: Content, checkpoint: str) -> Listing:
    """These are all the messages, as of the last of them."""
    return Listing(
        document_id=DOCUMENT_ID,
        content_digest=content.content_digest,
        member="",
        messages=tuple(each.id for each in messages),
        checkpoint=text_of(checkpoint),
        time=max(each.at for each in messages),
        simulated=True,
    )


def attestation(message: Message, signer: LocalSigner = HUB) -> str:
    content = content_of(message.data)
    return Attestation(
        message_id=message.id,
        document_id=DOCUMENT_ID,
        member=message.member,
        bytes_digest=content.bytes_digest,
        content_digest=content.content_digest,
        profile=PROFILE,
        time=message.at,
    ).sign(signer, message.at)


def note(content: Content, document_id: str = DOCUMENT_ID) -> DeliveryNote:
    return DeliveryNote(
        delivery="dlv_1",
        message_id="msg_document",
        document_id=document_id,
        sender="SG-NSW",
        recipient="TH-NSW",
        profile=PROFILE,
        number="SG-2026-00041",
        original=Original(content.bytes_digest, content.media_type),
        rendition=Rendered(sha256(RENDITION).hexdigest(), "application/xml", "asw"),
        findings=(),
        time=AT,
        simulated=True,
    )


def acknowledgement(content: Content, delivery: str = "dlv_1", member: str = "TH-NSW") -> Acknowledgement:
    return Acknowledgement(delivery, "msg_document", content.bytes_digest, member, AT + MINUTE)


def _tree(leaves: list[bytes]) -> proofs.NodeReader:
    return lambda level, index: proofs.root_of(leaves[index << level : (index + 1) << level])


def _form(message: Message, index: int, size: int, tree: proofs.NodeReader) -> dict[str, Any]:
    hashes = proofs.inclusion_proof(index, size, tree)
    return {
        "kind": message.kind,
        "messageId": message.id,
        "bytes": b64encode(message.data).decode() if message.kind == "event" else None,
        "receipt": message.receipt().sign(HUB, message.at),
        "attestation": message.attestation,
        "record": b64encode(message.record()).decode(),
        "salt": message.salt().hex(),
        "leafIndex": index,
        "inclusion": {"size": size, "index": index, "hashes": [each.hex() for each in hashes]},
    }
