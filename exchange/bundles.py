"""Evidence as one file (`tradebridge.evidence.bundle`), made when it is asked for, signed once.

1. What is in it is what `GET .../evidence` gives to the same caller: a recipient sees nothing of other recipients.
2. For one checkpoint and one caller it has the same bytes each time. What is on the log is fixed by the checkpoint; of
   what is not (delivery notes, acknowledgements, the trust list of the day) it is kept what there was the first time.
   Who wants what came since asks for the newest checkpoint. Only where a key of the hub was in other hands, as is known
   since, or the one that signed has ended and nobody whom the list of today believes dates the signature before that,
   it is made anew, with the list of today: nobody would believe the old one.
3. Its signature is kept by the manifest that it is over, and the signature's timestamp by the signature. The same files
   therefore carry the same ones, also where the key draws a random number for each. A timestamp is asked for once, and
   waited for a moment: a bundle waits for no authority that is away.
4. It is signed by the key in use when it is first made, at the time of then: a key vouches for nothing before its own
   certificate begins. The clock may have gone back since; the time is never before that of the checkpoint inside.
"""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import titles
from exchange.authorities import lists_for
from exchange.store import queries
from exchange.store import tables as t
from exchange.store.queries import Evidence, Stored
from tradebridge.evidence import canonical, cms
from tradebridge.evidence.bundle import PURPOSE, Rendition, close_bundle, contents_of, manifest_of
from tradebridge.evidence.file import read_record
from tradebridge.evidence.listing import Listing, text_of
from tradebridge.evidence.receipts import read_note
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.seen import dated
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.timestamps import Timestamp
from tradebridge.evidence.trust import TrustList

if TYPE_CHECKING:
    from exchange.hub import Hub

LOOK_SECONDS = 0.2
STAMP_SECONDS = 3.0
"""How long the first bundle of its kind waits for its timestamp."""


def evidence_of(hub: "Hub", stored: Stored, member: str | None) -> dict[str, Any]:
    """`tradebridge-evidence/1` of a document, as `member` may see it (None: the operator), without the trust list. The
    hub signs that these are all the messages as of now."""
    moment = hub.clock.now()  # before the look: what comes meanwhile is not in it
    with hub.database.reading.connect() as connection:
        evidence = _evidence(connection, hub, stored, member).form
        delivered = queries.delivered(connection, stored)
        evidence |= _lists(connection, stored, evidence, delivered)
    listing = Listing(
        document_id=evidence["document"]["id"],
        content_digest=evidence["document"]["contentDigest"],
        member=member or "",
        messages=tuple(each["messageId"] for each in evidence["messages"]),
        checkpoint=text_of(evidence["checkpoint"]),
        time=moment,
        space=hub.space,
        simulated=hub.simulated,
    )
    return evidence | {"deliveries": _told(delivered), "listing": listing.sign(hub.keys.signer)}


def _evidence(
    connection: Connection, hub: "Hub", stored: Stored, member: str | None, *, newest: bool = False
) -> Evidence:
    """Of a bill of lading with the title's chain, for who may see that."""
    held = titles.of_document(connection, str(stored.summary["id"]))
    of_title = held is None or titles.sees(hub, held, member)
    evidence = queries.evidence(connection, stored, member, of_title=of_title, newest=newest)
    if held is not None and of_title:
        evidence.form["title"] = titles.evidence_of(connection, held)
    return evidence


def _lists(connection: Connection, stored: Stored, form: Mapping[str, Any], rows: Sequence[Any]) -> dict[str, Any]:
    """The revocation lists by which its signatures hold: of who handed something in, of its issuer, and of recipients
    that acknowledged it. `rows`: the deliveries that are told."""
    said = [read_record(b64decode(each["record"])) for each in form["messages"]]
    known = [each for each in said if not isinstance(each, Finding)]
    issuer = str(stored.summary["issuer"] or "")
    named = {(name, rfc3339(each.time)) for each in known for name in (each.member, issuer)}
    named |= {(row.recipient, row.settled_at) for row in rows if row.acknowledgement is not None}
    lists = lists_for(connection, named)
    return {"revocations": [b64encode(each).decode("ascii") for each in lists]} if lists else {}


def _told(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"recipient": row.recipient, "note": row.note, "acknowledgement": row.acknowledgement} for row in rows]


async def until_on_record(hub: "Hub", stored: Stored, member: str | None, seconds: float) -> None:
    """Wait until all that `member` sees of the document stands in a checkpoint that enough witnesses have cosigned, or
    until the seconds are over."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(_is_on_record, hub, stored, member) and time.monotonic() < end:
        await asyncio.sleep(LOOK_SECONDS)


def _is_on_record(hub: "Hub", stored: Stored, member: str | None) -> bool:
    with hub.database.reading.connect() as connection:
        evidence = _evidence(connection, hub, stored, member)
    placed = all(message["inclusion"] for message in evidence.form["messages"])
    return placed and (evidence.covered or not hub.registry.observers.witnesses)


async def bundle_of(hub: "Hub", stored: Stored, member: str | None, *, newest: bool = False) -> bytes:
    """The bundle of one document, for who may see what `stored` shows. `newest`: for the newest checkpoint."""
    moment = hub.clock.now()
    read = await asyncio.to_thread(_read, hub, stored, member, newest)
    first = read.first
    if first is None or _is_believed_no_more(first.trust, hub.registry.trust):
        first = await _keep(hub, stored, member, read)
    files, manifest = await _files(hub, stored, read, first)
    kept, now = await hub.ask(lambda connection: _kept(connection, manifest)), hub.registry.trust
    if kept is not None and first.trust != now and _holds_no_more(*kept, manifest, now):
        files, manifest = await _files(hub, stored, read, await _keep(hub, stored, member, read, anew=True))
        kept = await hub.ask(lambda connection: _kept(connection, manifest))
    return close_bundle(files, manifest, *(kept or await _sign(hub, manifest, moment, read.evidence.at)))


async def _files(
    hub: "Hub", stored: Stored, read: "_Read", first: "_First"
) -> tuple[tuple[tuple[str, bytes], ...], bytes]:
    """What is in it, and the manifest over that."""
    rows = [_as_at_first(row, first.deliveries) for row in read.delivered if row.id in first.deliveries]
    lists = await hub.ask(lambda connection: _lists(connection, stored, read.evidence.form, rows))
    evidence = read.evidence.form | lists | {"deliveries": _told(rows), "simulated": hub.simulated}
    files = await asyncio.to_thread(contents_of, evidence, first.trust, _renditions(rows, first.trust))
    return files, manifest_of(files)


@dataclass(frozen=True, slots=True)
class _First:
    """What there was beside the log when the bundle was first made."""

    deliveries: Mapping[str, bool]
    """Delivery id to whether it was acknowledged."""
    trust: TrustList


@dataclass(frozen=True, slots=True)
class _Delivered:
    """One delivery as far as the bundle tells of it."""

    recipient: str
    note: str
    rendition: bytes | None
    acknowledgement: str | None
    settled_at: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    evidence: Evidence
    delivered: Sequence[Any]
    first: _First | None


def _read(hub: "Hub", stored: Stored, member: str | None, newest: bool) -> _Read:
    """In a thread: it is more than one look."""
    with hub.database.reading.connect() as connection:
        evidence = _evidence(connection, hub, stored, member, newest=newest)
        delivered = queries.delivered(connection, stored)
        return _Read(evidence, delivered, _first(connection, stored, member, evidence.size, hub.registry.trust))


def _first(connection: Connection, stored: Stored, member: str | None, size: int, now: TrustList) -> _First | None:
    """What was kept; `now` is the list of today, which as a rule is the same."""
    query = (
        select(t.bundled.c.deliveries, t.bundled.c.trust, t.bundled_lists.c.list)
        .join(t.bundled_lists, t.bundled_lists.c.digest == t.bundled.c.trust)
        .where(_is_of(stored, member, size))
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    same = row.trust == sha256(canonical.dumps(now.to_json())).hexdigest()
    return _First(orjson.loads(row.deliveries), now if same else TrustList.from_json(orjson.loads(row.list)))


def _is_of(stored: Stored, member: str | None, size: int) -> ColumnElement[bool]:
    row = t.bundled.c
    return and_(row.document_id == stored.summary["id"], row.member == (member or ""), row.size == size)


def _is_believed_no_more(then: TrustList, now: TrustList) -> bool:
    """Whether a key that the hub had on the list of then was in other hands, as is known only now; or was withdrawn
    since, where no authority dated what it had signed."""
    known = {key.kid: key for key in then.hub.keys}
    return any(
        (key.distrusted is not None and known[key.kid].distrusted is None)
        or (key.withdrawn is not None and known[key.kid].withdrawn is None and not then.authorities)
        for key in now.hub.keys
        if key.kid in known
    )


def _holds_no_more(signature: bytes, stamp: bytes | None, manifest: bytes, now: TrustList) -> bool:
    """Whether who goes by the list of now does not believe it: its key has ended, and by that list nobody dates it
    before. The authority was away when it was made, say, or is itself believed no more."""
    signed = cms.signer_of_detached(signature, manifest, PURPOSE, now)
    if isinstance(signed, Finding):
        return True
    if signed.key.withdrawn is None and signed.key.distrusted is None:
        return False
    told = dated(signature, stamp, now)
    return not isinstance(told, Timestamp) or signed.key.judge_time(signed.signed_at, told.at) is not None


async def _keep(hub: "Hub", stored: Stored, member: str | None, read: _Read, *, anew: bool = False) -> _First:
    """The first one stays: ours, or that of who was faster. `anew`: not one with another list than that of today."""
    now, size = hub.registry.trust, read.evidence.size
    listed = canonical.dumps(now.to_json())
    digest = sha256(listed).hexdigest()
    deliveries = {row.id: row.acknowledgement is not None for row in read.delivered}
    row = {
        "document_id": stored.summary["id"],
        "member": member or "",
        "size": size,
        "deliveries": orjson.dumps(deliveries).decode(),
        "trust": digest,
    }

    def keep(connection: Connection) -> _First:
        there = _first(connection, stored, member, size, now)
        if there is not None and (there.trust == now if anew else not _is_believed_no_more(there.trust, now)):
            return there
        known = select(t.bundled_lists.c.digest).where(t.bundled_lists.c.digest == digest)
        if connection.execute(known).first() is None:
            connection.execute(insert(t.bundled_lists), {"digest": digest, "list": listed.decode()})
        if there is None:
            connection.execute(insert(t.bundled), row)
            return _First(deliveries, now)
        connection.execute(update(t.bundled).where(_is_of(stored, member, size)).values(trust=digest))
        return _First(there.deliveries, now)

    try:
        return await hub.writer.do(keep)
    except IntegrityError:  # another process has kept the same at the same moment, or only the list
        return await hub.writer.do(keep)


def _as_at_first(row: Any, acknowledged: Mapping[str, bool]) -> _Delivered:
    taken = row.acknowledgement if acknowledged[row.id] else None
    return _Delivered(row.recipient, row.note, row.rendition, taken, row.settled_at)


def _renditions(rows: Sequence[_Delivered], trust: TrustList) -> tuple[Rendition, ...]:
    """With the media type that the hub's own note tells."""
    made = []
    for row in rows:
        note = read_note(row.note, trust, None)
        told = "" if isinstance(note, Finding) or note.rendition is None else note.rendition.media_type
        if row.rendition is not None:
            made.append(Rendition(row.recipient, told, row.rendition))
    return tuple(made)


async def _sign(hub: "Hub", manifest: bytes, looked: datetime, at: str | None) -> tuple[bytes, bytes | None]:
    """The signature over the manifest, and its timestamp if it has one. `looked`: just before it was read what there
    is; `at`: the time of the checkpoint."""
    moment = max(looked, (from_rfc3339(at) if at else None) or looked)
    made = cms.sign_detached(manifest, hub.keys.signer, moment)
    stamp = await _stamp(hub, made)
    rows = [{"manifest": sha256(manifest).hexdigest(), "signature": made}]
    if stamp is not None:
        rows.append({"manifest": sha256(made).hexdigest(), "signature": stamp})

    def keep(connection: Connection) -> tuple[bytes, bytes | None]:
        """The first one stays."""
        there = _kept(connection, manifest)
        if there is None:
            connection.execute(insert(t.bundles), rows)
        return there or (made, stamp)

    try:
        return await hub.writer.do(keep)
    except IntegrityError:  # another process has signed the same at the same moment
        there = await hub.ask(lambda connection: _kept(connection, manifest))
        return there or (made, stamp)


def _kept(connection: Connection, manifest: bytes) -> tuple[bytes, bytes | None] | None:
    signature = _over(connection, manifest)
    return None if signature is None else (signature, _over(connection, signature))


def _over(connection: Connection, data: bytes) -> bytes | None:
    """What is kept of a signature or timestamp over this."""
    query = select(t.bundles.c.signature).where(t.bundles.c.manifest == sha256(data).hexdigest())
    kept: bytes | None = connection.execute(query).scalar()
    return kept


async def _stamp(hub: "Hub", signature: bytes) -> bytes | None:
    if not hub.registry.observers.authorities:
        return None
    try:
        given = await asyncio.wait_for(hub.timestamp(signature), STAMP_SECONDS)
    except TimeoutError:
        return None
    return given[0] if given else None
