"""What a scenario of a window plays with: the kit as the hub, both ways of taking delivery, and what came in."""

import asyncio
import json
import random
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from schemas.content import Content, Syntax, open_content, sha256_hex
from schemas.registry import profile_of
from simulator.conformance.bounded import ask
from simulator.conformance.end import Asked, End, Fault, Reply
from simulator.conformance.exchange import By, Exchange, json_in
from simulator.conformance.runner import NotApplicable, NoTraffic, Play, Sentence, Stop, Waiting, in_milliseconds
from simulator.conformance.suites.window import sentences as says
from simulator.conformance.suites.window.system import ISSUER, ISSUER_COUNTRY, PROFILE, WindowSystem
from simulator.documents import sign
from tradebridge.evidence.receipts import DeliveryNote, Original, Receipt, Rendered
from tradebridge.evidence.simulation import derived_id
from tradebridge.outbound import tls_context

MOST = 200
"""Exchanges of a scenario; whoever calls more often is told 429, and the rest is not kept."""
MOST_BYTES = 32 * 1024 * 1024
"""Of what is said in a scenario, likewise."""
AHEAD = timedelta(days=365)
LONG_POLL = 20.0


def now() -> datetime:
    """With milliseconds, as statements have them."""
    return in_milliseconds(datetime.now(UTC))


@dataclass(frozen=True)
class Parcel:
    """One delivery, as it goes over the wire."""

    note: DeliveryNote
    original: bytes
    token: str
    rendition: bytes | None = None

    @property
    def content_digest(self) -> str:
        content = open_content(self.original)
        return content.content_digest if isinstance(content, Content) else ""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.note.delivery,
            "messageId": self.note.message_id,
            "leaseUntil": None,
            "original": b64encode(self.original).decode(),
            "rendition": None if self.rendition is None else b64encode(self.rendition).decode(),
            "note": self.token,
        }


@dataclass
class Stage:
    """One window, and the kit around it."""

    system: WindowSystem
    http: httpx.AsyncClient = field(repr=False)
    end: End = field(init=False, repr=False)
    pulls: bool = False
    """The suite is that of windows that pull."""
    play: Play[Any] | None = field(default=None, repr=False)
    """The scenario that is on: they are played one after the other."""
    _page: list[Parcel] = field(default_factory=list, repr=False)
    _there: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _acknowledged: asyncio.Queue[str] = field(default_factory=asyncio.Queue, repr=False)
    came: asyncio.Queue[Asked] = field(default_factory=asyncio.Queue, repr=False)
    """Documents and events, as they came."""
    answers: list[Reply] = field(default_factory=list, repr=False)
    """What the next of them are answered by, before all are accepted."""
    asked: Asked | None = field(default=None, repr=False)
    """The last request for the inbox."""
    _bytes: int = 0
    _said: set[str] = field(default_factory=set, repr=False)
    """What came in this scenario, by its digest."""
    _before: set[str] = field(default_factory=set, repr=False)
    """What came in earlier ones: whoever goes on with it is answered, and heard no more."""
    _asked_person: bool = False
    """Somebody was asked to act, and nothing has come since."""
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self.end = End(self._answer)

    @property
    def at(self) -> datetime:
        """When the scenario began: what the kit makes is made as of then."""
        return self.play.at if self.play else now()

    def begin(self, play: Play[Any]) -> None:
        """Nothing of the scenario before is left. What is drawn depends on seed, scenario and time alone."""
        self.play = play
        self._random = random.Random(f"{self.system.kit.seed} {play.name} {play.at.isoformat()}")
        self._before |= self._said
        self._said, self._bytes = set(), 0
        self._page, self.answers, self._asked_person = [], [], False
        self._there.clear()
        self._acknowledged, self.came = asyncio.Queue(), asyncio.Queue()

    # --- Documents and deliveries -------------------------------------------------------------------------------------

    def new_id(self, prefix: str) -> str:
        return derived_id(prefix, self.at, self._random.randbytes(16))

    def document(self, syntax: Syntax = Syntax.JSON) -> tuple[str, bytes]:
        """A right Form D, signed by its issuer: number and bytes."""
        profile = profile_of(PROFILE)
        assert profile is not None  # noqa: S101  # a profile of ours
        number = f"{ISSUER_COUNTRY}-{self.at.year}-{self._random.randrange(10_000, 100_000)}"
        importer = self.system.country if self.system.country != ISSUER_COUNTRY else "TH"
        document = profile.example(exporter=ISSUER_COUNTRY, importer=importer, number=number, at=self.at, variant=7)
        return number, sign(profile.encode[syntax](document), syntax, self.system.kit.issuer, self.at)

    def parcel(self, syntax: Syntax = Syntax.JSON, rendition: bytes | None = None) -> Parcel:
        """A right delivery."""
        number, original = self.document(syntax)
        media_type = "application/xml" if syntax is Syntax.XML else "application/jose"
        note = DeliveryNote(
            delivery=self.new_id("dlv"),
            message_id=self.new_id("msg"),
            document_id=self.new_id("doc"),
            sender=ISSUER,
            recipient=self.system.code,
            profile=PROFILE,
            number=number,
            original=Original(sha256_hex(original), media_type),
            rendition=None if rendition is None else Rendered(sha256_hex(rendition), "application/json", "kit"),
            findings=(),
            time=self.at,
            simulated=True,
        )
        return Parcel(note, original, note.sign(self.system.kit.hub, note.time), rendition)

    def noted(self, parcel: Parcel, **changes: Any) -> Parcel:
        """The same with another note, rightly signed by the hub."""
        note = replace(parcel.note, **changes)
        return replace(parcel, token=note.sign(self.system.kit.hub, note.time))

    # --- Handing over -------------------------------------------------------------------------------------------------

    async def give(self, play: Play[Any], parcels: Sequence[Parcel], what: str, checks: bool = True) -> list[str]:
        """Hand deliveries over, by push or pull; the acknowledgements that came. Raises NoTraffic."""
        if self.system.push is None:
            return await self._lay_out(parcels)
        body = json.dumps({"deliveries": [each.to_json() for each in parcels]}).encode()
        status, answer = await self.post(play, self.system.push, body, what)
        tokens = _tokens(answer)
        if checks:
            play.check(says.PUSH_200, status == 200, found=status, expected=200)
            found = answer[:200].decode("utf-8", "replace")
            if not play.check(says.PUSH_SHAPE, tokens is not None, found=found, expected="acknowledgements"):
                raise Stop
        return tokens or []

    async def post(
        self, play: Play[Any], url: str, body: bytes, what: str, media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        """One call to the system, its answer bounded in time and size. Raises NoTraffic if none comes."""
        headers = {"Content-Type": media_type}
        got = await ask(self.http, "POST", url, body, headers, self.system.answers_within)
        facts = (got.status, got.headers, got.body, got.seconds, got.note)
        play.record(Exchange(By.KIT, what, "POST", url, headers, body, *facts))
        if got.status is None:
            raise NoTraffic(f"nobody answers at {url}: {got.note}")
        return got.status, got.body

    async def _lay_out(self, parcels: Sequence[Parcel]) -> list[str]:
        """On the inbox, until the window has taken and answered, or its time is over."""
        self.asked = None
        self._page = list(parcels)
        self._there.set()
        tokens: list[str] = []
        end = time.monotonic() + self.system.answers_within
        try:
            while len(tokens) < len(parcels) and (left := end - time.monotonic()) > 0:
                wait = min(left, self.system.quiet) if tokens else left
                tokens.append(await asyncio.wait_for(self._acknowledged.get(), wait))
        except TimeoutError:
            if self.asked is None:
                raise NoTraffic("the window did not ask for its inbox") from None
        return tokens

    async def tell(self, play: Play[Any], url: str | None, what: str, body: dict[str, str]) -> None:
        """Tell the system, or else a person, to do something. Raises NotApplicable if there is no way to."""
        if url is None and self.system.asks is not None:
            facts = ", ".join(f"{name} {value}" for name, value in body.items())
            self.system.asks(f"Your turn ({play.name}): have your window {what}: {facts}")
            self._asked_person = True
            return
        if url is None:
            raise NotApplicable(f"the system's file has no URL by which it is told to {what}")
        if not await self.tells(play, url, what, body):
            raise NotApplicable(f"it says that it cannot {what}")

    async def tells(self, play: Play[Any], url: str, what: str, body: dict[str, str]) -> bool:
        """Tell the system to do something; whether it says that it will."""
        status, _ = await self.post(play, url, json.dumps(body).encode(), f"the kit tells it to {what}")
        return status < 300

    async def next(self, seconds: float | None = None) -> Asked | None:
        """The next document or event that comes; None if none does. Raises Waiting if it was a person's turn."""
        if self._asked_person:
            seconds = self.system.person_waits
        try:
            asked = await asyncio.wait_for(self.came.get(), seconds or self.system.answers_within)
        except TimeoutError:
            if self._asked_person:
                raise Waiting(f"nobody acted within {seconds:g} s") from None
            return None
        self._asked_person = False
        return asked

    # --- The hub that the kit is --------------------------------------------------------------------------------------

    async def _answer(self, asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        if (asked.method, path) == ("GET", "/v1/trust"):
            return _reply(200, self.system.trust.to_json())
        if (asked.method, path) == ("GET", "/v1/inbox"):
            return await self._inbox(asked)
        if (asked.method, path) == ("POST", "/v1/inbox:ack"):
            return self._settle(asked)
        if asked.method == "POST" and (path == "/v1/documents" or _event_of(path)):
            if sha256_hex(asked.body) in self._before or self.play is None:
                return self._accepted(asked, path)
            self._bytes += len(asked.body)
            if len(self.play.exchanges) >= MOST or self._bytes > MOST_BYTES:
                return too_many()
            return self._take(asked, path)
        return _reply(404, {"status": 404, "title": "The kit has no such call", "code": "request.not-found"})

    async def _inbox(self, asked: Asked) -> Reply:
        if not self._page:
            try:
                await asyncio.wait_for(self._there.wait(), LONG_POLL)
            except TimeoutError:
                return _reply(200, {"deliveries": []})
        self._there.clear()
        page, self._page = self._page, []
        self.asked = asked
        reply = _reply(200, {"deliveries": [each.to_json() for each in page]})
        self._record(asked, reply, "asks for its inbox")
        return reply

    def _settle(self, asked: Asked) -> Reply:
        tokens = _tokens(asked.body) or []
        results = [{"delivery": decoded(each).get("delivery", ""), "status": "delivered"} for each in tokens]
        reply = _reply(200, {"results": results})
        self._record(asked, reply, "acknowledges")
        for each in tokens:
            self._acknowledged.put_nowait(each)
        return reply

    def _take(self, asked: Asked, path: str) -> Reply:
        reply = self.answers.pop(0) if self.answers else self._accepted(asked, path)
        self._said.add(sha256_hex(asked.body))
        self._record(asked, reply, "says something" if _event_of(path) else "sends a document")
        self.came.put_nowait(asked)
        return reply

    def _accepted(self, asked: Asked, path: str) -> Reply:
        content = open_content(asked.body)
        digest = content.content_digest if isinstance(content, Content) else "0" * 64
        document, at, event = _event_of(path) or self.new_id("doc"), self.at, bool(_event_of(path))
        recipients = tuple(each.strip() for each in asked.headers.get("tradebridge-to", ISSUER).split(","))
        profile = "tradebridge-event/1" if event else PROFILE
        receipt = Receipt(
            self.new_id("msg"),
            document,
            self.system.code,
            recipients,
            sha256_hex(asked.body),
            digest,
            profile,
            at,
            "",
            True,
        )
        told: dict[str, Any] = {
            "id": document,
            "messageId": receipt.message_id,
            "profile": profile,
            "number": None,
            "sender": self.system.code,
            "recipients": list(recipients),
            "bytesDigest": receipt.bytes_digest,
            "contentDigest": digest,
            "receivedAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "findings": [],
            "receipt": receipt.sign(self.system.kit.hub, at),
            "simulated": True,
        }
        if event:
            said = decoded(asked.body.decode("ascii", "replace"))
            sequence = said.get("expectedSequence")
            told |= {
                "id": said.get("id", ""),
                "document": document,
                "type": said.get("type", ""),
                "recipient": said.get("recipient"),
                "sequence": sequence + 1 if isinstance(sequence, int) else 1,
                "state": said.get("type", ""),
            }
        return _reply(202, told)

    def _record(self, asked: Asked, reply: Reply, what: str) -> None:
        if self.play is None:
            return
        note = reply.fault.value if reply.fault else ""
        status = None if reply.fault else reply.status
        url = f"{self.end.url}{asked.path}"
        self.play.record(
            Exchange(
                By.SYSTEM,
                what,
                asked.method,
                url,
                asked.headers,
                asked.body,
                status,
                reply.headers,
                reply.body,
                0,
                note,
            )
        )


def busy() -> Reply:
    problem = {"status": 503, "title": "The kit is busy, on purpose", "code": "hub.busy", "errors": []}
    return Reply(503, json.dumps(problem).encode(), {"content-type": "application/problem+json"})


def too_many() -> Reply:
    problem = {"status": 429, "title": "The kit has heard enough in this scenario", "code": "hub.busy", "errors": []}
    headers = {"content-type": "application/problem+json", "retry-after": "5"}
    return Reply(429, json.dumps(problem).encode(), headers)


def refusal() -> Reply:
    problem = {"status": 422, "title": "The document is refused, on purpose", "code": "document.refused", "errors": []}
    return Reply(422, json.dumps(problem).encode(), {"content-type": "application/problem+json"})


def lost() -> Reply:
    return Reply(202, fault=Fault.CLOSED)


def decoded(token: str) -> dict[str, Any]:
    """The payload of a compact JWS, nothing of it verified; empty if it is none."""
    parts = token.split(".")
    try:
        value = json_in(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, IndexError):
        return {}
    return value if isinstance(value, dict) else {}


def _tokens(body: bytes) -> list[str] | None:
    told = json_in(body)
    tokens = told.get("acknowledgements") if isinstance(told, dict) else None
    return tokens if isinstance(tokens, list) and all(isinstance(each, str) for each in tokens) else None


def _event_of(path: str) -> str:
    """The document that an event is posted to."""
    return path.split("/")[3] if path.startswith("/v1/documents/") and path.endswith("/events") else ""


def _reply(status: int, value: Any) -> Reply:
    return Reply(status, json.dumps(value).encode())


def check_ack(
    play: Play[Any], stage: Stage, parcel: Parcel, tokens: Sequence[str], sentence: Sentence, judge: Callable[..., None]
) -> None:
    """One parcel is acknowledged, and rightly."""
    mine = [each for each in tokens if parcel.note.message_id in _ids(each) or parcel.note.delivery in _ids(each)]
    if check_taken(play, parcel, tokens, sentence):
        judge(play, stage, parcel, mine[0])


def check_taken(play: Play[Any], parcel: Parcel, tokens: Sequence[str], sentence: Sentence) -> bool:
    """Whether the parcel is acknowledged, as it has to be."""
    there = is_acknowledged(parcel, tokens)
    found = "one" if there else f"no acknowledgement of it, {len(tokens)} of others"
    return play.check(sentence, there, found=found, expected="one")


def is_acknowledged(parcel: Parcel, tokens: Sequence[str]) -> bool:
    return any({parcel.note.message_id, parcel.note.delivery} & _ids(each) for each in tokens)


def _ids(token: str) -> set[str]:
    told = decoded(token)
    return {str(told.get("messageId")), str(told.get("delivery"))}


@asynccontextmanager
async def on_stage(system: WindowSystem) -> AsyncIterator[Stage]:
    """Both ends of the wire, open."""
    async with httpx.AsyncClient(
        verify=tls_context(),
        timeout=httpx.Timeout(system.answers_within),
        trust_env=False,
        follow_redirects=False,
        transport=system.transport,
    ) as http:
        stage = Stage(system, http)
        await stage.end.open(port=system.kit_port)
        try:
            yield stage
        finally:
            await stage.end.close()
