"""Receiving an envelope (DCSA PINT 3.0.0, the receiving platform).

1. What is judged is written down, and what is written down is said: a title is here before RECE is said, an entry is
   dead before BENV is said, a transfer is active before 201 is said.
2. Judged is outside the transaction; inside it is made sure that nothing has changed since, else it is judged again.
   So of two envelopes for one title exactly one is accepted, and an entry is never both accepted and dead.
3. With a control tracking registry the intent to accept is written down first, then the registry accepts, then the
   title is here. Who was killed in between asks the registry again at its start (`resume`).
4. An envelope whose last entry is of another platform than the one that sends it gets no signed answer: a signed BENV
   kills the entry that it names, and a stranger shall not have one.
5. An additional document is taken in any order, and again; what is not declared, or not as declared, is INCD.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as StoreRow
from sqlalchemy.exc import IntegrityError

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import HTTP_STATUS, ActionCode, EnvelopeManifest, Outcome, Party
from schemas.bill_of_lading.title import Status
from schemas.content import json_or_finding
from schemas.findings import Finding, finding
from tradebridge.ebl import files, refusals, registry, seal, steps, surrendering, tables, titles, transfers
from tradebridge.ebl.chain import Chain, content_checksum
from tradebridge.ebl.envelope import Judgement, Known, Settled, answer, judge, judge_document
from tradebridge.ebl.host import Caller, Host, Role, account_or_carrier, user_account
from tradebridge.ebl.titles import Held, text_of

__all__ = ["Said", "finish", "refusals", "resume", "start", "take_document", "validate_receiver"]

ACTIVE, ACCEPTING, ACCEPTED, REFUSED = "active", "accepting", "accepted", "refused"
_SURRENDERED = frozenset({Status.SURRENDERED_FOR_DELIVERY, Status.SURRENDERED_FOR_AMENDMENT})
NOTICES = frozenset({ActionCode.ENDORSE, ActionCode.ENDORSE_TO_ORDER, ActionCode.SACC})
_TRIES = 10


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
    files: frozenset[str] = field(compare=False)
    incoming: tuple[str, str] | None
    """Id and state of the transfer with this last entry."""


# --- Judging ---------------------------------------------------------------------------------------------------------


def _seen(connection: Connection, host: Host, envelope: Mapping[str, Any], title: str, content: str) -> _Seen:
    document = envelope.get("transportDocument")
    carrier, reference, version = titles.identity(document if isinstance(document, Mapping) else {})
    held = titles.find_either(connection, title, reference, carrier)
    row = _incoming(connection, content)
    here = files.present(host.files, title)
    if held is not None and held.id != title and _succeeded(held, version):
        known = Known(documents=here)
    elif held is not None:
        known = Known(
            chain=held.signed,
            document_checksum=held.id,
            version=held.version,
            status=held.title.status,
            at=held.at,
            documents=here,
        )
    else:
        known = Known(documents=here)
    registries = frozenset(host.peers().registries)
    known = replace(known, settled=_settled(row), registries=registries)
    return _Seen(title, content, known, held, here, None if row is None else (row.id, row.state))


def _succeeded(held: Held, version: str) -> bool:
    """Whether another document of the same reference may stand beside this one: it ended by an amendment or by a switch
    to paper; or it is elsewhere, and what comes is another version of it."""
    if held.at == titles.ENDED:
        return held.title.status in (Status.VOID, Status.PAPER)
    return held.at == titles.AWAY and version != held.version


def _settled(row: StoreRow[Any] | None) -> dict[str, Settled]:
    if row is None or row.state not in (ACCEPTED, REFUSED):
        return {}
    outcome = Outcome.RECE if row.state == ACCEPTED else Outcome.BENV
    return {row.content: Settled(outcome, row.entry, tuple(orjson.loads(row.received)))}


def _incoming(connection: Connection, content: str, *, lock: bool = False) -> StoreRow[Any] | None:
    return connection.execute(_LOCK_CONTENT if lock else _OF_CONTENT, {"last": content}).one_or_none()


_OF_CONTENT = select(tables.incoming).where(tables.incoming.c.content == bindparam("last"))
_LOCK_CONTENT = _OF_CONTENT.with_for_update()


async def _judge(host: Host, caller: Caller, envelope: Mapping[str, Any]) -> tuple[Judgement, _Seen]:
    title, content = _names(envelope)
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
    return _within_limits(host, _for_users(host, _noticed(judgement, envelope, seen))), seen


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


def _noticed(judgement: Judgement, envelope: Mapping[str, Any], seen: _Seen) -> Judgement:
    """A notice that comes after what followed it: its entry is in the chain that is here, so that it was received."""
    if judgement.outcome is not Outcome.DISE or seen.held is None:
        return judgement
    known = {content_checksum(each): each for each in seen.held.signed}
    entry = known.get(judgement.last_content)
    if entry is None or titles.read_entry(entry).transactions[-1].action_code not in NOTICES:
        return judgement
    found = (finding("pint.duplicate"),)
    return replace(judgement, outcome=Outcome.DUPE, findings=found, settled=Settled(Outcome.RECE, entry))


def _for_users(host: Host, judgement: Judgement) -> Judgement:
    """A carrier gets possession by a surrender only: of what is transferred to it, it could do nothing."""
    if judgement.outcome not in (None, Outcome.RECE) or judgement.chain is None or judgement.recipient is None:
        return judgement
    surrendered = judgement.possession and judgement.chain.title.status in _SURRENDERED
    if surrendered or user_account(host, judgement.recipient) is not None:
        return judgement
    found = finding("pint.unknown-recipient", "/envelopeTransferChain", found=judgement.recipient.party_name)
    return replace(judgement, outcome=Outcome.BENV, findings=(found,))


def _within_limits(host: Host, judgement: Judgement) -> Judgement:
    """A document that is declared larger than what is taken can never come: the transfer cannot succeed."""
    if judgement.outcome not in (None, Outcome.RECE) or judgement.manifest is None:
        return judgement
    limit = host.limits.file
    large = [each for each in judgement.manifest.declared if each.size > limit]
    if not large:
        return judgement
    found = finding(
        "pint.too-large", "/supportingDocuments", found=f"{large[0].size} bytes", expected=f"at most {limit} bytes"
    )
    return replace(judgement, outcome=Outcome.BENV, findings=(found,))


# --- POST envelopes --------------------------------------------------------------------------------------------------


async def start(host: Host, caller: Caller, data: bytes) -> Said:
    """`POST /v3/envelopes`."""
    envelope = json_or_finding(data)
    if isinstance(envelope, Finding):
        return refused(replace(envelope, status=400))
    stranger = _stranger(caller, envelope)
    if stranger is not None:
        return refused(stranger)
    return await _decide(host, caller, envelope)


def _stranger(caller: Caller, envelope: Mapping[str, Any]) -> Finding | None:
    """Whether the last entry claims to be of another platform than the one that sends it (rule 4)."""
    chain = envelope.get("envelopeTransferChain")
    last = seal.peek(chain[-1]) if isinstance(chain, list) and chain and isinstance(chain[-1], str) else None
    claimed = last.get("eblPlatform") if isinstance(last, dict) else None
    if claimed is None or claimed == caller.code:
        return None
    return finding("pint.not-the-sender", "/envelopeTransferChain", found=claimed, expected=caller.code)


async def _decide(host: Host, caller: Caller, envelope: dict[str, Any], *, finishing: bool = False) -> Said:
    """Judge, write down, say. `finishing`: the sender believes that nothing is missing."""
    for _ in range(_TRIES):
        judgement, seen = await _judge(host, caller, envelope)
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
        if seen.incoming is not None and seen.incoming[1] == ACCEPTING:
            return await _too_late(host, caller, envelope, judgement, seen)
        await host.do(lambda connection: _kill(connection, host, caller, envelope, judgement, seen))
        await host.step(steps.RECEIVE_REFUSED)
    return _signed(host, judgement, outcome)


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
    reference = await host.do(lambda connection: _keep(connection, host, caller, envelope, judgement, seen, ACTIVE))
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
    if (now.held, now.incoming, now.known.settled) != (seen.held, seen.incoming, seen.known.settled):
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
    refused_now = state == REFUSED
    documents = [] if refused_now or judgement.manifest is None else judgement.manifest.declared
    values: dict[str, Any] = {
        "entry_checksum": judgement.last_checksum,
        "entry": envelope["envelopeTransferChain"][-1],
        "title": seen.title,
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
    if chain.registry is not None and judgement.possession:
        refusing = await _registry_accepts(host, caller, envelope, judgement, seen, chain.registry)
        if refusing is not None:
            return refusing
        seen = replace(seen, incoming=(seen.incoming[0] if seen.incoming else _reference(host, seen), ACCEPTING))
    else:
        await host.step(steps.RECEIVE_ACCEPTING)
    received = [each.document_checksum for each in judgement.manifest.declared]
    said = answer(Outcome.RECE, judgement.last_checksum, host.key, received=received)
    await host.do(lambda connection: _take(connection, host, caller, envelope, judgement, seen, said))
    host.wake()
    await host.step(steps.RECEIVE_ACCEPTED)
    return Said(HTTP_STATUS[Outcome.RECE], said)


def _reference(host: Host, seen: _Seen) -> str:
    return transfers.derived("env", host.code, seen.content)


async def _registry_accepts(
    host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen, base: str
) -> Said | None:
    """Rule 3. None: the registry has accepted."""
    await host.do(lambda connection: _keep(connection, host, caller, envelope, judgement, seen, ACCEPTING))
    seen = replace(seen, incoming=(_reference(host, seen), ACCEPTING))
    await host.step(steps.RECEIVE_ACCEPTING)
    word = await registry.accepted(host, base, seen.title, seen.content)
    if word.stand is registry.Stand.ACCEPTED:
        await host.step(steps.RECEIVE_REGISTERED)
        return None
    if word.stand in (registry.Stand.SILENT, registry.Stand.OPEN):
        return refused(finding("pint.registry-silent", found=word.reason))
    found = finding("pint.not-in-registry", "/envelopeTransferChain/0/controlTrackingRegistry", found=word.stand)
    dead = replace(judgement, outcome=Outcome.BENV, findings=(found,))
    await host.do(lambda connection: _kill(connection, host, caller, envelope, dead, seen))
    await host.step(steps.RECEIVE_REFUSED)
    return _signed(host, dead, Outcome.BENV)


async def _too_late(host: Host, caller: Caller, envelope: dict[str, Any], judgement: Judgement, seen: _Seen) -> Said:
    """What would be refused today was being accepted when the process was killed: the registry decides, and what it has
    given to this platform is taken. It alone can say that the entry may be killed."""
    chain = judgement.chain
    if chain is None or chain.registry is None or judgement.manifest is None:
        return refused(finding("pint.busy"))
    return await _accepted(host, caller, envelope, replace(judgement, outcome=Outcome.RECE), seen)


def _take(
    connection: Connection,
    host: Host,
    caller: Caller,
    envelope: dict[str, Any],
    judgement: Judgement,
    seen: _Seen,
    said: str,
) -> None:
    """The title is here, with its chain, the answer and what follows from it: one transaction."""
    chain, manifest = judgement.chain, judgement.manifest
    if chain is None or manifest is None:
        raise ValueError("an envelope is taken with its chain and manifest only")
    _keep(connection, host, caller, envelope, judgement, seen, ACCEPTED, said=said)
    titles.add_files(connection, chain.document_checksum, manifest.declared, caller.code)
    before = seen.held if seen.held is not None and seen.held.id == chain.document_checksum else None
    made = _held(host, envelope, chain, before)
    if judgement.possession:
        made = replace(made, at=titles.HERE, account=account_or_carrier(host, chain.title.possessor))
    else:
        made = replace(made, at=titles.ENDED if chain.title.ended else titles.AWAY)
    kind = "title.received" if judgement.possession else "title.noticed"
    written = titles.write(connection, host, kind, made, before)
    if judgement.possession and chain.title.status in _SURRENDERED:
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
    await files.keep(host.files, row.title, arrived)
    await host.step(steps.RECEIVE_DOCUMENT_KEPT)
    return Said(204)


# --- PUT finish-transfer, POST receiver-validation, and the start of a process ---------------------------------------


async def finish(host: Host, caller: Caller, reference: str) -> Said:
    """`PUT /v3/envelopes/{reference}/finish-transfer`."""
    row = await _transfer_of(host, caller, reference)
    if row is None:
        return refused(finding("pint.unknown-envelope", found=reference))
    if row.state == REFUSED:
        return _dead(host, row)
    return await _decide(host, caller, orjson.loads(row.envelope), finishing=True)


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


async def resume(host: Host) -> None:
    """Finish what was being accepted when the process was killed (rule 3). The registry may have accepted it already:
    then nobody else will ever have it."""
    query = select(tables.incoming).where(tables.incoming.c.state == ACCEPTING)
    for row in await host.ask(lambda connection: connection.execute(query).all()):
        await _decide(host, Caller(row.sender, Role.PLATFORM), orjson.loads(row.envelope), finishing=True)
