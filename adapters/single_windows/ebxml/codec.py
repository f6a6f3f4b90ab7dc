"""Messages of Thailand's style: an ebXML envelope (OASIS ebXML Messaging 2.0), the certificate's XML in its body.

What is kept of ebXML Messaging 2.0 (OASIS, April 2002): the namespaces of envelope and header, `MessageHeader` with
its parts in their order, `RefToMessageId` of an answer, `Manifest`, and `ErrorList` with the specification's own error
codes as the word of a system that does not take a message.

What is invented: the service and its actions, the agreement id, the elements of an answer, and that the payload stands
in the SOAP body (the specification carries it as a further MIME part). Of the real network only 'ebXML/XML with PKI
signatures' is known (Thai Customs, 2019). The signature is `seal.py`.
"""

from dataclasses import dataclass

from lxml import etree

from adapters.elements import Elements, timestamp, written
from adapters.port import Address, Answer, Limits, Loss, Refusal, Rendition, Statement
from adapters.reading import CERTIFICATES, document_from, profile_to_carry, turned_away, unreadable
from adapters.saying import Said, said_of
from schemas.content import Syntax, canonical_xml, parse_xml
from schemas.event import Event, EventType
from schemas.findings import Finding
from schemas.registry import Document

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
EBXML = "http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd"
XLINK = "http://www.w3.org/1999/xlink"
PAYLOAD = "urn:tradebridge:simulation:th:1"
MEDIA_TYPE = "text/xml"
VERSION = "2.0"

AGREEMENT, SERVICE = "urn:tradebridge:simulation:cpa", "CertificateOfOrigin"  # INVENTED
SUBMIT = "Submit"  # INVENTED, as the other actions: the event's type, its words joined
ACTIONS = {each.value: "".join(map(str.title, each.value.split("-"))) for each in EventType}
_TYPES = {action: event_type for event_type, action in ACTIONS.items()}

ERRORS = {  # error codes of section 4.2.3.4.1; which one says what: MODELLED
    "unreadable": "OtherXml",
    "too-many": "NotSupported",
    "missing": "Inconsistent",
    "signature": "SecurityFailure",
    "other": "Unknown",
}

_soap, _eb, _own = Elements(SOAP), Elements(EBXML), Elements(PAYLOAD)
_HEADER = (_soap.name("Header"), _eb.name("MessageHeader"))


@dataclass(frozen=True, slots=True)
class EbxmlCodec:
    """One window's codec."""

    limits: Limits

    @property
    def codes(self) -> dict[str, str]:
        return ERRORS

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, CERTIFICATES)
        root, body = _envelope(address, SUBMIT, answers=False)
        payload = _part(body, "Payload")
        payload.set("Profile", document.profile)
        payload.append(parse_xml(profile.encode[Syntax.XML](document)))
        return Rendition(written(root), MEDIA_TYPE)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        root = _soap.opened(data, "Envelope")
        if isinstance(root, Finding):
            return (root,)
        payload = root.find(f"{_soap.name('Body')}/{_own.name('Payload')}")
        action = _header(root, "Action")
        if action != SUBMIT or payload is None or len(payload) != 1:
            return (unreadable("/Envelope/Body/Payload", found=action, expected=f"{SUBMIT} with one certificate"),)
        return document_from(canonical_xml(payload[0]), payload.get("Profile", ""), CERTIFICATES)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses: list[Loss] = []
        said = said_of(event, address, losses)
        root, body = _envelope(address, ACTIONS[said.type], answers=True)
        response = _part(body, "Response")
        _own.add(response, "EventID", said.event_id)
        _own.add(response, "ContentDigest", said.content_digest)
        if said.recipient:
            _own.add(response, "Window", said.recipient)
        for name, value in (said.texts or {}).items():
            _own.say(response, name, value, f"/body/{name}", losses)
        for number, reason in enumerate(said.reasons):
            element = _own.add(response, "Reason")
            for name, value in zip(_REASON, reason, strict=True):
                _own.say(element, name, value, f"/reasons/{number}/{name.lower()}", losses)
        return Rendition(written(root), MEDIA_TYPE, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        root = _soap.opened(data, "Envelope")
        if isinstance(root, Finding):
            return (root,)
        refused = _errors(root)
        if refused:
            return (turned_away("/Envelope/Header/ErrorList", refused),)
        response = root.find(f"{_soap.name('Body')}/{_own.name('Response')}")
        action = _header(root, "Action")
        if response is None or action not in _TYPES:
            return (unreadable("/Envelope/Header/MessageHeader/Action", found=action, expected=", ".join(_TYPES)),)
        texts = _own.body_texts(response)
        reasons = tuple(_reason(element) for element in response.iterfind(_own.name("Reason")))
        message_id, document_id = _header(root, "MessageData", "RefToMessageId"), _header(root, "ConversationId")
        return Said(_TYPES[action], message_id, document_id, texts=texts, reasons=reasons).statement()

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        """An `ErrorList` (section 4.2)."""
        root, _ = _envelope(address, "MessageError", answers=True)
        header = root[0]
        listed = _eb.add(header, "ErrorList")
        listed.set(_eb.name("version"), VERSION)
        listed.set(_eb.name("highestSeverity"), "Error")
        listed.set(_soap.name("mustUnderstand"), "1")
        for code, pointer, text in refusal.reasons:
            error = _eb.add(listed, "Error")
            error.set(_eb.name("errorCode"), code)
            error.set(_eb.name("severity"), "Error")
            if pointer:
                error.set(_eb.name("location"), pointer)
            _eb.say(error, "Description", text, "", [])
        return Answer(written(root), MEDIA_TYPE)

    def decode_refusal(self, data: bytes) -> Refusal | tuple[Finding, ...]:
        root = _soap.opened(data, "Envelope")
        if isinstance(root, Finding):
            return (root,)
        refused = _errors(root)
        if not refused:
            return (unreadable("/Envelope/Header/ErrorList", expected="an ErrorList with its errors"),)
        return Refusal(_header(root, "MessageData", "RefToMessageId"), refused)


_REASON = ("Code", "Pointer", "Text")


def _envelope(address: Address, action: str, *, answers: bool) -> tuple[etree._Element, etree._Element]:
    """Envelope and its body. An answer has an id of its own, made of the one that it answers."""
    root = etree.Element(_soap.name("Envelope"), nsmap={"SOAP": SOAP, "eb": EBXML, "xlink": XLINK, "th": PAYLOAD})
    header = _eb.add(_soap.add(root, "Header"), "MessageHeader")
    header.set(_soap.name("mustUnderstand"), "1")
    header.set(_eb.name("version"), VERSION)
    for place, party in (("From", address.sender), ("To", address.recipient)):
        identifier = _eb.add(_eb.add(header, place), "PartyId", party)
        identifier.set(_eb.name("type"), "urn:tradebridge:simulation:member")
    _eb.add(header, "CPAId", AGREEMENT)
    _eb.add(header, "ConversationId", address.document_id)
    _eb.add(header, "Service", SERVICE).set(_eb.name("type"), "urn:tradebridge:simulation")
    _eb.add(header, "Action", action)
    data = _eb.add(header, "MessageData")
    suffix = f".{action}" if answers else ""
    _eb.add(data, "MessageId", f"{address.message_id}{suffix}@{address.sender}")
    _eb.add(data, "Timestamp", timestamp(address.at))
    if answers:
        _eb.add(data, "RefToMessageId", address.message_id)
    return root, _soap.add(root, "Body")


def _part(body: etree._Element, local: str) -> etree._Element:
    """The one part that the message carries, and the manifest that names it."""
    manifest = _eb.add(body, "Manifest")
    manifest.set(_eb.name("version"), VERSION)
    reference = _eb.add(manifest, "Reference")
    reference.set(f"{{{XLINK}}}type", "simple")
    reference.set(f"{{{XLINK}}}href", "#part")
    part = _own.add(body, local)
    part.set("Id", "part")
    return part


def _header(root: etree._Element, *path: str) -> str:
    return root.findtext("/".join((*_HEADER, *map(_eb.name, path))), default="") or ""


def _errors(root: etree._Element) -> tuple[tuple[str, str, str], ...]:
    errors = root.iterfind(f"{_HEADER[0]}/{_eb.name('ErrorList')}/{_eb.name('Error')}")
    return tuple(
        (
            each.get(_eb.name("errorCode"), ""),
            each.get(_eb.name("location"), ""),
            each.findtext(_eb.name("Description"), default="") or "",
        )
        for each in errors
    )


def _reason(element: etree._Element) -> tuple[str, str, str]:
    code, pointer, text = (_own.text(element, name) for name in _REASON)
    return code, pointer, text
