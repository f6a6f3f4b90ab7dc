"""Since when others than the hub have seen an acceptance, and whether that is long after the time of its record.

1. A record's time is the hub's claim. A hub that dates one back has to show it to witnesses and authority all the same,
   and they do not cosign or date back: so a record that nobody saw for longer than `LATE` is not known to be so old.
2. Evidence stands on a checkpoint over all of its messages, which may be years younger than the acceptance. So it has
   the first one over the acceptance beside it (`first`), with a proof of its own. One that does not hold counts for
   nothing; it can only make the acceptance older, by the word of the same witnesses.
3. Where the history in hand says that nobody was named to see it then, nobody could have: it counts from the first
   moment at which somebody was. So a period without witnesses is no place to date back into.
4. What nobody dates is as late as can be: who leaves a date out gains nothing. It decides, and is told, where the key
   of the document's signature was in other hands since, and no timestamp of its own dates the document.
"""

from datetime import datetime, timedelta

from schemas.content import Content
from tradebridge.evidence import proofs
from tradebridge.evidence.file import EvidenceFile, Message, commitment
from tradebridge.evidence.recorded import Checked, Logged, log_in
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.seen import stolen_since
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import Observers, TrustList, Verified

LATE = timedelta(days=7)
"""Longer than a hub should be without its witnesses."""


def seen_since(
    file: EvidenceFile, accepted: Checked | None, trust: TrustList, log: Logged, now: datetime
) -> datetime | None:
    """The earliest time at which somebody else had seen the acceptance (rule 2); None: nobody says so."""
    since = log.seen.since
    if accepted is None or file.first is None:
        return since
    first = log_in(file.first.checkpoint, file.first.timestamp, trust, now)
    if first.seen.since is None or first.seen.findings or not _covers(file, accepted.form, first):
        return since
    return first.seen.since if since is None else min(since, first.seen.since)


def _covers(file: EvidenceFile, form: Message, log: Logged) -> bool:
    if file.first is None or isinstance(log.checkpoint, Finding):
        return False
    way = file.first.inclusion
    if (way.size, way.index) != (log.checkpoint.size, form.leaf_index):
        return False
    hashes, leaf = [bytes.fromhex(each) for each in way.hashes], proofs.leaf_hash(commitment(form))
    return proofs.verify_inclusion(leaf, way.index, way.size, hashes, log.checkpoint.root)


def logged_late(
    recorded: datetime, since: datetime | None, trust: TrustList, content: Content | None = None
) -> Finding | None:
    """Rules 1, 3 and 4. `content`: of the document of this record, where nothing else dates that."""
    named = _named_since(trust, recorded)
    if named is None:
        return None
    if since is None:
        late, seen = _was_stolen(content, trust, recorded), "dated by nobody else"
    else:
        late, seen = since - named > LATE, f"seen at {rfc3339(since)}"
    found, expected = f"a record of {rfc3339(recorded)}, {seen}", f"seen within {LATE.days} days"
    return finding("log.late", found=found, expected=expected, attack="LOG-14") if late else None


def _named_since(trust: TrustList, recorded: datetime) -> datetime | None:
    """The first moment from this one on at which anybody was named to see the log; None: nobody was."""
    earlier = () if trust.history is None else trust.history.earlier()
    newest_first = [Observers(trust.log, trust.authorities), *earlier]  # an authority that was lost since was asked too
    begins = [*(each.ends for each in newest_first[1:]), None]
    moments = (
        recorded if begin is None else max(recorded, begin)
        for each, begin in zip(newest_first, begins, strict=True)
        if (each.log.witnesses or each.authorities) and (each.ends is None or recorded < each.ends)
    )
    return min(moments, default=None)


def _was_stolen(content: Content | None, trust: TrustList, recorded: datetime) -> bool:
    """Whether the signature holds by the time of the record alone, by a key that was in other hands since."""
    seal = None if content is None else verify_seal(content, trust.as_of(recorded), recorded)
    return isinstance(seal, Verified) and seal.dated is None and stolen_since(seal.key) is not None
