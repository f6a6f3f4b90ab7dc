"""What a PINT scenario plays with: the system under test, who the kit is, and both ends of the wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from simulator.conformance.end import Asked, End, Reply
from simulator.conformance.exchange import json_in
from simulator.conformance.kit import Identities, KitPlatform
from simulator.conformance.runner import NotApplicable, Play, Role, Scenario, Sentence, every
from simulator.conformance.suites.pint.caller import Caller
from simulator.conformance.suites.pint.envelopes import File, Json, Plan, issued_and_sent
from simulator.conformance.suites.pint.receiving import Answering, Call, Receiving, kind_of
from simulator.conformance.sut import TRANSFER, Act, CannotSend, System
from tradebridge.outbound import tls_context

SETTLES_SECONDS = 3.0
"""How long the place of a title may take to be as it should."""


@dataclass
class Stage:
    """One system, and the kit around it."""

    system: System
    http: httpx.AsyncClient = field(repr=False)
    end: End = field(init=False, repr=False)
    _receiving: dict[tuple[str, str], Receiving] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.end = End(self._answer)

    @property
    def identities(self) -> Identities:
        return self.system.kit

    @property
    def account(self) -> Json:
        """The party that the system knows."""
        return self.system.account

    # --- Towards the system -------------------------------------------------------------------------------------------

    def caller(self, play: Play["Stage"]) -> Caller:
        return Caller(play, self.system, self.http)

    def to_system(
        self,
        *,
        by_b: bool = False,
        at: datetime | None = None,
        document: Json | None = None,
        visualisation: File | None = None,
        supporting: Sequence[File] = (),
    ) -> Plan:
        """A new title, issued on one of the kit's platforms and handed to the system's account."""
        return issued_and_sent(
            self.identities,
            self.account,
            by=self.identities.b if by_b else self.identities.a,
            at=at,
            document=document,
            visualisation=visualisation,
            supporting=supporting,
        )

    async def transfer(
        self, reference: str, recipient: Json, documents: Sequence[Json] = (), act: Act = TRANSFER
    ) -> None:
        """Tell the system to transfer. Raises NotApplicable if it cannot be told, or says that it cannot."""
        try:
            await self.system.controls.transfer(self.http, reference, recipient, documents, act)
        except CannotSend as error:
            raise NotApplicable(str(error)) from error

    async def where(self, reference: str) -> str | None:
        """Where the system says that the title is."""
        return await self.system.controls.where(self.http, reference)

    async def expect_where(self, play: Play["Stage"], reference: str, sentence: Sentence, *places: str) -> None:
        """Check where the title is, once it has settled; not applicable where the system does not say."""
        at: str | None = None
        async for _ in every(SETTLES_SECONDS, 0.05):
            at = await self.where(reference)
            if at is None or at in places:
                break
        if at is None:
            play.cannot_see(sentence, "the system does not say where a title is")
        else:
            play.check(sentence, at in places, found=at, expected=" or ".join(places))

    # --- From the system ----------------------------------------------------------------------------------------------

    def receives(
        self,
        play: Play["Stage"],
        reference: str,
        platform: KitPlatform,
        script: dict[Call, list[Answering]] | None = None,
    ) -> Receiving:
        """Be ready for a title at one of the kit's platforms."""
        person = self.system.controls.by_person
        patience = self.system.person_waits if person else self.system.answers_within
        receiving = Receiving(play, platform, reference, patience, script or {}, by_person=person)
        self._receiving[platform.code, reference] = receiving
        return receiving

    async def _answer(self, asked: Asked) -> Reply:
        """Find the scenario that a call belongs to, by its title or by the reference that the kit gave it."""
        platform = next((each for each in self.identities.platforms if asked.path.startswith(f"/{each.code}/")), None)
        if platform is None:
            return _no(404, "there is no such platform here")
        if asked.path.endswith("/v3/receiver-validation"):
            return self._validation(platform, asked)
        kind = kind_of(asked)
        if kind is None:
            return _no(404, "PINT has no such call")
        call, reference, document = kind
        title = _title_of(asked) if call is Call.START else reference.removeprefix("kit-")
        receiving = self._receiving.get((platform.code, title))
        if platform.token_in and asked.headers.get("authorization") != f"Bearer {platform.token_in}":
            reply = _no(401, "the token is not the one agreed upon")
            if receiving is not None:
                receiving.turns_away(call, asked, reply)
            return reply
        if receiving is None:
            return _no(404, f"no scenario waits for {title} at {platform.code}")
        return receiving.takes(call, asked, document)

    def _validation(self, platform: KitPlatform, asked: Asked) -> Reply:
        code = json_in(asked.body)
        if code in platform.user["identifyingCodes"]:
            return Reply(200, json.dumps({"partyName": platform.user["partyName"]}).encode())
        return _no(404, "unknown party")


def _title_of(asked: Asked) -> str:
    try:
        return str(json_in(asked.body)["transportDocument"]["transportDocumentReference"])
    except (TypeError, KeyError):
        return ""


def _no(status: int, text: str) -> Reply:
    body = {"statusCode": status, "statusCodeText": text, "errors": [{"errorCodeText": text, "errorCodeMessage": text}]}
    return Reply(status, json.dumps(body).encode())


@asynccontextmanager
async def on_stage(system: System) -> AsyncIterator[Stage]:
    """Both ends of the wire, open."""
    timeout = httpx.Timeout(system.answers_within)
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16)
    async with httpx.AsyncClient(
        verify=tls_context(), timeout=timeout, limits=limits, trust_env=False, follow_redirects=False
    ) as http:
        stage = Stage(system, http)
        await stage.end.open(port=system.kit_port)
        try:
            yield stage
        finally:
            await stage.end.close()


Playing = Callable[[Play[Stage]], Awaitable[None]]


def scenario_in(scenarios: list[Scenario[Stage]], role: Role) -> Callable[..., Callable[[Playing], Playing]]:
    """A decorator that puts a function into a list of scenarios, under a name and a sentence for people."""

    def named(name: str, title: str, *, alone: bool = False) -> Callable[[Playing], Playing]:
        def take(playing: Playing) -> Playing:
            scenarios.append(Scenario(f"{role.value}/{name}", role, title, playing, alone))
            return playing

        return take

    return named


async def while_nothing(seconds: float) -> None:
    """Time in which nothing should come."""
    await asyncio.sleep(seconds)
