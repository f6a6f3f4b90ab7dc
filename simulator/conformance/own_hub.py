"""The hub as a system under test: a process of its own, with the kit's platforms and carrier as its members.

A party of it acts by an event that its member signs; the hub moves to another clock by starting again over its data.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.event import Actor, Event, Subject, TitleEvent, encode_event
from simulator.conformance import kit
from simulator.conformance.child import Child
from simulator.conformance.kit import CARRIER_NAME, Identities, KitPlatform, now
from simulator.conformance.sut import TRANSFER, Act, CannotSend, Json, System
from simulator.members import HUB, OPERATOR, PURPOSES, TRANSPORT_DOCUMENT
from tradebridge.calls import HubError
from tradebridge.client import AsyncHub
from tradebridge.ebl.seal import ES256, Trusted
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import derived_id, test_api_key, test_signer

CODE = "TBHB"
TRADER, CARRIER_MEMBER = "KIT-TRADER", "KIT-CARRIER"
_SETTINGS = {
    "TRADEBRIDGE_RETRY_BASE_SECONDS": "0.1",
    "TRADEBRIDGE_RETRY_MAX_SECONDS": "0.4",
    "TRADEBRIDGE_RETRY_ATTEMPTS": "4",
    "TRADEBRIDGE_PUSH_TIMEOUT_SECONDS": "1",
    "TRADEBRIDGE_LEASE_SECONDS": "3",
}


@dataclass(frozen=True)
class OwnHub:
    """The hub, and how it is moved (`Controls`)."""

    seed: str
    port: int
    account: Json
    child: Child
    _clients: dict[str, AsyncHub] = field(default_factory=dict, repr=False)
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
        trader = self.as_member(TRADER)
        try:
            title = await trader.title(reference)
            summary = await trader.summary(str(title["document"]))
            body: Json = {"action": act.action, "actor": self.account, "recipient": recipient}
            body |= {"documents": list(documents)} if documents else {}
            body |= {"reasonCode": act.reason} if act.reason else {}
            event = self._event(title, str(summary["id"]), str(summary["contentDigest"]), body)
            await trader.send_event(str(summary["id"]), event)
        except HubError as error:
            raise CannotSend(f"the hub refused: {error}") from error

    def _event(self, title: Json, document: str, digest: str, body: Json) -> str:
        at = now()
        said = Event(
            id=derived_id("evt", at, secrets.token_bytes(16)),
            type=TitleEvent.TITLE,
            document=Subject(id=document, content_digest=digest),
            recipient=None,
            expected_sequence=int(title["sequence"]),
            actor=Actor(member=TRADER, person="The kit"),
            at=at,
            body=body,
        )
        return jws.sign(encode_event(said), jws.EVENT, test_signer(self.seed, TRADER, "event"), at)

    async def where(self, http: httpx.AsyncClient, reference: str) -> str | None:
        try:
            return str((await self.as_member(OPERATOR).title(reference))["at"])
        except HubError:
            return None

    async def later(self, by: timedelta) -> bool:
        """Started again with a clock that is ahead."""
        await self.child.end()
        await self.start(now() + by)
        return True

    async def start(self, clock: object = None) -> None:
        environment = _SETTINGS | {
            "TRADEBRIDGE_DATA": str(self.child.folder),
            "TRADEBRIDGE_SEED": self.seed,
            "TRADEBRIDGE_PORT": str(self.port),
            "TRADEBRIDGE_PLATFORM_CODE": CODE,
        }
        if clock is not None:
            environment["TRADEBRIDGE_CLOCK"] = str(clock)
        await self.child.start(environment=environment)

    def as_member(self, member: str) -> AsyncHub:
        """One client for each member, kept: a new one costs more than a call."""
        if member not in self._clients:
            self._clients[member] = AsyncHub(self.url, test_api_key(self.seed, member))
        return self._clients[member]

    async def end(self) -> None:
        for client in self._clients.values():
            await client.close()
        await self.child.end()


@asynccontextmanager
async def hub_system(folder: Path) -> AsyncIterator[System]:
    """The hub, started, with the kit as its members."""
    seed, kit_port, port = secrets.token_hex(8), kit.free_port(), kit.free_port()
    made = kit.fresh()
    identities = Identities(
        kit.with_tokens(made.a, test_api_key(seed, "KIT-A"), made.a.token_in),
        kit.with_tokens(made.b, test_api_key(seed, "KIT-B"), made.b.token_in),
        made.carrier_code,
        made.carrier,
        made.stranger,
    )
    account = kit.party("Conformance trader on the hub (simulated)", CODE, "HUB-TRADER")
    folder.mkdir(parents=True)
    hub = OwnHub(seed, port, account, Child("the hub", "exchange.serve", folder))
    try:
        await hub.start()
        await _join(hub, identities, kit_port)
        certificate = test_signer(seed, HUB, "pint").certificate
        yield System(
            name=f"Tradebridge's hub as a platform ({ES256})",
            code=CODE,
            pint=f"{hub.url}/pint/v3",
            trusted=Trusted(CODE, (certificate,), frozenset({ES256})),
            account=account,
            kit=identities,
            controls=hub,
            kit_port=kit_port,
            at_once=10,
        )
    finally:
        await hub.end()


async def _join(hub: OwnHub, identities: Identities, kit_port: int) -> None:
    """The kit's platforms, its carrier, and the member that acts for the account."""
    trader = _member(hub.seed, TRADER, "Conformance trader (simulated)")
    account = {name: hub.account[name] for name in ("partyName", "identifyingCodes")}
    carrier = _member(hub.seed, CARRIER_MEMBER, CARRIER_NAME, identities.carrier_pem)
    joining = [
        trader | {"accounts": [account], "sends": [TRANSPORT_DOCUMENT], "accepts": [TRANSPORT_DOCUMENT]},
        carrier | {"carriers": [identities.carrier_code], "ebl": {"url": f"http://127.0.0.1:{kit_port}/carrier"}},
        *(
            _platform(hub.seed, member, platform, kit_port)
            for member, platform in (("KIT-A", identities.a), ("KIT-B", identities.b))
        ),
    ]
    for each in joining:
        await hub.as_member(OPERATOR).add_member(each)


def _platform(seed: str, member: str, platform: KitPlatform, kit_port: int) -> Json:
    ebl = {
        "platform": platform.code,
        "url": f"http://127.0.0.1:{kit_port}/{platform.code}",
        "algorithms": [platform.key.algorithm],
        "token": platform.token_in,
    }
    return _member(seed, member, platform.name, platform.pem) | {"ebl": ebl}


def _member(seed: str, member: str, name: str, pint: str | None = None) -> Json:
    """As the operator describes it. `pint`: the certificate that its PINT is checked with."""
    keys = [
        {
            "certificate": test_signer(seed, member, purpose).certificate.public_bytes(Encoding.PEM).decode("ascii"),
            "purposes": [purpose],
        }
        for purpose in PURPOSES
    ]
    return {
        "id": member,
        "name": name,
        "country": "SG",
        "kind": "platform",
        "roles": ["sender", "recipient"],
        "sends": [],
        "accepts": [],
        "delivery": {"mode": "pull"},
        "policy": {"unsigned": False},
        "keys": keys + ([{"certificate": pint, "purposes": ["pint"]}] if pint else []),
        "simulated": True,
        "apiKey": test_api_key(seed, member),
    }
