"""Documents of one consignment: a certificate of origin and the bill of lading that its goods travel under.

1. A certificate belongs to a bill of lading where it states that bill's number (`transport.transportDocument`). Each of
   the two shows the other, to whoever sees both; what differs between them is told as warnings, made anew each time.
2. A single window may subscribe to the bills of lading of consignments that it has certificates for. It gets one as
   soon as three things hold: it has subscribed; a live certificate of the consignment is addressed to it; and who sent,
   issued or possesses the bill has consented, by a signed event, that this window may have it. It gets it once,
   delivered as any document, with the differences in the delivery's note.
3. It is handed on in the name of who consented, with receipt and leaf as every forward.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import exists, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from exchange import titles
from exchange.store import tables as t
from exchange.store.queries import visible_to
from exchange.store.rows import add
from schemas.bill_of_lading.model import TRANSPORT_DOCUMENT, TransportDocument
from schemas.certificate.model import Certificate
from schemas.consignment import compare
from schemas.findings import Finding, told
from schemas.registry import read_again
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub

MOST = 50
"""Documents of one consignment that are shown."""
AT_ONCE = 100
"""Bills of lading that one look hands on."""


# --- linked ----------------------------------------------------------------------------------------------------------


def linked(connection: Connection, document_id: str, member: str | None) -> list[dict[str, Any]]:
    """The other documents of a document's consignment, as far as `member` sees them (None: the operator), with what
    differs between a certificate and its bill of lading."""
    own = _row(connection, document_id)
    if own is None:
        return []
    if own.profile == TRANSPORT_DOCUMENT:
        others = t.documents.c.carried_under == own.number
    elif own.carried_under is not None:
        others = (t.documents.c.profile == TRANSPORT_DOCUMENT) & (t.documents.c.number == own.carried_under)
    else:
        return []
    query = select(t.documents.c.id).where(others, t.documents.c.state == "live", visible_to(member))
    found = [
        _row(connection, each) for each in connection.execute(query.order_by(t.documents.c.row).limit(MOST)).scalars()
    ]
    return [_shown(own, each) for each in found if each is not None]


def _row(connection: Connection, document_id: str) -> Any:
    columns = t.documents.c.id, t.documents.c.profile, t.documents.c.number, t.documents.c.carried_under
    query = select(*columns, t.messages.c.bytes).join(t.messages, t.messages.c.id == t.documents.c.message_id)
    return connection.execute(query.where(t.documents.c.id == document_id)).first()


def _shown(own: Any, other: Any) -> dict[str, Any]:
    findings = told(_differences(own, other))
    return {"document": other.id, "profile": other.profile, "number": other.number, "findings": findings}


def _differences(one: Any, other: Any) -> tuple[Finding, ...]:
    """What differs between a certificate and its bill of lading, in either order; nothing between others."""
    read = [read_again(each.profile, each.bytes) for each in (one, other)]
    certificate = next((each for each in read if isinstance(each, Certificate)), None)
    lading = next((each for each in read if isinstance(each, TransportDocument)), None)
    return compare(certificate, lading) if certificate is not None and lading is not None else ()


# --- subscribed ------------------------------------------------------------------------------------------------------


def subscribe(connection: Connection, hub: "Hub", member: str) -> None:
    """The window wants the bills of lading of its consignments, from now on, those of before too."""
    if subscribed(connection, member) is None:
        add(connection, t.subscriptions, {"member": member, "at": rfc3339(hub.clock.now())})


def unsubscribe(connection: Connection, member: str) -> None:
    connection.execute(t.subscriptions.delete().where(t.subscriptions.c.member == member))


def subscribed(connection: Connection, member: str) -> str | None:
    """Since when."""
    return connection.execute(select(t.subscriptions.c.at).where(t.subscriptions.c.member == member)).scalar()


async def run_once(hub: "Hub") -> int:
    """Hand on what may be handed on now. Returns how many bills of lading went to a window."""
    due = await hub.ask(_due)
    handed: list[str] = []
    for row in due:
        if row.member not in hub.registry.members:
            continue
        try:
            if await hub.writer.do(partial(_hand_on, hub=hub, due=row)):
                handed.append(row.member)
        except IntegrityError:
            continue  # another process was faster
    if handed:
        hub.accepted(handed)
    return len(handed)


def _due(connection: Connection, lading: str | None = None, member: str | None = None) -> list[Any]:
    """Bills of lading that a window may have, wants, and has not got (rule 2)."""
    certificate, received = t.documents.alias("certificate"), t.standings.alias("received")
    has_certificate = (
        select(certificate.c.id)
        .join(received, received.c.document_id == certificate.c.id)
        .where(
            certificate.c.carried_under == t.documents.c.number,
            certificate.c.state == "live",
            received.c.recipient == t.consents.c.member,
        )
    )
    there = exists().where(
        t.standings.c.document_id == t.consents.c.lading, t.standings.c.recipient == t.consents.c.member
    )
    query = (
        select(t.consents, t.documents.c.number)
        .join(t.subscriptions, t.subscriptions.c.member == t.consents.c.member)
        .join(t.documents, t.documents.c.id == t.consents.c.lading)
        .where(~there, has_certificate.exists())
        .order_by(t.consents.c.lading, t.consents.c.member)
        .limit(AT_ONCE)
    )
    if lading is not None:
        query = query.where(t.consents.c.lading == lading, t.consents.c.member == member)
    return list(connection.execute(query).all())


def _hand_on(connection: Connection, hub: "Hub", due: Any) -> bool:
    """In its transaction: looked at again, then handed on with what differs."""
    if not _due(connection, due.lading, due.member):
        return False
    others = linked(connection, due.lading, due.member)
    findings = [found for each in others for found in each["findings"]]
    titles.hand_on(connection, hub, due.lading, due.member, due.given_by, orjson.dumps(findings).decode())
    return True
