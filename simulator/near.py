"""Near misses: which profile a document comes closest to, and what keeps it from being one. Pure.

All profiles that read its syntax are tried; the closest is the one with the fewest findings that refuse, where a
document that cannot be decoded at all is further than any that can. Of two alike the one that the document itself
looks like (`schemas.registry.recognise`) goes first.
"""

import copy
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from schemas.content import Content, open_content
from schemas.findings import Finding, errors, finding, told
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
    named = profile.recognises(content)
    asked = content if named else _renamed(content, profile.id)
    reading = judge(Parsed(asked, profile, profile.decode(asked)), Context(now))
    findings = reading.findings if named else (_other_name(content, profile.id), *reading.findings)
    return Near(profile.id, reading.document is not None, tuple(errors(findings)))


def _other_name(content: Content, wanted: str) -> Finding:
    pointer = "/profile" if content.tree is None else f"/*/{_NAME}"
    return finding("profile.mismatch", pointer, found=_name_in(content), expected=wanted)


_NAME = "TypeCode"
"""The element of a certificate that names its profile; in JSON it is the member `profile`."""


def _name_in(content: Content) -> str:
    if content.tree is not None:
        return str(content.tree.findtext(f"{{*}}{_NAME}") or "")
    return str(content.value.get("profile", ""))


def _renamed(content: Content, profile: str) -> Content:
    """The same document as if it named this profile: so that it is judged by what else is in it."""
    if content.tree is not None:
        tree = copy.deepcopy(content.tree)
        element = tree.find(f"{{*}}{_NAME}")
        if element is None:
            return content
        element.text = profile
        renamed = open_content(etree.tostring(tree))
    elif "profile" in content.value:
        renamed = open_content(json.dumps({**content.value, "profile": profile}).encode())
    else:
        return content
    return renamed if isinstance(renamed, Content) else content
