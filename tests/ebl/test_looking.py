"""What the courier looks for again and again costs the same, however many transfers there were: each look goes by an
index of the few rows that wait."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from simulator.platform import metadata
from simulator.store import Store
from tradebridge.ebl import receiving, sending


def looks(connection: Connection) -> None:
    sending._waiting(connection)
    connection.execute(receiving._BEGUN)


def test_every_look_goes_by_an_index_of_those_who_wait(tmp_path: Path) -> None:
    plans: list[str] = []
    store = Store(tmp_path / "platform.sqlite", metadata)

    def explained(_: Any, cursor: sqlite3.Cursor, statement: str, parameters: Any, *more: Any) -> None:
        plans.append(" ".join(row[-1] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)))

    event.listen(store._reading.engine, "before_cursor_execute", explained)
    asyncio.run(store.ask(looks))
    store.close()
    indexes = ("ix_ebl_transfers_open", "ix_ebl_calls_due", "ix_ebl_incoming_accepting")
    assert [plan for plan, index in zip(plans, indexes, strict=True) if index not in plan] == []


def test_who_asked_is_told_after_the_commit_and_of_what_failed_only_itself(tmp_path: Path) -> None:
    """The store of a simulated platform, as `simulator/store.py` promises."""
    store = Store(tmp_path / "platform.sqlite", metadata)

    def note(reference: str, *, fails: bool = False) -> Any:
        def job(connection: Connection) -> str:
            insert = "insert into journal (at, kind, reference, record) values ('', '', ?, '')"
            connection.exec_driver_sql(insert, (reference,))
            if fails:
                raise LookupError(reference)
            return reference

        return job

    def written() -> list[str]:
        with sqlite3.connect(tmp_path / "platform.sqlite") as looking:
            return [row[0] for row in looking.execute("select reference from journal order by n")]

    async def run() -> None:
        jobs = (store.do(note("a")), store.do(note("b", fails=True)), store.do(note("c")))
        told = await asyncio.gather(*jobs, return_exceptions=True)
        assert [str(each) for each in told] == ["a", "b", "c"] and isinstance(told[1], LookupError)
        assert written() == ["a", "c"]
        late = asyncio.ensure_future(store.do(note("d")))
        await asyncio.sleep(0)
        store.close()
        assert await late == "d" and written() == ["a", "c", "d"]
        with pytest.raises(RuntimeError, match="shutting down"):
            await store.do(note("e"))

    asyncio.run(run())


def test_a_commit_that_fails_is_told_to_all_who_waited_for_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "platform.sqlite", metadata)

    def orphan(connection: Connection) -> None:
        connection.exec_driver_sql("create table a (id integer primary key)")
        connection.exec_driver_sql("create table b (a integer references a(id) deferrable initially deferred)")
        connection.exec_driver_sql("insert into b values (1)")

    async def run() -> None:
        told = await asyncio.gather(store.do(orphan), store.do(lambda connection: None), return_exceptions=True)
        assert all("FOREIGN KEY constraint failed" in str(each) for each in told)
        assert await store.do(lambda connection: "goes on") == "goes on"

    asyncio.run(run())
    store.close()
