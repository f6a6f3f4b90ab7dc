"""What a partner's own system says when it does not take a delivery: read back by its adapter, and told as it is.

1. A refusal by a system is no decision: no officer has seen the document, its standing stays as it was. A decision is
   an event, signed by the member; a refusal is an answer to one delivery, and ends it: sent again it would be refused
   again. An operator may still send it again.
2. It counts only for a delivery that this member has in hand, of the message that it names, in the member's own form,
   under its seal where that form has one. Anything else is no answer at all, and the delivery is tried again.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adapters.port import Refusal
from schemas.findings import Finding, finding

if TYPE_CHECKING:
    from exchange.hub import Hub
    from exchange.members import Member

MOST = 500
"""Refusals in one answer."""
MOST_REASONS = 50
LONGEST = 500
"""Characters of each part of a reason that are kept."""


def read_refusals(
    hub: "Hub", member: "Member", given: object, messages: Mapping[str, str]
) -> Mapping[str, Refusal | Finding]:
    """By delivery: the partner's refusal, or why it is none. `messages`: message id of each delivery in its hand."""
    return dict(_each(hub, member, given, messages)) if isinstance(given, list) else {}


def _each(
    hub: "Hub", member: "Member", given: Sequence[object], messages: Mapping[str, str]
) -> Iterator[tuple[str, Refusal | Finding]]:
    for entry in given[:MOST]:
        if isinstance(entry, dict) and entry.get("delivery") in messages:
            yield entry["delivery"], _read(hub, member, entry, messages[entry["delivery"]])


def _read(hub: "Hub", member: "Member", entry: Mapping[str, Any], message_id: str) -> Refusal | Finding:
    adapter = hub.adapter_of(member)
    if adapter is None or adapter.refusals is None:
        return finding("partner.unreadable", "/refusals", found="a refusal", expected="a form that has one")
    try:
        native = b64decode(str(entry.get("native", "")), validate=True)
    except binascii.Error:
        return finding("partner.unreadable", "/refusals/native", found="no base64", expected="base64")
    if adapter.seal is not None:
        problem = adapter.seal.check(native, hub.registry.trust, member.id, hub.clock.now())
        if problem is not None:
            return problem
    read = adapter.refusals.decode_refusal(native)
    if isinstance(read, tuple):
        return read[0]
    if read.message_id != message_id:
        return finding("partner.unreadable", "/refusals/native", found=read.message_id, expected=message_id)
    reasons = tuple((_cut(code), _cut(pointer), _cut(text)) for code, pointer, text in read.reasons[:MOST_REASONS])
    return Refusal(read.message_id, reasons)


def named_in(given: object) -> list[str]:
    """The deliveries that refusals are about, before they are judged."""
    listed = given[:MOST] if isinstance(given, list) else []
    return [str(entry.get("delivery", "")) for entry in listed if isinstance(entry, dict)]


def in_words(refusal: Refusal) -> str:
    """As it stands beside a delivery that has ended so."""
    reasons = "; ".join(" ".join(part for part in reason if part) for reason in refusal.reasons)
    return f"partner.refused: {reasons}"


def _cut(text: str) -> str:
    return text[:LONGEST]
