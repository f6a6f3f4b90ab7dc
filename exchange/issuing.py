"""What an authority says it has issued on an application: the certificate must be there, and be what it says."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from schemas.certificate.said import Issued, read_body
from schemas.event import Event, EventType
from schemas.findings import Finding, finding


def check(connection: Connection, subject: Any, event: Event) -> tuple[Finding, ...]:
    """What is wrong with the certificate that `issued` names."""
    body = read_body(event) if event.type is EventType.ISSUED else None
    if not isinstance(body, Issued) or body.certificate.document is None:
        return ()
    named = body.certificate
    row = connection.execute(
        select(t.documents.c.number, t.documents.c.sender, t.documents.c.issuer).where(
            t.documents.c.id == named.document
        )
    ).first()
    if row is None or event.actor.member not in (row.sender, row.issuer):
        return (finding("application.certificate-unknown", "/body/certificate/document", found=named.document),)
    if row.number != named.number:
        pointer = "/body/certificate/number"
        return (finding("application.certificate-other-number", pointer, found=named.number, expected=row.number),)
    return ()
