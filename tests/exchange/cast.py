"""A small cast for tests of the hub: its members, their keys, and documents that they sign.

The cast speaks to the hub as anybody does: over HTTP, with the SDK and its own keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from schemas.certificate.model import Certificate
from schemas.content import Syntax
from schemas.event import Actor, Event, EventType, Reason, Subject, encode_event
from schemas.registry import Document, profile_of
from tradebridge.client import Delivery, Hub, Refused
from tradebridge.evidence import jws, xades
from tradebridge.evidence.receipts import Acknowledgement
from tradebridge.evidence.simulation import derived_id, hmac_value, test_api_key, test_signer

SEED = "42"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FORM_D = "atiga-form-d/2022"
FORM_AJ = "ajcep-form-aj/2014"
RCEP = "rcep-co/2022"
TRANSPORT_DOCUMENT = "dcsa-transport-document/3.0"
CERTIFICATES = [FORM_D, FORM_AJ, RCEP]


def signer(member: str, purpose: str = "document") -> Any:
    return test_signer(SEED, member, purpose)


def description(member: str, **changes: Any) -> dict[str, Any]:
    """A member as the operator adds it: a window that issues, sends and receives certificates."""
    keys = [
        {"certificate": signer(member, purpose).certificate.public_bytes(Encoding.PEM).decode(), "purposes": [purpose]}
        for purpose in ("document", "event", "ack")
    ]
    return {
        "id": member,
        "name": f"{member} of the tests",
        "country": member[:2],
        "kind": "single-window",
        "roles": ["issuer", "sender", "recipient"],
        "sends": CERTIFICATES,
        "accepts": CERTIFICATES,
        "delivery": {"mode": "pull"},
        "policy": {"unsigned": False},
        "keys": keys,
        "simulated": True,
        "apiKey": test_api_key(SEED, member),
    } | changes


CAST: Mapping[str, dict[str, Any]] = {
    "SG-NSW": {},
    "TH-NSW": {},
    "VN-NSW": {},
    "JP-JCCI": {"kind": "issuing-authority", "roles": ["issuer", "sender"], "accepts": []},
    "OLD-EXPORT": {
        "country": "SG",
        "kind": "platform",
        "policy": {"unsigned": True},
        "roles": ["issuer", "sender"],
        "accepts": [],
    },
    "CARRIER-SIM": {
        "country": "SG",
        "kind": "platform",
        "sends": [TRANSPORT_DOCUMENT],
        "accepts": [TRANSPORT_DOCUMENT],
        "carriers": ["SIML"],
    },
}


def document(
    number: str,
    profile: str = FORM_D,
    *,
    exporter: str = "SG",
    importer: str = "TH",
    at: datetime = NOW,
    variant: int = 0,
) -> Document:
    found = profile_of(profile)
    assert found is not None
    return found.example(exporter=exporter, importer=importer, number=number, at=at, variant=variant)


def of_items(count: int, profile: str = FORM_D, number: str = "SG-D-2026-00001") -> Certificate:
    """A certificate of so many items, each with a description of its own."""
    sample = document(number, profile, variant=1)
    assert isinstance(sample, Certificate)
    kinds = cycle(sample.items)
    items = (
        item.model_copy(update={"number": at, "description": f"{item.description}, lot {at}"})
        for at, item in zip(range(1, count + 1), kinds, strict=False)
    )
    return sample.model_copy(update={"items": tuple(items)})


def encoded(value: Document, syntax: Syntax = Syntax.XML) -> bytes:
    found = profile_of(value.profile)
    assert found is not None
    return found.encode[syntax](value)


def signed(value: Document, by: str = "SG-NSW", syntax: Syntax = Syntax.XML, at: datetime = NOW) -> bytes:
    """The document, signed by a member: XAdES over XML, JWS over JSON."""
    data = encoded(value, syntax)
    if syntax is Syntax.XML:
        return xades.sign(data, signer(by), at)
    return jws.sign(data, jws.DOCUMENT, signer(by), at).encode()


def certificate(number: str, by: str = "SG-NSW", syntax: Syntax = Syntax.XML, **facts: Any) -> bytes:
    return signed(document(number, **facts), by, syntax)


def acknowledged(delivery: Delivery, member: str, digest: str, at: datetime = NOW) -> str:
    ack = Acknowledgement(delivery.id, delivery.message_id, digest, member, at)
    return ack.sign(signer(member, "ack"), at)


USE: dict[str, Any] = {
    "declaration": {"reference": "TH-2026-00001", "date": "2026-01-05", "country": "TH"},
    "items": [{"number": 1, "quantity": {"value": "1", "unit": "KGM"}}],
}
"""One kilogram of the first item, for one declaration."""
BODIES: Mapping[EventType, dict[str, Any]] = {
    EventType.ANSWERED: {"text": "The marks are those on the packing list."},
}


def use(ordinal: int, *items: tuple[int, str, str], **changes: Any) -> dict[str, Any]:
    """The body of a use by a declaration of its own: item number, value, unit; one kilogram of item 1 if none."""
    declaration = USE["declaration"] | {"reference": f"TH-2026-{ordinal:05}"}
    drawn = [{"number": number, "quantity": {"value": value, "unit": unit}} for number, value, unit in items]
    return {"declaration": declaration, "items": drawn or USE["items"], **changes}


def event(
    kind: EventType,
    document_id: str,
    content_digest: str,
    by: str,
    *,
    recipient: str | None = "TH-NSW",
    sequence: int = 0,
    ordinal: int = 0,
    at: datetime = NOW,
    **changes: Any,
) -> str:
    """A signed event. Queries and rejections carry a reason, uses and answers a body, unless told otherwise."""
    needs = kind in (EventType.QUERIED, EventType.REJECTED)
    reasons = (Reason(code="atiga.box", pointer="/items/0", text="Box 8 is not legible."),) if needs else ()
    value = hmac_value(SEED, "event", f"{document_id} {kind} {by}".encode(), sequence * 100 + ordinal)
    said = Event(
        **{
            "id": derived_id("evt", at, value),
            "type": kind,
            "document": Subject(id=document_id, content_digest=content_digest),
            "recipient": recipient,
            "expected_sequence": sequence,
            "actor": Actor(member=by, person="Officer 1", role="officer"),
            "at": at,
            "reasons": reasons,
            "body": use(sequence * 100 + ordinal) if kind is EventType.UTILISED else BODIES.get(kind, {}),
        }
        | changes
    )
    return jws.sign(encode_event(said), jws.EVENT, signer(by, "event"), at)


def refused_by(call: Callable[..., object], *arguments: Any, **options: Any) -> Refused:
    """The refusal that a call must meet."""
    try:
        call(*arguments, **options)
    except Refused as refused:
        return refused
    raise AssertionError("it was not refused")


@dataclass
class Cast:
    """Clients of one hub: the operator's and each member's."""

    url: str
    space: str | None = None
    clients: dict[str, Hub] = field(default_factory=dict)

    def __getitem__(self, member: str) -> Hub:
        if member not in self.clients:
            self.clients[member] = Hub(self.url, test_api_key(SEED, member), self.space, timeout=20)
        return self.clients[member]

    @property
    def operator(self) -> Hub:
        return self["OPERATOR"]

    def join(self, **changes: dict[str, Any]) -> "Cast":
        """Everybody joins the hub."""
        for member, own in CAST.items():
            self.operator.add_member(description(member, **(own | changes.get(member.replace("-", "_"), {}))))
        return self

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
