"""The document that an event or a forward is about, as it stands in the store."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from schemas.life import Parties, Standing, State


def subject_of(connection: Connection, document_id: str, *, lock: bool = False) -> Row[*tuple[Any, ...]] | None:
    """The document's row, with the digest and media type of its bytes. `lock`: nobody else may change it meanwhile."""
    query = (
        select(t.documents, t.messages.c.bytes_digest, t.messages.c.media_type)
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(t.documents.c.id == document_id)
    )
    if lock:
        query = query.with_for_update(of=t.documents)
    return connection.execute(query).first()


def standings_of(connection: Connection, document_id: str) -> dict[str, Standing]:
    """Where it stands at each recipient."""
    rows = connection.execute(
        select(t.standings.c.recipient, t.standings.c.state, t.standings.c.sequence).where(
            t.standings.c.document_id == document_id
        )
    )
    return {row.recipient: Standing(State(row.state), row.sequence) for row in rows}


def parties_of(subject: Any, standings: dict[str, Standing]) -> Parties:
    return Parties(sender=subject.sender, issuer=subject.issuer, recipients=frozenset(standings))
