"""A message: one accepted transmission, the unit of acceptance, receipt and log; and how it is kept.

`Message` is made before its transaction, whole: ids, receipt, answer, leaf. `keep` writes it in one go: the message,
its leaf, its deliveries and its entry in the feed. There is no window in which one exists without the others.
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from sqlalchemy.engine import Connection

from exchange.members import Caller
from exchange.records import leaf_of
from exchange.store import tables as t
from exchange.store.rows import Rows, add
from schemas.findings import Finding
from tradebridge.evidence.receipts import Receipt
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Submission:
    """What was handed in, and by whom."""

    caller: Caller
    data: bytes
    recipients: tuple[str, ...] = ()
    declared: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer 202, as bytes that never change: asked again, the sender gets the same."""

    body: bytes
    replayed: bool = False


class RefusedInTransaction(Exception):
    """The checks inside a transaction refused; the savepoint is rolled back. Caught by who handed the job in."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(findings[0].code)
        self.findings = findings


class Digested(Protocol):
    """What has both digests: the content that was opened, or a document's row."""

    @property
    def bytes_digest(self) -> str: ...

    @property
    def content_digest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outer facts of a message, decided before anything is signed."""

    kind: str
    """document, event, forward, control or title."""
    id: str
    document_id: str
    member: str
    """Who handed it in."""
    recipients: tuple[str, ...]
    """Who gets it delivered."""
    profile: str
    media_type: str
    bytes_digest: str
    content_digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """An envelope with what the hub says of it: ready for its transaction."""

    envelope: Envelope
    data: bytes | None
    """The bytes received; None for a forward, whose bytes are its document's."""
    receipt: str
    attestation: str | None
    idempotency_key: str | None
    answer: bytes


def message_id_of(hub: "Hub", kind: str, member: str, about: str, at: datetime) -> str:
    return derived_id("msg", at, hub.randomness.value("message", f"{kind} {member} {about}".encode()))


def receipt_for(hub: "Hub", envelope: Envelope) -> str:
    """The hub's signed statement that it accepted these bytes from this member at this time."""
    return Receipt(
        message_id=envelope.id,
        document_id=envelope.document_id,
        member=envelope.member,
        recipients=envelope.recipients,
        bytes_digest=envelope.bytes_digest,
        content_digest=envelope.content_digest,
        profile=envelope.profile,
        time=envelope.at,
        space=hub.space,
        simulated=hub.simulated,
    ).sign(hub.keys.signer, envelope.at)


def keep(
    target: Connection | Rows, hub: "Hub", message: Message, *, deliver: bool = True, findings: str | None = None
) -> None:
    """Message, leaf and deliveries, in the caller's transaction. Not `deliver`: its recipients may see it, no more.
    `findings`: JSON of those that travel with it beside the document's own."""
    envelope = message.envelope
    add(
        target,
        t.messages,
        {
            "id": envelope.id,
            "kind": envelope.kind,
            "document_id": envelope.document_id,
            "member": envelope.member,
            "profile": envelope.profile,
            "media_type": envelope.media_type,
            "bytes": message.data,
            "bytes_digest": envelope.bytes_digest,
            "content_digest": envelope.content_digest,
            "received_at": rfc3339(envelope.at),
            "receipt": message.receipt,
            "attestation": message.attestation,
            "idempotency_key": message.idempotency_key,
            "answer": message.answer.decode(),
        },
    )
    add(target, t.leaves, _leaf(hub, envelope))
    if envelope.recipients and deliver:
        beside = {} if findings is None else {"findings": findings}
        add(target, t.deliveries, [_delivery(hub, envelope, name) | beside for name in envelope.recipients])


def _leaf(hub: "Hub", envelope: Envelope) -> dict[str, Any]:
    record = {
        "kind": envelope.kind,
        "messageId": envelope.id,
        "documentId": envelope.document_id,
        "member": envelope.member,
        "profile": envelope.profile,
        "bytesDigest": envelope.bytes_digest,
        "contentDigest": envelope.content_digest,
        "time": rfc3339(envelope.at),
        "space": hub.space,
    }
    return leaf_of(envelope.id, record, hub.randomness.value("salt", envelope.id.encode()))


def _delivery(hub: "Hub", envelope: Envelope, recipient: str) -> dict[str, Any]:
    value = hub.randomness.value("delivery", f"{envelope.id} {recipient}".encode())
    return {
        "id": derived_id("dlv", envelope.at, value),
        "message_id": envelope.id,
        "document_id": envelope.document_id,
        "recipient": recipient,
        "state": "due",
        "due_at": time.time(),
        "attempts": 0,
    }


def tell(
    target: Connection | Rows, kind: str, envelope: Envelope, members: tuple[str, ...], facts: dict[str, Any]
) -> None:
    """One entry of the feed, in the same transaction, for these members to see."""
    data = {
        "at": rfc3339(envelope.at),
        "document": envelope.document_id,
        "message": envelope.id,
        "profile": envelope.profile,
        **facts,
    }
    add_to_feed(target, kind, members, data)


def add_to_feed(target: Connection | Rows, kind: str, members: tuple[str, ...], data: dict[str, Any]) -> None:
    add(target, t.feed, {"kind": kind, "members": f",{','.join(members)},", "data": orjson.dumps(data).decode()})
