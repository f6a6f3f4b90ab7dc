"""Cosignatures of witnesses on checkpoints (C2SP tlog-cosignature, cosignature/v1).

1. A cosignature says: at this time, this was the newest tree of the log that I have seen, and it extends all that I saw
   before. It is one more signature line on the note of the checkpoint: `— name base64(key id || time || signature)`.
2. Time is seconds since 1970 in 8 bytes, big-endian. What is signed is `cosignature/v1`, a newline, `time SECONDS`, a
   newline, and the text of the note with its last newline.
3. The key id is the first four bytes of SHA-256(name || 0x0A || 0x04 || public key); it only selects. 0x04 means a
   cosignature with Ed25519: a key that signs checkpoints (0x01) never passes for a witness, nor the other way.
4. Only configured witnesses count, each once, however many lines it has; a wrong line in the name of a configured
   witness refuses the note. A time that lies ahead is refused.
5. One key under two names is one witness, as is one name with two keys; the log's own key is none.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tradebridge.evidence.notes import BadVerifierKey, checked_name, decode, split_note
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.times import TOLERANCE, rfc3339

_COSIGNATURE = b"\x04"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A configured witness: its name and its public key."""

    name: str
    key: Ed25519PublicKey

    @property
    def raw(self) -> bytes:
        """32 bytes: the key itself."""
        return self.key.public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        """Four bytes (rule 3)."""
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.key.public_bytes_raw()).digest()[:4]

    @property
    def verifier_key(self) -> str:
        """`name+hash+base64`, as C2SP writes public keys."""
        encoded = b64encode(_COSIGNATURE + self.key.public_bytes_raw()).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def of(cls, verifier_key: str) -> "Witness":
        """Reads what `verifier_key` writes. Raises `BadVerifierKey`."""
        parts = verifier_key.split("+", 2)
        raw = decode(parts[2]) if len(parts) == 3 else None
        if raw is None or len(raw) != 33 or raw[:1] != _COSIGNATURE:
            raise BadVerifierKey(f"{verifier_key!r} is not name+hash+base64 of a witness's key")
        try:
            witness = cls(checked_name(parts[0]), Ed25519PublicKey.from_public_bytes(raw[1:]))
        except ValueError as error:
            raise BadVerifierKey(f"{verifier_key!r}: {error}") from error
        if parts[1] != witness.key_id.hex():
            raise BadVerifierKey(f"the hash of {verifier_key!r} should be {witness.key_id.hex()}")
        return witness


def cosign(note: str, name: str, key: Ed25519PrivateKey, at: datetime) -> str:
    """The signature line, with its newline, of this witness for the checkpoint of `note`. The caller has checked it."""
    witness = Witness(checked_name(name), key.public_key())
    parts = split_note(note)
    if isinstance(parts, Finding):
        raise ValueError(f"a witness cosigns checkpoints that it has verified: {parts.found}")
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    signature = witness.key_id + seconds.to_bytes(8, "big") + key.sign(_signed(parts[0], seconds))
    return f"— {name} {b64encode(signature).decode('ascii')}\n"


def add_lines(note: str, lines: Sequence[str]) -> str:
    """The note with further signature lines, each with its newline; those that it has already are not added again."""
    for line in lines:
        if f"\n{line}" not in note:
            note += line
    return note


def cosigned_by(note: str, witnesses: Sequence[Witness], now: datetime) -> Mapping[str, datetime] | Finding:
    """Which of these witnesses have cosigned the checkpoint, and when, by name; or why the note is refused.

    `now`: the time to judge by. That the log itself has signed is for `notes.verify_checkpoint` to say.
    """
    found = _cosigners(note, witnesses, now)
    return found if isinstance(found, Finding) else {name: at for (name, _), at in found.items()}


def _cosigners(
    note: str, witnesses: Sequence[Witness], now: datetime
) -> Mapping[tuple[str, bytes], datetime] | Finding:
    """By name and key."""
    parts = split_note(note)
    if isinstance(parts, Finding):
        return parts
    body, lines = parts
    found: dict[tuple[str, bytes], datetime] = {}
    for name, signature in lines:
        for witness in witnesses:
            if (witness.name, witness.key_id) != (name, signature[:4]):
                continue
            at = _read(witness, signature[4:], body, now)
            if isinstance(at, Finding):
                return at
            cosigner = witness.name, witness.raw
            found[cosigner] = max(at, found.get(cosigner, at))
    return found


def check_quorum(
    note: str, witnesses: Sequence[Witness], needed: int, now: datetime, log_key: Ed25519PublicKey
) -> Mapping[str, datetime] | Finding:
    """As `cosigned_by`, of those that count (rule 5); and a finding where fewer than `needed` of them have cosigned."""
    found = _cosigners(note, witnesses, now)
    if isinstance(found, Finding):
        return found
    by_key = {key: (name, at) for (name, key), at in sorted(found.items())}
    by_key.pop(log_key.public_bytes_raw(), None)
    counted = dict(by_key.values())
    if len(counted) >= needed:
        return counted
    told = f"{len(counted)} of {len(count_keys(witnesses, log_key))}: {', '.join(sorted(counted)) or 'nobody'}"
    return finding("log.too-few-witnesses", found=told, expected=f"at least {needed}", attack="LOG-1")


def count_keys(witnesses: Iterable[Witness], log_key: Ed25519PublicKey) -> frozenset[bytes]:
    """The keys that count (rule 5)."""
    return frozenset(each.raw for each in witnesses) - {log_key.public_bytes_raw()}


def _read(witness: Witness, signature: bytes, body: str, now: datetime) -> datetime | Finding:
    if len(signature) != 72:
        told = f"a cosignature of {len(signature)} bytes by {witness.name}"
        return finding("log.invalid", found=told, expected="8 of time and 64", attack="LOG-12")
    seconds = int.from_bytes(signature[:8], "big")
    try:
        witness.key.verify(signature[8:], _signed(body, seconds))
    except InvalidSignature:
        return finding("log.invalid", found=f"a cosignature in the name of {witness.name}", attack="LOG-8")
    at = _EPOCH + timedelta(seconds=min(seconds, _LATEST))
    if at > now + TOLERANCE:
        return finding("log.future", found=rfc3339(at), expected=f"at most {rfc3339(now)}", attack="LOG-14")
    return at


def _signed(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()
