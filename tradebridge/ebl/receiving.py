"""Receiving an envelope (DCSA PINT 3.0.0, the receiving platform).

1. What is judged is written down, and what is written down is said: a title is here before RECE is said, an entry is
   dead before BENV is said, a transfer is active before 201 is said.
2. Judged is outside the transaction; inside it is made sure that nothing has changed since, else it is judged again.
   So of two envelopes for one title exactly one is accepted, and an entry is never both accepted and dead.
3. With a control tracking registry the intent to accept is written down first, then the registry accepts, then the
   title is here. What was written down so is not judged again: the registry alone decides it, whatever has become of
   certificates and accounts since, and who was killed in between asks it again (`resume`).
4. An envelope whose last entry is of another platform than the one that sends it gets no signed answer: a signed BENV
   kills the entry that it names, and a stranger shall not have one.
5. An additional document is taken in any order, and again; what is not declared, or not as declared, is INCD.
6. A notice moves nothing, and so it proves nothing against what comes later: a former holder, who can sign what it
   likes of the time before, would block the title of others. What contradicts is only what was held here.
7. What one peer can make this platform keep is bounded: envelopes that are begun and not finished, of which the oldest
   go (nothing was promised, the sender starts again), but for those that the registry may have given: where these are
   all, no other is begun; and entries that are refused for ever, beyond which a refusal is
   said unsigned, and kept by nobody.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog
from sqlalchemy import bindparam, delete, func, insert, literal_column, select, union_all, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as StoreRow
from sqlalchemy.exc import IntegrityError

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import HTTP_STATUS, ActionCode, EnvelopeManifest, Outcome, Party
from schemas.content import json_or_finding
from schemas.findings import Finding, finding
from tradebridge.ebl import files, refusals, registry, seal, steps, surrendering, tables, titles, transfers
from tradebridge.ebl.chain import Chain, content_checksum, read_stored
from tradebridge.ebl.envelope import Judgement, Known, Purpose, Settled, answer, judge, judge_document
from tradebridge.ebl.host import Caller, Host, account_or_carrier, user_account
from tradebridge.ebl.titles import Held, text_of

__all__ = ["Said", "finish", "refusals", "resume", "start", "take_document", "validate_receiver", "withdraw"]

ACTIVE, ACCEPTING, ACCEPTED, REFUSED = "active", "accepting", "accepted", "refused"
NOTICES = frozenset({ActionCode.ENDORSE, ActionCode.ENDORSE_TO_ORDER, ActionCode.SACC})
_TRIES = 10

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered: a status, and the JSON of the body; or findings, for an unsigned error."""

    status: int
    body: Any = None
    findings: tuple[Finding, ...] = ()


def refused(*found: Finding) -> Said:
    """An unsigned error."""
    return Said(found[0].status, findings=found)


class Changed(Exception):
    """Something was written since the envelope was judged: judge it again."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the judgement rests on, to be found the same in the transaction."""

    title: str
    """Checksum of the transport document."""
    content: str
    """Of the last entry: what it is accepted by, and dead by."""
    known: Known
    held: Held | None
    rival: str
    """Another bill of the same number: `here`, or `accepting`; empty: there is none."""
    files: frozenset[str] = field(compare=False)
    incoming: tuple[str, str] | None
    """Id and state of the transfer with this last entry."""

    @property
    def accepting(self) -> bool:
        return self.incoming is not None and self.incoming[1] == ACCEPTING


# --- Judging ---------------------------------------------------------------------------------------------------------


def _seen(connection: Connection, host: Host, envelope: Mapping[str, Any], title: str, content: str) -> _Seen:
    document = envelope.get("transportDocument")
    carrier, reference, version = titles.identity(document if isinstance(document, Mapping) else {})
    held, another = titles.find_either(connection, title, reference, carrier)
    row, accepting = _begun(connection, content, title, carrier, reference)
    here = files.present(host.files, title) | files.came(host.files, title)
    proven = () if held is None else _proven(held, host.code)
    if held is None or (held.id != title and _stands_beside(held, version, proven)):
        known = Known(documents=here)
    else:
        known = Known(
            chain=proven,
            document_checksum=held.id,
            version=held.version,
            status=held.title.status,
            at=held.at,
            issued_at=held.transactions[0].action_date_time,
            unsigned=bool(held.pending) and held.title.ended,
            documents=here,
        )
    registries = frozenset(host.peers().registries)
    dead = transfers.taken_back(connection, title) if held is not None and held.id == title else frozenset()
    known = replace(known, settled=_settled(row), registries=registries, dead=dead)
    # Two bills of one number are never both here: of two versions that come, the one that came first.
    rival = titles.HERE if another else ACCEPTING if accepting else ""
    return _Seen(title, content, known, held, rival, here, None if row is None else (row.id, row.state))


def _proven(held: Held, own: str) -> tuple[str, ...]:
    """Rule 6: the chain as far as this platform knows it by itself. Of a title that went away that ends with the entry
    by which it went; what notices brought since may be a fork. One that was never here: nothing."""
    if held.at != titles.AWAY:
        return held.signed
    last = max((place for place, each in enumerate(held.entries) if each.ebl_platform == own), default=-1)
    return held.signed[: last + 1]


def _begun(
    connection: Connection, content: str, title: str, carrier: str, reference: str
) -> tuple[StoreRow[Any] | None, bool]:
    """The transfer with this last entry, and whether another bill of the number is being accepted."""
    named = {"last": content, "besides": title, "by": carrier, "known_as": reference}
    rows = connection.execute(_BEGUN_OF_IT, named).all()
    own = next((row for row in rows if row.content == content), None)
    return own, len(rows) > (0 if own is None else 1)


_ACCEPTING_ANOTHER = select(tables.incoming).where(
    (tables.incoming.c.state == literal_column(f"'{ACCEPTING}'"))  # as its partial index has it
    & (tables.incoming.c.carrier == bindparam("by"))
    & (tables.incoming.c.reference == bindparam("known_as"))
    & (tables.incoming.c.title != bindparam("besides"))
)


def _stands_beside(held: Held, version: str, proven: tuple[str, ...]) -> bool:
    """Whether another document of the same reference may stand beside this one: it is elsewhere, and was never here or
    what comes is another version of it. What may come in the place of one that ended here is judged (`envelope`)."""
    return held.at == titles.AWAY and (version != held.version or not proven)


def _settled(row: StoreRow[Any] | None) -> dict[str, Settled]:
    if row is None or row.state not in (ACCEPTED, REFUSED):
        return {}
    outcome = Outcome.RECE if row.state == ACCEPTED else Outcome.BENV
    return {row.content: Settled(outcome, row.entry, tuple(orjson.loads(row.received)))}


def _incoming(connection: Connection, content: str, *, lock: bool = False) -> StoreRow[Any] | None:
    return connection.execute(_LOCK_CONTENT if lock else _OF_CONTENT, {"last": content}).one_or_none()


_OF_CONTENT = select(tables.incoming).where(tables.incoming.c.content == bindparam("last"))
_BEGUN_OF_IT = union_all(_OF_CONTENT, _ACCEPTING_ANOTHER)
_LOCK_CONTENT = _OF_CONTENT.with_for_update()


async def _judge(
    host: Host, caller: Caller, envelope: Mapping[str, Any], named: tuple[str, str]
) -> tuple[Judgement, _Seen]:
    title, content = named
    seen = await host.ask(lambda connection: _seen(connection, host, envelope, title, content))
    judgement = judge(
        envelope,
        me=host.code,
        sender_allowed=(caller.code,),
        trust=host.peers().trust,
        known=seen.known,
        accounts=_accounts(host),
        at=host.now(),
        document_checksum=title,
    )
    return _alone(_within_limits(host, _for_users(host, _noticed(judgement, seen))), seen), seen


def _names(envelope: Mapping[str, Any]) -> tuple[str, str]:
    """Checksum of the transport document, and of the content of the last entry; of what is none: of nothing."""
    document, chain = envelope.get("transportDocument"), envelope.get("envelopeTransferChain")
    last = chain[-1] if isinstance(chain, list) and chain and isinstance(chain[-1], str) else ""
    return pint.checksum(document if isinstance(document, dict) else {}), content_checksum(last)


def _accounts(host: Host) -> Any:
    def judged(party: Party) -> tuple[Finding, ...]:
        known = account_or_carrier(host, party) is not None
        return () if known else (finding("pint.unknown-recipient", found=party.party_name),)

    return judged


def _noticed(judgement: Judgement, seen: _Seen) -> Judgement:
    """A notice that comes after what followed it: its entry is in the chain that is here, so that it was received."""
    if judgement.outcome is not Outcome.DISE or seen.held is None:
        return judgement
    known = {content_checksum(each): each for each in seen.held.signed}
    entry = known.get(judgement.last_content)
    if entry is None or titles.read_entry(entry).transactions[-1].action_code not in NOTICES:
        return judgement
    found = (finding("pint.duplicate"),)
    return replace(judgement, outcome=Outcome.DUPE, findings=found, settled=Settled(Outcome.RECE, entry))


def _alone(judgement: Judgement, seen: _Seen) -> Judgement:
    """Another bill of the same number is here: its carrier has issued two, and that is settled elsewhere."""
    if seen.rival != titles.HERE or not judgement.possession or judgement.outcome not in (None, Outcome.RECE):
        return judgement
    found = finding("pint.disputed-document", "/transportDocument", found="another bill of the same number is here")
    return replace(judgement, outcome=Outcome.DISE, findings=(found,))


def _for_users(host: Host, judgement: Judgement) -> Judgement:
    """A carrier gets possession by a surrender only: of what is transferred to it, it could do nothing."""
    if judgement.outcome not in (None, Outcome.RECE) or judgement.chain is None or judgement.recipient is None:
        return judgement
    surrendered = judgement.possession and judgement.chain.title.status in surrendering.SURRENDERED
    if surrendered or user_account(host, judgement.recipient) is not None:
        return judgement
    found = finding("pint.unknown-recipient", "/envelopeTransferChain", found=judgement.recipient.party_name)
    return replace(judgement, outcome=Outcome.BENV, findings=(found,))


def _within_limits(host: Host, judgement: Judgement) -> Judgement:
    """A document that is declared larger than what is taken can never come: the transfer cannot succeed."""
    if judgement.outcome not in (None, Outcome.RECE) or judgement.manifest is None:
        return judgement
    sizes = [each.size for each in judgement.manifest.declared]
    for size, limit, of in (
        (max(sizes, default=0), host.limits.file, ""),
        (sum(sizes), host.limits.files, " together"),
    ):
        if size > limit:
            expected = f"at most {limit} bytes{of}"
            found = finding("pint.too-large", "/supportingDocuments", found=f"{size} bytes{of}", expected=expected)
            return replace(judgement, outcome=Outcome.BENV, findings=(found,))
    return judgement


# --- POST envelopes --------------------------------------------------------------------------------------------------


async def start(host: Host, caller: Caller, data: bytes) -> Said:
    """`POST /v3/envelopes`."""
    envelope = json_or_finding(data)
    if isinstance(envelope, Finding):
        return refused(replace(envelope, status=400))
    stranger = _stranger(caller, envelope)
    if stranger is not None:
        return refused(stranger)
    return await _decide(host, caller, envelope, _names(envelope))


def _stranger(caller: Caller, envelope: Mapping[str, Any]) -> Finding | None:
    """Whether the last entry claims to be of another platform than the one that sends it (rule 4)."""
    chain = envelope.get("envelopeTransferChain")
    last = seal.peek(chain[-1]) if isinstance(chain, list) and chain and isinstance(chain[-1], str) else None
    claimed = last.get("eblPlatform") if isinstance(last, dict) else None
    if claimed is None or claimed == caller.code:
        return None
    return finding("pint.not-the-sender", "/envelopeTransferChain", found=claimed, expected=caller.code)


async def _decide(
    host: Host, caller: Caller, envelope: dict[str, Any], named: tuple[str, str], *, finishing: bool = False
) -> Said:
    """Judge, write down, say. `named`: by its `_names`. `finishing`: the sender believes that nothing is missing."""
    for _ in range(_TRIES):
        judgement, seen = await _judge(host, caller, envelope, named)
        if judgement.unreadable:
            found = [replace(each, status=400) for each in judgement.findings]
            return refused(*found) if found else refused(finding("syntax.not-an-object", expected="an envelope"))
        try:
            return await _said(host, caller, envelope, judgement, seen, finishing=finishing)
        except (Changed, titles.Moved, IntegrityError):
            continue
    return refused(finding("pint.busy"))


async def _said(
    host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen, *, finishing: bool
) -> Said:
    outcome = judgement.outcome
    if seen.accepting and outcome not in (Outcome.RECE, Outcome.BSIG):
        return await _completed(host, caller, seen)
    if outcome in (None, Outcome.RECE) and not seen.accepting:
        waits = await _forbids(host, caller, judgement, seen)
        if waits is not None:
            return waits
    if outcome is None:
        if finishing:
            return _signed(host, judgement, Outcome.MDOC)
        await host.step(steps.RECEIVE_ARRIVED)
        return await _started(host, caller, envelope, judgement, seen)
    if outcome is Outcome.RECE:
        if not finishing:
            await host.step(steps.RECEIVE_ARRIVED)
        return await _accepted(host, caller, envelope, judgement, seen)
    if outcome is Outcome.BENV and judgement.settled is None:
        if await host.ask(lambda connection: _counted(connection, caller, REFUSED)) >= host.limits.refused:
            return refused(finding("pint.too-many-refused", found=judgement.reason, expected=host.limits.refused))
        await _refuse(host, caller, envelope, judgement, seen)
    return _signed(host, judgement, outcome)


async def _forbids(host: Host, caller: Caller, judgement: Judgement, seen: _Seen) -> Said | None:
    """What is in order in itself, and is not taken now all the same."""
    chain = judgement.chain
    if chain is None:
        raise ValueError("an envelope is in order with its chain only")
    if not judgement.possession:
        taken = await host.ask(lambda connection: _noticed_by(connection, caller, chain.document_checksum))
        return refused(finding("pint.too-many-notices", found=taken)) if taken >= host.limits.notices else None
    if seen.rival == ACCEPTING:
        return refused(finding("pint.busy"))
    asked = await registry.left_out(host, chain.registry, chain.document_checksum)
    if asked is None:
        return None
    base, stand = asked
    if stand is registry.Stand.SILENT:
        return refused(finding("pint.registry-silent", found=base))
    where = "/envelopeTransferChain/0/controlTrackingRegistry"
    found = finding("pint.registry-left-out", where, found=chain.registry or "none", expected=base)
    return _signed(host, replace(judgement, outcome=Outcome.DISE, findings=(found,)), Outcome.DISE)


def _noticed_by(connection: Connection, caller: Caller, title: str) -> int:
    of = tables.incoming.c
    mine = (of.title == title) & (of.sender == caller.code) & (of.purpose == Purpose.NOTICE.value)
    query = select(func.count()).select_from(tables.incoming).where(mine & (of.state == ACCEPTED))
    return int(connection.execute(query).scalar_one())


def _signed(host: Host, judgement: Judgement, outcome: Outcome) -> Said:
    settled = judgement.settled
    duplicate = outcome is Outcome.DUPE and settled is not None
    body = answer(
        outcome,
        judgement.last_checksum,
        host.key,
        reason=judgement.reason if outcome is not Outcome.MDOC else "Additional documents are missing.",
        missing=judgement.missing,
        received=settled.received if duplicate and settled is not None else None,
        duplicate_of=settled.signed if duplicate and settled is not None else None,
    )
    return Said(HTTP_STATUS[outcome], body)


async def _started(host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen) -> Said:
    reference, gone = await host.do(lambda connection: _begin(connection, host, caller, envelope, judgement, seen))
    await files.drop(host.files, gone)
    await host.step(steps.RECEIVE_STARTED)
    return Said(
        201,
        {
            "envelopeReference": reference,
            "transportDocumentChecksum": seen.title,
            "lastEnvelopeTransferChainEntrySignedContentChecksum": judgement.last_checksum,
            "missingAdditionalDocumentChecksums": list(judgement.missing),
        },
    )


def _same(connection: Connection, host: Host, envelope: Mapping[str, Any], seen: _Seen) -> None:
    """Raises `Changed` where the judgement rests on what is no more (rule 2)."""
    if connection.dialect.name != "sqlite":  # where one writer has the whole file, there is nothing to lock
        _incoming(connection, seen.content, lock=True)
        if seen.held is not None:
            titles.by_id(connection, seen.held.id, lock=True)
    now = _seen(connection, host, envelope, seen.title, seen.content)
    if (now.held, now.rival, now.incoming, now.known.settled) != (
        seen.held,
        seen.rival,
        seen.incoming,
        seen.known.settled,
    ):
        raise Changed


def _keep(
    connection: Connection,
    host: Host,
    caller: Caller,
    envelope: dict[str, Any],
    judgement: Judgement,
    seen: _Seen,
    state: str,
    *,
    said: str | None = None,
) -> str:
    """The transfer as it stands, in the store. Returns its envelopeReference: the same for the same last entry."""
    _same(connection, host, envelope, seen)
    document = envelope.get("transportDocument")
    carrier, number, _ = titles.identity(document if isinstance(document, Mapping) else {})
    refused_now = state == REFUSED
    documents = [] if refused_now or judgement.manifest is None else judgement.manifest.declared
    values: dict[str, Any] = {
        "entry_checksum": judgement.last_checksum,
        "entry": "" if refused_now else envelope["envelopeTransferChain"][-1],
        "title": seen.title,
        "carrier": carrier,
        "reference": number,
        "sender": caller.code,
        "state": state,
        "purpose": judgement.purpose.value,
        "envelope": "" if refused_now else text_of(envelope),
        "answer": said,
        "reason": judgement.reason if refused_now else "",
        "received": text_of([each.document_checksum for each in documents] if state == ACCEPTED else []),
        "settled_at": pint.written(host.now()) if state in (ACCEPTED, REFUSED) else None,
    }
    if seen.incoming is None:
        reference = _reference(host, seen)
        made = {"id": reference, "content": seen.content, "started_at": pint.written(host.now())}
        connection.execute(insert(tables.incoming), made | values)
        return reference
    connection.execute(_CHANGE, values | {"transfer": seen.incoming[0]})
    return seen.incoming[0]


_CHANGE = update(tables.incoming).where(tables.incoming.c.id == bindparam("transfer"))


def _begin(
    connection: Connection,
    host: Host,
    caller: Caller,
    envelope: dict[str, Any],
    judgement: Judgement,
    seen: _Seen,
) -> tuple[str, list[tuple[str, str]]]:
    """The transfer is active; the oldest of this peer go where it has too many (rule 7). Its reference, and theirs
    with their titles."""
    reference = _keep(connection, host, caller, envelope, judgement, seen, ACTIVE)
    most = max(0, host.limits.unfinished - 1 - _counted(connection, caller, ACCEPTING))
    mine = {"of": caller.code, "newest": reference, "most": most}
    gone = [(row.title, row.id) for row in connection.execute(_TOO_MANY, mine)]
    for _, old in gone:
        connection.execute(delete(tables.incoming).where(tables.incoming.c.id == old))
    return reference, gone


_TOO_MANY = (
    select(tables.incoming.c.title, tables.incoming.c.id)
    .where((tables.incoming.c.sender == bindparam("of")) & (tables.incoming.c.state == ACTIVE))
    .where(tables.incoming.c.id != bindparam("newest"))
    .order_by(tables.incoming.c.started_at.desc(), tables.incoming.c.id)
    .offset(bindparam("most"))
)


def _counted(connection: Connection, caller: Caller, state: str) -> int:
    of = tables.incoming.c
    query = select(func.count()).select_from(tables.incoming).where((of.sender == caller.code) & (of.state == state))
    return int(connection.execute(query).scalar_one())


async def _refuse(host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen) -> None:
    """The entry is dead, and nothing stays of what came with it."""
    await host.do(lambda connection: _kill(connection, host, caller, envelope, judgement, seen))
    await files.drop(host.files, [(seen.title, _reference(host, seen))])
    await host.step(steps.RECEIVE_REFUSED)


def _kill(
    connection: Connection,
    host: Host,
    caller: Caller,
    envelope: dict[str, Any],
    judgement: Judgement,
    seen: _Seen,
) -> None:
    """The entry is refused for ever (rule 1)."""
    said = answer(Outcome.BENV, judgement.last_checksum, host.key, reason=judgement.reason)
    _keep(connection, host, caller, envelope, judgement, seen, REFUSED, said=said)


# --- Accepting -------------------------------------------------------------------------------------------------------


async def _accepted(host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen) -> Said:
    chain = judgement.chain
    if chain is None or judgement.manifest is None:
        raise ValueError("an envelope is accepted with its chain and manifest only")
    control = ""
    if chain.registry is not None and judgement.possession:
        word = await _registry_accepts(host, caller, envelope, judgement, seen, chain.registry)
        if isinstance(word, Said):
            return word
        seen, control = replace(seen, incoming=(_reference(host, seen), ACCEPTING)), word.statement
    else:
        await host.step(steps.RECEIVE_ACCEPTING)
    received = [each.document_checksum for each in judgement.manifest.declared]
    said = answer(Outcome.RECE, judgement.last_checksum, host.key, received=received)
    await files.adopt(host.files, seen.title, received)
    await host.do(lambda connection: _take(connection, host, caller, envelope, judgement, seen, said, control))
    if received:
        await files.drop(host.files, [(seen.title, _reference(host, seen))])
    host.wake()
    await host.step(steps.RECEIVE_ACCEPTED)
    return Said(HTTP_STATUS[Outcome.RECE], said)


def _reference(host: Host, seen: _Seen) -> str:
    return seen.incoming[0] if seen.incoming is not None else _derived(host, seen.content)


def _derived(host: Host, content: str) -> str:
    """The envelopeReference of an envelope with this last entry."""
    return transfers.derived("env", host.code, content)


async def _registry_accepts(
    host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen, base: str
) -> Said | registry.Word:
    """Rule 3: the word by which the registry has accepted; or what is answered instead."""
    intends = await host.do(lambda connection: _intend(connection, host, caller, envelope, judgement, seen))
    if not intends:
        return refused(finding("pint.too-many-unfinished", expected=host.limits.unfinished))
    seen = replace(seen, incoming=(_reference(host, seen), ACCEPTING))
    await host.step(steps.RECEIVE_ACCEPTING)
    word = await registry.accepted(host, base, seen.title, seen.content)
    if word.stand is registry.Stand.ACCEPTED:
        await host.step(steps.RECEIVE_REGISTERED)
        return word
    if word.stand in (registry.Stand.SILENT, registry.Stand.OPEN):
        return refused(finding("pint.registry-silent", found=word.reason))
    found = finding("pint.not-in-registry", "/envelopeTransferChain/0/controlTrackingRegistry", found=word.stand)
    dead = replace(judgement, outcome=Outcome.BENV, findings=(found,))
    await _refuse(host, caller, envelope, dead, seen)
    return _signed(host, dead, Outcome.BENV)


def _intend(
    connection: Connection,
    host: Host,
    caller: Caller,
    envelope: dict[str, Any],
    judgement: Judgement,
    seen: _Seen,
) -> bool:
    """The intent is on the disk. False: this peer has too many (rule 7), and nothing is."""
    if not seen.accepting and _counted(connection, caller, ACCEPTING) >= host.limits.unfinished:
        return False
    _keep(connection, host, caller, envelope, judgement, seen, ACCEPTING)
    return True


async def _completed(host: Host, caller: Caller, seen: _Seen) -> Said:
    """Rule 3: what was being accepted is finished as it was judged then, from the store. The registry alone can say
    that the entry may be killed. Raises as `_accepted` does."""
    if seen.incoming is None:
        raise ValueError("nothing is being accepted")
    by_id = tables.incoming.c.id == seen.incoming[0]
    row = await host.ask(lambda connection: connection.execute(select(tables.incoming).where(by_id)).one_or_none())
    if row is None or row.state != ACCEPTING:
        raise Changed
    envelope = orjson.loads(row.envelope)
    return await _accepted(host, caller, envelope, _judged_before(row, envelope), seen)


def _judged_before(row: StoreRow[Any], envelope: Mapping[str, Any]) -> Judgement:
    """The judgement on which it was written down."""
    chain = read_stored(envelope["transportDocument"], envelope["envelopeTransferChain"])
    if not isinstance(chain, Chain):
        raise titles.BrokenStore(f"the chain of {row.id} cannot be read: {chain[0].code}")
    return Judgement(
        Outcome.RECE,
        chain=chain,
        manifest=_manifest_of(row),
        last_checksum=row.entry_checksum,
        last_content=row.content,
        purpose=Purpose(row.purpose),
    )


def _take(
    connection: Connection,
    host: Host,
    caller: Caller,
    envelope: dict[str, Any],
    judgement: Judgement,
    seen: _Seen,
    said: str,
    control: str,
) -> None:
    """The title is here, with its chain, the answer and what follows from it: one transaction. `control`: what the
    registry signed of it."""
    chain, manifest = judgement.chain, judgement.manifest
    if chain is None or manifest is None:
        raise ValueError("an envelope is taken with its chain and manifest only")
    if not {each.document_checksum for each in manifest.declared} <= files.present(host.files, chain.document_checksum):
        raise Changed
    _keep(connection, host, caller, envelope, judgement, seen, ACCEPTED, said=said)
    titles.add_files(connection, chain.document_checksum, manifest.declared, caller.code)
    before = seen.held if seen.held is not None and seen.held.id == chain.document_checksum else None
    made = _held(host, envelope, chain, before)
    if judgement.possession:
        made = replace(made, at=titles.HERE, control=control, account=account_or_carrier(host, chain.title.possessor))
    else:
        made = replace(made, at=titles.ENDED if chain.title.ended else titles.AWAY)
    kind = "title.received" if judgement.possession else "title.noticed"
    written = titles.write(connection, host, kind, made, before)
    if judgement.possession and chain.title.status in surrendering.SURRENDERED:
        surrendering.ask(connection, host, written)


def _held(host: Host, envelope: Mapping[str, Any], chain: Chain, before: Held | None) -> Held:
    carrier, reference, version = titles.identity(envelope["transportDocument"])
    return Held(
        id=chain.document_checksum,
        carrier=carrier,
        reference=reference,
        version=version,
        at=titles.AWAY,
        account=None,
        sequence=chain.title.sequence,
        document=envelope["transportDocument"],
        issuance_manifest=chain.entries[0].issuance_manifest_signed_content or "",
        visualisation=chain.visualisation,
        registry=chain.registry,
        signed=chain.signed,
        pending=(),
        transfer=None,
        ordinal=before.ordinal if before else 0,
        updated_at="",
        replaces=before.replaces if before else "",
    )


# --- PUT additional documents ----------------------------------------------------------------------------------------


async def _transfer_of(host: Host, caller: Caller, reference: str) -> StoreRow[Any] | None:
    """The transfer of this reference, if it came from who asks."""
    named = {"transfer": reference, "by": caller.code}
    return await host.ask(lambda connection: connection.execute(_OF_REFERENCE, named).one_or_none())


_OF_REFERENCE = select(tables.incoming).where(
    (tables.incoming.c.id == bindparam("transfer")) & (tables.incoming.c.sender == bindparam("by"))
)


def _manifest_of(row: StoreRow[Any]) -> EnvelopeManifest:
    signed = orjson.loads(row.envelope)["envelopeManifestSignedContent"]
    manifest = pint.read(EnvelopeManifest, seal.peek(signed))
    if not isinstance(manifest, EnvelopeManifest):
        raise titles.BrokenStore(f"the manifest of {row.id} cannot be read: {manifest[0].code}")
    return manifest


def _dead(host: Host, row: StoreRow[Any]) -> Said:
    return Said(422, row.answer or answer(Outcome.BENV, row.entry_checksum, host.key, reason=row.reason))


async def take_document(
    host: Host, caller: Caller, reference: str, checksum: str, chunks: AsyncIterator[bytes]
) -> Said:
    """`PUT /v3/envelopes/{reference}/additional-documents/{checksum}`. `chunks`: the decoded bytes as they come; may
    raise `files.NotBase64`."""
    row = await _transfer_of(host, caller, reference)
    if row is None:
        return refused(finding("pint.unknown-envelope", found=reference))
    if row.state == REFUSED:
        return _dead(host, row)
    manifest = _manifest_of(row)
    try:
        arrived = await files.arrive(host.files, chunks, host.limits.file)
    except files.TooLarge as error:
        return refused(finding("pint.too-large", expected=f"at most {error.limit} bytes, decoded"))
    except files.NotBase64 as error:
        return refused(finding("pint.not-base64", found=str(error)))
    found = judge_document(manifest, checksum, arrived.checksum, arrived.size)
    if found:
        arrived.passing.unlink(missing_ok=True)
        reason = f"{found[0].message} ({found[0].code}: found {found[0].found}, expected {found[0].expected})"[:255]
        return Said(409, answer(Outcome.INCD, row.entry_checksum, host.key, reason=reason))
    await host.step(steps.RECEIVE_DOCUMENT_WRITTEN)
    await files.keep_coming(host.files, row.title, row.id, arrived)
    await host.step(steps.RECEIVE_DOCUMENT_KEPT)
    return await _kept(host, caller, row)


async def _kept(host: Host, caller: Caller, begun: StoreRow[Any]) -> Said:
    """A document may take long to come: what its envelope is meanwhile decides whether it stays."""
    row = await _transfer_of(host, caller, begun.id)
    if row is None or row.state not in (ACTIVE, ACCEPTING):
        await files.drop(host.files, [(begun.title, begun.id)])
    if row is None:
        return refused(finding("pint.unknown-envelope", found=begun.id))
    return _dead(host, row) if row.state == REFUSED else Said(204)


# --- PUT finish-transfer, POST receiver-validation, and the start of a process ---------------------------------------


async def finish(host: Host, caller: Caller, reference: str) -> Said:
    """`PUT /v3/envelopes/{reference}/finish-transfer`."""
    row = await _transfer_of(host, caller, reference)
    if row is None:
        return refused(finding("pint.unknown-envelope", found=reference))
    if row.state == REFUSED:
        return _dead(host, row)
    return await _decide(host, caller, orjson.loads(row.envelope), (row.title, row.content), finishing=True)


async def withdraw(host: Host, caller: Caller, data: bytes) -> Said:
    """`POST /tradebridge/v1/withdrawals`, ours: the sender asks for the receiver's last word on an entry, and would
    have it refused. Accepted is accepted (DUPE); what is not is dead from now on (BENV), whatever becomes of its
    signature: whoever asks has shown that it is the platform that the entry names."""
    value = json_or_finding(data)
    entry = value.get("entry") if isinstance(value, dict) else None
    sealed = seal.take_apart(entry) if isinstance(entry, str) else finding("pint.not-jws", found="nothing")
    if isinstance(value, Finding):
        return refused(replace(value, status=400))
    if isinstance(sealed, Finding):
        return refused(replace(sealed, pointer="/entry", status=400))
    stranger = _stranger(caller, {"envelopeTransferChain": [entry]})
    if stranger is not None or sealed.claims.get("eblPlatform") is None:
        return refused(stranger or finding("pint.not-the-sender", "/entry", found="nobody", expected=caller.code))
    for _ in range(_TRIES):
        with suppress(IntegrityError):
            told = await host.do(lambda connection: _withdrawn(connection, host, caller, sealed))
            title = str(sealed.claims.get("transportDocumentChecksum"))
            if told.status == 422 and files.CHECKSUM.fullmatch(title):
                await files.drop(host.files, [(title, _derived(host, content_checksum(sealed.compact)))])
            return told
    return refused(finding("pint.busy"))


def _withdrawn(connection: Connection, host: Host, caller: Caller, entry: seal.Sealed) -> Said:
    content, named = content_checksum(entry.compact), pint.signed_checksum(entry.compact)
    row = _incoming(connection, content, lock=True)
    if row is not None and row.state == ACCEPTING:
        return refused(finding("pint.busy"))
    if row is not None and row.state == ACCEPTED:
        received = orjson.loads(row.received)
        return Said(200, answer(Outcome.DUPE, named, host.key, received=received, duplicate_of=row.entry))
    said = answer(Outcome.BENV, named, host.key, reason="Withdrawn by its sender.")
    if row is not None and row.state == REFUSED:
        return Said(422, said)
    if _counted(connection, caller, REFUSED) >= host.limits.refused:
        return refused(finding("pint.too-many-refused", expected=host.limits.refused))
    now = pint.written(host.now())
    values = {"entry_checksum": named, "entry": "", "envelope": "", "state": REFUSED, "answer": said, "settled_at": now}
    values |= {"reason": "withdrawn"}
    if row is not None:
        connection.execute(update(tables.incoming).where(tables.incoming.c.id == row.id).values(**values))
        return Said(422, said)
    values |= {"id": _derived(host, content), "content": content, "started_at": now}
    values |= {"title": str(entry.claims.get("transportDocumentChecksum", ""))[:64], "sender": caller.code}
    connection.execute(insert(tables.incoming).values(purpose=Purpose.POSSESSION.value, received="[]", **values))
    return Said(422, said)


async def validate_receiver(host: Host, data: bytes) -> Said:
    """`POST /v3/receiver-validation`: who is behind a party code. Deliberately silent about why nobody is."""
    value = json_or_finding(data)
    if isinstance(value, Finding):
        return refused(replace(value, status=400))
    code = pint.read(IdentifyingCode, value)
    if not isinstance(code, IdentifyingCode):
        return refused(*(replace(each, status=400) for each in code))
    account = host.account_of((code,))
    if account is None:
        return refused(finding("pint.unknown-receiver"))
    return Said(200, {"partyName": account.party.party_name})


async def forget_gone(host: Host) -> None:
    """Remove what came with envelopes that have gone: who was killed in between has left it. A row is there before
    anything comes with it, so that this takes nothing from other processes."""
    coming = files.all_coming(host.files)
    of = tables.incoming.c
    query = select(of.id).where(of.state.in_((ACTIVE, ACCEPTING)))
    if coming:
        there = await host.ask(lambda connection: frozenset(connection.execute(query).scalars()))
        await files.drop(host.files, [each for each in coming if each[1] not in there])


async def resume(host: Host) -> None:
    """Finish what was being accepted when the process was killed (rule 3). The registry may have accepted it already:
    then nobody else will ever have it."""
    for row in await host.ask(lambda connection: connection.execute(_BEGUN).all()):
        try:
            await _resume(host, row)
        except Exception as error:  # one that cannot be finished must not stop the others
            log.warning("an acceptance could not be finished", id=row.id, error=repr(error)[:300])


async def _resume(host: Host, row: StoreRow[Any]) -> None:
    envelope = orjson.loads(row.envelope)
    for _ in range(_TRIES):
        seen = await host.ask(lambda connection: _seen(connection, host, envelope, row.title, row.content))
        if not seen.accepting:
            return
        with suppress(Changed, titles.Moved, IntegrityError):
            await _completed(host, Caller(row.sender), seen)
            return


_BEGUN = select(tables.incoming).where(
    tables.incoming.c.state == literal_column(f"'{ACCEPTING}'")  # as its partial index has it
)
