"""A certificate that stands in another's place: when it is accepted, the old one is `replaced`, in one transaction.

The new certificate, signed by its issuer and in the log, is the statement; what the hub says of the old one only binds
the two, as a delivery note binds an original and its rendition (docs/decisions/0012). So:

1. Only who issued the old one may replace it: the new one's signer, or its sender where nobody signed, is on the old
   one's issuing side.
2. The life of the old one must allow it: not after use, not after its end. Otherwise the new one is refused with the
   reason, and nothing is kept.
3. An old one that the hub never had (a paper certificate) stands in nobody's way.
"""

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.messages import Envelope, RefusedInTransaction
from exchange.own_words import say
from exchange.store import tables as t
from exchange.subject import subject_of
from schemas.certificate.said import ReplacedBy, Successor
from schemas.event import EventType
from schemas.findings import finding
from schemas.life import Role
from schemas.registry import Document, Reference, Relation, profile_of

if TYPE_CHECKING:
    from exchange.hub import Hub


def replaces(document: Document) -> bool:
    """Does it say that it stands in another's place?"""
    return _replaced(document) is not None


def replace_old(
    connection: Connection, hub: "Hub", envelope: Envelope, document: Document, issuer: str | None
) -> tuple[str, ...]:
    """Say `replaced` of the document in whose place this one stands, if there is one; gives who is told. Raises
    `RefusedInTransaction`. `issuer`: the member whose key signed the new one."""
    reference, old = _replaced(document), replaced_by(connection, envelope.document_id, document)
    subject = subject_of(connection, old, lock=True) if old is not None else None
    if subject is None or reference is None or document.number is None:
        return ()
    if not {issuer or envelope.member} & {subject.issuer, subject.sender}:
        raise RefusedInTransaction(finding("document.replaces-not-yours", "/replaces/number", found=reference.number))
    by = Successor(number=document.number, document=envelope.document_id, content_digest=envelope.content_digest)
    return say(connection, hub, subject, EventType.REPLACED, ReplacedBy(by=by), Role.RECORD)


def replaced_by(connection: Connection, own_id: str, document: Document) -> str | None:
    """The id of the one in whose place it stands, where the hub has it. A copy under the lost one's number is not its
    own."""
    reference = _replaced(document)
    if reference is None:
        return None
    old = t.documents.c.identity.in_(_identities(document, reference)), t.documents.c.id != own_id
    return connection.execute(select(t.documents.c.id).where(*old)).scalar()


def _identities(document: Document, reference: Reference) -> tuple[str, ...]:
    issued_by = reference.issued_by or document.issued_by
    return tuple(f"{family} {issued_by} {reference.number}" for family in reference.family_prefix)


def _replaced(document: Document) -> Reference | None:
    profile = profile_of(document.profile)
    references = profile.references(document) if profile else ()
    return next((each for each in references if each.relation is Relation.REPLACED), None)
