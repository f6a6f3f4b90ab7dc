"""What stands at the door of the world's process: it finds the world of a request, and the partner that is meant.

The hub pushes to `/partners/{member}/push`; witnesses, the timestamp authority, eBL platforms and links stand beside.
What a fault that is on does to an answer, it does here, at the socket. Who is recorded speaks to the hub through here.
"""

from collections.abc import Mapping

import orjson
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator import tsa, witness
from simulator.broken_answers import BEFORE, broken
from simulator.faults import HEADER, Point
from simulator.problems import response_of
from simulator.recording import PREFIX as RECORDED
from simulator.refusals import Refusal
from simulator.world import World
from simulator.worlds import Worlds
from tradebridge import calls

CONTROL = "/_sim/"
SPACE = "simulator.space"


class Front:
    """The application of the process. `control` is that of `/_sim`, whose lifespan is that of all."""

    def __init__(self, worlds: Worlds, control: ASGIApp) -> None:
        self._worlds = worlds
        self._control = control
        self._beside: dict[str, tuple[World, ASGIApp]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._control(scope, receive, send)
            return
        space, scope = _space_of(scope)
        path: str = scope["path"]
        if path.startswith(CONTROL):
            await self._controlled(space, {**scope, SPACE: space}, receive, send)
            return
        try:
            world = self._worlds.get(space)
        except Refusal as refusal:
            await response_of(refusal.findings, path)(scope, receive, send)
            return
        if path == "/livez":
            members = {"status": "ok", "members": len(world.members)}
            await JSONResponse(members)(scope, receive, send)
        elif path.startswith(f"{RECORDED}/"):
            below = path.removeprefix(RECORDED)
            await world.switches.recorder.pass_on(world, {**scope, "path": below}, receive, send)
        elif path.startswith("/partners/") and path.endswith("/push") and scope["method"] == "POST":
            await push(world, path.split("/")[2], scope, receive, send)
        else:
            await self._app_beside(world, space)(scope, receive, send)

    async def _controlled(self, space: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The control plane; of a world that is being recorded, heard."""
        try:
            world = self._worlds.get(space)
        except Refusal:  # the control plane says so itself
            await self._control(scope, receive, send)
            return
        await world.switches.recorder.control(world, self._control, scope, receive, send)

    def _app_beside(self, world: World, space: str) -> ASGIApp:
        """Made when it is first called: a space that is never asked for it does not pay."""
        known = self._beside.get(space)
        if known is None or known[0] is not world:
            there = set(self._worlds.names())
            self._beside = {name: each for name, each in self._beside.items() if name in there}
            known = self._beside[space] = world, beside(world, with_platforms=not space)
        return known[1]


async def push(world: World, member: str, scope: Scope, receive: Receive, send: Send) -> None:
    """The hub hands deliveries to a partner."""
    partner = world.partners.get(member)
    if partner is None:
        await PlainTextResponse(f"no partner {member} in this world", 404)(scope, receive, send)
        return
    if not partner.knows(Request(scope).headers):
        answer = partner.answer_to_stranger()
        await Response(answer.data, 401, media_type=answer.media_type)(scope, receive, send)
        return
    try:
        deliveries = calls.read_deliveries(await Request(scope, receive).json())
    except (ValueError, KeyError, TypeError) as error:
        text = f"not deliveries as docs/reference/api.md has them: {error}"
        await PlainTextResponse(text, 400)(scope, receive, send)
        return
    faults = world.switches.faults
    fault = faults.find(Point.ANSWER, member) if deliveries else None
    if fault is None:
        tokens, labels = await partner.take(deliveries)
        headers = {} if not labels else {HEADER: labels}
        refusals = partner.refusals(deliveries)
        body = {"acknowledgements": tokens, **({"refusals": refusals} if refusals else {})}
        await JSONResponse(body, headers=headers)(scope, receive, send)
        return
    tokens, _ = ([], "") if fault.recipe.name in BEFORE else await partner.take(deliveries)
    partner.struck_by(fault, [each.message_id for each in deliveries])
    await broken(fault, faults, scope, receive, send, orjson.dumps({"acknowledgements": tokens}))


def beside(world: World, *, with_platforms: bool) -> FastAPI:
    """Who is no partner."""
    app = FastAPI(title="Tradebridge: simulated partners", docs_url=None, redoc_url=None, openapi_url=None)
    for country, each in world.witnesses.items():
        app.mount(f"/witnesses/{country}", witness.app_of(each))
    if world.settings.alone:
        return app
    app.mount("/tsa", tsa.app_of(tsa.Authority(world.settings.seed), world.settings.clock))
    if with_platforms:
        world.mounted.mount(app)
    return app


def _space_of(scope: Scope) -> tuple[str, Scope]:
    path: str = scope["path"]
    if path.startswith("/s/"):
        name, _, rest = path[3:].partition("/")
        return name, {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"tradebridge-space", b"").decode("ascii", "replace"), scope
