"""Webhooks: the rows of who is told of what, and what became of each telling.

1. The feed is the outbox. A webhook has a place in it; what comes after is made into deliveries, and the place moved,
   in one transaction. Whatever dies in between, nothing is told of twice by it and nothing is left out.
2. A member is told what its feed tells it, the operator everything: no more by a webhook than by asking.
3. A delivery is claimed by a lease of the real clock. Waits between attempts, and the days of failure, are counted by
   the hub's clock: it can be moved in a simulation. What is due further ahead than the longest wait was written before
   that clock was set back, and is due now.
4. A webhook that has failed for days, or whose receiver answers 410 Gone, is disabled: that goes on the record, and the
   feed tells the member. What it misses waits: enabled again, it goes on where it stopped.
5. Secrets are derived from the hub's own (`code_key`), id and generation: none stands in the store. After a rotation
   the former one signs too, until its time is over.
"""

import hmac
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.engine import Connection

from exchange import records
from exchange.members import OPERATOR
from exchange.messages import add_to_feed
from exchange.reach import Called
from exchange.store import tables as t
from exchange.store.queries import Page, cursor_of, parts_of, told_to
from exchange.store.rows import add
from schemas.findings import Finding, finding
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339
from tradebridge.webhooks import EVENTS, FAMILIES, body_of, id_of, wants

if TYPE_CHECKING:
    from exchange.hub import Hub

AT_ONCE = 500
"""Events of the feed that one transaction makes into deliveries."""
KEPT = 10_000
"""Events: what was settled longer ago is forgotten."""
GONE = 410
DAY = 86_400.0
STATES = ("due", "sending", "retrying", "delivered", "dead")
_TO_SEND = ("due", "retrying")


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in the hands of this process."""

    webhook: str
    position: int
    attempts: int
    url: str
    message_id: str
    body: bytes
    secrets: tuple[str, ...]


# --- who is told ------------------------------------------------------------------------------------------------------


def secret_of(hub: "Hub", webhook: str, generation: int) -> str:
    """`whsec_` and 32 bytes in base64 (Standard Webhooks)."""
    mac = hmac.digest(hub.keys.code_key, f"webhook {webhook} {generation}".encode(), "sha256")
    return f"whsec_{b64encode(mac).decode()}"


def secrets_of(hub: "Hub", row: Any) -> tuple[str, ...]:
    """Those that hold, the newest first."""
    newest = secret_of(hub, row.id, row.generation)
    if row.former_until is None or row.former_until <= time.time():
        return (newest,)
    return newest, secret_of(hub, row.id, row.generation - 1)


def shown(row: Any) -> dict[str, Any]:
    """A webhook as the API shows it."""
    return {
        "id": row.id,
        "member": row.member,
        "url": row.url,
        "events": row.events.split(),
        "since": row.at,
        "status": "active" if row.disabled is None else "disabled",
        **({"reason": row.disabled} if row.disabled is not None else {}),
        "failingSince": None if row.failing_since is None else rfc3339(_moment(row.failing_since)),
    }


def events_problem(events: object) -> Finding | None:
    """What is wrong with a list of kinds."""
    known = (*FAMILIES, *EVENTS)  # a long list is cut in an answer: the few that stand for many come first
    if not isinstance(events, list):
        return finding("webhook.malformed", "/events", found=events, expected="a list of kinds of events")
    for at, each in enumerate(events):
        if each not in known:
            return finding("webhook.malformed", f"/events/{at}", found=each, expected=", ".join(known))
    return None


def new_id(hub: "Hub") -> str:
    """An id for a webhook, by the hub's clock and randomness."""
    ordinal = f"{hub.process} {next(hub.ordinals)}".encode()
    return derived_id("whk", hub.clock.now(), hub.randomness.value("webhook", ordinal))


def put(connection: Connection, hub: "Hub", webhook: str, member: str, url: str, events: Sequence[str]) -> Any:
    """A new webhook, which is told what happens from now on. Gives its row, or why it is refused."""
    own = select(func.count()).select_from(t.webhooks).where(t.webhooks.c.member == member)
    count, most = connection.execute(own).scalar_one(), hub.settings.webhooks_per_member
    if count >= most:
        return finding("webhook.too-many", found=count, expected=f"fewer than {most}")
    values = {
        "id": webhook,
        "member": member,
        "url": url,
        "events": " ".join(sorted(set(events))),
        "generation": 1,
        "former_until": None,
        "position": connection.execute(select(t.head.c.feed_size)).scalar_one() - 1,
        "at": rfc3339(hub.clock.now()),
        "failing_since": None,
        "disabled": None,
    }
    add(connection, t.webhooks, values)
    return one(connection, None, webhook)


def one(connection: Connection, member: str | None, webhook: str, *, lock: bool = False) -> Any:
    """A webhook's row, for its member (None: the operator, for any); None where there is none such."""
    query = select(t.webhooks).where(t.webhooks.c.id == webhook)
    if member is not None:
        query = query.where(t.webhooks.c.member == member)
    return connection.execute(query.with_for_update() if lock else query).first()


def all_of(connection: Connection, member: str | None) -> list[dict[str, Any]]:
    """The webhooks of a member; None: all."""
    query = select(t.webhooks).order_by(t.webhooks.c.id)
    if member is not None:
        query = query.where(t.webhooks.c.member == member)
    return [shown(row) for row in connection.execute(query)]


def remove(connection: Connection, webhook: str) -> None:
    """With what was to be told."""
    connection.execute(delete(t.webhook_deliveries).where(t.webhook_deliveries.c.webhook == webhook))
    connection.execute(delete(t.webhooks).where(t.webhooks.c.id == webhook))


def rotate(connection: Connection, hub: "Hub", webhook: str, overlap: float) -> str:
    """A new secret; the one before it signs too, for so many seconds. An older one ends at once."""
    own = t.webhooks.c.id == webhook
    until = time.time() + overlap if overlap else None
    changed = {"generation": t.webhooks.c.generation + 1, "former_until": until}
    connection.execute(update(t.webhooks).where(own).values(changed))
    return secret_of(hub, webhook, one(connection, None, webhook).generation)


def enable(connection: Connection, webhook: str) -> None:
    """Call it again, from where it stopped."""
    own = t.webhooks.c.id == webhook
    connection.execute(update(t.webhooks).where(own).values(disabled=None, failing_since=None))


# --- what is told -----------------------------------------------------------------------------------------------------


def behind(connection: Connection) -> list[str]:
    """The webhooks that the feed has something for, perhaps."""
    size = select(t.head.c.feed_size).scalar_subquery()
    query = select(t.webhooks.c.id).where(t.webhooks.c.disabled.is_(None), t.webhooks.c.position < size - 1)
    return list(connection.scalars(query))


def take_in(connection: Connection, hub: "Hub", webhook: str) -> int:
    """Make what the feed tells into deliveries. Returns how many events were looked at."""
    row = one(connection, None, webhook, lock=True)
    if row is None or row.disabled is not None:
        return 0
    last = connection.execute(select(t.head.c.feed_size)).scalar_one() - 1
    query = select(t.feed.c.position, t.feed.c.kind).where(t.feed.c.position > row.position, t.feed.c.position <= last)
    query = query.where(told_to(None if row.member == OPERATOR else row.member))
    told = connection.execute(query.order_by(t.feed.c.position).limit(AT_ONCE)).all()
    wanted = row.events.split()
    now = hub.clock.now().timestamp()
    rows = [
        {"webhook": webhook, "position": each.position, "state": "due", "due_at": now, "attempts": 0}
        for each in told
        if wants(wanted, each.kind)
    ]
    if rows:
        add(connection, t.webhook_deliveries, rows)
        old = t.webhook_deliveries.c.position < rows[-1]["position"] - KEPT
        settled = t.webhook_deliveries.c.due_at.is_(None)
        connection.execute(delete(t.webhook_deliveries).where(t.webhook_deliveries.c.webhook == webhook, settled, old))
    reached = told[-1].position if len(told) == AT_ONCE else last
    connection.execute(update(t.webhooks).where(t.webhooks.c.id == webhook).values(position=reached))
    return len(told)


def _is_due(hub: "Hub") -> ColumnElement[bool]:
    now, real = hub.clock.now().timestamp(), time.time()
    due, lease = t.webhook_deliveries.c.due_at, t.webhook_deliveries.c.lease_until
    free = or_(lease.is_(None), lease <= real, lease > real + 2 * lease_seconds(hub))
    return free & ((due <= now) | (due > now + 2 * max(hub.settings.webhook_waits)))


def lease_seconds(hub: "Hub") -> float:
    """Longer than a call takes."""
    return max(hub.settings.lease_seconds, 2 * hub.settings.webhook_seconds)


def due(connection: Connection, hub: "Hub") -> list[str]:
    """The webhooks that have something to be told now."""
    query = (
        select(t.webhook_deliveries.c.webhook)
        .join(t.webhooks, t.webhooks.c.id == t.webhook_deliveries.c.webhook)
        .where(t.webhooks.c.disabled.is_(None), _is_due(hub))
        .distinct()
    )
    return list(connection.scalars(query))


def claim(connection: Connection, hub: "Hub", webhook: str) -> Claimed | None:
    """Lease what is due first, in the order of the feed."""
    row = one(connection, None, webhook, lock=True)
    if row is None or row.disabled is not None:
        return None
    member = hub.registry.members.get(row.member)
    if member is not None and member.suspended:
        return None
    deliveries = t.webhook_deliveries
    found = connection.execute(
        select(deliveries.c.position, deliveries.c.attempts, t.feed.c.kind, t.feed.c.data)
        .join(t.feed, t.feed.c.position == deliveries.c.position)
        .where(deliveries.c.webhook == webhook, _is_due(hub))
        .order_by(deliveries.c.due_at, deliveries.c.position)
        .limit(1)
    ).first()
    if found is None:
        return None
    until = time.time() + lease_seconds(hub)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.webhook == webhook, deliveries.c.position == found.position)
        .values(state="sending", lease_until=until, attempts=found.attempts + 1)
    )
    data = orjson.loads(found.data)
    name = id_of(found.position, data.get("at", ""), hub.space)
    body = body_of(found.kind, data)
    return Claimed(webhook, found.position, found.attempts + 1, row.url, name, body, secrets_of(hub, row))


def settle(connection: Connection, hub: "Hub", claimed: Claimed, called: Called) -> None:
    """What became of an attempt. It counts only for the attempt that it is about."""
    now, at = hub.clock.now().timestamp(), rfc3339(hub.clock.now())
    waits = hub.settings.webhook_waits
    if called.done:
        state, due_at = "delivered", None
    elif claimed.attempts > len(waits):
        state, due_at = "dead", None
    else:
        state, due_at = "retrying", now + waits[claimed.attempts - 1]
    row = one(connection, None, claimed.webhook, lock=True)
    if row is None:
        return
    deliveries = t.webhook_deliveries
    marked = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.webhook == claimed.webhook,
            deliveries.c.position == claimed.position,
            deliveries.c.state == "sending",
            deliveries.c.attempts == claimed.attempts,
        )
        .values(
            state=state,
            due_at=due_at,
            lease_until=None,
            status=called.status,
            error=called.error or None,
            tried_at=at,
        )
    )
    if not marked.rowcount:
        return
    since = None if called.done else row.failing_since if row.failing_since is not None else now
    if since != row.failing_since:
        connection.execute(update(t.webhooks).where(t.webhooks.c.id == row.id).values(failing_since=since))
    if called.status == GONE:
        _disable(connection, hub, row, "its receiver answered 410 Gone")
    elif since is not None and now - since >= hub.settings.webhook_days * DAY:
        _disable(
            connection, hub, row, f"nothing but failures since {rfc3339(_moment(since))}; the last: {called.error}"
        )


def _disable(connection: Connection, hub: "Hub", row: Any, reason: str) -> None:
    if row.disabled is not None:
        return
    connection.execute(update(t.webhooks).where(t.webhooks.c.id == row.id).values(disabled=reason[:500]))
    data = {
        "at": rfc3339(hub.clock.now()),
        "member": row.member,
        "webhook": row.id,
        "url": row.url,
        "error": reason[:500],
    }
    add_to_feed(connection, "webhook.disabled", (row.member,), data)
    what = f"webhook {row.id} disabled: {reason}"[:500]
    records.put(connection, hub, records.Kind.OPERATOR, records.BY_ITSELF, what, row.member)


# --- what became of it ------------------------------------------------------------------------------------------------


def deliveries(
    connection: Connection, hub: "Hub", webhook: str, state: str | None, limit: int, cursor: str | None
) -> Page:
    """The newest first."""
    rows = t.webhook_deliveries
    query = (
        select(rows, t.feed.c.kind, t.feed.c.data)
        .join(t.feed, t.feed.c.position == rows.c.position)
        .where(rows.c.webhook == webhook)
    )
    if state is not None:
        query = query.where(rows.c.state == state)
    if cursor is not None:
        query = query.where(rows.c.position < parts_of(cursor, int)[0])
    found = connection.execute(query.order_by(rows.c.position.desc()).limit(limit + 1)).all()
    page = found[:limit]
    following = cursor_of(page[-1].position) if len(found) > limit else None
    return Page([_told(hub, row) for row in page], following)


def _told(hub: "Hub", row: Any) -> dict[str, Any]:
    data = orjson.loads(row.data)
    return {
        "id": id_of(row.position, data.get("at", ""), hub.space),
        "position": row.position,
        "type": row.kind,
        "document": data.get("document"),
        "at": data.get("at"),
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "error": row.error,
        "triedAt": row.tried_at,
        "dueAt": None if row.due_at is None or row.state not in _TO_SEND else rfc3339(_moment(row.due_at)),
    }


def send_again(
    connection: Connection, hub: "Hub", webhook: str, *, position: int | None = None, state: str | None = None
) -> int:
    """Let one be told again, or all in this state, as if it had not been tried. Returns how many."""
    rows = t.webhook_deliveries
    query = update(rows).where(rows.c.webhook == webhook, rows.c.state != "sending")
    query = query.where(rows.c.position == position) if position is not None else query.where(rows.c.state == state)
    values = {"state": "due", "due_at": hub.clock.now().timestamp(), "lease_until": None, "attempts": 0}
    return connection.execute(query.values(values)).rowcount


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
