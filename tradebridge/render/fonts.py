"""Which characters the fonts at hand have, read from their `cmap` tables: a missing one is found before it is printed.

OpenType 1.9, `cmap`: formats 4 and 12, which between them hold every font in use. A file that is not read as such has
no characters here; then something may be called missing that is not, never the reverse.
"""

import struct
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

Ranges = tuple[tuple[int, int], ...]
"""Code points from, to; both in."""

INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn")
"""Kinds of characters that need no glyph of their own: the shaper deals with them. Marks come with their letters."""


def missing(texts: Iterable[str], fonts: Iterable[tuple[Path, int]], builtin: Ranges) -> dict[str, str]:
    """The scripts of which no font has some characters, with these characters. Fonts are files and index within."""
    wanted = {ord(sign) for text in texts for sign in text if unicodedata.category(sign) not in INVISIBLE}
    left = _without(wanted, builtin)
    for path, index in fonts:
        if not left:
            break
        left = _without(left, coverage(path, index))
    found: dict[str, str] = {}
    for code in sorted(left):
        script = unicodedata.name(chr(code), "unnamed").split(" ")[0].split("-")[0]
        found[script] = found.get(script, "") + chr(code)
    return found


def _without(codes: set[int], ranges: Ranges) -> set[int]:
    from bisect import bisect_right

    starts = [start for start, _ in ranges]
    left = set()
    for code in codes:
        at = bisect_right(starts, code) - 1
        if at < 0 or ranges[at][1] < code:
            left.add(code)
    return left


@lru_cache(maxsize=4096)
def coverage(path: Path, index: int = 0) -> Ranges:
    """The code points that a font has, in order."""
    try:
        data = path.read_bytes()
        return tuple(_merged(sorted(_ranges(data, _offset(data, index)))))
    except (OSError, struct.error, IndexError):
        return ()


def _offset(data: bytes, index: int) -> int:
    """Where the font begins in its file: a collection has several."""
    if data[:4] == b"ttcf":
        (offset,) = struct.unpack_from(">I", data, 12 + 4 * index)
        return int(offset)
    return 0


def _ranges(data: bytes, font: int) -> Iterator[tuple[int, int]]:
    (tables,) = struct.unpack_from(">H", data, font + 4)
    for at in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, font + 12 + 16 * at)
        if tag == b"cmap":
            yield from _cmap(data, offset)


def _cmap(data: bytes, cmap: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    seen: set[int] = set()
    for at in range(count):
        platform, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * at)
        if platform not in (0, 3) or offset in seen:
            continue
        seen.add(offset)
        (form,) = struct.unpack_from(">H", data, cmap + offset)
        if form == 4:
            yield from _format_4(data, cmap + offset)
        elif form == 12:
            yield from _format_12(data, cmap + offset)


def _format_4(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    (doubled,) = struct.unpack_from(">H", data, at + 6)
    ends = struct.unpack_from(f">{doubled // 2}H", data, at + 14)
    starts = struct.unpack_from(f">{doubled // 2}H", data, at + 16 + doubled)
    yield from ((start, end) for start, end in zip(starts, ends, strict=True) if start <= end < 0xFFFF)


def _format_12(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    (groups,) = struct.unpack_from(">I", data, at + 12)
    for group in range(groups):
        start, end, _ = struct.unpack_from(">III", data, at + 16 + 12 * group)
        yield start, end


def _merged(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in ranges:
        if current is None or start > current[1] + 1:
            if current is not None:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current is not None:
        yield current
