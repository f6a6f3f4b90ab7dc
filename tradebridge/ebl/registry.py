"""The control tracking registry, asked by a platform (schemas/bill_of_lading/control.py has its words).

1. A platform speaks by statements that it signs: register, offer, accept, cancel. Each can be said again after a crash.
2. What the registry says counts only as signed by its configured certificates, in its own name, for this title.
   Silence, an error or a signature that does not hold decide nothing.
3. It counts of this platform's own part in the transfer: what another has offered, or got, is not ours. What a refusal
   (the status, which nobody signs) seems to grant decides nothing: ask again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.control import OfferState, Said, Statement
from schemas.bill_of_lading.pint import to_json
from schemas.findings import Finding
from tradebridge.ebl.calling import call
from tradebridge.ebl.chain import content_checksum
from tradebridge.ebl.host import Host, Peer
from tradebridge.ebl.seal import open_sealed, seal


class Stand(StrEnum):
    """Where a transfer stands in the registry."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """Not recorded, or refused: it has not happened."""
    SILENT = "silent"
    """No answer that counts: ask again."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the registry said of one transfer."""

    stand: Stand
    statement: str = ""
    """Its signed state."""
    reason: str = ""
    control: str = ""
    """Who controls the eBL by that state."""
    at: datetime | None = None
    """When that was so."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a title is registered with: the carrier's word."""

    manifest: str
    """Its issuance manifest, JWS. It stays the same whoever the title is sent to first."""
    carrier: str
    at: datetime
    """Of ISSUE."""


async def registered(host: Host, registry: str, title: str, issued: Issued) -> Word:
    """Make the title known, by the content checksum of the carrier's issuance manifest. OPEN: it is."""
    entry = content_checksum(issued.manifest)
    word = {"issuance_manifest_signed_content": issued.manifest, "carrier_code": issued.carrier, "issued_at": issued.at}
    return await _say(host, registry, Said.REGISTER, title, entry, **word)


async def offered(host: Host, registry: str, title: str, entry: str, to: str) -> Word:
    return await _say(host, registry, Said.OFFER, title, entry, to=to)


async def accepted(host: Host, registry: str, title: str, entry: str) -> Word:
    return await _say(host, registry, Said.ACCEPT, title, entry)


async def cancelled(host: Host, registry: str, title: str, entry: str) -> Word:
    return await _say(host, registry, Said.CANCEL, title, entry)


async def has(host: Host, registry: str, title: str) -> Stand:
    """Whether the registry knows the title: OPEN, UNKNOWN, or SILENT."""
    peer = host.peers().registries[registry]
    if not peer.active:
        return Stand.SILENT
    answer = await call(host, "GET", f"{registry.rstrip('/')}/titles/{title}", peer.token)
    if answer.status == 404:
        return Stand.UNKNOWN
    return Stand.OPEN if answer.status == 200 else Stand.SILENT


async def _say(host: Host, registry: str, said: Said, title: str, entry: str, **more: Any) -> Word:
    peer = host.peers().registries.get(registry)
    if peer is None or not peer.active:
        return Word(Stand.SILENT, reason=f"the registry {registry} is not configured")
    statement = Statement(
        registry=registry,
        type=said,
        transport_document_checksum=title,
        entry=entry,
        platform=host.code,
        at=host.now(),
        **more,
    )
    answer = await call(
        host, "POST", f"{registry.rstrip('/')}/statements", peer.token, seal(to_json(statement), host.key)
    )
    if answer.status not in (200, 201, 403, 404, 409, 422) or not isinstance(answer.body, dict):
        return Word(Stand.SILENT, reason=answer.error or f"HTTP {answer.status}")
    return _word(host, peer, statement, answer.status, answer.body)


def _word(host: Host, peer: Peer, asked: Statement, status: int, body: dict[str, Any]) -> Word:
    """What the registry's answer says of what this platform has stated."""
    reason = str(body.get("code", ""))
    statement = body.get("statement")
    state = open_sealed(statement, peer.trusted, host.now()) if isinstance(statement, str) else None
    named = {"registry": peer.code, "transportDocumentChecksum": asked.transport_document_checksum}
    if state is None or isinstance(state, Finding) or any(state.get(name) != each for name, each in named.items()):
        # Only the registry itself can say by its signature that it has never heard of a title: unsigned, it is silence.
        return Word(Stand.SILENT, reason=reason or "the registry's answer is not signed")
    if asked.type is Said.REGISTER and status < 300:
        return Word(Stand.OPEN, str(statement), reason)
    offer = state.get("offer")
    if asked.type is Said.REGISTER or not isinstance(offer, dict) or not _is_of(offer, asked):
        return Word(Stand.UNKNOWN, str(statement), reason, str(state.get("control", "")), _moment(state.get("at")))
    found = {
        OfferState.OPEN.value: Stand.OPEN,
        OfferState.ACCEPTED.value: Stand.ACCEPTED,
        OfferState.CANCELLED.value: Stand.CANCELLED,
    }.get(str(offer.get("state")), Stand.UNKNOWN)
    if status >= 300 and found is _GRANTED[asked.type]:
        return Word(Stand.SILENT, reason=f"the registry refuses with {status} {reason}, and says {found}")
    return Word(found, str(statement), reason)


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if at.tzinfo is None else at


_GRANTED = {Said.OFFER: Stand.OPEN, Said.ACCEPT: Stand.ACCEPTED, Said.CANCEL: Stand.CANCELLED}


def _is_of(offer: dict[str, Any], asked: Statement) -> bool:
    """Whether the offer is the one that the statement is about: of its entry, and from and to the same platforms, as
    far as it names them (rule 3)."""
    part = "to" if asked.type is Said.ACCEPT else "from"
    named = {"entry": asked.entry, part: asked.platform} | ({"to": asked.to} if asked.to is not None else {})
    return all(offer.get(name) == each for name, each in named.items())
