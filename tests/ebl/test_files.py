"""Additional documents: decoded as they come, bounded, checked, whole or not there."""

import asyncio
import base64
import json
import os
import resource
import threading
import time
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.pint import DocumentMetadata
from simulator.platforms import token_of
from tests.ebl.cast import EXPORTER, FORWARDER
from tests.ebl.running import SEED, Platforms, Process, eventually, platforms
from tests.ebl.test_receiving import Sender, signed, unsigned
from tradebridge.ebl import files

TITLE = "0" * 64
MEGABYTE = 1_000_000


async def pieces(data: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    """The data in chunks of these sizes, over and over."""
    place, turn = 0, 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        yield data[place : place + size]
        place, turn = place + size, turn + 1


def decoded(data: bytes, sizes: list[int]) -> bytes:
    async def run() -> bytes:
        return b"".join([each async for each in files.base64_string(pieces(data, sizes))])

    return asyncio.run(run())


# --- The string ------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_whatever_the_chunks_the_string_is_decoded(data: bytes, sizes: list[int], slashes: bool, white: bool) -> None:
    text = json.dumps(base64.b64encode(data).decode())
    text = text.replace("/", "\\/").replace("+", "\\u002b") if slashes else text
    text = f" \n{text}\t " if white else text
    assert decoded(text.encode(), sizes) == data


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
def test_what_json_or_base64_refuse_is_refused(data: bytes, sizes: list[int], drawn: st.DataObject) -> None:
    text = bytearray(json.dumps(base64.b64encode(data).decode()).encode())
    place = drawn.draw(st.integers(0, len(text) - 1))
    text[place] = drawn.draw(st.integers(0, 255))
    try:
        value = json.loads(bytes(text))
        expected = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except ValueError:
        expected = None
    try:
        found = decoded(bytes(text), sizes)
    except files.NotBase64:
        found = None
    # Python's decoder lets loose bits pass, and so does the one here: what both give is the same.
    assert found == expected


def test_a_file_comes_back_as_the_string_it_is_sent_as(tmp_path: Path) -> None:
    for size in (0, 1, 2, 3, files.BLOCK - 1, files.BLOCK, files.BLOCK + 1):
        path = tmp_path / "file"
        path.write_bytes(os.urandom(size))
        text = b"".join(files.as_base64_string(path))
        assert len(text) == files.length_as_base64_string(size)
        assert decoded(text, [65_536]) == path.read_bytes()
        assert len(list(files.as_base64_string(path))) == 1 + size // files.BLOCK, "each piece is a write of its own"


# --- The disk --------------------------------------------------------------------------------------------------------


def test_a_document_is_there_when_it_is_whole(tmp_path: Path) -> None:
    async def run() -> None:
        arrived = await files.arrive(tmp_path, pieces(b"abc" * 1000, [100]), 3000)
        assert (arrived.checksum, arrived.size) == (sha256(b"abc" * 1000).hexdigest(), 3000)
        assert files.present(tmp_path, TITLE) == frozenset()
        await files.keep(tmp_path, TITLE, arrived)
        assert files.present(tmp_path, TITLE) == {arrived.checksum}
        await files.keep(tmp_path, TITLE, await files.arrive(tmp_path, pieces(b"abc" * 1000, [7]), 3000))
        assert files.place(tmp_path, TITLE, arrived.checksum).read_bytes() == b"abc" * 1000

    asyncio.run(run())
    assert list((tmp_path / "passing").iterdir()) == []


def test_more_than_the_limit_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(files.TooLarge):
        asyncio.run(files.arrive(tmp_path, pieces(b"abcd" * 1000, [100]), 3000))
    assert list((tmp_path / "passing").iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "passing").mkdir()
    (tmp_path / "passing" / "half").write_bytes(b"half")
    files.forget_passing(tmp_path)
    assert list((tmp_path / "passing").iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "A" * 64, "0" * 63, "", "/etc/passwd"])
def test_a_file_is_named_by_a_checksum_only(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="64 lower-case"):
        files.place(tmp_path, TITLE, name)


# --- Over HTTP -------------------------------------------------------------------------------------------------------


def test_a_name_is_on_the_disk_with_the_folder_that_has_it_whoever_made_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of the title is there already: another has made it, and may have been killed before it was flushed."""
    (tmp_path / TITLE).mkdir()
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))

    async def run() -> files.Arrived:
        arrived = await files.arrive(tmp_path, pieces(b"abc", [3]), 3000)
        await files.keep(tmp_path, TITLE, arrived)
        return arrived

    file = files.place(tmp_path, TITLE, asyncio.run(run()).checksum)
    assert flushed == [each.stat().st_ino for each in (file, file.parent, tmp_path)]


def test_what_came_with_an_action_has_its_name_from_its_transaction_or_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))

    async def run(*, taken: bool) -> None:
        with pytest.raises(RuntimeError):
            async with files.passing(tmp_path, [b"abc", b"def"], 3000) as arrived:
                for _ in range(2 if taken else 0):  # a transaction may be tried again
                    files.name(tmp_path, TITLE, arrived)
                raise RuntimeError("whatever comes of it")

    asyncio.run(run(taken=False))
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]
    asyncio.run(run(taken=True))
    assert files.present(tmp_path, TITLE) == {sha256(each).hexdigest() for each in (b"abc", b"def")}
    assert not list((tmp_path / "passing").iterdir())
    assert {each.stat().st_ino for each in (*(tmp_path / TITLE).iterdir(), tmp_path / TITLE, tmp_path)} <= set(flushed)


def test_what_came_with_an_envelope_is_the_titles_and_on_the_disk_when_it_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = f"env_{'1' * 32}"

    async def run() -> str:
        arrived = await files.arrive(tmp_path, pieces(b"abc", [3]), 3000)
        await files.keep_coming(tmp_path, TITLE, reference, arrived)
        assert files.came(tmp_path, TITLE) == {arrived.checksum}
        assert not files.present(tmp_path, TITLE)
        monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
        for _ in range(2):  # a second time, after a kill
            await files.adopt(tmp_path, TITLE, [arrived.checksum])
        await files.drop(tmp_path, [(TITLE, reference)])
        return arrived.checksum

    flushed: list[int] = []
    checksum = asyncio.run(run())
    assert not files.all_coming(tmp_path)
    assert files.present(tmp_path, TITLE) == {checksum}
    assert flushed == [each.stat().st_ino for each in (tmp_path / TITLE, tmp_path)] * 2


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platforms]:
    with platforms(tmp_path_factory.mktemp("files"), ("STRA", "MEKO")) as running:
        yield running


def resident(process: Process) -> int:
    """Bytes of memory that the process has in use now."""
    assert process.pid is not None
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


class Watch:
    """The most memory that a process had in use while it was watched."""

    def __init__(self, process: Process) -> None:
        self._process, self._end, self.before = process, threading.Event(), resident(process)
        self.most = self.before
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, resident(self._process))

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        return self.most - self.before


def test_a_hundred_megabytes_go_through_both_platforms_in_flat_memory(two: Platforms) -> None:
    reference = two.issue()
    block = os.urandom(MEGABYTE)
    size = 100

    def stream() -> Iterator[bytes]:
        for _ in range(size):
            yield block

    uploaded = httpx.put(
        f"{two['STRA'].url}/v1/titles/{reference}/files?name=Survey.bin", content=stream(), timeout=60, trust_env=False
    )
    assert uploaded.status_code == 201, uploaded.text
    document = uploaded.json()
    assert document["size"] == size * MEGABYTE
    with Watch(two["STRA"]) as sender, Watch(two["MEKO"]) as receiver:
        sent = two["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER, documents=[document["documentChecksum"]])
        outcome = two["STRA"].settled(sent["transfer"])
    assert outcome["state"] == "accepted", outcome
    title = two["MEKO"].title(reference)["transportDocumentChecksum"]
    kept = files.place(two["MEKO"].folder / "files", title, document["documentChecksum"])
    assert kept.stat().st_size == size * MEGABYTE
    assert two["MEKO"].title(reference)["documents"][0]["size"] == size * MEGABYTE
    assert sender.grown < 25 * MEGABYTE, f"the sender grew by {sender.grown} bytes"
    assert receiver.grown < 25 * MEGABYTE, f"the receiver grew by {receiver.grown} bytes"


def declared(size: int, checksum: str = "a" * 64) -> DocumentMetadata:
    return DocumentMetadata(name="Large.bin", size=size, media_type="application/pdf", document_checksum=checksum)


def test_a_document_declared_larger_than_the_limit_is_refused_at_the_start(two: Platforms) -> None:
    sender = Sender(two)
    claims = signed(sender.start(sender.envelope(supporting=[declared(100 * MEGABYTE + 1)])), 422, "BENV")
    assert "pint.too-large" in claims["reason"]


def test_more_than_the_limit_is_refused_by_what_is_stated_and_by_what_comes(two: Platforms) -> None:
    sender = Sender(two)
    reference = sender.start(sender.envelope(supporting=[declared(100 * MEGABYTE)])).json()["envelopeReference"]
    path = f"/pint/v3/envelopes/{reference}/additional-documents/{'a' * 64}"
    headers = {"Authorization": f"Bearer {token_of(SEED, 'STRA', 'MEKO')}", "Content-Type": "application/json"}
    asked = HTTPConnection("127.0.0.1", sender.receiver.port, timeout=20)
    asked.request("PUT", path, headers=headers | {"Content-Length": str(140 * MEGABYTE)})
    stated = asked.getresponse()
    assert stated.status == 413, "before any of it came"
    assert b"100000000" in stated.read()
    asked.close()

    def stream() -> Iterator[bytes]:
        yield b'"'
        for _ in range(140):
            yield b"A" * MEGABYTE

    try:
        answer = httpx.put(
            f"{sender.receiver.url}{path}", content=stream(), headers=headers, timeout=60, trust_env=False
        )
        unsigned(answer, 413, "pint.too-large")
    except httpx.WriteError:
        pass  # the connection was closed while more was written: nobody need read all of it
    assert list((sender.receiver.folder / "files" / "passing").iterdir()) == []


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(two: Platforms) -> None:
    sender = Sender(two)
    reference = sender.start(sender.envelope(supporting=[declared(10 * MEGABYTE)])).json()["envelopeReference"]

    def stream() -> Iterator[bytes]:
        yield b'"' + b"A" * MEGABYTE
        time.sleep(0.2)
        raise ConnectionError("gone")

    headers = {"Authorization": f"Bearer {token_of(SEED, 'STRA', 'MEKO')}", "Content-Type": "application/json"}
    path = f"/pint/v3/envelopes/{reference}/additional-documents/{'a' * 64}"
    with pytest.raises(ConnectionError):
        httpx.put(f"{sender.receiver.url}{path}", content=stream(), headers=headers, timeout=20, trust_env=False)
    passing = sender.receiver.folder / "files" / "passing"
    eventually(lambda: list(passing.iterdir()) == [], "nothing half written stays")
    signed(sender.finish(reference), 409, "MDOC")


def test_bytes_as_they_are_under_their_own_media_type(two: Platforms) -> None:
    sender, data = Sender(two), b"as it is"
    metadata = declared(len(data), sha256(data).hexdigest())
    reference = sender.start(sender.envelope(supporting=[metadata])).json()["envelopeReference"]
    path = f"/pint/v3/envelopes/{reference}/additional-documents/{metadata.document_checksum}"
    headers = {"Content-Type": "application/octet-stream"}
    assert sender.receiver.as_peer("STRA", "PUT", path, data, headers=headers).status_code == 204
    signed(sender.finish(reference), 200, "RECE")
