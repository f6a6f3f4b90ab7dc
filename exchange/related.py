"""The documents that a submitted one names, as far as the hub has them and its sender may see them.

1. Only what the submitting member itself sent, issued or received is looked at: no finding tells of a document of
   others, not even that it exists. The original of a back-to-back certificate may also be one that its signer sees: who
   lets a platform hand in what it signed draws on the original as if it had handed it in itself.
2. A document is named by number, and by its issuer where that is known. Of several that fit, the newest live one counts
   where they name this one (`backwards`); otherwise only one that is alone.
3. Who sees a document, and whether it fits, is asked in the look-up itself: documents of others, however many bear the
   same number, hide nothing.
4. A document that names no others costs nothing; one that names some costs one look at indexed columns, and where
   something bears such a number a look-up of each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, bindparam, exists, or_, select
from sqlalchemy.engine import Connection

from exchange.ledger import balances_of, given_back_by
from exchange.store import tables as t
from exchange.store.database import Database
from exchange.store.rows import Prepared, prepare
from schemas.certificate.model import Certificate
from schemas.certificate.utilisation import EXACT, Balance, opening
from schemas.registry import Document, Measured, Reference, Related, Relation, read_again


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


def look_up(database: Database, member: str | None, references: Sequence[Reference], signer: str | None = None) -> Held:
    """What the hub has of these references, and `member` may see; of originals also what `signer` may, who signed the
    document. None as the member: the operator, who sees all."""
    if not references or not _is_named(database, references):
        return Held()
    with database.reading.connect() as connection:
        return _found(connection, member, references, signer)


def _found(connection: Connection, member: str | None, references: Sequence[Reference], signer: str | None) -> Held:
    found = {each.relation: _chosen(connection, each, _viewers(each, member, signer)) for each in references}
    rows = {relation: row for relation, row in found.items() if row is not None}
    documents = {relation: _document(connection, row) for relation, row in rows.items()}
    related = {
        relation: Related(document, rows[relation].state, _left(connection, rows[relation], document))
        for relation, document in documents.items()
        if document is not None
    }
    ids = {relation: rows[relation].id for relation in related}
    return Held(_with_what_comes_back(connection, related, ids), ids)


def _is_named(database: Database, references: Iterable[Reference]) -> bool:
    """Whether any document at all bears one of these numbers, or belongs to one. Nearly every certificate asks, and
    nearly always there is none: so the query is compiled once, as in `store.rows`, and opens no transaction."""
    numbers = [each.number for each in references if not each.backwards]
    belonging = [each.number for each in references if each.backwards]
    query = _query(database.reading.dialect, len(numbers), len(belonging))
    named = {f"number_{at}": value for at, value in enumerate(numbers)}
    named |= {f"belongs_{at}": value for at, value in enumerate(belonging)}
    return database.may_find(f"{query.text} LIMIT 1", query.values(named))


@lru_cache(maxsize=64)
def _query(dialect: Dialect, numbers: int, belonging: int) -> Prepared:
    """Documents that bear one of so many numbers, or belong to one of so many."""
    row = t.documents.c
    named = [row.number == bindparam(f"number_{at}") for at in range(numbers)]
    named += [row.belongs_to == bindparam(f"belongs_{at}") for at in range(belonging)]
    return prepare(select(row.id).where(or_(*named)), dialect)


def _viewers(reference: Reference, member: str | None, signer: str | None) -> set[str]:
    """Whose view counts; empty: everybody's."""
    if member is None:
        return set()
    return {member, signer or member} if reference.relation is Relation.ORIGINAL else {member}


def _chosen(connection: Connection, reference: Reference, viewers: set[str]) -> Any:
    """The one document that is meant."""
    row = t.documents.c
    fitting = [or_(*(row.profile.startswith(family, autoescape=True) for family in reference.family_prefix))]
    if reference.backwards:
        fitting += [row.belongs_to == reference.number, row.state == "live"]
    else:
        fitting.append(row.number == reference.number)
    if reference.issued_by is not None and not reference.backwards:
        families = reference.family_prefix
        fitting.append(row.identity.in_([f"{each} {reference.issued_by} {reference.number}" for each in families]))
    if viewers:
        fitting.append(_visible_to(viewers))
    query = select(row.id, row.message_id, row.profile, row.state).where(*fitting)
    found = connection.execute(query.order_by(row.row.desc()).limit(1 if reference.backwards else 2)).all()
    return found[0] if len(found) == 1 else None


def _visible_to(members: Iterable[str]) -> ColumnElement[bool]:
    """Sent, issued or received by one of these. Asked of each document that fits, not of all that a member has."""
    row, standing = t.documents.c, t.standings.c
    received = exists().where(standing.document_id == row.id, standing.recipient.in_(members))
    return row.sender.in_(members) | row.issuer.in_(members) | received


def _document(connection: Connection, row: Any) -> Document | None:
    data = connection.execute(select(t.messages.c.bytes).where(t.messages.c.id == row.message_id)).scalar_one()
    return None if data is None else read_again(row.profile, data)  # None: deleted by retention


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
