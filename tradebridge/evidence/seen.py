"""Who beside the log's operator has seen a checkpoint or the document, and since when they are known to exist.

1. Where the trust list names witnesses, as many as it asks for have cosigned the note. Fewer: could not check, since
   more may come; a wrong line in a witness's name: false.
2. A timestamp, where there is one, is by an authority of the trust list, over the note with its cosignatures. One by
   another authority says nothing either way.
3. Nothing on the record is later than the timestamp, or the cosignatures, of the checkpoint that covers it.
4. A document's own timestamp, where somebody has asked for one, is over its bytes as received. Where the record is not
   proven, the signature on the document is judged as of then.
5. The time of a record is the hub's claim: it could have dated one back. Where it decides, because the key of the
   document's signature was in other hands since, the answer says whether others have seen the document before that.
6. Witnesses and authorities are those of the list in hand, or those that a version before it named when they spoke.
   What was replaced since is believed of nothing that is not dated before that. Where only the replaced witnesses
   themselves date it, as many of them are asked for as the list in hand asks for: else the weakest that a version ever
   asked for would be enough today, for whoever cosigns with an early time.
7. A witness whose key was in other hands cosigns nothing that an authority does not date before that; such an authority
   dates nothing (`tradebridge.evidence.lost`).
"""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tradebridge.evidence.cosignatures import check_quorum
from tradebridge.evidence.file import Subject
from tradebridge.evidence.lost import before_loss, not_lost
from tradebridge.evidence.notes import public_key_of
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.times import TOLERANCE, rfc3339
from tradebridge.evidence.timestamps import Timestamp, read_timestamp
from tradebridge.evidence.trust import TrustedKey, TrustList, Verified


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out, in words for a person; and what stands against it."""

    sentence: str
    findings: tuple[Finding, ...]
    dated: datetime | None = None
    """It existed then, says an authority that is believed."""
    since: datetime | None = None
    """It existed then, say authority or witnesses, whoever is earlier; None: nobody dates it."""


def seen_by(note: str, token: bytes | None, trust: TrustList, recorded: datetime, now: datetime) -> Seen:
    """Of the note of a checkpoint that the log has signed. `recorded`: the time of the record that it covers."""
    seen = observed(note, token, trust, now)
    late = too_late(recorded, seen)
    return replace(seen, findings=(*seen.findings, late)) if late else seen


def observed(note: str, token: bytes | None, trust: TrustList, now: datetime) -> Seen:
    """The same, of whatever it covers."""
    said: list[str] = []
    found: list[Finding] = []
    stamped = dated(note.encode(), token, trust)
    at = stamped.at if isinstance(stamped, Timestamp) else None
    cosigned = _cosigned(note, trust, now, at)
    since = at
    if isinstance(cosigned, Finding):
        found.append(cosigned)
    elif cosigned.names:
        said.append(f"cosigned by {_names(cosigned.names)}")
        since = _first(at, cosigned.since)
    if isinstance(stamped, Finding):
        found.append(stamped)
    elif stamped is not None:
        said.append(f"dated {rfc3339(stamped.at)} by {stamped.authority}")
    return Seen(f", {', '.join(said)}" if said else "", tuple(found), at, since)


def too_late(recorded: datetime, seen: Seen) -> Finding | None:
    """Rule 3."""
    if seen.since is None or recorded <= seen.since + TOLERANCE:
        return None
    told, expected = f"a record of {rfc3339(recorded)}", f"at most {rfc3339(seen.since)}"
    return finding("log.future", found=told, expected=expected, attack="LOG-14")


def dated_by(document: Subject, trust: TrustList, now: datetime, said: Iterable[Finding]) -> Seen:
    """Of the document's own timestamp; with what else is said of the document."""
    token = None if document.timestamp is None else b64decode(document.timestamp)
    told = dated(b64decode(document.bytes), token, trust)
    if told is None:
        return Seen("", tuple(said))
    if isinstance(told, Finding):
        return Seen("", (*said, replace(told, pointer="/document/timestamp")))
    if told.at > now + TOLERANCE:
        found, expected = rfc3339(told.at), f"at most {rfc3339(now)}"
        return Seen("", (*said, finding("log.future", "/document/timestamp", found=found, expected=expected)))
    return Seen(f" {told.authority} dates them {rfc3339(told.at)}.", tuple(said), told.at)


def before_theft(seal: Verified, log: datetime | None, document: Seen) -> str:
    """Rule 5, in words; empty for a key that was in nobody else's hands. `log`: since when others have seen its record,
    if they have; `document`: of its own timestamp."""
    stolen = stolen_since(seal.key)
    if stolen is None:
        return ""
    since = _first(log, document.dated, seal.dated)
    told = f" Its key was in other hands since {rfc3339(stolen)}; that it had signed before "
    if since is not None and since < stolen:
        return f"{told}is shown by who had seen it at {rfc3339(since)}."
    return f"{told}is the hub's word{f': others have seen it at {rfc3339(since)} only' if since else ' alone'}."


def stolen_since(key: TrustedKey) -> datetime | None:
    """Since when the key, or that of the authority that certified it, was in other hands; None: neither was."""
    return _first(key.distrusted, key.authority.distrusted if key.authority else None)


def _first(*moments: datetime | None) -> datetime | None:
    return min((at for at in moments if at is not None), default=None)


def dated(data: bytes, token: bytes | None, trust: TrustList) -> Timestamp | Finding | None:
    """The timestamp by an authority of the list, or by one that a version named at the time that it tells."""
    refused: Finding | None = None
    if token is None:
        return None
    if trust.lost and _by_lost(data, token, trust):
        return None  # as if it were by nobody: who has the key can date what was not there
    for each in trust.observers():
        if not each.authorities:
            continue
        told = read_timestamp(token, data, each.authorities)
        if isinstance(told, Timestamp) and each.in_force(told.at):
            return told
        if isinstance(told, Finding) and each.ends is None:
            refused = told
    return refused


def _by_lost(data: bytes, token: bytes, trust: TrustList) -> bool:
    """Whether a genuine timestamp is by an authority whose key was in other hands (rule 7)."""
    named = [trust.authorities, *(each.authorities for each in (trust.history.earlier() if trust.history else ()))]
    gone = [root for roots in named for root in roots if not not_lost(trust.lost, [root])]
    return bool(gone) and isinstance(read_timestamp(token, data, gone), Timestamp)


@dataclass(frozen=True, slots=True)
class _Cosigned:
    names: Sequence[str] = ()
    since: datetime | None = None
    """When as many had cosigned as are asked for."""


def _cosigned(note: str, trust: TrustList, now: datetime, stamped: datetime | None) -> _Cosigned | Finding:
    """By as many witnesses as the list asks for, or as a version did at the time. `stamped`: by an authority."""
    refused: Finding | None = None
    for each in trust.observers():
        by_others = stamped is not None and each.in_force(stamped)
        if not each.log.witnesses and (by_others or each.ends is None):
            return _Cosigned()
        own = public_key_of(each.log.verifier_key)
        needed = each.log.needed if by_others else max(each.log.needed, trust.log.needed)
        found = check_quorum(note, before_loss(trust.lost, each.log.witnesses, stamped), needed, now, own)
        if isinstance(found, Finding):
            if found.code != "log.too-few-witnesses":
                return found
            refused = refused or found
            continue
        times = sorted(found.values())
        since = times[max(needed, 1) - 1] if times else None
        if by_others or each.in_force(since):
            return _Cosigned(sorted(found), since)
    return refused or _Cosigned()


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{len(names)} witnesses"
