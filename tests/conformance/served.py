"""The small window at an address of its own, for a command that knows it by its file: a thread beside the test."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding

from simulator.conformance.kit import free_port
from simulator.conformance.suites.window.system import prepare_window, read_window
from tests.conformance.window import CODE, COUNTRY, files, small_window
from tradebridge.evidence.simulation import test_signer


@dataclass
class Served:
    """A window under a URL, and its file. `become` makes it another one."""

    folder: Path
    file: Path
    window: Any = None
    app: Any = None
    ends: list[Any] = field(default_factory=list)

    def become(self, window_class: type[Any] | None = None) -> None:
        module, system = small_window(), read_window(self.file)
        config = {
            "member": CODE,
            "country": COUNTRY,
            "key": str(self.folder / "window.key"),
            "document": str(self.folder / "form-d.json"),
            "apiKey": system.api_key,
            "hub": f"http://127.0.0.1:{system.kit_port}",
            "retry": 0.02,
            "timeout": 5.0,
        }
        trust = json.loads(json.dumps(system.trust.to_json()))
        self.window = (window_class or module.Window)(config, trust)
        self.app = module.app_of(self.window)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """`folder/window.toml` and what it names, and the window at work."""
    port = free_port()
    files(folder)
    (folder / "window.pem").write_bytes(test_signer("small", CODE, "all").certificate.public_bytes(Encoding.PEM))
    file = prepare_window(folder, CODE, COUNTRY, f"http://127.0.0.1:{port}", "window.pem", free_port())
    file.write_text(file.read_text("utf-8").replace("quiet = 1.0", "quiet = 0.2"), "utf-8")
    served = Served(folder, file)
    served.become()
    server = uvicorn.Server(uvicorn.Config(served, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    for _ in range(1000):
        if server.started:
            break
        thread.join(0.01)
    assert server.started
    try:
        yield served
    finally:
        server.should_exit = True
        thread.join(10)
