"""What the hub's record says of the title of a bill of lading: each change is a leaf of the log, and some end it.

Who held it, and why, is in the title's chain: `tradebridge.ebl.verify` plays that.
"""

from base64 import b64decode
from collections.abc import Iterator

from schemas.content import sha256_hex
from tradebridge.evidence import canonical
from tradebridge.evidence.file import Message, Record
from tradebridge.evidence.refusals import Finding, finding

_ENDED = ("accomplished", "void", "paper")


def check_title(message: Message, record: Record | None, at: str) -> Iterator[Finding]:
    """A change of the title: the one that its record is about, and whether the title has ended by it."""
    if record is None or message.bytes is None:
        yield finding("evidence.malformed", f"{at}/bytes", found="no bytes")
        return
    data = b64decode(message.bytes)
    if sha256_hex(data) != record.bytes_digest:
        yield finding("evidence.changed", f"{at}/bytes", found=sha256_hex(data), expected=record.bytes_digest)
        return
    change = canonical.loads(data)
    status = None if isinstance(change, Finding) else change.get("status")
    if status in _ENDED:
        yield finding("evidence.title-ended", at, found=status)
