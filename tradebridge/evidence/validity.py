"""What ends the validity of a document: an event on the record, or its own last day."""

from datetime import datetime

from schemas.certificate.procedure import earliest_today
from schemas.event import EventType, TitleEvent
from schemas.life import life_of
from schemas.registry import Document
from tradebridge.evidence.refusals import Finding, finding

ENDS: dict[EventType | TitleEvent, str] = {
    EventType.CANCELLED: "evidence.cancelled",
    EventType.REPLACED: "evidence.replaced",
    EventType.EXPIRED: "evidence.expired",
}
"""Events after which a document is not valid any more."""


def own_end(profile_id: str, document: Document | None, now: datetime) -> tuple[Finding, ...]:
    """That the document's last day has ended everywhere (its `life.ends`), if it has; nothing has to say so."""
    ends = life_of(profile_id).ends(document) if document is not None else None
    if ends is None or ends >= earliest_today(now):
        return ()
    return (finding("evidence.expired", found=f"its last day was {ends}"),)
