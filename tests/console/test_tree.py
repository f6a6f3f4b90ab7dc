"""The drawn way of a proof leads to the root that the proof is for."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from exchange.console.tree import draw, path_of
from tradebridge.evidence.proofs import inclusion_proof, leaf_hash, node_hash, root_of, subtree_root


@given(size=st.integers(1, 70), data=st.data())
def test_the_hashes_stand_on_the_side_where_they_belong(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = [leaf_hash(sha256(bytes([at])).digest()) for at in range(size)]

    def node(level: int, at: int) -> bytes:
        return root_of(leaves[at << level : (at + 1) << level])

    assert subtree_root(0, size, node) == root_of(leaves)
    proof = inclusion_proof(index, size, node)
    known = leaves[index]
    for each in path_of(index, size, [digest.hex() for digest in proof]):
        beside = bytes.fromhex(each.digest)
        known = node_hash(beside, known) if each.side == "left" else node_hash(known, beside)
    assert known == root_of(leaves)


def test_the_drawing_has_each_given_hash_and_says_it_in_words() -> None:
    drawn = draw(path_of(5, 7, ["aa" * 32, "bb" * 32, "cc" * 32]), "dd" * 32, 5, 7)
    assert drawn.count('class="given"') == 3 and drawn.count("<circle") == 4
    assert "step 1: with aaaaaaaa…aaaa at its left" in drawn
    assert "Leaf 5 in the tree of 7" in drawn
