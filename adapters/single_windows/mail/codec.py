"""Messages of the Philippines' style: certificates as XML, answers as e-mails.

What is kept: approval, or the reason of a disapproval, comes to the applicant by e-mail (edc.net.ph, portcalls.com). An
e-mail is one of RFC 5322 with one part of text (RFC 2045, quoted-printable, UTF-8), which people can read; it names the
message that it answers in `In-Reply-To`.

What is invented: every line of it, the words of the result, and that the connector gets it as a file in a folder.
Certificates come in by the modelled exchange between windows (style `asw`), since nothing is known of the real way.

A line is `Name: value`. A line feed, a carriage return or a backslash in a value stands there as `\\n`, `\\r`, `\\\\`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP, compat32
from email.utils import format_datetime
from functools import cached_property

from adapters.port import Address, Answer, Limits, Loss, Refusal, Rendition, Statement
from adapters.reading import BODY_TEXTS, turned_away, unreadable
from adapters.saying import CODED, Said, said_of
from adapters.single_windows.asw.codec import AswCodec
from schemas.event import Event
from schemas.findings import Finding
from schemas.registry import Document

MEDIA_TYPE = "message/rfc822"
DOMAIN = "simulation.invalid"
"""Of all addresses: a name that never resolves (RFC 2606)."""
LARGEST = 1_000_000
"""Bytes of an e-mail that is read."""

RESULTS = {  # approved and disapproved are the window's words; the others INVENTED
    "accepted": "APPROVED",
    "rejected": "DISAPPROVED",
    "queried": "FOR CLARIFICATION",
    "utilised": "UTILISED",
    "answered": "ANSWERED",
    "cancelled": "CANCELLED",
    "examined": "EXAMINED",
    "committed": "COMMITTED",
    "released": "RELEASED",
    "reversed": "REVERSED",
    "replaced": "REPLACED",
    "expired": "EXPIRED",
    "verification-requested": "FOR VERIFICATION",
    "verification-answered": "VERIFICATION ANSWERED",
    "verification-concluded": "VERIFICATION CONCLUDED",
    "reminded": "REMINDED",
    "issued": "ISSUED",
}
_TYPES = {result: event_type for event_type, result in RESULTS.items()}
NOT_PROCESSED = "NOT PROCESSED"
"""INVENTED: what the system says of a message that no officer sees."""

ERRORS = {  # INVENTED
    "unreadable": "FORMAT",
    "too-many": "LIMIT",
    "missing": "INCOMPLETE",
    "signature": "SENDER",
    "other": "SYSTEM",
}


@dataclass(frozen=True)
class MailCodec:
    """One window's codec."""

    limits: Limits

    @property
    def codes(self) -> Mapping[str, str]:
        return ERRORS

    @cached_property
    def _incoming(self) -> AswCodec:
        return AswCodec(self.limits)

    def encode(self, document: Document, address: Address) -> Rendition:
        return self._incoming.encode(document, address)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        return self._incoming.decode(data)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses: list[Loss] = []
        said = said_of(event, address, losses)
        facts = [("Event", said.event_id), ("Digest", said.content_digest), ("Window", said.recipient)]
        facts += [(f"Detail {name}", value) for name, value in (said.texts or {}).items()]
        data = _written(address, said.event_id, RESULTS[said.type], [*facts, *_reason_lines(said.reasons)])
        return Rendition(data, MEDIA_TYPE, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        read = _read(data)
        if isinstance(read, Finding):
            return (read,)
        result = read.get("Result", "")
        if result == NOT_PROCESSED:
            return (turned_away("/Result", _reasons(read)),)
        if result not in _TYPES:
            return (unreadable("/Result", found=result, expected=", ".join(_TYPES)),)
        texts = {name: read[f"Detail {name}"] for name in BODY_TEXTS if f"Detail {name}" in read}
        reasons = _reasons(read)
        return Said(_TYPES[result], read[_ANSWERS], read["Application"], texts=texts, reasons=reasons).statement()

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        lines = list(_reason_lines(refusal.reasons))
        return Answer(_written(address, f"{address.message_id}.refusal", NOT_PROCESSED, lines), MEDIA_TYPE)

    def decode_refusal(self, data: bytes) -> Refusal | tuple[Finding, ...]:
        read = _read(data)
        if isinstance(read, Finding):
            return (read,)
        if read.get("Result") != NOT_PROCESSED:
            return (unreadable("/Result", found=read.get("Result", ""), expected=NOT_PROCESSED),)
        return Refusal(read[_ANSWERS], _reasons(read))


_ANSWERS = "In-Reply-To"


def _written(address: Address, own_id: str, result: str, lines: Iterable[tuple[str, str]]) -> bytes:
    mail = EmailMessage(SMTP)
    mail["From"] = f"{address.sender} <{address.sender}@{DOMAIN}>"
    mail["To"] = f"{address.recipient} <{address.recipient}@{DOMAIN}>"
    mail["Date"] = format_datetime(address.at)
    mail["Message-ID"] = f"<{own_id}@{DOMAIN}>"
    mail[_ANSWERS] = f"<{address.message_id}@{DOMAIN}>"
    mail["Subject"] = f"Certificate of origin {address.document_id}: {result}"
    every = (("Application", address.document_id), ("Result", result), *lines)
    text = "".join(f"{name}: {_escaped(value)}\n" for name, value in every)
    mail.set_content(text, charset="utf-8", cte="quoted-printable")
    return mail.as_bytes()


def _read(data: bytes) -> Mapping[str, str] | Finding:
    """The lines by name, and the message that is answered; `Application` is among them."""
    if len(data) > LARGEST:
        return unreadable(found=f"{len(data)} bytes", expected=f"at most {LARGEST}")
    try:
        mail = message_from_bytes(data, policy=compat32)
        payload = mail.get_payload(decode=True)
        text = payload.decode("utf-8") if isinstance(payload, bytes) else ""
    except (MessageError, UnicodeDecodeError, LookupError, ValueError) as error:
        return unreadable(found=error, expected="an e-mail of one part of text")
    answers = str(mail.get(_ANSWERS, "")).strip()
    if not answers.startswith("<") or not answers.endswith(f"@{DOMAIN}>"):
        return unreadable(f"/{_ANSWERS}", found=answers[:100], expected="the id of the message that is answered")
    lines = (line.rstrip("\r").partition(": ") for line in text.split("\n"))
    read = {name: _meant(value) for name, found, value in lines if found}
    if "Application" not in read:
        return unreadable("/Application", expected="the id of the document")
    return read | {_ANSWERS: answers[1 : -len(f"@{DOMAIN}>")]}


def _reason_lines(reasons: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    for number, reason in enumerate(reasons, 1):
        yield from ((f"Reason {number} {name}", value) for name, value in zip(CODED, reason, strict=True))


def _reasons(read: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    reasons: list[tuple[str, str, str]] = []
    while (prefix := f"Reason {len(reasons) + 1}") and f"{prefix} code" in read:
        code, pointer, text = (read.get(f"{prefix} {name}", "") for name in CODED)
        reasons.append((code, pointer, text))
    return tuple(reasons)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _meant(value: str) -> str:
    parts = value.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
