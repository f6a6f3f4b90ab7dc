"""The process of the world: `python -P -m simulator.serve --hub URL --seed S --data DIR --port N`.

With `--only ID` it is that of one partner alone.

1. It binds its port first, so that the addresses it registers are true; it is ready when all members are registered.
2. It is a process as simulator/process.py has it: it says when it is ready, and ends with its parent.
3. `/_sim/v1` is for whoever runs the simulation. It listens on loopback unless told otherwise, and asks for no key:
   there is nothing to protect in a simulation, and nothing of it is in a real hub.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

import uvloop
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from simulator import tsa, witness
from simulator.audit import audit
from simulator.clock import clock_at
from simulator.journal import in_order
from simulator.lading.played import Played
from simulator.members import Member, members
from simulator.play import SETTLE_SECONDS, play
from simulator.process import listen, serve
from simulator.progress import Progress, Summary
from simulator.scenario import LADING, BadScenario, Scenario, UnknownScenario, kind_of, load, scenario_names
from simulator.world import Settings, World, start
from tradebridge import calls

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
    if not world.settings.alone:
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
        name, deadline = str(asked["name"]), float(asked.get("deadline", 120.0))
        try:
            if kind_of(name) == LADING:
                from simulator.lading import player, story  # with all of an eBL platform: only for who asks

                lading = story.load(name, str(asked.get("variant", "")))
                lines = _played(world, name, partial(player.play_lading, world, lading, deadline=deadline))
            else:
                lines = _played(world, name, partial(_play, world, load(name), deadline=deadline))
        except (UnknownScenario, BadScenario) as error:
            return PlainTextResponse(str(error), 404)
        return StreamingResponse(lines, media_type="application/x-ndjson")

    return app


async def _play(
    world: World, scenario: Scenario, on_progress: Callable[[Progress], None], *, deadline: float
) -> Played:
    """A scenario of documents leaves nothing but its summary."""
    return Played(await play(world, scenario, on_progress, deadline=deadline), {})


async def _played(
    world: World, name: str, playing: Callable[[Callable[[Progress], None]], Awaitable[Played]]
) -> AsyncIterator[bytes]:
    """The lines of one run: each step, the files that it leaves, the summary."""
    steps: asyncio.Queue[Progress | Played] = asyncio.Queue()

    async def run() -> None:
        try:
            played = await playing(steps.put_nowait)
        except Exception as error:  # whatever it was, who watches gets an end and the reason
            log.exception("the run of %s failed", name)
            played = Played(_broken(world, name, error), {})
        steps.put_nowait(played)

    running = asyncio.create_task(run())
    try:
        while True:
            step = await steps.get()
            if isinstance(step, Played):
                if step.files:
                    yield _line({"files": dict(step.files)})
                yield _line({"summary": step.summary.whole()})
                return
            yield _line({"progress": step.to_json()})
    finally:
        running.cancel()


def _broken(world: World, name: str, error: Exception) -> Summary:
    """A run that failed in itself has an end too: a summary that says so, with the reason."""
    reason = f"the run failed: {error!r}"
    return Summary(name, world.settings.seed, len(world.members), 0, 0, 0, 0, 0, 0, 0, 0.0, (reason,))


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode() + b"\n"


# --- the process -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    given = _arguments(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    listening = listen(given.host, given.port, Path(given.data) / "port")
    url = f"http://{given.host}:{listening.getsockname()[1]}"
    hub_url = sys.stdin.readline().strip() if given.hub == "-" else given.hub
    if not hub_url:
        raise SystemExit("no URL of a hub came: it did not start, or nobody said where it is")
    settings = Settings(hub_url, url, given.seed, clock_at(given.clock), Path(given.data), bool(given.only))
    everybody = members(with_tl="tl" in given.with_ or given.only == "TL-NSW")
    chosen = tuple(each for each in everybody if given.only in ("", each.id))
    if not chosen:
        raise SystemExit(f"no partner {given.only}: {', '.join(each.id for each in everybody)}")
    if given.only and "TRADEBRIDGE_READY_FD" not in os.environ:
        sys.stdout.write(f"{given.only} at {url}, exchanging through {hub_url}\n")
        sys.stdout.flush()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, chosen, listening, url))


async def _serve(settings: Settings, chosen: tuple[Member, ...], listening: socket, url: str) -> None:
    world = await start(settings, chosen)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await world.start()
        yield
        await world.close()

    app = app_of(world)
    if not settings.alone:
        world.mounted.mount(app)
    app.router.lifespan_context = lifespan
    await serve(app, listening, url)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.serve", description="The world of simulated partners.")
    parser.add_argument("--hub", required=True, help="URL of the hub; - reads it from standard input")
    parser.add_argument("--seed", required=True, help="what keys and ids are drawn from; the hub must have the same")
    parser.add_argument("--data", required=True, help="folder of the journals")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8601, help="0 takes any free one")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="frozen business clock, RFC 3339")
    parser.add_argument("--with", dest="with_", action="append", default=[], choices=["tl"], help="further windows")
    parser.add_argument("--only", default="", metavar="ID", help="this partner alone, beside a world")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
