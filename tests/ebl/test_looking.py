"""What the courier looks for again and again costs the same, however many transfers there were: each look goes by an
index of the few rows that wait."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection

from simulator.platform import metadata
from simulator.store import Store
from tradebridge.ebl import receiving, sending


def looks(connection: Connection) -> None:
    sending._waiting(connection)
    sending._waiting(connection, [("ebl_transfers", "MEKO"), ("ebl_calls", "SIML")])
    connection.execute(receiving._BEGUN)
    receiving._begun(connection, "content", "title", "SIML", "SIML001")


def test_every_look_goes_by_an_index_of_those_who_wait(tmp_path: Path) -> None:
    plans: list[str] = []
    store = Store(tmp_path / "platform.sqlite", metadata)

    def explained(_: Any, cursor: sqlite3.Cursor, statement: str, parameters: Any, *more: Any) -> None:
        plans.append(" ".join(row[-1] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)))

    event.listen(store._reading.engine, "before_cursor_execute", explained)
    asyncio.run(store.ask(looks))
    store.close()
    indexes = (*("ix_ebl_transfers_open", "ix_ebl_calls_due") * 2, *("ix_ebl_incoming_accepting",) * 2)
    assert [plan for plan, index in zip(plans, indexes, strict=True) if index not in plan] == []
