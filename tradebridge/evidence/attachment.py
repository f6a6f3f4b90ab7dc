"""The signed document inside a PDF: read out of the file's attachments, or why there is none.

Our PDF carries the document that it draws as an embedded file stream (ISO 32000-1, 7.11.4). Such a stream stands in the
file as it is, never inside another object, so it is found without reading the rest of the PDF:

1. It is what follows a dictionary with `/Type /EmbeddedFile`; plain, or packed by FlateDecode alone.
2. It is taken only if it begins as a document or a bundle does; other attachments are passed over.
3. Exactly one is taken. Two different ones leave open which of them the page shows.
4. The attachments are bounded in number and, all together, in bytes: each is unpacked as far as there is room left.

Another reader may find other attachments in a file made on purpose. Nothing rests on that: what is found must verify by
its own signature, and of the page around it nothing is believed (`tradebridge.evidence.given`).
"""

import re
import zlib
from collections.abc import Iterator

from schemas.content import MAX_BYTES
from tradebridge.evidence.refusals import Finding, finding

MAX_ATTACHMENTS = 20
MAX_UNPACKED = MAX_BYTES * 4
"""Bytes of all attachments together, unpacked."""
_MAX_DICTIONARY = 2_000
"""Bytes of the dictionary of a stream. Ours take about 200."""

_TYPE = re.compile(rb"/Type\s*/EmbeddedFile(?![A-Za-z0-9])")
_STREAM = re.compile(rb">>\s*stream\r?\n")
_FILTER = re.compile(rb"/Filter\s*(\[[^\]]*\]|/[A-Za-z0-9]+)")
_LENGTH = re.compile(rb"/Length\s+([0-9]{1,9})(?!\s+[0-9]+\s+R)")
_BEGINNINGS = (b"<", b"PK\x03\x04", b"eyJ", b"{")
"""Of XML, a bundle, a JWS, JSON."""


def document_inside(pdf: bytes) -> bytes | Finding:
    """The one document or bundle that is attached."""
    found: list[bytes] = []
    for count, stream in enumerate(_streams(pdf)):
        if isinstance(stream, Finding):
            return stream
        if count >= MAX_ATTACHMENTS:
            return finding("evidence.several-inside", found=f"more than {MAX_ATTACHMENTS} attachments", expected="one")
        if stream.lstrip().startswith(_BEGINNINGS) and stream not in found:
            found.append(stream)
    if not found:
        return finding("evidence.nothing-inside", expected="the document as an attachment")
    if len(found) > 1:
        return finding("evidence.several-inside", found=f"{len(found)} documents", expected="one")
    return found[0]


def _streams(pdf: bytes) -> Iterator[bytes | Finding]:
    """The embedded files, unpacked; nothing for what is no stream that rule 1 tells of. Ends with the first finding."""
    room = MAX_UNPACKED
    for named in _TYPE.finditer(pdf):
        begins = pdf.rfind(b"obj", max(0, named.start() - _MAX_DICTIONARY), named.start())
        stream = _STREAM.search(pdf, named.end(), named.end() + _MAX_DICTIONARY)
        if begins < 0 or stream is None:
            continue
        dictionary = pdf[begins + 3 : stream.start()]
        packing = _FILTER.search(dictionary)
        if packing is None:
            data: bytes | Finding = _plain(pdf, dictionary, stream.end(), room)
        elif packing[1].strip(b"[] \r\n") == b"/FlateDecode" and b"/DecodeParms" not in dictionary:
            data = _unpacked(pdf, stream.end(), room)
        else:
            continue
        yield data
        if isinstance(data, Finding):
            return
        room -= len(data)


def _plain(pdf: bytes, dictionary: bytes, at: int, room: int) -> bytes | Finding:
    length = _LENGTH.search(dictionary)
    end = at + int(length[1]) if length is not None else 0
    if length is None or not pdf[end : end + 20].lstrip().startswith(b"endstream"):
        end = max(at, pdf.find(b"endstream", at))
        end -= pdf.endswith(b"\n", at, end)
        end -= pdf.endswith(b"\r", at, end)
    return pdf[at:end] if end - at <= room else _too_large()


def _too_large() -> Finding:
    found, expected = "larger attachments", f"at most {MAX_UNPACKED} bytes in a PDF"
    return finding("bundle.too-large", found=found, expected=expected, attack="ZIP-6")


def _unpacked(pdf: bytes, at: int, room: int) -> bytes | Finding:
    packed = zlib.decompressobj()
    try:
        data = packed.decompress(memoryview(pdf)[at:], room + 1)
    except zlib.error as error:
        return finding("evidence.nothing-inside", found=f"a damaged attachment: {error}", expected="zlib's format")
    if len(data) > room:
        return _too_large()
    if not packed.eof:
        return finding("evidence.nothing-inside", found="an attachment that is cut off", expected="all of it")
    return data
