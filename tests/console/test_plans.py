"""What the pages ask the store goes by an index, however much is in it: no plan looks through a table that grows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from exchange import webhooks
from exchange.console import feed, rates, search, story
from exchange.desk import case, exporting, queue
from exchange.desk.policy import Desk
from exchange.desk.queue import View
from exchange.store import queries
from exchange.store.database import Database, create, open_database
from exchange.versions import corrections_of, versions_of
from tests.exchange.cast import NOW

GROWING = (
    "documents",
    "messages",
    "deliveries",
    "feed",
    "events",
    "leaves",
    "standings",
    "refusals",
    "records",
    "draws",
    "webhook_deliveries",
)


def looks(connection: Connection) -> None:
    """All that the pages with lists ask."""
    feed.newest(connection, feed.Wanted("refusals", "SG-NSW"), before=1000)
    feed.one(connection, 7)
    rates.rates(connection, NOW)
    search.find(connection, "SG-2026-00001")
    search.find(connection, "8708.40")
    for state in (None, "dead"):
        queries.deliveries(connection, None, 50, queries.cursor_of("dlv_x"), state=state)
        webhooks.deliveries(connection, cast(Any, None), "whk_x", state, 50, queries.cursor_of(7))
    queries.document(connection, None, "doc_x")
    queries.refusal(connection, None, "ref_x")
    story.messages_of(connection, "doc_x")
    versions_of(connection, "doc_x")
    corrections_of(connection, "doc_x")
    story.failures_of(connection, "doc_x")
    for view in View:
        queue.listed(connection, "TH-NSW", Desk(), "officer", view, NOW, queries.cursor_of(7, "doc_x"))
    queue.counts(connection, "TH-NSW", "officer")
    queue.neighbours(connection, "TH-NSW", "officer", "doc_x")
    queue.found(connection, "TH-NSW", "SG-2026-00001")
    case.history_of(connection, "TH-NSW", "SG-NSW", "A firm", NOW)
    list(exporting.rows(connection, "TH-NSW", "2026-01-01"))


def full_scans(database: Database, plan: str) -> list[str]:
    """The tables that grow and that a plan looks through without an index."""
    if database.sqlite:
        found = re.findall(r"SCAN (\w+)(?! USING)\b(?! USING)", plan)
    else:
        found = re.findall(r"Seq Scan on (\w+)", plan)
    return [table for table in found if table in GROWING]


@contextmanager
def explained(database: Database) -> Iterator[list[tuple[str, str]]]:
    """The statements of a block with the plan of each."""
    plans: list[tuple[str, str]] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            cursor.execute(f"{'EXPLAIN QUERY PLAN' if database.sqlite else 'EXPLAIN'} {statement}", parameters)
            plans.append((statement, "\n".join(str(row[-1]) for row in cursor.fetchall())))

    event.listen(database.reading, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(database.reading, "before_cursor_execute", explain)


def test_no_page_looks_through_a_table_that_grows(database_url: str) -> None:
    database = open_database(database_url)
    create(database)
    try:
        with database.reading.connect() as connection:
            if not database.sqlite:
                connection.execute(text("set enable_seqscan = off"))  # tables are empty: else a scan is the cheapest
            with explained(database) as plans:
                looks(connection)
        assert len(plans) >= 15
        assert [(statement, plan) for statement, plan in plans if full_scans(database, plan)] == []
    finally:
        database.close()


@pytest.mark.parametrize("plan", ["SCAN documents", "SCAN feed\nUSE TEMP B-TREE FOR ORDER BY"])
def test_a_plan_that_looks_through_a_table_would_be_found(sqlite_url: str, plan: str) -> None:
    database = open_database(sqlite_url)
    assert full_scans(database, plan) and not full_scans(database, "SCAN feed USING INDEX ix_feed_position")
    database.close()
