"""The store of one space: SQLAlchemy Core over SQLite or PostgreSQL, one code path for both."""
