"""JSON of a trade platform over a shared ledger. Modelled on TradeWaltz, whose API is not public: names are invented.

1. A message is a structured trade document and its position on the ledger: the asset, its version, and the transaction
   that made this version. The document's content is its own JSON, unchanged, so that nothing is lost.
2. The transaction is the SHA-256 of the rest of the message, its members sorted: a message that was altered on its way
   does not fit its own position and is refused.
3. A decision is a trade event, the next version of the same asset.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from adapters.port import Address, Limits, Rendition, Statement
from adapters.reading import BILLS_OF_LADING, CERTIFICATES, document_from, opened, profile_to_carry, unreadable
from schemas.content import Syntax
from schemas.event import Event, EventType, Reason
from schemas.findings import Finding
from schemas.registry import Document

FORMAT = "tradewaltz-simulation/1"
MEDIA_TYPE = "application/json"

DOCUMENT_TYPES = {  # INVENTED
    **dict.fromkeys(CERTIFICATES, "CERTIFICATE_OF_ORIGIN"),
    "dcsa-transport-document/3.0": "BILL_OF_LADING",
    "dcsa-shipping-instructions/3.0": "SHIPPING_INSTRUCTIONS",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class _TradeEvent(_Part):
    type: EventType
    event_id: str
    content_digest: str
    recipient: str | None = None
    actor: dict[str, str]
    at: str
    reasons: tuple[Reason, ...] = ()
    body: dict[str, Any] = {}


class _Envelope(_Part):
    format: Annotated[str, Field(pattern=f"^{FORMAT}$")]
    message_id: str
    document_id: str
    sender: str
    recipient: str
    sent_at: str
    trade_document: dict[str, Any] | None = None
    trade_event: _TradeEvent | None = None
    ledger: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TradeWaltzCodec:
    """The platform's codec."""

    limits: Limits
    carried: tuple[str, ...] = field(default=(*CERTIFICATES, *BILLS_OF_LADING))

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, self.carried)
        trade_document = {
            "type": DOCUMENT_TYPES[document.profile],
            "profile": document.profile,
            "number": document.number,
            "content": json.loads(profile.encode[Syntax.JSON](document)),
        }
        return _rendition(address, {"tradeDocument": trade_document}, version=0)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        envelope = _opened(data)
        if isinstance(envelope, tuple):
            return envelope
        trade_document = envelope.trade_document
        if trade_document is None or not isinstance(trade_document.get("content"), dict):
            return (unreadable("/tradeDocument", expected="a trade document with its content"),)
        content = json.dumps(trade_document["content"], ensure_ascii=False).encode()
        return document_from(content, str(trade_document.get("profile", "")), self.carried)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        said = event.model_dump(mode="json", by_alias=True, exclude_none=True)
        trade_event = {
            "type": said["type"],
            "eventId": event.id,
            "contentDigest": event.document.content_digest,
            "recipient": event.recipient,
            "actor": said["actor"],
            "at": said["at"],
            "reasons": said["reasons"],
            "body": said["body"],
        }
        return _rendition(address, {"tradeEvent": trade_event}, version=event.expected_sequence + 1)

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        envelope = _opened(data)
        if isinstance(envelope, tuple):
            return envelope
        event = envelope.trade_event
        if event is None:
            return (unreadable("/tradeEvent", expected="a trade event"),)
        return Statement(
            type=event.type.value,
            message_id=envelope.message_id,
            document_id=envelope.document_id,
            reasons=tuple((reason.code, reason.pointer, reason.text) for reason in event.reasons),
            body=dict(event.body),
        )


def _rendition(address: Address, said: dict[str, Any], version: int) -> Rendition:
    message = {
        "format": FORMAT,
        "messageId": address.message_id,
        "documentId": address.document_id,
        "sender": address.sender,
        "recipient": address.recipient,
        "sentAt": address.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **said,
    }
    ledger = {"channel": "tradebridge-simulation", "asset": address.document_id, "version": version}
    message["ledger"] = {**ledger, "transaction": _transaction({**message, "ledger": ledger})}
    return Rendition(json.dumps(message, ensure_ascii=False).encode(), MEDIA_TYPE)


def _transaction(message: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the message without its transaction: JSON with sorted members and no blanks."""
    return hashlib.sha256(json.dumps(message, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _opened(data: bytes) -> _Envelope | tuple[Finding, ...]:
    content = opened(data, Syntax.JSON)
    if isinstance(content, Finding):
        return (content,)
    try:
        envelope = _Envelope.model_validate(content.value)
    except ValidationError as error:
        return tuple(
            unreadable("".join(f"/{part}" for part in each["loc"]), found=each["input"], expected=each["msg"])
            for each in error.errors(include_url=False)
        )
    ledger = {name: value for name, value in envelope.ledger.items() if name != "transaction"}
    transaction = _transaction({**content.value, "ledger": ledger})
    if envelope.ledger.get("transaction") != transaction:
        return (unreadable("/ledger/transaction", found=envelope.ledger.get("transaction"), expected=transaction),)
    return envelope
