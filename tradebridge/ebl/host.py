"""Who hosts an eBL platform: what the engine needs of it, and nothing else.

1. The engine holds no state of its own: all that must survive is in the host's store (`tables.py`) and its folder of
   files (`files.py`). Two engines over one store are one platform.
2. `do` returns when the job is durable. Nothing is said to anybody before that.
3. Trust is configuration: a platform, a carrier or a registry that is not among the peers is a stranger.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import Party
from tradebridge.ebl.seal import Key, Trust, Trusted

if TYPE_CHECKING:
    import httpx
    from sqlalchemy.engine import Connection

T = TypeVar("T")

MEGABYTE = 1_000_000


class Role(StrEnum):
    """As what somebody asks."""

    PLATFORM = "platform"
    CARRIER = "carrier"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another platform, a carrier, or a registry, as configured."""

    code: str
    """Platform code, carrier code, or the base URI of a registry."""
    name: str
    url: str
    """Base URL without a slash at the end: `{url}/pint/v3/envelopes`. Empty: it cannot be called. Of a registry: the
    base URI that it has now, where `code` is one that it had before."""
    token: str = field(repr=False)
    """What we show it."""
    trusted: Trusted
    party: Party | None = None
    """Of a carrier: who acts in ISSUE, SACC and SREJ; None: a party made of its name and code."""
    active: bool = True
    """Not: nothing is sent to it, and it is not asked. What it signed before stays signed."""
    consulted: bool = False
    """Of a registry: it is asked about bills whose chain does not name it, too: a former holder can sign another first
    entry, and a registry that was left out has decided all the same."""


@dataclass(frozen=True, slots=True)
class Peers:
    """All that a platform knows of others. `platforms` has this platform itself too: its own entries come back."""

    platforms: Mapping[str, Peer]
    carriers: Mapping[str, Peer]
    registries: Mapping[str, Peer] = field(default_factory=dict)

    def connected(self, code: str) -> bool:
        """Whether titles can be sent to the platform of this code."""
        peer = self.platforms.get(code)
        return peer is not None and peer.active

    @property
    def trust(self) -> Trust:
        return Trust(
            {code: peer.trusted for code, peer in self.platforms.items()},
            {code: peer.trusted for code, peer in self.carriers.items()},
            {base: peer.trusted for base, peer in self.registries.items()},
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, after its token was recognised: a platform, a carrier with all its codes, or both."""

    platform: str | None = None
    """Its platform code; None: it is no platform."""
    carriers: frozenset[str] = frozenset()
    """Its carrier codes; empty: it is no carrier."""

    def may_ask_as(self, role: Role) -> bool:
        return bool(self.carriers) if role is Role.CARRIER else self.platform is not None

    @property
    def code(self) -> str:
        """The platform code of who was let in as a platform. Raises ValueError for another."""
        if self.platform is None:
            raise ValueError("only a platform has a platform code: ask `may_ask_as` first")
        return self.platform

    def __str__(self) -> str:
        return " and ".join([*([f"platform {self.platform}"] if self.platform else []), *self._carriers()])

    def _carriers(self) -> list[str]:
        return [f"carrier {', '.join(sorted(self.carriers))}"] if self.carriers else []


@dataclass(frozen=True, slots=True)
class Account:
    """One user of the platform: the only kind of possessor that a title which is here can have, but for the carrier."""

    id: str
    party: Party
    active: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is taken in: bytes, and numbers of envelopes."""

    file: int = 100 * MEGABYTE
    """One additional document, decoded."""
    files: int = 500 * MEGABYTE
    """All additional documents of one envelope, decoded."""
    envelope: int = 10 * MEGABYTE
    """The body of `POST /v3/envelopes`."""
    issuance: int = 30 * MEGABYTE
    """The body of an issuance request, with the carrier's visualisation in Base64."""
    body: int = MEGABYTE
    """Any other body, and any answer of a peer."""
    unfinished: int = 100
    """So many envelopes of one peer may be begun and not finished; then the oldest goes."""
    refused: int = 100_000
    """So many entries of one peer are kept as refused for ever; then a refusal is unsigned, and decides nothing."""
    notices: int = 100
    """So many notices of one peer about one title are taken."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How a request that got no answer is made again. Seconds of the real clock."""

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    attempts: int = 10
    """So many until the title counts as in doubt; then it goes on, every `slow` seconds."""
    slow: float = 300.0
    timeout: float = 10.0
    """For one answer."""
    lease: float = 60.0
    """So long a process may be at one transfer before another takes it up."""

    def pause(self, attempts: int) -> float:
        """Seconds until the next attempt, after so many."""
        if attempts >= self.attempts:
            return self.slow
        return float(min(self.longest, self.first * self.factor ** (attempts - 1)))


class Host(Protocol):
    """The hub, or a simulated platform."""

    @property
    def code(self) -> str:
        """Platform code, as `STRA`."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> Key: ...

    @property
    def files(self) -> Path:
        """Folder of additional documents."""

    @property
    def limits(self) -> Limits: ...

    @property
    def patience(self) -> Patience: ...

    @property
    def registry(self) -> str | None:
        """Base URI of the control tracking registry for titles that are issued here; None: they have none."""

    @property
    def alone(self) -> bool:
        """Whether no other process works on the same store: leases of a dead process can then be ignored."""

    @property
    def wire(self) -> "httpx.AsyncBaseTransport":
        """How peers are reached: one for all calls, so that connections are kept. A transport follows no redirect, and
        asks no proxy of the environment."""

    def peers(self) -> Peers: ...

    def caller(self, token: str) -> Caller | None:
        """Whose bearer token this is."""

    def account_of(self, codes: Sequence[IdentifyingCode]) -> Account | None:
        """The one active account that all these codes lead to; None: nobody, several, or codes that contradict."""

    def now(self) -> datetime:
        """Business time, UTC."""

    async def do(self, job: "Callable[[Connection], T]") -> T:
        """Run the job in a transaction; come back when it is durable. Raises what the job raises."""

    async def ask(self, question: "Callable[[Connection], T]") -> T:
        """Read."""

    def recorded(self, connection: "Connection", kind: str, record: Mapping[str, Any]) -> None:
        """Take note of a change, in the same transaction (`records.py`)."""

    async def step(self, name: str) -> None:
        """Passed between two effects (`steps.py`)."""

    def wake(self) -> None:
        """Something is to be sent (`courier.py`)."""


def user_account(host: Host, party: Party) -> str | None:
    """Id of the user's account that a party's codes lead to."""
    found = host.account_of(party.identifying_codes)
    return None if found is None else found.id


def account_or_carrier(host: Host, party: Party) -> str | None:
    """The same; a carrier that uses this platform has `carrier:CODE`. It possesses what was surrendered to it."""
    return user_account(host, party) or carrier_account(host, party)


def carrier_party(host: Host, peer: Peer, provider: str) -> Party:
    """Who a carrier is in the chains of this platform. `provider`: of its code, as `SMDG`."""
    if peer.party is not None:
        return peer.party
    code = IdentifyingCode(code_list_provider=provider, party_code=peer.code)
    return Party(party_name=peer.name[:70], ebl_platform=host.code, identifying_codes=(code,))


def carrier_account(host: Host, party: Party) -> str | None:
    """The account id of a carrier that uses this platform; None if the party is none."""
    codes = {each.party_code for each in party.identifying_codes}
    for peer in host.peers().carriers.values():
        own = {peer.code} if peer.party is None else {each.party_code for each in peer.party.identifying_codes}
        if own & codes:
            return f"carrier:{peer.code}"
    return None
