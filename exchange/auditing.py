"""The record of the log as a file: `tradebridge-audit/1`, which `tradebridge.evidence.audit` reads and checks.

1. It goes from any entry to the newest checkpoint that is evidence: cosigned by as many witnesses as are asked for,
   where there are witnesses, and else the newest.
2. It is read page by page, so that it holds up nobody. Entries do not change; one that retention hides meanwhile is
   shown as hidden.
3. The head has the revocation lists that are kept for what members said, the newest first, as far as a line holds.
4. The bytes of documents are not in it: what was said of them is, and who looked.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange import log
from exchange.authorities import kept_lists
from exchange.store import tables as t
from schemas.findings import Finding, finding
from tradebridge.evidence import proofs
from tradebridge.evidence.audit import FORMAT, MOST_BYTES

if TYPE_CHECKING:
    from exchange.hub import Hub

PAGE = 400
"""Entries read at once."""
MOST_OF_LISTS = MOST_BYTES // 2
"""Bytes of the revocation lists in the head: in base64, with room beside them in a line."""


def begin(hub: "Hub", first: int) -> Mapping[str, Any] | Finding:
    """The head of an export from entry `first` on, as JSON."""
    with hub.database.reading.connect() as connection:
        size, note, token = newest_checkpoint(connection, hub)
        if not note:
            return finding("log.waiting")
        if first >= size:
            return finding("request.malformed", found=f"from={first}", expected=f"0 to {size - 1}")
        frontier = proofs.frontier_of(first, log.tile_reader(connection))
        lists = kept_lists(connection, MOST_OF_LISTS)
    return {
        "type": "head",
        "format": FORMAT,
        "space": hub.space,
        "from": first,
        "size": size,
        "frontier": [each.hex() for each in frontier],
        "checkpoint": note,
        "timestamp": b64encode(token).decode() if token else None,
        "revocations": [b64encode(each).decode() for each in lists],
        "simulated": hub.simulated,
        "trust": hub.registry.trust.to_json(),
    }


def newest_checkpoint(connection: Connection, hub: "Hub") -> tuple[int, str, bytes | None]:
    """The newest that is evidence (rule 1): size, note, timestamp."""
    if hub.registry.observers.needed:
        newest = select(t.witnessed).where(t.witnessed.c.enough).order_by(t.witnessed.c.size.desc()).limit(1)
        kept = connection.execute(newest).first()
        if kept is not None:
            return kept.size, kept.note, kept.token
    return log.size_of(connection), log.checkpoint(connection), None


def lines(hub: "Hub", head: Mapping[str, Any]) -> Iterator[bytes]:
    """The export, line by line, each with its newline."""
    yield orjson.dumps(head) + b"\n"
    for start in range(head["from"], head["size"], PAGE):
        with hub.database.reading.connect() as connection:
            page = _page(connection, start, min(start + PAGE, head["size"]))
        yield b"".join(orjson.dumps(each) + b"\n" for each in page)
    yield orjson.dumps({"type": "end", "leaves": head["size"] - head["from"]}) + b"\n"


def _page(connection: Connection, start: int, end: int) -> list[dict[str, Any]]:
    query = (
        select(t.leaves, t.records.c.details, t.messages.c.kind, t.messages.c.bytes)
        .outerjoin(t.records, t.records.c.id == t.leaves.c.record_id)
        .outerjoin(t.messages, (t.messages.c.id == t.leaves.c.record_id))
        .where(t.leaves.c.position >= start, t.leaves.c.position < end)
        .order_by(t.leaves.c.position)
    )
    rows = connection.execute(query).all()
    named = [row.record_id for row in rows if row.kind is not None]
    delivered, said = _deliveries(connection, named), _documents(connection, named)
    return [_line(row, delivered.get(row.record_id, ()), said.get(row.record_id)) for row in rows]


def _line(row: Any, delivered: Sequence[Mapping[str, Any]], said: Mapping[str, Any] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"type": "leaf", "index": row.position, "leaf": row.leaf.hex()}
    if row.record is None or row.salt is None:
        return line | {"hidden": True}
    line |= {"salt": row.salt.hex(), "record": row.record.decode()}
    if row.kind is None:
        return line | {"details": row.details}
    if row.kind == "event":
        line["event"] = row.bytes.decode() if row.bytes is not None else None
    if said is not None:
        line["hubSays"] = said
    return line | ({"deliveries": delivered} if delivered else {})


def _deliveries(connection: Connection, messages: Sequence[str]) -> Mapping[str, list[Mapping[str, Any]]]:
    """When recipients had documents and forwards, by message."""
    columns = t.deliveries.c
    query = (
        select(columns.message_id, columns.recipient, columns.settled_at, columns.acknowledgement)
        .join(t.messages, t.messages.c.id == columns.message_id)
        .where(columns.message_id.in_(messages), t.messages.c.kind != "event", columns.state == "delivered")
        .order_by(columns.id)
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in connection.execute(query):
        told = {"recipient": row.recipient, "at": row.settled_at, "acknowledgement": row.acknowledgement}
        found.setdefault(row.message_id, []).append(told)
    return found


def _documents(connection: Connection, messages: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What the hub says of documents beside their records, by message."""
    columns = t.documents.c
    query = select(columns.message_id, columns.number, columns.firm, columns.issuer).where(
        columns.message_id.in_(messages)
    )
    return {
        row.message_id: {"number": row.number, "firm": row.firm, "issuer": row.issuer}
        for row in connection.execute(query)
    }
