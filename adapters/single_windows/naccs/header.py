"""The common header of the NACCS family: 398 bytes, then CRLF.

Two public clients of the family agree on these offsets; they are secondary sources, the header's own specification was
not at hand. Each layout, request and answer, sums to 398. The user code is ours; what the family says of it is kept:

1. Bytes, not characters: fields are left-justified and padded with spaces; the encoding is EUC-JP, in Viet Nam's
   system UTF-8.
2. `length` counts the whole message, header and its CRLF included, in six digits.
3. The sender's handover text (26), input number (10) and index (100) are echoed in the answer: the sender correlates by
   them, never by the order of arrival.
4. A header is checked before the body, in this order: malformed (A0016), characters (A0009), length (A0008).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import accumulate

CRLF = b"\r\n"
SIZE = 398
ENCODING = "euc_jp"

REQUEST: Mapping[str, int] = {  # field: bytes, in order; a leading _ marks a reserved one
    "_control": 3,
    "procedure": 5,
    "_21": 21,
    "user": 5,
    "user_number": 3,
    "password": 8,
    "_174": 174,
    "handover": 26,
    "_8": 8,
    "input_number": 10,
    "index": 100,
    "_1": 1,
    "system": 1,
    "_27": 27,
    "length": 6,
}
ANSWER: Mapping[str, int] = {
    "_control": 3,
    "procedure": 5,
    "output": 7,
    "received_at": 14,
    "user": 5,
    "_17": 17,
    "mail": 64,
    "subject": 64,
    "_40": 40,
    "handover": 26,
    "part": 3,
    "last": 1,
    "kind": 1,
    "_3": 3,
    "input_number": 10,
    "index": 100,
    "destination": 1,
    "_28": 28,
    "length": 6,
}


LARGEST = 999_999
"""Bytes of a message whose length six digits can say."""


def whole(body: bytes) -> int:
    """Bytes of the message around a body, header and its CRLF included."""
    return SIZE + len(CRLF) + len(body)


class TooLong(ValueError):
    """A field of the header has no room for this value: shorten it before it comes here."""


@dataclass(frozen=True, slots=True)
class RequestHeader:
    """The header of what is sent to the centre. `length` is set when it is written."""

    procedure: str
    """Procedure code, 5 bytes."""
    user: str
    """User code, 5 bytes."""
    user_number: str = ""
    password: str = ""
    handover: str = ""
    input_number: str = ""
    index: str = ""
    system: str = ""
    """Air or sea; the real values are not known for sure."""


@dataclass(frozen=True, slots=True)
class AnswerHeader:
    """The header of what comes from the centre."""

    procedure: str
    output: str
    """Output information code, 7 bytes: for a result `*`, A (air), S (sea) or C (common), and the procedure code."""
    received_at: str
    """yyyymmddhhmmss."""
    user: str
    mail: str = ""
    subject: str = ""
    """As a rule the number of the declaration; here that of the certificate."""
    handover: str = ""
    part: str = "001"
    last: str = "E"
    kind: str = "R"
    """R result, C screen output, P printable form, M answer to an inquiry, T for in-house systems, U stored."""
    input_number: str = ""
    index: str = ""
    destination: str = ""


def write_request(header: RequestHeader, body: bytes, encoding: str = ENCODING) -> bytes:
    """Header and body. Raises `TooLong`."""
    return _write(REQUEST, header, body, encoding)


def write_answer(header: AnswerHeader, body: bytes, encoding: str = ENCODING) -> bytes:
    """Header and body. Raises `TooLong`."""
    return _write(ANSWER, header, body, encoding)


def read_request(message: bytes, encoding: str = ENCODING) -> tuple[RequestHeader, bytes] | str:
    """Header and body, or the code of what is wrong with the header (`A0016`, `A0009`, `A0008`)."""
    values = _read(REQUEST, message, encoding)
    if isinstance(values, str):
        return values
    return RequestHeader(**_own(RequestHeader, values)), message[SIZE + len(CRLF) :]


def read_answer(message: bytes, encoding: str = ENCODING) -> tuple[AnswerHeader, bytes] | str:
    """Header and body, or the code of what is wrong with the header."""
    values = _read(ANSWER, message, encoding)
    if isinstance(values, str):
        return values
    return AnswerHeader(**_own(AnswerHeader, values)), message[SIZE + len(CRLF) :]


def timestamp(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")


def _write(layout: Mapping[str, int], header: RequestHeader | AnswerHeader, body: bytes, encoding: str) -> bytes:
    values = {field.name: getattr(header, field.name) for field in fields(header)}
    values["length"] = f"{whole(body):06d}"
    return b"".join(_padded(name, values.get(name, ""), size, encoding) for name, size in layout.items()) + CRLF + body


def _padded(name: str, value: str, size: int, encoding: str) -> bytes:
    data = value.encode(encoding, "replace")
    if len(data) > size:
        raise TooLong(f"{name}: {len(data)} bytes, {size} fit")
    return data.ljust(size)


def _read(layout: Mapping[str, int], message: bytes, encoding: str) -> dict[str, str] | str:
    head = message[:SIZE]
    if len(head) < SIZE or message[SIZE : SIZE + len(CRLF)] != CRLF:
        return "A0016"
    try:
        values = {name: head[begin:end].decode(encoding).rstrip(" ") for name, begin, end in _places(layout)}
    except UnicodeDecodeError:
        return "A0009"
    if any(ord(character) < 0x20 for value in values.values() for character in value):
        return "A0009"
    return values if values["length"] == f"{len(message):06d}" else "A0008"


def _places(layout: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    ends = accumulate(layout.values())
    for (name, size), end in zip(layout.items(), ends, strict=True):
        yield name, end - size, end


def _own(kind: type[RequestHeader] | type[AnswerHeader], values: Mapping[str, str]) -> dict[str, str]:
    return {field.name: values[field.name] for field in fields(kind)}
