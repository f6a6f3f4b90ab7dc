"""The control plane of a simulation, `/_sim/v1`: whoever runs the simulation sees and moves it here.

1. Each call is for the world of one space. What it takes is in `simulator.asked`; all that is wrong comes at once.
2. Nothing here is a hub's: a hub has no path below `/_sim`, in no mode, and a real installation has no world.
3. What was switched on is off in a world that starts, and after a reset.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError

from simulator.asked import (
    Advance,
    Decide,
    JournalQuery,
    Named,
    NewFault,
    NewScript,
    Reset,
    Seed,
    SetClock,
    SetWay,
)
from simulator.audit import audit
from simulator.bodies import bounded
from simulator.clock import OutOfBounds, Setting
from simulator.conformance.kept import Shelf
from simulator.faults import ANYBODY, RECIPES
from simulator.journal import Entry, Kind, in_order
from simulator.kit_control import Kit, conformance
from simulator.lading.played import Played
from simulator.magic import table
from simulator.near import near_misses
from simulator.officers import Mode, Way, as_in_office
from simulator.play import SETTLE_SECONDS, play
from simulator.problems import answer_refusals, findings_of
from simulator.progress import Progress, Summary
from simulator.refusals import Refusal, refuse
from simulator.scenario import LADING, BadScenario, Scenario, UnknownScenario, kind_of, load, scenario_names
from simulator.seeding import sown
from simulator.world import World, outgoing
from simulator.worlds import Worlds
from tradebridge.calls import HubError, Refused

log = logging.getLogger("simulator")

M = TypeVar("M", bound=BaseModel)

MAX_BODY = 1024 * 1024
MAX_DOCUMENT = 14 * 1024 * 1024
SPACE = "simulator.space"


def control_app(
    worlds: Worlds,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    shelf: Path | None = None,
) -> FastAPI:
    """The calls below `/_sim/v1`, over the worlds of this process. `shelf`: the folder of conformance runs; of the
    world's own where none is given."""
    app = FastAPI(
        title="Tradebridge: the simulation", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    answer_refusals(app)

    def world_of(request: Request) -> World:
        return worlds.get(request.scope.get(SPACE, ""))

    _past(app, worlds, world_of)
    _clock(app, worlds, world_of)
    _switches(app, world_of)
    _reading(app, worlds, world_of)
    _recording(app, world_of)
    _spaces(app, worlds)
    _playing(app, world_of)
    conformance(app, Kit(Shelf(shelf or worlds.settings.data / "conformance")), _asked)
    return app


WorldOf = Callable[[Request], World]


def _space_of(request: Request) -> str:
    return str(request.scope.get(SPACE, ""))


async def _asked(request: Request, model: type[M]) -> M:
    """The body as JSON. Raises `Refusal` with all that is wrong."""
    data = await _body(request, MAX_BODY)
    try:
        return model.model_validate_json(data or b"{}")
    except ValidationError as error:
        raise Refusal(*findings_of(error)) from error


async def _body(request: Request, most: int) -> bytes:
    data = await bounded(request, most)
    if data is None:
        raise refuse("simulation.malformed", found="a larger body", expected=f"at most {most} bytes")
    return data


def member_of(world: World, name: str, pointer: str) -> str:
    """A member by its id, or a country by its code: its window. Raises `Refusal`."""
    wanted = name.upper()
    ids = [wanted, f"{wanted}-NSW", {"JP": "JP-NACCS"}.get(wanted, wanted)]
    found = next((each for each in ids if each in world.partners), None)
    if found is None:
        raise refuse("simulation.unknown-member", pointer, found=name, expected=", ".join(world.partners))
    return found


def _items(items: list[Any], **members: Any) -> Response:
    return JSONResponse({"items": items, "next": None, **members})


# --- state and past --------------------------------------------------------------------------------------------------


def _past(app: FastAPI, worlds: Worlds, world_of: WorldOf) -> None:
    @app.get("/_sim/v1/state")
    async def state(request: Request) -> Response:
        """What is on, and how much has happened."""
        world = world_of(request)
        counts = {kind.value: 0 for kind in Kind}
        for entry in world.written:
            counts[entry.kind.value] += 1
        officers = world.switches.officers
        ways = {name: officers.way(name) for name in world.partners}
        return JSONResponse(
            {
                "space": _space_of(request),
                "seed": world.settings.seed,
                "clock": _told_clock(world),
                "members": len(world.members),
                "entries": len(world.written),
                "counts": counts,
                "faults": [each.label for each in world.switches.faults.active()],
                "scripts": [each["id"] for each in officers.scripts() if each["left"]],
                "officers": {name: way.to_json() for name, way in ways.items() if way.mode is not Mode.AUTO},
                "spaces": worlds.names(),
                "snapshots": worlds.snapshots(_space_of(request)),
            }
        )

    @app.post("/_sim/v1/reset")
    async def reset(request: Request) -> Response:
        """Documents, faults, scripts, officers, clock: all of them, or those named."""
        asked, space = await _asked(request, Reset), _space_of(request)
        world = world_of(request)
        if "faults" in asked.what:
            world.switches.faults.reset()
        if "scripts" in asked.what:
            world.switches.officers.clear_scripts()
        if "officers" in asked.what:
            world.switches.officers.clear()
        if "clock" in asked.what:
            await worlds.reset_clock(space)
        if "documents" in asked.what:
            await worlds.empty(space)
        return JSONResponse({"reset": list(asked.what)})

    @app.post("/_sim/v1/seed")
    async def seed(request: Request) -> Response:
        """Documents out of the seed, sent, delivered and decided before this answers."""
        asked, world = await _asked(request, Seed), world_of(request)
        scenario = sown(asked.count, world.settings.seed)
        summary = await play(world, scenario, lambda step: None, deadline=asked.deadline)
        return JSONResponse(summary.whole())

    @app.get("/_sim/v1/snapshots")
    async def snapshots(request: Request) -> Response:
        return _items([{"name": each} for each in worlds.snapshots(_space_of(request))])

    @app.post("/_sim/v1/snapshots", status_code=201)
    async def save(request: Request) -> Response:
        asked = await _asked(request, Named)
        await worlds.save(_space_of(request), asked.name)
        return JSONResponse({"name": asked.name}, 201)

    @app.post("/_sim/v1/snapshots/{name}:restore")
    async def restore(request: Request, name: str) -> Response:
        await worlds.restore(_space_of(request), name)
        return JSONResponse({"name": name})


# --- clock -----------------------------------------------------------------------------------------------------------


def _told_clock(world: World) -> dict[str, Any]:
    clock = world.settings.clock
    return {
        "now": clock.now().isoformat().replace("+00:00", "Z"),
        "mode": "frozen" if clock.stands else "real",
        "aheadSeconds": clock.setting.ahead.total_seconds(),
    }


def _clock(app: FastAPI, worlds: Worlds, world_of: WorldOf) -> None:
    @app.get("/_sim/v1/clock")
    async def show(request: Request) -> Response:
        return JSONResponse(_told_clock(world_of(request)))

    @app.post("/_sim/v1/clock")
    async def set_clock(request: Request) -> Response:
        """Frozen at a time (now, if none is given), or real."""
        asked, world = await _asked(request, SetClock), world_of(request)
        if asked.mode == "real":
            return await moved(request, lambda: Setting(), "/mode")
        return await moved(request, lambda: Setting().frozen_at(asked.at or world.settings.clock.now()), "/at")

    @app.post("/_sim/v1/clock:advance")
    async def advance(request: Request) -> Response:
        asked, world = await _asked(request, Advance), world_of(request)
        return await moved(request, lambda: world.settings.clock.setting.advanced(asked.by, datetime.now(UTC)), "/by")

    async def moved(request: Request, to: Callable[[], Setting], pointer: str) -> Response:
        try:
            setting = to()
        except (OutOfBounds, OverflowError) as error:
            raise refuse("simulation.clock-out-of-bounds", pointer, expected=str(error)) from error
        await worlds.set_clock(_space_of(request), setting)
        return JSONResponse(_told_clock(world_of(request)))


# --- faults, scripts, officers ---------------------------------------------------------------------------------------


def _switches(app: FastAPI, world_of: WorldOf) -> None:
    @app.get("/_sim/v1/faults")
    async def list_faults(request: Request) -> Response:
        return _items(world_of(request).switches.faults.every())

    @app.get("/_sim/v1/faults:recipes")
    async def recipes() -> Response:
        return _items([each.to_json() for each in RECIPES.values()])

    @app.post("/_sim/v1/faults", status_code=201)
    async def add_fault(request: Request) -> Response:
        asked, world = await _asked(request, NewFault), world_of(request)
        on = ANYBODY if asked.on == ANYBODY else member_of(world, asked.on, "/on")
        fault = world.switches.faults.add(
            asked.fault,
            on,
            times=asked.times,
            seconds=asked.seconds,
            probability=asked.probability,
            options=asked.options,
        )
        return JSONResponse(fault.to_json(time.monotonic()), 201)

    @app.delete("/_sim/v1/faults")
    async def clear_faults(request: Request) -> Response:
        world_of(request).switches.faults.clear()
        return Response(status_code=204)

    @app.delete("/_sim/v1/faults/{fault_id}")
    async def remove_fault(request: Request, fault_id: str) -> Response:
        world_of(request).switches.faults.remove(fault_id)
        return Response(status_code=204)

    @app.get("/_sim/v1/scripts")
    async def list_scripts(request: Request) -> Response:
        return _items(world_of(request).switches.officers.scripts())

    @app.post("/_sim/v1/scripts", status_code=201)
    async def add_script(request: Request) -> Response:
        asked, world = await _asked(request, NewScript), world_of(request)
        script = world.switches.officers.add(
            member_of(world, asked.to, "/to"),
            asked.says(),
            after=asked.after.total_seconds(),
            times=asked.times,
            profile=asked.profile,
            number=asked.number,
        )
        return JSONResponse(script.to_json(), 201)

    @app.delete("/_sim/v1/scripts")
    async def clear_scripts(request: Request) -> Response:
        world_of(request).switches.officers.clear_scripts()
        return Response(status_code=204)

    @app.delete("/_sim/v1/scripts/{script_id}")
    async def remove_script(request: Request, script_id: str) -> Response:
        world_of(request).switches.officers.remove(script_id)
        return Response(status_code=204)

    @app.get("/_sim/v1/officers")
    async def list_officers(request: Request) -> Response:
        world = world_of(request)
        return _items([{"member": each, **world.switches.officers.way(each).to_json()} for each in world.partners])

    @app.put("/_sim/v1/officers/{member}")
    async def set_officers(request: Request, member: str) -> Response:
        """How the officers of a member work from now on; what waited for a person goes on, if none is needed."""
        asked, world = await _asked(request, SetWay), world_of(request)
        name = member_of(world, member, "/member")
        way = Way(Mode(asked.mode), asked.pace)
        if way.mode is Mode.OFFICE:
            office = as_in_office(world.partners[name].member)
            if office is None:
                raise refuse("simulation.no-office", "/member", found=name, expected="a single window")
            way = office
        world.switches.officers.set_way(name, way)
        world.partners[name].resume()
        return JSONResponse({"member": name, **way.to_json()})

    @app.post("/_sim/v1/officers/{member}:decide")
    async def decide(request: Request, member: str) -> Response:
        """A person decides on a document of this member."""
        asked, world = await _asked(request, Decide), world_of(request)
        name = member_of(world, member, "/member")
        entry = world.partners[name].decide(asked.document, asked.says())
        if entry is None:
            raise refuse("simulation.unknown-document", "/document", found=asked.document)
        return JSONResponse({"member": name, "document": entry.document_id, "number": entry.number})

    @app.get("/_sim/v1/magic")
    async def magic() -> Response:
        return _items(list(table()))


# --- reading ---------------------------------------------------------------------------------------------------------


def _reading(app: FastAPI, worlds: Worlds, world_of: WorldOf) -> None:
    @app.get("/_sim/v1/members")
    async def list_members(request: Request) -> Response:
        return _items([member.to_json() for member in world_of(request).members])

    @app.get("/_sim/v1/journal")
    async def journal(request: Request) -> Response:
        """Entries that fit, as they were written; `wait`: seconds until there is one. `next` goes on after them."""
        query = JournalQuery.model_validate(dict(request.query_params))
        if query.kind and query.kind not in {kind.value for kind in Kind}:
            expected = ", ".join(kind.value for kind in Kind)
            raise refuse("simulation.malformed", "/kind", found=query.kind, expected=expected)
        world = world_of(request)
        member = member_of(world, query.member, "/member") if query.member else ""
        until = time.monotonic() + query.wait
        with world.listening() as heard:
            found, last = _found(world, query, query.since, member)
            while not found and (left := until - time.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(heard.get(), left)
                found, last = _found(world, query, last, member)
        return JSONResponse({"items": found, "next": last})

    @app.get("/_sim/v1/journals")
    async def journals(request: Request, member: str = "") -> Response:
        """All journals, or one member's, in the order of comparison: one JSON line an entry."""
        world = world_of(request)
        chosen = [entry for name, entries in world.journals().items() if member in ("", name) for entry in entries]
        return Response(b"".join(entry.line() for entry in in_order(chosen)), media_type="application/x-ndjson")

    @app.get("/_sim/v1/audit")
    async def run_audit(request: Request) -> Response:
        world = world_of(request)
        found = await audit(world.journals(), world.operator, world.trust, patience=SETTLE_SECONDS)
        return JSONResponse(
            {
                "receipts": found.receipts,
                "deliveries": found.deliveries,
                "lost": found.lost,
                "problems": list(found.problems),
            }
        )

    @app.post("/_sim/v1/near-misses")
    async def near(request: Request) -> Response:
        """The profiles that a document comes closest to, with what differs."""
        data, now = await _body(request, MAX_DOCUMENT), world_of(request).settings.clock.now()
        found = await asyncio.to_thread(near_misses, data, now)
        if isinstance(found, tuple):
            raise Refusal(*found)
        return _items([each.to_json() for each in found])

    @app.get("/_sim/v1/near-misses")
    async def refused(request: Request) -> Response:
        """What the hub has refused lately, with what kept each from being accepted."""
        try:
            page = await world_of(request).operator.refusals(limit=100)
        except HubError as error:
            code = error.code if isinstance(error, Refused) else "simulation.hub-away"
            raise refuse("simulation.hub-away", found=code) from error
        return _items([_told_refusal(each) for each in page.items])


def _told_refusal(refusal: dict[str, Any]) -> dict[str, Any]:
    first = [f"{each['pointer'] or 'the document'}: {each['message']}" for each in refusal["errors"][:3]]
    return {
        "refusal": refusal["id"],
        "at": refusal["at"],
        "number": refusal["number"],
        "differences": refusal["errorCount"],
        "sentence": f"{refusal['errorCount']} differences: {'; '.join(first)}",
        "findings": refusal["errors"],
    }


def _found(world: World, query: JournalQuery, since: int, member: str) -> tuple[list[dict[str, Any]], int]:
    """The entries after `since` that fit, and where to go on: entries are numbered from 1."""
    found: list[dict[str, Any]] = []
    place = since
    for place, entry in enumerate(world.written[since:], since + 1):
        if _fits(entry, query, member):
            found.append({"n": place, **json.loads(entry.line())})
            if len(found) == query.limit:
                break
    labels = _labels(world)
    for each in found:
        struck = labels.get((each["member"], each.get("message_id", "")), ())
        if struck:
            each["faults"] = sorted({*each.get("faults", ()), *struck})
    return found, place


def _labels(world: World) -> dict[tuple[str, str], set[str]]:
    """The faults that have struck each message of each member."""
    labels: dict[tuple[str, str], set[str]] = {}
    for entry in world.written:
        if entry.kind is Kind.FAULT and entry.message_id:
            labels.setdefault((entry.member, entry.message_id), set()).update(entry.faults)
    return labels


def _fits(entry: Entry, query: JournalQuery, member: str) -> bool:
    return (
        member in ("", entry.member)
        and query.kind in ("", entry.kind.value)
        and query.document in ("", entry.document_id)
        and query.number in ("", entry.number)
        and query.message in ("", entry.message_id)
    )


# --- recording -------------------------------------------------------------------------------------------------------


def _recording(app: FastAPI, world_of: WorldOf) -> None:
    @app.post("/_sim/v1/recording", status_code=201)
    async def begin(request: Request) -> Response:
        """Record from now on who speaks to the hub through `/recorded`; what was recorded before is dropped."""
        world = world_of(request)
        return JSONResponse(await world.switches.recorder.begin(world, outgoing()), 201)

    @app.get("/_sim/v1/recording")
    async def progress(request: Request) -> Response:
        world = world_of(request)
        return JSONResponse(world.switches.recorder.told(world))

    @app.get("/_sim/v1/recording/cassette")
    async def cassette(request: Request) -> Response:
        """The cassette until now."""
        world = world_of(request)
        return Response((await world.switches.recorder.cassette(world)).data(), media_type="application/json")

    @app.delete("/_sim/v1/recording")
    async def end(request: Request) -> Response:
        await world_of(request).switches.recorder.end()
        return Response(status_code=204)


# --- spaces ----------------------------------------------------------------------------------------------------------


def _spaces(app: FastAPI, worlds: Worlds) -> None:
    @app.get("/_sim/v1/spaces")
    async def list_spaces() -> Response:
        return _items([_told_space(worlds.get(name), name) for name in worlds.names()])

    @app.post("/_sim/v1/spaces", status_code=201)
    async def make_space(request: Request) -> Response:
        asked = await _asked(request, Named)
        return JSONResponse(_told_space(await worlds.make(asked.name), asked.name), 201)

    @app.delete("/_sim/v1/spaces/{name}")
    async def drop_space(name: str) -> Response:
        await worlds.drop(name)
        return Response(status_code=204)


def _told_space(world: World, name: str) -> dict[str, Any]:
    return {"name": name, "hub": world.settings.hub_url, "world": world.settings.own_url, "clock": _told_clock(world)}


# --- playing ---------------------------------------------------------------------------------------------------------


def _playing(app: FastAPI, world_of: WorldOf) -> None:
    @app.get("/_sim/v1/scenarios")
    async def list_scenarios() -> Response:
        return _items(list(scenario_names()))

    @app.post("/_sim/v1/scenario:run")
    async def run_scenario(request: Request) -> Response:
        """Play a scenario: progress as NDJSON as it happens, the summary as the last line."""
        asked, world = await request.json(), world_of(request)
        name, deadline = str(asked["name"]), float(asked.get("deadline", 120.0))
        try:
            if kind_of(name) == LADING:
                from simulator.lading import player, story  # with all of an eBL platform: only for who asks

                lading = story.load(name, str(asked.get("variant", "")))
                lines = _played(world, name, partial(player.play_lading, world, lading, deadline=deadline))
            else:
                lines = _played(world, name, partial(_play, world, load(name), deadline=deadline))
        except (UnknownScenario, BadScenario) as error:
            return Response(str(error), 404, media_type="text/plain")
        return StreamingResponse(lines, media_type="application/x-ndjson")


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
