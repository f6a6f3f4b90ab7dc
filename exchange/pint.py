"""The hub as an eBL platform: what the engine (`tradebridge.ebl`) asks of its host, answered by the hub.

1. Its store is the hub's, its transactions are the one writer's: a title that changes, the leaf of the log that says
   the hub's document and its deliveries are one transaction (`exchange.titles.record`).
2. Peers are members: platforms with a platform code, carriers with carrier codes (`exchange.platforms`). What they show
   is their API key; what the hub shows them is the token that they gave. A suspended one is asked and sent nothing, and
   what it signed before is believed as before.
3. Accounts are the parties for whom members act.
4. The hub's own registry is asked within the process: the same statements, the same signed answers, no socket between.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import orjson
from sqlalchemy.engine import Connection

from exchange import registry, titles
from exchange.config import Settings
from exchange.keys import HUB
from exchange.members import Registry
from exchange.platforms import Account as Held
from exchange.platforms import Peer as Registered
from exchange.reach import Looked, Reach
from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import Party
from schemas.findings import Finding
from tradebridge.ebl import files
from tradebridge.ebl.host import Account, Caller, Limits, Patience, Peer, Peers
from tradebridge.ebl.seal import Key, Trusted
from tradebridge.outbound import wire

if TYPE_CHECKING:
    from datetime import datetime

    from exchange.hub import Hub

T = TypeVar("T")

REGISTRY_PATH = "/ctr/v1"
"""The control tracking registry, with the major version of its API, as DCSA asks for."""


class HubPlatform:
    """A `tradebridge.ebl.host.Host`."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.code: str = hub.settings.platform_code
        self.name: str = hub.settings.platform_name
        self.limits = Limits()
        self.patience = patience_of(hub.settings)
        self.wire: httpx.AsyncBaseTransport = _OwnRegistry(hub, lambda: self.own_registry)
        self._known: Registry | None = None
        self._peers = Peers({}, {})
        self.on_wake: Callable[[], None] = _nobody
        """Who drives what is to be sent: set by whoever starts it."""

    @property
    def key(self) -> Key:
        return self._hub.keys.pint

    @property
    def files(self) -> Path:
        return self._hub.settings.data / "ebl" / (self._hub.space or "default")

    @property
    def base(self) -> str:
        """Where others reach this platform."""
        return f"{self._hub.settings.base_url}{self._hub.prefix}"

    @property
    def own_registry(self) -> str:
        """Base URI of the hub's own control tracking registry."""
        return f"{self.base}{REGISTRY_PATH}"

    @property
    def former_registries(self) -> tuple[str, ...]:
        """Base URIs that it had before. Bills name them for ever, and it answers for them."""
        former = (each.rstrip("/") for each in self._hub.settings.former_base_urls)
        return tuple(f"{each}{self._hub.prefix}{REGISTRY_PATH}" for each in former)

    @property
    def registry(self) -> str | None:
        chosen = self._hub.settings.control_registry
        return self.own_registry if chosen == "own" else chosen or None

    @property
    def alone(self) -> bool:
        return self._hub.database.sqlite

    def peers(self) -> Peers:
        """As the members stand now; made anew when they change."""
        known = self._hub.registry
        if self._known is not known:
            trusted = known.platforms.trust.platforms[self.code]
            own = Peer(self.code, self.name, self.base, "", trusted)
            own_registry = Peer(self.own_registry, self.name, self.own_registry, "", trusted, consulted=True)
            former = (replace(own_registry, code=each, consulted=False) for each in self.former_registries)
            self._known, self._peers = known, _peers_of(known, own, (*former, own_registry))
        return self._peers

    def caller(self, token: str) -> Caller | None:
        known = self._hub.registry.caller(f"Bearer {token}")
        if isinstance(known, Finding) or "send" not in known.scopes:
            return None
        peer = self._hub.registry.platforms.of_member(known.member)
        if peer is None:
            return None
        return Caller(peer.platform, frozenset(peer.carriers))

    def account_of(self, codes: Sequence[IdentifyingCode]) -> Account | None:
        given = [each.model_dump(by_alias=True, exclude_none=True) for each in codes]
        found = self._hub.registry.platforms.account_of(given, self.code)
        return None if found is None else Account(account_id(found), party_of(found, self.code))

    def now(self) -> "datetime":
        return self._hub.clock.now()

    async def do(self, job: Callable[[Connection], T]) -> T:
        outcome = await self._hub.writer.do(job)
        self._hub.accepted(())
        return outcome

    async def ask(self, question: Callable[[Connection], T]) -> T:
        return await self._hub.ask(question)

    def recorded(self, connection: Connection, kind: str, record: Mapping[str, Any]) -> None:
        titles.record(connection, self._hub, kind, record)

    async def step(self, name: str) -> None:
        """A real platform passes."""

    def wake(self) -> None:
        self.on_wake()

    def open(self) -> None:
        """Before anything arrives."""
        files.forget_passing(self.files, 0.0 if self.alone else files.IDLE_SECONDS)

    async def close(self) -> None:
        await self.wire.aclose()


def _nobody() -> None:
    """Nobody sends yet."""


def patience_of(settings: Settings) -> Patience:
    """As patient as with deliveries."""
    return Patience(
        first=settings.retry_base_seconds,
        longest=settings.retry_max_seconds,
        attempts=settings.retry_attempts,
        slow=settings.retry_max_seconds,
        timeout=settings.push_timeout_seconds,
        lease=max(settings.lease_seconds, 2 * settings.push_timeout_seconds),
    )


def account_id(account: Held) -> str:
    """Of an account, as long as it has its first code."""
    code = account.codes[0]
    named = f"{code['codeListProvider']}:{code.get('codeListName', '')}:{code['partyCode']}"
    return f"{account.holder}/{hashlib.sha256(named.encode()).hexdigest()[:16]}"


def party_of(account: Held, code: str) -> Party:
    return Party.model_validate({"eblPlatform": code, **account.to_json()})


# --- peers -----------------------------------------------------------------------------------------------------------


def _peers_of(registry: Registry, own: Peer, own_registry: Sequence[Peer]) -> Peers:
    """`own_registry`: under all its base URIs."""
    trust = registry.platforms.trust
    platforms, carriers = {own.code: own}, {}
    for each in registry.platforms.peers:
        if each.platform is not None:
            platforms[each.platform] = _peer(each, each.platform, trust.platforms[each.platform])
        for code in each.carriers:
            carriers[code] = _peer(each, code, trust.carriers[code])
    registries = {}
    for each in registry.platforms.peers:
        now = each.registry or ""
        for base in (*each.former, now) if now else ():
            trusted = registry.platforms.registries[base]
            registries[base] = Peer(base, each.name, now, each.token, trusted, active=each.active)
    return Peers(platforms, carriers, registries | {each.code: each for each in own_registry})


def _peer(each: Registered, code: str, trusted: Trusted) -> Peer:
    return Peer(code=code, name=each.name, url=each.url, token=each.token, trusted=trusted, active=each.active)


class _OwnRegistry(httpx.AsyncBaseTransport):
    """Requests to the hub's own registry are answered in the process; all others go out, within `exchange.reach`."""

    def __init__(self, hub: "Hub", base: Callable[[], str]) -> None:
        self._hub = hub
        self._base = base
        self._out = Looked(Reach(private=hub.settings.mode != "pilot"), wire())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        base, asked = self._base(), str(request.url)
        if not asked.startswith(f"{base}/"):
            return await self._out.handle_async_request(request)
        if request.method == "POST" and asked == f"{base}/statements":
            answer = await registry.say(self._hub, base, HUB, await request.aread())
        else:
            document = request.url.path.rsplit("/", 1)[-1]
            given = request.url.params
            named = registry.named(self._hub, base, given.get("registry"))
            answer = await registry.look_up(self._hub, named, document, given.get("entry"), given.get("asked", ""))
        status = max((each.status for each in answer.findings), default=200)
        body = {"errors": [each.to_json() for each in answer.findings], **answer.to_json()}
        return httpx.Response(status, content=orjson.dumps(body), headers={"Content-Type": "application/json"})

    async def aclose(self) -> None:
        await self._out.aclose()
