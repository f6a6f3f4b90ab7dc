"""Passwords: Argon2id (RFC 9106), in threads of their own; and which are taken (NIST SP 800-63B, 3.1.1).

1. At least 12 characters, at most 200 bytes; no rule of composition, no end by time. Refused is what is guessed first:
   the name, the name of this program, one pattern over and over, and what heads every list of stolen ones.
2. A hash takes much memory on purpose: so many at once as `AT_ONCE`, and no more, whoever asks.
3. Where there is nobody, or nobody may come in, the same work is done on a hash of nobody's.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.languages import mark
from schemas.findings import Finding, finding

SHORTEST, MOST_BYTES = 12, 200
DISTINCT = 5
"""Different characters at least: `aaaaaaaaaaaa` and `121212121212` are patterns."""
AT_ONCE = 2
STOLEN = frozenset(
    {
        *("123456789012", "1234567890123", "123456789123", "qwertyuiop12", "qwertyuiop123", "qwerty123456"),
        *("password1234", "password12345", "passwordpassword", "1q2w3e4r5t6y", "1qaz2wsx3edc", "q1w2e3r4t5y6"),
        *("adminadmin123", "administrator", "welcome12345", "iloveyou1234", "letmein12345", "changeme1234"),
        *("abcdefghijkl", "abcdef123456", "abc123456789"),
    }
)

T = TypeVar("T")

_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")


class Passwords:
    """Hashes and checks, with this much memory (KiB)."""

    def __init__(self, memory: int) -> None:
        default = profiles.RFC_9106_LOW_MEMORY
        self._hasher = PasswordHasher(default.time_cost, memory, default.parallelism)
        self.of_nobody = _of_nobody(memory)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(_plain(password)))

    async def fits(self, known: str | None, password: str) -> bool:
        """Is this the password of the hash? None: nobody's; the answer is no, after the same work."""
        return await self._run(lambda: self._fits(known or self.of_nobody, password)) and known is not None

    def ages(self, known: str) -> bool:
        """Was the hash made with other parameters? Then it is made anew when its password is at hand."""
        return self._hasher.check_needs_rehash(known)

    def _fits(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, _plain(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


@cache
def _of_nobody(memory: int) -> str:
    default = profiles.RFC_9106_LOW_MEMORY
    return PasswordHasher(default.time_cost, memory, default.parallelism).hash(secrets.token_bytes(32))


def initial_password() -> str:
    """For its first use only: 80 random bits, in groups that can be read out."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def wrong_with_password(password: str, person: str, name: str) -> Finding | None:
    """Why it is not taken. The password itself is in no answer."""
    plain = _plain(password)
    expected = None
    if len(plain) < SHORTEST or len(plain.encode()) > MOST_BYTES:
        expected = f"{SHORTEST} characters or more, and at most {MOST_BYTES} bytes"
    elif len(set(plain)) < DISTINCT:
        expected = f"{DISTINCT} different characters or more"
    elif plain.lower() in STOLEN:
        expected = mark("one that does not head the lists of stolen passwords")
    elif any(word in plain.lower() for word in {person, name.lower(), "tradebridge", "practice-"} if len(word) > 3):
        expected = mark("one without your name, or the name of this program")
    return finding("person.password", "/password", expected=expected) if expected else None


def _plain(password: str) -> str:
    """The same characters, however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)
