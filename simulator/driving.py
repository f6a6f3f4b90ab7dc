"""Driving traffic at a hub: so many documents a second, each sent when it is its turn, and what came of them.

1. All documents are made before the first is sent, so that making them takes nothing from the answers' times.
2. A document's turn comes whether or not the ones before it are answered, as long as fewer than `AT_ONCE` wait: then it
   is late, and counted as that.
3. An outcome is unexpected if a good document is refused, a wrong one is accepted or refused for another reason, or no
   proper answer came. (A document that is sent twice may overtake itself.)
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.traffic import Parcel, Traffic, parcel
from tradebridge.client import AsyncHub, HubError, Refused

AT_ONCE = 64
MOST = 10_000
"""Documents of one run."""
LATE_SECONDS = 0.1
SHOWN = 20
"""Unexpected outcomes that a summary names."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be sent, and what it cost to make."""

    parcels: Sequence[Parcel]
    cpu_seconds: float


def make(of: Traffic, count: int) -> Load:
    """The first documents of this traffic."""
    begun = time.process_time()
    parcels = [parcel(of, place) for place in range(count)]
    return Load(parcels, time.process_time() - begun)


@dataclass
class Outcome:
    """What came of a run so far."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By the code of the first finding."""
    failed: Counter[str] = field(default_factory=Counter)
    """No answer, or not one of a hub's: in words."""
    unexpected: list[dict[str, str]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    """Seconds, of what was answered."""
    late: int = 0
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        return self.accepted + self.refused.total() + self.failed.total()

    def to_json(self, load: Load, rate: float) -> dict[str, Any]:
        """The summary. Times in milliseconds."""
        sizes = sorted(each.items for each in load.parcels)
        count = max(1, len(load.parcels))
        return {
            "planned": len(load.parcels),
            "sent": self.sent,
            "accepted": self.accepted,
            "refused": dict(self.refused.most_common()),
            "failed": dict(self.failed.most_common()),
            "unexpected": len(self.unexpected),
            "examples": self.unexpected[:SHOWN],
            "late": self.late,
            "rate": {"asked": rate, "reached": round(self.sent / self.seconds, 1) if self.seconds else 0.0},
            "seconds": round(self.seconds, 2),
            "latency": {f"p{percent}": _percentile(self.latencies, percent) for percent in (50, 95, 100)},
            "cost": {
                "cpu": round(1000 * load.cpu_seconds / count, 2),
                "bytes": sum(len(each.data) for each in load.parcels) // count,
            },
            "items": {"mean": round(sum(sizes) / count, 1), "largest": sizes[-1] if sizes else 0},
        }


def _percentile(seconds: Sequence[float], percent: int) -> float | None:
    """In milliseconds; None of nothing."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1) if ordered else None


async def drive(load: Load, rate: float, hubs: Mapping[str, AsyncHub], outcome: Outcome) -> None:
    """Send all of it, so many a second. `hubs`: a client for each sender; `outcome` says at any time what came."""
    room = asyncio.Semaphore(AT_ONCE)
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for turn, each in enumerate(load.parcels):
            await asyncio.sleep(max(0.0, begun + turn / rate - time.monotonic()))
            await room.acquire()
            outcome.late += time.monotonic() - begun - turn / rate > LATE_SECONDS
            group.create_task(_send(each, hubs[each.sender], room, outcome))
    outcome.seconds = time.monotonic() - begun


async def _send(each: Parcel, hub: AsyncHub, room: asyncio.Semaphore, outcome: Outcome) -> None:
    begun = time.monotonic()
    expected = each.mistake.codes if each.mistake else frozenset[str]()
    try:
        await hub.submit(each.data, [each.recipient], profile=each.profile)
        outcome.accepted += 1
        said = "" if not expected else "accepted"
    except Refused as refused:
        codes = {found.code for found in refused.findings if found.refuses} or {refused.code}
        first = next((found.code for found in refused.findings if found.refuses), refused.code)
        outcome.refused[first] += 1
        said = "" if codes & {*expected, "document.duplicate"} else first
    except HubError as error:
        said = type(error).__name__
        outcome.failed[said] += 1
    finally:
        room.release()
    outcome.latencies.append(time.monotonic() - begun)
    if said:
        mistake = each.mistake.name if each.mistake else ""
        outcome.unexpected.append({"number": each.number, "mistake": mistake, "said": said})
