"""The documents that a submitted one names, as far as the hub has them and its sender may see them.

1. Only what the submitting member itself sent, issued or received is looked at: no finding tells of a document of
   others, not even that it exists.
2. A document is named by number, and by its issuer where that is known. Of several that fit, the newest live one counts
   where they name this one (`backwards`); otherwise only one that is alone.
3. A document that names no others costs nothing; one that names some costs one look-up over indexed columns, and
   reading those that are there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from exchange.ledger import balances_of, given_back_by
from exchange.store import tables as t
from schemas.certificate.model import Certificate
from schemas.certificate.utilisation import EXACT, Balance, opening
from schemas.content import open_content
from schemas.findings import Finding
from schemas.registry import Document, Measured, Reference, Related, Relation, profile_of

MOST = 100
"""Documents looked at: more of one number are no honest numbers."""


@dataclass(frozen=True, slots=True)
class Held:
    """What was found: for the rules, and for the transaction that draws on an original."""

    related: Mapping[Relation, Related] = field(default_factory=dict)
    ids: Mapping[Relation, str] = field(default_factory=dict)
    """Of the documents found."""

    @property
    def original(self) -> tuple[str, Certificate] | None:
        """The original of a back-to-back certificate, by id."""
        found = self.related.get(Relation.ORIGINAL)
        if found is None or not isinstance(found.document, Certificate):
            return None
        return self.ids[Relation.ORIGINAL], found.document


def look_up(connection: Connection, member: str | None, references: Sequence[Reference]) -> Held:
    """What the hub has of these references, and `member` may see. None: the operator, who sees all."""
    candidates = _candidates(connection, references) if references else []
    if not candidates:
        return Held()
    seen = _visible(connection, member, candidates)
    rows = {each.relation: row for each in references if (row := _chosen(each, seen)) is not None}
    documents = {relation: _document(connection, row) for relation, row in rows.items()}
    related = {
        relation: Related(document, rows[relation].state, _left(connection, rows[relation], document))
        for relation, document in documents.items()
        if document is not None
    }
    ids = {relation: rows[relation].id for relation in related}
    return Held(_with_what_comes_back(connection, related, ids), ids)


def _candidates(connection: Connection, references: Iterable[Reference]) -> list[Any]:
    """Documents with one of these numbers, or that belong to one, newest first; whoever they belong to."""
    row = t.documents.c
    numbers = [each.number for each in references if not each.backwards]
    belonging = [each.number for each in references if each.backwards]
    named = [row.number.in_(numbers)] if numbers else []
    named += [row.belongs_to.in_(belonging)] if belonging else []
    columns = row.id, row.message_id, row.profile, row.number, row.identity, row.belongs_to, row.state
    query = select(*columns, row.sender, row.issuer).where(or_(*named))
    return list(connection.execute(query.order_by(row.row.desc()).limit(MOST)))


def _visible(connection: Connection, member: str | None, rows: list[Any]) -> list[Any]:
    others = [row.id for row in rows if member not in (None, row.sender, row.issuer)]
    standing = t.standings.c
    received = (
        set(
            connection.execute(
                select(standing.document_id).where(standing.document_id.in_(others), standing.recipient == member)
            ).scalars()
        )
        if others
        else set()
    )
    return [row for row in rows if row.id not in others or row.id in received]


def _chosen(reference: Reference, rows: list[Any]) -> Any:
    fitting = [row for row in rows if _fits(reference, row)]
    if reference.backwards:
        return next((row for row in fitting if row.state == "live"), None)
    return fitting[0] if len(fitting) == 1 else None


def _fits(reference: Reference, row: Any) -> bool:
    if not row.profile.startswith(reference.family_prefix):
        return False
    if reference.backwards:
        return bool(row.belongs_to == reference.number)
    family = row.profile.split("/")[0]
    known = reference.issued_by is None or row.identity == f"{family} {reference.issued_by} {reference.number}"
    return bool(row.number == reference.number and known)


def _document(connection: Connection, row: Any) -> Document | None:
    data = connection.execute(select(t.messages.c.bytes).where(t.messages.c.id == row.message_id)).scalar_one()
    profile, content = profile_of(row.profile), open_content(data)
    return None if profile is None or isinstance(content, Finding) else profile.decode(content).document


def _left(connection: Connection, row: Any, document: Document | None) -> Mapping[int, Measured] | None:
    """What is left of a certificate; None for what has no ledger."""
    if not isinstance(document, Certificate):
        return None
    balances = balances_of(connection, row.id) or opening(document)
    return {number: balance.left for number, balance in balances.items()}


def _with_what_comes_back(
    connection: Connection, related: Mapping[Relation, Related], ids: Mapping[Relation, str]
) -> Mapping[Relation, Related]:
    """In the place of a back-to-back certificate that is replaced, what that one drew may be drawn again."""
    original, replaced = related.get(Relation.ORIGINAL), ids.get(Relation.REPLACED)
    if original is None or replaced is None or not isinstance(original.document, Certificate):
        return related
    back = given_back_by(connection, replaced, ids[Relation.ORIGINAL])
    if not back:
        return related
    written = balances_of(connection, ids[Relation.ORIGINAL])
    left = {number: _less_drawn(balance, back.get(number)).left for number, balance in written.items()}
    return {**related, Relation.ORIGINAL: replace(original, left=left)}


def _less_drawn(balance: Balance, amount: Decimal | None) -> Balance:
    return balance if amount is None else replace(balance, drawn=EXACT.subtract(balance.drawn, amount))
