"""The store of a simulated platform: what `simulator/store.py` promises."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from simulator.platform import metadata
from simulator.store import Store


def test_who_asked_is_told_after_the_commit_and_of_what_failed_only_itself(tmp_path: Path) -> None:
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


def test_a_flush_that_fails_for_any_reason_is_told_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "platform.sqlite", metadata)

    class Full:
        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None:
            raise MemoryError("no room")

    async def run() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "begin", lambda connection: Full())
            with pytest.raises(MemoryError):
                await store.do(lambda connection: None)
        assert await asyncio.wait_for(store.do(lambda connection: "goes on"), 5) == "goes on"

    asyncio.run(run())
    store.close()
