"""Tradebridge: the only name that a user imports or types."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradebridge.calls import HubError, NotAHub, Refused, TimedOut, Unreachable
    from tradebridge.client import AsyncHub, Hub

__version__ = "0.1.0"

__all__ = ["AsyncHub", "Hub", "HubError", "NotAHub", "Refused", "TimedOut", "Unreachable", "__version__"]

_FROM = {
    "AsyncHub": "tradebridge.client",
    "Hub": "tradebridge.client",
    "HubError": "tradebridge.calls",
    "NotAHub": "tradebridge.calls",
    "Refused": "tradebridge.calls",
    "TimedOut": "tradebridge.calls",
    "Unreachable": "tradebridge.calls",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for, so that `tb --help` does not pay for the HTTP library."""
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_FROM[name]), name)
