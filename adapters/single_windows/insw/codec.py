"""JSON messages of Indonesia's style, for a window that knows its callers by a key in a header.

What is kept, from public code that calls the real one (secondary; none of it was run, no key of it is used): JSON over
HTTPS, and the header `Insw-key`.

What is invented: every member, every code, and that certificates of other windows come in by such a call at all. The
certificate is its own JSON, unchanged, so that nothing of it is lost.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from adapters.elements import timestamp
from adapters.port import Address, Answer, Limits, Loss, Refusal, Rendition, Statement
from adapters.reading import CERTIFICATES, document_from, opened, profile_to_carry, turned_away, unreadable
from adapters.saying import CODED, Said, said_of
from schemas.content import Syntax
from schemas.event import Event, EventType
from schemas.findings import Finding
from schemas.registry import Document

MEDIA_TYPE = "application/json"
KEY_HEADER = "Insw-key"
FORMAT = "insw-simulation/1"

STATUSES = {each.value: f"{200 + number}" for number, each in enumerate(EventType)}  # INVENTED
_TYPES = {status: event_type for event_type, status in STATUSES.items()}

ERRORS = {  # INVENTED
    "unreadable": "E400",
    "too-many": "E413",
    "missing": "E422",
    "signature": "E401",
    "other": "E500",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class _Header(_Part):
    format: Annotated[str, Field(pattern=f"^{FORMAT}$")]
    message_id: str
    document_id: str
    sender: str
    recipient: str
    sent_at: str


class _Certificate(_Part):
    profile: str
    number: str | None
    content: dict[str, Any]


class _Reason(_Part):
    code: str
    pointer: str
    text: str


class _Response(_Part):
    status: str
    event_id: str
    content_digest: str
    window: str
    details: dict[str, str]
    reasons: tuple[_Reason, ...]


class _Message(_Part):
    header: _Header
    certificate: _Certificate | None = None
    response: _Response | None = None
    errors: tuple[_Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class InswCodec:
    """One window's codec."""

    limits: Limits

    @property
    def codes(self) -> dict[str, str]:
        return ERRORS

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, CERTIFICATES)
        content = json.loads(profile.encode[Syntax.JSON](document))
        certificate = {"profile": document.profile, "number": document.number, "content": content}
        return Rendition(_written(address, certificate=certificate), MEDIA_TYPE)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        message = _opened(data)
        if isinstance(message, Finding):
            return (message,)
        certificate = message.certificate
        if certificate is None:
            return (unreadable("/certificate", expected="a certificate"),)
        content = json.dumps(certificate.content, ensure_ascii=False).encode()
        return document_from(content, certificate.profile, CERTIFICATES)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses: list[Loss] = []
        said = said_of(event, address, losses)
        response = {
            "status": STATUSES[said.type],
            "eventId": said.event_id,
            "contentDigest": said.content_digest,
            "window": said.recipient,
            "details": said.texts,
            "reasons": [dict(zip(CODED, reason, strict=True)) for reason in said.reasons],
        }
        return Rendition(_written(address, response=response), MEDIA_TYPE, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        message = _opened(data)
        if isinstance(message, Finding):
            return (message,)
        if message.errors:
            return (turned_away("/errors", _coded(message.errors)),)
        response = message.response
        if response is None or response.status not in _TYPES:
            found = "" if response is None else response.status
            return (unreadable("/response/status", found=found, expected=", ".join(_TYPES)),)
        reasons = _coded(response.reasons)
        header = message.header
        said = Said(
            _TYPES[response.status], header.message_id, header.document_id, texts=response.details, reasons=reasons
        )
        return said.statement()

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        errors = [dict(zip(CODED, reason, strict=True)) for reason in refusal.reasons]
        return Answer(_written(address, errors=errors), MEDIA_TYPE)

    def decode_refusal(self, data: bytes) -> Refusal | tuple[Finding, ...]:
        message = _opened(data)
        if isinstance(message, Finding):
            return (message,)
        if not message.errors:
            return (unreadable("/errors", expected="a list of errors"),)
        return Refusal(message.header.message_id, _coded(message.errors))


def _coded(reasons: Iterable[_Reason]) -> tuple[tuple[str, str, str], ...]:
    return tuple((each.code, each.pointer, each.text) for each in reasons)


def _written(address: Address, **parts: object) -> bytes:
    header = {
        "format": FORMAT,
        "messageId": address.message_id,
        "documentId": address.document_id,
        "sender": address.sender,
        "recipient": address.recipient,
        "sentAt": timestamp(address.at),
    }
    return json.dumps({"header": header, **parts}, ensure_ascii=False, separators=(",", ":")).encode()


def _opened(data: bytes) -> _Message | Finding:
    content = opened(data, Syntax.JSON)
    if isinstance(content, Finding):
        return content
    try:
        return _Message.model_validate(content.value)
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "".join(f"/{step}" for step in first["loc"])
        return unreadable(pointer, found=str(first["input"])[:100], expected=first["msg"])
