"""Which version a store is of, as alembic keeps it; without alembic, which only an upgrade needs and which takes longer
to load than all the rest of a check."""

from functools import cache
from pathlib import Path

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, inspect, select
from sqlalchemy.engine import Connection

VERSIONS = Path(__file__).parent / "migrations" / "versions"

_kept = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


@cache
def newest() -> str:
    """The version of the newest migration: their files are named by it, and follow one another in one line."""
    return max(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py"))


def at_head(connection: Connection) -> bool:
    """Is the store at the newest version?"""
    if not inspect(connection).has_table(_kept.name):
        return False
    return connection.scalars(select(_kept.c.version_num)).all() == [newest()]


def stamp(connection: Connection) -> None:
    """Mark a store that was just made from the tables as newest."""
    _kept.create(connection)
    connection.execute(_kept.insert(), {"version_num": newest()})
