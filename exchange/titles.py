"""Titles in the hub: how what the engine does with a bill of lading becomes documents, messages and leaves of the hub.

1. Every change of a title is noted in the transaction that makes it: a message of the hub (`tradebridge-title/1`, the
   record with the signed word that it rests on), its receipt, its leaf in the log. Neither exists without the other.
2. A transport document becomes a document of the hub when its title first comes here, issued or by PINT: its bytes are
   the canonical form, so that its content digest is the checksum that PINT goes by. It is attested, not signed: who
   issued it is told by the chain. One that a carrier handed in before is taken as it is.
3. Whoever possesses the title, or is notified of it, has the document: its member gets it delivered, once.
4. A user acts by an event of type `title` that its member signs: through the same intake as every event, with the same
   receipt. Event, leaf and title are one transaction, compare-and-set on the title's sequence, which the event states.
5. Whoever has the document may know that its title has ended, or is on another platform. So that is noted once more
   without a name (`tradebridge-title-public/1`), for those who see no more of it.
6. `consented` is said by who sent, issued or possesses a bill of lading: which single windows may have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange.intake import attest, identity_of, keep_document
from exchange.keys import HUB
from exchange.messages import (
    Accepted,
    Envelope,
    Message,
    RefusedInTransaction,
    Submission,
    keep,
    message_id_of,
    receipt_for,
    tell,
)
from exchange.platforms import Platforms
from exchange.readings import firm_of
from exchange.store import queries
from exchange.store import tables as t
from exchange.store.queries import visible_to
from exchange.store.rows import add
from schemas.bill_of_lading import pint
from schemas.bill_of_lading.model import TRANSPORT_DOCUMENT
from schemas.content import Content, open_content, sha256_hex
from schemas.event import Event, TitleEvent
from schemas.findings import Finding, finding
from schemas.life import life_of
from schemas.registry import read_again
from tradebridge.ebl import acting, titles
from tradebridge.ebl.acting import Action
from tradebridge.ebl.tables import transfers
from tradebridge.ebl.titles import Held
from tradebridge.evidence import canonical
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.titles import ENDED

if TYPE_CHECKING:
    from exchange.hub import Hub

RECORD = "tradebridge-title/1"
"""Profile of the hub's record of a change."""
PUBLIC = queries.PUBLIC_OF_TITLES


# --- noting a change -------------------------------------------------------------------------------------------------


def record(connection: Connection, hub: "Hub", kind: str, change: Mapping[str, Any]) -> None:
    """Take note of a change of a title, in the transaction that makes it. `change` is what the engine tells
    (`tradebridge.ebl.titles.record`)."""
    document = _document_of(connection, hub, change)
    told = {name: value for name, value in change.items() if name != "transportDocument"}
    data = canonical.dumps({"kind": kind, **told})
    concerned = concerned_by(hub, change)
    envelope = _noted(connection, hub, document, RECORD, data, f"{kind} {sha256_hex(data)}")
    _note_in_public(connection, hub, document, change, sha256_hex(data))
    share(connection, hub, document, concerned)
    facts = {name: change[name] for name in ("reference", "sequence", "at", "status")}
    tell(connection, "title.changed", envelope, concerned, {"change": kind, **facts})


def _noted(connection: Connection, hub: "Hub", document: str, profile: str, data: bytes, about: str) -> Envelope:
    """One record of the hub on a title, as a message with its leaf."""
    envelope = Envelope(
        kind="title",
        id=message_id_of(hub, "title", HUB, about, hub.clock.now()),
        document_id=document,
        member=HUB,
        recipients=(),
        profile=profile,
        media_type="application/json",
        bytes_digest=sha256_hex(data),
        content_digest=sha256_hex(data),
        at=hub.clock.now(),
    )
    keep(connection, hub, Message(envelope, data, receipt_for(hub, envelope), None, None, b"{}"))
    return envelope


def _note_in_public(connection: Connection, hub: "Hub", document: str, change: Mapping[str, Any], whole: str) -> None:
    """Rule 5, where that is another word than the last. `whole`: digest of the record that names everybody."""
    at, ended = change["at"], change["status"] in ENDED
    if not ended and at not in (titles.AWAY, titles.HERE):
        return  # under way: it may come back
    query = (
        select(t.messages.c.bytes)
        .join(t.leaves, t.leaves.c.record_id == t.messages.c.id)
        .where(t.messages.c.document_id == document, t.messages.c.profile == PUBLIC)
        .order_by(t.leaves.c.id.desc())
        .limit(1)
    )
    said = connection.execute(query).scalar()
    last = titles.HERE if said is None else orjson.loads(said)["at"]
    now = titles.ENDED if ended else at
    if now != last:
        told = {name: change[name] for name in ("reference", "transportDocumentChecksum")}
        told |= {"kind": f"title.{now}", "at": now, "status": change["status"] if ended else None}
        _noted(connection, hub, document, PUBLIC, canonical.dumps(told), f"public {whole}")


def concerned_by(hub: "Hub", change: Mapping[str, Any]) -> tuple[str, ...]:
    """The members whose parties possess the title, or are named in what was done last, as far as they are on the hub's
    platform."""
    last = change["transaction"]
    parties = (change["possessor"], last.get("recipient"), last["actor"])
    own = hub.settings.platform_code
    found = (member_of(hub.registry.platforms, each, own) for each in parties if each is not None)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def member_of(platforms: Platforms, party: Mapping[str, Any], own: str) -> str | None:
    """The member that acts for a party of the hub's platform; a carrier is its own member."""
    if party["eblPlatform"] != own:
        return None
    account = platforms.account_of(party["identifyingCodes"], own)
    if account is not None:
        return account.holder
    codes = [each["partyCode"] for each in party["identifyingCodes"]]
    peers = (platforms.carrier(code) for code in codes)
    return next((peer.member for peer in peers if peer is not None), None)


def share(connection: Connection, hub: "Hub", document: str, members: tuple[str, ...]) -> None:
    """These see the document from now on, and get it delivered if they take such documents (rule 3)."""
    known = select(t.standings.c.recipient).where(t.standings.c.document_id == document)
    there = set(connection.execute(known).scalars())
    sender = connection.execute(select(t.documents.c.sender).where(t.documents.c.id == document)).scalar_one()
    for member in members:
        if member not in there and member != sender and member in hub.registry.members:
            hand_on(connection, hub, document, member, HUB)


def hand_on(
    connection: Connection, hub: "Hub", document: str, member: str, by: str, findings: str | None = None
) -> None:
    """One more member gets a document: a forward, said by `by`. `findings`: JSON of those that go with it."""
    row = connection.execute(
        select(t.documents.c.profile, t.documents.c.content_digest, t.messages.c.bytes_digest, t.messages.c.media_type)
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(t.documents.c.id == document)
    ).one()
    known = hub.registry.members[member]
    takes = known.receives and row.profile in known.accepts
    envelope = Envelope(
        kind="forward",
        id=message_id_of(hub, "forward", by, f"{document} {member}", hub.clock.now()),
        document_id=document,
        member=by,
        recipients=(member,),
        profile=row.profile,
        media_type=row.media_type,
        bytes_digest=row.bytes_digest,
        content_digest=row.content_digest,
        at=hub.clock.now(),
    )
    message = Message(envelope, None, receipt_for(hub, envelope), None, None, b"{}")
    keep(connection, hub, message, deliver=takes, findings=findings)
    first = life_of(row.profile).first.value
    add(connection, t.standings, {"document_id": document, "recipient": member, "state": first, "sequence": 0})
    tell(connection, "document.forwarded", envelope, (member,), {"recipients": [member]})


# --- the document ----------------------------------------------------------------------------------------------------


def document_of(connection: Connection, title: str) -> str | None:
    """The hub's document of a title."""
    query = select(t.title_documents.c.document_id).where(t.title_documents.c.title == title)
    return connection.execute(query).scalar()


def title_of(connection: Connection, document: str) -> str | None:
    """The title of a document of the hub."""
    query = select(t.title_documents.c.title).where(t.title_documents.c.document_id == document)
    return connection.execute(query).scalar()


def _document_of(connection: Connection, hub: "Hub", change: Mapping[str, Any]) -> str:
    """The hub's document of the title that changes; made, or found among those handed in, where it is new (rule 2)."""
    title = change["transportDocumentChecksum"]
    known = document_of(connection, title)
    if known is None:
        known = _handed_in(connection, change) or _made(connection, hub, change)
        add(connection, t.title_documents, {"title": title, "document_id": known})
    return known


def _handed_in(connection: Connection, change: Mapping[str, Any]) -> str | None:
    """The same transport document, which its carrier handed in as a document before."""
    query = (
        select(t.documents.c.id, t.messages.c.bytes)
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(t.documents.c.profile == TRANSPORT_DOCUMENT, t.documents.c.number == change["reference"])
    )
    for row in connection.execute(query):
        content = open_content(row.bytes)
        if not isinstance(content, Finding) and pint.checksum(content.value) == change["transportDocumentChecksum"]:
            return str(row.id)
    return None


def _made(connection: Connection, hub: "Hub", change: Mapping[str, Any]) -> str:
    """A new document of the hub, with its message, leaf and attestation."""
    data, now = pint.canonical(change["transportDocument"]), hub.clock.now()
    digest = sha256_hex(data)
    sender = _brought_by(hub, change)
    carrier = hub.registry.platforms.carrier(change["carrier"])
    envelope = Envelope(
        kind="document",
        id=message_id_of(hub, "document", sender, digest, now),
        document_id=derived_id("doc", now, hub.randomness.value("document", f"{sender} {digest}".encode())),
        member=sender,
        recipients=(),
        profile=TRANSPORT_DOCUMENT,
        media_type="application/json",
        bytes_digest=digest,
        content_digest=digest,
        at=now,
    )
    document = read_again(TRANSPORT_DOCUMENT, data)
    identity = None if document is None else identity_of(document, sender)
    taken = select(t.documents.c.id).where(t.documents.c.identity == identity)
    if identity is not None and connection.execute(taken).first():
        identity = f"{identity} {digest[:16]}"  # an amended one, or one issued again: the title says which is operative
    receipt = receipt_for(hub, envelope)
    message = Message(envelope, data, receipt, attest(hub, envelope), None, orjson.dumps({"receipt": receipt}))
    issuer = carrier.member if carrier is not None else None
    named = {"number": change["reference"], "identity": identity, "issuer": issuer, "firm": firm_of(document)}
    keep_document(connection, hub, message, **named)
    facts = {"number": change["reference"], "sender": sender, "recipients": []}
    tell(connection, "document.accepted", envelope, tuple({sender, issuer or sender}), facts)
    return envelope.document_id


def _brought_by(hub: "Hub", change: Mapping[str, Any]) -> str:
    """The member that the transport document came from: the carrier that issued it, or the platform that sent it."""
    platforms, last = hub.registry.platforms, change["transaction"]
    peer = platforms.platform(last["actor"]["eblPlatform"])
    if peer is None or last["actionCode"] == "ISSUE":
        peer = platforms.carrier(change["carrier"]) or peer
    return peer.member if peer is not None else HUB


# --- acting ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """An event on a title, ready for its transaction."""

    submission: Submission
    event: Event
    subject: Any
    content: Content
    title: str
    action: Action | None
    """None: it is a consent."""
    supporting: acting.Supporting = field(default_factory=acting.Supporting)


async def accept(
    hub: "Hub", submission: Submission, event: Event, subject: Any, content: Content
) -> Accepted | tuple[Finding, ...]:
    """Do what an event of this kind says; its signature and its document were checked before."""
    said = await hub.ask(lambda connection: _read(connection, hub, submission, event, subject, content))
    if not isinstance(said, Said):
        return said
    if said.action is None or not said.action.documents:
        return await _entered(hub, said)
    async with acting.uploaded(hub.platform, said.title, said.action) as supporting:
        if isinstance(supporting, Finding):
            return (_within_body(supporting),)
        return await _entered(hub, replace(said, supporting=supporting))


async def _entered(hub: "Hub", said: Said) -> Accepted | tuple[Finding, ...]:
    told: list[str] = []
    try:
        answer = await hub.writer.do(lambda connection: _do(connection, hub, said, told))
    except RefusedInTransaction as error:
        return error.findings
    except titles.Moved:
        stated = said.event.expected_sequence
        return (finding("title.old-sequence", "/expectedSequence", found=stated, expected="a later one"),)
    except IntegrityError:
        return (finding("event.duplicate", "/id", found=said.event.id),)
    hub.accepted(told)
    hub.platform.wake()
    return Accepted(answer)


def _read(
    connection: Connection, hub: "Hub", submission: Submission, event: Event, subject: Any, content: Content
) -> Said | tuple[Finding, ...]:
    """What is said, if this member may say it."""
    title = title_of(connection, subject.id)
    held = titles.by_id(connection, title) if title is not None else None
    if held is None:
        return (finding("title.unknown", found=subject.number),)
    caller = submission.caller.member
    if event.type is TitleEvent.CONSENTED:
        possessor = possessed_by(hub, held)
        found = _wrong_with_consent(hub, event)
        if caller not in {subject.sender, subject.issuer, possessor}:
            found = (finding("title.not-your-party", "/actor/member", found=caller, expected=possessor or "another"),)
        return found or Said(submission, event, subject, content, held.id, None)
    action = pint.read(Action, {"expectedSequence": event.expected_sequence, **event.body})
    if not isinstance(action, Action):
        return tuple(_within_body(each) for each in action)
    if action.expected_sequence != event.expected_sequence:
        stated = action.expected_sequence
        return (finding("event.malformed", "/body/expectedSequence", found=stated, expected=event.expected_sequence),)
    holder = _acts_for(hub, action)
    if holder != caller:
        return (finding("title.not-your-party", "/body/actor", found=caller, expected=holder or "an account"),)
    return Said(submission, event, subject, content, held.id, action)


def _within_body(each: Finding) -> Finding:
    return finding(each.code, f"/body{each.pointer}", found=each.found, expected=each.expected)


def _acts_for(hub: "Hub", action: Action) -> str | None:
    """The member that acts for the actor."""
    own = hub.settings.platform_code
    if isinstance(action.actor, str):
        account = hub.registry.platforms.account_of([{"codeListProvider": own, "partyCode": action.actor}], own)
        return account.holder if account is not None else None
    if action.actor.ebl_platform != own:
        return None
    codes = [each.model_dump(by_alias=True, exclude_none=True) for each in action.actor.identifying_codes]
    account = hub.registry.platforms.account_of(codes, own)
    return account.holder if account is not None else None


def _wrong_with_consent(hub: "Hub", event: Event) -> tuple[Finding, ...]:
    named = event.body.get("to")
    if event.body.keys() != {"to"} or not isinstance(named, list) or not 1 <= len(named) <= 50:
        return (finding("event.malformed", "/body/to", found=named, expected="a list of single windows"),)
    found = []
    for index, name in enumerate(named):
        member = hub.registry.members.get(name) if isinstance(name, str) else None
        if member is None or member.kind != "single-window":
            found.append(finding("route.unknown-recipient", f"/body/to/{index}", found=name))
    return tuple(found)


def _do(connection: Connection, hub: "Hub", said: Said, told: list[str]) -> bytes:
    """The transaction: the title by compare-and-set, the event's message with its leaf, and whoever is told. Raises
    `RefusedInTransaction` or `titles.Moved`: nothing is changed then."""
    event, now = said.event, hub.clock.now()
    outcome: dict[str, Any] = {}
    sequence, state = event.expected_sequence, "consented"
    listeners: tuple[str, ...] = ()
    acted: acting.Acted | None = None
    if said.action is not None:
        acted = _acted(connection, hub, said)
        held, outcome = acted.held, {"title": acted.to_json()}
        sequence, state = held.sequence, held.at
        change = titles.record(hub.platform, held, held.title, "")
        listeners = tuple(each for each in concerned_by(hub, change) if each != said.submission.caller.member)
    else:
        _consent(connection, said)
    envelope = Envelope(
        kind="event",
        id=message_id_of(hub, "event", said.submission.caller.member, said.content.bytes_digest, now),
        document_id=said.subject.id,
        member=said.submission.caller.member,
        recipients=listeners,
        profile=event.profile,
        media_type="application/jose",
        bytes_digest=said.content.bytes_digest,
        content_digest=said.content.content_digest,
        at=now,
    )
    receipt = receipt_for(hub, envelope)
    body = {"id": event.id, "messageId": envelope.id, "document": said.subject.id, "type": event.type.value}
    body |= {"recipient": None, "sequence": sequence, "state": state, **outcome}
    body |= {"receipt": receipt, "findings": [], "receivedAt": rfc3339(now)}
    answer = orjson.dumps(body)
    keep(connection, hub, Message(envelope, said.submission.data, receipt, None, None, answer))
    row = {"id": event.id, "message_id": envelope.id, "document_id": said.subject.id, "type": event.type.value}
    row |= {"recipient": None, "sequence": sequence, "member": envelope.member, "at": rfc3339(now)}
    add(connection, t.events, row)
    facts = {"event": event.id, "type": event.type.value, "member": envelope.member, "number": said.subject.number}
    tell(connection, "event.accepted", envelope, (envelope.member, *listeners), facts)
    told.clear()
    told += listeners
    if acted is not None:
        said.supporting.keep(hub.platform, acted)
    return answer


def _acted(connection: Connection, hub: "Hub", said: Said) -> acting.Acted:
    if said.action is None:
        raise TypeError("a consent does nothing with a title")
    held = titles.by_id(connection, said.title, lock=True)
    operative = held and titles.find(connection, held.reference, carrier=held.carrier)
    if held is None or operative is None or operative.id != held.id:
        raise RefusedInTransaction(finding("title.unknown", found=said.subject.number))
    acted = acting.act(
        connection, hub.platform, held.reference, said.action, said.supporting.documents, carrier=held.carrier
    )
    if not isinstance(acted, acting.Acted):
        raise RefusedInTransaction(*(_within_body(each) if each.pointer else each for each in acted))
    return acted


def _consent(connection: Connection, said: Said) -> None:
    """These windows may have it; said again, nothing changes."""
    known = select(t.consents.c.member).where(t.consents.c.lading == said.subject.id)
    there = set(connection.execute(known).scalars())
    for name in dict.fromkeys(said.event.body["to"]):
        if name not in there:
            row = {"lading": said.subject.id, "member": name, "event": said.event.id}
            add(connection, t.consents, row | {"given_by": said.submission.caller.member})


# --- reading ---------------------------------------------------------------------------------------------------------


def sees(hub: "Hub", held: Held, member: str | None) -> bool:
    """Who sees a title with its chain: the operator (None), and the members of whom the last change concerns, of the
    carrier too. Who gave it up sees how it went over, and nothing of what is done with it afterwards."""
    if member is None:
        return True
    carrier = hub.registry.platforms.carrier(held.carrier)
    change = titles.record(hub.platform, held, held.title, "")
    return member in concerned_by(hub, change) or (carrier is not None and carrier.member == member)


def possessed_by(hub: "Hub", held: Held) -> str | None:
    """The member that acts for the possessor; None: it is on another platform, or nobody acts for it any more."""
    return member_of(hub.registry.platforms, pint.to_json(held.title.possessor), hub.settings.platform_code)


def issued_by(hub: "Hub", held: Held) -> str | None:
    """The member that is the carrier of a title."""
    peer = hub.registry.platforms.carrier(held.carrier)
    return None if peer is None else peer.member


def seen(
    connection: Connection, hub: "Hub", reference: str, member: str | None, carrier: str | None = None
) -> Held | Finding:
    """The operative title of a reference, or the newest, if this member sees it. `carrier`: whose, where several
    carriers have given this reference."""
    return titles.named(connection, reference, carrier, lambda held: sees(hub, held, member))


def shown(connection: Connection, held: Held) -> dict[str, Any]:
    """A title with its transfers, its document of the hub, and the titles of the same reference that came before."""
    before = [
        {
            "transportDocumentChecksum": each.id,
            "transportDocumentSubReference": each.version or None,
            "status": each.title.status.value,
            "document": document_of(connection, each.id),
        }
        for each in titles.all_of(connection, held.reference)
        if each.carrier == held.carrier and each.ordinal < held.ordinal
    ]
    return {**titles.shown(connection, held), "document": document_of(connection, held.id), "before": before}


def list_seen(
    connection: Connection, hub: "Hub", member: str | None, limit: int, before: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """Of the newest documents with a title that a member has a part in, the titles that it sees; and where the next
    page begins, as `documents.row`. A page may have fewer items than `limit`, and others may follow it."""
    query = (
        select(t.title_documents.c.title, t.documents.c.row)
        .join(t.documents, t.documents.c.id == t.title_documents.c.document_id)
        .where(visible_to(member))
        .order_by(t.documents.c.row.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(t.documents.c.row < before)
    rows = connection.execute(query).all()
    found = [titles.by_id(connection, row.title) for row in rows[:limit]]
    shown = [titles.summary(held) for held in found if held is not None and sees(hub, held, member)]
    return shown, rows[limit - 1].row if len(rows) > limit else None


def of_document(connection: Connection, document: str) -> Held | None:
    """The title of a document of the hub, if it has one."""
    title = title_of(connection, document)
    return None if title is None else titles.by_id(connection, title)


def evidence_of(connection: Connection, held: Held) -> dict[str, Any]:
    """What `tradebridge.ebl.verify` checks: the chain, with the signed answers to transfers from here."""
    answered = (
        select(transfers.c.answer)
        .where(transfers.c.title == held.id, transfers.c.state == "accepted", transfers.c.answer.is_not(None))
        .order_by(transfers.c.created_at, transfers.c.id)
    )
    return {**titles.chain_shown(held), "answers": list(connection.execute(answered).scalars())}
