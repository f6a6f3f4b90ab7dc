"""Code generators (TOTP, RFC 6238): six digits of every 30 seconds, by SHA-1, which is what phones know.

1. The secret is HMAC-SHA256 under the hub's own secret over person and ordinal (as ADR 0028 does for webhooks): nothing
   of it stands in the store.
2. A code holds a step before and after its own, for clocks that differ; each is taken once (`people.totp_used`).
"""

import hmac
from base64 import b32encode
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30
DIGITS = 6


def secret_of(hub_secret: bytes, person: str, ordinal: int) -> bytes:
    """160 bits."""
    return hmac.digest(hub_secret, f"totp {person} {ordinal}".encode(), "sha256")[:20]


def step_of(secret: bytes, code: str, now: float, used: int) -> int | None:
    """The time step that this code is of; None: it is wrong, or was taken before. Every step is compared."""
    given = code.replace(" ", "")[:DIGITS].encode("utf-8", "replace") if len(code) <= 12 else b""
    current, found = int(now) // STEP_SECONDS, None
    for step in (current - 1, current, current + 1):
        right = _generator(secret).generate(step * STEP_SECONDS)
        if hmac.compare_digest(right, given) and step > used:
            found = step
    return found


def code_at(secret: bytes, now: float) -> str:
    return _generator(secret).generate(int(now)).decode()


def address_of(secret: bytes, person: str, hub: str) -> str:
    """What a phone scans (otpauth:, the key URI format)."""
    label = quote(f"{hub}:{person}", safe=":")
    return f"otpauth://totp/{label}?{urlencode({'secret': b32encode(secret).decode(), 'issuer': hub})}"


def _generator(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  # as RFC 6238 has it, an HMAC
