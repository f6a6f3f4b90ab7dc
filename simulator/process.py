"""A process of the simulation that serves HTTP: how it binds, says that it is ready, and ends.

1. It binds its port first, so that the addresses it tells others are true. With port 0 it takes the port of the last
   time, if that is free: others may have been told of it.
2. Ready, it writes one JSON line to the file descriptor TRADEBRIDGE_READY_FD, if there is one.
3. It ends when the pipe TRADEBRIDGE_PARENT_PIPE closes: however its parent dies, it dies with it.
"""

import asyncio
import gc
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

GC_THRESHOLDS = (10_000, 20, 50)
"""Of the cyclic collector: a request makes thousands of objects and hardly a cycle among them."""
GRACE_SECONDS = 3.0
"""How long a request may still run when the parent has gone."""


def listen(host: str, port: int, remembered: Path) -> socket.socket:
    """A bound socket. `remembered`: the file that keeps the port for the next time (rule 1)."""
    remembered.parent.mkdir(parents=True, exist_ok=True)
    last = int(remembered.read_text("ascii")) if port == 0 and remembered.exists() else port
    for wanted in dict.fromkeys((last, port)):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, wanted))
        except OSError:
            listening.close()
            continue
        remembered.write_text(str(listening.getsockname()[1]), "ascii")
        return listening
    raise SystemExit(f"port {port} is taken: choose another with --port, or 0 for any free one")


async def serve(
    app: ASGIApp, listening: socket.socket, url: str, connection: type[asyncio.Protocol] | Literal["auto"] = "auto"
) -> None:
    """Serve until told to end (rules 2 and 3)."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, http=connection)
    server = _Server(config, url)
    _end_with_parent(server)
    await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # as the hub does: what stands at the start need not be looked at again and again
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        descriptor = os.environ.get("TRADEBRIDGE_READY_FD")
        if self.started and descriptor is not None:
            line = {"port": int(self._url.rsplit(":", 1)[1]), "url": self._url, "pid": os.getpid()}
            with os.fdopen(int(descriptor), "w") as ready:
                ready.write(json.dumps(line) + "\n")


def _end_with_parent(server: uvicorn.Server) -> None:
    """End when the parent's end of the pipe closes; at the latest after a few seconds, whatever hangs."""

    def end() -> None:
        server.should_exit = True
        threading.Timer(GRACE_SECONDS, os._exit, (0,)).start()

    when_parent_ends(end)


def when_parent_ends(end: Callable[[], None]) -> None:
    """Call this, in a thread, when the parent's end of the pipe closes (rule 3). Without such a pipe never."""
    descriptor = os.environ.get("TRADEBRIDGE_PARENT_PIPE")
    if descriptor is None:
        return

    def watch() -> None:
        while os.read(int(descriptor), 1):
            continue
        end()

    threading.Thread(target=watch, name="parent", daemon=True).start()
