"""Checkpoints of the log as signed notes (C2SP signed-note and tlog-checkpoint).

1. A note is text that ends in a newline, an empty line, and signature lines `— name base64`, where the base64 is four
   bytes of key id and the signature. The text ends at the *last* empty line.
2. The key id is the first four bytes of SHA-256(name || 0x0A || 0x01 || public key); 0x01 means Ed25519. Four bytes can
   collide, so they only select; the configured key decides.
3. The text of a checkpoint is three lines: origin, size in decimal without leading zero, root in base64. We write no
   further line, and refuse one: the log that we know makes none.
4. A note without a signature by the configured key is refused, and so is one where that signature is wrong or there
   twice. Lines by other keys are left alone (witnesses sign there), up to 32 in all.
5. Strict text: UTF-8, no control character but the newline, canonical base64.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tradebridge.evidence.refusals import Finding, finding

MAX_NOTE = 16_384
"""Characters of a note."""
MAX_SIGNATURES = 32

_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")


class BadVerifierKey(ValueError):
    """A configured key is not `name+hash+base64`: take it from the log's operator again."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log has `size` leaves with this root."""

    origin: str
    size: int
    root: bytes
    """32 bytes."""


def verifier_key_of(origin: str, key: Ed25519PublicKey) -> str:
    """The public key of a log as C2SP writes it: `name+hash+base64`."""
    raw = key.public_bytes_raw()
    return f"{checked_name(origin)}+{_key_id(origin, raw).hex()}+{b64encode(_ED25519 + raw).decode('ascii')}"


class CheckpointKey(Protocol):
    """An Ed25519 key, wherever it lies: `Ed25519PrivateKey` is one."""

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes (RFC 8032)."""

    def public_key(self) -> Ed25519PublicKey: ...


def public_key_of(verifier_key: str) -> Ed25519PublicKey:
    """The key in it. Raises `BadVerifierKey`."""
    return _parse_key(verifier_key)[2]


def checked_verifier_key(verifier_key: str) -> str:
    """As it is. Raises `BadVerifierKey`."""
    _parse_key(verifier_key)
    return verifier_key


def sign_checkpoint(origin: str, size: int, root: bytes, key: CheckpointKey) -> str:
    """The signed note of a checkpoint. `origin` has no space, plus sign or control character."""
    if size < 0 or len(root) != 32:
        raise ValueError(f"a checkpoint has a size from 0 and a root of 32 bytes, not {size} and {len(root)} bytes")
    text = f"{checked_name(origin)}\n{size}\n{b64encode(root).decode('ascii')}\n"
    signature = _key_id(origin, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n— {origin} {b64encode(signature).decode('ascii')}\n"


def verify_checkpoint(text: str, verifier_key: str, origin: str) -> Checkpoint | Finding:
    """The checkpoint that the configured key has signed, or why there is none. Raises `BadVerifierKey`."""
    name, key_id, key = _parse_key(verifier_key)
    parts = split_note(text)
    if isinstance(parts, Finding):
        return parts
    body, lines = parts
    signature = _signature_by(name, key_id, lines)
    if isinstance(signature, Finding):
        return signature
    try:
        key.verify(signature, body.encode())
    except InvalidSignature:
        return finding("log.invalid", found=f"a signature in the name of {name}", attack="LOG-8")
    checkpoint = _read_body(body)
    if isinstance(checkpoint, Checkpoint) and checkpoint.origin != origin:
        return finding("log.wrong-origin", found=checkpoint.origin, expected=origin, attack="LOG-13")
    return checkpoint


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]] | Finding:
    """The text with its last newline, and of each signature line its name and its bytes, key id first."""
    if len(note) > MAX_NOTE:
        return _bad_note(f"{len(note)} characters", f"at most {MAX_NOTE}")
    control = _CONTROL.search(note)
    if control:
        return _bad_note(f"the character U+{ord(control[0]):04X}", "text and newlines")
    body, separator, rest = note.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        return _bad_note("no empty line before the signatures, or no newline after them", "a signed note")
    lines = rest[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        return finding("log.note", found=f"{len(lines)} signatures", expected=f"{MAX_SIGNATURES}", attack="LOG-10")
    signatures = []
    for line in lines:
        signature = _read_line(line)
        if isinstance(signature, Finding):
            return signature
        signatures.append(signature)
    return body + "\n", signatures


def _read_line(line: str) -> tuple[str, bytes] | Finding:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not _is_name(parts[1]):
        return _bad_note(line, "a line '— name base64'")
    signature = decode(parts[2])
    if signature is None or len(signature) < 5:
        return _bad_note(line, "canonical base64 of a key id and a signature")
    return parts[1], signature


def _signature_by(name: str, key_id: bytes, lines: list[tuple[str, bytes]]) -> bytes | Finding:
    """The one signature of the known key, without its key id."""
    found = [signature[4:] for by, signature in lines if (by, signature[:4]) == (name, key_id)]
    if not found:
        return finding("log.unknown-key", expected=f"a signature by {name}+{key_id.hex()}", attack="LOG-8")
    if len(found) > 1:
        return finding("log.note", found="two signatures by one key", expected="one", attack="LOG-10")
    if len(found[0]) != 64:
        return finding("log.invalid", found=f"a signature of {len(found[0])} bytes", expected="64", attack="LOG-12")
    return found[0]


def _read_body(body: str) -> Checkpoint | Finding:
    lines = body[:-1].split("\n")
    if len(lines) != 3:
        return finding("log.checkpoint", found=f"{len(lines)} lines", expected="3", attack="LOG-14")
    origin, size, encoded = lines
    root = decode(encoded)
    if not origin or not _SIZE.fullmatch(size):
        return finding("log.checkpoint", found=f"size {size!r}", expected="a decimal number", attack="LOG-11")
    if root is None or len(root) != 32:
        return finding("log.checkpoint", found=f"root {encoded!r}", expected="base64 of 32 bytes", attack="LOG-11")
    return Checkpoint(origin, int(size), root)


def _parse_key(verifier_key: str) -> tuple[str, bytes, Ed25519PublicKey]:
    parts = verifier_key.split("+", 2)
    raw = decode(parts[2]) if len(parts) == 3 else None
    if raw is None or len(raw) != 33 or raw[:1] != _ED25519 or not _is_name(parts[0]):
        raise BadVerifierKey(f"{verifier_key!r} is not name+hash+base64 of an Ed25519 key")
    key_id = _key_id(parts[0], raw[1:])
    if parts[1] != key_id.hex():
        raise BadVerifierKey(f"the hash of {verifier_key!r} should be {key_id.hex()}")
    return parts[0], key_id, Ed25519PublicKey.from_public_bytes(raw[1:])


def _key_id(name: str, raw_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + raw_key).digest()[:4]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def checked_name(origin: str) -> str:
    """The name of a key, as it is; raises `ValueError` for one that no note can carry."""
    if not _is_name(origin) or _CONTROL.search(origin):
        raise ValueError(f"the origin {origin!r} of a log has a space, a plus sign or a control character, or is empty")
    return origin


def decode(text: str) -> bytes | None:
    """Canonical, padded base64 (RFC 4648 section 4), or None."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
    return data if b64encode(data).decode("ascii") == text else None


def _bad_note(found: str, expected: str) -> Finding:
    return finding("log.note", found=found, expected=expected, attack="LOG-11")
