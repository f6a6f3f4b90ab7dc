"""A hub at the other end of HTTP: it signs notes and receipts as the real one does, and remembers what it was told."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from adapters.port import Adapter, Address, Rendition, find_adapter
from schemas.content import Content, Syntax, open_content, sha256_hex
from schemas.event import PROFILE as EVENT_PROFILE
from schemas.event import Event, encode_event
from schemas.registry import profiles
from simulator.clock import FrozenClock
from simulator.drop import Drop
from simulator.journal import Entry, Journal
from simulator.members import Member, keys_of, members
from simulator.partner import Partner
from simulator.story import Story
from simulator.world import adapter_of
from tradebridge.calls import Delivery
from tradebridge.client import AsyncHub
from tradebridge.evidence import jws
from tradebridge.evidence.receipts import DeliveryNote, Original, Receipt, Rendered
from tradebridge.evidence.simulation import test_signer as signer_of
from tradebridge.evidence.trust import TrustedKey, TrustedLog, TrustedMember, TrustList, hub_of

SEED = "42"
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HUB = signer_of(SEED, "HUB", "receipt")
MEMBERS = {member.id: member for member in members()}


def trust() -> TrustList:
    """What the partners believe: the hub's key, and each member's."""
    everybody = []
    for member in MEMBERS.values():
        keys = keys_of(SEED, member.id)
        purposes = {"document": keys.document, "event": keys.event, "ack": keys.ack}
        everybody.append(
            TrustedMember(
                id=member.id,
                country=member.country,
                kind=member.kind,
                roles=frozenset(member.roles),
                carriers=frozenset(member.carriers),
                issues=frozenset(member.sends),
                keys=tuple(
                    TrustedKey.of(member.id, signer.certificate, [purpose]) for purpose, signer in purposes.items()
                ),
            )
        )
    hub = hub_of([TrustedKey.of("HUB", HUB.certificate, ("receipt", "note", "attestation"))])
    return TrustList(hub, TrustedLog("test", ""), tuple(everybody))


TRUST = trust()


@dataclass
class HubAtTheOtherEnd:
    """Answers as the hub does. `unwell` makes the next answers fail with these statuses."""

    heard: list[dict[str, Any]] = field(default_factory=list)
    """Payloads of the events, in order."""
    tokens: list[str] = field(default_factory=list)
    unwell: list[int] = field(default_factory=list)
    unheard: dict[str, str] = field(default_factory=dict)
    """Types of events that are refused, each with the code of the finding."""
    asked: list[str] = field(default_factory=list)
    """Types of the events, also of those refused."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.unwell:
            status = self.unwell.pop(0)
            if status == 0:
                raise httpx.ConnectError("gone", request=request)
            problem = {"status": status, "code": "hub.busy", "title": "busy", "errors": []}
            return httpx.Response(status, json=problem, headers={"content-type": "application/problem+json"})
        if request.url.path == "/v1/documents":
            return self._take(request)
        token = request.content.decode()
        event = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
        self.asked.append(event["type"])
        if event["type"] in self.unheard:
            return _refusal(self.unheard[event["type"]])
        self.heard.append(event)
        self.tokens.append(token)
        content = open_content(request.content)
        assert isinstance(content, Content)
        receipt = Receipt(
            message_id=f"msg_event{len(self.heard)}",
            document_id=event["document"]["id"],
            member=event["actor"]["member"],
            recipients=("SG-NSW",),
            bytes_digest=content.bytes_digest,
            content_digest=content.content_digest,
            profile=EVENT_PROFILE,
            time=AT,
        ).sign(HUB, AT)
        answer = {
            "id": event["id"],
            "messageId": f"msg_event{len(self.heard)}",
            "document": event["document"]["id"],
            "type": event["type"],
            "recipient": event.get("recipient"),
            "sequence": event["expectedSequence"] + 1,
            "state": event["type"],
            "receipt": receipt,
            "findings": [],
            "receivedAt": "2026-01-05T09:00:00Z",
        }
        return httpx.Response(202, json=answer)

    def _take(self, request: httpx.Request) -> httpx.Response:
        """A document of JP-JCCI's."""
        digest = sha256_hex(request.content)
        receipt = Receipt(
            message_id="msg_sent1",
            document_id="doc_sent1",
            member="JP-JCCI",
            recipients=("TH-NSW",),
            bytes_digest=digest,
            content_digest=digest,
            profile="rcep-co/2022",
            time=AT,
        ).sign(HUB, AT)
        answer = {
            "id": "doc_sent1",
            "messageId": "msg_sent1",
            "profile": "rcep-co/2022",
            "sender": "JP-JCCI",
            "recipients": ["TH-NSW"],
            "bytesDigest": digest,
            "contentDigest": digest,
            "receivedAt": "2026-01-05T09:00:00Z",
            "findings": [],
            "receipt": receipt,
        }
        return httpx.Response(202, json=answer)


def _refusal(code: str) -> httpx.Response:
    found = {"code": code, "severity": "error", "pointer": "/body", "message": "-", "fix": "-"}
    problem = {"status": 409, "code": code, "title": "refused", "errors": [found]}
    return httpx.Response(409, json=problem, headers={"content-type": "application/problem+json"})


def partner_of(
    member: str,
    folder: Path,
    hub: HubAtTheOtherEnd,
    *,
    stories: dict[str, Story] | None = None,
    told: Callable[[Entry], None] = lambda entry: None,
) -> Partner:
    """A partner over what its journal in this folder holds."""
    described: Member = MEMBERS[member]
    keys = keys_of(SEED, member)
    return Partner(
        described,
        seed=SEED,
        keys=keys,
        adapter=adapter_of(described),
        hub=AsyncHub("http://hub.test", keys.api_key, transport=httpx.MockTransport(hub.answer)),
        trust=TRUST,
        clock=FrozenClock(AT),
        journal=Journal(folder / f"{member}.jsonl"),
        stories={} if stories is None else stories,
        told=told,
        drop=Drop(folder / "drop" / member),
    )


def delivery_of(
    recipient: str,
    profile: str = "atiga-form-d/2022",
    *,
    number: str = "SG-2026-00041",
    ordinal: int = 1,
    sealed: bool = True,
) -> Delivery:
    """A document on its way from SG-NSW to a recipient. `sealed`: under the hub's signature, where the form has one."""
    member = MEMBERS[recipient]
    route = {"importer": member.country} if member.style else {"exporter": "SG", "importer": "TH"}
    document = profiles()[profile].example(**{"exporter": "SG", **route}, number=number, at=AT)
    original = jws.sign(
        profiles()[profile].encode[Syntax.JSON](document),
        "tradebridge-document+jws",
        keys_of(SEED, "SG-NSW").document,
        AT,
    ).encode()
    address = Address(f"msg_{ordinal:026d}", f"doc_{ordinal:026d}", "SG-NSW", recipient, AT)
    rendition = None
    if member.style is not None:
        adapter = find_adapter(member.style, member.country)
        rendition = _rendered(adapter, adapter.codec.encode(document, address), sealed=sealed)
    return _delivery(address, profile, number, original, rendition)


def event_delivery_of(recipient: str, event: Event, *, number: str = "SG-2026-00041", ordinal: int = 100) -> Delivery:
    """An event on its way to a recipient."""
    member = MEMBERS[recipient]
    sender = event.actor.member
    original = jws.sign(encode_event(event), "tradebridge-event+jws", keys_of(SEED, sender).event, AT).encode()
    address = Address(f"msg_{ordinal:026d}", event.document.id, sender, recipient, AT)
    rendition = None
    if member.style is not None:
        adapter = find_adapter(member.style, member.country)
        rendition = _rendered(adapter, adapter.codec.encode_event(event, address))
    return _delivery(address, EVENT_PROFILE, number, original, rendition)


def _rendered(adapter: Adapter, made: Rendition, *, sealed: bool = True) -> tuple[bytes, Rendered]:
    data = made.data if adapter.seal is None or not sealed else adapter.seal.sign(made.data, HUB, AT)
    return data, Rendered(sha256_hex(data), made.media_type, adapter.style)


def _delivery(
    address: Address, profile: str, number: str, original: bytes, rendition: tuple[bytes, Rendered] | None
) -> Delivery:
    note = DeliveryNote(
        delivery=f"dlv_{address.message_id[4:]}",
        message_id=address.message_id,
        document_id=address.document_id,
        sender=address.sender,
        recipient=address.recipient,
        profile=profile,
        number=number,
        original=Original(sha256_hex(original), "application/jose"),
        rendition=rendition[1] if rendition else None,
        findings=(),
        time=AT,
    )
    return Delivery(
        id=note.delivery,
        message_id=note.message_id,
        lease_until="",
        original=original,
        rendition=rendition[0] if rendition else None,
        note=note.sign(HUB, AT),
    )
