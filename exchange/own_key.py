"""The hub's own key in a process that has not the one which the trust list has in use.

Another process has rotated the key, and this one does not find the new one in its custody: a file that is not there, an
environment of before. While the list still believes the old key this process signs with it, says at `/readyz` that it
is not ready, and looks for the new one again and again. Once the list believes the old one no more it signs nothing:
what it would accept then, no evidence could prove.
"""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from cryptography import x509

from exchange.keys import KeysUnreadable, signer_named
from tradebridge.evidence.signer import Signer

if TYPE_CHECKING:
    from exchange.hub import Hub

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
"""How often it looks, of real time."""


class KeyEnded(RuntimeError):
    """This process has no key that is believed: give it the one in use (docs/trust.md), and restart it."""


@dataclass(frozen=True, slots=True)
class WhileBelieved:
    """A key that signs as long as the trust list of its hub believes it. A `Signer`."""

    inner: Signer
    hub: "Hub"

    @property
    def member(self) -> str:
        return self.inner.member

    @property
    def kid(self) -> str:
        return self.inner.kid

    @property
    def algorithm(self) -> str:
        return self.inner.algorithm

    @property
    def certificate(self) -> x509.Certificate:
        return self.inner.certificate

    def sign(self, data: bytes) -> bytes:
        """Raises `KeyEnded`."""
        key, now = self.hub.registry.trust.key(self.kid), self.hub.clock.now()
        ended = "is not on it" if key is None else (found := key.judge_time(now, now)) and found.message
        if ended:
            raise KeyEnded(f"the trust list has another key in use, and {self.kid} {ended}")
        return self.inner.sign(data)


class OwnKey:
    """Keeps `Hub.keys.signer` the key that the trust list has in use."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._look_at = 0.0

    @property
    def in_use(self) -> bool:
        """Does this process sign with the key that the list has in use?"""
        return self._hub.registry.hub_key == self._hub.keys.signer.kid

    def follow(self, *, now: bool = False) -> None:
        """Take the key in use, if it is another and is at hand. `now`: look at once, however short ago it was."""
        if self.in_use or (time.monotonic() < self._look_at and not now):
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        hub, wanted = self._hub, self._hub.registry.hub_key
        try:
            found, why = signer_named(hub.settings, hub.space, wanted), "not there"
        except KeysUnreadable as error:
            found, why = None, str(error)
        if found is None:
            logger.error("the key that the hub signs with is not at hand", kid=wanted, why=why)
            held = hub.keys.signer
            found = held if isinstance(held, WhileBelieved) else WhileBelieved(held, hub)
        hub.keys = replace(hub.keys, signer=found)
