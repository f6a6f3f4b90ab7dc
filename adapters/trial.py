"""What the contract of an adapter is tried on: documents, events and rubbish, the same ones every time.

1. Each profile's own examples in several variants, once more with texts that are hard to carry: other scripts, signs
   that mean something in XML or EDI, several lines.
2. Each type of event, with reasons and bodies as windows say them.
3. Rubbish of many kinds; and damage: one byte changed, or the end cut off, at places spread over a message.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.port import Address
from adapters.reading import CERTIFICATES
from schemas.content import Content, Syntax, open_content
from schemas.event import Actor, Event, EventType, Reason, Subject
from schemas.registry import Document, profiles

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ADDRESS = Address("msg_01kx0000000123456789abcdef", "doc_01kx00000000fedcba98765432", "SG-NSW", "TH-NSW", AT)
PROFILES = tuple(profile for profile in profiles() if not profile.startswith("tradebridge-event"))
VARIANTS = 4

HARD_TEXT = "ab Z&<>¶?'\"\tĐồng ไทย 東京 ñ € 🚢\nsecond line"
_HARD = {
    "/exporter/name": HARD_TEXT.replace("\n", " "),
    "/exporter/address": HARD_TEXT,
    "/remarks": HARD_TEXT,
    "/transport/route": HARD_TEXT,
    "/items/0/description": HARD_TEXT,
    "/items/0/marksAndNumbers": "N/M",
}
"""Of a certificate, by pointer; whether a rule allows them is not asked."""

_USE = {
    "declaration": {"reference": "TH-2026-778", "date": "2026-01-20", "country": "TH", "port": "Laem Chabang"},
    "items": [{"number": 1, "quantity": {"value": "120.50", "unit": "KGM"}}],
    "draw": "final",
}
_BODIES: tuple[Mapping[str, Any], ...] = ({}, _USE, {"boxes": ["8", "10a"]}, {"random": True}, {"text": HARD_TEXT})
_REASONS = (
    (),
    (Reason(code="simulation.hs-mismatch", pointer="/items/0/hsCode", text="HS code differs."),),
    (Reason(code="W-17"), Reason(code="W-18", pointer="/a~1b/0", text=HARD_TEXT)),
)


def example(profile: str, variant: int = 0) -> Document:
    """The profile's own example, as from Singapore."""
    japan = "JP" if profile.startswith("ajcep") else "TH"
    return profiles()[profile].example(exporter="SG", importer=japan, number="SG-2026-00041", at=AT, variant=variant)


def documents(profile: str) -> Iterator[Document]:
    """Examples of a profile, the last of them with texts that are hard to carry."""
    for variant in range(VARIANTS):
        yield example(profile, variant)
    if profile in CERTIFICATES:
        value = json_of(example(profile))
        for pointer, text in _HARD.items():
            set_at(value, pointer, text)
        yield decoded(profile, value)


def events() -> Iterator[Event]:
    """Each type with each of the bodies and reasons that there are."""
    for number, type_ in enumerate(EventType):
        for body in _BODIES:
            yield _event(number, type_, body, _REASONS[number % len(_REASONS)])
        for reasons in _REASONS:
            yield _event(number, type_, {}, reasons)


def _event(number: int, type_: EventType, body: Mapping[str, Any], reasons: tuple[Reason, ...]) -> Event:
    return Event(
        id=f"evt_01kx0000000000000000000{number:03d}",
        type=type_,
        document=Subject(id=ADDRESS.document_id, content_digest="ab" * 32),
        recipient="TH-NSW" if number % 2 else None,
        expected_sequence=number,
        actor=Actor(member="TH-NSW", person="Officer 1", role="officer"),
        at=AT,
        reasons=reasons,
        body=dict(body),
    )


RUBBISH = (
    b"",
    b" ",
    b"\x00" * 64,
    b"\xff\xfe\x00",
    b"hello",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b'{"a": 1, "a": 2}',
    b"[" * 5000,
    b"1" * 5000,
    b"<a/>",
    b"<a><b></a>",
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    b'<?xml version="1.0" encoding="UTF-16"?><a/>',
    b" " * 398 + b"\r\n",
    b"UNB+UNOC:3+A+B+260105:0900+1'UNZ+0+1'",
    b"%PDF-1.7",
    b"PK\x03\x04" + b"\x00" * 30,
    b"eyJhbGciOiJub25lIn0.e30.",
)


def damaged(message: bytes, times: int) -> Iterator[bytes]:
    """So often: the message with one byte changed, and cut off there. Nothing of an empty one."""
    for number in range(times if message else 0):
        place = number * 7919 % len(message)
        changed = bytearray(message)
        changed[place] ^= number * 31 % 255 + 1
        yield bytes(changed)
        yield message[:place]


# --- The JSON form of a document, by pointer -------------------------------------------------------------------------


def json_of(document: Document) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(profiles()[document.profile].encode[Syntax.JSON](document))
    return value


def decoded(profile: str, value: Mapping[str, Any]) -> Document:
    """The document that this JSON form is. It must be one."""
    content = open_content(json.dumps(value, ensure_ascii=False).encode())
    if not isinstance(content, Content):
        raise ValueError(f"no content: {content}")
    read = profiles()[profile].decode(content)
    if read.document is None:
        raise ValueError(f"no document of {profile}: {read.findings}")
    return read.document


def set_at(value: Any, pointer: str, given: Any) -> None:
    """Put a value into a JSON form, making the objects on the way."""
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value.setdefault(step, {})
    value[last] = given


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON form, by its pointer."""
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from leaves(each, f"{pointer}/{name}")
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, f"{pointer}/{number}")
    else:
        yield pointer, value
