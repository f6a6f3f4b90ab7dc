"""Transfers to other platforms in the store: how a title is locked for one, and how it ends.

1. The title is locked and the envelope stored whole in one transaction, before anybody hears of it.
2. A transfer of possession ends accepted (the title is away), refused or cancelled (it is here again, as before). Until
   then it is sending or in doubt, and nothing else can be done with the title.
3. With a registry a title that is issued to a user of this platform is on its way, too: to this platform itself, until
   the registry has it. Nobody can do anything with it before, and the carrier has not heard that it was issued.
4. A notice (ENDORSE*, SACC) locks nothing: its entry is in the chain at once, whatever its receiver says.
5. Every outcome is compare-and-set on the transfer's state: the first one holds.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as StoreRow

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import ActionCode, DocumentMetadata, Transaction
from schemas.findings import Finding
from tradebridge.ebl import tables, titles
from tradebridge.ebl.chain import content_checksum, first_entry, follow, issue_to
from tradebridge.ebl.envelope import Purpose, Transfer, make_envelope
from tradebridge.ebl.host import Host
from tradebridge.ebl.registry import Issued
from tradebridge.ebl.seal import Trusted, seal, take_apart
from tradebridge.ebl.titles import Held, text_of

SENDING, IN_DOUBT, ACCEPTED, REFUSED, CANCELLED = "sending", "in-doubt", "accepted", "refused", "cancelled"
OPEN = (SENDING, IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One transfer, as the courier drives it."""

    id: str
    title: str
    reference: str
    receiver: str
    purpose: Purpose
    content: str
    entry_checksum: str
    envelope: dict[str, Any]
    documents: tuple[DocumentMetadata, ...]
    registry: str | None
    issuance: str | None
    state: str
    attempts: int
    created_at: datetime

    def registers(self, platform: str) -> Issued | None:
        """What this platform registers the title with. None: another one has registered it, that of the first entry."""
        first = titles.read_entry(self.envelope["envelopeTransferChain"][0])
        manifest = first.issuance_manifest_signed_content
        if not manifest or first.ebl_platform != platform:
            return None
        carrier, issue = titles.identity(self.envelope["transportDocument"])[0], first.transactions[0]
        return Issued(manifest, carrier, issue.action_date_time, issue_to({"transactions": [pint.to_json(issue)]}))

    def known(self) -> Transfer:
        """What `envelope.judge_answer` has to know of it."""
        return Transfer(
            receiver=self.receiver,
            last_checksum=self.entry_checksum,
            last_entry=self.envelope["envelopeTransferChain"][-1],
            document_checksum=self.title,
            declared=tuple(each.document_checksum for each in self.documents),
            bsig_ends=self.registry is not None or self.purpose is Purpose.NOTICE,
        )


def outgoing(row: StoreRow[Any]) -> Outgoing:
    return Outgoing(
        id=row.id,
        title=row.title,
        reference=row.reference,
        receiver=row.receiver,
        purpose=Purpose(row.purpose),
        content=row.content,
        entry_checksum=row.entry_checksum,
        envelope=orjson.loads(row.envelope),
        documents=tuple(titles.metadata_of(each) for each in orjson.loads(row.documents)),
        registry=row.registry,
        issuance=row.issuance,
        state=row.state,
        attempts=row.attempts,
        created_at=datetime.fromisoformat(row.created_at),
    )


def by_id(connection: Connection, transfer_id: str) -> StoreRow[Any] | None:
    return connection.execute(_BY_ID, {"transfer": transfer_id}).one_or_none()


_BY_ID = select(tables.transfers).where(tables.transfers.c.id == bindparam("transfer"))


# --- Beginning -------------------------------------------------------------------------------------------------------


def entry_of(host: Host, held: Held, transactions: Sequence[Transaction]) -> str:
    """The signed entry of what was done here since the last one."""
    made = (*held.pending, *transactions)
    if held.signed:
        return follow(held.signed, made, host.key, host.code, held.id, held.visualisation)
    return first_entry(
        held.document,
        made,
        held.issuance_manifest,
        host.key,
        host.code,
        registry=held.registry,
        visualisation=held.visualisation,
        document_checksum=held.id,
    )


def hand_over(
    connection: Connection,
    host: Host,
    held: Held,
    transactions: Sequence[Transaction],
    receiver: str,
    supporting: Sequence[DocumentMetadata] = (),
    *,
    issuance: str | None = None,
    before: Held | None,
) -> tuple[Held, str]:
    """Lock the title, and store the envelope that moves possession to `receiver`. `before`: the row in the store; None
    where this also makes it. Raises `titles.Moved`."""
    entry = entry_of(host, held, transactions)
    action = (*held.pending, *transactions)[-1].action_code
    transfer_id = _stored(connection, host, held, entry, action, receiver, Purpose.POSSESSION, supporting, issuance)
    locked = replace(held, at=titles.SENDING, transfer=transfer_id)
    return titles.write(connection, host, "title.sending", locked, before, proof=entry), transfer_id


def notify(
    connection: Connection, host: Host, held: Held, transactions: Sequence[Transaction], receiver: str
) -> tuple[Held, str]:
    """The title with the entry that a notice brings, and the notice in the store. The caller writes the title."""
    entry = entry_of(host, held, transactions)
    action = (*held.pending, *transactions)[-1].action_code
    transfer_id = _stored(connection, host, held, entry, action, receiver, Purpose.NOTICE, (), None)
    return replace(held, signed=(*held.signed, entry), pending=()), transfer_id


def _stored(
    connection: Connection,
    host: Host,
    held: Held,
    entry: str,
    action: ActionCode,
    receiver: str,
    purpose: Purpose,
    supporting: Sequence[DocumentMetadata],
    issuance: str | None,
) -> str:
    signed = (*held.signed, entry)
    envelope = make_envelope(
        held.document,
        signed,
        host.key,
        visualisation=held.visualisation,
        supporting=tuple(supporting),
        document_checksum=held.id,
    )
    content = content_checksum(entry)
    transfer_id = f"tr_{content[:32]}"
    documents = (*((held.visualisation,) if held.visualisation else ()), *supporting)
    connection.execute(
        insert(tables.transfers),
        {
            "id": transfer_id,
            "title": held.id,
            "reference": held.reference,
            "receiver": receiver,
            "purpose": purpose.value,
            "action": action.value,
            "content": content,
            "entry_checksum": pint.signed_checksum(entry),
            "envelope": text_of(envelope),
            "documents": text_of([pint.to_json(each) for each in documents]),
            "registry": held.registry if purpose is Purpose.POSSESSION else None,
            "issuance": issuance,
            "state": SENDING,
            "attempts": 0,
            "last_error": "",
            "answer": None,
            "created_at": pint.written(host.now()),
            "settled_at": None,
            "next_at": 0.0,
            "leased_until": 0.0,
        },
    )
    return transfer_id


# --- Ending ----------------------------------------------------------------------------------------------------------


def accepted(connection: Connection, host: Host, sent: Outgoing, answer: str) -> bool:
    """The receiver has it: the title is away. False: the transfer had its outcome already."""
    if not _settle(connection, host, sent.id, ACCEPTED, answer):
        return False
    if sent.receiver == host.code:
        return _issued(connection, host, sent, answer)
    if sent.purpose is Purpose.POSSESSION:
        held = _locked(connection, sent)
        gone = replace(
            held,
            at=titles.AWAY,
            account=None,
            signed=tuple(sent.envelope["envelopeTransferChain"]),
            pending=(),
            transfer=None,
        )
        titles.write(connection, host, "title.handed-over", gone, held, proof=answer)
    return True


def _issued(connection: Connection, host: Host, sent: Outgoing, statement: str) -> bool:
    """The registry has the title, in this platform's control: it is issued, and here."""
    held = _locked(connection, sent)
    here = replace(held, at=titles.HERE, transfer=None, control=statement)
    titles.write(connection, host, "title.issued", here, held)
    return True


def returned(connection: Connection, host: Host, sent: Outgoing, state: str, answer: str, reason: str) -> bool:
    """The receiver has refused it for ever, or the registry has taken the cancellation: the title is here, as before.
    One that was only to be issued to another platform has then not been issued. False: it had its outcome already."""
    if not _settle(connection, host, sent.id, state, answer, reason):
        return False
    if sent.purpose is Purpose.POSSESSION:
        held = _locked(connection, sent)
        at = titles.HERE if sent.issuance is None else titles.ENDED
        titles.write(connection, host, "title.returned", replace(held, at=at, transfer=None), held, proof=answer)
    return True


def lost(connection: Connection, host: Host, sent: Outgoing, answer: str, reason: str) -> bool:
    """The registry has the title, and in another platform's control: it is away, though not by this transfer. `answer`:
    its statement. False: the transfer had its outcome already."""
    if not _settle(connection, host, sent.id, REFUSED, answer, reason):
        return False
    held = _locked(connection, sent)
    gone = replace(held, at=titles.AWAY, account=None, transfer=None)
    titles.write(connection, host, "title.lost", gone, held, proof=answer)
    return True


def taken_back(connection: Connection, title: str) -> frozenset[str]:
    """Content checksums of the entries of a title that its receiver refused, or that were called back: dead."""
    return frozenset(connection.execute(_TAKEN_BACK, {"of": title}).scalars())


_TAKEN_BACK = select(tables.transfers.c.content).where(
    (tables.transfers.c.title == bindparam("of"))
    & (tables.transfers.c.purpose == Purpose.POSSESSION.value)
    & tables.transfers.c.state.in_((REFUSED, CANCELLED))
)


def postponed(connection: Connection, host: Host, sent: Outgoing, error: str, next_at: float) -> None:
    """An attempt decided nothing. After enough of them the title is in doubt: asked for again, and never guessed."""
    attempts = sent.attempts + 1
    doubtful = attempts >= host.patience.attempts
    values: dict[str, Any] = {
        "attempts": attempts,
        "last_error": error[:1000],
        "next_at": next_at,
        "leased_until": 0.0,
        "state": IN_DOUBT if doubtful else sent.state,
    }
    where = (tables.transfers.c.id == sent.id) & tables.transfers.c.state.in_(OPEN)
    changed = connection.execute(update(tables.transfers).where(where).values(**values)).rowcount == 1
    if changed and doubtful and sent.state == SENDING and sent.purpose is Purpose.POSSESSION:
        held = _locked(connection, sent)
        titles.write(connection, host, "title.in-doubt", replace(held, at=titles.IN_DOUBT), held)


def signed_anew(connection: Connection, host: Host, sent: Outgoing) -> None:
    """The same envelope, its last entry and its manifest signed by the key that the platform has now: its content, and
    so what a receiver knows it by, stays. Nothing, where that key has signed it already."""
    chain = sent.envelope["envelopeTransferChain"]
    entry, manifest = take_apart(chain[-1]), take_apart(sent.envelope["envelopeManifestSignedContent"])
    if isinstance(entry, Finding) or isinstance(manifest, Finding):
        raise titles.BrokenStore(f"the envelope of {sent.id} cannot be read")
    if entry.verify(Trusted(host.code, (host.key.certificate,)), None) is None:
        return
    last = seal(entry.payload, host.key)
    named = manifest.claims | {"lastEnvelopeTransferChainEntrySignedContentChecksum": pint.signed_checksum(last)}
    envelope = {**sent.envelope, "envelopeManifestSignedContent": seal(named, host.key)}
    envelope["envelopeTransferChain"] = [*chain[:-1], last]
    where = (tables.transfers.c.id == sent.id) & tables.transfers.c.state.in_(OPEN)
    values = {"envelope": text_of(envelope), "entry_checksum": pint.signed_checksum(last)}
    connection.execute(update(tables.transfers).where(where).values(**values))


def _settle(connection: Connection, host: Host, transfer_id: str, state: str, answer: str, reason: str = "") -> bool:
    values = {"state": state, "answer": answer, "last_error": reason[:1000], "settled_at": pint.written(host.now())}
    return connection.execute(_SETTLE, values | {"transfer": transfer_id}).rowcount == 1


_SETTLE = update(tables.transfers).where(
    (tables.transfers.c.id == bindparam("transfer")) & tables.transfers.c.state.in_(OPEN)
)


def _locked(connection: Connection, sent: Outgoing) -> Held:
    held = titles.by_id(connection, sent.title, lock=True)
    if held is None or held.transfer != sent.id:
        raise titles.BrokenStore(f"{sent.reference} is not locked for the transfer {sent.id}")
    return held


def derived(prefix: str, *parts: object) -> str:
    """An id that only these parts give: the same in every run of a simulation, and unique where they are."""
    return f"{prefix}_{hashlib.sha256(':'.join(map(str, parts)).encode()).hexdigest()[:32]}"


def called(connection: Connection, host: Host, kind: str, carrier: str, path: str, body: Mapping[str, Any]) -> None:
    """Put a request to a carrier into the outbox; the courier makes it, and makes it again until it is taken."""
    connection.execute(
        insert(tables.calls).values(
            id=derived("call", kind, carrier, text_of(body), pint.written(host.now()), _calls(connection)),
            kind=kind,
            carrier=carrier,
            path=path,
            body=text_of(body),
            state="due",
            attempts=0,
            last_error="",
            created_at=pint.written(host.now()),
            next_at=0.0,
            leased_until=0.0,
        )
    )


def _calls(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(tables.calls)).scalar_one())
