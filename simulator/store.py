"""The store of a simulated platform: one SQLite file, one writer, durable when a job returns.

1. WAL and `synchronous=FULL`: what a job wrote survives `kill -9` and a power cut when `do` comes back.
2. Jobs that wait together are one transaction, each in a savepoint of its own: what one raises undoes its own work, and
   is raised to its own caller.
3. Reading is a snapshot of what was committed.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from tradebridge.ebl.sqlite import tune

T = TypeVar("T")
Job = Callable[[Connection], T]

MOST_AT_ONCE = 64
"""Jobs in one transaction."""
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-4000", "busy_timeout=10000")


class StoreClosed(RuntimeError):
    """The platform is shutting down: nothing is written any more."""


class Store:
    """`do` writes, `ask` reads. Open it in the process that uses it; `close` ends its thread."""

    def __init__(self, path: Path, metadata: MetaData) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing, self._reading = _engine(path, "BEGIN IMMEDIATE"), _engine(path, "BEGIN")
        metadata.create_all(self._writing)
        self._jobs: queue.SimpleQueue[tuple[Job[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"store-{path.stem}", daemon=True)
        self._thread.start()

    async def do(self, job: Job[T]) -> T:
        if self._closed:
            raise StoreClosed("the platform is shutting down")
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return await asyncio.wrap_future(future)

    async def ask(self, question: Job[T]) -> T:
        with self._reading.connect() as connection:
            return question(connection)

    def close(self) -> None:
        """Write what was handed in, then end."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join(timeout=10)
            self._writing.dispose()
            self._reading.dispose()

    def _run(self) -> None:
        running = True
        while running:
            group: list[tuple[Job[Any], Future[Any]]] = []
            first = self._jobs.get()
            running = first is not None
            if first is not None:
                group.append(first)
            while running and len(group) < MOST_AT_ONCE:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                running = more is not None
                if more is not None:
                    group.append(more)
            self._write(group)

    def _write(self, group: list[tuple[Job[Any], Future[Any]]]) -> None:
        """One transaction; who failed, and who is told of it after the commit only."""
        outcomes: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            with self._writing.begin() as connection:
                outcomes = [(future, *_attempted(connection, job)) for job, future in group]
        except (SQLAlchemyError, sqlite3.Error) as error:  # nothing of the group was committed
            outcomes = [(future, None, error) for _, future in group]
        for future, result, failed in outcomes:
            if future.set_running_or_notify_cancel():
                if failed is None:
                    future.set_result(result)
                else:
                    future.set_exception(failed)


def _attempted(connection: Connection, job: Job[Any]) -> tuple[Any, Exception | None]:
    connection.exec_driver_sql("SAVEPOINT job")
    try:
        result, failed = job(connection), None
    except Exception as error:  # handed to the job's caller (rule 2)
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
        result, failed = None, error
    connection.exec_driver_sql("RELEASE SAVEPOINT job")
    return result, failed


def _engine(path: Path, begin: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"check_same_thread": False}, poolclass=StaticPool, hide_parameters=True
    )
    tune(engine, begin, _PRAGMAS)
    return engine
