"""The versions of a document: a certificate with those that it replaces and that replace it, a bill of lading with
those that its carrier issued under the same reference. The oldest first.

1. Nothing is kept for it. A certificate names the one before it, and the hub's word `replaced` of that one names the
   one after it; of a bill the titles of one reference and carrier are in order.
2. Of a certificate that retention has deleted nobody can say any more what it replaced: there the list begins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange import titles
from exchange.replacing import replaced_by
from exchange.store import tables as t
from exchange.subject import event_in
from schemas.certificate.said import AnswerKind
from schemas.event import EventType
from schemas.registry import read_again
from tradebridge.ebl import titles as chains

MOST = 100
"""Versions that are listed before a document, and after it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One of them."""

    id: str
    number: str
    at: str
    """When the hub received it."""
    state: str
    """Of a bill of lading that of its title, which says which one is operative."""
    deleted: bool
    """By retention: there is nothing to compare any more."""


def versions_of(connection: Connection, document_id: str) -> list[Version]:
    """The document with all before and after it; alone in the list where there is no other."""
    ids = _of_title(connection, document_id) or _of_certificate(connection, document_id)
    row = t.documents.c
    query = select(row.id, row.number, row.received_at, row.state, row.deleted).where(row.id.in_(ids))
    found = {each.id: each for each in connection.execute(query)}
    return [
        Version(each.id, each.number or "", each.received_at, ids[each.id] or each.state, each.deleted is not None)
        for each in (found[name] for name in ids if name in found)
    ]


def _of_title(connection: Connection, document_id: str) -> dict[str, str]:
    """The documents of a title's reference with the state of each title; empty: this document has no title."""
    own = titles.of_document(connection, document_id)
    if own is None:
        return {}
    others = [each for each in chains.all_of(connection, own.reference) if each.carrier == own.carrier]
    documents = {titles.document_of(connection, each.id): str(each.title.status.value) for each in others[-MOST:]}
    return {name: status for name, status in documents.items() if name is not None}


def _of_certificate(connection: Connection, document_id: str) -> dict[str, str]:
    before = list(_chain(connection, document_id, _predecessor))
    return dict.fromkeys([*reversed(before), document_id, *_chain(connection, document_id, _successor)], "")


def _chain(connection: Connection, document_id: str, step: Callable[[Connection, str], str | None]) -> Iterator[str]:
    """One step from the document, one from there, and so on."""
    seen, at = {document_id}, document_id
    while len(seen) <= MOST and (found := step(connection, at)) is not None and found not in seen:
        yield found
        seen.add(found)
        at = found


def _predecessor(connection: Connection, document_id: str) -> str | None:
    """What it replaces."""
    query = select(t.documents.c.profile, t.messages.c.bytes).join(
        t.messages, t.messages.c.id == t.documents.c.message_id
    )
    row = connection.execute(query.where(t.documents.c.id == document_id)).first()
    document = read_again(row.profile, row.bytes) if row is not None and row.bytes is not None else None
    return replaced_by(connection, document_id, document) if document is not None else None


def _successor(connection: Connection, document_id: str) -> str | None:
    """What replaced it."""
    said = t.events.c.document_id == document_id, t.events.c.type == EventType.REPLACED.value
    query = select(t.messages.c.bytes).join(t.events, t.events.c.message_id == t.messages.c.id).where(*said)
    data = connection.execute(query.limit(1)).scalar()
    by = event_in(data).body.get("by") if data is not None else None
    return str(by["document"]) if isinstance(by, dict) and "document" in by else None


@dataclass(frozen=True, slots=True)
class Correction:
    """A value that the issuing side has corrected in an answer. It makes no new version; one may follow."""

    at: str
    by: str
    recipient: str
    """Who had asked."""
    place: str
    """Box, or pointer, of the question."""
    value: str
    text: str


def corrections_of(connection: Connection, document_id: str) -> list[Correction]:
    """In the order in which they were said, each with the place of the question that it answers."""
    said = t.events.c.document_id == document_id, t.events.c.type.in_((EventType.QUERIED, EventType.ANSWERED))
    query = select(t.events.c.at, t.events.c.member, t.events.c.recipient, t.messages.c.bytes)
    query = query.join(t.messages, t.messages.c.id == t.events.c.message_id).where(*said)
    asked: dict[tuple[str | None, str], str] = {}
    found = []
    for row in connection.execute(query.order_by(t.events.c.sequence, t.events.c.id)):
        body = event_in(row.bytes).body if row.bytes is not None else {}
        for each in body.get("questions") or ():
            asked[row.recipient, each["id"]] = f"box {each['box']}" if each.get("box") else str(each.get("pointer"))
        for each in body.get("answers") or ():
            if each["kind"] == AnswerKind.CORRECTS:
                place = asked.get((row.recipient, each["question"]), each["question"])
                found.append(Correction(row.at, row.member, row.recipient or "", place, each["value"], each["text"]))
    return found
