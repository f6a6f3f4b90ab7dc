"""Tradebridge's own platforms as systems under test: each a process of its own, over HTTP, with the kit as its peers.

1. They are what `simulator.platform` and the hub are for anybody; the kit knows nothing of them but their addresses.
2. One simulated platform signs with ES256 and one with PS256; the third system is the hub as a platform.
3. The clock of such a process moves on by starting it again over its folder: what it knows then, it kept.
4. They end with the run, however it ends.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.conformance import kit
from simulator.conformance.child import CannotStart, Child
from simulator.conformance.kit import CARRIER_NAME, Identities, KitPlatform, now
from simulator.conformance.own_hub import hub_system
from simulator.conformance.sut import TRANSFER, Act, CannotSend, Json, System
from tradebridge.ebl.seal import ES256, PS256, Trusted

__all__ = ["OWN", "CannotStart", "own_systems"]

PATIENCE = {"first": 0.1, "factor": 1.5, "longest": 0.5, "attempts": 4, "slow": 0.4, "timeout": 1.0}


@dataclass(frozen=True)
class OwnPlatform:
    """One simulated platform, and how it is moved (`Controls`)."""

    code: str
    port: int
    account: Json
    child: Child
    by_person: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def transfer(
        self,
        http: httpx.AsyncClient,
        reference: str,
        recipient: Json,
        documents: Sequence[Json],
        act: Act = TRANSFER,
    ) -> None:
        title = await http.get(f"{self.url}/v1/titles/{reference}")
        if title.status_code != 200:
            raise CannotSend(f"{self.code} has no title {reference}: {title.status_code}")
        body: Json = {
            "action": act.action,
            "expectedSequence": title.json()["sequence"],
            "actor": self.account,
            "recipient": recipient,
        }
        if act.reason:
            body["reasonCode"] = act.reason
        if documents:
            body["documents"] = list(documents)
        answer = await http.post(f"{self.url}/v1/titles/{reference}/actions", json=body)
        if answer.status_code >= 300:
            raise CannotSend(f"{self.code} refused: {_refusal(answer)}")

    async def where(self, http: httpx.AsyncClient, reference: str) -> str | None:
        answer = await http.get(f"{self.url}/v1/titles/{reference}")
        return str(answer.json()["at"]) if answer.status_code == 200 else None

    async def later(self, by: timedelta) -> bool:
        """Started again with a clock that is ahead."""
        await self.child.end()
        await self.start("--clock", (now() + by).isoformat())
        return True

    async def start(self, *more: str) -> None:
        folder = self.child.folder
        arguments = ["--code", self.code, "--data", str(folder), "--port", str(self.port)]
        await self.child.start([*arguments, "--config", str(folder / "platform.json"), *more])


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

    Raises CannotStart, also for a code that there is not.
    """
    strangers = [each for each in codes if each not in OWN]
    if strangers:
        raise CannotStart(f"there is no platform {', '.join(strangers)} of ours; there are {', '.join(OWN)}")
    folder = Path(tempfile.mkdtemp(prefix="tradebridge-conformance-"))
    try:
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(OWN[each](folder / each)) for each in codes or OWN]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def platform_system(code: str, algorithm: str, folder: Path) -> AsyncIterator[System]:
    """One simulated platform, started."""
    identities, kit_port, port = kit.fresh(), kit.free_port(), kit.free_port()
    key, certificate = kit.new_key(algorithm, code)
    account = kit.party(f"Conformance trader on {code} (simulated)", code, f"{code}-TRADER")
    folder.mkdir(parents=True)
    configured = _configuration(identities, kit_port, account, key, certificate.public_bytes(Encoding.PEM))
    (folder / "platform.json").write_text(json.dumps(configured), "utf-8")
    platform = OwnPlatform(code, port, account, Child(code, "simulator.platform", folder))
    try:
        await platform.start()
        yield System(
            name=f"Tradebridge's simulated platform {code} ({algorithm})",
            code=code,
            pint=f"{platform.url}/pint/v3",
            trusted=Trusted(code, (certificate,), frozenset({algorithm})),
            account=account,
            kit=identities,
            controls=platform,
            kit_port=kit_port,
            at_once=10,
        )
    finally:
        await platform.child.end()


OWN: dict[str, Callable[[Path], AbstractAsyncContextManager[System]]] = {
    "STRA": partial(platform_system, "STRA", ES256),
    "MEKO": partial(platform_system, "MEKO", PS256),
    "TBHB": hub_system,
}
"""What is tried by default."""


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
            "certificates": [platform.pem],
            "algorithms": [platform.key.algorithm],
        }

    carrier = {
        "code": identities.carrier_code,
        "name": CARRIER_NAME,
        "token_out": "",
        "token_in": "0" * 64,
        "certificates": [identities.carrier_pem],
    }
    return {
        "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"),
        "certificate": certificate.decode("ascii"),
        "peers": [peer(each) for each in identities.platforms],
        "carriers": [carrier],
        "accounts": [{"id": "TRADER"} | {name: account[name] for name in ("partyName", "identifyingCodes")}],
        "patience": PATIENCE,
    }
