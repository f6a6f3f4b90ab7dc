"""The process of the world: `python -P -m simulator.serve --hub URL --seed S --data DIR --port N`.

With `--only ID` it is that of one partner alone.

1. It binds its port first, so that the addresses it registers are true; it is ready when all members are registered.
2. It is a process as simulator/process.py has it: it says when it is ready, and ends with its parent.
3. A request is for the world of a space, named as at the hub: `/s/NAME/...`, or the header `Tradebridge-Space`.
4. `/_sim/v1` (`simulator.control`) is for whoever runs the simulation. It listens on loopback unless told otherwise,
   and asks for no key: there is nothing to protect in a simulation, and nothing of it is in a real hub.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded stands: the collector begins when the process is ready

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from socket import socket

import uvloop
from fastapi import FastAPI

from simulator.broken_answers import Connection
from simulator.clock import clock_at
from simulator.control import control_app
from simulator.front import Front
from simulator.hub_control import HubControl
from simulator.members import Member, members, styles_of
from simulator.process import listen, serve
from simulator.world import Settings
from simulator.worlds import Worlds

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
    with_tl = "tl" in given.with_ or given.only == "TL-NSW"
    everybody = members(with_tl=with_tl, styles=styles_of(given.adapter), desks=given.desk)
    chosen = tuple(each for each in everybody if given.only in ("", each.id))
    if not chosen:
        raise SystemExit(f"no partner {given.only}: {', '.join(each.id for each in everybody)}")
    if given.only and "TRADEBRIDGE_READY_FD" not in os.environ:
        sys.stdout.write(f"{given.only} at {url}, exchanging through {hub_url}\n")
        sys.stdout.flush()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, chosen, listening, url, given.shelf))


async def _serve(
    settings: Settings, chosen: tuple[Member, ...], listening: socket, url: str, shelf: Path | None
) -> None:
    descriptor = int(os.environ.get("TRADEBRIDGE_CONTROL_FD", "-1"))
    worlds = Worlds(settings, chosen, HubControl(descriptor))
    await worlds.begin()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await worlds.run()
        yield
        await worlds.close()

    await serve(Front(worlds, control_app(worlds, lifespan, shelf)), listening, url, Connection)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.serve", description="The world of simulated partners.")
    parser.add_argument("--hub", required=True, help="URL of the hub; - reads it from standard input")
    parser.add_argument("--seed", required=True, help="what keys and ids are drawn from; the hub must have the same")
    parser.add_argument("--data", required=True, help="folder of the journals")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8601, help="0 takes any free one")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="frozen business clock, RFC 3339")
    parser.add_argument("--with", dest="with_", action="append", default=[], choices=["tl"], help="further windows")
    parser.add_argument("--adapter", action="append", default=[], help="of others: a folder, a package or a style")
    parser.add_argument("--desk", action="append", default=[], metavar="ID", help="has a desk instead of a system")
    parser.add_argument("--shelf", type=Path, help="folder of conformance runs; in --data where none is given")
    parser.add_argument("--only", default="", metavar="ID", help="this partner alone, beside a world")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
