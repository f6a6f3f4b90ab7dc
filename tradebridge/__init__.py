"""Tradebridge: the only name that a user imports or types."""

__version__ = "0.1.0"
