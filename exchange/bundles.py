"""Evidence as one file (`tradebridge.evidence.bundle`), made when it is asked for, signed once.

1. What is in it is what `GET .../evidence` gives to the same caller: a recipient sees nothing of other recipients.
2. Its signature is kept by the manifest that it is over. The same files therefore carry the same signature, whoever
   asks and however often, also where the key draws a random number for each.
3. The time of the signature is that of the checkpoint in it: the file tells of nothing later.
"""

import asyncio
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import observers, titles
from exchange.store import queries
from exchange.store import tables as t
from tradebridge.evidence import cms
from tradebridge.evidence.bundle import Rendition, close_bundle, contents_of, manifest_of
from tradebridge.evidence.receipts import read_note
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.times import from_rfc3339
from tradebridge.evidence.trust import TrustList

if TYPE_CHECKING:
    from exchange.hub import Hub

LOOK_SECONDS = 0.2


def evidence_of(hub: "Hub", stored: queries.Stored, member: str | None) -> dict[str, Any]:
    """`tradebridge-evidence/1` of a document, as `member` may see it (None: the operator), without the trust list."""
    with hub.database.reading.connect() as connection:
        return _evidence(connection, hub, stored, member)


def _evidence(connection: Connection, hub: "Hub", stored: queries.Stored, member: str | None) -> dict[str, Any]:
    """Of a bill of lading with the title's chain, for who may see that."""
    held = titles.of_document(connection, str(stored.summary["id"]))
    of_title = held is None or titles.sees(hub, held, member)
    evidence = queries.evidence(connection, stored, member, of_title=of_title)
    if held is not None and of_title:
        evidence["title"] = titles.evidence_of(connection, held)
    return evidence


async def until_on_record(hub: "Hub", stored: queries.Stored, member: str | None, seconds: float) -> None:
    """Wait until all that `member` sees of the document stands in a checkpoint that enough witnesses have cosigned, or
    until the seconds are over."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(_is_on_record, hub, stored, member) and time.monotonic() < end:
        await asyncio.sleep(LOOK_SECONDS)


def _is_on_record(hub: "Hub", stored: queries.Stored, member: str | None) -> bool:
    with hub.database.reading.connect() as connection:
        positions = [each["leafIndex"] for each in _evidence(connection, hub, stored, member)["messages"]]
        return None not in positions and (
            not hub.registry.observers.witnesses or observers.covering(connection, positions) is not None
        )


async def bundle_of(hub: "Hub", stored: queries.Stored, member: str | None) -> bytes:
    """The bundle of one document, for who may see what `stored` shows."""
    trust = hub.registry.trust
    evidence, renditions, at = await asyncio.to_thread(_read, hub, stored, member)
    files = contents_of(evidence | {"simulated": hub.simulated}, trust, renditions)
    manifest = manifest_of(files)
    signature = await _signature(hub, manifest, at)
    return close_bundle(files, manifest, signature)


def _read(
    hub: "Hub", stored: queries.Stored, member: str | None
) -> tuple[dict[str, Any], tuple[Rendition, ...], str | None]:
    """Evidence, renditions, and the time of the checkpoint; in a thread: it is more than one look."""
    query = select(t.deliveries.c.recipient, t.deliveries.c.note, t.deliveries.c.rendition).where(
        t.deliveries.c.document_id == stored.summary["id"], t.deliveries.c.rendition.is_not(None)
    )
    if stored.only_for is not None:
        query = query.where(t.deliveries.c.recipient == stored.only_for)
    newest = select(t.checkpoints.c.at).order_by(t.checkpoints.c.size.desc()).limit(1)
    with hub.database.reading.connect() as connection:
        evidence = _evidence(connection, hub, stored, member)
        rows = connection.execute(query.order_by(t.deliveries.c.id)).all()
        kept = observers.covering(connection, [message["leafIndex"] for message in evidence["messages"]])
        at = kept.at if kept else connection.execute(newest).scalar()
    return evidence, _renditions(rows, hub.registry.trust), at


def _renditions(rows: Sequence[Any], trust: TrustList) -> tuple[Rendition, ...]:
    """With the media type that the hub's own note tells."""
    notes = [read_note(row.note, trust, None) for row in rows]
    told = ["" if isinstance(note, Finding) or note.rendition is None else note.rendition.media_type for note in notes]
    return tuple(Rendition(row.recipient, media, row.rendition) for row, media in zip(rows, told, strict=True))


async def _signature(hub: "Hub", manifest: bytes, at: str | None) -> bytes:
    digest = sha256(manifest).hexdigest()
    known = select(t.bundles.c.signature).where(t.bundles.c.manifest == digest)
    kept: bytes | None = await hub.ask(lambda connection: connection.execute(known).scalar())
    if kept is not None:
        return kept
    moment = (from_rfc3339(at) if at else None) or hub.clock.now()
    made = cms.sign_detached(manifest, hub.keys.signer, moment)

    def keep(connection: Connection) -> bytes:
        """The first one stays."""
        there: bytes | None = connection.execute(known).scalar()
        if there is None:
            connection.execute(insert(t.bundles), {"manifest": digest, "signature": made})
        return there or made

    try:
        return await hub.writer.do(keep)
    except IntegrityError:  # another process has signed the same at the same moment
        return await hub.ask(lambda connection: connection.execute(known).scalar_one())
