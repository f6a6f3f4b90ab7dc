"""One case at the carrier: the shipping instructions, and the transport document that they have led to.

A case file has the latest version of the document; earlier, voided versions are read by their own reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import or_, select
from sqlalchemy.engine import Connection, Row

from schemas.bill_of_lading.carriage import (
    AmendmentStatus,
    Carriage,
    DocumentStatus,
    InstructionsStatus,
    IssuanceStatus,
    UpdateStatus,
)
from tradebridge.ebl.carrier import store as t

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A version of the transport document, without its status: the carriage of the case has that."""

    reference: str
    version: int
    """1 for the first; a reissue counts on."""
    content: JSON
    """As drafted, approved or signed; `transportDocumentStatus` in it is as of then."""
    made_from: str
    """Checksum of the instructions that it was drafted from."""
    amendment: JSON | None = None
    issue_to: JSON | None = None
    """Of a reissue: who surrendered. None: whom the instructions name."""
    platform: str = ""
    """The platform that it is issued through; empty on paper."""
    request: JSON | None = None
    """The issuance request as sent."""
    response: JSON | None = None
    """What the platform answered."""
    replaces: str | None = None
    feedbacks: tuple[JSON, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    id: int
    consumer: str
    reference: str
    """`shippingInstructionsReference`."""
    carriage: Carriage
    content: JSON
    update: JSON | None = None
    feedbacks: tuple[JSON, ...] = ()
    document: Document | None = None
    notified: int = 0
    """How many notifications it has caused: each has a number of its own."""

    @property
    def electronic(self) -> bool:
        """Whether the document is an electronic title: a platform issues it, and takes its surrender."""
        content = self.document.content if self.document else self.content
        return content["isElectronic"] is True and content["transportDocumentTypeCode"] == "BOL"

    def instructions(self, *, updated: bool = False) -> JSON:
        """The instructions, or their update, as GET gives them."""
        content = (self.update if updated else self.content) or {}
        statuses = {
            "shippingInstructionsReference": self.reference,
            "transportDocumentReference": self.document.reference if self.document else None,
            "shippingInstructionsStatus": self.carriage.instructions,
            "updatedShippingInstructionsStatus": self.carriage.update,
            "feedbacks": list(self.feedbacks),
        }
        return {**content, **{name: value for name, value in statuses.items() if value}}

    def transport_document(self) -> JSON:
        """The document as GET gives it: its content as signed, with its status as it is now."""
        if self.document is None or self.carriage.document is None:
            raise LookupError(f"{self.reference} has no transport document yet: look at the carriage first")
        return shown(self.document, self.carriage.document)

    def amendment(self) -> JSON | None:
        """The amendment as GET gives it."""
        if self.document is None or self.document.amendment is None:
            return None
        status = self.carriage.amendment
        return {"amendedTransportDocumentStatus": status, "amendedTransportDocument": self.document.amendment}


def shown(document: Document, status: DocumentStatus) -> JSON:
    feedbacks = {"feedbacks": list(document.feedbacks)} if document.feedbacks else {}
    return {**document.content, "transportDocumentStatus": status, **feedbacks}


# --- The store -------------------------------------------------------------------------------------------------------


def find(connection: Connection, reference: str) -> Case | None:
    """By either reference; by that of an earlier version, too."""
    through = select(t.documents.c.file).where(t.documents.c.reference == reference)
    found = or_(t.files.c.reference == reference, t.files.c.id.in_(through))
    row = connection.execute(select(t.files).where(found)).one_or_none()
    return None if row is None else _case(connection, row)


def get(connection: Connection, number: int) -> Case:
    return _case(connection, connection.execute(select(t.files).where(t.files.c.id == number)).one())


def unlooked(connection: Connection) -> list[tuple[int, int]]:
    """Cases that something has happened to since they came to rest, oldest first; with the count of their changes."""
    rows = select(t.files.c.id, t.files.c.changes).where(t.files.c.changes > t.files.c.looked).order_by(t.files.c.id)
    return [(row.id, row.changes) for row in connection.execute(rows)]


def changed(connection: Connection, number: int) -> None:
    """Something has happened to a case: the clerk looks at it."""
    row = t.files.update().where(t.files.c.id == number)
    connection.execute(row.values(changes=t.files.c.changes + 1))


def at_rest(connection: Connection, number: int, changes: int) -> None:
    """Nothing is to be done in a case, as of so many changes."""
    connection.execute(t.files.update().where(t.files.c.id == number).values(looked=changes))


def version(connection: Connection, reference: str) -> tuple[Case, Document, DocumentStatus] | None:
    """One version of a document with its status, and the case that it belongs to."""
    row = connection.execute(select(t.documents).where(t.documents.c.reference == reference)).one_or_none()
    if row is None:
        return None
    return get(connection, row.file), _document(row), DocumentStatus(row.status)


def _case(connection: Connection, row: Row[Any]) -> Case:
    latest = None
    if row.document is not None:
        latest = connection.execute(select(t.documents).where(t.documents.c.reference == row.document)).one()
    carriage = Carriage(
        instructions=InstructionsStatus(row.status) if row.status else None,
        update=UpdateStatus(row.update_status) if row.update_status else None,
    )
    if latest is not None:
        carriage = replace(
            carriage,
            document=DocumentStatus(latest.status),
            amendment=AmendmentStatus(latest.amendment_status) if latest.amendment_status else None,
            issuance=IssuanceStatus(latest.issuance) if latest.issuance else None,
        )
    return Case(
        id=row.id,
        consumer=row.consumer,
        reference=row.reference,
        carriage=carriage,
        content=orjson.loads(row.content),
        update=_optional(row.update_content),
        feedbacks=tuple(orjson.loads(row.feedbacks)),
        document=None if latest is None else _document(latest),
        notified=row.notified,
    )


def _document(row: Row[Any]) -> Document:
    return Document(
        reference=row.reference,
        version=row.version,
        content=orjson.loads(row.content),
        made_from=row.made_from,
        amendment=_optional(row.amendment),
        issue_to=_optional(row.issue_to),
        platform=row.platform,
        request=_optional(row.request),
        response=_optional(row.response),
        replaces=row.replaces,
        feedbacks=tuple(orjson.loads(row.feedbacks)),
    )


def save(connection: Connection, case: Case) -> None:
    """Write the case, and the latest version of its document, as they are."""
    carriage, latest = case.carriage, case.document
    connection.execute(
        t.files.update()
        .where(t.files.c.id == case.id)
        .values(
            status=carriage.instructions,
            update_status=carriage.update,
            content=written(case.content),
            update_content=None if case.update is None else written(case.update),
            feedbacks=written(list(case.feedbacks)),
            document=latest.reference if latest else None,
            notified=case.notified,
            changes=t.files.c.changes + 1,
        )
    )
    if latest is None:
        return
    values: Mapping[str, Any] = {
        "version": latest.version,
        "status": carriage.document,
        "amendment_status": carriage.amendment,
        "amendment": _written(latest.amendment),
        "content": written(latest.content),
        "made_from": latest.made_from,
        "issuance": carriage.issuance,
        "issue_to": _written(latest.issue_to),
        "platform": latest.platform,
        "request": _written(latest.request),
        "response": _written(latest.response),
        "replaces": latest.replaces,
        "feedbacks": written(list(latest.feedbacks)),
    }
    known = t.documents.c.reference == latest.reference
    if connection.execute(t.documents.update().where(known).values(**values)).rowcount == 0:
        connection.execute(t.documents.insert().values(reference=latest.reference, file=case.id, **values))


def written(value: Any) -> str:
    return orjson.dumps(value).decode()


def _written(value: Any) -> str | None:
    return None if value is None else written(value)


def _optional(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
