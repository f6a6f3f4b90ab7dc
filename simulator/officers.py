"""What the officers of each simulated member do, beyond the stories: work at once, at a pace, as in their office, or
only by hand; and scripts, which say what becomes of the next documents.

1. `auto`: each document is decided as soon as it is taken. `pace`: one after the other, so much of the business clock
   for each. `office`: so too, at their window's own pace and in its opening hours (`countries.toml`): out of hours it
   takes documents and decides none. `manual`: nothing is said before somebody decides. A world starts with `auto`.
2. A script is for the next documents that fit it, so many of them, oldest script first. It goes before the endings of
   numbers, and before a mode: who wrote it wants that outcome.
3. What a script or a person says of a document goes into the member's journal (kind `instructed`) and is read from
   there: it survives a restart. Scripts that were not used yet, and modes, do not; a reset ends both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from adapters.single_windows.countries import countries
from adapters.single_windows.hours import Hours
from simulator.members import Member
from simulator.refusals import refuse

MOST_SCRIPTS = 200


class Mode(StrEnum):
    AUTO = "auto"
    PACE = "pace"
    OFFICE = "office"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Way:
    """How the officers of one member work."""

    mode: Mode = Mode.AUTO
    pace: timedelta = timedelta()
    """For each document, of the business clock; in an office, of its hours."""
    hours: Hours | None = None
    """Of an office."""

    def to_json(self) -> dict[str, Any]:
        hours = {} if self.hours is None else {"hours": str(self.hours)}
        return {"mode": self.mode.value, "paceSeconds": self.pace.total_seconds(), **hours}


AUTO = Way()


def as_in_office(member: Member) -> Way | None:
    """As the officers of a country's window work; None: who is no window has no hours that are known."""
    known = countries().get(member.country) if member.kind == "single-window" else None
    return None if known is None else Way(Mode.OFFICE, timedelta(minutes=known.pace.value), known.hours.value)


@dataclass(slots=True)
class Script:
    """What becomes of the next documents to a member."""

    id: str
    member: str
    says: tuple[Mapping[str, Any], ...]
    """Steps as `simulator.story.Step` has them."""
    after: float
    """Seconds of the business clock, from the arrival."""
    times: int
    profile: str = ""
    """Only documents of this profile."""
    number: str = ""
    """Only the document of this number."""
    used: list[str] = field(default_factory=list)
    """Numbers of the documents that it was for."""

    def fits(self, profile: str, number: str) -> bool:
        return len(self.used) < self.times and self.profile in ("", profile) and self.number in ("", number)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "to": self.member,
            "says": [each["says"] for each in self.says],
            "reasons": [dict(reason) for each in self.says for reason in each.get("reasons", ())],
            "after": self.after,
            "times": self.times,
            "profile": self.profile,
            "number": self.number,
            "used": list(self.used),
            "left": self.times - len(self.used),
        }


class Officers:
    """Those of all members of one world."""

    def __init__(self) -> None:
        self._ways: dict[str, Way] = {}
        self._scripts: list[Script] = []
        self._made = 0
        self._free: dict[str, datetime] = {}
        """When the officers of a member, who work at a pace, will have done all that has come."""

    def way(self, member: str) -> Way:
        return self._ways.get(member, AUTO)

    def set_way(self, member: str, way: Way) -> None:
        self._ways[member] = way
        self._free.pop(member, None)

    def turn(self, member: str, came: datetime) -> datetime:
        """When the officers get to a document that came at this time (rule 1)."""
        way = self.way(member)
        if way.mode not in (Mode.PACE, Mode.OFFICE):
            return came
        begun = max(came, self._free.get(member, came))
        free = begun + way.pace if way.hours is None else way.hours.done(begun, way.pace)
        self._free[member] = free
        return free

    # --- scripts -----------------------------------------------------------------------------------------------------

    def add(
        self,
        member: str,
        says: tuple[Mapping[str, Any], ...],
        *,
        after: float = 0.0,
        times: int = 1,
        profile: str = "",
        number: str = "",
    ) -> Script:
        if len([each for each in self._scripts if len(each.used) < each.times]) >= MOST_SCRIPTS:
            raise refuse("simulation.too-many", "/to", found=MOST_SCRIPTS)
        self._made += 1
        script = Script(f"scr_{self._made}", member, says, after, times, profile, number)
        self._scripts = [*self._scripts[-2 * MOST_SCRIPTS :], script]
        return script

    def scripts(self) -> list[dict[str, Any]]:
        return [each.to_json() for each in self._scripts]

    def next_for(self, member: str, profile: str, number: str) -> Script | None:
        """The script for a document that has just come, used once more."""
        found = next((each for each in self._scripts if each.member == member and each.fits(profile, number)), None)
        if found is not None:
            found.used.append(number)
        return found

    def remove(self, script_id: str) -> None:
        left = [each for each in self._scripts if each.id != script_id]
        if len(left) == len(self._scripts):
            raise refuse("simulation.unknown-script", found=script_id)
        self._scripts = left

    def clear_scripts(self) -> None:
        self._scripts, self._made = [], 0

    def clear(self) -> None:
        """All work at once again."""
        self._ways, self._free = {}, {}
