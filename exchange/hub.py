"""Hub: the only place where the parts of one space are wired together.

Everything that a test may want to replace comes in by argument: the settings, the clock, the randomness, the keys.
`app.py` puts HTTP around it; nothing in here knows of requests.
"""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

import structlog
from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from adapters.port import Adapter, Address, Codec, UnknownStyle, find_adapter
from exchange import clockwork, consignments, log, records, retention, trust_versions
from exchange.authorities import ListFetcher, keep_list, told_of
from exchange.calling import Caller
from exchange.clock import Clock, FrozenClock, LiveClock, MovableClock
from exchange.config import Settings
from exchange.delivery import Deliverer
from exchange.keys import HUB, HubKeys, load_keys
from exchange.members import OPERATOR, Member, Registry, changed, described, load_registry, set_operator_key
from exchange.metrics import Metrics
from exchange.own_key import OwnKey
from exchange.pint import HubPlatform
from exchange.randomness import Randomness, SeededRandomness, SystemRandomness
from exchange.readings import Readings
from exchange.starts import settings_changed
from exchange.statuses import Statuses
from exchange.store import database as store
from exchange.store import tables as t
from exchange.store.queries import told_to
from exchange.store.writer import Job, Writer, WriterStopped
from exchange.witnesses import Watched
from schemas.certificate.products import read_products
from schemas.findings import Finding
from tradebridge.ebl.sending import Courier
from tradebridge.ebl.waiting import until_set
from tradebridge.evidence.timestamps import Timestamp
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import TrustHistory

T = TypeVar("T")

logger = structlog.get_logger(__name__)

NEWS_SECONDS = 0.4
"""How often a process looks for what other processes, or the passing of time, have brought."""


class Hub:
    """One space: its members, store, log, keys and deliveries."""

    def __init__(self, space: str, settings: Settings, clock: Clock, randomness: Randomness, keys: HubKeys) -> None:
        self.space = space
        self.settings = settings
        self.clock = clock
        self.randomness = randomness
        self.keys = keys
        self.simulated = settings.simulated
        self.products = read_products(settings.product_rules.read_text("utf-8")) if settings.product_rules else None
        self.metrics = Metrics(space)
        self.database = store.open_database(settings.store_url, space)
        if store.check(self.database) == "behind":
            raise store.StoreNotReady("the store is of an older version: run `tb db upgrade`")
        store.create(self.database)
        with self.database.reading.connect() as connection:
            log.check_own(connection, keys)
        self.writer = Writer(self.database)
        self.registry: Registry = self._read_registry()
        self.deliverer = Deliverer(self)
        self.webhooks = Caller(self)
        self.readings = Readings(self)
        self.statuses = Statuses(self)
        self.own_key = OwnKey(self)
        self._retention = retention.Daily(self)
        self.platform = HubPlatform(self)
        self.courier = Courier(self.platform)
        self.platform.on_wake = self.courier.wake
        self.process = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._sequencer = log.Sequencer(keys, clock, self.process)
        self._watched = Watched(self)
        self._lists = ListFetcher(self)
        self._history: TrustHistory | None = None
        self._row = 0
        self.ordinals = itertools.count()
        """Of the records that this process makes; several threads take from it."""
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._to_sequence = asyncio.Event()
        self._placed = asyncio.Event()
        self._closing = False
        self.feed_size = 0
        self.log_size = 0

    # --- life ---

    async def start(self) -> None:
        """Start what runs beside the requests: sequencer, deliveries, looking for news."""
        self._loop = asyncio.get_running_loop()
        self.platform.open()
        self._tasks = [
            asyncio.create_task(self._sequence(), name="sequence"),
            asyncio.create_task(self._look_for_news(), name="news"),
            asyncio.create_task(self._look_at_the_clock(), name="clock"),
            asyncio.create_task(self.courier.run(), name="courier"),
            asyncio.create_task(self._watched.run(), name="witnesses"),
            asyncio.create_task(self._lists.run(), name="revocation lists"),
            asyncio.create_task(self.webhooks.run(), name="webhooks"),
        ]
        self._to_sequence.set()

    def end_waiting(self) -> None:
        """The process is about to end: whoever waits for an inbox or the feed is let go, so that nothing is cut off."""
        self._closing = True
        self._wake_readers()
        self.deliverer.end_waiting()

    async def stop(self) -> None:
        """Finish what was begun, and close the store."""
        await self.deliverer.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.webhooks.stop()
        await self.platform.close()
        await self._watched.close()
        await self._lists.close()
        await asyncio.to_thread(self.writer.stop)
        self.database.close()

    def begin(self, operator_key: str) -> None:
        """What a start may change, with the record of it: the operator's key (one that was known before and is another
        has ended), the settings, and the hub's own keys."""

        def job(connection: Connection) -> None:
            trust_versions.lock(connection)
            if set_operator_key(connection, operator_key):
                what = "operator's key set at a start"
                records.put(connection, self, records.Kind.OPERATOR, records.BY_ITSELF, what, OPERATOR)
            settings_changed(connection, self)
            trust_versions.know_own_key(connection, self)
            trust_versions.note_change(connection, self, self._loaded(connection), "start", records.BY_ITSELF)

        self.writer.do_now(job)
        self.reload()

    async def change_member(self, member: str, what: str, job: Job[T], by: records.Actor) -> T:
        """Run a job that changes a member, with the word of it in the same transaction, for the feed and on the record;
        then read the registry anew."""

        def change(connection: Connection) -> T:
            before = described(connection, member)
            outcome = job(connection)
            details = {"changes": records.difference(before, described(connection, member))}
            records.put(connection, self, records.Kind.OPERATOR, by, what, member, details)
            changed(connection, member, what, self.clock.now())
            trust_versions.note_change(connection, self, self._loaded(connection), f"{member}: {what}", by)
            return outcome

        outcome = await self.writer.do(change)
        self.reload()
        self.changed()
        return outcome

    async def command(self, about: str, what: str, job: Job[T], by: records.Actor) -> T:
        """Run a job that somebody commands and that changes no member, with the record of it in the same transaction.
        A job that raises leaves neither."""

        def commanded(connection: Connection) -> T:
            outcome = job(connection)
            records.put(connection, self, records.Kind.OPERATOR, by, what, about)
            return outcome

        outcome = await self.writer.do(commanded)
        self.changed()
        return outcome

    # --- what the parts ask for ---

    def reload(self) -> None:
        """Read members and keys anew: somebody changed them."""
        self._take(self._read_registry())

    def _take(self, registry: Registry) -> None:
        """The newest counts, in whatever order they were read."""
        if registry.version < self.registry.version:
            return
        self.registry = registry
        self.own_key.follow(now=True)

    def _read_registry(self) -> Registry:
        return self._asked(self._loaded)

    def _loaded(self, connection: Connection) -> Registry:
        settings = self.settings
        code, needed = settings.platform_code, settings.witnesses_needed
        return load_registry(connection, self.keys, self.space, self.simulated, code=code, witnesses_needed=needed)

    async def take_list(self, data: bytes, by: records.Actor = records.BY_ITSELF) -> Finding | dict[str, Any]:
        """A revocation list of an authority, for all processes."""

        def job(connection: Connection) -> Finding | dict[str, Any]:
            read = keep_list(connection, data, self.clock.now())
            if isinstance(read, Finding):
                return read
            connection.execute(update(t.head).values(members_version=t.head.c.members_version + 1))
            told = told_of(read)
            what = f"revocation list {told['number']} taken"
            records.put(connection, self, records.Kind.OPERATOR, by, what, HUB, told)
            return told

        taken = await self.writer.do(job)
        self.reload()
        self.changed()
        return taken

    def trust_to_judge(self) -> TrustList:
        """The trust list with its history: a document is judged by what was trusted when it was accepted."""
        known = self._history
        self._history = self._asked(lambda connection: trust_versions.history(connection, known))
        return replace(self.registry.trust, history=self._history)

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask the store. PostgreSQL is waited for in a thread; SQLite has the answer sooner than a thread would."""
        if self.database.sqlite:
            return self._asked(question)
        return await asyncio.to_thread(self._asked, question)

    def _asked(self, question: Callable[[Connection], T]) -> T:
        with self.database.reading.connect() as connection:
            return question(connection)

    async def timestamp(self, data: bytes) -> tuple[bytes, Timestamp] | None:
        """An RFC 3161 token over these bytes and what it says, by the first authority that gives one that holds."""
        return await self._watched.timestamp(data)

    def next_row(self) -> int:
        """A place in lists: microseconds of the real clock, never the same twice in this process."""
        self._row = max(self._row + 1, time.time_ns() // 1000)
        return self._row

    def codec_of(self, member: Member) -> Codec | None:
        """How this member speaks; None where it takes originals."""
        adapter = self.adapter_of(member)
        return adapter.codec if adapter else None

    def adapter_of(self, member: Member) -> Adapter | None:
        """How a member speaks, and what its kind of partner has beside its form; None: it takes originals."""
        return _adapter(member.style, member.country) if member.style else None

    def address(self, message_id: str, document_id: str, sender: str, recipient: str) -> Address:
        return Address(message_id, document_id, sender, recipient, self.clock.now())

    @property
    def prefix(self) -> str:
        """What stands before the paths of this space."""
        return f"/s/{self.space}" if self.space else ""

    def links(self, document_id: str) -> dict[str, str]:
        own = f"{self.prefix}/v1/documents/{document_id}"
        return {"self": own, **{each: f"{own}/{each}" for each in ("checks", "timeline", "evidence", "events")}}

    # --- news ---

    def accepted(self, recipients: Iterable[str]) -> None:
        """Something was committed: these recipients have deliveries, the log has leaves to take in."""
        self.deliverer.wake(recipients)
        self._to_sequence.set()

    def changed(self) -> None:
        """Something was committed that the feed tells of."""
        self._to_sequence.set()

    def changed_by_thread(self) -> None:
        """The same, said by a thread that is not the event loop's."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._to_sequence.set)

    async def _sequence(self) -> None:
        """Rule 1 of the log: within a second. Woken by a commit; what gathers meanwhile is taken in together."""
        while True:
            await self._to_sequence.wait()
            self._to_sequence.clear()
            try:
                while await self.writer.do(self._sequencer.run_once) >= log.BATCH:
                    pass
                await self._news()
            except WriterStopped:
                return
            except (log.HeadMoved, IntegrityError):  # another process was faster; its transaction stands
                self._to_sequence.set()
            except Exception:
                # The sequencer must outlive a database that is away for a while: leaves wait in their rows meanwhile.
                logger.exception("the sequencer failed; trying again")
                await asyncio.sleep(1)
                self._to_sequence.set()
            await asyncio.sleep(self.settings.sequence_seconds)

    async def _look_for_news(self) -> None:
        """What other processes or the passing of time have brought: members, feed, deliveries that came due."""
        while True:
            try:
                await self._news()
            except Exception:
                # As above: the store may be away; what is due then is found at the next look.
                logger.exception("looking for news failed; trying again")
            await asyncio.sleep(NEWS_SECONDS)

    async def _look_at_the_clock(self) -> None:
        """What the business clock has brought: certificates that expire, terms that run out, years that are over; and
        consents."""
        while True:
            try:
                await self.say_what_is_due()
            except WriterStopped:
                return
            except Exception:
                # As above: what is due stays due.
                logger.exception("looking at the clock failed; trying again")
            await asyncio.sleep(NEWS_SECONDS)

    async def say_what_is_due(self) -> None:
        """All that the business clock has brought by now."""
        while await clockwork.run_once(self) >= clockwork.AT_ONCE:
            pass
        await consignments.run_once(self)
        await self._retention.look()

    async def _news(self) -> None:
        head, due, unplaced = await self.ask(self._look)
        if head.members_version != self.registry.version:
            self._take(await self.ask(self._loaded))
        self.own_key.follow()
        if due:
            self.deliverer.wake(due)
        if unplaced:
            self._to_sequence.set()
        self.log_size = head.size
        self.metrics.log_size.set(head.size)
        if head.feed_size != self.feed_size:
            self.feed_size = head.feed_size
            self._wake_readers()
            self.webhooks.wake()

    def _look(self, connection: Connection) -> tuple[Any, set[str], int]:
        head = connection.execute(select(t.head.c.size, t.head.c.feed_size, t.head.c.members_version)).one()
        return head, self.deliverer.due(connection), log.waiting(connection)

    async def feed_after(self, position: int, member: str | None) -> AsyncIterator[tuple[int, str, str]]:
        """The feed from after `position`: position, kind, JSON. For a member only what it may see; None sees all."""
        while True:
            rows = await asyncio.to_thread(self._feed_rows, position, member)
            for row in rows:
                position = row.position
                yield row.position, row.kind, row.data
            if rows:
                continue
            if self._closing:
                return
            await until_set(self._placed, 15)
            yield position, "", ""  # nothing new: lets the caller keep the connection alive, or end it

    async def feed_batch(self, position: int) -> list[Any] | None:
        """What comes after a position, at most 500 at once, as soon as something does; empty after 15 seconds of
        nothing; None when the hub is closing."""
        placed = self._placed  # before the look: what is placed while it looks wakes it
        rows = await asyncio.to_thread(self._feed_rows, position, None)
        if rows or self._closing:
            return rows or None
        await until_set(placed, 15)
        return await asyncio.to_thread(self._feed_rows, position, None)

    def _wake_readers(self) -> None:
        """Everybody who waits for the feed looks again; the next to wait, wait anew."""
        placed, self._placed = self._placed, asyncio.Event()
        placed.set()

    def _feed_rows(self, position: int, member: str | None) -> list[Any]:
        query = select(t.feed.c.position, t.feed.c.kind, t.feed.c.data)
        query = query.where(t.feed.c.position > position, told_to(member))
        with self.database.reading.connect() as connection:
            return list(connection.execute(query.order_by(t.feed.c.position).limit(500)))


@lru_cache(maxsize=256)
def _adapter(style: str, country: str) -> Adapter | None:
    try:
        return find_adapter(style, country)
    except UnknownStyle:
        return None


def clock_of(settings: Settings) -> Clock:
    if settings.simulated:
        return MovableClock(settings.clock)
    return FrozenClock(settings.clock) if settings.clock else LiveClock()


def randomness_of(settings: Settings, space: str) -> Randomness:
    if not settings.seed:
        return SystemRandomness()
    return SeededRandomness(f"{settings.seed}/{space}" if space else settings.seed)


def open_hub(settings: Settings, space: str = "", clock: Clock | None = None) -> Hub:
    """A hub with the parts that the settings name. `clock`: of a space that is opened again."""
    clock = clock or clock_of(settings)
    return Hub(space, settings, clock, randomness_of(settings, space), load_keys(settings, space, clock.now()))
