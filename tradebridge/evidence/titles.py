"""The hub's record of a change of a title, as a message of the evidence: `tradebridge-title/1`, canonical JSON.

The log commits to its digest. It says how the title stood after the change; the chain itself, with the signatures of
platforms and carrier, is checked by `tradebridge.ebl.verify`. Who sees no more of a title has it without names
(`tradebridge-title-public/1`): where it is, and whether it has ended.

Of a title that is on another platform nothing here tells whether it was ended there: could not check.
"""

from base64 import b64decode
from collections.abc import Iterator

from schemas.content import sha256_hex
from tradebridge.evidence import canonical
from tradebridge.evidence.file import Message, Record
from tradebridge.evidence.refusals import Finding, finding

ENDED = ("accomplished", "void", "paper")
"""The states of a title that nothing follows."""
AWAY = "away"
"""Where it is, if that is another platform."""
ELSEWHERE = "evidence.title-elsewhere"


def check_title(message: Message, record: Record | None, at: str) -> Iterator[Finding]:
    """Whether these are the bytes that are on the record, and what the title is by this change: ended, or elsewhere."""
    if record is None or message.bytes is None:
        yield finding("evidence.malformed", f"{at}/bytes", found="no bytes")
        return
    data = b64decode(message.bytes)
    if sha256_hex(data) != record.bytes_digest:
        yield finding("evidence.changed", f"{at}/bytes", found=sha256_hex(data), expected=record.bytes_digest)
        return
    change = canonical.loads(data)
    status = None if isinstance(change, Finding) else change.get("status")
    if status in ENDED:
        yield finding("evidence.title-ended", at, found=status)
    elif not isinstance(change, Finding) and change.get("at") == AWAY:
        yield finding(ELSEWHERE, at)
