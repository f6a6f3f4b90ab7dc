"""The world: all simulated partners in one process, their keys from the seed, their journals in one folder.

1. To the hub the world is nothing special: it registers its members by the operator's API, and each partner calls the
   hub with a key of its own.
2. A member that is registered already stays as it is; where its push address or what it speaks has changed, the hub is
   told.
3. What each story is stands in a file beside the journals, so that a world that was killed goes on where it stopped.
4. Beside the partners stand eBL platforms, the carrier's own API and the trade platform's links (`simulator.lading`).
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.port import Adapter, find_adapter
from adapters.single_windows.countries import countries
from simulator.broken_calls import Calls
from simulator.clock import Clock
from simulator.drop import Drop
from simulator.faults import Fault
from simulator.journal import Entry, Journal, in_order
from simulator.lading.cast import (
    CARRIER_MEMBER,
    HUB_MEMBER,
    Places,
    accounts_at_hub,
    carrier_at_hub,
    carrier_pint_key,
    platform_member,
)
from simulator.lading.mounted import Mounted
from simulator.members import OPERATOR, Member, description, keys_of
from simulator.partner import Partner
from simulator.platforms import PLATFORMS
from simulator.story import Story
from simulator.switches import Switches
from simulator.tsa import NAME as TSA
from simulator.witness import Witness, known_witness, witness_key, witness_name
from tradebridge.calls import Refused
from tradebridge.client import AsyncHub
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_api_key, test_authority
from tradebridge.evidence.trust import TrustList
from tradebridge.outbound import tls_context

CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=20)
"""Of all partners together. The library looks through all of them at each request, so more would be slower."""


WITNESSES = tuple(sorted(country.code.lower() for country in countries().values() if country.default))
"""Countries with a witness of the log, in lower case: each whose single window takes part."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a world is made from."""

    hub_url: str
    own_url: str
    """Where the hub reaches the partners that it pushes to."""
    seed: str
    clock: Clock
    data: Path
    alone: bool = False
    """Some partners in a process of their own, beside a world: no platforms, no witnesses, no timestamp authority."""

    @property
    def places(self) -> Places:
        return Places(self.hub_url, self.own_url)


class World:
    """All partners at work. Make it with `start`."""

    def __init__(
        self,
        settings: Settings,
        trust: TrustList,
        members: tuple[Member, ...],
        transport: httpx.AsyncBaseTransport,
        switches: Switches | None = None,
    ) -> None:
        self.settings = settings
        self.members = members
        self.switches = switches or Switches.off(settings.seed)
        self.stories = Stories(settings.data / "stories.jsonl")
        self._transport = transport
        self._listeners: list[asyncio.Queue[Entry]] = []
        self.written: list[Entry] = []
        """All entries of all journals, as they were written by this process; before those, what it has read."""
        self.operator = self._hub(test_api_key(settings.seed, OPERATOR))
        self.trust = trust
        self.partners = {member.id: self._partner(member) for member in members}
        self.written = in_order(entry for entries in self.journals().values() for entry in entries)
        self.mounted = Mounted(settings.seed, settings.places, settings.clock, settings.data)
        self._pulling: list[asyncio.Task[None]] = []

    @cached_property
    def witnesses(self) -> Mapping[str, Witness]:
        """Opened when the log is first taken to one of them."""
        return {} if self.settings.alone else witnesses_of(self.settings, self.trust)

    async def start(self) -> None:
        """Take up what the journals left open, and begin to pull."""
        await self.mounted.resume()
        for partner in self.partners.values():
            partner.resume()
            if partner.member.mode == "pull" and not partner.member.desk:
                self._pulling.append(asyncio.create_task(partner.pull()))

    @contextmanager
    def listening(self) -> Iterator["asyncio.Queue[Entry]"]:
        """Every entry that any partner writes from now on."""
        queue: asyncio.Queue[Entry] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            yield queue
        finally:
            self._listeners.remove(queue)

    def journals(self) -> Mapping[str, list[Entry]]:
        return {member_id: partner.journal.entries for member_id, partner in self.partners.items()}

    async def close(self) -> None:
        for task in self._pulling:
            task.cancel()
        for witness in self.__dict__.get("witnesses", {}).values():
            witness.close()
        await asyncio.gather(*self._pulling, return_exceptions=True)
        for partner in self.partners.values():
            await partner.close()
        await self.mounted.close()
        await self._transport.aclose()

    def _tell(self, entry: Entry) -> None:
        self.written.append(entry)
        for queue in self._listeners:
            queue.put_nowait(entry)

    def _hub(self, api_key: str, transport: httpx.AsyncBaseTransport | None = None) -> AsyncHub:
        return AsyncHub(self.settings.hub_url, api_key, transport=transport or self._transport)

    def _partner(self, member: Member) -> Partner:
        keys = keys_of(self.settings.seed, member.id)

        def struck(fault: Fault) -> None:
            self.partners[member.id].struck_by(fault, [""])

        return Partner(
            member,
            seed=self.settings.seed,
            keys=keys,
            adapter=adapter_of(member),
            hub=self._hub(keys.api_key, Calls(self._transport, self.switches.faults, member.id, struck)),
            trust=self.trust,
            clock=self.settings.clock,
            journal=Journal(self.settings.data / f"{member.id}.jsonl"),
            stories=self.stories.by_digest,
            told=self._tell,
            switches=self.switches,
            tell_key=partial(self._tell_key, member.id),
            drop=Drop(self.settings.data / "drop" / member.id),
        )

    async def _tell_key(self, member: str, signer: LocalSigner) -> None:
        """The hub knows this key of the member, from now on."""
        pem = signer.certificate.public_bytes(Encoding.PEM).decode("ascii")
        try:
            await self.operator.add_key(member, pem, ["document"])
        except Refused as refused:
            if refused.code != "member.key-taken":
                raise


class Stories:
    """The stories that were begun, in a file: a world that starts again goes on with them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.by_digest: dict[str, Story] = {}
        self.runs: dict[str, int] = {}
        """How often each scenario was begun."""
        self._standing: dict[tuple[str, str], int] = {}
        """The run of a scenario that was begun while the clock stood at this time."""
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                self._remember(json.loads(line))

    def run_of(self, scenario: str, at: str) -> int:
        """The number of a run that begins now. `at`: where the clock stands; empty: it runs."""
        return self._standing.get((scenario, at), self.runs.get(scenario, 0))

    def begin(self, scenario: str, run: int, stories: Mapping[str, Story], at: str = "") -> None:
        """Keep the stories of one run before its first document is sent."""
        line = {
            "scenario": scenario,
            "run": run,
            "at": at,
            "stories": {digest: story.to_json() for digest, story in stories.items()},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, sort_keys=True) + "\n")
        self._remember(line)

    def _remember(self, line: Mapping[str, object]) -> None:
        scenario, run, stories = line["scenario"], line["run"], line["stories"]
        assert isinstance(scenario, str) and isinstance(run, int) and isinstance(stories, dict)  # noqa: S101
        if line.get("at"):
            self._standing[scenario, str(line["at"])] = run
        self.runs[scenario] = max(self.runs.get(scenario, 0), run + 1)
        for digest, story in stories.items():
            self.by_digest[digest] = Story.from_json(story)


def adapter_of(member: Member) -> Adapter | None:
    """What the member speaks; None: it takes originals."""
    return None if member.style is None else find_adapter(member.style, member.country)


async def start(settings: Settings, members: tuple[Member, ...], transport: httpx.AsyncBaseTransport) -> World:
    """Register the members and make the world. It begins to pull and to speak with `World.start`."""
    operator = AsyncHub(settings.hub_url, test_api_key(settings.seed, OPERATOR), transport=transport)
    described = [_described(settings, member) for member in members]
    if not settings.alone:
        described += [platform_member(code, settings.seed, settings.places) for code in PLATFORMS]
        await _register_observers(operator, settings)
    await asyncio.gather(*(_register(operator, each) for each in described))
    return World(settings, await trust_of_hub(settings, transport), members, transport)


async def trust_of_hub(settings: Settings, transport: httpx.AsyncBaseTransport) -> TrustList:
    """Whom the hub of a world believes."""
    return TrustList.from_json(await AsyncHub(settings.hub_url, None, transport=transport).trust())


def outgoing() -> httpx.AsyncHTTPTransport:
    """The way to the hub, of all partners of one world: those that pull hold a connection each."""
    return httpx.AsyncHTTPTransport(limits=CONNECTIONS, verify=tls_context(), trust_env=False)


def witnesses_of(settings: Settings, trust: TrustList) -> Mapping[str, Witness]:
    """The witnesses of this world by country, each with a store of its own. They watch the hub's log."""
    logs = {trust.log.origin: trust.log.verifier_key}
    folder = settings.data / "witnesses"

    def made(country: str) -> Witness:
        key, store = witness_key(settings.seed, country), folder / f"{country}.sqlite"
        return Witness(witness_name(country), key, logs, store, settings.clock)

    return {country: made(country) for country in WITNESSES}


async def _register_observers(operator: AsyncHub, settings: Settings) -> None:
    """The witnesses and the timestamp authority, each named to the hub once; of one that moved, the new address."""
    wanted = [
        {"kind": "witness", "key": known_witness(settings.seed, country).verifier_key, "url": f"{url}/{country}"}
        for country, url in ((each, f"{settings.own_url}/witnesses") for each in WITNESSES)
    ]
    roots = test_authority(settings.seed).certificate.public_bytes(Encoding.PEM).decode("ascii")
    tsa = {"kind": "timestamp", "name": TSA, "url": f"{settings.own_url}/tsa/timestamp", "roots": roots}
    known = {each["name"]: each["url"] for each in await operator.observers()}
    await asyncio.gather(*(_register_observer(operator, each, known) for each in [*wanted, tsa]))


async def _register_observer(operator: AsyncHub, wanted: Mapping[str, str], known: Mapping[str, str]) -> None:
    name = wanted["name"] if "name" in wanted else wanted["key"].split("+", 1)[0]
    if known.get(name, wanted["url"]) != wanted["url"]:
        await operator.remove_observer(name)
    if known.get(name) != wanted["url"]:
        await operator.add_observer(wanted)


def _described(settings: Settings, member: Member) -> Mapping[str, object]:
    """A partner as the hub takes it; of the carrier also how its bills of lading are issued."""
    url = f"{settings.own_url}/partners/{member.id}/push"
    wanted = dict(description(member, keys_of(settings.seed, member.id), url))
    if member.id == HUB_MEMBER:
        wanted |= accounts_at_hub()
    if member.id == CARRIER_MEMBER:
        keys = wanted["keys"]
        wanted |= carrier_at_hub(settings.seed, settings.places)
        wanted["keys"] = [*keys, carrier_pint_key(settings.seed)] if isinstance(keys, list) else keys
    return wanted


async def _register(operator: AsyncHub, wanted: Mapping[str, object]) -> None:
    try:
        await operator.add_member(wanted)
    except Refused as refused:
        if refused.code != "member.exists":
            raise
        known = await operator.member(str(wanted["id"]))
        moved = {name: wanted[name] for name in ("delivery", "style") if name in wanted and known[name] != wanted[name]}
        if ("desk" in known) != ("desk" in wanted):
            moved["desk"] = wanted.get("desk")
        if moved:
            await operator.change_member(str(wanted["id"]), moved)
