"""Keys of witnesses, of timestamp authorities and of the log that were in other hands since a moment.

Such a key has no certificate on the list and may be named there no more, so the list says it beside them: which key,
and since when. It is known by

- the public key that stands in its verifier key (C2SP `name+hash+base64`), under whatever name: a witness, or the log;
- SHA-256 of its root, in lower-case hexadecimal: a timestamp authority.

Whoever has such a key can date back. So what it says counts only where somebody else dates it before that moment; of an
authority nothing counts, for it is what it says that dates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from schemas.content import sha256_hex
from tradebridge.evidence.cosignatures import Witness
from tradebridge.evidence.notes import BadVerifierKey, public_key_of
from tradebridge.evidence.timestamps import TimestampRoot


@dataclass(frozen=True, slots=True)
class LostKey:
    """One key, and since when it was in other hands."""

    key: str
    since: datetime


def checked_key(text: str) -> str:
    """The same text, if it names a key of a witness, a log, or an authority. Raises `BadVerifierKey`."""
    if len(text) == 64 and not text.strip("0123456789abcdef"):
        return text
    try:
        Witness.of(text)
    except BadVerifierKey:
        public_key_of(text)
    return text


def lost_since(lost: Sequence[LostKey], verifier_key: str) -> datetime | None:
    """Since when the key of a witness or of the log was in other hands; None: it was not."""
    raw = _raw(verifier_key)
    return min((each.since for each in lost if _raw(each.key) == raw), default=None)


def fingerprints(root: TimestampRoot) -> tuple[str, ...]:
    """By which an authority is known."""
    return tuple(sha256_hex(each.public_bytes(Encoding.DER)) for each in root.roots)


def not_lost(lost: Sequence[LostKey], roots: Iterable[TimestampRoot]) -> tuple[TimestampRoot, ...]:
    """The authorities that are still believed."""
    gone = {each.key for each in lost}
    return tuple(each for each in roots if gone.isdisjoint(fingerprints(each)))


def before_loss(lost: Sequence[LostKey], witnesses: Sequence[Witness], stamped: datetime | None) -> tuple[Witness, ...]:
    """The witnesses whose cosignatures count on a note that an authority dates at `stamped`; None: none does."""

    def counts(witness: Witness) -> bool:
        since = lost_since(lost, witness.verifier_key)
        return since is None or (stamped is not None and stamped < since)

    return tuple(each for each in witnesses if counts(each)) if lost else tuple(witnesses)


def _raw(key: str) -> str:
    """What of a verifier key is the key, with the kind of it; the fingerprint of a root as it is."""
    return key.split("+", 2)[-1]
