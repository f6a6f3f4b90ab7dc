"""Who looked at which document: on the record before it is shown.

1. What counts is content: the document in any form, its checks, timeline and utilisation, its evidence, its title. Not
   state and number, which lists and the summary show: systems ask for them every second.
2. The record is durable before the answer goes out, as a receipt is (invariant 2); it goes through the one writer,
   where it shares its flush to disk with whatever else waits. A store that cannot be written shows nothing.
3. The same reader at the same thing in the same minute of the business clock is one record. A reader is a member, its
   API key and the person that its system names.
4. Taking delivery is no reading: the acknowledgement says that the member has it.
"""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from exchange import records
from exchange.store import tables as t
from exchange.store.rows import Rows
from schemas.bill_of_lading.model import TransportDocument
from schemas.certificate.model import Certificate
from schemas.registry import Document

if TYPE_CHECKING:
    from exchange.hub import Hub

REMEMBERED = 50_000
"""Readings of which it is remembered that they are on the record; a forgotten one is put on it again."""


def firm_of(document: Document | None) -> str | None:
    """Whose goods a document is about, by name: of a certificate the exporter, of a bill of lading the shipper."""
    if isinstance(document, Certificate):
        return document.exporter.name[:200]
    if isinstance(document, TransportDocument):
        return document.document_parties.shipper.party_name[:200]
    return None


class Readings:
    """Puts readings on the record, each once a minute."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[records.Actor, str, str, str], None] = OrderedDict()

    def record(self, by: records.Actor, document_id: str, what: str) -> None:
        """Returns when the reading is durable. For a thread of its own, never for the event loop; raises what the
        writer raises. `what`: what was looked at, in a word."""
        key = (by, document_id, what, self._hub.clock.now().strftime("%Y-%m-%dT%H:%M"))
        with self._lock:
            if key in self._known:
                return
        rows = Rows()
        records.put(rows, self._hub, records.Kind.READING, by, what, document_id, self._details(document_id))
        self._hub.writer.do_now(rows)
        self._hub.changed_by_thread()
        with self._lock:
            self._known[key] = None
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _details(self, document_id: str) -> dict[str, Any]:
        """Number and firm, so that the record of people can be read without the documents."""
        row = t.documents.c
        with self._hub.database.reading.connect() as connection:
            found = connection.execute(select(row.profile, row.number, row.firm).where(row.id == document_id)).first()
        return dict(found._mapping) if found else {}
