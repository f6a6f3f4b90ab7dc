"""The small platform of the docs, whole or with one thing wrong, as a process of threads here, beside the kit.

It runs in this process on a loop of its own: a class with one method replaced is what each broken platform is.
"""

import asyncio
import importlib.util
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.conformance import kit
from simulator.conformance.kit import Identities, KitPlatform
from simulator.conformance.sut import ByUrl, System
from tests.docs.blocks import ROOT
from tradebridge.ebl.seal import Trusted
from tradebridge.evidence.simulation import test_private_key, test_signer

SOURCE = ROOT / "docs" / "small_platform.py"
ACCOUNT = {
    "partyName": "Small Traders (simulated)",
    "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "SMALL-1"}],
}


def small_platform() -> ModuleType:
    """The module of the docs, imported by its path."""
    name = "small_platform_of_the_docs"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SOURCE)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def config_of(folder: Path, identities: Identities, kit_port: int, port: int) -> dict[str, Any]:
    """What small.json says."""
    signer = test_signer("small", "SMAL", "pint")
    files = {
        "small.pem": signer.certificate.public_bytes(Encoding.PEM),
        "small.key": test_private_key("small", "SMAL", "pint").private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        "A.pem": identities.a.key.certificate.public_bytes(Encoding.PEM),
        "B.pem": identities.b.key.certificate.public_bytes(Encoding.PEM),
        "carrier.pem": identities.carrier.certificate.public_bytes(Encoding.PEM),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)

    def peer(platform: KitPlatform, file: str) -> dict[str, Any]:
        return {
            "base": f"http://127.0.0.1:{kit_port}/{platform.code}",
            "tokenOut": platform.token_in,
            "tokenIn": platform.token_out,
            "certificates": [str(folder / file)],
        }

    return {
        "code": "SMAL",
        "port": port,
        "key": str(folder / "small.key"),
        "certificate": str(folder / "small.pem"),
        "accounts": [ACCOUNT],
        "peers": {identities.a.code: peer(identities.a, "A.pem"), identities.b.code: peer(identities.b, "B.pem")},
        "carriers": {identities.carrier_code: [str(folder / "carrier.pem")]},
        "store": str(folder / "small.sqlite"),
        "retry": 0.05,
        "timeout": 1.0,
    }


@cache
def _identities() -> Identities:
    """One kit for all: an RSA key costs more than a scenario."""
    return kit.fresh()


@contextmanager
def running(folder: Path, platform_class: type[Any] | None = None, patience: float = 5.0) -> Iterator[System]:
    """The small platform at work, and the system that it is to the kit, which waits `patience` seconds for it."""
    module, identities = small_platform(), _identities()
    kit_port, port = free_port(), free_port()
    config = config_of(folder, identities, kit_port, port)
    (folder / "small.json").write_text(json.dumps(config), "utf-8")
    listening = threading.Event()
    ended: list[uvicorn.Server] = []

    def serve() -> None:
        async def main() -> None:
            app = module.app_of((platform_class or module.Platform)(config))
            server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
            ended.append(server)
            task = asyncio.create_task(server.serve())
            while not server.started and not task.done():
                await asyncio.sleep(0.01)
            listening.set()
            await task

        asyncio.run(main())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert listening.wait(10)
    base = f"http://127.0.0.1:{port}"
    certificate = test_signer("small", "SMAL", "pint").certificate
    try:
        yield System(
            name="Small platform",
            code="SMAL",
            pint=f"{base}/pint/v3",
            trusted=Trusted("SMAL", (certificate,), frozenset({"ES256"})),
            account=ACCOUNT | {"eblPlatform": "SMAL"},
            kit=identities,
            controls=ByUrl(f"{base}/transfers", f"{base}/titles/{{reference}}", f"{base}/transfers"),
            kit_port=kit_port,
            answers_within=patience,
        )
    finally:
        ended[0].should_exit = True
        thread.join(10)
