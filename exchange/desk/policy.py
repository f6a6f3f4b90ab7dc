"""What a member says of its desk: the member `desk` of its description. A member that has one has no system of its own.

1. The hub takes delivery for it and signs with its key (`exchange.desk.signing`), so it pulls nothing and speaks no
   language but ours: deliveries are the originals.
2. `fourEyes`: decisions that one officer proposes and another one says. `hours`: within how many its officers want to
   decide; their own aim, no law.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.findings import Finding

DECISIONS = ("accepted", "queried", "rejected", "issued")
HOURS = 8
MOST_HOURS = 24 * 366


@dataclass(frozen=True, slots=True)
class Desk:
    """How the officers of a member work."""

    four_eyes: frozenset[str] = frozenset()
    hours: int = HOURS

    @classmethod
    def of(cls, said: Mapping[str, Any] | None) -> "Desk | None":
        """From the JSON that was found to be right (`wrong_with_desk`)."""
        if said is None:
            return None
        return cls(frozenset(said.get("fourEyes", ())), said.get("hours", HOURS))

    def to_json(self) -> dict[str, Any]:
        return {"fourEyes": sorted(self.four_eyes), "hours": self.hours}


def wrong_with_desk(description: Mapping[str, Any], wrong: Callable[[str, object, str], Finding]) -> Iterator[Finding]:
    """What is wrong with the member `desk` of a description."""
    said = description.get("desk")
    if said is None:
        return
    if not isinstance(said, dict) or said.keys() - {"fourEyes", "hours"}:
        yield wrong("/desk", said, '{"fourEyes": [decisions], "hours": number}')
        return
    eyes, hours = said.get("fourEyes", []), said.get("hours", HOURS)
    if not isinstance(eyes, list) or any(each not in DECISIONS for each in eyes):
        yield wrong("/desk/fourEyes", eyes, f"a list of {', '.join(DECISIONS)}")
    if type(hours) is not int or not 1 <= hours <= MOST_HOURS:
        yield wrong("/desk/hours", hours, f"1 to {MOST_HOURS}")
    if description.get("delivery", {"mode": "pull"}) != {"mode": "pull"}:
        yield wrong("/delivery", description["delivery"], '{"mode": "pull"}: the hub takes delivery for a desk')
    if description.get("style") is not None:
        yield wrong("/style", description["style"], "none: a desk reads the originals")
