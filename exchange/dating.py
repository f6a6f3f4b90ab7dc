"""The time of one document, by somebody who is not the hub: an RFC 3161 timestamp over the bytes as received.

Whoever may see a document may ask for it. The first token stays: asked again, the answer is the same, and so is every
bundle that is made afterwards. It stands beside the document, in evidence and bundle: the bytes received are never
changed, so no signature in them is either (XAdES B-T puts the same token into an unsigned property).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange.store import tables as t
from exchange.store.queries import Stored
from schemas.findings import Finding, finding
from tradebridge.evidence.times import from_rfc3339, rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp that is kept."""

    at: datetime
    authority: str
    """Its name on the trust list when it was asked."""
    token: bytes
    """TimeStampResp, in DER."""
    made: bool
    """Now; not by an earlier request."""


async def stamp(hub: "Hub", stored: Stored) -> Stamp | Finding:
    """The timestamp of a document, from the first authority that gives one that holds; or why there is none."""
    document_id = str(stored.summary["id"])
    known = await hub.ask(lambda connection: kept(connection, document_id))
    if known is not None:
        return known
    authorities = hub.registry.observers.authorities
    if not authorities:
        return finding("timestamp.no-authority", found="none")
    given = await hub.timestamp(stored.data)
    if given is None:
        names = ", ".join(each.root.name for each in authorities)
        return finding("timestamp.unavailable", found=names, expected="a timestamp of one of them")
    token, told = given
    row = {"document_id": document_id, "at": rfc3339(told.at), "authority": told.authority, "token": token}

    def keep(connection: Connection) -> Stamp:
        """The first one stays."""
        there = kept(connection, document_id)
        if there is None:
            connection.execute(insert(t.stamps), row)
        return there or Stamp(told.at, told.authority, token, made=True)

    try:
        return await hub.writer.do(keep)
    except IntegrityError:  # another process asked at the same moment
        there = await hub.ask(lambda connection: kept(connection, document_id))
        return there or finding("timestamp.unavailable", found="none", expected="a timestamp")


def kept(connection: Connection, document_id: str) -> Stamp | None:
    row = connection.execute(select(t.stamps).where(t.stamps.c.document_id == document_id)).first()
    at = from_rfc3339(row.at) if row is not None else None
    return None if row is None or at is None else Stamp(at, row.authority, row.token, made=False)
