"""The hub as control tracking registry: whichever platform it says is in control, is.

1. A statement is signed by the platform that speaks, handed in by the member that is this platform (or by the hub's own
   platform), and made for this registry, under the base URI that it has or one that it had: one made for another
   decides nothing here. A registration is judged by the carrier's manifest in it (`tradebridge.ebl.registering`).
2. `schemas.bill_of_lading.control.apply` says where it leads. Its transaction holds the row of the eBL, and changes it
   from the sequence that was read only: of accept and cancel exactly one wins, in whichever process they arrive.
3. Statement, receipt, leaf of the log and the new state are one transaction.
4. What changes nothing (said again after a crash) is not logged again: its answer has the first one's receipt.
5. The answer is signed by the hub's PINT key, refusals too, and that nothing is known: whoever lost has in hand who
   won. It names the question: the statement by its checksum, or what a look-up brings as `asked`.

Modelled: docs/bills-of-lading.md says what of it is in DCSA's text.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange.keys import HUB
from exchange.messages import Envelope, Message, RefusedInTransaction, keep, message_id_of, receipt_for, tell
from exchange.store import tables as t
from exchange.store.rows import add
from schemas.bill_of_lading.control import PROFILE, Control, Offer, OfferState, Said, Statement, apply, unregistered
from schemas.bill_of_lading.pint import read
from schemas.content import from_base64url, sha256_hex
from schemas.findings import Finding, finding
from tradebridge.ebl import files
from tradebridge.ebl.registering import judge_registration
from tradebridge.ebl.seal import open_sealed, peek, seal
from tradebridge.evidence.times import TOLERANCE, rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub

MAX_STATEMENT = 64 * 1024
"""Bytes of one statement, signed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the registry says: where the eBL stands, and why it refuses if it does."""

    findings: tuple[Finding, ...]
    state: dict[str, Any] | None = None
    statement: str = ""
    """The state, signed by the registry."""
    receipt: str = ""

    def to_json(self) -> dict[str, Any]:
        if self.state is None:
            return {}
        receipt = {"receipt": self.receipt} if self.receipt else {}
        return {"state": self.state, "statement": self.statement, **receipt}


async def say(hub: "Hub", registry: str, member: str, data: bytes) -> Answer:
    """Take a statement in. `registry` is this registry's base URI, `member` who hands it in (`HUB` for the hub)."""
    said = _read(hub, registry, member, data)
    if not isinstance(said, Statement):
        return Answer(said)
    now, asked = hub.clock.now(), sha256_hex(data.strip())
    refused = judge_registration(said, hub.registry.platforms.trust, now)
    if refused:
        return await _refused(hub, said, refused, asked)
    for _ in range(2):
        try:
            control, receipt = await hub.writer.do(lambda connection: _decide(connection, hub, member, data, said, now))
        except RefusedInTransaction as error:
            return await _refused(hub, said, error.findings, asked)
        except IntegrityError:  # registered or offered by another process at this moment: now it is there to be seen
            continue
        hub.accepted(())
        state = control.to_json(said.registry, now, said.entry, asked=asked, by=said.platform)
        return _told(hub, state, (), receipt)
    return Answer((finding("hub.unavailable"),))


async def look_up(hub: "Hub", registry: str, document: str, entry: str | None = None, asked: str = "") -> Answer:
    """Where an eBL stands, signed. `entry`: with the offer of this entry instead of the last one. `asked`: what the
    answer names, so that it is of this question alone; at most 64 characters of it."""
    if not files.CHECKSUM.fullmatch(document):
        return Answer((finding("control.unknown-title", found=document[:100], expected="a SHA-256, lower-case hex"),))
    control = await hub.ask(lambda connection: control_of(connection, document))
    known = control or unregistered(document)
    found = () if known.platform or known.offers else (finding("control.unknown-title", found=document),)
    return _told(hub, known.to_json(registry, hub.clock.now(), entry, asked=asked[:64]), found)


def named(hub: "Hub", registry: str, asked: str | None) -> str:
    """The base URI under which somebody asks: one that this registry had before, or the one that it has."""
    return asked if asked is not None and asked in hub.platform.former_registries else registry


def control_of(connection: Connection, document: str, *, lock: bool = False) -> Control | None:
    """An eBL with all that was ever offered. `lock`: nobody else may change it meanwhile."""
    query = select(t.controls).where(t.controls.c.document == document)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return None
    offered = select(t.offers).where(t.offers.c.document == document).order_by(t.offers.c.ordinal)
    offers = tuple(
        Offer(each.entry, each.giver, each.taker, OfferState(each.state)) for each in _rows(connection, offered)
    )
    return Control(document, row.issuance, row.platform, row.entry, row.sequence, offers)


def _rows(connection: Connection, query: Any) -> list[Row[Any]]:
    return list(connection.execute(query).all())


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(hub: "Hub", registry: str, member: str, data: bytes) -> Statement | tuple[Finding, ...]:
    """The statement, if it is signed by the platform that hands it in, for this registry, and not dated ahead."""
    try:
        compact = data.decode("ascii").strip()
    except UnicodeDecodeError:
        return (finding("syntax.not-jws"),)
    claimed = peek(compact)
    if isinstance(claimed, Finding):
        return (claimed,)
    said = read(Statement, claimed)
    if not isinstance(said, Statement):
        return said
    platforms, now = hub.registry.platforms, hub.clock.now()
    peer = platforms.of_member(member)
    own = hub.settings.platform_code if member == HUB else peer.platform if peer else None
    if own is None or said.platform != own:
        return (finding("control.wrong-platform", "/platform", found=said.platform, expected=own or "a platform"),)
    opened = open_sealed(compact, platforms.trust.platforms.get(own), now)
    if isinstance(opened, Finding):
        return (opened,)
    if said.registry != named(hub, registry, said.registry):
        return (finding("control.other-registry", "/registry", found=said.registry, expected=registry),)
    if said.at > now + TOLERANCE:
        return (finding("event.time-ahead", "/at", found=rfc3339(said.at), expected=f"at most {rfc3339(now)}"),)
    return said


# --- the transaction -------------------------------------------------------------------------------------------------


def _decide(
    connection: Connection, hub: "Hub", member: str, data: bytes, said: Statement, now: datetime
) -> tuple[Control, str]:
    """Where the eBL stands after it, and the receipt of what made it so. Raises `RefusedInTransaction`."""
    before = control_of(connection, said.transport_document_checksum, lock=True)
    after = apply(before, said)
    if isinstance(after, Finding):
        raise RefusedInTransaction(after)
    if after is before:
        return after, _first_receipt(connection, said)
    message = _compose(hub, member, data, said, now)
    keep(connection, hub, message)
    _move(connection, before, after, said, message.envelope.id)
    facts = {"control": after.platform, "sequence": after.sequence, "said": said.type.value, "platform": said.platform}
    tell(connection, "control.changed", message.envelope, _concerned(hub, after), facts)
    return after, message.receipt


def _move(connection: Connection, before: Control | None, after: Control, said: Statement, message: str) -> None:
    """Write down where it stands now. Compare-and-set: only from the sequence, and the offer, that was read."""
    values = {"platform": after.platform, "entry": after.entry, "sequence": after.sequence, "issuance": after.issuance}
    if before is None or said.type is Said.REGISTER:
        values |= {"message_id": message}
    if before is None:
        add(connection, t.controls, {"document": after.document} | values)
    else:
        seen = (t.controls.c.document == after.document) & (t.controls.c.sequence == before.sequence)
        if connection.execute(update(t.controls).where(seen).values(**values)).rowcount != 1:
            raise RefusedInTransaction(finding("control.offer-open", "/entry", found=said.entry))
    if said.type is Said.REGISTER:
        return
    offer = after.offer(said.entry)
    if offer is None:
        raise TypeError("a statement that moves an eBL leaves its offer: see schemas.bill_of_lading.control")
    if before is None or before.offer(said.entry) is None:
        row = {"document": after.document, "entry": offer.entry, "giver": offer.giver, "taker": offer.taker}
        ended = None if offer.state is OfferState.OPEN else message
        more = {"state": offer.state.value, "ordinal": len(after.offers), "offered": message, "ended": ended}
        add(connection, t.offers, row | more)
        return
    is_open = t.offers.c.state == OfferState.OPEN.value
    own = (t.offers.c.document == after.document) & (t.offers.c.entry == offer.entry) & is_open
    end = update(t.offers).where(own).values(state=offer.state.value, ended=message)
    if connection.execute(end).rowcount != 1:
        raise RefusedInTransaction(finding("control.no-offer", "/entry", found=said.entry))


def _first_receipt(connection: Connection, said: Statement) -> str:
    """The receipt of the statement that said the same first."""
    document, entry = said.transport_document_checksum, said.entry
    if said.type is Said.REGISTER:
        made = select(t.controls.c.message_id).where(t.controls.c.document == document)
    else:
        column = t.offers.c.offered if said.type is Said.OFFER else t.offers.c.ended
        made = select(column).where(t.offers.c.document == document, t.offers.c.entry == entry)
    query = select(t.messages.c.receipt).where(t.messages.c.id == made.scalar_subquery())
    return str(connection.execute(query).scalar_one())


def _compose(hub: "Hub", member: str, data: bytes, said: Statement, now: datetime) -> Message:
    digest = sha256_hex(data)
    envelope = Envelope(
        kind="control",
        id=message_id_of(hub, "control", member, digest, now),
        document_id=subject_id(said.transport_document_checksum),
        member=member,
        recipients=(),
        profile=PROFILE,
        media_type="application/jose",
        bytes_digest=digest,
        content_digest=sha256_hex(from_base64url(data.split(b".")[1]) or b""),
        at=now,
    )
    receipt = receipt_for(hub, envelope)
    return Message(envelope, data, receipt, None, None, orjson.dumps({"receipt": receipt}))


def subject_id(document: str) -> str:
    """What receipts and leaves of statements name: the eBL, by its checksum, as far as there is room."""
    return f"ctr_{document[:36]}"


def _concerned(hub: "Hub", control: Control) -> tuple[str, ...]:
    """The members that the feed tells: who is in control, and both sides of the last transfer."""
    codes = {control.platform, *((control.offers[-1].giver, control.offers[-1].taker) if control.offers else ())}
    peers = (hub.registry.platforms.platform(code) for code in sorted(codes))
    return tuple(peer.member for peer in peers if peer is not None)


# --- answering -------------------------------------------------------------------------------------------------------


async def _refused(hub: "Hub", said: Statement, findings: tuple[Finding, ...], asked: str) -> Answer:
    control = await hub.ask(lambda connection: control_of(connection, said.transport_document_checksum))
    known = control or unregistered(said.transport_document_checksum)
    state = known.to_json(said.registry, hub.clock.now(), said.entry, asked=asked, by=said.platform)
    return _told(hub, state, findings)


def _told(hub: "Hub", state: dict[str, Any], findings: tuple[Finding, ...], receipt: str = "") -> Answer:
    return Answer(findings, state, seal(state, hub.keys.pint), receipt)
