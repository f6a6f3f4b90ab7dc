"""Both stores, for the tests that kill hubs over them."""

from tests.databases import postgresql_database, postgresql_server, postgresql_url, sqlite_url

__all__ = ["postgresql_database", "postgresql_server", "postgresql_url", "sqlite_url"]
