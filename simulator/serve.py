"""The process of the world: `python -P -m simulator.serve --hub URL --seed S --data DIR --port N`.

1. It binds its port first, so that the addresses it registers are true; it is ready when all members are registered.
2. Ready, it writes one JSON line to the file descriptor TRADEBRIDGE_READY_FD, if there is one.
3. It ends when the pipe TRADEBRIDGE_PARENT_PIPE closes: however its parent dies, the world dies with it.
4. `/_sim/v1` is for whoever runs the simulation. It listens on loopback unless told otherwise, and asks for no key:
   there is nothing to protect in a simulation, and nothing of it is in a real hub.
"""

import argparse
import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from simulator import tsa, witness
from simulator.audit import audit
from simulator.clock import clock_at
from simulator.journal import in_order
from simulator.members import members
from simulator.play import SETTLE_SECONDS, play
from simulator.progress import Progress, Summary
from simulator.scenario import BadScenario, Scenario, UnknownScenario, load, scenario_names
from simulator.world import Settings, World, start
from tradebridge import calls

GRACE_SECONDS = 3.0

log = logging.getLogger("simulator")


def app_of(world: World) -> FastAPI:
    """The world's HTTP: where the hub pushes to, and what runs the simulation."""
    app = FastAPI(title="Tradebridge: simulated partners", docs_url=None, redoc_url=None)

    @app.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "ok", "members": len(world.members)})

    @app.post("/partners/{member_id}/push")
    async def push(member_id: str, request: Request) -> Response:
        partner = world.partners.get(member_id)
        if partner is None:
            return PlainTextResponse(f"no partner {member_id} in this world", 404)
        try:
            deliveries = calls.read_deliveries(await request.json())
        except (ValueError, KeyError, TypeError) as error:
            return PlainTextResponse(f"not deliveries as docs/reference/api.md has them: {error}", 400)
        return JSONResponse({"acknowledgements": partner.take(deliveries)})

    for country, each in world.witnesses.items():
        app.mount(f"/witnesses/{country}", witness.app_of(each))
    app.mount("/tsa", tsa.app_of(tsa.Authority(world.settings.seed), world.settings.clock))

    @app.get("/_sim/v1/members")
    async def list_members() -> Response:
        return JSONResponse({"items": [member.to_json() for member in world.members], "next": None})

    @app.get("/_sim/v1/scenarios")
    async def list_scenarios() -> Response:
        return JSONResponse({"items": list(scenario_names()), "next": None})

    @app.get("/_sim/v1/journals")
    async def journals(member: str = "") -> Response:
        """All journals, or one member's, in the order of comparison: one JSON line an entry."""
        chosen = [entry for name, entries in world.journals().items() if member in ("", name) for entry in entries]
        return Response(b"".join(entry.line() for entry in in_order(chosen)), media_type="application/x-ndjson")

    @app.get("/_sim/v1/audit")
    async def run_audit() -> Response:
        found = await audit(world.journals(), world.operator, world.trust, patience=SETTLE_SECONDS)
        return JSONResponse(
            {
                "receipts": found.receipts,
                "deliveries": found.deliveries,
                "lost": found.lost,
                "problems": list(found.problems),
            }
        )

    @app.post("/_sim/v1/scenario:run")
    async def run_scenario(request: Request) -> Response:
        """Play a scenario: progress as NDJSON as it happens, the summary as the last line."""
        asked = await request.json()
        try:
            scenario = load(str(asked["name"]))
        except (UnknownScenario, BadScenario) as error:
            return PlainTextResponse(str(error), 404)
        lines = _played(world, scenario, float(asked.get("deadline", 120.0)))
        return StreamingResponse(lines, media_type="application/x-ndjson")

    return app


async def _played(world: World, scenario: Scenario, deadline: float) -> AsyncIterator[bytes]:
    """The lines of one run."""
    steps: asyncio.Queue[Progress | Summary] = asyncio.Queue()

    async def run() -> None:
        try:
            summary = await play(world, scenario, steps.put_nowait, deadline=deadline)
        except Exception as error:  # whatever it was, who watches gets an end and the reason
            log.exception("the run of %s failed", scenario.name)
            summary = _broken(world, scenario, error)
        steps.put_nowait(summary)

    running = asyncio.create_task(run())
    try:
        while True:
            step = await steps.get()
            if isinstance(step, Summary):
                yield _line({"summary": step.whole()})
                return
            yield _line({"progress": step.to_json()})
    finally:
        running.cancel()


def _broken(world: World, scenario: Scenario, error: Exception) -> Summary:
    """A run that failed in itself has an end too: a summary that says so, with the reason."""
    reason = f"the run failed: {error!r}"
    return Summary(scenario.name, world.settings.seed, len(world.members), 0, 0, 0, 0, 0, 0, 0, 0.0, (reason,))


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode() + b"\n"


# --- the process -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    given = _arguments(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    listening = _listen(given.host, given.port, Path(given.data) / "port")
    url = f"http://{given.host}:{listening.getsockname()[1]}"
    hub_url = sys.stdin.readline().strip() if given.hub == "-" else given.hub
    if not hub_url:
        raise SystemExit("no URL of a hub came: it did not start, or nobody said where it is")
    settings = Settings(hub_url, url, given.seed, clock_at(given.clock), Path(given.data))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, given.with_, listening, url))


async def _serve(settings: Settings, with_: Sequence[str], listening: socket.socket, url: str) -> None:
    world = await start(settings, members(with_tl="tl" in with_))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        world.start()
        yield
        await world.close()

    app = app_of(world)
    app.router.lifespan_context = lifespan
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    server = _Server(config, url)
    _end_with_parent(server)
    await server.serve(sockets=[listening])


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.serve", description="The world of simulated partners.")
    parser.add_argument("--hub", required=True, help="URL of the hub; - reads it from standard input")
    parser.add_argument("--seed", required=True, help="what keys and ids are drawn from; the hub must have the same")
    parser.add_argument("--data", required=True, help="folder of the journals")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8601, help="0 takes any free one")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="frozen business clock, RFC 3339")
    parser.add_argument("--with", dest="with_", action="append", default=[], choices=["tl"], help="further windows")
    return parser.parse_args(arguments)


def _listen(host: str, port: int, remembered: Path) -> socket.socket:
    """A bound socket. With port 0 the port of the last time is tried first: members are registered with it."""
    remembered.parent.mkdir(parents=True, exist_ok=True)
    last = int(remembered.read_text("ascii")) if port == 0 and remembered.exists() else port
    for wanted in dict.fromkeys((last, port)):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, wanted))
        except OSError:
            listening.close()
            continue
        remembered.write_text(str(listening.getsockname()[1]), "ascii")
        return listening
    raise SystemExit(f"port {port} is taken: choose another with --port, or 0 for any free one")


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        descriptor = os.environ.get("TRADEBRIDGE_READY_FD")
        if self.started and descriptor is not None:
            line = {"port": int(self._url.rsplit(":", 1)[1]), "url": self._url, "pid": os.getpid()}
            with os.fdopen(int(descriptor), "w") as ready:
                ready.write(json.dumps(line) + "\n")


def _end_with_parent(server: uvicorn.Server) -> None:
    """End when the parent's end of the pipe closes; at the latest after a few seconds, whatever hangs."""
    descriptor = os.environ.get("TRADEBRIDGE_PARENT_PIPE")
    if descriptor is None:
        return

    def watch() -> None:
        while os.read(int(descriptor), 1):
            continue
        server.should_exit = True
        threading.Timer(GRACE_SECONDS, os._exit, (0,)).start()

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    main()
