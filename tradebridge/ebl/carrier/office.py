"""What the carrier works with: its settings, its key, its clock, its renderer. Passed in, never looked up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from tradebridge.ebl.carrier.issuing import Renderer
from tradebridge.ebl.carrier.settings import Settings
from tradebridge.ebl.seal import Key


async def no_step(name: str) -> None:
    """A carrier that is real stops nowhere."""


@dataclass(frozen=True, slots=True)
class Office:
    settings: Settings
    key: Key
    now: Callable[[], datetime]
    """Business time, UTC."""
    renderer: Renderer | None = None
    """Makes the carrier's own rendering of a bill; None: none is sent."""
    step: Callable[[str], Awaitable[None]] = no_step
    """Passed between two effects (`places.py`); a simulated carrier can be held there."""
