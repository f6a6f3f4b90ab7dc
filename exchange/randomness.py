"""The randomness that is passed in: real, or derived from a seed.

A derived value is HMAC(seed, purpose, content, ordinal), never the next draw of a shared generator: so two runs give
the same ids and salts whatever the order in which messages arrive.
"""

import os
from typing import Protocol

from tradebridge.evidence.simulation import hmac_value


class Randomness(Protocol):
    def value(self, purpose: str, content: bytes, ordinal: int = 0) -> bytes:
        """32 bytes."""


class SystemRandomness:
    def value(self, purpose: str, content: bytes, ordinal: int = 0) -> bytes:
        return os.urandom(32)


class SeededRandomness:
    def __init__(self, seed: str) -> None:
        self._seed = seed

    def value(self, purpose: str, content: bytes, ordinal: int = 0) -> bytes:
        return hmac_value(self._seed, purpose, content, ordinal)
