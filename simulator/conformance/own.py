"""Tradebridge's own platforms as systems under test: each a process of its own, over HTTP, with the kit as its peers.

1. They are what `simulator.platform` is for anybody; the kit knows nothing of them but their addresses.
2. One signs with ES256 and one with PS256, so that the suite meets both as the system's signature too.
3. The clock of such a platform moves on by starting it again over its folder: what it knows then, it kept.
4. They end with the run, however it ends.
"""

import asyncio
import hashlib
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.conformance import kit
from simulator.conformance.kit import CARRIER_NAME, Identities, KitPlatform, now
from simulator.conformance.sut import CannotSend, Json, System
from tradebridge.ebl.seal import ES256, PS256, Trusted

OWN = {"STRA": ES256, "MEKO": PS256}
"""Platforms that are tried by default, and what they sign with."""
PATIENCE = {"first": 0.1, "factor": 1.5, "longest": 0.5, "attempts": 4, "slow": 0.4, "timeout": 1.0}
START_SECONDS = 30.0
END_SECONDS = 5.0


class CannotStart(RuntimeError):
    """A platform of ours did not start; the message has the end of its log."""

    next_step = "Free a port and some memory, and try again; the log says what it lacked."


@dataclass(frozen=True)
class OwnPlatform:
    """One of ours, and how it is moved (`Controls`)."""

    code: str
    folder: Path
    port: int
    account: Json
    _process: "list[asyncio.subprocess.Process]" = field(default_factory=list, repr=False)
    _pipe: list[int] = field(default_factory=list, repr=False)
    by_person: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def transfer(self, reference: str, recipient: Json, documents: Sequence[Json]) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=10.0) as http:
            title = await http.get(f"{self.url}/v1/titles/{reference}")
            if title.status_code != 200:
                raise CannotSend(f"{self.code} has no title {reference}: {title.status_code}")
            body: Json = {
                "action": "TRANSFER",
                "expectedSequence": title.json()["sequence"],
                "actor": self.account,
                "recipient": recipient,
            }
            if documents:
                body["documents"] = list(documents)
            answer = await http.post(f"{self.url}/v1/titles/{reference}/actions", json=body)
        if answer.status_code >= 300:
            raise CannotSend(f"{self.code} refused: {_refusal(answer)}")

    async def where(self, reference: str) -> str | None:
        async with httpx.AsyncClient(trust_env=False, timeout=10.0) as http:
            answer = await http.get(f"{self.url}/v1/titles/{reference}")
        return str(answer.json()["at"]) if answer.status_code == 200 else None

    async def later(self, by: timedelta) -> bool:
        """Started again with a clock that is ahead."""
        await self.end()
        await self.start((now() + by).isoformat())
        return True

    async def start(self, clock: str | None = None) -> None:
        """Until it is ready. Raises CannotStart."""
        reading, ready = os.pipe()
        parent, mine = os.pipe()
        arguments = ["--code", self.code, "--data", str(self.folder), "--port", str(self.port)]
        arguments += ["--config", str(self.folder / "platform.json"), *(["--clock", clock] if clock else [])]
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "simulator.platform",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(ready, parent),
                env=os.environ | {"TRADEBRIDGE_READY_FD": str(ready), "TRADEBRIDGE_PARENT_PIPE": str(parent)},
                start_new_session=True,
            )
        os.close(ready)
        os.close(parent)
        self._process.append(process)
        self._pipe.append(mine)
        if not await _first_line(reading):
            said = (self.folder / "log").read_text("utf-8", "replace")[-600:]
            raise CannotStart(f"{self.code} did not start within {START_SECONDS:g} s: {said or 'it said nothing'}")

    async def end(self) -> None:
        while self._pipe:
            os.close(self._pipe.pop())
        while self._process:
            process = self._process.pop()
            try:
                await asyncio.wait_for(process.wait(), END_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _first_line(reading: int) -> bytes:
    """What comes on a pipe up to its first line; empty if nothing does."""

    def read() -> bytes:
        with os.fdopen(reading, "rb") as lines:
            return lines.readline()

    with suppress(TimeoutError):
        return await asyncio.wait_for(asyncio.to_thread(read), START_SECONDS)
    return b""


def _refusal(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.text[:200]}"
    codes = [str(each.get("code")) for each in problem.get("findings", ())]
    return f"{answer.status_code} {', '.join(codes) or problem.get('title', '')}"


@asynccontextmanager
async def own_systems(codes: Sequence[str] = ()) -> AsyncIterator[list[System]]:
    """The platforms of these codes (all of `OWN` if none), each started, with the kit to try it with.

    Raises CannotStart; `codes` that there are not are told by `CannotStart` too.
    """
    strangers = [each for each in codes if each not in OWN]
    if strangers:
        raise CannotStart(f"there is no platform {', '.join(strangers)} of ours; there are {', '.join(OWN)}")
    folder = Path(tempfile.mkdtemp(prefix="tradebridge-conformance-"))
    try:
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(_started(each, folder / each)) for each in codes or OWN]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _started(code: str, folder: Path) -> AsyncIterator[System]:
    identities, kit_port, port = kit.fresh(), _free_port(), _free_port()
    key, certificate = kit.new_key(OWN[code], code)
    account = kit.party(f"Conformance trader on {code} (simulated)", code, f"{code}-TRADER")
    folder.mkdir(parents=True)
    configured = _configuration(identities, kit_port, account, key, certificate.public_bytes(Encoding.PEM))
    (folder / "platform.json").write_text(json.dumps(configured), "utf-8")
    platform = OwnPlatform(code, folder, port, account)
    try:
        await platform.start()
        yield System(
            name=f"Tradebridge, platform {code} ({OWN[code]})",
            code=code,
            pint=f"{platform.url}/pint/v3",
            trusted=Trusted(code, (certificate,), frozenset({OWN[code]})),
            account=account,
            kit=identities,
            controls=platform,
            kit_port=kit_port,
        )
    finally:
        await platform.end()


def _configuration(
    identities: Identities,
    kit_port: int,
    account: Json,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    certificate: bytes,
) -> dict[str, Any]:
    """What `simulator.platform` reads."""

    def peer(platform: KitPlatform) -> Json:
        return {
            "code": platform.code,
            "name": platform.name,
            "base": f"http://127.0.0.1:{kit_port}/{platform.code}",
            "token_out": platform.token_in,
            "token_in": hashlib.sha256(platform.token_out.encode()).hexdigest(),
            "certificates": [_pem(platform.key.certificate.public_bytes(Encoding.PEM))],
            "algorithms": [platform.key.algorithm],
        }

    carrier = {
        "code": identities.carrier_code,
        "name": CARRIER_NAME,
        "base": "",
        "token_out": "",
        "token_in": "0" * 64,
        "certificates": [_pem(identities.carrier.certificate.public_bytes(Encoding.PEM))],
    }
    return {
        "key": _pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
        "certificate": _pem(certificate),
        "peers": [peer(each) for each in identities.platforms],
        "carriers": [carrier],
        "accounts": [{"id": "TRADER"} | {name: account[name] for name in ("partyName", "identifyingCodes")}],
        "patience": PATIENCE,
    }


def _pem(data: bytes) -> str:
    return data.decode("ascii")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
