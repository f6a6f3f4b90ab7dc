"""The path of a document into the hub, top to bottom.

    recognise the profile, parse                    schemas.registry.parse       (pure)
    verify the issuer's signature                   tradebridge.evidence.seal    (pure)
    look up the documents that it names             exchange.related
    validate                                        schemas.registry.judge       (pure)
    check who may send what to whom                 exchange.routing             (pure)
    check duplicate and order, for findings         here, only where something else is wrong already
    sign the receipt                                tradebridge.evidence.receipts
    one transaction: the same checks again,
        message + document + leaf + deliveries      exchange.store.writer        (a savepoint each)
    answer

What holds under concurrency stands in the transaction: unique content, unique identity, unique idempotency key. The
early look is made only for a submission that is refused anyway, so that its findings are complete; a good one pays for
no question that the transaction asks again.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import ledger, refused, statistics
from exchange.members import Member, Registry
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
from exchange.readings import firm_of
from exchange.refused import Refused, Route
from exchange.related import Held, look_up
from exchange.replacing import replace_old, replaces
from exchange.routing import check_issuing_side, check_limits, check_recipients, check_sender
from exchange.store import tables as t
from exchange.store.rows import Rows, add
from exchange.store.writer import Job
from schemas.certificate.model import Certificate
from schemas.content import Content, sha256_hex
from schemas.findings import Finding, errors, finding, told
from schemas.life import life_of
from schemas.registry import Context, Document, Parsed, Reading, Stated, parse
from schemas.registry import judge as validated
from tradebridge.evidence.receipts import Attestation
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import Verified

if TYPE_CHECKING:
    from exchange.hub import Hub

INLINE_BYTES = 256 * 1024
"""Up to this size a document is judged on the event loop: a thread would cost more than the work."""


async def accept(hub: "Hub", submission: Submission) -> Accepted | Refused:
    """Take a document in, or say all that is wrong with it."""
    judged = await judge_apart(hub, submission)
    content, document = judged.reading.content, judged.reading.document
    if content is None or document is None or any(errors(judged.findings)):
        return await _refuse(hub, submission, judged)
    message = _compose(hub, submission, judged, content, document)
    try:
        listeners = await hub.writer.do(_job(hub, message, judged, document))
    except RefusedInTransaction as error:
        return await _record(hub, submission, judged, Refused((*judged.findings, *error.findings)))
    except IntegrityError:
        return await _repeated(hub, submission, judged)
    hub.accepted((*message.envelope.recipients, *listeners))
    return Accepted(message.answer)


# --- judging ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """What the pure steps made of a submission."""

    reading: Reading
    signer: Verified | None
    findings: tuple[Finding, ...]
    now: datetime
    held: Held = field(default_factory=Held)
    """The documents that it names."""


async def judge_apart(hub: "Hub", submission: Submission, *, route: bool = True) -> Judged:
    """`judge`, in a thread where the document is large: others are heard meanwhile."""
    if len(submission.data) > INLINE_BYTES:
        return await asyncio.to_thread(judge, hub, submission, route=route)
    return judge(hub, submission, route=route)


def judge(hub: "Hub", submission: Submission, *, route: bool = True) -> Judged:
    """Read, validate, verify, and check the route: all findings together."""
    registry, now = hub.registry, hub.clock.now()
    sender = registry.members.get(submission.caller.member)
    parsed = parse(submission.data, submission.declared)
    seal = verify_seal(parsed.content, registry.trust, now) if parsed.content is not None else None
    held = _look_up(hub, submission, parsed, seal.member if isinstance(seal, Verified) else None)
    reading = validated(parsed, Context(now, held.related, hub.products))
    signer, signature = _check_signature(registry, sender, reading, seal)
    routing = _check_route(hub, sender, submission, reading) if route else ()
    return Judged(reading, signer, (*routing, *reading.findings, *signature), now, held)


def _look_up(hub: "Hub", submission: Submission, parsed: Parsed, signer: str | None) -> Held:
    references = parsed.references
    if not references:
        return Held()
    member = None if submission.caller.operator else submission.caller.member
    return look_up(hub.database, member, references, signer)


def _check_signature(
    registry: Registry, sender: Member | None, reading: Reading, verified: Verified | Finding | None
) -> tuple[Verified | None, tuple[Finding, ...]]:
    """Who signed, and may they issue this?"""
    if reading.content is None:
        return None, ()
    if isinstance(verified, Finding):
        return None, (verified,)
    if verified is None:
        return None, (_check_unsigned(registry, sender, reading),)
    issuer, stated = registry.trust.member(verified.member), reading.stated
    problem = issuer.may_issue(stated.profile, stated.issued_by) if issuer and stated else None
    found = [problem] if problem else []
    member = registry.members.get(verified.member)
    if member is not None and member.suspended:
        found.append(finding("signature.suspended-issuer", found=verified.member))
    return verified, tuple(found)


def _check_unsigned(registry: Registry, sender: Member | None, reading: Reading) -> Finding:
    """A warning where the sender's policy allows it and the sender may itself issue such a document: nobody takes the
    number of another authority's certificate by leaving the signature out."""
    if sender is None or not sender.unsigned:
        return finding("signature.missing")
    issuer, stated = registry.trust.member(sender.id), reading.stated
    problem = issuer.may_issue(stated.profile, stated.issued_by) if issuer and stated else None
    if problem is None:
        return finding("signature.unsigned")
    found = f"unsigned, and {sender.id} may not issue it itself"
    return finding("signature.missing", found=found, expected=f"the signature of {problem.expected}")


def _check_route(hub: "Hub", sender: Member | None, submission: Submission, reading: Reading) -> tuple[Finding, ...]:
    if sender is None:
        known = submission.caller.member
        return (finding("route.may-not-send", found=known, expected="a member with the role sender"),)
    registry, profile = hub.registry, reading.profile
    may_not = check_sender(sender, profile)
    found = [may_not] if may_not else []
    found += check_recipients(registry, sender, submission.recipients, profile)
    if profile is not None and profile.issuing_side is not None and reading.document is not None:
        found += check_issuing_side(registry, submission.recipients, profile.issuing_side(reading.document))
    if not found:
        for name in submission.recipients:
            found += check_limits(hub, registry.members[name], reading)
    return tuple(found)


# --- composing -------------------------------------------------------------------------------------------------------


def _compose(hub: "Hub", submission: Submission, judged: Judged, content: Content, document: Document) -> Message:
    """The message, whole, before its transaction: ids, receipt, answer."""
    sender, now = submission.caller.member, judged.now
    about = f"{sender} {content.bytes_digest}".encode()
    envelope = Envelope(
        kind="document",
        id=message_id_of(hub, "document", sender, content.bytes_digest, now),
        document_id=derived_id("doc", now, hub.randomness.value("document", about)),
        member=sender,
        recipients=submission.recipients,
        profile=document.profile,
        media_type=content.media_type,
        bytes_digest=content.bytes_digest,
        content_digest=content.content_digest,
        at=now,
    )
    receipt = receipt_for(hub, envelope)
    answer = {
        "id": envelope.document_id,
        "messageId": envelope.id,
        "profile": envelope.profile,
        "number": document.number,
        "sender": sender,
        "recipients": envelope.recipients,
        "bytesDigest": envelope.bytes_digest,
        "contentDigest": envelope.content_digest,
        "receivedAt": rfc3339(now),
        "findings": told(judged.findings),
        "findingCount": len(judged.findings),
        "receipt": receipt,
        "links": hub.links(envelope.document_id),
        "simulated": hub.simulated,
    }
    return Message(
        envelope=envelope,
        data=submission.data,
        receipt=receipt,
        attestation=None if judged.signer else attest(hub, envelope),
        idempotency_key=submission.idempotency_key,
        answer=orjson.dumps(answer),
    )


def attest(hub: "Hub", envelope: Envelope) -> str:
    """What the hub says of an unsigned document: that it received it. Not who issued it."""
    return Attestation(
        message_id=envelope.id,
        document_id=envelope.document_id,
        member=envelope.member,
        bytes_digest=envelope.bytes_digest,
        content_digest=envelope.content_digest,
        profile=envelope.profile,
        time=envelope.at,
        space=hub.space,
    ).sign(hub.keys.signer, envelope.at)


def identity_of(document: Document | Stated, sender: str) -> str | None:
    """What is unique in the world: a number, of its issuer, under its agreement or standard. None without a number."""
    if document.number is None:
        return None
    return f"{document.profile.split('/')[0]} {document.issued_by or 'member:' + sender} {document.number}"


def _job(hub: "Hub", message: Message, judged: Judged, document: Document) -> Job[tuple[str, ...]]:
    """The transaction. Gives who is told, beside the recipients: those of a document that this one replaces. Only where
    it changes another document is there more to do than to add rows."""
    if replaces(document) or judged.held.original is not None:
        return lambda connection: _keep_and_change(connection, hub, message, judged, document)
    rows = Rows()
    _keep(rows, hub, message, judged, document)
    return rows


def _keep_and_change(
    connection: Connection, hub: "Hub", message: Message, judged: Judged, document: Document
) -> tuple[str, ...]:
    envelope = message.envelope
    _keep(connection, hub, message, judged, document)
    listeners = replace_old(connection, hub, envelope, document, judged.signer.member if judged.signer else None)
    if judged.held.original is not None and isinstance(document, Certificate):
        ledger.draw_on_original(connection, hub, envelope, document, *judged.held.original)
    return listeners


def _keep(target: Connection | Rows, hub: "Hub", message: Message, judged: Judged, document: Document) -> None:
    """Everything that is kept of a document: message, leaf, deliveries, document, standings, entry of the feed."""
    envelope, life = message.envelope, life_of(message.envelope.profile)
    ends = life.ends(document)
    keep_document(
        target,
        hub,
        message,
        number=document.number,
        identity=identity_of(document, envelope.member),
        issuer=judged.signer.member if judged.signer else None,
        signer=orjson.dumps(signer_json(judged.signer)).decode() if judged.signer else None,
        findings=orjson.dumps([each.to_json() for each in judged.findings]).decode(),
        belongs_to=getattr(document, "belongs_to", None),
        carried_under=document.transport.transport_document if isinstance(document, Certificate) else None,
        firm=firm_of(document),
        expires=ends.isoformat() if ends else None,
    )
    keep_standings(target, envelope)
    statistics.count(
        target,
        envelope.document_id,
        envelope.member,
        envelope.recipients,
        envelope.profile,
        judged.findings,
    )
    facts = {"number": document.number, "sender": envelope.member, "recipients": envelope.recipients}
    tell(target, "document.accepted", envelope, (envelope.member, *envelope.recipients), facts)


def keep_document(
    target: Connection | Rows,
    hub: "Hub",
    message: Message,
    *,
    number: str | None,
    identity: str | None,
    issuer: str | None,
    signer: str | None = None,
    findings: str = "[]",
    belongs_to: str | None = None,
    carried_under: str | None = None,
    firm: str | None = None,
    expires: str | None = None,
) -> None:
    """The message of a document with its leaf and deliveries, and the document's row. Columns as in `tables`."""
    envelope = message.envelope
    keep(target, hub, message)
    add(
        target,
        t.documents,
        {
            "id": envelope.document_id,
            "message_id": envelope.id,
            "profile": envelope.profile,
            "number": number,
            "identity": identity,
            "content_digest": envelope.content_digest,
            "sender": envelope.member,
            "issuer": issuer,
            "signer": signer,
            "findings": findings,
            "state": "live",
            "belongs_to": belongs_to,
            "carried_under": carried_under,
            "firm": firm,
            "expires": expires,
            "received_at": rfc3339(envelope.at),
            "row": hub.next_row(),
        },
    )


def keep_standings(target: Connection | Rows, envelope: Envelope) -> None:
    """Each recipient begins where nothing is said yet: in the first state of the document's life."""
    first = life_of(envelope.profile).first.value
    add(
        target,
        t.standings,
        [
            {"document_id": envelope.document_id, "recipient": name, "state": first, "sequence": 0}
            for name in envelope.recipients
        ],
    )


def signer_json(signer: Verified | None) -> dict[str, Any] | None:
    return {"member": signer.member, "kid": signer.kid, "signedAt": rfc3339(signer.signed_at)} if signer else None


# --- refusing --------------------------------------------------------------------------------------------------------


async def _refuse(hub: "Hub", submission: Submission, judged: Judged) -> Accepted | Refused:
    """Refuse with complete findings: what was seen already, and whether it was handed in before."""
    before = await hub.ask(lambda connection: _look_back(connection, submission, judged.reading))
    if isinstance(before, Accepted):
        return before  # accepted once, so it stays accepted, whatever has changed since
    found = before or Refused(())
    return await _record(hub, submission, judged, Refused((*judged.findings, *found.findings), found.members))


async def _repeated(hub: "Hub", submission: Submission, judged: Judged) -> Accepted | Refused:
    """The transaction met something unique that is there already: say what."""
    before = await hub.ask(lambda connection: _look_back(connection, submission, judged.reading))
    if isinstance(before, Accepted):
        return before
    if before is None:  # what stood in the way is gone again: nothing was kept, and the sender may simply try again
        return Refused((finding("hub.unavailable"),))
    return await _record(hub, submission, judged, before)


async def _record(hub: "Hub", submission: Submission, judged: Judged, refusal: Refused) -> Refused:
    number = judged.reading.stated.number if judged.reading.stated else None
    profile = judged.reading.profile
    route = Route(profile.id if profile else None, submission.recipients)
    return await refused.record(hub, submission.caller.member, submission.data, refusal, number=number, route=route)


def _look_back(connection: Connection, submission: Submission, reading: Reading) -> Accepted | Refused | None:
    """Has this been handed in before? By idempotency key, by content, by number."""
    sender = submission.caller.member
    if submission.idempotency_key is not None:
        known = connection.execute(
            select(t.messages.c.bytes_digest, t.messages.c.answer).where(
                t.messages.c.member == sender, t.messages.c.idempotency_key == submission.idempotency_key
            )
        ).first()
        digest = sha256_hex(submission.data)
        if known and known.bytes_digest == digest:
            return Accepted(known.answer.encode(), replayed=True)
        if known:
            return Refused((finding("request.idempotency-mismatch", found=digest, expected=known.bytes_digest),))
    if reading.content is None:
        return None
    same = t.documents.c.content_digest == reading.content.content_digest
    repeated = _first(connection, same, "document.duplicate", reading.content.content_digest, sender)
    if repeated is not None or reading.stated is None:
        return repeated
    identity = identity_of(reading.stated, sender)
    if identity is None:
        return None
    return _first(
        connection, t.documents.c.identity == identity, "document.number-taken", reading.stated.number, sender
    )


def _first(connection: Connection, condition: Any, code: str, found: str | None, sender: str) -> Refused | None:
    """The document that was first, told to its own sender only; to anybody else, that there is one."""
    first = connection.execute(
        select(t.documents.c.id, t.documents.c.sender, t.messages.c.receipt)
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(condition)
    ).first()
    if first is None:
        return None
    own = {"document": first.id, "receipt": first.receipt} if first.sender == sender else {}
    return Refused((finding(code, found=found),), own)
