"""The small window of the docs, whole or with one thing wrong, in this process: between it and the kit all is HTTP.

What the kit calls goes to the application without a socket; what the window says goes to the kit's own port.
"""

import asyncio
import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.content import Syntax
from schemas.registry import profile_of
from simulator.conformance.kit import free_port
from simulator.conformance.runner import Result, Run, run
from simulator.conformance.suites import SUITES, family, suite
from simulator.conformance.suites.window.system import PROFILE, PURPOSES, Folk, WindowSystem
from tests.docs.blocks import ROOT
from tradebridge.evidence.simulation import test_private_key, test_signer

SOURCE = ROOT / "docs" / "small_window.py"
CODE, COUNTRY, BASE = "MY-WINDOW", "TH", "http://window.test"
WINDOW_SUITES = tuple(name for name in SUITES if family(name) == "window")


def small_window() -> ModuleType:
    """The module of the docs, imported by its path."""
    name = "small_window_of_the_docs"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SOURCE)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def files(folder: Path) -> Path:
    """What the window finds on its disk: key and document."""
    key = test_private_key("small", CODE, "all")
    (folder / "window.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    profile = profile_of(PROFILE)
    assert profile is not None
    document = profile.example(exporter=COUNTRY, importer="SG", number="TH-2026-1", at=datetime.now(UTC), variant=7)
    (folder / "form-d.json").write_bytes(profile.encode[Syntax.JSON](document))
    return folder


def described(**more: Any) -> WindowSystem:
    """The window as the kit knows it."""
    certificate = test_signer("small", CODE, "all").certificate
    facts: dict[str, Any] = {
        "name": "Small window",
        "push": f"{BASE}/push",
        "verifier": f"{BASE}/verify",
        "sends": f"{BASE}/send",
        "decides": f"{BASE}/decide",
        "kit_port": free_port(),
        "answers_within": 1.0,
        "quiet": 0.2,
    }
    certificates = dict.fromkeys(PURPOSES, certificate)
    return WindowSystem(
        code=CODE, country=COUNTRY, api_key="kit_small", certificates=certificates, kit=Folk("kit"), **facts | more
    )


@asynccontextmanager
async def working(
    folder: Path, window_class: type[Any] | None = None, *, pulls: bool = False, patience: float = 4.0
) -> AsyncIterator[WindowSystem]:
    """The window at work. `folder`: with its `files`. `patience`: seconds that the kit waits for it."""
    module, port = small_window(), free_port()
    config = {
        "member": CODE,
        "country": COUNTRY,
        "key": str(folder / "window.key"),
        "document": str(folder / "form-d.json"),
        "apiKey": "kit_small",
        "hub": f"http://127.0.0.1:{port}",
        "retry": 0.02,
        "timeout": 5.0,
    }
    system = described(kit_port=port, **({"push": None} if pulls else {}))
    window = (window_class or module.Window)(config, json.loads(json.dumps(system.trust.to_json())))
    pulling = [asyncio.create_task(window.pull())] if pulls else []
    try:
        yield described(
            kit_port=port,
            transport=httpx.ASGITransport(module.app_of(window), raise_app_exceptions=False),
            answers_within=patience,
            **({"push": None} if pulls else {}),
        )
    finally:
        tasks = [*pulling, *window.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await window.http.aclose()


async def played(system: WindowSystem, names: Iterable[str] = WINDOW_SUITES, only: Iterable[str] = ()) -> list[Run]:
    """The suites against a system; of each only these scenarios, if any are named."""
    chosen = set(only)
    return [
        await run(
            suite(name),
            system,
            name=system.name,
            code=system.code,
            only=lambda each: not chosen or each.name in chosen,
            at_once=1,
        )
        for name in names
    ]


def results(runs: Iterable[Run]) -> dict[str, Result]:
    """By suite and scenario."""
    return {f"{each.suite}/{result.name}": result for each in runs for result in each.results}
