"""A partner's answer in its own language, read back beside the event that its connector made of it.

An event that carries the partner's own bytes (`body.native`, with their `nativeMediaType`) must say what they say: the
same type of word on the same document for the same reasons, under the partner's own signature where its form has one
around the message. What they say beside that (the words of a reason, a quantity) is evidence, and is kept as it came.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable
from typing import TYPE_CHECKING

from schemas.event import Event
from schemas.findings import Finding, finding

if TYPE_CHECKING:
    from datetime import datetime

    from exchange.hub import Hub


def check_native(hub: "Hub", event: Event, member: str, now: "datetime") -> list[Finding]:
    """What stands between an event of this member and its own answer inside; nothing where it carries none."""
    known = hub.registry.members.get(member)
    adapter = None if known is None else hub.adapter_of(known)
    native = event.body.get("native")
    if adapter is None or not isinstance(native, str) or "nativeMediaType" not in event.body:
        return []
    try:
        data = b64decode(native, validate=True)
    except binascii.Error:
        return [finding("partner.native-differs", "/body/native", found="no base64", expected="base64")]
    problem = None if adapter.seal is None else adapter.seal.check(data, hub.registry.trust, member, now)
    if problem is not None:
        return [finding("partner.native-differs", "/body/native", found=f"{problem.code} {problem.found}".strip())]
    statement = adapter.codec.decode_event(data)
    if isinstance(statement, tuple):
        found = "; ".join(f"{each.code} {each.found}".strip() for each in statement)
        return [
            finding("partner.native-differs", "/body/native", found=found, expected=f"a message of {adapter.style}")
        ]
    said = _in_words(statement.type, statement.document_id, (code for code, _, _ in statement.reasons))
    told = _in_words(event.type.value, event.document.id, (reason.code for reason in event.reasons))
    return [] if said == told else [finding("partner.native-differs", "/body/native", found=said, expected=told)]


def _in_words(type_: str, document: str, codes: Iterable[str]) -> str:
    reasons = ", ".join(codes)
    return f"{type_} on {document}" + (f" for {reasons}" if reasons else "")
