"""The log: one RFC 6962 tree over every accepted message and every record of people, fed by one sequencer.

1. A leaf is written in the same transaction as its message or record, without an index. The sequencer gives the index
   later, within a second: intake never waits for the tree.
2. Among the hub processes one leads, chosen through the `head` row: a lease in real time. The lease only saves work;
   what keeps the tree right is the compare-and-set on the head's size in the same transaction.
3. The sequencer takes the leaves that have no index yet, whatever their id: a transaction that commits late, or a
   process that dies, forgets none.
4. In the same transaction: indices, tiles (C2SP tlog-tiles, 256 hashes wide), the head and the signed checkpoint.
   An old checkpoint is therefore always consistent with a new one.
5. The feed gets its positions here too, so that a reader never passes over a late committer.
"""

import time
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import ColumnElement, Table, bindparam, false, func, or_, select, update
from sqlalchemy.engine import Connection

from exchange.clock import Clock
from exchange.keys import HubKeys
from exchange.store import tables as t
from schemas.findings import Finding
from tradebridge.evidence import notes, proofs
from tradebridge.evidence.times import rfc3339

LEADER_SECONDS = 3.0
BATCH = 4096


class HeadMoved(RuntimeError):
    """Another process moved the log's head in the meantime; the sequencer simply tries again."""


class ForeignLog(RuntimeError):
    """The store's log was signed with another key than this hub has: give it the keys that belong to the store.

    Several hubs over one database share one folder of keys (or seed): a log that two keys sign is no log.
    """


def check_own(connection: Connection, keys: HubKeys) -> None:
    """Raises `ForeignLog` where the log's last checkpoint does not verify under this hub's own key."""
    note = checkpoint(connection)
    key = notes.verifier_key_of(keys.origin, keys.log_key.public_key())
    if note and isinstance(notes.verify_checkpoint(note, key, keys.origin), Finding):
        raise ForeignLog(f"the log in this store was signed with another key than that of {keys.origin}")


class Sequencer:
    """Takes leaves and feed entries in. `run_once` is a job for the writer."""

    def __init__(self, keys: HubKeys, clock: Clock, name: str) -> None:
        self._keys = keys
        self._clock = clock
        self._name = name

    def run_once(self, connection: Connection) -> int:
        """Take in what waits. Returns how many leaves and feed entries got their place."""
        if not self._lead(connection):
            return 0
        head = connection.execute(select(t.head.c.size, t.head.c.feed_size, t.head.c.checkpoint)).one()
        leaves = connection.execute(
            select(t.leaves.c.id, t.leaves.c.leaf_hash)
            .where(t.leaves.c.position.is_(None))
            .order_by(t.leaves.c.id)
            .limit(BATCH)
        ).all()
        waiting = connection.execute(
            select(t.feed.c.id).where(t.feed.c.position.is_(None)).order_by(t.feed.c.id).limit(BATCH)
        ).all()
        if not leaves and not waiting and head.checkpoint:
            return 0
        size, note = self._extend(connection, head.size, [(row.id, row.leaf_hash) for row in leaves], head.checkpoint)
        self._place(connection, t.feed, head.feed_size, [row.id for row in waiting])
        moved = connection.execute(
            update(t.head)
            .where(t.head.c.size == head.size, t.head.c.feed_size == head.feed_size)
            .values(size=size, feed_size=head.feed_size + len(waiting), checkpoint=note)
        )
        if moved.rowcount != 1:
            raise HeadMoved("the head moved")
        return len(leaves) + len(waiting)

    def _lead(self, connection: Connection) -> bool:
        now = time.time()
        # A lease that ends later than any given now was given before the clock was set back: it binds nobody.
        until = t.head.c.leader_until
        free = (t.head.c.leader == self._name) | (until < now) | (until > now + 2 * LEADER_SECONDS)
        row = connection.execute(select(t.head.c.leader, t.head.c.leader_until)).one()
        if row.leader == self._name and row.leader_until > now + LEADER_SECONDS / 2:
            return True
        taken = connection.execute(
            update(t.head).where(free).values(leader=self._name, leader_until=now + LEADER_SECONDS)
        )
        return taken.rowcount == 1

    def _extend(self, connection: Connection, size: int, leaves: list[tuple[int, bytes]], note: str) -> tuple[int, str]:
        if not leaves and note:
            return size, note
        self._place(connection, t.leaves, size, [row for row, _ in leaves])
        edge = {
            (row.level, row.tile): row.data
            for row in connection.execute(select(t.tiles).where(_at(proofs.edge_tiles(size))))
        }
        changed, new_size, root = proofs.append(edge, size, [leaf_hash for _, leaf_hash in leaves])
        for (level, tile), data in changed.items():
            _put_tile(connection, level, tile, data, known=(level, tile) in edge)
        note = notes.sign_checkpoint(self._keys.origin, new_size, root, self._keys.log_key)
        connection.execute(t.checkpoints.insert(), {"size": new_size, "note": note, "at": rfc3339(self._clock.now())})
        return new_size, note

    @staticmethod
    def _place(connection: Connection, table: Table, start: int, rows: list[int]) -> None:
        if rows:
            statement = update(table).where(table.c.id == bindparam("row")).values(position=bindparam("place"))
            connection.execute(statement, [{"row": row, "place": start + at} for at, row in enumerate(rows)])


def _at(places: Iterable[tuple[int, int]]) -> ColumnElement[bool]:
    """The tiles at these levels and numbers."""
    return or_(false(), *((t.tiles.c.level == level) & (t.tiles.c.tile == tile) for level, tile in places))


def _put_tile(connection: Connection, level: int, tile: int, data: bytes, *, known: bool) -> None:
    if known:
        where = (t.tiles.c.level == level) & (t.tiles.c.tile == tile)
        connection.execute(update(t.tiles).where(where).values(data=data))
    else:
        connection.execute(t.tiles.insert(), {"level": level, "tile": tile, "data": data})


# --- reading ---------------------------------------------------------------------------------------------------------


def tile_reader(connection: Connection) -> Callable[[int, int], bytes]:
    """Tiles by level and number, each read once."""
    seen: dict[tuple[int, int], bytes] = {}

    def tile(level: int, number: int) -> bytes:
        if (level, number) not in seen:
            where = (t.tiles.c.level == level) & (t.tiles.c.tile == number)
            seen[level, number] = connection.execute(select(t.tiles.c.data).where(where)).scalar_one()
        return seen[level, number]

    return tile


def inclusion(connection: Connection, index: int, size: int) -> Mapping[str, object]:
    """The proof that the leaf at `index` is in the tree of `size`, as JSON."""
    hashes = proofs.inclusion(index, size, tile_reader(connection))
    return {"size": size, "index": index, "hashes": [each.hex() for each in hashes]}


def consistency(connection: Connection, first: int, second: int) -> Mapping[str, object]:
    """The proof that the tree of `second` extends that of `first`, as JSON."""
    hashes = proofs.consistency(first, second, tile_reader(connection))
    return {"from": first, "to": second, "hashes": [each.hex() for each in hashes]}


def size_of(connection: Connection) -> int:
    return int(connection.execute(select(t.head.c.size)).scalar_one())


def checkpoint(connection: Connection) -> str:
    return str(connection.execute(select(t.head.c.checkpoint)).scalar_one())


def waiting(connection: Connection) -> int:
    """Leaves that wait for their index."""
    return int(
        connection.execute(select(func.count()).select_from(t.leaves).where(t.leaves.c.position.is_(None))).scalar_one()
    )
