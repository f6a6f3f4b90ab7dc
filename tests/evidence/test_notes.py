"""Checkpoints as signed notes (C2SP), and what section 9 of the attack catalogue does to them."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Finding
from tests.evidence.world import LOG_KEY, ORIGIN, VERIFIER_KEY
from tradebridge.evidence import notes, simulation
from tradebridge.evidence.notes import Checkpoint

ROOT = sha256(b"root").digest()
NOTE = notes.sign_checkpoint(ORIGIN, 41, ROOT, LOG_KEY)
WITNESS = simulation.test_log_key("witness")


def _verify(note: str) -> Checkpoint | Finding:
    return notes.verify_checkpoint(note, VERIFIER_KEY, ORIGIN)


def _signed(text: str, name: str = ORIGIN, key: Ed25519PrivateKey = LOG_KEY) -> str:
    """A note over any text, rightly signed: only the rules for the text can refuse it."""
    return f"{text}\n{_line(text, name, key)}\n"


def _line(text: str, name: str = ORIGIN, key: Ed25519PrivateKey = LOG_KEY, kind: bytes = b"\x01") -> str:
    key_id = sha256(name.encode() + b"\n" + kind + key.public_key().public_bytes_raw()).digest()[:4]
    return f"— {name} {b64encode(key_id + key.sign(text.encode())).decode()}"


TEXT = f"{ORIGIN}\n41\n{b64encode(ROOT).decode()}\n"


def test_a_checkpoint_comes_back() -> None:
    assert _verify(NOTE) == Checkpoint(ORIGIN, 41, ROOT)


def test_its_bytes_are_those_of_the_format() -> None:
    assert _signed(TEXT) == NOTE
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "41", b64encode(ROOT).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")


def test_the_verifier_key_is_the_one_of_the_specification() -> None:
    """The example key of the signed-note specification and of Go's sumdb/note: PeterNeumann."""
    public = b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    key = Ed25519PublicKey.from_public_bytes(public)
    assert notes.verifier_key_of("PeterNeumann", key) == (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )


def test_the_example_note_of_the_specification_verifies() -> None:
    """Its signature holds; then its text, two lines of prose, is refused as a checkpoint."""
    note = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    found = notes.verify_checkpoint(note, key, "PeterNeumann")
    assert isinstance(found, Finding)
    assert (found.code, found.found) == ("log.checkpoint", "2 lines")


def test_lines_of_witnesses_are_left_alone() -> None:
    assert _verify(NOTE + _line(TEXT, "witness.test", WITNESS) + "\n") == Checkpoint(ORIGIN, 41, ROOT)


@given(st.integers(0, 2**62), st.binary(min_size=32, max_size=32))
def test_any_checkpoint_comes_back(size: int, root: bytes) -> None:
    assert _verify(notes.sign_checkpoint(ORIGIN, size, root, LOG_KEY)) == Checkpoint(ORIGIN, size, root)


@pytest.mark.fuzz
@given(st.data())
def test_no_note_with_a_changed_character_verifies(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(NOTE) - 1))
    other = data.draw(st.characters().filter(lambda character: character != NOTE[at]))
    assert isinstance(_verify(NOTE[:at] + other + NOTE[at + 1 :]), Finding)


@pytest.mark.fuzz
@given(st.text(max_size=200))
def test_nothing_makes_the_verifier_raise(note: str) -> None:
    assert isinstance(_verify(note), Finding)


def _flipped(line: str) -> str:
    head, _, encoded = line.rpartition(" ")
    raw = bytearray(b64decode(encoded))
    raw[-1] ^= 1
    return f"{head} {b64encode(bytes(raw)).decode()}"


def _colliding() -> str:
    """LOG-9: a line by another key whose key id was made to be ours. Four bytes can be searched for."""
    encoded = b64encode(b64decode(_line(TEXT).rpartition(" ")[2])[:4] + WITNESS.sign(TEXT.encode())).decode()
    return f"{TEXT}\n— {ORIGIN} {encoded}\n"


VECTORS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "by an unknown key": ("LOG-8", "log.unknown-key", lambda: _signed(TEXT, key=WITNESS)),
    "without a signature": ("LOG-11", "log.note", lambda: TEXT + "\n"),
    "only by a witness": ("LOG-8", "log.unknown-key", lambda: _signed(TEXT, "witness.test", WITNESS)),
    "known key, wrong signature": ("LOG-8", "log.invalid", lambda: f"{TEXT}\n{_flipped(_line(TEXT))}\n"),
    "known key, right for another text": (
        "LOG-8",
        "log.invalid",
        lambda: NOTE.replace("\n41\n", "\n42\n"),
    ),
    "colliding key id": ("LOG-8", "log.invalid", _colliding),
    "the same signature twice": ("LOG-10", "log.note", lambda: NOTE + _line(TEXT) + "\n"),
    "thirty-three lines": ("LOG-10", "log.note", lambda: NOTE + (_line(TEXT, "witness.test", WITNESS) + "\n") * 32),
    "carriage returns": ("LOG-11", "log.note", lambda: NOTE.replace("\n", "\r\n")),
    "a control character": ("LOG-11", "log.note", lambda: _signed(TEXT.replace("41", "4\x001"))),
    "bytes that were no UTF-8": ("LOG-11", "log.note", lambda: _signed(TEXT.replace("41", "4\ufffd1"))),
    "leading zero": ("LOG-11", "log.checkpoint", lambda: _signed(TEXT.replace("41", "041"))),
    "plus sign": ("LOG-11", "log.checkpoint", lambda: _signed(TEXT.replace("\n41\n", "\n+41\n"))),
    "digits of another script": ("LOG-11", "log.checkpoint", lambda: _signed(TEXT.replace("41", "٤١"))),
    "root in loose base64": ("LOG-11", "log.checkpoint", lambda: _signed(TEXT[:-2] + "\n")),
    "root too short": ("LOG-11", "log.checkpoint", lambda: _signed(f"{ORIGIN}\n41\nAAAA\n")),
    "no newline at the end": ("LOG-11", "log.note", lambda: NOTE[:-1]),
    "hyphen for the dash": ("LOG-11", "log.note", lambda: NOTE.replace("—", "-")),
    "signature in loose base64": ("LOG-11", "log.note", lambda: NOTE[:-2] + "!\n"),
    "text that ends at the first empty line": ("LOG-14", "log.checkpoint", lambda: _signed(TEXT + "\nmore\n")),
    "signature of another kind of key": (
        "LOG-12",
        "log.invalid",
        lambda: (
            f"{TEXT}\n— {ORIGIN} "
            + b64encode(b64decode(_line(TEXT).rpartition(" ")[2])[:4] + bytes(8) + LOG_KEY.sign(TEXT.encode())).decode()
            + "\n"
        ),
    ),
    "cosignature in place of the log's": (
        "LOG-8",
        "log.unknown-key",
        lambda: f"{TEXT}\n{_line(TEXT, kind=bytes([4]))}\n",
    ),
    "another origin under the same key": (
        "LOG-13",
        "log.wrong-origin",
        lambda: _signed(TEXT.replace(ORIGIN, "log.test/other")),
    ),
    "an extension line": ("LOG-14", "log.checkpoint", lambda: _signed(TEXT + "extra 1\n")),
    "endless": ("LOG-11", "log.note", lambda: NOTE + "— x " + "A" * 20_000 + "\n"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_each_attack_on_a_note_is_refused(name: str) -> None:
    attack, code, make = VECTORS[name]
    found = _verify(make())
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == (code, attack)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "log",
        VERIFIER_KEY.replace("+", "-"),
        VERIFIER_KEY[:-1],
        f"{ORIGIN}+00000000+{VERIFIER_KEY.split('+', 2)[2]}",
        f"{ORIGIN}+{VERIFIER_KEY.split('+')[1]}+" + b64encode(b"\x04" + bytes(32)).decode(),
        VERIFIER_KEY.replace("log.test", "log test"),
    ],
)
def test_a_configured_key_that_is_none_is_a_mistake(key: str) -> None:
    with pytest.raises(notes.BadVerifierKey):
        notes.verify_checkpoint(NOTE, key, ORIGIN)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb"])
def test_an_origin_that_cannot_be_told_from_the_rest_is_a_mistake(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        notes.sign_checkpoint(origin, 0, ROOT, LOG_KEY)
