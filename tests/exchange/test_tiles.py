"""A monitor that knows only C2SP tlog-tiles rebuilds the whole tree from what the hub serves."""

from functools import partial

import httpx
import pytest

from exchange.api.tiles import path_of
from tests.exchange.cast import Cast, certificate
from tests.exchange.test_log_and_evidence import checkpoint, settled, sized
from tests.waiting import until
from tradebridge.evidence import proofs


def get(cast: Cast, path: str) -> httpx.Response:
    return httpx.get(f"{cast.url}{path}", trust_env=False)


def hashes_of(cast: Cast, size: int, level: int, number: int) -> bytes:
    """A tile as the size of the tree has it: whole, or its first part."""
    width = min((size >> (8 * level)) - number * 256, 256)
    answer = get(cast, f"/log/tile/{level}/{path_of(number, width)}")
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    assert len(answer.content) == width * 32
    return answer.content


def entries_of(cast: Cast, size: int) -> list[bytes]:
    found = []
    for number in range(-(-size // 256)):
        width = min(size - number * 256, 256)
        data = get(cast, f"/log/tile/entries/{path_of(number, width)}").content
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found


def test_the_tree_can_be_rebuilt_from_its_tiles(cast: Cast) -> None:
    before = settled(cast).size
    accepted = [cast["SG-NSW"].submit(certificate(f"SG-2026-1{n:04d}"), ["TH-NSW"]) for n in range(259 - before)]
    until(lambda: checkpoint(cast).size == 259)
    tree = checkpoint(cast)
    entries = entries_of(cast, tree.size)
    assert len(set(entries)) == 259
    leaves = [proofs.leaf_hash(each) for each in entries]
    assert proofs.root_of(leaves) == tree.root

    def tile(level: int, number: int) -> bytes:
        return hashes_of(cast, tree.size, level, number)

    assert tile(0, 0) + tile(0, 1) == b"".join(leaves)
    assert tile(1, 0) == proofs.root_of(leaves[:256])
    assert proofs.root(tree.size, tile) == tree.root
    message = cast["SG-NSW"].evidence(accepted[-2].id)["messages"][0]
    proof = proofs.inclusion(message["leafIndex"], tree.size, tile)
    assert proofs.verify_inclusion(leaves[message["leafIndex"]], message["leafIndex"], tree.size, proof, tree.root)


def test_an_older_width_of_a_tile_stays_as_it_was(cast: Cast) -> None:
    seen, before = [], settled(cast).size
    widths = [before + each for each in (1, 2, 3)]
    for number, width in enumerate(widths):
        cast["SG-NSW"].submit(certificate(f"SG-2026-2{number:04d}"), ["TH-NSW"])
        until(partial(sized, cast, width))
        seen.append(get(cast, f"/log/tile/0/000.p/{width}").content)
    assert [get(cast, f"/log/tile/0/000.p/{width}").content for width in widths] == seen
    assert seen[2].startswith(seen[1]) and seen[1].startswith(seen[0])


@pytest.mark.parametrize(
    "path",
    [
        "0/000",
        "0/000.p/200",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/0",
        "0/x000/000",
        "0/001.p/1",
        "64/000.p/1",
        "00/000.p/1",
        "-1/000.p/1",
        "entries/000.p/200",
        "data/000.p/1",
        "0/x999/x999/x999/x999/x999/999",
        "0/..%2F000.p/1",
    ],
)
def test_what_is_not_there_is_not_found(sqlite_cast: Cast, path: str) -> None:
    """Few leaves are in the log. There is one way to write a tile's path, and no tile beyond the checkpoint."""
    answer = get(sqlite_cast, f"/log/tile/{path}")
    assert answer.status_code == 404 and answer.json()["code"] == "request.not-found"


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "000"),
        (5, 17, "005.p/17"),
        (1000, 256, "x001/000"),
        (1234067, 256, "x001/x234/067"),
        (999_999, 1, "x999/999.p/1"),
    ],
)
def test_paths_are_written_in_groups_of_three(number: int, width: int, path: str) -> None:
    assert path_of(number, width) == path


def test_the_checkpoint_is_the_one_that_the_api_gives(sqlite_cast: Cast) -> None:
    answer = get(sqlite_cast, "/log/checkpoint")
    assert answer.text == sqlite_cast.operator.checkpoint()
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/plain")
