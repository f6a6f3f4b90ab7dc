"""The store of a simulated platform: one SQLite file, one writer, durable when a job returns.

1. WAL and `synchronous=FULL`: what a job wrote survives `kill -9` and a power cut when `do` comes back.
2. Jobs that wait together are one transaction, each in a savepoint of its own: what one raises undoes its own work, and
   is raised to its own caller.
3. Jobs run in the event loop, and what they wrote is flushed to the disk in a thread; what comes meanwhile waits, and
   is the next transaction. With the jobs in the thread too, it and the loop would wait for each other all the time.
4. Reading is a snapshot of what was committed.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from tradebridge.ebl.sqlite import raw, tune

T = TypeVar("T")
Job = Callable[[Connection], T]

MOST_AT_ONCE = 64
"""Jobs in one transaction."""
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-4000", "busy_timeout=10000")


class StoreClosed(RuntimeError):
    """The platform is shutting down: nothing is written any more."""


class _Waiting(NamedTuple):
    job: Job[Any]
    future: asyncio.Future[Any]


class _Outcome(NamedTuple):
    """Of one job: told after the commit only."""

    future: asyncio.Future[Any]
    result: Any
    failed: Exception | None


class Store:
    """`do` writes, `ask` reads, both from one event loop. `close` it."""

    def __init__(self, path: Path, metadata: MetaData) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = _engine(path, "BEGIN IMMEDIATE")
        metadata.create_all(self._writing)
        self._reading = _engine(path, None).connect()
        self._waiting: list[_Waiting] = []
        self._flusher = ThreadPoolExecutor(1, f"store-{path.stem}")
        self._running = self._closed = False

    async def do(self, job: Job[T]) -> T:
        if self._closed:
            raise StoreClosed("the platform is shutting down")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Waiting(job, future))
        if not self._running:
            self._running = True
            loop.call_soon(self._write, loop)  # not at once: who is about to hand something in belongs to the group
        return await future

    async def ask(self, question: Job[T]) -> T:
        driver = raw(self._reading)
        driver.execute("BEGIN")
        try:
            return question(self._reading)
        finally:
            driver.execute("ROLLBACK")

    def close(self) -> None:
        """Write what was handed in, then end."""
        if self._closed:
            return
        self._closed = True
        self._flusher.shutdown()
        while self._waiting:
            outcomes, commit = self._attempt()
            _tell(outcomes, _raised(commit))
        self._reading.close()
        for engine in (self._reading.engine, self._writing):
            engine.dispose()

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """One transaction of those who wait; after it the next one, as long as there are any."""
        if self._closed or not self._waiting:
            self._running = False
            return
        outcomes, commit = self._attempt()

        def told(error: Exception | None) -> None:
            _tell(outcomes, error)
            self._write(loop)

        def flushed(done: Future[Exception | None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(told, done.result())

        self._flusher.submit(_raised, commit).add_done_callback(flushed)

    def _attempt(self) -> tuple[list[_Outcome], Callable[[], None]]:
        """Run the jobs of the next transaction: how each of them ended, and what commits it."""
        group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        try:
            connection = self._writing.connect()
        except SQLAlchemyError as error:
            failed = error  # a name of its own: that of the handler ends with it
            return [_Outcome(each.future, None, failed) for each in group], lambda: None
        try:
            transaction = connection.begin()
            outcomes = [_Outcome(each.future, *_attempted(connection, each.job)) for each in group]
        except (SQLAlchemyError, sqlite3.Error) as error:  # nothing of the group is committed
            outcomes = [_Outcome(each.future, None, error) for each in group]
            return outcomes, connection.close

        def commit() -> None:
            with connection, transaction:
                pass  # commits, or rolls back where that fails

        return outcomes, commit


def _raised(commit: Callable[[], None]) -> Exception | None:
    """Why the commit failed, whatever it was: those who wait are told, and the next group is not held up.

    None: it is on the disk."""
    try:
        commit()
    except Exception as error:
        return error
    return None


def _tell(outcomes: list[_Outcome], error: Exception | None) -> None:
    for future, result, failed in outcomes:
        if future.done():  # whoever asked has gone
            continue
        refused = error or failed
        if refused is None:
            future.set_result(result)
        else:
            future.set_exception(refused)


def _attempted(connection: Connection, job: Job[Any]) -> tuple[Any, Exception | None]:
    driver = raw(connection)
    driver.execute("SAVEPOINT job")
    try:
        result, failed = job(connection), None
    except Exception as error:  # handed to the job's caller (rule 2)
        driver.execute("ROLLBACK TO SAVEPOINT job")
        result, failed = None, error
    driver.execute("RELEASE SAVEPOINT job")
    return result, failed


def _engine(path: Path, begin: str | None) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"check_same_thread": False}, poolclass=StaticPool, hide_parameters=True
    )
    tune(engine, begin, _PRAGMAS)
    return engine
