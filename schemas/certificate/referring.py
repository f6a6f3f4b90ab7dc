"""The other documents that a certificate names: its original (back-to-back), what it replaces, what carries it; and
the cost statement that names it."""

from collections.abc import Iterator

from schemas.certificate.model import Certificate
from schemas.registry import Document, Reference, Relation
from schemas.rules import Unreadable


def references(document: Document) -> tuple[Reference, ...]:
    """All of them, as far as they can be read."""
    return tuple(_references(document)) if isinstance(document, Certificate) else ()


def _references(certificate: Certificate) -> Iterator[Reference]:
    try:
        family = (certificate.profile.split("/")[0],)
        proof, replaced = certificate.original_proof, certificate.replaces
        if proof is not None:
            yield Reference(Relation.ORIGINAL, family, str(proof.number), f"country:{proof.country}")
        lading = certificate.transport.transport_document
        if lading is not None:
            yield Reference(Relation.LADING, ("dcsa-transport-document",), str(lading))
        if replaced is not None:
            yield Reference(Relation.REPLACED, family, str(replaced.number), certificate.issued_by)
        yield Reference(Relation.STATEMENT, ("cost-statement",), str(certificate.number), backwards=True)
    except Unreadable:
        return
