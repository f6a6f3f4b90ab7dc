"""The Merkle tree of the log: roots, inclusion and consistency proofs (RFC 6962; RFC 9162 section 2.1), and its tiles.

1. A leaf hashes as SHA-256(0x00 || data), a node as SHA-256(0x01 || left || right). So no node passes for a leaf.
2. Verification is strict: an index below the size, hashes of 32 bytes, a proof of exactly the length that the two sizes
   ask for. An empty inclusion proof holds only in a tree of one leaf.
3. Consistency with the empty tree proves nothing and is refused; consistency of a size with itself needs the same root
   and an empty proof.
4. Making a proof needs only the hashes of complete subtrees: `node(level, index)` is the root of the 2^level leaves
   from index * 2^level on.
5. Tiles (C2SP tlog-tiles): tile (L, n) holds the hashes of level 8L from 256n on, at most 256 of 32 bytes. One on the
   right edge is partial and grows. Everything in between is computed from them: appending reads and writes the right
   edge only, so it costs the same at any size.

Sizes and indices are whole numbers from 0; hashes are bytes of length 32. Making a proof for what cannot be (an index
beyond the size) is a programmer's error and raises ValueError; verifying it answers False.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256

NodeReader = Callable[[int, int], bytes]
"""(level, index) to the hash of that complete subtree."""
TileReader = Callable[[int, int], bytes]
"""(tile level, tile index) to the tile's bytes, as many hashes as are there."""

HASH = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of a tree given whole: the definition (RFC 9162 section 2.1.1), for small trees and for tests."""
    size = len(leaf_hashes)
    if size == 0:
        return EMPTY_ROOT
    if size == 1:
        return leaf_hashes[0]
    split = _split(size)
    return node_hash(root_of(leaf_hashes[:split]), root_of(leaf_hashes[split:]))


# --- Making proofs from complete subtrees ----------------------------------------------------------------------------


def subtree_root(begin: int, end: int, node: NodeReader) -> bytes:
    """The root over the leaves from begin to end (excluded), where the tree has such a subtree."""
    parts = list(_complete(begin, end))
    level, index = parts.pop()
    root = node(level, index)
    for level, index in reversed(parts):
        root = node_hash(node(level, index), root)
    return root


def tree_root(size: int, node: NodeReader) -> bytes:
    """The root of the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else subtree_root(0, size, node)


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """The path from a leaf to the root of `size` leaves (RFC 9162 section 2.1.3.1), from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(subtree_root(middle, end, node))
            end = middle
        else:
            path.append(subtree_root(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency_proof(first: int, second: int, node: NodeReader) -> list[bytes]:
    """That the tree of `second` leaves begins with that of `first`, 0 < first <= second (RFC 9162 section 2.1.4.1)."""
    if not 0 < first <= second:
        raise ValueError(f"no proof leads from {first} to {second} leaves")
    path: list[bytes] = []
    begin, end, old_is_complete = 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(subtree_root(middle, end, node))
            end = middle
        else:
            path.append(subtree_root(begin, middle, node))
            begin, old_is_complete = middle, False
    if not old_is_complete:
        path.append(subtree_root(begin, end, node))
    return path[::-1]


# --- A tree leaf by leaf ----------------------------------------------------------------------------------------------


class Growing:
    """The tree of so many leaves, of which only the complete subtrees along its right edge are held. Whoever reads
    leaves in order has its root at every size, in the memory of 64 hashes."""

    def __init__(self, size: int = 0, frontier: Sequence[bytes] = ()) -> None:
        """`frontier`: of a tree of `size` leaves, as `frontier_of` gives it. Raises `ValueError` for another number of
        hashes."""
        levels = [level for level, _ in _complete(0, size)]
        if len(levels) != len(frontier) or not _are_hashes(*frontier):
            raise ValueError(f"a tree of {size} leaves has a frontier of {len(levels)} hashes")
        self.size = size
        self._edge = list(zip(levels, frontier, strict=True))

    def append(self, leaf: bytes) -> None:
        """One more leaf hash."""
        level = 0
        while self._edge and self._edge[-1][0] == level:
            leaf = node_hash(self._edge.pop()[1], leaf)
            level += 1
        self._edge.append((level, leaf))
        self.size += 1

    def root(self) -> bytes:
        if not self._edge:
            return EMPTY_ROOT
        *rest, (_, root) = self._edge
        for _, left in reversed(rest):
            root = node_hash(left, root)
        return root


def frontier_of(size: int, tile: TileReader) -> list[bytes]:
    """The complete subtrees, from left to right, that make up the first `size` leaves."""
    node = node_reader(tile)
    return [node(level, index) for level, index in _complete(0, size)]


# --- Verifying -------------------------------------------------------------------------------------------------------


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash stands at `index` in the tree of this size and root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False  # longer than the path
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:  # the nodes above that have no right sibling
                node >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and computed == root


def verify_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether the tree of `second` leaves begins with the tree of `first` leaves (RFC 9162 section 2.1.4.2)."""
    if not 0 < first <= second or not _are_hashes(first_root, second_root, *proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)  # the old tree is complete: its root is the first hash
    if not path:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


# --- Tiles -----------------------------------------------------------------------------------------------------------


def edge_tiles(size: int) -> list[tuple[int, int]]:
    """(level, index) of the partial tiles of a tree of `size` leaves: all that `append` and `root` have to read."""
    edge = []
    level = 0
    while size:
        if size % TILE_WIDTH:
            edge.append((level, size // TILE_WIDTH))
        size //= TILE_WIDTH
        level += 1
    return edge


def append(
    edge: Mapping[tuple[int, int], bytes], size: int, leaf_hashes: Sequence[bytes]
) -> tuple[dict[tuple[int, int], bytes], int, bytes]:
    """The tree of `size` leaves with more leaves at its end: the tiles that are new or changed, the new size and root.

    `edge` holds the tiles that `edge_tiles(size)` names, whole as they stand; more of them do no harm.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, position, hashes = 0, size, list(leaf_hashes)
    while hashes:
        index, filled = divmod(position, TILE_WIDTH)
        row = (edge[level, index] if filled else b"") + b"".join(hashes)
        if len(row) != (filled + len(hashes)) * HASH:
            raise ValueError(f"tile {level}/{index} does not hold {filled} hashes")
        hashes = []
        for offset in range(0, len(row), TILE_WIDTH * HASH):
            tile = row[offset : offset + TILE_WIDTH * HASH]
            changed[level, index] = tile
            index += 1
            if len(tile) == TILE_WIDTH * HASH:
                hashes.append(tile_root(tile))
        position //= TILE_WIDTH
        level += 1
    new_size = size + len(leaf_hashes)
    return changed, new_size, root(new_size, lambda level, index: changed.get((level, index)) or edge[level, index])


def tile_root(tile: bytes) -> bytes:
    """The root over all hashes of a tile, whose number is a power of two."""
    row = [tile[offset : offset + HASH] for offset in range(0, len(tile), HASH)]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def node_reader(tile: TileReader) -> NodeReader:
    """Complete subtrees from tiles. Each tile is read once for as long as the reader lives."""
    known: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        begin = index << height
        place = (tile_level, begin // TILE_WIDTH)
        if place not in known:
            known[place] = tile(*place)
        offset = begin % TILE_WIDTH * HASH
        part = known[place][offset : offset + (HASH << height)]
        if len(part) != HASH << height:
            raise ValueError(f"tile {place[0]}/{place[1]} lacks the hashes of node {level}/{index}")
        return tile_root(part)

    return node


def root(size: int, tile: TileReader) -> bytes:
    """The root of the first `size` leaves, from tiles."""
    return tree_root(size, node_reader(tile))


def inclusion(index: int, size: int, tile: TileReader) -> list[bytes]:
    """`inclusion_proof` from tiles."""
    return inclusion_proof(index, size, node_reader(tile))


def consistency(first: int, second: int, tile: TileReader) -> list[bytes]:
    """`consistency_proof` from tiles."""
    return consistency_proof(first, second, node_reader(tile))


def _split(size: int) -> int:
    """The largest power of two below `size`, for a size of 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def _complete(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees, from left to right, that make up leaves begin to end."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def _are_hashes(*values: object) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH for value in values)
