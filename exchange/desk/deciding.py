"""What officers do with a case: take it, note something, propose, decide. Each through the one path there is for it.

1. A decision is an event of the member: signed with its key, the officer named in it, taken in by `exchange.events` as
   from any member's own system. There is no other way to a state, and none for several cases at once.
2. It states the sequence that the officer saw. Of two officers, or two clicks, one is heard; the other is told what was
   said meanwhile, and nothing of it is sent.
3. Where the member's policy wants four eyes, an officer proposes and another one says it: the event names both. What is
   proposed is judged as if it were said, so that nobody confirms what would be refused.
4. Who works on a case, notes and proposals are the desk's own. Each change of them is on the record, with the person.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange.desk import certifying, kept
from exchange.desk.signing import signer_for
from exchange.events import accept_event, judge
from exchange.members import Caller, Member
from exchange.messages import Accepted, RefusedInTransaction, Submission
from exchange.paper import document_of
from exchange.records import Actor as Recorded
from exchange.refused import Refused
from exchange.store import queries
from exchange.store import tables as t
from exchange.store.rows import add
from exchange.subject import course_of, subject_of
from schemas.certificate.application import Application
from schemas.event import Actor, Event, EventType, Reason, Subject, encode_event
from schemas.findings import Finding, finding
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


class Officer(Protocol):
    """Who works at a desk, as far as it matters here: how somebody signs in is `exchange.desk.people`'s."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def member(self) -> str: ...

    @property
    def roles(self) -> Collection[str]: ...


MOST_TEXT = 2000
"""Characters of a note, a question or a reason."""


@dataclass(frozen=True, slots=True)
class Word:
    """What an officer wants to say of a case."""

    type: EventType
    sequence: int
    """That the officer saw."""
    reasons: tuple[Reason, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""
    """Of `issued`: who gets the certificate."""

    def to_json(self) -> dict[str, Any]:
        reasons = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in self.reasons]
        return {"type": self.type.value, "reasons": reasons, "body": dict(self.body), "to": self.to}

    @classmethod
    def of(cls, said: Mapping[str, Any], sequence: int) -> "Word":
        reasons = tuple(Reason.model_validate(each) for each in said["reasons"])
        return cls(EventType(said["type"]), sequence, reasons, said["body"], said["to"])


def event_of(hub: "Hub", member: str, names: str, role: str, document_id: str, digest: str, word: Word) -> Event:
    """The event, ready to be signed. Its id is its own: the same words again are another event, which the sequence
    refuses."""
    now = hub.clock.now().replace(microsecond=0)
    ordinal = f"{hub.process} {next(hub.ordinals)} {document_id} {word.sequence}".encode()
    return Event(
        id=derived_id("evt", now, hub.randomness.value("desk event", ordinal)),
        type=word.type,
        document=Subject(id=document_id, content_digest=digest),
        recipient=member,
        expected_sequence=word.sequence,
        actor=Actor(member=member, person=names[:200], role=role, key_held_by="HUB"),
        at=now,
        reasons=word.reasons,
        body=dict(word.body),
    )


# --- deciding --------------------------------------------------------------------------------------------------------


async def decide(
    hub: "Hub", by: Officer, member: Member, document_id: str, digest: str, word: Word
) -> Accepted | tuple[Finding, ...]:
    """Say it, in the member's name; or all that stands against it. Where the policy wants four eyes: `propose`."""
    found = await hub.ask(lambda connection: _not_theirs(connection, by, member.id, document_id))
    if found is not None:
        return (found,)
    if member.desk is not None and word.type.value in member.desk.four_eyes:
        return (finding("desk.four-eyes", found=by.name, expected="a proposal first"),)
    return await _say(hub, member.id, by.name, "officer", document_id, digest, word)


async def confirm(
    hub: "Hub", by: Officer, member: Member, document_id: str, digest: str, sequence: int
) -> Accepted | tuple[Finding, ...]:
    """Say what another officer has proposed at this sequence."""
    proposal = await hub.ask(lambda connection: kept.proposal(connection, member.id, document_id, sequence))
    if proposal is None:
        return (finding("desk.no-proposal", found=document_id),)
    word = Word.of(orjson.loads(proposal.said), sequence)
    alone = member.desk is None or word.type.value not in member.desk.four_eyes
    if proposal.person == by.id and not alone:
        return (finding("desk.four-eyes", found=by.name, expected=f"somebody else than {proposal.name}"),)
    names = proposal.name if proposal.person == by.id else f"{proposal.name}, confirmed by {by.name}"
    if word.type is EventType.ISSUED:
        issued = await _certify(hub, by, member, document_id, proposal)
        if isinstance(issued, tuple):
            return issued
        word = replace(word, body={"certificate": {**word.body["certificate"], "document": issued}})
    role = "officer" if proposal.person == by.id else "officers, four eyes"
    return await _say(hub, member.id, names, role, document_id, digest, word)


async def issue(
    hub: "Hub", by: Officer, member: Member, document_id: str, digest: str, word: Word
) -> Accepted | tuple[Finding, ...]:
    """Issue the certificate that is applied for (`exchange.desk.certifying`); with four eyes: propose it."""
    found = await propose(hub, by, member, document_id, digest, word)
    if found or (member.desk is not None and word.type.value in member.desk.four_eyes):
        return found
    return await confirm(hub, by, member, document_id, digest, word.sequence)


async def _certify(
    hub: "Hub", by: Officer, member: Member, document_id: str, proposal: Any
) -> str | tuple[Finding, ...]:
    """The certificate, sent; what is refused for good ends the proposal."""
    stored = await hub.ask(lambda connection: queries.document(connection, member.id, document_id))
    application = document_of(stored) if stored is not None else None
    if not isinstance(application, Application):
        return (finding("desk.no-case", found=document_id),)
    at = datetime.fromisoformat(proposal.at)
    made = await certifying.certify(hub, member, application, orjson.loads(proposal.said), proposal.name, at)
    if isinstance(made, tuple):
        await decline(hub, by, member, document_id, proposal.sequence)
    return made


async def _say(
    hub: "Hub", member: str, names: str, role: str, document_id: str, digest: str, word: Word
) -> Accepted | tuple[Finding, ...]:
    signer = signer_for(hub, member, "event")
    if isinstance(signer, Finding):
        return (signer,)
    event = event_of(hub, member, names, role, document_id, digest, word)
    token = jws.sign(encode_event(event), jws.EVENT, signer, event.at)
    caller = Caller(member, frozenset({"send"}))
    outcome = await accept_event(hub, Submission(caller, token.encode()), document_id)
    return outcome.findings if isinstance(outcome, Refused) else outcome


def moved_on(found: tuple[Finding, ...]) -> bool:
    """Was somebody faster?"""
    return any(each.code in ("event.old-sequence", "event.not-now") for each in found)


# --- four eyes -------------------------------------------------------------------------------------------------------


async def propose(
    hub: "Hub", by: Officer, member: Member, document_id: str, digest: str, word: Word
) -> tuple[Finding, ...]:
    """Put a decision before another officer; or all that stands against it."""
    event = event_of(hub, member.id, by.name, "officer", document_id, digest, word)

    def job(connection: Connection) -> None:
        found = _not_theirs(connection, by, member.id, document_id) or _refused(connection, event)
        if found:
            raise RefusedInTransaction(*(found if isinstance(found, tuple) else (found,)))
        if kept.proposal(connection, member.id, document_id, word.sequence) is not None:
            raise RefusedInTransaction(finding("desk.proposed-already", found=document_id))
        row = {
            "document_id": document_id,
            "member": member.id,
            "sequence": word.sequence,
            "person": by.id,
            "name": by.name,
            "at": rfc3339(hub.clock.now()),
            "said": orjson.dumps(word.to_json()).decode(),
        }
        add(connection, t.desk_proposals, row)

    return await _command(hub, by, document_id, f"desk: {word.type.value} proposed", job)


async def decline(hub: "Hub", by: Officer, member: Member, document_id: str, sequence: int) -> tuple[Finding, ...]:
    """Take a proposal away: one's own, or a colleague's."""

    def job(connection: Connection) -> None:
        if kept.proposal(connection, member.id, document_id, sequence) is None:
            raise RefusedInTransaction(finding("desk.no-proposal", found=document_id))
        p = t.desk_proposals.c
        connection.execute(
            t.desk_proposals.delete().where(p.document_id == document_id, p.member == member.id, p.sequence == sequence)
        )

    return await _command(hub, by, document_id, "desk: proposal declined", job)


def _refused(connection: Connection, event: Event) -> tuple[Finding, ...]:
    """What would refuse the event now."""
    subject = subject_of(connection, event.document.id)
    if subject is None:
        return (finding("desk.no-case", found=event.document.id),)
    _, found = judge(connection, subject, course_of(connection, subject), event)
    return found


# --- who works on it, notes ------------------------------------------------------------------------------------------


async def assign(
    hub: "Hub", by: Officer, member: Member, document_id: str, to: Officer | None, seen: str
) -> tuple[Finding, ...]:
    """Give a case to somebody, or to nobody. `seen`: whose it was on the page, by id; else somebody was faster."""

    def job(connection: Connection) -> None:
        before = kept.assignment(connection, member.id, document_id)
        if (before.person if before else "") != seen:
            told = before.name if before else "nobody"
            raise RefusedInTransaction(finding("desk.assigned-already", found=told))
        if before is not None and before.person != by.id and "supervisor" not in by.roles:
            raise RefusedInTransaction(finding("desk.assigned-already", found=before.name, expected=by.name))
        a = t.desk_assignments.c
        connection.execute(t.desk_assignments.delete().where(a.document_id == document_id, a.member == member.id))
        if to is not None:
            row = {"document_id": document_id, "member": member.id, "person": to.id, "name": to.name}
            add(connection, t.desk_assignments, row | {"at": rfc3339(hub.clock.now())})

    return await _command(hub, by, document_id, f"desk: given to {to.name if to else 'nobody'}", job)


async def note(hub: "Hub", by: Officer, member: Member, document_id: str, text: str) -> tuple[Finding, ...]:
    """Keep a word at the desk; the other side never sees it."""
    said = text.strip()
    if not said or len(said) > MOST_TEXT:
        return (finding("desk.incomplete", "/text", found=len(said), expected=f"1 to {MOST_TEXT} characters"),)

    def job(connection: Connection) -> None:
        now = hub.clock.now()
        ordinal = f"{hub.process} {next(hub.ordinals)}".encode()
        row = {
            "id": derived_id("not", now, hub.randomness.value("desk note", ordinal)),
            "document_id": document_id,
            "member": member.id,
            "name": by.name,
            "at": rfc3339(now),
            "text": said,
        }
        add(connection, t.desk_notes, row)

    return await _command(hub, by, document_id, "desk: note", job)


def _not_theirs(connection: Connection, by: Officer, member: str, document_id: str) -> Finding | None:
    """Somebody else works on it."""
    assigned = kept.assignment(connection, member, document_id)
    if assigned is None or assigned.person == by.id:
        return None
    return finding("desk.assigned-already", found=assigned.name, expected=by.name)


async def _command(hub: "Hub", by: Officer, document_id: str, what: str, job: Any) -> tuple[Finding, ...]:
    """One change of the desk's own tables, with the record of it; or what refused it."""
    try:
        await hub.command(document_id, what, job, Recorded(by.member, person=by.name))
    except RefusedInTransaction as refused:
        return refused.findings
    except IntegrityError:
        return (finding("desk.moved-on", found=document_id),)
    return ()
