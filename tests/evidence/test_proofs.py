"""Merkle proofs: each leaf of each size, and whatever is bent is refused."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebridge.evidence import proofs
from tradebridge.evidence.proofs import leaf_hash, node_hash, root_of, verify_consistency, verify_inclusion

LEAVES = [leaf_hash(f"leaf {index}".encode()) for index in range(1500)]


def _reader(leaves: list[bytes]) -> proofs.NodeReader:
    return lambda level, index: root_of(leaves[index << level : (index + 1) << level])


READER = _reader(LEAVES)
SMALL = 70


def _bent(proof: list[bytes]) -> list[list[bytes]]:
    """The proof shortened, lengthened, reordered and with other hashes."""
    stranger = sha256(b"stranger").digest()
    bent = [[*proof, stranger], [stranger, *proof], [*proof, *proof[-1:]]] if proof else [[stranger]]
    if proof:
        bent += [proof[1:], proof[:-1], [*proof[:-1], stranger], [stranger, *proof[1:]], [proof[0][:31], *proof[1:]]]
    if len(proof) > 1:
        bent += [[proof[1], proof[0], *proof[2:]], proof[::-1]]
    return [each for each in bent if each != proof]


# RFC 6962 has no vectors; these are the ones of the certificate-transparency project's own test data.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", CT_ROOTS)
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = [leaf_hash(data) for data in CT_LEAVES[:size]]
    assert root_of(leaves).hex() == CT_ROOTS[size]
    assert proofs.tree_root(size, _reader(leaves)) == root_of(leaves)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    """LOG-3."""
    assert root_of([]) == proofs.tree_root(0, READER) == sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, SMALL + 1))
def test_each_leaf_of_each_size_is_proven_and_nothing_else(size: int) -> None:
    root = root_of(LEAVES[:size])
    for index in range(size):
        proof = proofs.inclusion_proof(index, size, READER)
        assert verify_inclusion(LEAVES[index], index, size, proof, root)
        for bent in _bent(proof):
            assert not verify_inclusion(LEAVES[index], index, size, bent, root)
        assert not verify_inclusion(LEAVES[index + 1], index, size, proof, root)
        assert not verify_inclusion(LEAVES[index], (index + 1) % size if size > 1 else 1, size, proof, root)
        assert not verify_inclusion(LEAVES[index], index, size, proof, root_of(LEAVES[: size + 1]))


@pytest.mark.parametrize("second", range(1, SMALL + 1))
def test_each_size_is_proven_to_grow_from_each_smaller_one(second: int) -> None:
    root = root_of(LEAVES[:second])
    for first in range(1, second + 1):
        old = root_of(LEAVES[:first])
        proof = proofs.consistency_proof(first, second, READER)
        assert verify_consistency(first, second, proof, old, root)
        for bent in _bent(proof):
            assert not verify_consistency(first, second, bent, old, root)
        assert not verify_consistency(first, second, proof, LEAVES[-1], root)
        assert not verify_consistency(first, second, proof, old, LEAVES[-1])
        if first > 1:
            assert not verify_consistency(first - 1, second, proof, root_of(LEAVES[: first - 1]), root)


@pytest.mark.fuzz
@given(st.integers(1, len(LEAVES)), st.data())
def test_proofs_hold_in_bigger_trees(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    root = proofs.tree_root(size, READER)
    inclusion = proofs.inclusion_proof(index, size, READER)
    consistency = proofs.consistency_proof(first, size, READER)
    assert root == root_of(LEAVES[:size])
    assert verify_inclusion(LEAVES[index], index, size, inclusion, root)
    assert verify_consistency(first, size, consistency, root_of(LEAVES[:first]), root)
    for bent in _bent(inclusion):
        assert not verify_inclusion(LEAVES[index], index, size, bent, root)
    for bent in _bent(consistency):
        assert not verify_consistency(first, size, bent, root_of(LEAVES[:first]), root)


@pytest.mark.fuzz
@given(st.integers(1, len(LEAVES)), st.data())
def test_a_proof_holds_for_no_other_place(size: int, data: st.DataObject) -> None:
    """LOG-5. (A neighbouring size can have the same path: then it is the root that refuses.)"""
    index = data.draw(st.integers(0, size - 1))
    proof = proofs.inclusion_proof(index, size, READER)
    root = proofs.tree_root(size, READER)
    elsewhere = data.draw(st.integers(-2, len(LEAVES) + 2).filter(lambda place: place != index))
    assert not verify_inclusion(LEAVES[index], elsewhere, size, proof, root)
    other = data.draw(st.integers(1, len(LEAVES)).filter(lambda number: number != size))
    assert not verify_inclusion(LEAVES[index], index, other, proof, root_of(LEAVES[:other]))


ROOT7, ROOT8 = root_of(LEAVES[:7]), root_of(LEAVES[:8])
REFUSED: dict[str, tuple[str, Callable[[], bool]]] = {
    "consistency from the empty tree": ("LOG-3", lambda: verify_consistency(0, 7, [], proofs.EMPTY_ROOT, ROOT7)),
    "consistency of two empty trees": (
        "LOG-3",
        lambda: verify_consistency(0, 0, [], proofs.EMPTY_ROOT, proofs.EMPTY_ROOT),
    ),
    "equal sizes with a proof": ("LOG-4", lambda: verify_consistency(7, 7, [ROOT8], ROOT7, ROOT7)),
    "equal sizes with other roots": ("LOG-2", lambda: verify_consistency(7, 7, [], ROOT7, ROOT8)),
    "a tree that shrank": (
        "LOG-2",
        lambda: verify_consistency(8, 7, proofs.consistency_proof(7, 8, READER), ROOT8, ROOT7),
    ),
    "index at the size": ("LOG-5", lambda: verify_inclusion(LEAVES[0], 1, 1, [], LEAVES[0])),
    "negative index": ("LOG-5", lambda: verify_inclusion(LEAVES[0], -1, 1, [], LEAVES[0])),
    "empty proof in a tree of two": ("LOG-5", lambda: verify_inclusion(LEAVES[0], 0, 2, [], LEAVES[0])),
    "empty consistency proof": ("LOG-5", lambda: verify_consistency(4, 8, [], root_of(LEAVES[:4]), ROOT8)),
    "empty tree": ("LOG-5", lambda: verify_inclusion(LEAVES[0], 0, 0, [], proofs.EMPTY_ROOT)),
    "an inner node as a leaf": (
        "LOG-6",
        lambda: verify_inclusion(
            leaf_hash(LEAVES[0] + LEAVES[1]), 0, 2, [node_hash(LEAVES[2], LEAVES[3])], root_of(LEAVES[:4])
        ),
    ),
    "another leaf": (
        "LOG-7",
        lambda: verify_inclusion(LEAVES[1], 0, 7, proofs.inclusion_proof(0, 7, READER), ROOT7),
    ),
    "hashes of another length": ("LOG-5", lambda: verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1] + b"x"], ROOT7)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_attack_on_a_proof_is_refused(name: str) -> None:
    assert REFUSED[name][1]() is False


def test_a_proof_of_what_cannot_be_is_a_mistake() -> None:
    for index, size in ((0, 0), (7, 7), (-1, 7)):
        with pytest.raises(ValueError, match="no leaf"):
            proofs.inclusion_proof(index, size, READER)
    for first, second in ((0, 7), (8, 7)):
        with pytest.raises(ValueError, match="no proof"):
            proofs.consistency_proof(first, second, READER)
