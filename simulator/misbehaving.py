"""Members that do something wrong on purpose: the business faults, one function each. What is right stays in
`simulator.partner`.

1. Acknowledgements: what was taken is in the journal all the same, so a second try has no second effect.
2. Documents: a wrong variant of one that is handed in before the right one. `None`: the right one twice.
3. Events: a wrong variant beside the right one.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from schemas.content import Content, open_content
from schemas.event import Event, EventType
from simulator.documents import sign
from simulator.faults import Fault
from tradebridge.calls import Delivery
from tradebridge.evidence.receipts import Acknowledgement
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import derived_id, hmac_value
from tradebridge.evidence.simulation import test_signer as signer_of

if TYPE_CHECKING:
    from simulator.partner import Partner

NOBODY = "nobody"
"""Part of a seed of which no key is on any list."""
LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00Z"), datetime.fromisoformat("2021-01-01T00:00:00Z")


# --- acknowledgements ------------------------------------------------------------------------------------------------


async def take(partner: "Partner", deliveries: Sequence[Delivery], fault: Fault) -> list[str]:
    """Take these with a fault of the point `delivery`."""
    name = fault.recipe.name
    if name == "out-of-order":
        return partner.taken(list(reversed(deliveries)))
    if name == "stale-status":
        return partner.taken(deliveries, await partner.trust_with_a_stale_status())
    tokens = partner.taken(deliveries)
    if name == "late":
        await asyncio.sleep(fault.options["delay"])
        return tokens
    if name == "many-items-slow":
        await asyncio.sleep(fault.options["per_item"] * sum(map(items_in, deliveries)))
        return tokens
    return _ACKNOWLEDGEMENTS[name](partner, deliveries, tokens, fault)


Acknowledging = Callable[["Partner", Sequence[Delivery], Sequence[str], Fault], list[str]]


def _none(partner: "Partner", deliveries: Sequence[Delivery], tokens: Sequence[str], fault: Fault) -> list[str]:
    return []


def _every_second(partner: "Partner", deliveries: Sequence[Delivery], tokens: Sequence[str], fault: Fault) -> list[str]:
    return list(tokens[1::2])


def _flipped(partner: "Partner", deliveries: Sequence[Delivery], tokens: Sequence[str], fault: Fault) -> list[str]:
    return [flipped(token.encode(), token.rfind(".") + 10).decode() for token in tokens]


def _as_another(partner: "Partner", deliveries: Sequence[Delivery], tokens: Sequence[str], fault: Fault) -> list[str]:
    return [_signed(partner, each, partner.keys.ack, member="JP-JCCI") for each in deliveries]


def _by_nobody(partner: "Partner", deliveries: Sequence[Delivery], tokens: Sequence[str], fault: Fault) -> list[str]:
    nobody = signer_of(f"{partner.seed}/{NOBODY}", partner.member.id, "ack")
    return [_signed(partner, each, nobody) for each in deliveries]


def _at_another_time(
    partner: "Partner", deliveries: Sequence[Delivery], tokens: Sequence[str], fault: Fault
) -> list[str]:
    skew = timedelta(minutes=fault.options["minutes"])
    return [_signed(partner, each, partner.keys.ack, skew=skew) for each in deliveries]


_ACKNOWLEDGEMENTS: Mapping[str, Acknowledging] = {
    "lost-acknowledgement": _none,
    "partial-batch": _every_second,
    "flipped-byte": _flipped,
    "wrong-recipient": _as_another,
    "unknown-key": _by_nobody,
    "clock-skew": _at_another_time,
}


def _signed(
    partner: "Partner", delivery: Delivery, signer: LocalSigner, *, member: str = "", skew: timedelta = timedelta()
) -> str:
    content = open_content(delivery.original)
    digest = content.bytes_digest if isinstance(content, Content) else ""
    at = partner.clock.now() + skew
    acknowledgement = Acknowledgement(
        delivery=delivery.id,
        message_id=delivery.message_id,
        digest=digest,
        member=member or partner.member.id,
        time=at,
    )
    return acknowledgement.sign(signer, at)


def items_in(delivery: Delivery) -> int:
    """How many items the document has; of an event none."""
    content = open_content(delivery.original)
    if not isinstance(content, Content):
        return 0
    if content.tree is not None:
        return sum(1 for _ in content.tree.iter("{*}Item"))
    items = content.value.get("items")
    return len(items) if isinstance(items, list) else 0


# --- documents -------------------------------------------------------------------------------------------------------


def document_before(partner: "Partner", data: bytes, profile: str, fault: Fault) -> tuple[bytes, str] | None:
    """The wrong document, and the profile that it is declared as, sent before the right one; None: there is none, the
    right one is sent twice."""
    name = fault.recipe.name
    if name == "document-flipped-byte":
        return flipped(data, len(data) // 2), profile
    if name == "old-schema":
        family, _, version = profile.rpartition("/")
        return data, f"{family}/{int(version) - 8 if version.isdigit() else 0}"
    if name == "document-unknown-issuer":
        return _signed_anew(partner, data, signer_of(f"{partner.seed}/{NOBODY}", partner.member.id)), profile
    if name == "document-expired-issuer":
        return _signed_anew(partner, data, expired_signer(partner.seed, partner.member.id)), profile
    return None


def expired_signer(seed: str, member: str) -> LocalSigner:
    """A key of the member that has ended long ago; the hub is told of it before it is used."""
    return signer_of(f"{seed}/expired", member, "document", *LONG_AGO)


def _signed_anew(partner: "Partner", data: bytes, signer: LocalSigner) -> bytes:
    """The same content under another signature."""
    content = open_content(data)
    if not isinstance(content, Content):
        raise ValueError(f"a document that this world has made cannot be read: {content.message}")
    return sign(content.canonical, content.syntax, signer, partner.clock.now().replace(microsecond=0))


def flipped(data: bytes, at: int) -> bytes:
    """One character near `at` is another one, of the same kind: what was readable stays readable."""
    place = next(each for each in range(at, len(data)) if chr(data[each]).isalnum())
    other = b"B" if data[place : place + 1] == b"A" else b"A"
    if chr(data[place]).isdigit():
        other = b"7" if data[place : place + 1] != b"7" else b"3"
    return data[:place] + other + data[place + 1 :]


# --- events ----------------------------------------------------------------------------------------------------------

_CONTRARY = {"accepted": EventType.REJECTED, "rejected": EventType.ACCEPTED}


def event_beside(partner: "Partner", event: Event, fault: Fault) -> Event | None:
    """The wrong event: too early a word, or the contrary. None: there is none, the right one is said twice."""
    name = fault.recipe.name
    if name == "out-of-order-event":
        return _other(partner, event, fault, expected_sequence=event.expected_sequence + 1)
    contrary = _CONTRARY.get(event.type.value)
    if name == "contradictory-decision" and contrary is not None:
        return _other(partner, event, fault, type=contrary, expected_sequence=event.expected_sequence + 1)
    return None


def _other(partner: "Partner", event: Event, fault: Fault, **update: object) -> Event:
    value = hmac_value(partner.seed, "wrong event", f"{event.id} {fault.label}".encode())
    body = {} if "type" in update else event.body
    reasons = partner.reasons_of(str(update.get("type", event.type)))
    made = event.model_copy(update={**update, "id": derived_id("evt", event.at, value), "body": body})
    return made.model_copy(update={"reasons": reasons}) if "type" in update else made
