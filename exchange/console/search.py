"""Search: a document by number, id, digest, party, place, HS code or vessel.

1. What an index answers is asked of all documents: id, number, digest of the content, number of the bill of lading or
   of the document that it was made for.
2. The rest (a part of a number, a party, an HS code, a vessel) is looked for in the newest documents only, so many that
   a page stays quick; the page says how many.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from exchange.store import queries
from exchange.store import tables as t
from schemas.content import Content, open_content
from schemas.findings import Finding

MOST_OF_A_QUERY = 200
FOUND = 50
SKIMMED = 2000
"""Documents whose row is looked at: number, firm, sender."""
READ = 200
"""Documents whose content is looked at."""
READ_BYTES = 256 * 1024
"""Larger ones are not read for a search."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    items: list[dict[str, Any]]
    """As the API lists documents."""
    exact: bool
    """By an index, among all documents; else among the newest."""


def find(connection: Connection, text: str) -> Found:
    """Documents that fit. `text`: as somebody typed it."""
    sought = text.strip()[:MOST_OF_A_QUERY]
    if not sought or "\0" in sought:
        return Found([], exact=True)
    ids = list(dict.fromkeys(_by_index(connection, sought)))
    exact = bool(ids)
    if not ids:
        ids = list(dict.fromkeys((*_by_row(connection, sought), *_by_content(connection, sought))))
    found = (queries.document(connection, None, each) for each in ids[:FOUND])
    return Found([each.summary for each in found if each is not None], exact)


def _by_index(connection: Connection, sought: str) -> Iterator[str]:
    row = t.documents.c
    for column in (row.id, row.number, row.content_digest, row.belongs_to, row.carried_under):
        value = sought.lower() if column in (row.id, row.content_digest) else sought
        yield from connection.execute(select(row.id).where(column == value).limit(FOUND)).scalars()
    by_message = select(t.messages.c.document_id).where(t.messages.c.id == sought.lower())
    yield from connection.execute(by_message).scalars()


def _newest(columns: Select[Any], limit: int) -> Select[Any]:
    return columns.order_by(t.documents.c.row.desc()).limit(limit)


def _by_row(connection: Connection, sought: str) -> Iterator[str]:
    row, wanted = t.documents.c, sought.casefold()
    seen = connection.execute(_newest(select(row.id, row.number, row.firm, row.sender, row.issuer), SKIMMED))
    for each in seen:
        if any(wanted in str(value or "").casefold() for value in (each.number, each.firm, each.sender, each.issuer)):
            yield each.id


def _by_content(connection: Connection, sought: str) -> Iterator[str]:
    """Of an HS code the points do not count: 8708.40 is 870840."""
    wanted = [sought.casefold().encode()]
    if re.fullmatch(r"[0-9]{2,4}(\.[0-9]{2}){0,2}", sought):
        wanted.append(sought.replace(".", "").encode())
    row = t.documents.c
    joined = select(row.id, t.messages.c.bytes).join(t.messages, t.messages.c.id == row.message_id)
    for each in connection.execute(_newest(joined.where(row.deleted.is_(None)), READ)):
        if each.bytes and len(each.bytes) <= READ_BYTES and any(one in _text_of(each.bytes) for one in wanted):
            yield each.id


def _text_of(data: bytes) -> bytes:
    content: Content | Finding = open_content(data)
    text = data if isinstance(content, Finding) else content.canonical
    return text.decode("utf-8", "replace").casefold().encode()
