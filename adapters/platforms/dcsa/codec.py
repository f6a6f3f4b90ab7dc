"""DCSA's messages of the bill of lading, version 3.0.

1. Documents are exact: the rendition of a transport document or of shipping instructions is the document itself.
2. Events are modelled as notifications (CloudEvents 1.0, type `org.dcsa.shipping-instructions.v3`) with statuses and
   feedback of EBL 3.0.4 only. DCSA has no notification for what a hub says of any document, so the document's id
   stands as `shippingInstructionsReference`, and which status says what is our choice (`STATUSES`).
3. A reason's code stands in a feedback's `property`, since DCSA's own codes are a closed list; its pointer becomes the
   JSONPath that DCSA asks for.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from adapters.port import Address, CannotCarry, Limits, Loss, Rendition, Statement
from adapters.reading import (
    BILLS_OF_LADING,
    BODY_TEXTS,
    body_of,
    body_texts,
    document_from,
    opened,
    profile_to_carry,
    reason_losses,
    unreadable,
)
from schemas.content import Syntax
from schemas.event import Event, Reason
from schemas.findings import Finding, finding
from schemas.registry import Document, profile_of

MEDIA_TYPE = "application/json"
EVENT_TYPE = "org.dcsa.shipping-instructions.v3"

STATUSES = {  # values of EBL 3.0.4; (status, updated status); which one says what: MODELLED
    "accepted": ("RECEIVED", "UPDATE_CONFIRMED"),
    "queried": ("PENDING_UPDATE", ""),
    "answered": ("RECEIVED", "UPDATE_RECEIVED"),
    "rejected": ("DECLINED", ""),
    "utilised": ("COMPLETED", ""),
    "cancelled": ("CANCELLED", ""),
}
_TYPES = {statuses: event_type for event_type, statuses in STATUSES.items()}
_REFUSING = ("queried", "rejected")

MAX_JSON_PATH = 500
"""Characters of a feedback's jsonPath (EBL 3.0.4)."""


class _Lenient(BaseModel):
    """DCSA's messages are open: members that we do not know are no fault."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class _Feedback(_Lenient):
    severity: str
    code: str
    message: str = ""
    json_path: str = ""
    property: str = ""


class _Data(_Lenient):
    shipping_instructions_status: str
    updated_shipping_instructions_status: str = ""
    shipping_instructions_reference: str
    feedbacks: tuple[_Feedback, ...] = ()


class _Notification(_Lenient):
    specversion: str
    id: str
    source: str
    type: str
    data: _Data


@dataclass(frozen=True, slots=True)
class DcsaCodec:
    """A carrier platform's codec."""

    limits: Limits
    carried: tuple[str, ...] = field(default=BILLS_OF_LADING)

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, self.carried)
        return Rendition(profile.encode[Syntax.JSON](document), MEDIA_TYPE)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        content = opened(data, Syntax.JSON)
        if isinstance(content, Finding):
            return (content,)
        own = next((each for each in self.carried if _is_of(each, content)), None)
        if own is None:
            return (unreadable(expected="a transport document or shipping instructions of DCSA's EBL 3.0"),)
        return document_from(data, own, self.carried)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses = [
            Loss("/expectedSequence", "DCSA's notifications do not count the events of a document"),
            Loss("/document/contentDigest", "DCSA's notifications name a document by reference only"),
            Loss("/actor", "DCSA's notifications name their source, not the officer"),
            Loss("/id", "a notification has one id: that of the message"),
            *reason_losses(event),
        ]
        if event.type not in STATUSES:
            raise CannotCarry(finding("partner.cannot-carry", found=event.type, expected=", ".join(STATUSES)))
        status, updated = STATUSES[event.type]
        said = [_feedback(event.type, number, reason, losses) for number, reason in enumerate(event.reasons)]
        said += [_information(name, value) for name, value in body_texts(event, losses)]
        data = {
            "shippingInstructionsStatus": status,
            "updatedShippingInstructionsStatus": updated,
            "shippingInstructionsReference": address.document_id,
            "feedbacks": said,
        }
        notification = {
            "specversion": "1.0",
            "id": address.message_id,
            "source": f"urn:tradebridge:{address.sender}",
            "type": EVENT_TYPE,
            "time": address.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "subscriptionReference": address.recipient,
            "data": {name: value for name, value in data.items() if value},
        }
        return Rendition(json.dumps(notification, ensure_ascii=False).encode(), MEDIA_TYPE, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        content = opened(data, Syntax.JSON)
        if isinstance(content, Finding):
            return (content,)
        try:
            notification = _Notification.model_validate(content.value)
        except ValidationError as error:
            return tuple(
                unreadable("".join(f"/{part}" for part in each["loc"]), found=each["input"], expected=each["msg"])
                for each in error.errors(include_url=False)
            )
        said = notification.data
        statuses = (said.shipping_instructions_status, said.updated_shipping_instructions_status)
        if notification.type != EVENT_TYPE or statuses not in _TYPES:
            return (unreadable("/data", found=" ".join(statuses), expected=" or ".join(map(" ".join, _TYPES))),)
        return Statement(
            type=_TYPES[statuses],
            message_id=notification.id,
            document_id=said.shipping_instructions_reference,
            reasons=tuple(
                (each.property, pointer_of(each.json_path), each.message)
                for each in said.feedbacks
                if each.code != _INFORMATION
            ),
            body=body_of(
                {
                    each.property: each.message
                    for each in said.feedbacks
                    if each.code == _INFORMATION and each.property in BODY_TEXTS
                }
            ),
        )


_INFORMATION = "INFORMATIONAL_MESSAGE"


def _is_of(profile_id: str, content: Any) -> bool:
    profile = profile_of(profile_id)
    return profile is not None and profile.recognises(content)


def _feedback(event_type: str, number: int, reason: Reason, losses: list[Loss]) -> dict[str, str]:
    refusing = event_type in _REFUSING
    feedback = {
        "severity": "ERROR" if refusing else "WARN",
        "code": "PROPERTY_VALUE_MUST_CHANGE" if refusing else "PROPERTY_VALUE_MAY_CHANGE",
        "message": reason.text,
        "property": reason.code,
    }
    path = json_path_of(reason.pointer)
    if len(path) <= MAX_JSON_PATH and pointer_of(path) == reason.pointer:
        return {**feedback, "jsonPath": path} if path else feedback
    losses.append(Loss(f"/reasons/{number}/pointer", "not a path that DCSA's jsonPath can hold"))
    return feedback


def _information(name: str, value: str) -> dict[str, str]:
    return {"severity": "INFO", "code": _INFORMATION, "message": value, "property": name}


_STEP = re.compile(r"\['((?:[^'\\]|\\.)*)'\]", re.DOTALL)


def json_path_of(pointer: str) -> str:
    """A JSON Pointer in JSONPath's bracket notation (RFC 9535 section 2.3.1.1); what is no pointer stays as it is."""
    if not pointer.startswith("/"):
        return pointer
    steps = (step.replace("\\", "\\\\").replace("'", "\\'") for step in pointer[1:].split("/"))
    return "$" + "".join(f"['{step}']" for step in steps)


def pointer_of(path: str) -> str:
    """The JSON Pointer of a JSONPath in bracket notation; what is none stays as it is."""
    if not path.startswith("$[") or _STEP.sub("", path[1:]):
        return path
    return "".join("/" + re.sub(r"\\(.)", r"\1", step, flags=re.DOTALL) for step in _STEP.findall(path))
