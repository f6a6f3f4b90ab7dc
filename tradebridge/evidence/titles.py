"""The hub's record of a change of a title, as a message of the evidence: `tradebridge-title/1`, canonical JSON.

The log commits to its digest. It says how the title stood after the change; the chain itself, with the signatures of
platforms and carrier, is checked by `tradebridge.ebl.verify`.
"""

from base64 import b64decode
from collections.abc import Iterator

from schemas.content import sha256_hex
from tradebridge.evidence import canonical
from tradebridge.evidence.file import Message, Record
from tradebridge.evidence.refusals import Finding, finding

ENDED = ("accomplished", "void", "paper")
"""The states of a title that nothing follows."""


def check_title(message: Message, record: Record | None, at: str) -> Iterator[Finding]:
    """Whether these are the bytes that are on the record, and whether the title has ended by this change."""
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
