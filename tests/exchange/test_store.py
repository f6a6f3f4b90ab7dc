"""The store: made, migrated, divided into spaces, on both databases."""

import asyncio
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, inspect, make_url, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from exchange.store import database as store
from exchange.store import migrations, version
from exchange.store import tables as t
from exchange.store import writer as writer_module
from exchange.store.rows import Rows, add
from exchange.store.writer import Job, Writer, WriterStopped, _is_unwritable


def test_a_new_store_is_ready_and_at_the_newest_version(empty_url: str) -> None:
    database = store.open_database(empty_url)
    assert store.check(database) == "missing"
    store.create(database)
    store.create(database)  # harmless where it exists
    assert store.check(database) == "ready"
    with database.reading.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_heads() == tuple(migrations.scripts().get_heads()), "alembic says the same of it"
    database.close()


def test_migrations_from_nothing_end_in_the_same_schema_as_the_tables(empty_url: str) -> None:
    database = store.open_database(empty_url)
    with database.writing.begin() as connection:
        migrations.upgrade(connection)
    with database.reading.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        ours = [change for change in compare_metadata(context, t.metadata) if "alembic_version" not in str(change)]
        assert ours == []
        assert version.at_head(connection)
    database.close()


def test_a_store_of_the_first_version_keeps_what_it_holds_and_its_certificates_get_their_life(
    empty_url: str,
) -> None:
    database = store.open_database(empty_url)
    first = "insert into standings (document_id, recipient, state, sequence) values "
    document = (
        "insert into documents (id, message_id, profile, content_digest, sender, findings, state, received_at, row)"
    )
    with database.writing.begin() as connection:
        migrations.upgrade(connection, to="0001")
        for name, profile in (("one", "rcep-co/2022"), ("two", "dcsa-transport-document/3.0")):
            values = f"('{name}', '{name}', '{profile}', '{name}', 'SG-NSW', '[]', 'live', '2026-01-05T09:00:00Z', 1)"
            connection.execute(text(f"{document} values {values}"))
            connection.execute(
                text(f"{first} ('{name}', 'TH-NSW', 'received', 0), ('{name}', 'VN-NSW', 'accepted', 1)")
            )
        migrations.upgrade(connection)
    with database.reading.connect() as connection:
        rows = connection.execute(
            select(t.standings).order_by(t.standings.c.document_id, t.standings.c.recipient)
        ).all()
        assert [(row.document_id, row.state, row.sequence, row.draws) for row in rows] == [
            ("one", "issued", 0, 0),
            ("one", "accepted", 1, 0),
            ("two", "received", 0, 0),
            ("two", "accepted", 1, 0),
        ]
        assert connection.execute(select(t.documents.c.utilisation)).scalars().all() == [None, None]
    database.close()


def test_a_store_of_an_older_version_is_behind(empty_url: str) -> None:
    database = store.open_database(empty_url)
    store.create(database)
    with database.writing.begin() as connection:
        connection.execute(text("delete from alembic_version"))
    assert store.check(database) == "behind"
    database.close()


def test_what_the_driver_cannot_say_may_be_there(empty_url: str) -> None:
    database = store.open_database(empty_url)
    store.create(database)
    assert database.may_find("select id from head", ())
    assert not database.may_find("select id from head where size > 0", ())
    assert database.may_find("select id from nowhere", ())
    assert not database.may_find("select id from head where size > 0", ())  # the connection is none the worse
    database.close()


def test_spaces_do_not_see_each_other(empty_url: str) -> None:
    first, second = (store.open_database(empty_url, name) for name in ("one", "two"))
    for database in (first, second):
        store.create(database)
    _add_member(first, "SG-NSW")
    assert _members(first) == ["SG-NSW"]
    assert _members(second) == []
    store.drop(second)
    again = store.open_database(empty_url, "two")
    assert not store.exists(again)
    assert _members(first) == ["SG-NSW"]
    first.close()
    again.close()


def test_a_space_made_from_the_template_has_every_table(sqlite_url: str) -> None:
    for name in ("one", "two"):
        database = store.open_database(sqlite_url, name)
        store.create(database)
        assert set(t.metadata.tables) <= set(inspect(database.reading).get_table_names())
        assert store.check(database) == "ready"
        database.close()


@pytest.mark.parametrize("name", ["../x", "A", "a b", "", "x" * 41, 'a";drop'])
def test_a_space_has_a_plain_name(name: str, sqlite_url: str) -> None:
    if not name:
        return
    with pytest.raises(ValueError, match="lower-case"):
        store.open_database(sqlite_url, name)


def test_sqlite_survives_a_power_cut_by_its_settings(sqlite_url: str) -> None:
    database = store.open_database(sqlite_url)
    store.create(database)
    with database.writing.connect() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma synchronous")).scalar() == 2  # FULL
    database.close()


# --- the writer ------------------------------------------------------------------------------------------------------


@pytest.fixture
def database(empty_url: str) -> store.Database:
    opened = store.open_database(empty_url)
    store.create(opened)
    return opened


@pytest.mark.parametrize("rows", [False, True], ids=["jobs", "rows"])
def test_one_conflict_in_a_group_leaves_its_neighbours_alone(database: store.Database, rows: bool) -> None:
    job = _member_rows if rows else _member_job
    writer = Writer(database)
    gate = threading.Event()
    writer_is_held = threading.Event()

    def hold(connection: Connection) -> None:
        writer_is_held.set()
        gate.wait(10)

    with ThreadPoolExecutor(40) as pool:
        held = pool.submit(writer.do_now, hold)
        writer_is_held.wait(10)
        before = writer.groups
        jobs = [pool.submit(writer.do_now, job(f"M-{number % 20}")) for number in range(30)]
        while writer._queue.qsize() < 30:
            pass
        gate.set()
        held.result(10)
        outcomes = [type(job.exception(10)) for job in jobs]
    writer.stop()
    assert outcomes.count(IntegrityError) == 10
    assert outcomes.count(type(None)) == 20
    assert len(_members(database)) == 20
    assert writer.groups - before <= 3  # they did share transactions
    database.close()


def test_a_job_that_fails_halfway_leaves_nothing_behind(database: store.Database) -> None:
    writer = Writer(database)

    def halfway(connection: Connection) -> None:
        _member_job("HALF")(connection)
        raise LookupError("after the insert")

    with pytest.raises(LookupError):
        writer.do_now(halfway)
    writer.do_now(_member_job("WHOLE"))
    writer.stop()
    assert _members(database) == ["WHOLE"]
    database.close()


def test_nobody_hears_of_a_job_before_its_commit(database: store.Database) -> None:
    writer = Writer(database)
    release = threading.Event()
    event.listen(database.writing, "commit", lambda connection: release.wait(20))
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(writer.do_now, _member_job("A"))
        heard, _ = wait([job], 0.3)
        release.set()
        assert not heard, "the caller heard of it before the commit"
        job.result(10)
    writer.stop()
    database.close()


def test_a_busy_writer_gathers_and_one_with_little_to_do_waits_for_nobody(
    database: store.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "GLANCE_SECONDS", 0.4)
    monkeypatch.setattr(writer_module, "GATHER_SECONDS", 0.6)
    writer = Writer(database)

    def groups_of(names: list[str], pause: float) -> int:
        """Transactions of these jobs, handed in one after another."""
        before = writer.groups
        with ThreadPoolExecutor(len(names)) as pool:
            for name in names:
                pool.submit(writer.do_now, _member_job(name))
                time.sleep(pause)
        return writer.groups - before

    held, gate = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        held.set()
        gate.wait(10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(writer.do_now, hold)
        held.wait(10)
        jobs = [f"B-{number}" for number in range(writer_module.BUSY)]
        threading.Timer(0.3, gate.set).start()
        assert groups_of(jobs, 0) == 2  # the one that held it, and all that waited
    assert groups_of(["C-1", "C-2", "C-3"], 0.05) == 1
    assert groups_of(["D-1", "D-2"], 0.15) == 2
    writer.stop()
    assert len(_members(database)) == len(jobs) + 5
    database.close()


def test_what_was_handed_in_before_the_end_is_written_and_what_comes_after_is_refused(database: store.Database) -> None:
    writer = Writer(database)

    async def many() -> None:
        await asyncio.gather(*(writer.do(_member_job(f"M-{number}")) for number in range(50)))

    asyncio.run(many())
    writer.stop()
    with pytest.raises(WriterStopped):
        writer.do_now(_member_job("LATE"))
    assert len(_members(database)) == 50
    database.close()


def test_neighbours_that_only_add_rows_share_their_statements(sqlite_url: str) -> None:
    database = store.open_database(sqlite_url)
    store.create(database)
    said: list[str] = []
    event.listen(database.writing, "before_cursor_execute", lambda *told: said.append(told[2]))
    writer = Writer(database)
    holding, released = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        holding.set()
        released.wait(10)

    with ThreadPoolExecutor(8) as pool:
        held = pool.submit(writer.do_now, hold)
        holding.wait(10)
        jobs: list[Job[object]] = [
            _member_rows("M-0", "M-1"),
            _member_rows("M-2"),
            _member_job("M-3"),
            _member_rows("M-4"),
        ]
        done: list[Future[object]] = []
        for number, job in enumerate(jobs):
            done.append(pool.submit(writer.do_now, job))
            while writer._queue.qsize() <= number:
                pass
        released.set()
        held.result(10)
        assert [each.result(10) for each in done] == [(), (), None, ()]
    writer.stop()
    assert _members(database) == [f"M-{number}" for number in range(5)]
    inserts = [each for each in said if each.startswith("INSERT INTO members")]
    assert len(inserts) == 4, inserts  # of three rows: two and one
    assert sum(each.startswith("SAVEPOINT") for each in said) == 4
    database.close()


def test_on_a_full_disk_every_job_of_a_group_fails_at_once_and_no_neighbour_is_tried(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = store.open_database(sqlite_url)
    store.create(database)
    writer = Writer(database)
    tried: list[str] = []
    released = threading.Event()

    def large(name: str) -> Job[None]:
        def job(connection: Connection) -> None:
            released.wait(10)
            tried.append(name)
            connection.execute(t.members.insert(), {"id": name, "status": "active", "data": "x" * 1_000_000})

        return job

    _limit_pages(database, 200)
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(writer.do_now, large("M-0"))
        time.sleep(0.2)
        others = [pool.submit(writer.do_now, large(f"M-{number}")) for number in range(1, 20)]
        time.sleep(0.2)
        released.set()
        began = time.monotonic()
        for each in (first, *others):
            with pytest.raises(OperationalError, match="full"):
                each.result(10)
    assert time.monotonic() - began < 2
    assert len(tried) == 2  # one of each group
    assert writer.in_trouble
    monkeypatch.setattr(writer_module.logger, "warning", _broken_pipe)
    with pytest.raises(OperationalError, match="full"):
        writer.do_now(large("M-20"))  # whoever took the logs has gone: the writer stays
    _limit_pages(database, 1_000_000)
    writer.do_now(_member_job("AFTER"))
    assert _members(database) == ["AFTER"]
    writer.stop()
    database.close()


def _broken_pipe(*arguments: object, **facts: object) -> None:
    raise BrokenPipeError


def _limit_pages(database: store.Database, pages: int) -> None:
    """A disk of so many pages, as SQLite simulates it on the writer's connection."""
    with database.writing.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_database_that_is_away_is_told_from_a_connection_that_broke() -> None:
    away = store.open_database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(OperationalError) as caught, away.writing.connect():
        pass
    assert _is_unwritable(caught.value)
    caught.value.connection_invalidated = True
    assert not _is_unwritable(caught.value)
    assert not _is_unwritable(ValueError("a job's own"))
    away.close()


def test_two_writers_that_cross_each_other_both_get_through(postgresql_url: str) -> None:
    """Two hub processes insert the same keys in opposite order: PostgreSQL breaks the deadlock, the writers mend it."""
    opened = [store.open_database(postgresql_url) for _ in range(2)]
    store.create(opened[0])
    writers = [Writer(database) for database in opened]
    barrier = threading.Barrier(2, timeout=20)

    def crossing(first: str, second: str) -> object:
        tries: list[int] = []

        def job(connection: Connection) -> int:
            _member_job(first)(connection)
            if not tries:
                tries.append(1)
                barrier.wait()
            connection.execute(t.members.delete().where(t.members.c.id == second))
            _member_job(second)(connection)
            return len(tries)

        return job

    def run(writer: Writer, job: object) -> object:
        try:
            return writer.do_now(job)  # type: ignore[arg-type]  # a job
        except IntegrityError:
            return "conflict"

    with ThreadPoolExecutor(2) as pool:
        outcomes = [
            pool.submit(run, writers[0], crossing("A", "B")),
            pool.submit(run, writers[1], crossing("B", "A")),
        ]
        results = [outcome.result(30) for outcome in outcomes]
    assert 1 in results
    assert _members(opened[0]) == ["A", "B"]
    for writer, database in zip(writers, opened, strict=True):
        writer.stop()
        database.close()


def test_a_migration_may_take_its_time(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TRANSACTION_SECONDS", 1)
    database = store.open_database(postgresql_url)
    with database.writing.begin() as connection:
        migrations.upgrade(connection)
        connection.execute(text("select pg_sleep(1.5)"))
    assert store.check(database) == "ready"
    database.close()


@pytest.mark.parametrize("limit", ["STANDSTILL_SECONDS", "TRANSACTION_SECONDS"])
def test_a_writer_that_stands_still_in_a_transaction_holds_nobody_up_and_writes_after_all(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """The database ends the transaction of a process that does not go on, with its locks; the writer runs it again."""
    made = store.open_database(postgresql_url)
    store.create(made)
    _add_member(made, "A")
    made.close()
    monkeypatch.setattr(store, limit, 1)
    opened = [store.open_database(postgresql_url) for _ in range(2)]
    writers = [Writer(database) for database in opened]
    locked = threading.Event()

    def standing_still(connection: Connection) -> None:
        connection.execute(t.members.update().values(status="first"))
        if not locked.is_set():
            locked.set()
            time.sleep(2.5)
        _member_job("B")(connection)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(writers[0].do_now, standing_still)
        assert locked.wait(10)
        began = time.monotonic()
        writers[1].do_now(lambda connection: connection.execute(t.members.update().values(status="second")))
        assert time.monotonic() - began < 2
        late.result(20)
    with opened[0].reading.connect() as connection:
        assert set(connection.execute(select(t.members.c.id, t.members.c.status))) == {("A", "first"), ("B", "active")}
    for writer, database in zip(writers, opened, strict=True):
        writer.stop()
        database.close()


def _member_job(name: str):  # type: ignore[no-untyped-def]  # a job for the writer
    def job(connection: Connection) -> None:
        connection.execute(t.members.insert(), {"id": name, "status": "active", "data": "{}"})

    return job


def _member_rows(*names: str) -> Rows:
    rows = Rows()
    add(rows, t.members, [{"id": name, "status": "active", "data": "{}"} for name in names])
    return rows


def _add_member(database: store.Database, name: str) -> None:
    with database.writing.begin() as connection:
        _member_job(name)(connection)


def _members(database: store.Database) -> list[str]:
    with database.reading.connect() as connection:
        return list(connection.execute(select(t.members.c.id).order_by(t.members.c.id)).scalars())


def test_who_makes_a_store_that_another_made_meanwhile_keeps_theirs(sqlite_url: str) -> None:
    path = Path(make_url(sqlite_url).database or "")
    first = store.open_database(sqlite_url)
    store.create(first)
    with first.writing.begin() as connection:
        _member_job("SG-NSW")(connection)
    store._put_whole(store._empty_store(), path)
    second = store.open_database(sqlite_url)
    store.create(second)
    assert _members(second) == ["SG-NSW"]
    assert [each.name for each in path.parent.glob("*") if each.suffix != ".sqlite" and "hub" not in each.name] == []
    first.close()
    second.close()
