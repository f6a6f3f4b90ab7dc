"""The rows of titles: read, changed, shown.

1. A change is compare-and-set on the row's `sequence`, and is recorded with the host in the same transaction.
2. The title itself (`schemas.bill_of_lading.title`) is never stored: it is replayed from the document, the entries of
   the chain and the transactions that no entry has yet. The columns `status` and `possessor` are for lists.
3. A title is named by its carrier and that carrier's reference. Of several (an amended one, one issued again after
   paper) the operative one is found, else the newest.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as StoreRow

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import ActionCode, ChainEntry, DocumentMetadata, Party, Transaction
from schemas.bill_of_lading.title import Title, replay
from schemas.findings import Finding, finding
from tradebridge.ebl import seal, tables
from tradebridge.ebl.host import Host

HERE, SENDING, IN_DOUBT, AWAY, ENDED = "here", "sending", "in-doubt", "away", "ended"
OPERATIVE = frozenset({HERE, SENDING, IN_DOUBT})


class Moved(Exception):
    """The title was changed by somebody else meanwhile: read it again."""


class BrokenStore(RuntimeError):
    """A title in the store does not replay: the store was changed by other hands; restore it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One title as this platform has it."""

    id: str
    """Checksum of the transport document."""
    carrier: str
    reference: str
    version: str
    at: str
    account: str | None
    sequence: int
    document: dict[str, Any]
    issuance_manifest: str
    visualisation: DocumentMetadata | None
    registry: str | None
    signed: tuple[str, ...]
    pending: tuple[Transaction, ...]
    transfer: str | None
    ordinal: int
    updated_at: str
    control: str = ""
    """What the registry signed last of its being here, JWS; empty: nothing."""
    replaces: str = ""
    """Of a title that was issued here: id of the one in whose place, or `paper`, carrier and number; empty: none."""

    @property
    def entries(self) -> tuple[ChainEntry, ...]:
        return tuple(read_entry(each) for each in self.signed)

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """All that was done with it, up to now."""
        return (*(each for entry in self.entries for each in entry.transactions), *self.pending)

    @property
    def platforms(self) -> frozenset[str]:
        """All that had a part in it: of who did something with it, and of whom it was done for."""
        parties = ((each.actor, each.recipient) for each in self.transactions)
        return frozenset(party.ebl_platform for both in parties for party in both if party is not None)

    @property
    def title(self) -> Title:
        title = replay(self.document, self.transactions)
        if not isinstance(title, Title):
            raise BrokenStore(f"{self.reference}: {title[0].code}")
        return title


def read_entry(signed: str) -> ChainEntry:
    """An entry of the store, which was verified when it came."""
    entry = pint.read(ChainEntry, seal.peek(signed))
    if not isinstance(entry, ChainEntry):
        raise BrokenStore(f"a chain entry of the store cannot be read: {entry[0].code}")
    return entry


# --- Reading ---------------------------------------------------------------------------------------------------------


_IS_ITS_NUMBER = (tables.titles.c.reference == bindparam("known_as")) & (tables.titles.c.carrier == bindparam("by"))
_IS_IT = tables.titles.c.id == bindparam("title")
_OF_CARRIER = select(tables.titles).where(_IS_ITS_NUMBER)
_OF_EITHER = select(tables.titles).where(_IS_IT | _IS_ITS_NUMBER)
_OF_ID = select(tables.titles).where(_IS_IT)


def find(connection: Connection, reference: str, *, carrier: str, lock: bool = False) -> Held | None:
    """The operative title of a carrier's reference, else the newest (rule 3)."""
    query = _locked(_OF_CARRIER, lock)
    return _operative(connection.execute(query, {"known_as": reference, "by": carrier}).all())


def find_either(connection: Connection, title_id: str, reference: str, carrier: str) -> tuple[Held | None, bool]:
    """The title of this id; where there is none, what `find` finds. And whether another one of the number is operative:
    there is one at most."""
    rows = connection.execute(_OF_EITHER, {"title": title_id, "known_as": reference, "by": carrier}).all()
    held = _operative([row for row in rows if row.id == title_id] or rows)
    return held, any(row.id != title_id and row.at in OPERATIVE for row in rows)


def _operative(rows: Sequence[StoreRow[Any]]) -> Held | None:
    return held(max(rows, key=lambda row: (row.at in OPERATIVE, row.ordinal))) if rows else None


def named(
    connection: Connection, reference: str, carrier: str | None, sees: Callable[[Held], bool] = lambda _: True
) -> Held | Finding:
    """The title of this number, as people name it: the number is enough as long as one carrier alone has given it, of
    the titles that are seen."""
    query = select(tables.titles.c.carrier).where(tables.titles.c.reference == reference).distinct()
    carriers = sorted(connection.execute(query).scalars()) if carrier is None else [carrier]
    known = (find(connection, reference, carrier=each) for each in carriers)
    found = [each for each in known if each is not None and sees(each)]
    if len(found) > 1:
        of = ", ".join(each.carrier for each in found)
        return finding("title.several-carriers", found=of, expected="carrierCode with one of them")
    return found[0] if found else finding("title.unknown", found=reference)


def all_of(connection: Connection, reference: str) -> list[Held]:
    """Every title of a reference, in the order in which they came."""
    query = select(tables.titles).where(tables.titles.c.reference == reference).order_by(tables.titles.c.ordinal)
    return [held(row) for row in connection.execute(query)]


def in_the_place_of(connection: Connection, replaced: str) -> Held | None:
    """The title that was issued here in the place of this one, if any stands: not one that was refused elsewhere. Until
    the transaction ends nobody else looks: of a paper bill there is no row that could be locked."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer
        connection.execute(_LOCK_PLACE, {"place": f"in the place of {replaced}"})
    query = select(tables.titles).where(tables.titles.c.replaces == replaced).order_by(tables.titles.c.ordinal)
    found = [held(row) for row in connection.execute(query)]
    return next((each for each in found if each.at != ENDED or each.title.ended), None)


_LOCK_PLACE = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("place"), 0)))


def by_id(connection: Connection, title_id: str, *, lock: bool = False) -> Held | None:
    row = connection.execute(_locked(_OF_ID, lock), {"title": title_id}).one_or_none()
    return None if row is None else held(row)


def _locked(query: Select[Any], lock: bool) -> Select[Any]:
    return query.with_for_update() if lock else query


def held(row: StoreRow[Any]) -> Held:
    return Held(
        id=row.id,
        carrier=row.carrier,
        reference=row.reference,
        version=row.version,
        at=row.at,
        account=row.account,
        sequence=row.sequence,
        document=orjson.loads(row.document),
        issuance_manifest=row.issuance_manifest,
        visualisation=None if row.visualisation is None else metadata_of(orjson.loads(row.visualisation)),
        registry=row.registry,
        signed=tuple(orjson.loads(row.signed)),
        pending=tuple(Transaction.model_validate(each) for each in orjson.loads(row.pending)),
        transfer=row.transfer,
        ordinal=row.ordinal,
        updated_at=row.updated_at,
        control=row.control,
        replaces=row.replaces,
    )


def metadata_of(value: Mapping[str, Any]) -> DocumentMetadata:
    return DocumentMetadata.model_validate(value)


def identity(document: Mapping[str, Any]) -> tuple[str, str, str]:
    """Carrier code, reference and version of a transport document."""
    return (
        str(document.get("carrierCode", ""))[:40],
        str(document.get("transportDocumentReference", ""))[:20],
        str(document.get("transportDocumentSubReference") or "")[:100],
    )


# --- Writing ---------------------------------------------------------------------------------------------------------


def write(connection: Connection, host: Host, kind: str, made: Held, before: Held | None, *, proof: str = "") -> Held:
    """Put a title into the store, or change it (rule 1). `proof`: the JWS that says so, where it is not the chain's
    last entry. Raises `Moved`."""
    title = made.title
    made = replace(made, updated_at=pint.written(host.now()))
    if before is None:
        made = replace(made, ordinal=1 + _count(connection, made.reference))
        connection.execute(insert(tables.titles), _columns(made, title))
    else:
        made = replace(made, sequence=max(before.sequence + 1, made.sequence), ordinal=before.ordinal)
        values = _columns(made, title) | {"title": before.id, "seen": before.sequence}
        if connection.execute(_CHANGE, values).rowcount != 1:
            raise Moved(before.reference)
    host.recorded(connection, kind, record(host, made, title, proof or (made.signed[-1] if made.signed else "")))
    return made


_CHANGE = update(tables.titles).where(_IS_IT & (tables.titles.c.sequence == bindparam("seen")))


def _count(connection: Connection, reference: str) -> int:
    return int(connection.execute(_COUNT, {"known_as": reference}).scalar_one())


_COUNT = select(func.count()).select_from(tables.titles).where(tables.titles.c.reference == bindparam("known_as"))


def _columns(made: Held, title: Title) -> dict[str, Any]:
    return {
        "id": made.id,
        "carrier": made.carrier,
        "reference": made.reference,
        "version": made.version,
        "at": made.at,
        "status": title.status.value,
        "possessor": text_of(pint.to_json(title.possessor)),
        "account": made.account,
        "sequence": made.sequence,
        "document": text_of(made.document),
        "issuance_manifest": made.issuance_manifest,
        "visualisation": None if made.visualisation is None else text_of(pint.to_json(made.visualisation)),
        "registry": made.registry,
        "signed": text_of(list(made.signed)),
        "pending": text_of([pint.to_json(each) for each in made.pending]),
        "transfer": made.transfer,
        "ordinal": made.ordinal,
        "updated_at": made.updated_at,
        "control": made.control,
        "replaces": made.replaces,
    }


def text_of(value: Any) -> str:
    """JSON for a column, and to be sent."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a whole number of more than 64 bits: JSON has it, orjson has not
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def record(host: Host, made: Held, title: Title, proof: str) -> dict[str, Any]:
    """What the host takes note of, at every change of a title."""
    last = made.pending[-1] if made.pending else read_entry(made.signed[-1]).transactions[-1]
    return {
        "reference": made.reference,
        "version": made.version,
        "carrier": made.carrier,
        "transportDocumentChecksum": made.id,
        "sequence": made.sequence,
        "at": made.at,
        "status": title.status.value,
        "possessor": pint.to_json(title.possessor),
        "account": made.account,
        "transaction": pint.to_json(last),
        "signed": proof,
        "platform": host.code,
        "transfer": made.transfer,
        "transportDocument": made.document,
    }


def files_of(connection: Connection, title_id: str) -> tuple[DocumentMetadata, ...]:
    """The additional documents of a title that are here."""
    rows = connection.execute(_FILES, {"of": title_id})
    return tuple(
        DocumentMetadata(name=row.name, size=row.size, media_type=row.media_type, document_checksum=row.checksum)
        for row in rows
    )


_FILES = select(tables.files).where(tables.files.c.title == bindparam("of")).order_by(tables.files.c.checksum)


def add_files(connection: Connection, title_id: str, documents: Sequence[DocumentMetadata], source: str) -> None:
    """Note that these are here; the files themselves are on the disk already."""
    if not documents:
        return
    known = {each.document_checksum for each in files_of(connection, title_id)}
    named = {each.document_checksum: each for each in reversed(documents) if each.document_checksum not in known}
    rows = [
        {
            "title": title_id,
            "checksum": each.document_checksum,
            "name": each.name,
            "size": int(each.size),
            "media_type": each.media_type,
            "source": source,
        }
        for each in named.values()
    ]
    if rows:
        connection.execute(insert(tables.files), rows)


# --- Showing ---------------------------------------------------------------------------------------------------------


def listed(connection: Connection, *, account: str | None = None, at: str | None = None) -> list[dict[str, Any]]:
    """All titles, the newest change first: what `GET /v1/titles` has as items."""
    query = select(tables.titles).order_by(tables.titles.c.updated_at.desc(), tables.titles.c.reference)
    if account is not None:
        query = query.where(tables.titles.c.account == account)
    if at is not None:
        query = query.where(tables.titles.c.at == at)
    return [summary(held(row)) for row in connection.execute(query)]


def summary(held_: Held) -> dict[str, Any]:
    """Where a title stands."""
    title = held_.title
    return {
        "transportDocumentReference": held_.reference,
        "transportDocumentSubReference": held_.version or None,
        "transportDocumentChecksum": held_.id,
        "carrierCode": held_.carrier,
        "at": held_.at,
        "sequence": held_.sequence,
        "kind": title.kind.value,
        "status": title.status.value,
        "possessor": _party(title.possessor),
        "inTrust": title.in_trust,
        "endorsee": _party(title.endorsee),
        "blank": title.blank,
        "carrier": _party(title.carrier),
        "surrenderedBy": _party(title.surrendered_by),
        "replaces": title.replaces or None,
        "account": held_.account,
        "controlTrackingRegistry": held_.registry,
        "transfer": held_.transfer,
        "updatedAt": held_.updated_at,
    }


def shown(connection: Connection, held_: Held) -> dict[str, Any]:
    """`GET /v1/titles/{reference}`: the summary with the additional documents and the transfers."""
    rows = connection.execute(
        select(tables.transfers)
        .where(tables.transfers.c.title == held_.id)
        .order_by(
            tables.transfers.c.created_at, tables.transfers.c.action != ActionCode.ISSUE.value, tables.transfers.c.id
        )
    )
    return {
        **summary(held_),
        "documents": [pint.to_json(each) for each in files_of(connection, held_.id)],
        "transfers": [transfer_shown(row) for row in rows],
    }


def transfer_shown(row: StoreRow[Any]) -> dict[str, Any]:
    """`GET /v1/transfers/{id}`."""
    return {
        "id": row.id,
        "transportDocumentReference": row.reference,
        "transportDocumentChecksum": row.title,
        "to": row.receiver,
        "purpose": row.purpose,
        "action": row.action,
        "state": row.state,
        "attempts": row.attempts,
        "lastError": row.last_error or None,
        "entryChecksum": row.entry_checksum,
        "controlTrackingRegistry": row.registry,
        "answer": row.answer,
        "createdAt": row.created_at,
        "settledAt": row.settled_at,
    }


def chain_shown(held_: Held) -> dict[str, Any]:
    """`GET /v1/titles/{reference}/chain`: what was signed, read out, with the document and the title's state."""
    return {
        "transportDocument": held_.document,
        "transportDocumentChecksum": held_.id,
        "issuanceManifestSignedContent": held_.issuance_manifest,
        "envelopeTransferChain": list(held_.signed),
        "entries": [pint.to_json(each) for each in held_.entries],
        "unsigned": [pint.to_json(each) for each in held_.pending],
        "transactions": [pint.to_json(each) for each in held_.transactions],
        "state": summary(held_),
    }


def _party(party: Party | None) -> dict[str, Any] | None:
    return None if party is None else pint.to_json(party)
