"""What is asked of the store for people and partners: lists, one document, its timeline, its evidence. Reads only.

Lists go by a cursor over an indexed column, never by offset.
"""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Select, false, func, select, true
from sqlalchemy.engine import Connection, Row

from exchange import ledger, log, observers
from exchange.store import tables as t
from exchange.subject import event_in
from exchange.turns import Took, times_taken
from schemas.event import TitleEvent


@dataclass(frozen=True, slots=True)
class Page:
    items: list[dict[str, Any]]
    next: str | None

    def to_json(self) -> dict[str, Any]:
        return {"items": self.items, "next": self.next}


LAST_POSITION = 2**63 - 1
"""The largest whole number that both databases hold."""


class BadCursor(ValueError):
    """The cursor is not one that a page gave."""


def cursor_of(*parts: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def parts_of(cursor: str, *types: type) -> list[Any]:
    """What a page put into its cursor: values of these types. Raises `BadCursor`."""
    try:
        parts = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise BadCursor(cursor[:80]) from error
    if not isinstance(parts, list) or [type(part) for part in parts] != [*types]:
        raise BadCursor(cursor[:80])
    if any(isinstance(part, int) and not 0 <= part <= LAST_POSITION for part in parts):
        raise BadCursor(cursor[:80])
    return parts


# --- documents -------------------------------------------------------------------------------------------------------


def visible_to(member: str | None) -> Any:
    """The documents that this member sent, issued or received. None: the operator, who sees all."""
    if member is None:
        return t.documents.c.id.is_not(None)
    received = select(t.standings.c.document_id).where(t.standings.c.recipient == member)
    return (t.documents.c.sender == member) | (t.documents.c.issuer == member) | t.documents.c.id.in_(received)


def told_to(member: str | None) -> ColumnElement[bool]:
    """What of the feed a member sees; None: all of it."""
    return true() if member is None else t.feed.c.members.contains(f",{member},", autoescape=True)


def documents(
    connection: Connection,
    member: str | None,
    limit: int,
    cursor: str | None,
    *,
    profile: str | None = None,
    number: str | None = None,
    sender: str | None = None,
    state: str | None = None,
) -> Page:
    """The newest first."""
    query = select(t.documents, t.messages.c.bytes_digest).join(t.messages, t.messages.c.id == t.documents.c.message_id)
    query = query.where(visible_to(member))
    for column, value in (
        (t.documents.c.profile, profile),
        (t.documents.c.number, number),
        (t.documents.c.sender, sender),
    ):
        if value is not None:
            query = query.where(column == value)
    if state is not None:
        query = query.where((t.documents.c.state == state) | _stands_at(state, member))
    if cursor is not None:
        row, name = parts_of(cursor, int, str)
        query = query.where((t.documents.c.row < row) | ((t.documents.c.row == row) & (t.documents.c.id < name)))
    rows = connection.execute(query.order_by(t.documents.c.row.desc(), t.documents.c.id.desc()).limit(limit + 1)).all()
    tracks = _tracks(connection, [row.id for row in rows])
    items = [_summary(row, tracks.get(row.id, {}), member) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items, cursor_of(last.row, last.id) if last else None)


def _stands_at(state: str, member: str | None) -> Any:
    """The documents in this state at a recipient whose decision the member may see (`_sees_all`, and its own)."""
    standing = select(t.standings.c.document_id).where(t.standings.c.state == state)
    anywhere = t.documents.c.id.in_(standing)
    if member is None:
        return anywhere
    issuing = (t.documents.c.sender == member) | (t.documents.c.issuer == member)
    return (anywhere & issuing) | t.documents.c.id.in_(standing.where(t.standings.c.recipient == member))


def _summary(row: Row[Any], recipients: dict[str, Any], member: str | None) -> dict[str, Any]:
    if not _sees_all(row, member):
        recipients = {name: each for name, each in recipients.items() if name == member}
    return {
        "id": row.id,
        "messageId": row.message_id,
        "profile": row.profile,
        "number": row.number,
        "sender": row.sender,
        "issuer": row.issuer,
        "recipients": recipients,
        "receivedAt": row.received_at,
        "contentDigest": row.content_digest,
        "bytesDigest": row.bytes_digest,
        "state": row.state,
        **_utilisation(row, member),
    }


def _utilisation(row: Row[Any], member: str | None) -> dict[str, str]:
    """How far a certificate is used, for who sees all of its recipients."""
    if not _sees_all(row, member) or not ledger.has_ledger(row.profile):
        return {}
    return {"utilisation": row.utilisation or "unused"}


def _sees_all(row: Row[Any], member: str | None) -> bool:
    """The issuing side and the operator see every recipient; a recipient sees itself and what holds for all."""
    return member is None or member in (row.sender, row.issuer)


def _tracks(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Per document and recipient the two tracks: decided (standing) and delivered. Never one status."""
    delivered = {
        (row.document_id, row.recipient): row.state
        for row in connection.execute(
            select(t.deliveries.c.document_id, t.deliveries.c.recipient, t.deliveries.c.state)
            .join(t.messages, t.messages.c.id == t.deliveries.c.message_id)
            .where(t.deliveries.c.document_id.in_(ids), t.messages.c.kind != "event")
        )
    }
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(select(t.standings).where(t.standings.c.document_id.in_(ids))):
        found.setdefault(row.document_id, {})[row.recipient] = {
            "state": row.state,
            "sequence": row.sequence,
            **({"verification": row.check_state} if row.check_state else {}),
            "delivery": delivered.get((row.document_id, row.recipient)),
        }
    return found


@dataclass(frozen=True, slots=True)
class Stored:
    """One document as it is kept, and as `member` sees it."""

    summary: dict[str, Any]
    only_for: str | None
    """The recipient who asks, and sees what concerns itself only; None for the issuing side and the operator."""
    media_type: str
    data: bytes
    findings: list[dict[str, Any]]
    signer: dict[str, Any] | None
    receipt: str
    attestation: str | None
    deleted: bool = False
    """By retention: then there are no bytes and no findings."""


def document(connection: Connection, member: str | None, document_id: str) -> Stored | None:
    query = (
        select(
            t.documents,
            t.messages.c.bytes_digest,
            t.messages.c.bytes,
            t.messages.c.media_type,
            t.messages.c.receipt,
            t.messages.c.attestation,
        )
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(t.documents.c.id == document_id, visible_to(member))
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    tracks = _tracks(connection, [document_id]).get(document_id, {})
    return Stored(
        _summary(row, tracks, member),
        None if _sees_all(row, member) else member,
        row.media_type,
        row.bytes or b"",
        orjson.loads(row.findings),
        orjson.loads(row.signer) if row.signer else None,
        row.receipt,
        row.attestation,
        row.deleted is not None,
    )


OF_TITLES = tuple(each.value for each in TitleEvent)
"""Types of events that are said of titles."""


PUBLIC_OF_TITLES = "tradebridge-title-public/1"
"""Profile of what whoever has the document may know of its title: `exchange.titles` writes it."""


def _concerning(stored: Stored, member: str | None, *, of_title: bool) -> Select[Any]:
    """The messages about a document: all of them, or those that concern the one recipient who asks. `of_title`: with
    what became of its title; else only what `member` itself said of it, or was told."""
    query = (
        select(t.messages, t.events.c.id.label("event"), t.events.c.type, t.events.c.recipient, t.events.c.sequence)
        .outerjoin(t.events, t.events.c.message_id == t.messages.c.id)
        .where(t.messages.c.document_id == stored.summary["id"])
    )
    in_public = t.messages.c.profile == PUBLIC_OF_TITLES
    if not of_title and member is not None:
        about_title = (t.messages.c.kind == "title") | t.events.c.type.in_(OF_TITLES)
        told = select(t.deliveries.c.message_id).where(t.deliveries.c.recipient == member)
        own = (t.messages.c.member == member) | t.messages.c.id.in_(told)
        query = query.where(~func.coalesce(about_title, false()) | own | in_public)
    else:
        query = query.where(~in_public)  # the whole record says it too
    if stored.only_for is None:
        return query
    forwarded_here = t.messages.c.id.in_(
        select(t.deliveries.c.message_id).where(
            t.deliveries.c.document_id == stored.summary["id"], t.deliveries.c.recipient == stored.only_for
        )
    )
    own = (t.events.c.recipient == stored.only_for) | t.events.c.recipient.is_(None)
    return query.where(
        (t.messages.c.kind == "document")
        | (t.messages.c.kind == "title")
        | ((t.messages.c.kind == "event") & own)
        | ((t.messages.c.kind == "forward") & (forwarded_here | (t.messages.c.member == stored.only_for)))
    )


def timeline(
    connection: Connection, member: str | None, stored: Stored, *, of_title: bool = True
) -> list[dict[str, Any]]:
    """What happened to a document, oldest first. A member sees the deliveries of events to itself only. For
    `of_title` see `evidence`."""
    order = (t.messages.c.received_at, t.events.c.sequence)
    messages = connection.execute(_concerning(stored, member, of_title=of_title).order_by(*order)).all()
    taken = times_taken([(row.received_at, row.type, row.recipient) for row in messages])
    entries = [_message_entry(row, seconds) for row, seconds in zip(messages, taken, strict=True)]
    deliveries = (
        select(t.deliveries, t.messages.c.kind)
        .join(t.messages, t.messages.c.id == t.deliveries.c.message_id)
        .where(t.deliveries.c.message_id.in_([row.id for row in messages]))
        .order_by(t.deliveries.c.id)
    )
    if stored.only_for is not None:
        deliveries = deliveries.where(t.deliveries.c.recipient == stored.only_for)
    for row in connection.execute(deliveries):
        if member is None or member == row.recipient or row.kind != "event":
            entries.append(_delivery_entry(row))
    entries += ledger.entries(connection, stored.summary["id"], stored.only_for)
    return sorted(entries, key=lambda entry: entry["at"] or "9999")


def _message_entry(row: Row[Any], took: Took | None) -> dict[str, Any]:
    entry = {"at": row.received_at, "kind": row.kind, "member": row.member, "messageId": row.id, "recipient": None}
    if row.kind == "event":
        about = f" ({row.recipient})" if row.recipient else ""
        said = {"event": row.event, "type": row.type, "recipient": row.recipient, "sequence": row.sequence}
        took_so_long = {"took": took.to_json()} if took else {}
        return {**entry, **said, **took_so_long, "said": _said(row), "text": f"{row.member} says: {row.type}{about}"}
    if row.kind == "title":
        change = orjson.loads(row.bytes)
        told = {name: change.get(name) for name in ("kind", "at", "status", "sequence", "possessor", "transaction")}
        return {**entry, "title": told, "text": f"title: {change['kind'].removeprefix('title.')}"}
    verb = "accepted from" if row.kind == "document" else "forwarded by"
    return {**entry, "text": f"{verb} {row.member}"}


def _said(row: Row[Any]) -> dict[str, Any]:
    """What an event says, for people: who, why, and its body without the partner's own bytes."""
    event = event_in(row.bytes).model_dump(mode="json", by_alias=True, exclude_none=True)
    body = {name: value for name, value in event["body"].items() if name not in ("native", "nativeMediaType")}
    return {"actor": event["actor"], "at": event["at"], "reasons": event["reasons"], "body": body}


def _delivery_entry(row: Row[Any]) -> dict[str, Any]:
    what = "event" if row.kind == "event" else "document"
    return {
        "at": row.settled_at,
        "kind": "delivery",
        "member": None,
        "messageId": row.message_id,
        "recipient": row.recipient,
        "delivery": row.id,
        "state": row.state,
        "attempts": row.attempts,
        "text": f"{what} to {row.recipient}: {row.state}",
        **({"error": row.last_error} if row.last_error else {}),
    }


# --- evidence --------------------------------------------------------------------------------------------------------


class Evidence(NamedTuple):
    """What the log says of a document, and as of which checkpoint."""

    form: dict[str, Any]
    """`tradebridge-evidence/1` without the trust list and without deliveries: docs/reference/api.md says what it is."""
    size: int
    """Of the checkpoint, in leaves."""
    at: str | None
    """When it was made, or had enough cosignatures; None: there is none yet."""
    covered: bool
    """Does it cover all of the form, with enough cosignatures?"""


def evidence(
    connection: Connection,
    stored: Stored,
    member: str | None = None,
    *,
    of_title: bool = True,
    newest: bool = False,
) -> Evidence:
    """`of_title`: with what became of a bill of lading's title; without it, what `member` said of it itself. `newest`:
    for the newest checkpoint with enough cosignatures instead of the first that covers it."""
    document_id = stored.summary["id"]
    query = (
        _concerning(stored, member, of_title=of_title)
        .add_columns(t.leaves.c.record, t.leaves.c.salt, t.leaves.c.position)
        .join(t.leaves, t.leaves.c.record_id == t.messages.c.id)
        .order_by(t.leaves.c.id)
    )
    rows = connection.execute(query).all()
    kept = observers.covering(connection, [row.position for row in rows], newest=newest)
    size = kept.size if kept else log.size_of(connection)
    note = kept.note if kept else log.checkpoint(connection)
    made = (
        kept.at if kept else connection.execute(select(t.checkpoints.c.at).where(t.checkpoints.c.size == size)).scalar()
    )
    stamped = connection.execute(select(t.stamps.c.token).where(t.stamps.c.document_id == document_id)).scalar()
    form = {
        "format": "tradebridge-evidence/1",
        "document": {
            "id": document_id,
            "profile": stored.summary["profile"],
            "number": stored.summary["number"],
            "mediaType": stored.media_type,
            "bytes": b64encode(stored.data).decode(),
            "bytesDigest": stored.summary["bytesDigest"],
            "contentDigest": stored.summary["contentDigest"],
            "timestamp": b64encode(stamped).decode() if stamped else None,
        },
        "messages": [_evidence_of(connection, row, size) for row in rows],
        "checkpoint": note,
        "timestamp": b64encode(kept.token).decode() if kept and kept.token else None,
    }
    accepted = next((row.position for row in rows if row.kind == "document"), None)
    first = observers.covering(connection, [accepted])
    if first is not None and first.size < size and accepted is not None:
        token = b64encode(first.token).decode() if first.token else None
        way = log.inclusion(connection, accepted, first.size)
        form["first"] = {"checkpoint": first.note, "timestamp": token, "inclusion": way}
    return Evidence(form, size, made, kept is not None)


def delivered(connection: Connection, stored: Stored) -> Sequence[Row[Any]]:
    """What the hub handed on of a document, for who may see it: id, recipient, note, rendition, acknowledgement, and
    when that came."""
    names = ("id", "recipient", "note", "rendition", "acknowledgement", "settled_at")
    columns = (t.deliveries.c[each] for each in names)
    query = select(*columns).where(t.deliveries.c.document_id == stored.summary["id"], t.deliveries.c.note.is_not(None))
    if stored.only_for is not None:
        query = query.where(t.deliveries.c.recipient == stored.only_for)
    return connection.execute(query.order_by(t.deliveries.c.id)).all()


def _evidence_of(connection: Connection, row: Row[Any], size: int) -> dict[str, Any]:
    placed = row.position is not None and row.position < size
    return {
        "kind": row.kind,
        "messageId": row.id,
        "bytes": b64encode(row.bytes).decode() if row.kind in ("event", "title") and row.bytes is not None else None,
        "receipt": row.receipt,
        "attestation": row.attestation,
        "record": b64encode(row.record).decode(),
        "salt": row.salt.hex(),
        "leafIndex": row.position if placed else None,
        "inclusion": log.inclusion(connection, row.position, size) if placed else None,
    }


# --- deliveries, refusals --------------------------------------------------------------------------------------------


def deliveries(
    connection: Connection, member: str | None, limit: int, cursor: str | None, *, state: str | None = None
) -> Page:
    query: Select[Any] = select(t.deliveries)
    if member is not None:
        query = query.where(t.deliveries.c.recipient == member)
    if state is not None:
        query = query.where(t.deliveries.c.state == state)
    if cursor is not None:
        query = query.where(t.deliveries.c.id < parts_of(cursor, str)[0])
    rows = connection.execute(query.order_by(t.deliveries.c.id.desc()).limit(limit + 1)).all()
    items = [
        {
            "id": row.id,
            "messageId": row.message_id,
            "documentId": row.document_id,
            "recipient": row.recipient,
            "state": row.state,
            "attempts": row.attempts,
            "dueAt": row.due_at,
            "lastError": row.last_error,
        }
        for row in rows[:limit]
    ]
    return Page(items, cursor_of(rows[limit - 1].id) if len(rows) > limit else None)


def refusals(connection: Connection, member: str | None, limit: int, cursor: str | None) -> Page:
    query: Select[Any] = select(t.refusals)
    if member is not None:
        query = query.where(t.refusals.c.member == member)
    if cursor is not None:
        query = query.where(t.refusals.c.row < parts_of(cursor, int)[0])
    rows = connection.execute(query.order_by(t.refusals.c.row.desc()).limit(limit + 1)).all()
    items = [{"member": row.member, **orjson.loads(row.problem)} for row in rows[:limit]]
    return Page(items, cursor_of(rows[limit - 1].row) if len(rows) > limit else None)


def refusal(connection: Connection, member: str | None, refusal_id: str) -> dict[str, Any] | None:
    query: Select[Any] = select(t.refusals).where(t.refusals.c.id == refusal_id)
    if member is not None:
        query = query.where(t.refusals.c.member == member)
    row = connection.execute(query).first()
    return None if row is None else {"member": row.member, **orjson.loads(row.problem)}
