"""XML of the exchange between ASEAN's single windows. Modelled: the real header, schema and codes are not public.

What is modelled on what is known (asw.asean.org, digitalizetrade.org, VietnamPlus 2020):

1. Windows exchange XML on the WCO Data Model, one message at a time, each with an id of its own.
2. Four layers answer a certificate, each as a message of its own: a receipt (`ACK`), the customs response, the notice
   of utilisation, and feedback in words. A receipt is never an acceptance.
3. A message that is about an earlier one names it.

What is invented: the namespace, the element names of the envelope, the kinds other than CO and ACK, and every code in
`RESPONSES`.
"""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.port import Address, Limits, Loss, Rendition, Statement
from adapters.reading import (
    BODY_TEXTS,
    CERTIFICATES,
    body_of,
    body_texts,
    document_from,
    opened,
    profile_to_carry,
    reason_losses,
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


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


@dataclass(frozen=True, slots=True)
class AswCodec:
    """One window's codec: all windows of this style differ by their limits only."""

    limits: Limits

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, CERTIFICATES)
        root = _envelope(address, "CO")
        payload = etree.SubElement(root, _name("Payload"), Profile=document.profile)
        payload.append(parse_xml(profile.encode[Syntax.XML](document)))
        return _rendition(root, ())

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        root = _opened(data)
        if isinstance(root, Finding):
            return (root,)
        kind = _text(root, "Header", "Kind")
        payload = root.find(_name("Payload"))
        if kind != "CO" or payload is None or len(payload) != 1:
            return (unreadable("/Exchange/Payload", found=f"kind {kind}", expected="kind CO with one certificate"),)
        return document_from(canonical_xml(payload[0]), payload.get("Profile", ""), CERTIFICATES)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses: list[Loss] = []
        kind, code = RESPONSES[event.type]
        root = _envelope(address, kind)
        response = etree.SubElement(root, _name("Response"))
        _add(response, "StatusCode", code)
        _add(response, "EventID", event.id)
        _add(response, "ContentDigest", event.document.content_digest)
        if event.recipient is not None:
            _add(response, "ConcernedWindow", event.recipient)
        for name, value in body_texts(event, losses):
            _say(response, _element_of(name), value, f"/body/{name}", losses)
        for number, reason in enumerate(event.reasons):
            element = etree.SubElement(response, _name("Reason"))
            for name, value in (("Code", reason.code), ("Pointer", reason.pointer), ("Description", reason.text)):
                _say(element, name, value, f"/reasons/{number}/{_MEMBERS[name]}", losses)
        for name, lost in (("person", event.actor.person), ("role", event.actor.role)):
            if lost is not None:
                losses.append(Loss(f"/actor/{name}", "a window names itself, not its officers"))
        losses += reason_losses(event)
        losses.append(Loss("/expectedSequence", "windows of this style do not count the events of a document"))
        return _rendition(root, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        root = _opened(data)
        if isinstance(root, Finding):
            return (root,)
        kind, code = _text(root, "Header", "Kind"), _text(root, "Response", "StatusCode")
        if kind == "ACK":
            return (finding("partner.not-a-decision", "/Exchange/Header/Kind", found="ACK"),)
        response = root.find(_name("Response"))
        if response is None or (kind, code) not in _TYPES:
            return (unreadable("/Exchange/Response/StatusCode", found=f"{kind} {code}", expected=_expected()),)
        return Statement(
            type=_TYPES[kind, code],
            message_id=_text(root, "Header", "MessageID"),
            document_id=_text(root, "Header", "DocumentID"),
            reasons=tuple(
                (_text(reason, "Code"), _text(reason, "Pointer"), _text(reason, "Description"))
                for reason in response.iterfind(_name("Reason"))
            ),
            body=body_of(
                {
                    name: element.text or ""
                    for name in BODY_TEXTS
                    if (element := response.find(_name(_element_of(name)))) is not None
                }
            ),
        )


def receipt_notice(address: Address) -> Rendition:
    """The window's own note that a message reached it (`ACK`): the transport layer's word, not the officer's."""
    return _rendition(_envelope(address, "ACK"), ())


_MEMBERS = {"Code": "code", "Pointer": "pointer", "Description": "text"}


def _envelope(address: Address, kind: str) -> etree._Element:
    root = etree.Element(_name("Exchange"), nsmap={"asw": NAMESPACE})
    header = etree.SubElement(root, _name("Header"))
    _add(header, "MessageID", address.message_id)
    _add(header, "DocumentID", address.document_id)
    _add(header, "Sender", address.sender)
    _add(header, "Recipient", address.recipient)
    _add(header, "Kind", kind)
    _add(header, "IssueDateTime", _time(address.at))
    return root


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rendition(root: etree._Element, losses: tuple[Loss, ...]) -> Rendition:
    data = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return Rendition(data, MEDIA_TYPE, losses)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _name(name)).text = text


def _say(parent: etree._Element, name: str, text: str, pointer: str, losses: list[Loss]) -> None:
    """Add free text; characters that XML 1.0 has no place for become U+FFFD, and a loss."""
    sayable = "".join(character if _in_xml(character) else "�" for character in text)
    if sayable != text:
        losses.append(Loss(pointer, "XML has no place for one of its characters (XML 1.0, section 2.2)"))
    _add(parent, name, sayable)


def _in_xml(character: str) -> bool:
    code = ord(character)
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _element_of(name: str) -> str:
    return name[:1].upper() + name[1:]


def _opened(data: bytes) -> etree._Element | Finding:
    content = opened(data, Syntax.XML)
    if isinstance(content, Finding):
        return content
    if content.tree is None or content.tree.tag != _name("Exchange"):
        return unreadable("/", found="" if content.tree is None else content.tree.tag, expected=_name("Exchange"))
    return content.tree


def _text(root: etree._Element, *path: str) -> str:
    return root.findtext("/".join(map(_name, path)), default="") or ""


def _expected() -> str:
    return ", ".join(f"{kind} {code}" for kind, code in RESPONSES.values())
