"""Who beside the log's operator has seen a checkpoint or the document, and since when they are known to exist.

1. Where the trust list names witnesses, as many as it asks for have cosigned the note. Fewer: could not check, since
   more may come; a wrong line in a witness's name: false.
2. A timestamp, where there is one, is by an authority of the trust list, over the note with its cosignatures. One by
   another authority says nothing either way.
3. Nothing on the record is later than the timestamp of the checkpoint that covers it.
4. A document's own timestamp, where somebody has asked for one, is over its bytes as received. Where the record is not
   proven, the signature on the document is judged as of then.
"""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tradebridge.evidence.cosignatures import check_quorum
from tradebridge.evidence.file import Subject
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.times import TOLERANCE, rfc3339
from tradebridge.evidence.timestamps import Timestamp, read_timestamp
from tradebridge.evidence.trust import TrustList


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out, in words for a person; and what stands against it."""

    sentence: str
    findings: tuple[Finding, ...]
    dated: datetime | None = None
    """It existed then, says an authority that is believed."""


def seen_by(note: str, token: bytes | None, trust: TrustList, recorded: datetime, now: datetime) -> Seen:
    """Of the note of a checkpoint that the log has signed. `recorded`: the time of the record that it covers."""
    seen = observed(note, token, trust, now)
    late = too_late(recorded, seen)
    return replace(seen, findings=(*seen.findings, late)) if late else seen


def observed(note: str, token: bytes | None, trust: TrustList, now: datetime) -> Seen:
    """The same, of whatever it covers."""
    said: list[str] = []
    found: list[Finding] = []
    if trust.log.witnesses:
        cosigned = check_quorum(note, trust.log.witnesses, trust.log.needed, now)
        if isinstance(cosigned, Finding):
            found.append(cosigned)
        elif cosigned:
            said.append(f"cosigned by {_names(sorted(cosigned))}")
    dated = _dated(note, token, trust)
    if isinstance(dated, Finding):
        found.append(dated)
    elif dated is not None:
        said.append(f"dated {rfc3339(dated.at)} by {dated.authority}")
    at = dated.at if isinstance(dated, Timestamp) else None
    return Seen(f", {', '.join(said)}" if said else "", tuple(found), at)


def too_late(recorded: datetime, seen: Seen) -> Finding | None:
    """Rule 3."""
    if seen.dated is None or recorded <= seen.dated + TOLERANCE:
        return None
    told, expected = f"a record of {rfc3339(recorded)}", f"at most {rfc3339(seen.dated)}"
    return finding("log.future", found=told, expected=expected, attack="LOG-14")


def dated_by(document: Subject, trust: TrustList, now: datetime, said: Iterable[Finding]) -> Seen:
    """Of the document's own timestamp; with what else is said of the document."""
    told = None
    if document.timestamp is not None and trust.authorities:
        told = read_timestamp(b64decode(document.timestamp), b64decode(document.bytes), trust.authorities)
    if told is None:
        return Seen("", tuple(said))
    if isinstance(told, Finding):
        return Seen("", (*said, replace(told, pointer="/document/timestamp")))
    if told.at > now + TOLERANCE:
        found, expected = rfc3339(told.at), f"at most {rfc3339(now)}"
        return Seen("", (*said, finding("log.future", "/document/timestamp", found=found, expected=expected)))
    return Seen(f" {told.authority} dates them {rfc3339(told.at)}.", tuple(said), told.at)


def _dated(note: str, token: bytes | None, trust: TrustList) -> Timestamp | Finding | None:
    if token is None or not trust.authorities:
        return None
    return read_timestamp(token, note.encode(), trust.authorities)


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{len(names)} witnesses"
