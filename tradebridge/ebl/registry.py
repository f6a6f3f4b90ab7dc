"""The control tracking registry, asked by a platform (schemas/bill_of_lading/control.py has its words).

1. A platform speaks by statements that it signs: register, offer, accept, cancel. Each can be said again after a crash.
2. What the registry says counts only as signed by its configured certificates, in its own name, for this title, in
   answer to just this question: also that it does not know the title. Silence, an error, a signature that does not
   hold and an answer of another day decide nothing.
3. It counts of this platform's own part in the transfer: what another has offered, or got, is not ours. What a refusal
   (the status, which nobody signs) seems to grant decides nothing: ask again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from schemas.bill_of_lading.control import OfferState, Said, Statement
from schemas.bill_of_lading.pint import to_json, written
from schemas.content import sha256_hex
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
    """Who controls the eBL by that state; empty: nobody, it is not registered."""
    at: datetime | None = None
    """When that was so."""
    sequence: int = 0
    """Of that state."""
    given: bool = False
    """Whether by that state this platform once gave the eBL away, and the receiver accepted."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a title is registered with: the carrier's word."""

    manifest: str
    """Its issuance manifest, JWS. It stays the same whoever the title is sent to first."""
    carrier: str
    at: datetime
    """Of ISSUE."""
    issue_to: Mapping[str, Any] | None = None
    """Whom the manifest is for, as the carrier wrote it."""

    def word(self) -> dict[str, Any]:
        brought = {"issuance_manifest_signed_content": self.manifest, "carrier_code": self.carrier}
        return {**brought, "issued_at": self.at, "issue_to": self.issue_to}


async def registered(host: Host, registry: str, title: str, issued: Issued) -> Word:
    """Make the title known, by the content checksum of the carrier's issuance manifest. OPEN: it is, and this platform
    is in control."""
    return await _say(host, registry, Said.REGISTER, title, content_checksum(issued.manifest), **issued.word())


async def offered(host: Host, registry: str, title: str, entry: str, to: str, issued: Issued | None = None) -> Word:
    """`issued`: of a title that nobody has yet, the carrier's word that `to` is to get it."""
    return await _say(host, registry, Said.OFFER, title, entry, to=to, **({} if issued is None else issued.word()))


async def accepted(host: Host, registry: str, title: str, entry: str) -> Word:
    return await _say(host, registry, Said.ACCEPT, title, entry)


async def cancelled(
    host: Host, registry: str, title: str, entry: str, to: str | None = None, issued: Issued | None = None
) -> Word:
    """`to`: whom it was to be offered to, so that an entry which was not offered yet is dead all the same."""
    return await _say(host, registry, Said.CANCEL, title, entry, to=to, **({} if issued is None else issued.word()))


async def has(host: Host, registry: str, title: str) -> Stand:
    """Whether the registry says that somebody controls the title (OPEN), that nobody does (UNKNOWN); or SILENT."""
    peer = host.peers().registries[registry]
    if not peer.active:
        return Stand.SILENT
    # Nobody else can know it before, and it is another one each time: a signature over the title and the moment.
    asked = sha256_hex(seal({"asks": title, "at": written(host.now())}, host.key).encode())
    query = urlencode({"asked": asked} | ({} if peer.url == registry else {"registry": registry}))
    answer = await call(host, "GET", f"{peer.url.rstrip('/')}/titles/{title}?{query}", peer.token)
    state = _state(host, peer, answer.body, title, asked)
    if state is None:
        return Stand.SILENT
    return Stand.OPEN if state.get("control") else Stand.UNKNOWN


async def left_out(host: Host, named: str | None, title: str) -> tuple[str, Stand] | None:
    """The first registry that this platform consults, and that has the title, or is silent. The one that the title
    names is not asked."""
    registries = host.peers().registries
    own = None if named is None else registries.get(named)
    for base, peer in registries.items():
        if not peer.consulted or (own is not None and own.url == peer.url):
            continue
        stand = await has(host, base, title)
        if stand is not Stand.UNKNOWN:
            return base, stand
    return None


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
    said_so = seal(to_json(statement), host.key)
    answer = await call(host, "POST", f"{peer.url.rstrip('/')}/statements", peer.token, said_so)
    if answer.status not in (200, 201, 403, 404, 409, 422) or not isinstance(answer.body, dict):
        return Word(Stand.SILENT, reason=answer.error or f"HTTP {answer.status}")
    return _word(host, peer, statement, sha256_hex(said_so.encode()), answer.status, answer.body)


def _state(host: Host, peer: Peer, body: Any, title: str, asked: str) -> dict[str, Any] | None:
    """What the registry has signed in answer to this question; None: nothing that counts (rule 2)."""
    statement = body.get("statement") if isinstance(body, dict) else None
    state = open_sealed(statement, peer.trusted, host.now()) if isinstance(statement, str) else None
    named = {"registry": peer.code, "transportDocumentChecksum": title, "asked": asked}
    if state is None or isinstance(state, Finding) or any(state.get(name) != each for name, each in named.items()):
        return None
    return state


def _word(host: Host, peer: Peer, asked: Statement, named: str, status: int, body: dict[str, Any]) -> Word:
    """What the registry's answer says of what this platform has stated. `named`: the statement's checksum."""
    reason, statement = str(body.get("code", "")), str(body.get("statement"))
    state = _state(host, peer, body, asked.transport_document_checksum, named)
    if state is None:
        return Word(Stand.SILENT, reason=reason or "the registry's answer is not signed, or not of this question")
    sequence, given = state.get("sequence"), state.get("given")
    unknown = Word(
        Stand.UNKNOWN,
        statement,
        reason,
        control=str(state.get("control") or ""),
        at=_moment(state.get("at")),
        sequence=sequence if isinstance(sequence, int) else 0,
        given=isinstance(given, dict) and (given.get("from"), given.get("state")) == (asked.platform, "accepted"),
    )
    if asked.type is Said.REGISTER:
        granted = (asked.platform, asked.entry) == (state.get("control"), state.get("issuance"))
        return replace(unknown, stand=Stand.OPEN) if status < 300 and granted else unknown
    offer = state.get("offer")
    if not isinstance(offer, dict) or not _is_of(offer, asked):
        return unknown
    found = {
        OfferState.OPEN.value: Stand.OPEN,
        OfferState.ACCEPTED.value: Stand.ACCEPTED,
        OfferState.CANCELLED.value: Stand.CANCELLED,
    }.get(str(offer.get("state")), Stand.UNKNOWN)
    if status >= 300 and found is _GRANTED[asked.type]:
        return Word(Stand.SILENT, reason=f"the registry refuses with {status} {reason}, and says {found}")
    return replace(unknown, stand=found)


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
