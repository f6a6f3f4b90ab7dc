"""The ZIP archive of a bundle: read strictly, written the same each time. Attacks by their row of the catalogue."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebridge.evidence import archive
from tradebridge.evidence.archive import read_archive, write_archive
from tradebridge.evidence.refusals import Finding

TYPE = "application/vnd.etsi.asic-e+zip"
ENTRIES = [("document.xml", b"<a/>"), ("META-INF/manifest.xml", b"<m/>" * 50)]
GOOD = write_archive(ENTRIES, TYPE)

names = st.from_regex(r"[a-z][a-z0-9]{0,8}(/[a-z]{1,8}){0,3}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=300), max_size=8))
def test_what_is_written_is_read(entries: dict[str, bytes]) -> None:
    entries.pop("mimetype", None)
    data = write_archive(list(entries.items()), TYPE)
    assert read_archive(data) == {"mimetype": TYPE.encode(), **entries}
    assert data == write_archive(list(entries.items()), TYPE)


def test_other_tools_read_it() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == {"mimetype": TYPE.encode(), **dict(ENTRIES)}
        assert file.infolist()[0].header_offset == 0


def test_a_deflated_archive_of_another_tool_is_read() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
        file.writestr("document.xml", b"<a>" + b"x" * 5000 + b"</a>", zipfile.ZIP_DEFLATED)
    read = read_archive(stream.getvalue())
    assert not isinstance(read, Finding) and len(read["document.xml"]) == 5007


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_changed_byte_never_gives_other_content(at: int, change: int) -> None:
    """What is not covered by a checksum (version needed, times, attributes) may change; names and contents may not."""
    changed = bytearray(GOOD)
    changed[at] ^= change
    read = read_archive(bytes(changed))
    assert isinstance(read, Finding) or read == read_archive(GOOD)


@given(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=40))
def test_nothing_can_be_put_in(at: int, more: bytes) -> None:
    assert isinstance(read_archive(GOOD[:at] + more + GOOD[at:]), Finding)


@given(st.integers(0, len(GOOD) - 1))
def test_nothing_can_be_cut_off(at: int) -> None:
    assert isinstance(read_archive(GOOD[:at]), Finding)
    assert isinstance(read_archive(GOOD[at:]), Finding) or at == 0


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_archive(data), Finding)


# --- attacks ---------------------------------------------------------------------------------------------------------


def _with(change: Callable[[bytearray, int, int], None], name: str = "document.xml") -> bytes:
    """The good archive with something changed: the places of this name's own header and of its directory entry."""
    data = bytearray(GOOD)
    local = data.index(name.encode()) - 30
    central = data.rindex(name.encode()) - 46
    change(data, local, central)
    return bytes(data)


def _renamed(new: bytes) -> Callable[[bytearray, int, int], None]:
    def change(data: bytearray, local: int, central: int) -> None:
        assert len(new) == len("document.xml")
        data[local + 30 : local + 42] = new
        data[central + 46 : central + 58] = new

    return change


def _in_both(local_at: int, central_at: int, value: bytes) -> Callable[[bytearray, int, int], None]:
    def change(data: bytearray, local: int, central: int) -> None:
        data[local + local_at : local + local_at + len(value)] = value
        data[central + central_at : central + central_at + len(value)] = value

    return change


def _local_only(at: int, value: bytes) -> Callable[[bytearray, int, int], None]:
    def change(data: bytearray, local: int, central: int) -> None:
        data[local + at : local + at + len(value)] = value

    return change


def _central_only(at: int, value: bytes) -> Callable[[bytearray, int, int], None]:
    def change(data: bytearray, local: int, central: int) -> None:
        data[central + at : central + at + len(value)] = value

    return change


def _twice() -> bytes:
    """Two entries of one name, as `zipfile` writes them; it reads the last one."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
        file.writestr(zipfile.ZipInfo("a.xml"), b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr(zipfile.ZipInfo("a.xml"), b"two")
    return stream.getvalue()


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
        file.writestr("bomb", bytes(20_000_000), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _ghost() -> bytes:
    """A local entry between two others that the directory does not tell of."""
    start = struct.unpack("<L", GOOD[-6:-2])[0]
    ghost = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, 0, 0, 0, 33, zlib.crc32(b"x"), 1, 1, 1, 0) + b"gx"
    return GOOD[:start] + ghost + GOOD[start:-6] + struct.pack("<L", start + len(ghost)) + GOOD[-2:]


def _late_mimetype() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(zipfile.ZipInfo("a.xml"), b"one")
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
    return stream.getvalue()


def _end_with(at: int, value: bytes) -> bytes:
    place = len(GOOD) - 22 + at
    return GOOD[:place] + value + GOOD[place + len(value) :]


ATTACKS = {
    "ZIP-1 two entries of one name": ("ZIP-1", _twice()),
    "ZIP-2 other size in the header": ("ZIP-2", _with(_local_only(22, b"\x05\0\0\0"))),
    "ZIP-2 other method in the header": ("ZIP-2", _with(_local_only(8, b"\x08\0"))),
    "ZIP-2 other name in the header": ("ZIP-2", _with(_local_only(30, b"documenz.xml"))),
    "ZIP-2 other checksum in both": ("ZIP-2", _with(_in_both(14, 16, b"\1\2\3\4"))),
    "ZIP-3 a ghost entry": ("ZIP-3", _ghost()),
    "ZIP-3 an offset into another entry": ("ZIP-3", _with(_central_only(42, b"\x01\0\0\0"))),
    "ZIP-4 something before": ("ZIP-4", b"%PDF-1.7" + GOOD),
    "ZIP-4 something after": ("ZIP-4", GOOD + b"\0"),
    "ZIP-4 a comment": ("ZIP-4", _end_with(20, b"\x01\0") + b"x"),
    "ZIP-4 two archives": ("ZIP-4", GOOD + GOOD),
    "ZIP-5 ZIP64": ("ZIP-5", _end_with(16, b"\xff\xff\xff\xff")),
    "ZIP-6 a bomb": ("ZIP-6", _bomb()),
    "ZIP-6 more than it says": ("ZIP-6", _with(_in_both(18, 20, b"\xff\xff\0\0"))),
    "ZIP-7 traversal": ("ZIP-7", _with(_renamed(b"../ument.xml"))),
    "ZIP-7 absolute": ("ZIP-7", _with(_renamed(b"/ocument.xml"))),
    "ZIP-7 backslash": ("ZIP-7", _with(_renamed(b"..\\ument.xml"))),
    "ZIP-7 NUL": ("ZIP-7", _with(_renamed(b"docu\0ent.xml"))),
    "ZIP-7 hidden": ("ZIP-7", _with(_renamed(b".ocument.xml"))),
    "ZIP-7 a folder": ("ZIP-7", _with(_renamed(b"documentxml/"))),
    "ZIP-7 a link": ("ZIP-7", _with(_central_only(38, struct.pack("<L", 0o120777 << 16)))),
    "ZIP-8 mimetype late": ("ZIP-8", _late_mimetype()),
    "ZIP-12 encrypted": ("ZIP-12", _with(_in_both(6, 8, b"\x01\x00"))),
    "ZIP-12 data descriptor": ("ZIP-12", _with(_in_both(6, 8, b"\x08\x00"))),
    "ZIP-12 another method": ("ZIP-12", _with(_in_both(8, 10, b"\x0c\x00"))),
    "ZIP-12 another disk": ("ZIP-12", _end_with(4, b"\x01\0")),
    "ZIP-12 an entry on another disk": ("ZIP-12", _with(_central_only(34, b"\x01\0"))),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_row(name: str) -> None:
    attack, data = ATTACKS[name]
    read = read_archive(data)
    assert isinstance(read, Finding) and (read.attack, read.code.partition(".")[0]) == (attack, "bundle")


def test_names_that_differ_by_case_only_are_one() -> None:
    data = write_archive([("a.xml", b"1"), ("b.xml", b"2")], TYPE).replace(b"b.xml", b"A.xml")
    read = read_archive(data)
    assert isinstance(read, Finding) and read.attack == "ZIP-1"


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a\\b", "mimetype", "MIMETYPE", ".a", "a b", "é", ""])
def test_the_writer_takes_no_such_name(name: str) -> None:
    with pytest.raises(ValueError, match="entry's name"):
        write_archive([(name, b"")], TYPE)


def test_sizes_and_numbers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    read = read_archive(GOOD)
    assert isinstance(read, Finding) and (read.code, read.attack) == ("bundle.too-large", "ZIP-6")
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MAX_TOTAL", 100)
    read = read_archive(GOOD)
    assert isinstance(read, Finding) and (read.code, read.attack) == ("bundle.too-large", "ZIP-6")


def test_what_is_inflated_is_bounded_in_all_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
        for at in range(3):
            file.writestr(f"{at}.xml", bytes(range(256)) * 40, zipfile.ZIP_DEFLATED)
    assert not isinstance(read_archive(stream.getvalue()), Finding)
    monkeypatch.setattr(archive, "MAX_INFLATED", 25_000)
    inflated: list[int] = []
    one = archive._unpacked

    def counted(packed: bytes, told: archive._Told) -> bytes:
        inflated.append(told.size)
        return one(packed, told)

    monkeypatch.setattr(archive, "_unpacked", counted)
    read = read_archive(stream.getvalue())
    assert isinstance(read, Finding) and (read.code, read.attack) == ("bundle.too-large", "ZIP-6")
    assert sum(inflated) <= 25_000
    assert not isinstance(
        read_archive(write_archive([("a.xml", b"x" * 30_000)], TYPE)), Finding
    )  # stored: its own size
