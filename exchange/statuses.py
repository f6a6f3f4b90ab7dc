"""The signed status of keys, kept: made for a version of the trust list, and made anew in half of its time.

Anybody may ask for it. It is signed once for many who ask: again only where the version or the hub's own key is
another, where half of its time is over, or where the clock was set back before it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from exchange import trust_versions
from tradebridge.evidence.status import status_of

if TYPE_CHECKING:
    from exchange.hub import Hub


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: str
    """Of the version."""
    kid: str
    issued_at: datetime
    until: datetime
    """From then on a new one is made."""
    token: str


class Statuses:
    """The status of one space, as this process has signed it last."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._kept: _Kept | None = None

    def token(self, connection: Connection) -> str:
        """The status as a JWS, with at least half of its time to come."""
        hub, kept = self._hub, self._kept
        now, signer, last = hub.clock.now(), hub.keys.signer, trust_versions.newest_digest(connection)
        if kept and (kept.digest, kept.kid) == (last, signer.kid) and kept.issued_at <= now < kept.until:
            return kept.token
        version = trust_versions.newest_version(connection)
        lasts = timedelta(hours=hub.settings.status_hours)
        status = status_of(version.trust, now, lasts, version.number, version.digest)
        made = _Kept(last, signer.kid, now, now + (status.next_update - now) / 2, status.sign(signer))
        self._kept = made
        return made.token
