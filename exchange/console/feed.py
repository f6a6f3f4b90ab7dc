"""The feed for people: each entry as one row of *Live*, with its words.

Entries are found by their position, newest first. A filter looks at so many entries (`LOOKED_AT`) and no more: the
store has no index for it, and the page says from where on it can be asked to look further.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.console.sequence import HUB
from exchange.store import tables as t
from exchange.store.queries import LAST_POSITION
from schemas.registry import profiles

ROWS = 200
LOOKED_AT = 2000

GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "documents": ("Documents", ("document.accepted", "document.forwarded", "document.drawn")),
    "refusals": ("Refusals", ("document.refused",)),
    "deliveries": ("Deliveries", ("delivery.delivered", "delivery.retrying", "delivery.dead")),
    "decisions": ("Decisions and events", ("event.accepted",)),
    "titles": ("Titles", ("title.changed", "control.changed")),
    "members": ("Members", ("member.changed", "webhook.disabled")),
}
"""What can be chosen: its name, and the kinds of the feed in it."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "document.accepted": ("submitted", "ok"),
    "document.forwarded": ("forwarded", "ok"),
    "document.drawn": ("drawn on", "ok"),
    "document.refused": ("refused", "bad"),
    "delivery.delivered": ("delivered", "ok"),
    "delivery.retrying": ("to be tried again", "warn"),
    "delivery.dead": ("not delivered", "bad"),
    "title.changed": ("title", "ok"),
    "control.changed": ("control", "ok"),
    "member.changed": ("member changed", "plain"),
    "webhook.disabled": ("webhook disabled", "warn"),
}
_EVENT_TONES: Mapping[str, str] = {
    "queried": "wait",
    "verification-requested": "wait",
    "rejected": "bad",
    "cancelled": "bad",
    "expired": "warn",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One row."""

    position: int
    at: str
    kind: str
    word: str
    tone: str
    """ok, warn, bad, wait or plain: a colour and a shape, never alone."""
    number: str
    document: str
    refusal: str
    profile: str
    """Its title."""
    sender: str
    """Who sent or said it; a delivery is the hub's."""
    to: tuple[str, ...]
    note: str
    data: Mapping[str, Any]
    """As the feed has it."""

    @property
    def members(self) -> set[str]:
        """Everybody named in it."""
        named = (self.sender, *self.to, str(self.data.get("member") or ""), str(self.data.get("recipient") or ""))
        return {each for each in named if each}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the feed is to be shown."""

    group: str = ""
    member: str = ""

    def fits(self, told: Told) -> bool:
        if self.group and told.kind not in GROUPS[self.group][1]:
            return False
        return not self.member or self.member in told.members


def newest(
    connection: Connection, wanted: Wanted, before: int | None = None, limit: int = ROWS
) -> tuple[list[Told], int | None]:
    """The newest rows that fit, from before a position; and the position before which to look further, if there is
    more to look at."""
    query = select(t.feed.c.position, t.feed.c.kind, t.feed.c.data).where(t.feed.c.position.is_not(None))
    query = query.where(t.feed.c.position < (LAST_POSITION if before is None else before))
    seen = connection.execute(query.order_by(t.feed.c.position.desc()).limit(LOOKED_AT)).all()
    found: list[Told] = []
    for start in range(0, len(seen), 200):
        for row in told(connection, seen[start : start + 200]):
            if wanted.fits(row):
                found.append(row)
                if len(found) == limit:
                    return found, row.position if row.position > 0 else None
    last = seen[-1].position if len(seen) == LOOKED_AT else 0
    return found, last if last > 0 else None


def one(connection: Connection, position: int) -> Told | None:
    """The entry at a position."""
    query = select(t.feed.c.position, t.feed.c.kind, t.feed.c.data).where(t.feed.c.position == position)
    return next(iter(told(connection, connection.execute(query).all())), None)


def told(connection: Connection, rows: Sequence[Any]) -> Iterable[Told]:
    """Rows of the feed (position, kind, JSON) for people."""
    entries = [(row[0], row[1], orjson.loads(row[2])) for row in rows]
    known = _documents(connection, {str(data["document"]) for _, _, data in entries if data.get("document")})
    return [_told(position, kind, data, known) for position, kind, data in entries]


def _documents(connection: Connection, ids: set[str]) -> dict[str, Any]:
    columns = t.documents.c.id, t.documents.c.number, t.documents.c.profile, t.documents.c.sender
    rows = connection.execute(select(*columns).where(t.documents.c.id.in_(ids)))
    return {row.id: row for row in rows}


def _told(position: int, kind: str, data: dict[str, Any], known: Mapping[str, Any]) -> Told:
    document = known.get(str(data.get("document") or ""))
    word, tone = _WORDS.get(kind, (kind, "plain"))
    sender, to = str(data.get("sender") or (document.sender if document else "") or ""), _recipients(data)
    if kind.startswith("delivery."):
        sender = HUB
    if kind == "event.accepted":
        word = str(data.get("type", "event")).replace("-", " ")
        tone = _EVENT_TONES.get(str(data.get("type")), "ok")
        sender, to = str(data.get("member") or ""), ()
    return Told(
        position=position,
        at=str(data.get("at") or ""),
        kind=kind,
        word=f"{word} {str(data['change']).removeprefix('title.')}" if kind == "title.changed" else word,
        tone=tone,
        number=str(data.get("number") or (document.number if document else "") or ""),
        document=document.id if document else "",
        refusal=str(data.get("refusal") or ""),
        profile=_title(str(data.get("profile") or ""), document),
        sender=sender,
        to=to,
        note=_note(kind, data),
        data=data,
    )


def _recipients(data: Mapping[str, Any]) -> tuple[str, ...]:
    many = data.get("recipients")
    if isinstance(many, list):
        return tuple(map(str, many))
    return (str(data["recipient"]),) if data.get("recipient") else ()


def _title(profile: str, document: Any) -> str:
    """Of the document, not of what is said of it."""
    known = profiles().get(document.profile if document else profile)
    return known.title if known else profile


def _note(kind: str, data: Mapping[str, Any]) -> str:
    if kind == "document.refused":
        return ", ".join(map(str, data.get("codes", [])))
    if kind in ("delivery.retrying", "delivery.dead"):
        return f"attempt {data.get('attempts')}: {data.get('error')}"
    if kind in ("member.changed", "webhook.disabled"):
        return str(data.get("change") or data.get("error") or "")
    return ""
