"""Recording a session: who speaks to the hub through the world's `/recorded` is heard, and what is moved meanwhile.

1. A recording is begun by the control plane, for one space. `/recorded/v1/...` of the world is then the hub's
   `/v1/...`, call for call; without one it is refused. It ends with the past of its space: at a reset of documents, at
   another snapshot, and when the space is dropped.
2. What is kept, and what never is, stands in `simulator.cassette`. Beyond its bounds calls are passed on, and not kept.
3. A call of the simulation that moves it (clock, faults, scripts, officers, seed) is a step as well, unless it says by
   the header `Tradebridge-Unrecorded` that it belongs to a replay.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.bodies import bounded
from simulator.cassette import (
    KEPT_HEADERS,
    MOST_BYTES,
    MOST_STEPS,
    Cassette,
    Step,
    kept_answer,
    kept_request,
)
from simulator.journal import Entry, in_order
from simulator.problems import response_of
from simulator.refusals import Refusal, refuse
from tradebridge.calls import HubError
from tradebridge.calls import documents as all_documents
from tradebridge.evidence.simulation import test_api_key as api_key_of
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from simulator.world import World

PREFIX = "/recorded"
CONTROL = "/_sim/v1"
UNRECORDED = b"tradebridge-unrecorded"
MOST_BODY = 64 * 1024 * 1024
PATIENCE = httpx.Timeout(150.0, connect=5.0)
MOVES = ("/clock", "/clock:advance", "/faults", "/scripts", "/officers", "/seed")
"""What of the control plane is a step, with all below it."""
_HOP = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"accept-encoding", "content-encoding", "proxy-authorization", "server", "date"}
)


@dataclass
class _Running:
    """A recording that is on."""

    at: str
    stands: bool
    before: int
    """Entries of the journals when it began."""
    http: httpx.AsyncClient
    steps: list[Step | None] = field(default_factory=list)
    """In the order in which they began; None: not answered yet."""
    size: int = 0
    full: bool = False


class Recorder:
    """The recording of one world, if one is on."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._running: _Running | None = None
        self._callers: dict[str, str] = {}
        """Members by what stands in `Authorization`; never written down."""

    @property
    def is_on(self) -> bool:
        return self._running is not None

    async def begin(self, world: "World", transport: httpx.AsyncBaseTransport) -> dict[str, Any]:
        """A new one; what was recorded before is dropped."""
        await self.end()
        ids = ["OPERATOR", *world.partners]
        self._callers = {f"Bearer {api_key_of(self._seed, each)}": each for each in ids}
        clock = world.settings.clock
        http = httpx.AsyncClient(transport=transport, timeout=PATIENCE)
        self._running = _Running(rfc3339(clock.now()), clock.stands, len(world.written), http)
        return self.told(world)

    async def end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running.http.aclose()

    def told(self, world: "World") -> dict[str, Any]:
        """Where to speak to the hub, and how much is kept."""
        running = self._on()
        return {
            "url": f"{world.settings.own_url}{PREFIX}",
            "steps": len(running.steps),
            "entries": len(world.written) - running.before,
            "bytes": running.size,
            "full": running.full,
            "before": running.before,
        }

    async def cassette(self, world: "World") -> Cassette:
        """All of it until now."""
        running = self._on()
        fresh = world.written[running.before :]
        return Cassette(
            seed=self._seed,
            version=version("tradebridge"),
            hub=world.settings.hub_url,
            space=_space_of(world),
            clock=running.at,
            stands=running.stands,
            members=tuple(world.partners),
            before=running.before,
            steps=tuple(each for each in running.steps if each is not None),
            entries=len(fresh),
            journal=tuple(_told_entry(each) for each in in_order(fresh)),
            documents=tuple(await _documents(world)),
            full=running.full,
        )

    # --- the hub, through here ---------------------------------------------------------------------------------------

    async def pass_on(self, world: "World", scope: Scope, receive: Receive, send: Send) -> None:
        """One call of the hub. `scope` has the path below `/recorded`."""
        try:
            answer = await self._passed_on(world, Request(scope, receive))
        except Refusal as refusal:
            answer = response_of(refusal.findings, scope["path"])
        await answer(scope, receive, send)

    async def _passed_on(self, world: "World", request: Request) -> Response:
        running = self._on()
        path = quote(request.scope["path"], safe="/:@!$&'()*+,;=~-._")
        path += f"?{request.url.query}" if request.url.query else ""
        data = await bounded(request, MOST_BODY)
        if data is None:
            raise refuse("simulation.malformed", found="a larger body", expected=f"at most {MOST_BODY} bytes")
        place = self._place(running, len(data))
        entries, at = len(world.written) - running.before, rfc3339(world.settings.clock.now())
        headers = [(name, value) for name, value in request.headers.items() if name not in _HOP]
        asked = running.http.build_request(
            request.method, world.settings.hub_url + path, headers=headers, content=data or None
        )
        try:
            answer = await running.http.send(asked, stream=True)
        except httpx.HTTPError as error:
            raise refuse("simulation.hub-away", found=type(error).__name__) from error
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        passed = {name: value for name, value in answer.headers.items() if name not in _HOP}
        told: dict[str, Any] = {
            "at": at,
            "entries": entries,
            "method": request.method,
            "path": path,
            "status": answer.status_code,
            "caller": self._caller(request.headers.get("authorization")),
            "headers": {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
            "body": kept_request(data),
            "media_type": media_type,
        }
        if media_type == "text/event-stream":  # it has no end: it is passed on, and not kept
            self._keep(running, place, Step(**told))
            return StreamingResponse(_streamed(answer), answer.status_code, passed)
        body = await answer.aread()
        await answer.aclose()
        self._learn(body)
        self._keep(running, place, Step(**told, answer=kept_answer(body, media_type)), len(body))
        return Response(body, answer.status_code, passed)

    def _caller(self, authorization: str | None) -> str:
        return self._callers.get(authorization, "?") if authorization else ""

    def _learn(self, body: bytes) -> None:
        """A member that was added through here has a key from now on."""
        if b'"apiKey"' not in body:
            return
        try:
            said = json.loads(body)
            self._callers[f"Bearer {said['apiKey']}"] = str(said.get("id") or said["member"]["id"])
        except (ValueError, KeyError, TypeError):  # it says something else of keys
            return

    # --- the simulation, moved meanwhile -----------------------------------------------------------------------------

    async def control(self, world: "World", app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """A call of the control plane, answered by `app` and kept if it moves the simulation."""
        path, running = scope["path"].removeprefix(CONTROL), self._running
        if running is None or not _moves(scope, path):
            await app(scope, receive, send)
            return
        data = await Request(scope, receive).body()
        place = self._place(running, len(data))
        entries, at = len(world.written) - running.before, rfc3339(world.settings.clock.now())
        status = 0

        async def again() -> Message:
            return {"type": "http.request", "body": data, "more_body": False}

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await app(scope, again, heard)
        step = Step(at, entries, scope["method"], path, status, control=True, body=kept_request(data))
        self._keep(running, place, step)

    # --- what is kept ------------------------------------------------------------------------------------------------

    def _on(self) -> _Running:
        if self._running is None:
            raise refuse("simulation.not-recording")
        return self._running

    @staticmethod
    def _place(running: _Running, size: int) -> int | None:
        """Of a step that begins; None where there is no room."""
        if len(running.steps) >= MOST_STEPS or running.size + size > MOST_BYTES:
            running.full = True
            return None
        running.size += size
        running.steps.append(None)
        return len(running.steps) - 1

    @staticmethod
    def _keep(running: _Running, place: int | None, step: Step, size: int = 0) -> None:
        if place is not None:
            running.size += size
            running.steps[place] = step


def _moves(scope: Scope, path: str) -> bool:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    below = any(path == each or path.startswith((f"{each}/", f"{each}:")) for each in MOVES)
    return scope["method"] in ("POST", "PUT", "DELETE") and below and UNRECORDED not in headers


async def _streamed(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()


def _space_of(world: "World") -> str:
    return world.settings.own_url.partition("/s/")[2]


def _told_entry(entry: Entry) -> Mapping[str, Any]:
    """What of an entry is compared: not the token, which says the same again."""
    members: dict[str, Any] = json.loads(entry.line())
    members.pop("token", None)
    return members


_OF_DOCUMENT = ("number", "profile", "sender", "state")


async def _documents(world: "World") -> list[Mapping[str, Any]]:
    """Where each document stands at the hub: of its recipients, those that are of this world."""
    found: list[Mapping[str, Any]] = []
    try:
        async for each in world.operator.each(all_documents()):
            recipients = {
                name: {part: said for part, said in told.items() if part != "delivery"}  # its journal has that
                for name, told in each["recipients"].items()
                if name in world.partners
            }
            kept: dict[str, Any] = {name: each[name] for name in _OF_DOCUMENT if name in each}
            found.append(kept | {"recipients": recipients})
            if len(found) == MOST_STEPS:
                break
    except HubError as error:
        raise refuse("simulation.hub-away", found=str(error)) from error
    return sorted(found, key=lambda each: json.dumps(each, sort_keys=True))
