"""The carrier's store: one SQLite file, one writer at a time, durable when a job returns.

What is in it: a file per shipping instructions, the transport documents made from it, requests that wait to be
processed, what must be sent, surrender requests, and a journal of every step.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    text,
)
from sqlalchemy.engine import Connection

from tradebridge.ebl.sqlite import tune

T = TypeVar("T")
Job = Callable[[Connection], T]

metadata = MetaData()

files = Table(
    "carrier_files",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("consumer", String, nullable=False),
    Column("reference", String, nullable=False, unique=True),
    Column("status", String),
    Column("update_status", String),
    Column("content", Text, nullable=False),
    Column("update_content", Text),
    Column("feedbacks", Text, nullable=False, default="[]"),
    Column("document", String),
    Column("notified", Integer, nullable=False, default=0),
    Column("changes", Integer, nullable=False, default=1),
    Column("looked", Integer, nullable=False, default=0),
    Index("carrier_files_unlooked", "id", sqlite_where=text("changes > looked")),
    sqlite_autoincrement=True,
)
"""`changes` counts what has happened to a case, `looked` how much of it the clerk has seen and come to rest with."""
documents = Table(
    "carrier_documents",
    metadata,
    Column("reference", String, primary_key=True),
    Column("file", ForeignKey("carrier_files.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("amendment_status", String),
    Column("amendment", Text),
    Column("content", Text, nullable=False),
    Column("made_from", String, nullable=False),
    Column("issuance", String),
    Column("issue_to", Text),
    Column("platform", String, nullable=False, default=""),
    Column("request", Text),
    Column("response", Text),
    Column("replaces", String),
    Column("feedbacks", Text, nullable=False, default="[]"),
    Index("carrier_documents_file", "file"),
)
intake = Table(
    "carrier_intake",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("file", ForeignKey("carrier_files.id"), nullable=False),
    Column("document", String),
    Column("step", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("done", Boolean, nullable=False, default=False),
    Index("carrier_intake_waiting", "done", "file"),
    sqlite_autoincrement=True,
)
outbox = Table(
    "carrier_outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("lane", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("document", String, nullable=False),
    Column("method", String, nullable=False),
    Column("url", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due", Float, nullable=False, default=0.0),
    Column("answer", Text, nullable=False, default=""),
    Index("carrier_outbox_waiting", "state", "lane", "id"),
    sqlite_autoincrement=True,
)
surrenders = Table(
    "carrier_surrenders",
    metadata,
    Column("reference", String, primary_key=True),
    Column("document", String, nullable=False),
    Column("platform", String, nullable=False),
    Column("request", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("who", Text),
    Column("action", String),
    Column("comments", String),
    Index("carrier_surrenders_document", "document"),
)
journal = Table(
    "carrier_journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("step", String, nullable=False),
    Column("use_case", Integer, nullable=False),
    Column("file", ForeignKey("carrier_files.id"), nullable=False),
    Column("document", String),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    sqlite_autoincrement=True,
)
notifications = Table(
    "consumer_notifications",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("event", String, nullable=False),
    Column("type", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("consumer_notifications_event", "source", "event", unique=True),
    sqlite_autoincrement=True,
)
"""What a consumer has received: of `consumer.py`."""


class Store:
    """`do` runs a job in a transaction of its own and comes back when it is durable."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _open(path)
        self._turn = threading.Lock()
        metadata.create_all(self._engine)

    async def do(self, job: Job[T]) -> T:
        return await asyncio.to_thread(self.do_now, job)

    def do_now(self, job: Job[T]) -> T:
        with self._turn, self._engine.begin() as connection:
            return job(connection)

    def close(self) -> None:
        self._engine.dispose()


def _open(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 30})
    tune(engine, "BEGIN IMMEDIATE", ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"))
    return engine
