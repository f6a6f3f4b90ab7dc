"""Additional documents: streamed in and out, checked on the way, one file each.

1. A document is a file `FOLDER/{title}/{checksum}`: it is there under this name only when it is whole, its SHA-256 is
   that of its name, and it is on the disk (`fsync` of the file, then of the folders). It is never removed: it belongs
   to a title, or to an action with it.
2. What comes with an envelope lies in a folder of that envelope, `FOLDER/coming/{title}/{envelopeReference}`, until one
   that names it is accepted: then it is the title's. An envelope that goes takes along what is in its folder still.
3. A body of `application/json` is one JSON string of Base64 (PINT: 'a Base64 encoded payload'); it is decoded as it
   comes, also with the escapes that JSON allows. Memory does not grow with the document.
4. More than the limit is refused as soon as it is known: by what was declared, else by the bytes that came.
"""

import asyncio
import base64
import binascii
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CHECKSUM = re.compile(r"[0-9a-f]{64}")
REFERENCE = re.compile(r"env_[0-9a-f]{32}")
"""Of an envelope (`receiving`)."""
BLOCK = 3 * 64 * 1024
"""Bytes read at once: a multiple of three, so that Base64 has no padding in the middle."""
IDLE_SECONDS = 3600.0
"""A file under a passing name that nothing came to for so long is nobody's any more: a request lasts minutes."""
_UNESCAPED = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_WHITE = b" \t\r\n"


class TooLarge(ValueError):
    """The document has more bytes than the platform takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the document has more than {limit} bytes")
        self.limit = limit


class NotBase64(ValueError):
    """The body is no JSON string of Base64."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A document in a file under a passing name."""

    passing: Path
    checksum: str
    size: int


def place(folder: Path, title: str, checksum: str) -> Path:
    """Where a document lies. Raises ValueError for what is no checksum."""
    if not (CHECKSUM.fullmatch(title) and CHECKSUM.fullmatch(checksum)):
        raise ValueError("title and document are named by 64 lower-case hexadecimal digits")
    return folder / title / checksum


def present(folder: Path, title: str) -> frozenset[str]:
    """All documents of a title that are here."""
    return _names(folder / title)


def came(folder: Path, title: str) -> frozenset[str]:
    """All documents that came with envelopes about a title which are not accepted yet: sent for one, they are there for
    all."""
    within = folder / "coming" / title
    return frozenset(name for reference in _names(within) for name in _names(within / reference))


def _coming(folder: Path, title: str, reference: str) -> Path:
    if not (CHECKSUM.fullmatch(title) and REFERENCE.fullmatch(reference)):
        raise ValueError("an envelope is named by a title and its reference")
    return folder / "coming" / title / reference


def _names(within: Path) -> frozenset[str]:
    try:
        return frozenset(each.name for each in within.iterdir())
    except FileNotFoundError:
        return frozenset()


async def arrive(folder: Path, chunks: AsyncIterator[bytes], limit: int) -> Arrived:
    """Write what comes into a file, which `keep` makes durable. Raises `TooLarge`, `NotBase64`, and what the stream
    raises; nothing stays then."""
    passing = folder / "passing" / secrets.token_hex(12)
    passing.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with passing.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(limit)
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
    return Arrived(passing, digest.hexdigest(), size)


async def keep(folder: Path, title: str, arrived: Arrived) -> None:
    """Flush it to the disk, and give it its name, for good."""
    await asyncio.to_thread(_settle, place(folder, title, arrived.checksum), arrived.passing)


@asynccontextmanager
async def passing(folder: Path, contents: Iterable[bytes], limit: int) -> AsyncIterator[tuple[Arrived, ...]]:
    """Documents in memory are on the disk under passing names, as long as this lasts: the transaction that needs them
    gives them their `name`, and what is refused leaves nothing. Raises `TooLarge`."""
    arrived: list[Arrived] = []
    try:
        for data in contents:
            arrived.append(await arrive(folder, _once(data), limit))
            await asyncio.to_thread(_flush, arrived[-1].passing)
        yield tuple(arrived)
    finally:
        for each in arrived:
            each.passing.unlink(missing_ok=True)


def name(folder: Path, title: str, arrived: Sequence[Arrived]) -> None:
    """Give what is `passing` its name, for good. The last thing that is done in a transaction before its commit; may be
    done again."""
    for each in arrived:
        named = place(folder, title, each.checksum)
        named.parent.mkdir(parents=True, exist_ok=True)
        if each.passing.exists():
            each.passing.replace(named)
    if arrived:
        _flush_names(folder / title)


async def keep_coming(folder: Path, title: str, reference: str, arrived: Arrived) -> None:
    """Flush it to the disk, among what has come with this envelope. Its name is not promised to anybody yet."""
    await asyncio.to_thread(_set_down, _coming(folder, title, reference) / arrived.checksum, arrived.passing)


async def adopt(folder: Path, title: str, checksums: Sequence[str]) -> None:
    """Of what came with envelopes, these are the title's from now on, for good; what is the title's already stays so.
    What is not there (any more) is passed over: look with `present`."""
    if checksums:
        targets = [place(folder, title, each) for each in checksums]
        await asyncio.to_thread(_adopt, folder / "coming" / title, targets)


async def drop(folder: Path, envelopes: Iterable[tuple[str, str]]) -> None:
    """Remove what came with these envelopes, by title and reference, and is not the title's."""
    gone = [_coming(folder, title, reference) for title, reference in envelopes]
    if gone:
        await asyncio.to_thread(_remove, gone)


def all_coming(folder: Path) -> list[tuple[str, str]]:
    """All envelopes with which something came, by title and reference."""
    within = folder / "coming"
    return [(title, reference) for title in _names(within) for reference in _names(within / title)]


def forget_passing(folder: Path, idle: float = 0.0) -> None:
    """Remove what a killed process left half written. At the start, before anything arrives. `idle`: what was written
    to within so many seconds stays; another process over the same folder may be at it."""
    for each in (folder / "passing").glob("*"):
        with suppress(FileNotFoundError):  # another process was faster
            if not idle or time.time() - each.stat().st_mtime >= idle:
                each.unlink()


async def base64_string(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes that one JSON string of Base64 holds. Raises `NotBase64`."""
    reader = _Base64String()
    async for chunk in chunks:
        if chunk:
            yield reader.feed(chunk)
    yield reader.end()


def as_base64_string(path: Path) -> Iterator[bytes]:
    """The JSON string of Base64 of a file: in one piece, if it has less than a block."""
    mark = b'"'
    with path.open("rb") as file:
        while len(block := file.read(BLOCK)) == BLOCK:
            yield mark + base64.b64encode(block)
            mark = b""
    yield mark + base64.b64encode(block) + b'"'


def length_as_base64_string(size: int) -> int:
    """Bytes of `as_base64_string` of a file of `size` bytes."""
    return 2 + (size + 2) // 3 * 4


class _Base64String:
    """Decodes a JSON string of Base64 in pieces. Before, in or after the quotes; an open escape waits for its end."""

    __slots__ = ("_ended", "_escape", "_padded", "_rest", "_within")

    def __init__(self) -> None:
        self._within = False
        self._ended = False
        self._escape = b""
        self._rest = b""
        self._padded = False

    def feed(self, chunk: bytes) -> bytes:
        if self._ended:
            self._close(chunk)
            return b""
        if not self._within:
            chunk = chunk.lstrip(_WHITE)
            if not chunk:
                return b""
            if chunk[:1] != b'"':
                raise NotBase64("the body does not begin with a quotation mark: it is one JSON string")
            self._within, chunk = True, chunk[1:]
        return self._decode(self._text(chunk))

    def _text(self, chunk: bytes) -> bytes:
        """The characters of the string in this chunk; notes its end."""
        if not self._escape and b"\\" not in chunk:
            text, mark, after = chunk.partition(b'"')
            if mark:
                self._close(after)
            return text
        return b"".join(self._escaped(chunk))

    def _escaped(self, chunk: bytes) -> Iterator[bytes]:
        data, self._escape = self._escape + chunk, b""
        while data:
            text, mark, rest = _until_mark(data)
            yield text
            if mark == b'"':
                self._close(rest)
                return
            if not mark:
                return
            needed = 5 if rest[:1] == b"u" else 1
            if len(rest) < needed:
                self._escape = b"\\" + rest
                return
            yield _unescape(rest[:needed])
            data = rest[needed:]

    def _close(self, after: bytes) -> None:
        self._ended = True
        if after.strip(_WHITE):
            raise NotBase64("something follows the string")

    def _decode(self, text: bytes) -> bytes:
        if not text:
            return b""
        if self._padded:
            raise NotBase64("Base64 goes on after its padding")
        text = self._rest + text
        whole = len(text) // 4 * 4
        text, self._rest = text[:whole], text[whole:]
        self._padded = text.endswith(b"=")
        if self._padded and self._rest:
            raise NotBase64("Base64 goes on after its padding")
        try:
            return binascii.a2b_base64(text, strict_mode=True) if text else b""
        except binascii.Error as error:
            raise NotBase64(f"the string is not Base64: {error}") from error

    def end(self) -> bytes:
        if not self._ended:
            raise NotBase64("the string does not end")
        if self._rest:
            raise NotBase64("the Base64 ends in the middle of a group of four")
        return b""


def _until_mark(data: bytes) -> tuple[bytes, bytes, bytes]:
    """What comes before the first quotation mark or backslash, that mark, and the rest."""
    found = [place for place in (data.find(b'"'), data.find(b"\\")) if place >= 0]
    if not found:
        return data, b"", b""
    place = min(found)
    return data[:place], data[place : place + 1], data[place + 1 :]


def _unescape(escape: bytes) -> bytes:
    if escape[:1] != b"u":
        plain = _UNESCAPED.get(escape)
        if plain is None:
            raise NotBase64("the string has an escape that JSON does not know")
        return plain
    try:
        return chr(int(escape[1:].decode("ascii"), 16)).encode("ascii")
    except (ValueError, UnicodeError) as error:
        raise NotBase64("the string has a character that is not of Base64") from error


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _settle(named: Path, passing: Path) -> None:
    _set_down(named, passing)
    _flush_names(named.parent)


def _set_down(named: Path, passing: Path) -> None:
    _flush(passing)
    named.parent.mkdir(parents=True, exist_ok=True)
    passing.replace(named)


def _adopt(coming: Path, targets: Sequence[Path]) -> None:
    within = targets[0].parent
    within.mkdir(parents=True, exist_ok=True)
    for named in targets:
        for reference in _names(coming):
            with suppress(FileNotFoundError):
                (coming / reference / named.name).replace(named)
    _flush_names(within)


def _remove(envelopes: Sequence[Path]) -> None:
    for each in envelopes:
        shutil.rmtree(each, ignore_errors=True)
        with suppress(OSError):  # there are others about this title, or there was nothing
            each.parent.rmdir()


def _flush_names(within: Path) -> None:
    """The names in the folder of a title, and its own: also where another, killed or still at it, has made it."""
    _flush(within)
    _flush(within.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
