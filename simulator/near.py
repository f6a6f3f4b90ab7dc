"""Near misses: which profile a document comes closest to, and what keeps it from being one. Pure.

All profiles that read its syntax are tried; the closest is the one with the fewest findings that refuse, where a
document that cannot be decoded at all is further than any that can. Of two alike the one that the document itself
looks like (`schemas.registry.recognise`) goes first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.content import Content, open_content
from schemas.findings import Finding, errors, told
from schemas.registry import Context, Parsed, Profile, judge, profiles, recognise

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Near:
    """One profile, and what differs."""

    profile: str
    decoded: bool
    differences: tuple[Finding, ...]
    """Those that refuse."""

    def to_json(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "differences": len(self.differences),
            "findings": told(self.differences, MOST_SHOWN),
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        count = len(self.differences)
        first = "; ".join(f"{each.pointer or 'the document'}: {each.message}" for each in self.differences[:3])
        if not count:
            return f"it is a valid {self.profile}"
        return f"closest valid profile {self.profile}, {count} difference{'s' if count > 1 else ''}: {first}"


def near_misses(data: bytes, now: datetime) -> tuple[Finding, ...] | list[Near]:
    """The profiles by distance, the closest first; or why the bytes cannot be read at all. `now`: business time."""
    content = open_content(data)
    if isinstance(content, Finding):
        return (content,)
    tried = (_near(content, profile, now) for profile in profiles().values() if content.syntax in profile.syntaxes)
    looks = recognise(content)
    like = looks.id if isinstance(looks, Profile) else ""
    return sorted(tried, key=lambda near: (not near.decoded, len(near.differences), near.profile != like, near.profile))


def _near(content: Content, profile: Profile, now: datetime) -> Near:
    reading = judge(Parsed(content, profile, profile.decode(content)), Context(now))
    return Near(profile.id, reading.document is not None, tuple(errors(reading.findings)))
