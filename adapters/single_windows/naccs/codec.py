"""Messages of the NACCS family: a certificate as a request, a decision as a result, by bytes.

What is kept of the family (secondary sources: two public clients; result codes and limits from the centre's pages):

1. A message is the common header (`header.py`), then items (`items.py`); at most 700,000 bytes.
2. A result's first line holds results of 15 characters `ccccc-iiii-nnnn` (code, item, repetition) one after another;
   blanks end the list; `00000-0000-0000` is success. Its output code is `*C` and the procedure code.
3. The answer echoes handover and input number. The handover is the message id without its prefix, 26 characters; the
   index carries the document id.

What is invented: that certificates come in by this way at all (the real one is not public), the procedures `TBC01` (a
certificate) and `TBC02` (what its sender says afterwards), the items, the codes `R9001` and `E9001`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.port import Address, Answer, Limits, Loss, Refusal, Rendition, Statement, TooLarge
from adapters.reading import (
    CERTIFICATES,
    body_of,
    body_texts,
    document_from,
    profile_to_carry,
    reason_losses,
    unreadable,
)
from adapters.saying import CODED
from adapters.single_windows.naccs import items
from adapters.single_windows.naccs.header import (
    CRLF,
    ENCODING,
    LARGEST,
    AnswerHeader,
    RequestHeader,
    read_answer,
    read_request,
    timestamp,
    whole,
    write_answer,
    write_request,
)
from schemas.content import Syntax
from schemas.event import Event
from schemas.findings import Finding, finding
from schemas.losses import differences
from schemas.registry import Document

MEDIA_TYPE = "application/octet-stream"
CERTIFICATE, AFTERWARDS = "TBC01", "TBC02"  # INVENTED
USER = "TBHUB"
RESULT = f"*C{CERTIFICATE}"
SUCCESS = "00000-0000-0000"
RESULTS_IN_LINE = 5
"""INVENTED: results that the first line has room for; the reasons follow in full as items."""

TYPES = {  # INVENTED: three letters, and the code of the result
    "accepted": ("ACC", SUCCESS),
    "utilised": ("UTI", SUCCESS),
    "queried": ("QUE", "R9001-RSON-{:04d}"),
    "rejected": ("REJ", "E9001-RSON-{:04d}"),
    "answered": ("ANS", ""),
    "cancelled": ("CAN", ""),
    "examined": ("EXA", SUCCESS),
    "committed": ("COM", SUCCESS),
    "released": ("REL", SUCCESS),
    "reversed": ("REV", SUCCESS),
    "replaced": ("RPL", ""),
    "expired": ("EXP", ""),
    "verification-requested": ("VRQ", SUCCESS),
    "verification-answered": ("VAN", ""),
    "verification-concluded": ("VCO", SUCCESS),
    "reminded": ("REM", ""),
    "issued": ("ISS", SUCCESS),
}
_BY_LETTERS = {letters: event_type for event_type, (letters, _) in TYPES.items()}
_SPOKEN_BY_SENDER = ("answered", "cancelled", "replaced", "expired", "verification-answered", "reminded")
"""By the issuing side, or by the hub for it."""

SYSTEM = "AUS"
"""First letters of the results by which a system refuses: system-wide, of a user, of one item. Nobody has decided."""
ERRORS = {  # A codes of the centre's list (A0016 malformed, A0008 length, A0007 centre failed); U and S: INVENTED
    "unreadable": "A0016",
    "too-many": "A0008",
    "missing": "S9001",
    "signature": "U9001",
    "other": "A0007",
}
_ABSENT, _CHANGED = "the items have no place for it", "it does not fit its item, or its encoding"
"""Why something is lost."""

_HEADER_CODES = {
    "A0016": "a header of 398 bytes and CRLF",
    "A0009": "characters of its encoding in the header",
    "A0008": "the length of the whole message in the header",
}


@dataclass(frozen=True, slots=True)
class NaccsCodec:
    """The codec of a window of this family."""

    limits: Limits
    encoding: str = ENCODING
    media_type: str = MEDIA_TYPE

    @property
    def codes(self) -> dict[str, str]:
        return ERRORS

    def encode(self, document: Document, address: Address) -> Rendition:
        profile = profile_to_carry(document, CERTIFICATES)
        value = json.loads(profile.encode[Syntax.JSON](document))
        data = items.body(_certificate(value, self.encoding))
        if whole(data) > LARGEST:
            raise TooLarge(whole(data), LARGEST)
        losses = tuple(differences(value, _read_certificate(data, self.encoding), absent=_ABSENT, changed=_CHANGED))
        header = RequestHeader(
            procedure=CERTIFICATE,
            user=USER,
            handover=_handover(address.message_id),
            input_number=address.document_id[-10:],
            index=address.document_id,
        )
        return Rendition(write_request(header, data, self.encoding), self.media_type, losses)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        read = read_request(data, self.encoding)
        if isinstance(read, str):
            return (_bad_header(read),)
        header, body = read
        if header.procedure != CERTIFICATE:
            return (unreadable("/header/procedure", found=f"A0001 {header.procedure}", expected=CERTIFICATE),)
        try:
            value = _read_certificate(body, self.encoding)
        except items.Unreadable as error:
            return (unreadable("/items", found=error, expected="the items of a certificate"),)
        data = json.dumps(value, ensure_ascii=False).encode()
        return document_from(data, str(value.get("profile", "")), CERTIFICATES)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        losses = [
            Loss("/actor", "the form names the user's system, not the officer"),
            Loss("/expectedSequence", "the form does not count the events of a document"),
            Loss("/at", "the form has the time of its own message, to the second"),
            *reason_losses(event),
        ]
        said = {
            "type": TYPES[event.type][0],
            "messageId": address.message_id,
            "documentId": address.document_id,
            "eventId": event.id,
            "contentDigest": event.document.content_digest,
            "recipient": event.recipient,
            "body": dict(body_texts(event, losses)),
            "reasons": [{"code": each.code, "pointer": each.pointer, "text": each.text} for each in event.reasons],
        }
        body = items.body(_decision(said, self.encoding))
        read = _without_empty(_read_decision(items.Lines(body, self.encoding)))
        losses += differences(_without_empty(said), read, absent=_ABSENT, changed=_CHANGED)
        if event.type in _SPOKEN_BY_SENDER:
            return Rendition(write_request(_afterwards(address), body, self.encoding), self.media_type, tuple(losses))
        results = _results(event).ljust(15 * RESULTS_IN_LINE).encode("ascii") + CRLF
        return Rendition(write_answer(_result(address), results + body, self.encoding), self.media_type, tuple(losses))

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        read = read_answer(data, self.encoding)
        if isinstance(read, str):
            return (_bad_header(read),)
        header, body = read
        try:
            lines = items.Lines(body, self.encoding)
            results = _codes(lines) if header.procedure == CERTIFICATE else ()
            if any(result[:1] in SYSTEM for result in results):
                return (finding("partner.refused", "/results", found=", ".join(results)),)
            said = _read_decision(lines)
        except items.Unreadable as error:
            return (unreadable("/items", found=error, expected="a result with its decision"),)
        return _statement(header, said)

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        """A result whose codes are none of an officer's; the family has the codes, the words are further items."""
        results = [f"{code}-0000-{number:04d}" for number, (code, _, _) in enumerate(refusal.reasons, 1)]
        line = "".join(results[:RESULTS_IN_LINE]).ljust(15 * RESULTS_IN_LINE).encode("ascii", "replace")
        reasons = [dict(zip(CODED, each, strict=True)) for each in refusal.reasons]
        body = items.body(iter((line, *_reasons(reasons, self.encoding))))
        return Answer(write_answer(_result(address), body, self.encoding), self.media_type)

    def decode_refusal(self, data: bytes) -> Refusal | tuple[Finding, ...]:
        read = read_answer(data, self.encoding)
        if isinstance(read, str):
            return (_bad_header(read),)
        header, body = read
        try:
            lines = items.Lines(body, self.encoding)
            results = _codes(lines)
            if not all(result[:1] in SYSTEM for result in results):
                return (unreadable("/results", found=", ".join(results), expected="a system's codes"),)
            reasons = _read_reasons(lines)
        except items.Unreadable as error:
            return (unreadable("/items", found=error, expected="a result with its reasons"),)
        told = tuple((each.get("code", ""), each.get("pointer", ""), each.get("text", "")) for each in reasons)
        return Refusal(f"msg_{header.handover}", told)


def _statement(header: AnswerHeader, said: dict[str, Any]) -> Statement | tuple[Finding, ...]:
    event_type = _BY_LETTERS.get(said.get("type", ""))
    procedure = AFTERWARDS if event_type in _SPOKEN_BY_SENDER else CERTIFICATE
    if event_type is None or header.procedure != procedure:
        found = f"{header.procedure} {said.get('type', '')}"
        return (unreadable("/items/type", found=found, expected=", ".join(_BY_LETTERS)),)
    if header.handover != _handover(said.get("messageId", "")):
        return (
            unreadable("/header/handover", found=header.handover, expected="the echo of the message that is answered"),
        )
    return Statement(
        type=event_type,
        message_id=said.get("messageId", ""),
        document_id=said.get("documentId", ""),
        reasons=tuple(
            (each.get("code", ""), each.get("pointer", ""), each.get("text", "")) for each in said["reasons"]
        ),
        body=body_of(said.get("body", {})),
    )


# --- the items of a certificate --------------------------------------------------------------------------------------


def _certificate(value: dict[str, Any], encoding: str) -> Iterator[bytes]:
    yield from items.write(items.COMMON, value, encoding)
    for name, repeated in (("invoices", items.INVOICE), ("items", items.GOODS)):
        entries = value.get(name, [])
        yield from items.write((items.COUNT,), {"count": len(entries)})
        for entry in entries:
            yield from items.write(repeated, entry, encoding)


def _read_certificate(data: bytes, encoding: str) -> dict[str, Any]:
    """The certificate's JSON form. Raises `items.Unreadable`."""
    lines = items.Lines(data, encoding)
    value: dict[str, Any] = {"transport": {}, **lines.read(items.COMMON)}
    for name, repeated in (("invoices", items.INVOICE), ("items", items.GOODS)):
        entries = [lines.read(repeated) for _ in range(lines.count())]
        if entries:
            value[name] = entries
    lines.end()
    return value


# --- the items of a decision -----------------------------------------------------------------------------------------


def _decision(said: dict[str, Any], encoding: str) -> Iterator[bytes]:
    yield from items.write(items.DECISION, said, encoding)
    yield from _reasons(said["reasons"], encoding)


def _reasons(reasons: Sequence[dict[str, str]], encoding: str) -> Iterator[bytes]:
    yield from items.write((items.COUNT,), {"count": len(reasons)})
    for reason in reasons:
        yield from items.write(items.REASON, reason, encoding)


def _read_decision(lines: items.Lines) -> dict[str, Any]:
    said = lines.read(items.DECISION)
    said["reasons"] = _read_reasons(lines)
    return said


def _read_reasons(lines: items.Lines) -> list[dict[str, Any]]:
    """The last part of a message."""
    reasons = [lines.read(items.REASON) for _ in range(lines.count())]
    lines.end()
    return reasons


def _results(event: Event) -> str:
    """One result for each reason, or success."""
    code = TYPES[event.type][1]
    return "".join(code.format(number + 1) for number in range(max(1, min(len(event.reasons), RESULTS_IN_LINE))))


def _codes(lines: items.Lines) -> tuple[str, ...]:
    line = lines.line(15 * RESULTS_IN_LINE).decode("ascii", "replace")
    results = [line[begin : begin + 15] for begin in range(0, len(line), 15)]
    codes = tuple(result for result in results if result.strip())
    if not codes or any(len(code) != 15 or code[5] != "-" or code[10] != "-" for code in codes):
        raise items.Unreadable("line 1: not a list of results")
    return codes


# --- the headers -----------------------------------------------------------------------------------------------------


def _result(address: Address) -> AnswerHeader:
    return AnswerHeader(
        procedure=CERTIFICATE,
        output=RESULT,
        received_at=timestamp(address.at),
        user=USER,
        handover=_handover(address.message_id),
        input_number=address.document_id[-10:],
        index=address.document_id,
    )


def _afterwards(address: Address) -> RequestHeader:
    return RequestHeader(
        procedure=AFTERWARDS,
        user=USER,
        handover=_handover(address.message_id),
        input_number=address.document_id[-10:],
        index=address.document_id,
    )


def _handover(message_id: str) -> str:
    """The id without its prefix: 26 characters, the room that the sender has for its own words."""
    return message_id.rpartition("_")[2][:26]


def _bad_header(code: str) -> Finding:
    return unreadable("/header", found=code, expected=_HEADER_CODES[code])


# --- what was lost ---------------------------------------------------------------------------------------------------


def _without_empty(said: dict[str, Any]) -> dict[str, Any]:
    """Blank items are absent: an empty text and none are the same here."""
    kept = {name: _without_empty(value) if isinstance(value, dict) else value for name, value in said.items()}
    kept["reasons"] = [{name: text for name, text in each.items() if text} for each in said.get("reasons", [])]
    return {name: value for name, value in kept.items() if value not in (None, "", {}, [])}
