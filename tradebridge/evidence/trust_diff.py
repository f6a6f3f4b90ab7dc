"""What two trust lists trust differently, one line a fact: for people, before they believe the newer one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tradebridge.evidence.authorities import TrustedAuthority
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import TrustedKey, TrustedMember, TrustList


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that is not the same."""

    what: str
    """added, removed, changed."""
    about: str
    """A member, a key by its name, `log`, or an observer."""
    first: str
    second: str
    """As it is in words; empty where it is not there."""

    def to_json(self) -> dict[str, str]:
        return {"what": self.what, "about": self.about, "first": self.first, "second": self.second}


def differences(first: TrustList, second: TrustList) -> tuple[Change, ...]:
    """From the first to the second: hub, log and observers, then members and their keys, by name."""
    before, after = _facts(first), _facts(second)
    return tuple(_changes(before, after))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in [*before, *(each for each in after if each not in before)]:
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield Change("added" if not old else "removed" if not new else "changed", name, old, new)


def _facts(trust: TrustList) -> dict[str, str]:
    """Names of what is trusted, with what is said of it."""
    told = {"log": f"{trust.log.origin} {trust.log.verifier_key}", "witnesses needed": str(trust.log.needed)}
    told |= {f"witness {each.name}": each.verifier_key for each in trust.log.witnesses}
    told |= {f"timestamp authority {each.name}": f"{len(each.roots)} roots" for each in trust.authorities}
    told |= {f"lost key {each.key}": f"DISTRUSTED since {rfc3339(each.since)}" for each in trust.lost}
    for member in (trust.hub, *sorted(trust.members, key=lambda each: each.id)):
        told[member.id] = _said_of_member(member)
        told |= {key.kid: said_of_key(key) for key in member.keys}
        for each in member.authorities:
            told[f"{member.id} authority {each.chain[-1].subject.rfc4514_string()}"] = said_of_authority(each)
    return told


def _said_of_member(member: TrustedMember) -> str:
    parts = [member.kind, member.country, *sorted(member.roles)]
    if member.issues:
        parts.append(f"issues {', '.join(sorted(member.issues))}")
    if member.carriers:
        parts.append(f"for {', '.join(sorted(member.carriers))}")
    return " ".join(each for each in parts if each)


def said_of_key(key: TrustedKey) -> str:
    """Algorithm, purposes, and its time."""
    return f"{key.algorithm} for {', '.join(sorted(key.purposes))}; {_time(key.not_before, key.not_after)}" + _end(key)


def said_of_authority(authority: TrustedAuthority) -> str:
    listed = "with revocation lists" if authority.revocation else "without revocation lists"
    name = authority.subject.rfc4514_string()
    return f"issues to {name} for {', '.join(sorted(authority.purposes))}, {listed}" + _end(authority)


def _time(begins: object, ends: object) -> str:
    return f"{str(begins)[:10]} to {str(ends)[:10]}"


def _end(each: TrustedKey | TrustedAuthority) -> str:
    withdrawn = f"; withdrawn from {rfc3339(each.withdrawn)}" if each.withdrawn else ""
    return withdrawn + (f"; DISTRUSTED since {rfc3339(each.distrusted)}" if each.distrusted else "")
