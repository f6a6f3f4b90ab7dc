"""Migrations of the store, run by alembic without a configuration file.

`upgrade` brings a store to the newest version; a new store is made from the tables and stamped as newest (`version`).
A test compares both ways: they must end in the same schema.
"""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from exchange.store.tables import metadata


def scripts() -> ScriptDirectory:
    """The migrations, as alembic reads them."""
    return ScriptDirectory(str(Path(__file__).parent))


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run what is missing, inside the caller's transaction, however long that takes; up to an older version only in a
    test."""
    if connection.dialect.name == "postgresql" and (connection.dialect.server_version_info or ()) >= (17,):
        connection.exec_driver_sql("set local transaction_timeout = 0")
    found = scripts()

    def steps(revision: str, context: MigrationContext) -> object:
        return found._upgrade_revs(to, revision)

    with EnvironmentContext(Config(), found, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
        environment.run_migrations()
