"""What was refused, and kept so that its sender can look at it later: bounded for each member."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange import statistics
from exchange.messages import add_to_feed
from exchange.store import tables as t
from exchange.store.rows import add
from schemas.content import sha256_hex
from schemas.findings import Finding, errors, told
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub

KEPT = 1000
"""Refusals for each member; the oldest are forgotten."""
FINDINGS_KEPT = 200
"""Of one refusal."""


@dataclass(frozen=True, slots=True)
class Refused:
    """All that was wrong, and what the answer tells beside it."""

    findings: tuple[Finding, ...]
    members: dict[str, Any] = field(default_factory=dict)
    """Further members of the problem, as the first document's id."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a refused submission was meant to go."""

    profile: str | None
    recipients: tuple[str, ...]


async def record(
    hub: "Hub",
    member: str,
    data: bytes,
    refused: Refused,
    *,
    number: str | None = None,
    document: str | None = None,
    route: Route | None = None,
) -> Refused:
    """Keep the refusal; give it back with its id. Of a document, with its `route`: it is counted."""
    now, row, digest = hub.clock.now(), hub.next_row(), sha256_hex(data)
    refusal_id = derived_id("ref", now, hub.randomness.value("refusal", f"{member} {digest} {row}".encode()))
    members = {"refusal": refusal_id, **refused.members}
    about = {"at": rfc3339(now), "number": number, "document": document}
    problem = {
        "id": refusal_id,
        **about,
        "bytesDigest": digest,
        "size": len(data),
        "errors": told(refused.findings, FINDINGS_KEPT),
        "errorCount": len(refused.findings),
        **refused.members,
    }
    codes = sorted({each.code for each in errors(refused.findings)})

    def keep(connection: Connection) -> None:
        values = {"id": refusal_id, "row": row, "member": member, "problem": orjson.dumps(problem).decode()}
        add(connection, t.refusals, values)
        if route is not None:
            known = [name for name in route.recipients if name in hub.registry.members]
            statistics.count(connection, refusal_id, member, known, route.profile, refused.findings)
        _forget_oldest(connection, member)
        facts = {**about, "refusal": refusal_id, "sender": member, "codes": codes}
        add_to_feed(connection, "document.refused", (member,), facts)

    await hub.writer.do(keep)
    hub.changed()
    return Refused(refused.findings, members)


def _forget_oldest(connection: Connection, member: str) -> None:
    own = t.refusals.c.member == member
    newest_to_forget = connection.execute(
        select(t.refusals.c.row).where(own).order_by(t.refusals.c.row.desc()).offset(KEPT).limit(1)
    ).scalar()
    if newest_to_forget is not None:
        forgotten = select(t.refusals.c.id).where(own, t.refusals.c.row <= newest_to_forget)
        connection.execute(t.findings.delete().where(t.findings.c.about.in_(forgotten)))
        connection.execute(t.refusals.delete().where(own, t.refusals.c.row <= newest_to_forget))
