"""A batch: many documents in one request, as lines of JSON or as a zip archive, each read when its turn comes.

1. What is wrong with one entry is a finding of that one; the others are taken all the same. Only what holds no entries
   at all (no archive, say) refuses the whole.
2. Everything is bounded: the bytes of the batch, its entries, the bytes of one entry and, in an archive, of all
   together. What an archive says of its sizes is not believed: they are counted while it is read (attack ZIP-6).
3. An archive is read in memory, entry by entry, and nothing is unpacked to disk: a name is a name, never a path. One
   with two archives in it, zip64, names twice or more after its end is none (ZIP-1, ZIP-4, ZIP-5).
"""

import struct
import zipfile
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from exchange.messages import IDEMPOTENCY_KEY
from schemas.content import MAX_BYTES, json_or_finding
from schemas.findings import Finding, finding

MAX_BATCH_BYTES = 64 * 1024 * 1024
"""Of one request."""
MAX_ENTRIES = 5_000
MAX_EXPANDED_BYTES = 256 * 1024 * 1024
"""Of all entries of an archive together."""
MAX_ENTRY_BYTES = MAX_BYTES * 4 // 3 + 10_000
"""A document in base64, as a compact JWS has it."""
MAX_LINE_BYTES = MAX_BYTES
"""A document above three quarters of it does not fit into a line: it goes by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a batch, or what is wrong with its place in it."""

    index: int
    """From 0, in the order of the batch."""
    name: str
    """As its sender calls it: the name in the archive, or what the line says; may be empty."""
    data: bytes = b""
    recipients: tuple[str, ...] = ()
    declared: str | None = None
    idempotency_key: str | None = None
    wrong: Finding | None = None


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds for an entry that says nothing else: from the headers of the request."""

    recipients: tuple[str, ...] = ()
    declared: str | None = None
    idempotency_key: str | None = None
    """Of the batch; an entry of an archive has this and a digest of its name."""


# --- lines -----------------------------------------------------------------------------------------------------------


def entries_of_lines(file: IO[bytes], usual: Usual) -> Iterator[Entry]:
    """Each line is an entry (NDJSON); empty lines are none."""
    index = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        if not line.strip():
            continue
        if index == MAX_ENTRIES:
            yield Entry(index, "", wrong=_too_many())
            return
        if len(line) > MAX_LINE_BYTES:
            _to_its_end(file, line)
            yield Entry(index, "", wrong=_too_large("batch.line-too-large", MAX_LINE_BYTES))
        else:
            yield _entry_of(index, line, usual)
        index += 1


def _to_its_end(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(MAX_LINE_BYTES)


def _entry_of(index: int, line: bytes, usual: Usual) -> Entry:
    value = json_or_finding(line)
    if isinstance(value, Finding):
        return Entry(index, "", wrong=value)
    name = value.get("name", "")
    shown = name if isinstance(name, str) else ""
    wrong = next(
        (
            finding("batch.line", f"/{member}", found=found, expected=wanted)
            for member, found, wanted in _wrong_members(value)
        ),
        None,
    )
    if wrong is not None:
        return Entry(index, shown[:200], wrong=wrong)
    try:
        data = b64decode(value["content"], validate=True)
    except (NotBase64, ValueError):
        return Entry(
            index, shown, wrong=finding("batch.line", "/content", found=value["content"][:40], expected="base64")
        )
    return Entry(
        index,
        shown,
        data,
        tuple(value.get("to", usual.recipients)),
        value.get("profile", usual.declared),
        value.get("idempotencyKey"),
    )


def _wrong_members(value: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    """Member, what was found, what is expected: of all that a line may hold."""
    content, to = value.get("content"), value.get("to", [])
    if not isinstance(content, str):
        yield "content", "" if content is None else type(content).__name__, "the document's bytes in base64"
    if not isinstance(to, list) or not all(isinstance(name, str) for name in to):
        yield "to", to, "a list of member ids"
    key = value.get("idempotencyKey", "k")
    if not isinstance(key, str) or not IDEMPOTENCY_KEY.fullmatch(key):
        yield "idempotencyKey", key, "1 to 255 visible characters"
    for member, most in (("profile", 100), ("name", 200)):
        text = value.get(member, "")
        if not isinstance(text, str) or len(text) > most:
            yield member, text, f"a text of at most {most} characters"
    for member in value.keys() - {"to", "profile", "idempotencyKey", "content", "name"}:
        yield member, member, "to, profile, idempotencyKey, content or name"


# --- archives --------------------------------------------------------------------------------------------------------

_END = struct.Struct("<4s4H2LH")
"""The end record: signature, two disks, two counts, size and place of the directory, length of the comment."""
_MOST_OF_DIRECTORY = MAX_ENTRIES * 400
"""Bytes; names of some 300 characters."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LEFT_OUT = ("__MACOSX/", ".DS_Store")


def open_archive(file: IO[bytes]) -> zipfile.ZipFile | Finding:
    """The archive, once its directory is known to be no larger than a batch may be."""
    size = file.seek(0, 2)
    if size < _END.size:
        return finding("batch.not-an-archive", found=f"{size} bytes", expected="a zip archive")
    file.seek(-_END.size, 2)
    signature, disk, first, _, count, length, at, comment = _END.unpack(file.read(_END.size))
    if signature != b"PK\x05\x06" or comment or disk or first or at + length != size - _END.size:
        expected = "one zip archive in one part, without a comment and with nothing before or after it"
        return finding("batch.not-an-archive", expected=expected)
    if count > MAX_ENTRIES or length > _MOST_OF_DIRECTORY:
        return _too_many(f"{count} entries")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        return finding("batch.not-an-archive", found=str(error), expected="a zip archive")
    names = archive.namelist()
    if len(names) != count or len(set(names)) != len(names):
        return finding("batch.not-an-archive", found="a name twice", expected="each name once")
    return archive


def entries_of_archive(archive: zipfile.ZipFile, usual: Usual) -> Iterator[Entry]:
    """Each file in the archive is an entry, in the order of its directory; folders are none."""
    left, index = MAX_EXPANDED_BYTES, 0
    for member in archive.infolist():
        if member.is_dir() or member.filename.startswith(_LEFT_OUT[0]) or member.filename.endswith(_LEFT_OUT[1]):
            continue
        read = _read_member(archive, member, min(left, MAX_ENTRY_BYTES))
        name = member.filename[:200]
        if isinstance(read, Finding):
            left -= MAX_ENTRY_BYTES if read.code == "batch.expands" else 0
            yield Entry(index, name, wrong=read)
        else:
            left -= len(read)
            yield Entry(index, name, read, usual.recipients, usual.declared, _key_of(usual, member.filename))
        index += 1
        if left <= 0:
            yield Entry(index, "", wrong=_too_large("batch.expands", MAX_EXPANDED_BYTES))
            return


def _key_of(usual: Usual, name: str) -> str | None:
    if usual.idempotency_key is None:
        return None
    return f"{usual.idempotency_key[:200]}:{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes | Finding:
    """The bytes of one file, at most so many."""
    if member.compress_type not in _METHODS or member.flag_bits & 0x1:
        return finding("batch.entry-unreadable", found="encrypted, or packed in an unusual way", expected="deflate")
    try:
        with archive.open(member) as file:
            data = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as error:
        return finding("batch.entry-unreadable", found=str(error), expected="a file that can be unpacked")
    return data if len(data) <= most else _too_large("batch.expands", most)


def _too_many(found: str = "") -> Finding:
    return finding("batch.too-many", found=found, expected=f"at most {MAX_ENTRIES} documents")


def _too_large(code: str, most: int) -> Finding:
    return finding(code, expected=f"at most {most} bytes")
