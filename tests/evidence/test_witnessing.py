"""What a witness answers: status by status, and never two histories."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tradebridge.evidence import notes, proofs
from tradebridge.evidence.witnessing import MAX_REQUEST, Refusal, Request, judge, read_request

ORIGIN = "log.test/witnessed"
KEY = Ed25519PrivateKey.from_private_bytes(b"\3" * 32)
LOGS = {ORIGIN: notes.verifier_key_of(ORIGIN, KEY.public_key())}
LEAVES = [sha256(bytes([index])).digest() for index in range(40)]


def node(level: int, index: int) -> bytes:
    return proofs.root_of(LEAVES[index << level : (index + 1) << level])


def note_of(size: int, root: bytes | None = None, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> str:
    return notes.sign_checkpoint(origin, size, root or proofs.root_of(LEAVES[:size]), key)


def at(size: int) -> notes.Checkpoint:
    return notes.Checkpoint(ORIGIN, size, proofs.root_of(LEAVES[:size]))


def asked(old: int, new: int, **changes: object) -> Request:
    proof = proofs.consistency_proof(old, new, node) if 0 < old < new else []
    return Request(**{"old": old, "proof": tuple(proof), "note": note_of(new), **changes})  # type: ignore[arg-type]


@given(st.integers(0, 40), st.integers(0, 40))
def test_what_extends_is_cosigned(old: int, more: int) -> None:
    new = min(old + more, 40)
    remembered = at(old) if old else None
    assert judge(read_request(asked(old, new).to_bytes()), LOGS, remembered) == at(new)


@given(st.integers(1, 39), st.integers(0, 39), st.integers(0, 31))
def test_another_history_is_never_cosigned(old: int, wrong: int, byte: int) -> None:
    """One leaf that was there before is another one now: whatever the proof, the roots do not fit."""
    changed = list(LEAVES)
    changed[wrong % old] = bytes([changed[wrong % old][byte] ^ 1]).join(
        (changed[wrong % old][:byte], changed[wrong % old][byte + 1 :])
    )
    new = 40

    def other(level: int, index: int) -> bytes:
        return proofs.root_of(changed[index << level : (index + 1) << level])

    request = Request(old, tuple(proofs.consistency_proof(old, new, other)), note_of(new, proofs.root_of(changed)))
    refused = judge(request, LOGS, at(old))
    assert isinstance(refused, Refusal) and (refused.status, refused.two_histories) == (422, True)


def test_the_same_size_with_another_root() -> None:
    refused = judge(Request(7, (), note_of(7, b"\7" * 32)), LOGS, at(7))
    assert isinstance(refused, Refusal) and (refused.status, refused.two_histories) == (409, True)


OTHER = Ed25519PrivateKey.from_private_bytes(b"\4" * 32)


@pytest.mark.parametrize(
    ("status", "request_", "remembered"),
    [
        (400, None, None),
        (400, Request(0, (), "no note"), None),
        (400, asked(8, 7), at(8)),
        (403, asked(0, 7, note=note_of(7, key=OTHER)), None),
        (404, asked(0, 7, note=note_of(7, origin="log.test/other")), None),
        (409, asked(0, 7), at(3)),
        (409, asked(5, 7), at(3)),
        (422, asked(3, 7, proof=()), at(3)),
        (422, asked(0, 7, proof=(b"\0" * 32,)), None),
        (422, asked(0, 0, note=note_of(0, b"\0" * 32)), None),
    ],
)
def test_what_is_refused(status: int, request_: Request | None, remembered: notes.Checkpoint | None) -> None:
    refused = judge(request_, LOGS, remembered)
    assert isinstance(refused, Refusal) and refused.status == status
    assert refused.remembered == (3 if status == 409 else None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 1",
        b"old 01\n\n" + note_of(1).encode(),
        b"old -1\n\n" + note_of(1).encode(),
        b"old 1\nAAAA\n\n" + note_of(1).encode(),
        b"old 1\nnot base64\n\n" + note_of(1).encode(),
        b"old 1\n" + b"A" * 43 + b"=\n\n" + b"\xff",
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + note_of(1).encode(),
        b"old 1\n\n" + b"x" * MAX_REQUEST,
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    assert read_request(data) is None


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(judge(read_request(data), LOGS, at(3)), Refusal)
