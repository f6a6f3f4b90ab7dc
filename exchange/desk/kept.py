"""What a desk itself keeps of a case: who works on it, and a decision that waits for a colleague."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from exchange.store import tables as t


def assignment(connection: Connection, member: str, document_id: str) -> Row[str, str] | None:
    """`person` and `name` of who works on it; None: nobody."""
    a = t.desk_assignments.c
    query = select(a.person, a.name).where(a.document_id == document_id, a.member == member)
    return connection.execute(query).first()


def proposal(connection: Connection, member: str, document_id: str, sequence: int) -> Row[Any] | None:
    """What is proposed at this sequence."""
    p = t.desk_proposals.c
    query = select(t.desk_proposals).where(p.document_id == document_id, p.member == member, p.sequence == sequence)
    return connection.execute(query).first()
