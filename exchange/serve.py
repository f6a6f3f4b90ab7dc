"""The hub's process: `python -P -m exchange.serve`, configured by the environment alone.

It listens on a socket that it binds itself, so that port 0 gives a free one; says on a file descriptor when it is
ready; and ends when its parent does, however that happened.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded stands: the collector begins when the process is ready

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, DBAPIError

from exchange.app import Frame, make_app
from exchange.config import OPEN_SIMULATION, Settings, UnsafeSettings
from exchange.connection import BoundedConnection
from exchange.keys import KeysUnreadable
from exchange.log import ForeignLog
from exchange.store.database import StoreNotReady


def main() -> int:
    """Serve until SIGTERM, SIGINT or the parent's end. 2: the settings or the store do not allow a start."""
    os.umask(0o077)  # store and keys are the owner's alone
    try:
        settings = Settings()
        _configure_logs(settings.log_level)
        listening = _listen(settings.host, settings.port)
        host, port = listening.getsockname()[:2]
        settings = settings.model_copy(update={"base_url": settings.base_url or f"http://{host}:{port}", "port": port})
        if settings.open_simulation:
            print(f"tradebridge: warning: {host} is {OPEN_SIMULATION}", file=sys.stderr)
        app = make_app(settings)
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            print(f"tradebridge: TRADEBRIDGE_{str(each['loc'][0]).upper()}: {each['msg']}", file=sys.stderr)
        return 2
    except (DBAPIError, ArgumentError) as error:
        print(f"tradebridge: the store cannot be opened: {getattr(error, 'orig', error)}", file=sys.stderr)
        return 2
    except (UnsafeSettings, StoreNotReady, KeysUnreadable, ForeignLog, OSError, ValueError) as error:
        print(f"tradebridge: {error}", file=sys.stderr)
        return 2
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        loop="uvloop",
        http=BoundedConnection,
        ws="none",
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(_Server(config, app, settings), listening, settings))
    return 0


GC_THRESHOLDS = (10_000, 20, 50)
"""Of the cyclic collector: a document makes thousands of objects and hardly a cycle among them."""


class _Server(uvicorn.Server):
    """Says when it listens, and ends with 0 when it is asked to end."""

    def __init__(self, config: uvicorn.Config, app: Frame, settings: Settings) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn's own way raises the signal again after the shutdown, which reads as a failure to supervisors."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._app.end_waiting()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what stands at the start stays: the collector need not look at it again and again
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        if self.started and self._settings.ready_fd >= 0:
            line = {"port": self._settings.port, "url": self._settings.base_url, "pid": os.getpid()}
            with os.fdopen(self._settings.ready_fd, "w") as ready:
                ready.write(json.dumps(line) + "\n")


async def _serve(server: _Server, listening: socket.socket, settings: Settings) -> None:
    if settings.parent_pipe >= 0:
        _end_with_parent(settings.parent_pipe)
    await server.serve(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:  # told by the caller, in one line
        where = f"port {port} of {host}"
        raise OSError(f"cannot listen on {where}: {error.strerror}; choose others with --host and --port") from error
    listening.listen(2048)
    return listening


def _end_with_parent(pipe: int) -> None:
    """The parent holds the other end and never writes: end of file means that it is gone."""

    def wait() -> None:
        while os.read(pipe, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _configure_logs(level: str) -> None:
    """One JSON object a line, to standard error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(
        level=number, stream=sys.stderr, format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}'
    )


if __name__ == "__main__":
    sys.exit(main())
