"""A hub that runs for a test: real HTTP on loopback, in a thread (fast), or in a process of its own (to be killed)."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn

from exchange.app import make_app
from exchange.config import Settings
from exchange.serve import _listen
from tests.exchange.cast import NOW, SEED, Cast


@contextmanager
def hub_in_thread(data: Path, database_url: str = "", **settings: Any) -> Iterator[Cast]:
    """A hub in this process, with a frozen clock unless told otherwise; nobody has joined yet."""
    values = {"seed": SEED, "clock": NOW, "retry_base_seconds": 0.1, "sequence_seconds": 0.02, "port": 0} | settings
    listening = _listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    chosen = Settings.model_validate({"data": data, "database_url": database_url, "base_url": url, **values})
    app = make_app(chosen, in_tests=True)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the hub did not start")
        time.sleep(0.005)
    cast = Cast(url)
    try:
        yield cast
    finally:
        cast.close()
        app.end_waiting()
        server.should_exit = True
        thread.join(20)


class HubProcess:
    """A hub in a process of its own: `python -P -m exchange.serve`."""

    def __init__(
        self,
        data: Path,
        database_url: str = "",
        *,
        clock: datetime | None = NOW,
        port: int = 0,
        environment: Mapping[str, str] = {},
    ) -> None:
        self._data, self._database_url, self._clock = data, database_url, clock
        self._environment = dict(environment)
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "HubProcess":
        ready, told = os.pipe()
        self._pipe, self._parent = os.pipe()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBRIDGE_")} | {
            "TRADEBRIDGE_DATA": str(self._data),
            "TRADEBRIDGE_DATABASE_URL": self._database_url,
            "TRADEBRIDGE_SEED": SEED,
            "TRADEBRIDGE_PORT": str(self.port),
            "TRADEBRIDGE_READY_FD": str(told),
            "TRADEBRIDGE_PARENT_PIPE": str(self._pipe),
            "TRADEBRIDGE_RETRY_BASE_SECONDS": "0.1",
            "TRADEBRIDGE_RETRY_MAX_SECONDS": "1",
            "TRADEBRIDGE_RETRY_ATTEMPTS": "1000",
            "TRADEBRIDGE_LEASE_SECONDS": "2",
            **({"TRADEBRIDGE_CLOCK": self._clock.isoformat()} if self._clock else {}),
            **self._environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "exchange.serve"], env=environment, pass_fds=(told, self._pipe)
        )
        os.close(told)
        os.close(self._pipe)
        with os.fdopen(ready) as line:
            text = line.readline()
        if not text:
            raise RuntimeError(f"the hub did not start: exit {self.process.wait(10)}")
        self.port = json.loads(text)["port"]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        os.close(self._parent)

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(20)
        os.close(self._parent)
        return code
