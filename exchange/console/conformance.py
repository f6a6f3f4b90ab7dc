"""*Conformance*: the suites of the kit, runs as they are played, what does not hold, the coverage grid, reports.

The kit is the world's (`/_sim/v1/conformance`): here it is asked, and what it says is drawn. A run that is on is
followed by server-sent events, each a row of the page. Without a world the page says so.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.console import world
from exchange.console.faults import MOST_OF_A_FORM, as_problems
from exchange.console.frame import HEADERS, ConsoleRoute, environment, page
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

START_SECONDS = 70.0
"""A suite starts the systems that it tries, which are processes."""
READ_SECONDS = 20.0
REPORT_SECONDS = 130.0
REPORTS = {
    "index.html": "the page",
    "report.pdf": "PDF",
    "evidence.zip": "all, with the messages",
    "report.json": "JSON",
    "junit.xml": "JUnit",
    "summary.md": "Markdown",
    "report.jws": "signature",
}
"""File, and what it is to people."""
TONES = {
    "pass": "ok",
    "fail": "bad",
    "error": "bad",
    "warning": "warn",
    "no-traffic": "warn",
    "waiting": "wait",
    "skipped": "plain",
    "not-applicable": "plain",
}
LETTERS = {"pass": "+", "fail": "F", "warning": "W", "not-applicable": "n"}


@router.get("/console/conformance")
async def overview(request: Request) -> Response:
    told: dict[str, Any] = {"suites": [], "systems": [], "runs": [], "away": ""}
    try:
        for name in ("suites", "systems", "runs"):
            told[name] = (await world.ask(request, f"conformance/{name}", seconds=READ_SECONDS))["items"]
    except (world.WorldAway, world.WorldRefused) as error:
        told["away"] = str(error)
    return await page(request, "conformance.html", title="Conformance", here="conformance", tones=TONES, **told)


@router.post("/console/conformance/runs")
async def begin(request: Request) -> Response:
    """Play a suite (fields `suite`, `system`): its page."""
    async with request.form(max_fields=4, max_files=0, max_part_size=MOST_OF_A_FORM) as form:
        body = {name: str(form.get(name, "")) for name in ("suite", "system")}
    told = await _asked(request, "conformance/runs", method="POST", body=body, seconds=START_SECONDS)
    return RedirectResponse(_address(request, str(told["run"])), 303)


@router.get("/console/conformance/{run}")
async def show(request: Request, run: str) -> Response:
    told = await _asked(request, f"conformance/runs/{quote(run, safe='')}", seconds=READ_SECONDS)
    done = sum(not _is_open(each) for each in told["scenarios"])
    values = {"tones": TONES, "letters": LETTERS, "files": REPORTS, "done": done}
    return await page(request, "conformance_run.html", title=told["title"], here="conformance", told=told, **values)


@router.post("/console/conformance/{run}/stop")
async def stop(request: Request, run: str) -> Response:
    await _asked(request, f"conformance/runs/{quote(run, safe='')}:stop", method="POST", seconds=READ_SECONDS)
    return RedirectResponse(_address(request, run), 303)


@router.get("/console/conformance/{run}/events")
async def follow(request: Request, run: str) -> Response:
    """Each scenario that has ended, as a row of the page, and `end`."""
    path = f"conformance/runs/{quote(run, safe='')}/events"
    last = request.headers.get("last-event-id", "")
    stack = AsyncExitStack()
    headers = {"Last-Event-ID": last} if last.isascii() and last.isdecimal() else {}
    with as_problems():
        answer = await stack.enter_async_context(world.streamed(request, path, headers, READ_SECONDS * 2))
    draw = environment().get_template("parts.html").module.scenario_row  # type: ignore[attr-defined]  # a macro of it

    async def rows() -> AsyncIterator[bytes]:
        async with stack:
            async for line in answer.aiter_lines():
                if line.startswith('data: {"name"'):
                    row = str(draw(orjson.loads(line.removeprefix("data: ")), TONES))
                    line = f"data: {' '.join(row.split())}"
                yield f"{line}\n".encode()

    return StreamingResponse(rows(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.get("/console/conformance/{run}/report/{name}")
async def report(request: Request, run: str, name: str) -> Response:
    """A report as the kit wrote it. What a partner said is in it: it may run nothing here."""
    if name not in REPORTS:
        raise Problem(finding("request.not-found", found=name[:100], expected=", ".join(REPORTS)))
    path = f"conformance/runs/{quote(run, safe='')}/report/{name}"
    with as_problems():
        data, media_type = await world.fetch(request, path, seconds=REPORT_SECONDS)
    headers = HEADERS | {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
    if name != "index.html":
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(data, headers=headers, media_type=media_type)


async def _asked(request: Request, path: str, **how: Any) -> dict[str, Any]:
    """What the world says; what it refuses, as a page."""
    with as_problems():
        return await world.ask(request, path, **how)


def _address(request: Request, run: str) -> str:
    return f"{hub_of(request).prefix}/console/conformance/{quote(run, safe='')}"


def _is_open(scenario: dict[str, Any]) -> bool:
    """Whether its turn is still to come."""
    return bool(scenario["result"] == "waiting" and not scenario["checks"] and not scenario["seconds"])
