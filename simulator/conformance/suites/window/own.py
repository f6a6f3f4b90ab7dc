"""Tradebridge's own simulated partner as the system under test: `simulator.partner` behind its real door.

It runs in this process; between it and the kit everything is HTTP. Its verifier is that of `tradebridge.evidence`. The
two ends share the library that signs and reads statements: what they would both get wrong, a run with them cannot see.
"""

import asyncio
import logging
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from schemas.content import Syntax
from schemas.registry import profile_of
from simulator.clock import Clock
from simulator.conformance import kit
from simulator.conformance.suites.window.stage import now
from simulator.conformance.suites.window.system import ISSUER, PROFILE, Folk, WindowSystem
from simulator.documents import sign
from simulator.front import push
from simulator.journal import Journal
from simulator.members import keys_of, members
from simulator.officers import Mode, Way
from simulator.partner import Partner
from simulator.world import World
from tradebridge.client import AsyncHub
from tradebridge.evidence.lone import verify_document
from tradebridge.evidence.report import Verdict

CODE = "TH-NSW"
BASE = "http://window.test"
QUIET = 0.2
"""Seconds: it says all that it says at once."""


@asynccontextmanager
async def own_window(*, pulls: bool, seed: str = "") -> AsyncIterator[WindowSystem]:
    """A simulated window, by push or pull. `seed`: of its keys and the kit's; else one of its own."""
    member = replace(next(each for each in members() if each.id == CODE), style=None, mode="pull" if pulls else "push")
    seed = seed or secrets.token_hex(8)
    keys, port = keys_of(seed, CODE), kit.free_port()
    system = WindowSystem(
        name=f"Tradebridge's simulated window {CODE} ({member.mode})",
        code=CODE,
        country="TH",
        api_key=keys.api_key,
        certificates={
            "document": keys.document.certificate,
            "event": keys.event.certificate,
            "ack": keys.ack.certificate,
        },
        kit=Folk(seed),
        push=None if pulls else f"{BASE}/push",
        verifier=f"{BASE}/verify",
        sends=f"{BASE}/send",
        decides=f"{BASE}/decide",
        kit_port=port,
        quiet=QUIET,
    )
    with tempfile.TemporaryDirectory(prefix="tradebridge-window-") as folder:
        async with AsyncHub(f"http://127.0.0.1:{port}", keys.api_key) as hub:
            partner = Partner(
                member,
                seed=seed,
                keys=keys,
                adapter=None,
                hub=hub,
                trust=system.trust,
                clock=Clock(),
                journal=Journal(Path(folder) / "journal.jsonl"),
                stories={},
                told=lambda entry: None,
            )
            partner.switches.officers.set_way(CODE, Way(Mode.MANUAL))
            log = logging.getLogger("simulator.partner")
            log.addFilter(_refuses_on_purpose)
            pulling = [asyncio.create_task(partner.pull())] if pulls else []
            try:
                yield replace(system, transport=httpx.ASGITransport(_door(partner, system), raise_app_exceptions=False))
            finally:
                for task in pulling:
                    task.cancel()
                await asyncio.gather(*pulling, return_exceptions=True)
                await partner.close()
                log.removeFilter(_refuses_on_purpose)


def _refuses_on_purpose(record: logging.LogRecord) -> bool:
    """What the kit sends wrong is refused: no news for whoever watches the run."""
    return not record.msg.startswith("%s does not take")


def _door(partner: Partner, system: WindowSystem) -> Any:
    """The partner's addresses: the push as the world has it, and those by which the kit tells it to act."""
    world = cast(World, SimpleNamespace(partners={CODE: partner}, switches=partner.switches))
    app = FastAPI(openapi_url=None)
    tasks: set[asyncio.Task[Any]] = set()

    @app.post("/verify")
    async def verify(request: Request) -> JSONResponse:
        report = verify_document(await request.body(), system.trust, now())
        believed = report.unchanged.verdict is Verdict.YES and report.issued.verdict is Verdict.YES
        return JSONResponse({"verdict": "yes" if believed else "no"})

    @app.post("/send", status_code=202)
    async def send(request: Request) -> JSONResponse:
        to = str((await request.json())["to"])
        profile = profile_of(PROFILE)
        assert profile is not None  # noqa: S101  # a profile of ours
        number = f"TH-{now().year}-{secrets.randbelow(90_000) + 10_000}"
        document = profile.example(exporter="TH", importer="SG", number=number, at=now(), variant=7)
        data = sign(profile.encode[Syntax.JSON](document), Syntax.JSON, partner.keys.document, now())
        task = asyncio.create_task(partner.submit(data, [to], number, PROFILE))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return JSONResponse({"number": number, "to": to, "from": ISSUER}, 202)

    @app.post("/decide", status_code=202)
    async def decide(request: Request) -> JSONResponse:
        told = await request.json()
        entry = partner.decide(str(told["document"]), [{"says": str(told["says"])}])
        return JSONResponse({}, 404 if entry is None else 202)

    async def door(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/push":
            await push(world, CODE, scope, receive, send)
        else:
            await app(scope, receive, send)

    return door
