"""The ZIP archive that an evidence bundle is: one strict reader, one writer that gives the same bytes each time.

1. Local entries, the central directory and its end tile the file exactly: nothing before, between or after them, no
   comment, one disk, no ZIP64.
2. Each entry is told twice, in its own header and in the directory: both say the same, member by member.
3. A name is made of short parts of letters, digits, dot, dash and underscore; none is `..` or begins with a dot; no two
   names are the same, however their letters are cased. Nothing is ever written to a disk by its name.
4. Entries are stored or deflated, not encrypted, without extra fields; a file, never a link or a folder.
5. The first entry is `mimetype`, stored (ETSI EN 319 162-1, Annex A.1).
6. Number, size and growth are bounded while reading; the checksum of each entry is checked.

What is refused says which row of the attack catalogue it is. The writer stores without compressing: compressed bytes
differ between versions of zlib, and a bundle is the same for ever.
"""

import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tradebridge.evidence.refusals import Finding, finding

MIMETYPE = "mimetype"

MAX_ENTRIES = 2_000
MAX_TOTAL = 256 * 1024 * 1024
"""Bytes of all entries together, unpacked."""
MAX_INFLATED = 64 * 1024 * 1024
"""Bytes of all deflated entries together, unpacked: they come before any signature is looked at. Ours are stored."""
MAX_GROWTH = 200
"""How often an entry may be larger than what is stored of it."""

_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,4}", re.ASCII)
_UTF8 = 0x0800
"""Flag: the name is UTF-8. Our names are ASCII, so it changes nothing."""
_STORED, _DEFLATED = 0, 8
_FILE_MODE = 0o100000
_MODE_KINDS = 0o170000

_NEVER = (0, 33)
"""Time and date of every entry we write: 1980-01-01 00:00, the first that the format knows."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of one entry, there and here alike."""

    name: str
    flags: int
    method: int
    time: tuple[int, int]
    checksum: int
    packed: int
    size: int


class _Refused(Exception):
    """Ends the reading; never leaves this module."""

    def __init__(self, code: str, attack: str, found: object, expected: str = "", pointer: str = "") -> None:
        self.found: Finding = finding(code, pointer, found=str(found), expected=expected, attack=attack)

    @classmethod
    def of_shape(cls, attack: str, found: object, expected: str, pointer: str = "") -> Self:
        return cls("bundle.archive", attack, found, expected, pointer)


def read_archive(data: bytes) -> Mapping[str, bytes] | Finding:
    """The entries by name, in the order of the file; or why this is no archive that we read."""
    try:
        return dict(_entries(data))
    except _Refused as refused:
        return refused.found


def write_archive(entries: Sequence[tuple[str, bytes]], media_type: str) -> bytes:
    """An archive of these entries after `mimetype`, in this order. A name that rule 3 refuses raises `ValueError`."""
    whole = [(MIMETYPE, media_type.encode("ascii")), *entries]
    names = [name for name, _ in whole]
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong or len({name.lower() for name in names}) != len(names):
        raise ValueError(f"an entry's name is not of the allowed form, or stands twice: {wrong or names}")
    body, directory = bytearray(), bytearray()
    for name, content in whole:
        told = (_UTF8, _STORED, *_NEVER, zlib.crc32(content), len(content), len(content), len(name), 0)
        directory += _CENTRAL.pack(b"PK\x01\x02", 0x031E, 20, *told, 0, 0, 0, (_FILE_MODE | 0o644) << 16, len(body))
        directory += name.encode("ascii")
        body += _LOCAL.pack(b"PK\x03\x04", 20, *told) + name.encode("ascii") + content
    count = len(whole)
    return bytes(body + directory + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0))


# --- reading ---------------------------------------------------------------------------------------------------------


def _entries(data: bytes) -> list[tuple[str, bytes]]:
    start, count = _end(data)
    entries, seen, total, inflated, place, at = [], set[str](), 0, 0, 0, start
    for index in range(count):
        told, offset, at = _from_directory(data, at, index)
        if offset != place:
            raise _Refused.of_shape("ZIP-3", f"an entry at {offset}", f"the next one at {place}", told.name)
        if told.name.lower() in seen:
            raise _Refused.of_shape("ZIP-1", told.name, "each name once", told.name)
        seen.add(told.name.lower())
        total += told.size
        if total > MAX_TOTAL:
            raise _Refused("bundle.too-large", "ZIP-6", f"{total} bytes", f"at most {MAX_TOTAL}")
        inflated += told.size if told.method != _STORED else 0
        if inflated > MAX_INFLATED:
            raise _Refused("bundle.too-large", "ZIP-6", f"{inflated} bytes, deflated", f"at most {MAX_INFLATED}")
        packed, place = _packed(data, told, offset, start)
        entries.append((told.name, _unpacked(packed, told)))
        if index == 0 and (told.name, told.method) != (MIMETYPE, _STORED):
            raise _Refused.of_shape("ZIP-8", told.name, f"{MIMETYPE} first, stored")
    if place != start or at != len(data) - _END.size:
        raise _Refused.of_shape("ZIP-3", f"entries to {place}, directory to {at}", f"{start}, {len(data) - _END.size}")
    return entries


def _end(data: bytes) -> tuple[int, int]:
    """Where the directory begins and how many entries it has, from the last 22 bytes of the file."""
    if len(data) < _END.size or data[-_END.size :][:4] != b"PK\x05\x06":
        raise _Refused.of_shape("ZIP-4", "no end of a directory as the last 22 bytes", "a ZIP archive without comment")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack(data[-_END.size :])
    if disk or first_disk or here != count:
        raise _Refused.of_shape("ZIP-12", f"disk {disk}, {here} of {count} entries", "one disk")
    if count == 0xFFFF or 0xFFFFFFFF in (size, start):
        raise _Refused.of_shape("ZIP-5", "ZIP64", "a plain archive")
    if comment or start + size + _END.size != len(data):
        raise _Refused.of_shape("ZIP-4", f"directory of {size} bytes at {start}", f"an end at {len(data) - _END.size}")
    if not 0 < count <= MAX_ENTRIES:
        raise _Refused("bundle.too-large", "ZIP-6", f"{count} entries", f"1 to {MAX_ENTRIES}")
    return start, count


def _from_directory(data: bytes, at: int, index: int) -> tuple[_Told, int, int]:
    """What the directory says of an entry, where it lies, and where the directory goes on."""
    fields, name, after = _header(data, at, _CENTRAL, b"PK\x01\x02", index)
    (
        _,
        made_by,
        _,
        flags,
        method,
        time,
        date,
        checksum,
        packed,
        size,
        _,
        extra,
        comment,
        disk,
        _,
        attributes,
        offset,
    ) = fields
    if extra or comment:
        raise _Refused.of_shape("ZIP-8", f"{extra} bytes extra, {comment} of comment", "none", name)
    if disk:
        raise _Refused.of_shape("ZIP-12", f"disk {disk}", "one disk", name)
    kind = attributes >> 16 & _MODE_KINDS
    if kind not in (0, _FILE_MODE) or (made_by >> 8 == 0 and attributes & 0x10):
        raise _Refused.of_shape("ZIP-7", f"mode {attributes >> 16:o}", "a plain file", name)
    return _Told(name, flags, method, (time, date), checksum, packed, size), offset, after


def _packed(data: bytes, told: _Told, offset: int, limit: int) -> tuple[bytes, int]:
    """The stored bytes of an entry, whose own header must say what the directory says; and where the next begins."""
    fields, name, begin = _header(data, offset, _LOCAL, b"PK\x03\x04", told.name)
    _, _, flags, method, time, date, checksum, packed, size, _, extra = fields
    own = _Told(name, flags, method, (time, date), checksum, packed, size)
    if own != told:
        raise _Refused.of_shape("ZIP-2", own, str(told), told.name)
    if extra:
        raise _Refused.of_shape("ZIP-8", f"{extra} bytes extra", "none", name)
    if flags & ~_UTF8 or method not in (_STORED, _DEFLATED):
        raise _Refused.of_shape("ZIP-12", f"flags {flags:#x}, method {method}", "stored or deflated, plain", name)
    if begin + packed > limit:
        raise _Refused.of_shape("ZIP-6", f"{packed} bytes at {begin}", f"an end before {limit}", name)
    return data[begin : begin + packed], begin + packed


def _header(data: bytes, at: int, form: struct.Struct, mark: bytes, which: object) -> tuple[tuple[int, ...], str, int]:
    """One header with its name, and where its name ends. Extra fields and comments the caller refuses, unread."""
    if at + form.size > len(data) or data[at : at + 4] != mark:
        raise _Refused.of_shape("ZIP-3", f"no header of entry {which} at {at}", "entries without gaps")
    fields = form.unpack_from(data, at)
    length = fields[10] if form is _CENTRAL else fields[9]
    raw = data[at + form.size : at + form.size + length]
    name = raw.decode("ascii", "backslashreplace")
    if len(raw) != length or not _NAME.fullmatch(name):
        raise _Refused.of_shape("ZIP-7", ascii(name)[:120], "short parts of letters, digits, dot, dash, underscore")
    return fields, name, at + form.size + length


def _unpacked(packed: bytes, told: _Told) -> bytes:
    """The content of an entry, never more of it than the entry says."""
    if told.method == _STORED:
        content = packed
    else:
        if told.size > MAX_GROWTH * max(told.packed, 1):
            raise _Refused("bundle.too-large", "ZIP-6", f"{told.packed} to {told.size} bytes", f"{MAX_GROWTH} times")
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = inflating.decompress(packed, told.size + 1)
        except zlib.error as error:
            raise _Refused.of_shape("ZIP-12", error, "deflated bytes", told.name) from error
        if not inflating.eof or inflating.unused_data:
            raise _Refused.of_shape("ZIP-6", "other bytes than the entry says", f"{told.size} bytes", told.name)
    if len(content) != told.size or zlib.crc32(content) != told.checksum:
        found = f"{len(content)} bytes, CRC {zlib.crc32(content):08x}"
        raise _Refused("bundle.archive", "ZIP-2", found, f"{told.size} bytes, CRC {told.checksum:08x}", told.name)
    return content
