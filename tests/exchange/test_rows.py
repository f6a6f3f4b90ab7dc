"""Rows that are added by a compiled INSERT: the same rows as SQLAlchemy's own, on both databases."""

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from exchange.store import database as store
from exchange.store import tables as t
from exchange.store.rows import Rows, add


def leaf(name: str) -> dict[str, object]:
    return {"record_id": name, "leaf": b"\0" * 32, "salt": b"\xff" * 32, "record": b"{}", "leaf_hash": b"\1" * 32}


def test_added_rows_are_those_that_sqlalchemy_would_insert(database_url: str) -> None:
    database = store.open_database(database_url)
    store.create(database)
    with database.writing.begin() as connection:
        connection.execute(insert(t.leaves).inline(), leaf("ours"))
        add(connection, t.leaves, leaf("one"))
        add(connection, t.leaves, [leaf("two"), leaf("three")])
        add(connection, t.leaves, {**leaf("placed"), "position": 7})  # other columns: another statement
    columns = [column for column in t.leaves.c if column.name not in ("id", "record_id")]
    with database.reading.connect() as connection:
        rows = connection.execute(select(t.leaves.c.record_id, *columns).order_by(t.leaves.c.id)).all()
    assert [row.record_id for row in rows] == ["ours", "one", "two", "three", "placed"]
    assert {tuple(row)[1:] for row in rows[:4]} == {(b"\0" * 32, b"\xff" * 32, b"{}", None, b"\1" * 32)}
    assert rows[4].position == 7
    database.close()


@pytest.mark.parametrize("count", [2, 3, 500])
def test_however_many_rows_are_added_they_are_all_there_and_in_order(database_url: str, count: int) -> None:
    database = store.open_database(database_url)
    store.create(database)
    rows, names = Rows(), [f"m{number}" for number in range(count)]
    for name in names:
        add(rows, t.leaves, leaf(name))
    add(rows, t.feed, {"kind": "told", "members": ",", "data": "{}"})
    with database.writing.begin() as connection:
        rows(connection)
    with database.reading.connect() as connection:
        assert list(connection.execute(select(t.leaves.c.record_id).order_by(t.leaves.c.id)).scalars()) == names
        assert connection.execute(select(t.feed.c.kind)).scalars().all() == ["told"]
    database.close()


def test_a_row_that_is_there_already_is_an_integrity_error(database_url: str) -> None:
    database = store.open_database(database_url)
    store.create(database)
    with pytest.raises(IntegrityError), database.writing.begin() as connection:
        add(connection, t.leaves, [leaf("one"), leaf("one")])
    database.close()
