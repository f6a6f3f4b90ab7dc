"""Waiting in a test: for the condition, never for a fixed time."""

import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")


def until(found: Callable[[], T | Literal[False] | None], seconds: float = 10.0) -> T:
    """What it finds, as soon as that is something."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"it did not come in {seconds:g} s"
        time.sleep(0.02)
    return value
