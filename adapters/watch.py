"""Watching a call: does it read a clock, draw at random, or touch files, network or processes?

It sees every call of a C function from Python code in this thread (`sys.setprofile`); what a C extension does inside
itself it cannot see. The collector of garbage stands still, since others may have hung a clock on it. What a call needs
once, as imports and tables, is not meant: make the call once before.
"""

import gc
import random
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

_CLOCKS = frozenset({"now", "utcnow", "today"})
_OF_MODULES: dict[str, frozenset[str]] = {
    "time": frozenset({"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"}),
    "io": frozenset({"open"}),
    "_io": frozenset({"open"}),
    "posix": frozenset({"urandom", "open", "remove", "unlink", "rename", "mkdir", "system", "fork", "getpid"}),
    "_posixsubprocess": frozenset({"fork_exec"}),
    "_socket": frozenset({"getaddrinfo", "gethostbyname"}),
}
_GLOBAL = random.random.__self__  # type: ignore[attr-defined]  # a bound method, which typeshed does not say


@contextmanager
def watched() -> Iterator[list[str]]:
    """What the block used of these, in the order of the calls: `time.time in codec.py, line 12`."""
    used: list[str] = []

    def look(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and (name := _name_of(called)) and "importlib" not in frame.f_code.co_filename:
            used.append(f"{name} in {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}")

    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(look)
    try:
        yield used
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()


def _name_of(called: Callable[..., Any]) -> str:
    """Of what is not pure; empty for all else."""
    name, module, owner = called.__name__, called.__module__ or "", getattr(called, "__self__", None)
    if name in _OF_MODULES.get(module, ()):
        return f"{module.lstrip('_')}.{name}"
    if isinstance(owner, type) and issubclass(owner, date) and name in _CLOCKS:
        return f"{owner.__name__}.{name}"
    if isinstance(owner, socket.SocketType):
        return f"socket.{name}"
    if owner is _GLOBAL or isinstance(owner, random.SystemRandom):
        return f"random.{name}"
    return ""
