"""XML of the exchange between ASEAN's single windows. Modelled: the real header, schema and codes are not public.

What is modelled on what is known (asw.asean.org, digitalizetrade.org, VietnamPlus 2020):

1. Windows exchange XML on the WCO Data Model, one message at a time, each with an id of its own.
2. Four layers answer a certificate, each as a message of its own: a receipt (`ACK`), the customs response, the notice
   of utilisation, and feedback in words. A receipt is never an acceptance.
3. A message that is about an earlier one names it.

What is invented: the namespace, the element names of the envelope, the kinds other than CO and ACK, and every code in
`RESPONSES` and `ERRORS`.
"""

from dataclasses import dataclass

from lxml import etree

from adapters.elements import Elements, timestamp, written
from adapters.port import Address, Answer, Limits, Loss, Refusal, Rendition, Statement
from adapters.reading import (
    CERTIFICATES,
    body_of,
    body_texts,
    document_from,
    profile_to_carry,
    reason_losses,
    turned_away,
    unreadable,
)
from schemas.content import Syntax, canonical_xml, parse_xml
from schemas.event import Event
from schemas.findings import Finding, finding
from schemas.registry import Document

NAMESPACE = "urn:tradebridge:simulation:asw:1"
MEDIA_TYPE = "application/xml"

RESPONSES = {  # INVENTED: kind of message and status code of each type of event
    "accepted": ("CUSTOMS_RESPONSE", "C01"),
    "queried": ("CUSTOMS_RESPONSE", "C02"),
    "rejected": ("CUSTOMS_RESPONSE", "C03"),
    "utilised": ("UTILISATION", "U01"),
    "answered": ("FEEDBACK", "F01"),
    "cancelled": ("CANCELLATION", "X01"),
    "examined": ("CUSTOMS_RESPONSE", "C04"),
    "committed": ("UTILISATION", "U02"),
    "released": ("UTILISATION", "U03"),
    "reversed": ("UTILISATION", "U04"),
    "replaced": ("CANCELLATION", "X02"),
    "expired": ("CANCELLATION", "X03"),
    "verification-requested": ("VERIFICATION", "V01"),
    "verification-answered": ("VERIFICATION", "V02"),
    "verification-concluded": ("VERIFICATION", "V03"),
    "reminded": ("VERIFICATION", "V04"),
    "issued": ("FEEDBACK", "F02"),
}
_TYPES = {kind_and_code: event_type for event_type, kind_and_code in RESPONSES.items()}


ERRORS = {  # INVENTED
    "unreadable": "E01",
    "too-many": "E02",
    "missing": "E03",
    "signature": "E04",
    "other": "E99",
}

_asw = Elements(NAMESPACE)


@dataclass(frozen=True, slots=True)
class AswCodec:
    """One window's codec: all windows of this style differ by their limits only."""

    limits: Limits

    @property
    def codes(self) -> dict[str, str]:
        return ERRORS

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, CERTIFICATES)
        root = _envelope(address, "CO")
        payload = etree.SubElement(root, _asw.name("Payload"), Profile=document.profile)
        payload.append(parse_xml(profile.encode[Syntax.XML](document)))
        return _rendition(root, ())

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        root = _asw.opened(data, "Exchange")
        if isinstance(root, Finding):
            return (root,)
        kind = _asw.text(root, "Header", "Kind")
        payload = root.find(_asw.name("Payload"))
        if kind != "CO" or payload is None or len(payload) != 1:
            return (unreadable("/Exchange/Payload", found=f"kind {kind}", expected="kind CO with one certificate"),)
        return document_from(canonical_xml(payload[0]), payload.get("Profile", ""), CERTIFICATES)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses: list[Loss] = []
        kind, code = RESPONSES[event.type]
        root = _envelope(address, kind)
        response = etree.SubElement(root, _asw.name("Response"))
        _asw.add(response, "StatusCode", code)
        _asw.add(response, "EventID", event.id)
        _asw.add(response, "ContentDigest", event.document.content_digest)
        if event.recipient is not None:
            _asw.add(response, "ConcernedWindow", event.recipient)
        for name, value in body_texts(event, losses):
            _asw.say(response, _element_of(name), value, f"/body/{name}", losses)
        for number, reason in enumerate(event.reasons):
            element = etree.SubElement(response, _asw.name("Reason"))
            for name, value in (("Code", reason.code), ("Pointer", reason.pointer), ("Description", reason.text)):
                _asw.say(element, name, value, f"/reasons/{number}/{_MEMBERS[name]}", losses)
        for name, lost in (("person", event.actor.person), ("role", event.actor.role)):
            if lost is not None:
                losses.append(Loss(f"/actor/{name}", "a window names itself, not its officers"))
        losses += reason_losses(event)
        losses.append(Loss("/expectedSequence", "windows of this style do not count the events of a document"))
        return _rendition(root, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        root = _asw.opened(data, "Exchange")
        if isinstance(root, Finding):
            return (root,)
        kind, code = _asw.text(root, "Header", "Kind"), _asw.text(root, "Response", "StatusCode")
        if kind == "ACK":
            return (finding("partner.not-a-decision", "/Exchange/Header/Kind", found="ACK"),)
        if refused := _errors(root):
            return (turned_away("/Exchange/Error/Code", refused),)
        response = root.find(_asw.name("Response"))
        if response is None or (kind, code) not in _TYPES:
            return (unreadable("/Exchange/Response/StatusCode", found=f"{kind} {code}", expected=_expected()),)
        return Statement(
            type=_TYPES[kind, code],
            message_id=_asw.text(root, "Header", "MessageID"),
            document_id=_asw.text(root, "Header", "DocumentID"),
            reasons=tuple(
                (_asw.text(reason, "Code"), _asw.text(reason, "Pointer"), _asw.text(reason, "Description"))
                for reason in response.iterfind(_asw.name("Reason"))
            ),
            body=body_of(_asw.body_texts(response, _element_of)),
        )

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        root = _envelope(address, "ERROR")
        for reason in refusal.reasons:
            element = _asw.add(root, "Error")
            for name, value in zip(_MEMBERS, reason, strict=True):
                _asw.say(element, name, value, "", [])
        return Answer(written(root), MEDIA_TYPE)

    def decode_refusal(self, data: bytes) -> Refusal | tuple[Finding, ...]:
        root = _asw.opened(data, "Exchange")
        if isinstance(root, Finding):
            return (root,)
        refused = _errors(root)
        if not refused:
            return (unreadable("/Exchange/Error", expected="a message of the kind ERROR with its errors"),)
        return Refusal(_asw.text(root, "Header", "MessageID"), refused)


def receipt_notice(address: Address) -> Rendition:
    """The window's own note that a message reached it (`ACK`): the transport layer's word, not the officer's."""
    return _rendition(_envelope(address, "ACK"), ())


_MEMBERS = {"Code": "code", "Pointer": "pointer", "Description": "text"}


def _envelope(address: Address, kind: str) -> etree._Element:
    root = etree.Element(_asw.name("Exchange"), nsmap={"asw": NAMESPACE})
    header = etree.SubElement(root, _asw.name("Header"))
    _asw.add(header, "MessageID", address.message_id)
    _asw.add(header, "DocumentID", address.document_id)
    _asw.add(header, "Sender", address.sender)
    _asw.add(header, "Recipient", address.recipient)
    _asw.add(header, "Kind", kind)
    _asw.add(header, "IssueDateTime", timestamp(address.at))
    return root


def _rendition(root: etree._Element, losses: tuple[Loss, ...]) -> Rendition:
    return Rendition(written(root), MEDIA_TYPE, losses)


def _element_of(name: str) -> str:
    return name[:1].upper() + name[1:]


def _errors(root: etree._Element) -> tuple[tuple[str, str, str], ...]:
    if _asw.text(root, "Header", "Kind") != "ERROR":
        return ()
    errors = root.iterfind(_asw.name("Error"))
    return tuple(
        (_asw.text(each, "Code"), _asw.text(each, "Pointer"), _asw.text(each, "Description")) for each in errors
    )


def _expected() -> str:
    return ", ".join(f"{kind} {code}" for kind, code in RESPONSES.values())
