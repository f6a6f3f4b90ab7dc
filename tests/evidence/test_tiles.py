"""Tiles grow as the tree does: compared, step by step, with a tree that is given whole."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tradebridge.evidence import proofs
from tradebridge.evidence.proofs import leaf_hash, root_of

LEAVES = [leaf_hash(index.to_bytes(4, "big")) for index in range(2500)]


class Tiles(RuleBasedStateMachine):
    """Append in batches; ask for proofs in between. The model is the list of all leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0
        self.root = proofs.EMPTY_ROOT

    def tile(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]

    @rule(count=st.one_of(st.integers(0, 5), st.integers(250, 260), st.integers(0, 600)))
    def append(self, count: int) -> None:
        batch = LEAVES[self.size : self.size + count]
        edge = {place: self.tiles[place] for place in proofs.edge_tiles(self.size)}
        changed, size, self.root = proofs.append(edge, self.size, batch)
        assert size == self.size + len(batch)
        for (level, index), data in changed.items():
            known = self.tiles.get((level, index), b"")
            assert data.startswith(known)
            assert len(known) < len(data) <= proofs.TILE_WIDTH * proofs.HASH
        self.tiles.update(changed)
        self.size = size

    @invariant()
    def the_root_is_that_of_the_leaves(self) -> None:
        assert self.root == root_of(LEAVES[: self.size]) == proofs.root(self.size, self.tile)

    @invariant()
    def the_lowest_tiles_hold_the_leaves(self) -> None:
        row = b"".join(data for (level, _), data in sorted(self.tiles.items()) if level == 0)
        assert row == b"".join(LEAVES[: self.size])

    @precondition(lambda self: self.size > 0)
    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        size = data.draw(st.integers(1, self.size))
        index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        root = root_of(LEAVES[:size])
        inclusion = proofs.inclusion(index, size, self.tile)
        assert proofs.verify_inclusion(LEAVES[index], index, size, inclusion, root)
        consistency = proofs.consistency(first, size, self.tile)
        assert proofs.verify_consistency(first, size, consistency, root_of(LEAVES[:first]), root)


TestTiles = Tiles.TestCase
TestTiles.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65535, 65536, 65537, 65536 * 256 + 1])
def test_the_edge_has_one_tile_a_level_at_most(size: int) -> None:
    edge = proofs.edge_tiles(size)
    assert len({level for level, _ in edge}) == len(edge) <= 4
    assert sum((size >> 8 * level) % 256 for level, _ in edge) >= (1 if size else 0)


def test_appending_reads_the_edge_only() -> None:
    """At 16 million leaves it needs three tiles and changes one, two or three."""
    row = b"".join(LEAVES[:255])
    size = 255 * 65536 + 255 * 256 + 255
    edge = {(0, size >> 8): row, (1, size >> 16): row, (2, 0): row}
    changed, grown, _ = proofs.append(edge, size, LEAVES[:1])
    assert grown == size + 1
    assert sorted(changed) == [(0, size >> 8), (1, size >> 16), (2, 0), (3, 0)]


def test_an_edge_that_does_not_fit_the_size_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        proofs.append({(0, 0): LEAVES[0]}, 2, LEAVES[2:3])
    with pytest.raises(ValueError, match="lacks"):
        proofs.root(3, lambda level, index: LEAVES[0])
