"""The one writer of a process: many jobs, one transaction, one flush to disk (group commit).

1. A job is a function of the connection. It runs inside a savepoint of its own: what it raises rolls back its own
   work and is handed to its own caller; its neighbours in the group are untouched.
2. A job's caller hears of it only after the commit. Nothing is acknowledged before it is durable.
3. If the database breaks the group as a whole (a deadlock between two hub processes, a lost connection), nothing of
   it was committed: each job is run again, alone, in a transaction of its own. A job must therefore bear to be run
   twice. Only what fails alone is reported to its caller.
4. Where the disk is full or the database away, trying again helps nobody: every job of the group fails at once.
5. Jobs run in the order in which they were handed in. Neighbours that only add rows (`Rows`) are tried as one: all
   rows of a table in one statement. If one of them cannot be added nothing was, and rule 1 holds for each.
6. Who is busy gathers: after a group of `BUSY` jobs the next one waits for more, as long as more keep coming, up to
   `FULL` jobs or `GATHER_SECONDS`. A page that many jobs touch is then written once. With little to do nothing waits.
"""

import asyncio
import contextlib
import itertools
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from exchange.store.database import Database
from exchange.store.rows import Rows

T = TypeVar("T")
Job = Callable[[Connection], T]

MAX_GROUP = 128
"""Jobs in one transaction."""

BUSY, STILL_BUSY, FULL = 8, 16, 32
"""Jobs in a group: from how many on the next one gathers; the one after it too; and how many are enough. A burst at
little load therefore makes one group gather, not a row of them."""
GATHER_SECONDS, GLANCE_SECONDS = 0.05, 0.004
"""How long it gathers at most, and how often it looks; a look that finds nothing new ends it."""

TROUBLE_SECONDS = 5.0
"""So long after a failure by rule 4 the writer counts as being in trouble."""

logger = structlog.get_logger(__name__)


class WriterStopped(RuntimeError):
    """The hub is shutting down and takes no more work: ask again when it is back."""


class _Pending:
    __slots__ = ("error", "future", "job", "loop", "result")

    def __init__(self, job: Job[Any], future: Any, loop: asyncio.AbstractEventLoop | None) -> None:
        self.job = job
        self.future = future
        self.loop = loop
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """Runs jobs on a thread of its own. `groups` and `jobs` count what was committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._stopped = False
        self._unwritable_at = -TROUBLE_SECONDS
        self.groups = 0
        self.jobs = 0
        self._thread = threading.Thread(target=self._run, name=f"writer-{database.space or 'default'}", daemon=True)
        self._thread.start()

    @property
    def in_trouble(self) -> bool:
        """Did the disk or the database refuse, a moment ago, to write anything?"""
        return time.monotonic() - self._unwritable_at < TROUBLE_SECONDS

    async def do(self, job: Job[T]) -> T:
        """Run the job, and come back when it is durable. Raises what the job raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Pending(job, future, loop))
        return await future

    def do_now(self, job: Job[T], timeout: float | None = 60) -> T:
        """The same for callers that are not asynchronous."""
        future: Future[T] = Future()
        self._put(_Pending(job, future, None))
        return future.result(timeout)

    def _put(self, pending: _Pending) -> None:
        if self._stopped:
            raise WriterStopped("the hub is shutting down")
        self._queue.put(pending)

    def stop(self) -> None:
        """Finish what was handed in, then end the thread."""
        self._stopped = True
        self._queue.put(None)
        self._thread.join(timeout=30)

    def _run(self) -> None:
        running, gather = True, False
        while running:
            group, running = self._next_group(gather=gather)
            gather = len(group) >= (STILL_BUSY if gather else BUSY)
            if group:
                self._commit(group)
                self._report(group)

    def _next_group(self, *, gather: bool) -> tuple[list[_Pending], bool]:
        """Who waits, at least one; and whether the writer runs on."""
        first = self._queue.get()
        if first is None:
            return [], False
        group = [first]
        running = self._take_waiting(group)
        end = time.monotonic() + GATHER_SECONDS
        while gather and running and len(group) < FULL and time.monotonic() < end:
            before = len(group)
            time.sleep(GLANCE_SECONDS)
            running = self._take_waiting(group)
            gather = len(group) > before
        return group, running

    def _take_waiting(self, group: list[_Pending]) -> bool:
        """Put who waits into the group. False: the writer was told to stop."""
        while len(group) < MAX_GROUP:
            try:
                pending = self._queue.get_nowait()
            except queue.Empty:
                return True
            if pending is None:
                return False
            group.append(pending)
        return True

    def _commit(self, group: list[_Pending]) -> None:
        try:
            self._transaction(group)
        except Exception as error:  # rule 3: the group as a whole failed, whatever the reason; each is tried alone
            with contextlib.suppress(OSError, ValueError):  # nobody takes the logs: that is no reason to stop writing
                logger.warning("group commit failed", jobs=len(group), error=str(error)[:300])
            unwritable = error if _is_unwritable(error) else None
            for pending in group:
                if unwritable is None:
                    unwritable = self._alone(pending)
                else:
                    pending.error = unwritable
            if unwritable is not None:
                self._unwritable_at = time.monotonic()

    def _transaction(self, group: list[_Pending]) -> None:
        with self._database.writing.begin() as connection:
            for _, neighbours in itertools.groupby(group, lambda pending: isinstance(pending.job, Rows)):
                several = list(neighbours)
                if not _added_together(connection, several):
                    for pending in several:
                        _run_one(connection, pending)
        self.groups += 1
        self.jobs += len(group)

    def _alone(self, pending: _Pending) -> Exception | None:
        """Run one job in a transaction of its own. Returns why no other can be written either, by rule 4."""
        for attempt in range(4):
            try:
                self._transaction([pending])
                return None
            except DBAPIError as error:
                pending.error = error
                if _is_unwritable(error):
                    return error
                time.sleep(0.05 * 2**attempt)
            except Exception as error:  # handed to the job's caller
                pending.error = error
                return None
        return None

    def _report(self, group: list[_Pending]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[_Pending]] = {}
        for pending in group:
            if pending.loop is None:
                _settle(pending)
            else:
                loops.setdefault(pending.loop, []).append(pending)
        for loop, waiting in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(_settle_all, waiting)


def _added_together(connection: Connection, group: list[_Pending]) -> bool:
    """Rule 5: add the rows of all. False, and nothing was done, where there is more to do, or one cannot be added."""
    rows = Rows()
    for pending in group:
        if len(group) == 1 or not isinstance(pending.job, Rows):
            return False
        rows.take_all(pending.job)
    together = _Pending(rows, None, None)
    _run_one(connection, together)
    for pending in group:
        pending.error, pending.result = None, together.result
    return together.error is None


def _run_one(connection: Connection, pending: _Pending) -> None:
    """Run a job in a savepoint of its own, by rule 1. Raises what ended the transaction itself."""
    pending.error, pending.result = None, None
    connection.exec_driver_sql("SAVEPOINT job")  # `begin_nested` does the same at three times the cost
    try:
        pending.result = pending.job(connection)
    except Exception as error:  # handed to the job's caller
        if _is_lost(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
        pending.error = error
    connection.exec_driver_sql("RELEASE SAVEPOINT job")


def _is_lost(error: Exception) -> bool:
    """Has the transaction itself ended: by a deadlock, a full disk, a connection that the server closed?"""
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


_SQLITE_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_POSTGRESQL_UNWRITABLE = ("53", "57P03", "58", "25006")
"""Classes of SQLSTATE: no disk, memory or connection left; starting up or shutting down; I/O error; read only."""


def _is_unwritable(error: Exception) -> bool:
    """Is the disk full, or the database away? A connection that broke is no sign of it, one that cannot be made is."""
    if not isinstance(error, OperationalError | DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_UNWRITABLE  # the low byte: the rest says where
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError) and not error.connection_invalidated
    return str(state).startswith(_POSTGRESQL_UNWRITABLE)


def _settle_all(group: list[_Pending]) -> None:
    for pending in group:
        if not pending.future.cancelled():
            _settle(pending)


def _settle(pending: _Pending) -> None:
    if pending.error is not None:
        pending.future.set_exception(pending.error)
    else:
        pending.future.set_result(pending.result)
