"""Messages of Singapore's style: XML in which a certificate is taken apart into fields, and two kinds of refusal.

What is kept of TradeNet (customs.gov.sg, and public slides on its version 5): XML; one application has at most 50 items
(the limit is data, in countries.toml); what its own system refuses is a *DCS error*, what an officer refuses a *reject*
by the controlling agency (CA) or Singapore Customs (SC), and the two are told apart.

What is invented: namespace, elements, statuses and error codes, which fields there are, and that certificates of other
countries come in by such a message at all. The box for the importing customs is not among the fields: it is their own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapters.elements import Elements, sayable, timestamp, written
from adapters.port import Address, Answer, Limits, Loss, Refusal, Rendition, Statement
from adapters.reading import CERTIFICATES, document_from, profile_to_carry, turned_away, unreadable
from adapters.saying import Said, said_of
from adapters.single_windows.naccs.items import COMMON, GOODS, INVOICE, Item
from schemas.content import Syntax
from schemas.event import Event
from schemas.findings import Finding
from schemas.losses import differences
from schemas.registry import Document

NAMESPACE = "urn:tradebridge:simulation:sg:1"
MEDIA_TYPE = "application/xml"
VERSION = "5"
CERTIFICATE, RESPONSE, ERROR = "CO", "CO-RESPONSE", "DCS-ERROR"  # INVENTED

STATUSES = {  # INVENTED, but that an officer's refusal is a reject by CA or SC
    "accepted": "APPROVED",
    "queried": "QUERIED",
    "rejected": "REJECTED",
    "utilised": "UTILISED",
    "answered": "ANSWERED",
    "cancelled": "CANCELLED",
    "examined": "EXAMINED",
    "committed": "COMMITTED",
    "released": "RELEASED",
    "reversed": "REVERSED",
    "replaced": "REPLACED",
    "expired": "EXPIRED",
    "verification-requested": "VERIFY",
    "verification-answered": "VERIFY-ANSWERED",
    "verification-concluded": "VERIFY-CONCLUDED",
    "reminded": "REMINDED",
    "issued": "ISSUED",
}
_TYPES = {status: event_type for event_type, status in STATUSES.items()}
AGENCY = "SC"
"""Singapore Customs; a controlling agency (CA) takes no part in certificates of others."""

ERRORS = {  # INVENTED
    "unreadable": "DCS001",
    "too-many": "DCS050",
    "missing": "DCS010",
    "signature": "DCS020",
    "other": "DCS999",
}
_ABSENT, _CHANGED = "the message has no field for it", "XML has no place for one of its characters"
_LISTS: tuple[tuple[str, str, Sequence[Item]], ...] = (("invoices", "Invoice", INVOICE), ("items", "Item", GOODS))
"""Member of the certificate, element of each entry, its fields: the same table as NACCS' items, without lengths."""

_sg = Elements(NAMESPACE)


@dataclass(frozen=True, slots=True)
class TradenetCodec:
    """One window's codec."""

    limits: Limits

    @property
    def codes(self) -> dict[str, str]:
        return ERRORS

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, CERTIFICATES)
        value = json.loads(profile.encode[Syntax.JSON](document))
        root = _envelope(address, CERTIFICATE)
        _write(_sg.add(root, "Certificate"), value)
        read = _read(root)
        losses = differences(value, read, absent=_ABSENT, changed=_CHANGED)
        return Rendition(written(root), MEDIA_TYPE, tuple(losses))

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        root = _sg.opened(data, "TradenetMessage")
        if isinstance(root, Finding):
            return (root,)
        kind = _sg.text(root, "Header", "MessageType")
        if kind != CERTIFICATE:
            return (unreadable("/TradenetMessage/Header/MessageType", found=kind, expected=CERTIFICATE),)
        try:
            value = _read(root)
        except ValueError as error:
            return (unreadable("/TradenetMessage/Certificate", found=error, expected="fields as they are written"),)
        content = json.dumps(value, ensure_ascii=False).encode()
        return document_from(content, str(value.get("profile", "")), CERTIFICATES)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses: list[Loss] = []
        said = said_of(event, address, losses)
        root = _envelope(address, RESPONSE)
        response = _sg.add(root, "Response")
        for name, value in (
            ("Agency", AGENCY),
            ("Status", STATUSES[said.type]),
            ("EventID", said.event_id),
            ("ContentDigest", said.content_digest),
            ("Window", said.recipient),
        ):
            _sg.add(response, name, value)
        for name, value in (said.texts or {}).items():
            _sg.say(response, _element(name), value, f"/body/{name}", losses)
        for number, reason in enumerate(said.reasons):
            _say_reason(_sg.add(response, "Reason"), reason, f"/reasons/{number}", losses)
        return Rendition(written(root), MEDIA_TYPE, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        root = _sg.opened(data, "TradenetMessage")
        if isinstance(root, Finding):
            return (root,)
        if refused := _errors(root):
            return (turned_away("/TradenetMessage/Error/Code", refused),)
        response, status = root.find(_sg.name("Response")), _sg.text(root, "Response", "Status")
        if response is None or status not in _TYPES:
            return (unreadable("/TradenetMessage/Response/Status", found=status, expected=", ".join(_TYPES)),)
        texts = _sg.body_texts(response, _element)
        reasons = tuple(_reason(each) for each in response.iterfind(_sg.name("Reason")))
        message_id, document_id = _sg.text(root, "Header", "MessageID"), _sg.text(root, "Header", "DocumentID")
        return Said(_TYPES[status], message_id, document_id, texts=texts, reasons=reasons).statement()

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        """A DCS error."""
        root = _envelope(address, ERROR)
        for reason in refusal.reasons:
            _say_reason(_sg.add(root, "Error"), reason, "", [])
        return Answer(written(root), MEDIA_TYPE)

    def decode_refusal(self, data: bytes) -> Refusal | tuple[Finding, ...]:
        root = _sg.opened(data, "TradenetMessage")
        if isinstance(root, Finding):
            return (root,)
        refused = _errors(root)
        if not refused:
            return (unreadable("/TradenetMessage/Error", expected=f"a message of the type {ERROR} with its errors"),)
        return Refusal(_sg.text(root, "Header", "MessageID"), refused)


# --- the fields of a certificate -------------------------------------------------------------------------------------


def _write(certificate: etree._Element, value: Mapping[str, Any]) -> None:
    _write_fields(certificate, COMMON, value)
    for member, local, fields in _LISTS:
        for entry in value.get(member, ()):
            _write_fields(_sg.add(certificate, local), fields, entry)


def _write_fields(parent: etree._Element, fields: Sequence[Item], value: Mapping[str, Any]) -> None:
    for field in fields:
        given: Any = value
        for step in _steps(field):
            given = given.get(step) if isinstance(given, Mapping) else None
        if given is None or given is False:
            continue
        place = parent
        *groups, last = _steps(field)
        for group in map(_element, groups):
            known = place.find(_sg.name(group))
            place = _sg.add(place, group) if known is None else known
        _sg.add(place, _element(last), sayable(_text_of(field.kind, given)))


def _read(root: etree._Element) -> dict[str, Any]:
    """The certificate's JSON form. Raises `ValueError` for a field that is not of its kind."""
    certificate = root.find(_sg.name("Certificate"))
    if certificate is None:
        raise ValueError("no certificate")
    value: dict[str, Any] = {"transport": {}, **_read_fields(certificate, COMMON)}
    for member, local, fields in _LISTS:
        entries = [_read_fields(each, fields) for each in certificate.iterfind(_sg.name(local))]
        if entries:
            value[member] = entries
    return value


def _read_fields(parent: etree._Element, fields: Sequence[Item]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for field in fields:
        text = _sg.text(parent, *map(_element, _steps(field)))
        if text:
            *groups, last = _steps(field)
            place = value
            for group in groups:
                place = place.setdefault(group, {})
            place[last] = _meant(field.kind, text)
    return value


def _steps(field: Item) -> list[str]:
    return field.pointer.split("/")[1:]


def _text_of(kind: str, value: Any) -> str:
    if kind == "flag":
        return "Y"
    return " ".join(value) if kind == "words" else str(value)


def _meant(kind: str, text: str) -> Any:
    if kind == "count":
        return int(text)
    if kind == "flag":
        return text == "Y"
    return text.split(" ") if kind == "words" else text


# --- the envelope ----------------------------------------------------------------------------------------------------

_REASON = (("Code", "code"), ("Field", "pointer"), ("Description", "text"))


def _envelope(address: Address, kind: str) -> etree._Element:
    root = etree.Element(_sg.name("TradenetMessage"), nsmap={"tn": NAMESPACE}, Version=VERSION)
    header = _sg.add(root, "Header")
    for name, value in (
        ("MessageType", kind),
        ("MessageID", address.message_id),
        ("DocumentID", address.document_id),
        ("Sender", address.sender),
        ("Recipient", address.recipient),
        ("IssueDateTime", timestamp(address.at)),
    ):
        _sg.add(header, name, value)
    return root


def _errors(root: etree._Element) -> tuple[tuple[str, str, str], ...]:
    if _sg.text(root, "Header", "MessageType") != ERROR:
        return ()
    return tuple(_reason(each) for each in root.iterfind(_sg.name("Error")))


def _say_reason(element: etree._Element, reason: tuple[str, str, str], pointer: str, losses: list[Loss]) -> None:
    for (name, member), value in zip(_REASON, reason, strict=True):
        _sg.say(element, name, value, f"{pointer}/{member}", losses)


def _reason(element: etree._Element) -> tuple[str, str, str]:
    code, pointer, text = (_sg.text(element, name) for name, _ in _REASON)
    return code, pointer, text


def _element(name: str) -> str:
    return name[:1].upper() + name[1:]
