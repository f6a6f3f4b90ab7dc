"""The suites that there are, each a module with a `SUITE`. A new one is a new module and a line here."""

from importlib import import_module
from typing import Any

from simulator.conformance.runner import Suite

SUITES = {"pint": "DCSA PINT 3.0.0: handing an eBL from platform to platform, both roles."}
"""Name and a sentence for people, without importing any."""


def suite(name: str) -> Suite[Any]:
    """The suite of a name. Raises KeyError."""
    if name not in SUITES:
        raise KeyError(name)
    found: Suite[Any] = import_module(f"{__name__}.{name}").SUITE
    return found
