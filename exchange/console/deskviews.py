"""*Desk*: overview with its exports, practice, and the audit pages.

| address | page |
| --- | --- |
| /console/desk/overview?since= | who sent how much to whom, how far it came, how long it took, and why not |
| /console/desk/overview.csv, .xlsx | the cases behind it, one a line |
| /console/desk/practice | certificates to practise with; POST begins a round; the coach speaks of what was decided |
| /console/desk/audit?before= | what people of this member did and looked at, newest first |
"""

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.engine import Connection
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from exchange.api.bodies import number_in
from exchange.api.problems import Problem
from exchange.console.desk import DECIDING, desk_of, frame_of
from exchange.console.frame import HEADERS, SpokenRoute, page
from exchange.desk import exporting, practice
from exchange.desk.overview import STEPS, Overview, overview
from exchange.hub import Hub
from exchange.languages import _, day
from exchange.records import Kind
from exchange.store import tables as t
from exchange.store.queries import LAST_POSITION
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=SpokenRoute)

DAYS = 30
"""Shown unless told otherwise."""
AUDITING = frozenset({"auditor", "supervisor"})
AUDIT_PAGE = 50


# --- overview --------------------------------------------------------------------------------------------------------


@router.get("/console/desk/overview")
async def show_overview(request: Request) -> Response:
    hub, person, member, _desk = desk_of(request)
    since = _since(request, hub)

    def asked() -> Overview:
        with hub.database.reading.connect() as connection:
            return overview(connection, member.id, since)

    found = await run_in_threadpool(asked)
    frame = await run_in_threadpool(frame_of, hub, person)
    most = max((each.counted["issued"] for each in found.routes), default=0)
    return await page(
        request,
        "overview.html",
        title=_("Overview"),
        here="overview",
        found=found,
        since=since,
        day=day(date.fromisoformat(since)),
        steps=STEPS,
        most=most,
        weeks=((7, _("a week")), (30, _("30 days")), (365, _("a year"))),
        days={days: _days_ago(hub, days) for days in (7, 30, 365)},
        **frame,
    )


def _days_ago(hub: Hub, days: int) -> str:
    return (hub.clock.now().date() - timedelta(days=days)).isoformat()


def _since(request: Request, hub: Hub) -> str:
    given = request.query_params.get("since", "")
    if not given:
        return _days_ago(hub, DAYS)
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise Problem(finding("request.malformed", found=f"since={given[:40]}", expected="YYYY-MM-DD")) from error


@router.get("/console/desk/overview.csv")
def as_csv(request: Request) -> Response:
    hub, _person, member, _desk = desk_of(request)
    since = _since(request, hub)

    def lines() -> Iterator[bytes]:
        with hub.database.reading.connect() as connection:
            yield from exporting.csv_of(exporting.rows(connection, member.id, since))

    return StreamingResponse(lines(), headers=_file_headers(f"{member.id}-{since}.csv"), media_type="text/csv")


@router.get("/console/desk/overview.xlsx")
def as_xlsx(request: Request) -> Response:
    hub, _person, member, _desk = desk_of(request)
    since = _since(request, hub)
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    with hub.database.reading.connect() as connection:
        exporting.write_xlsx(exporting.rows(connection, member.id, since), path)
    headers = _file_headers(f"{member.id}-{since}.xlsx")
    return FileResponse(path, headers=headers, media_type=exporting.SPREADSHEET, background=BackgroundTask(path.unlink))


def _file_headers(name: str) -> dict[str, str]:
    return {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}


# --- practice --------------------------------------------------------------------------------------------------------


@router.get("/console/desk/practice")
async def show_practice(request: Request) -> Response:
    hub, person, member, _desk = desk_of(request)
    sender = practice.sender_for(hub, member) if hub.simulated else None

    def asked() -> tuple[tuple[practice.Told, ...], str]:
        with hub.database.reading.connect() as connection:
            told = practice.coached(connection, hub, member.id)
            return told, practice.refused_at_the_door(connection, sender.id) if sender and told else ""

    told, refused = await run_in_threadpool(asked)
    frame = await run_in_threadpool(frame_of, hub, person)
    return await page(
        request,
        "practice.html",
        title=_("Practice"),
        here="practice",
        told=told,
        refused=refused,
        possible=sender is not None and hub.simulated,
        may_decide=bool(DECIDING & set(person.roles)),
        **frame,
    )


@router.post("/console/desk/practice")
async def begin_practice(request: Request) -> Response:
    hub, _person, member, _desk = desk_of(request, deciding=True)
    if not hub.simulated:
        raise Problem(finding("console.closed"))
    if not await practice.begin(hub, member):
        raise Problem(finding("console.nobody-to-send"))
    return RedirectResponse(f"{hub.prefix}/console/desk/practice", 303)


# --- audit -----------------------------------------------------------------------------------------------------------


@router.get("/console/desk/audit")
async def show_audit(request: Request) -> Response:
    hub, person, member, _desk = desk_of(request)
    if not AUDITING & set(person.roles):
        raise Problem(finding("desk.role", found=", ".join(person.roles), expected=" or ".join(sorted(AUDITING))))
    before = number_in("before", request.query_params.get("before", str(LAST_POSITION)), 0, LAST_POSITION)
    rows = await run_in_threadpool(_acts, hub, member.id, before)
    frame = await run_in_threadpool(frame_of, hub, person)
    older = rows[AUDIT_PAGE - 1]["leaf"] if len(rows) > AUDIT_PAGE else None
    return await page(
        request, "desk_audit.html", title=_("Audit"), here="audit", acts=rows[:AUDIT_PAGE], older=older, **frame
    )


def _acts(hub: Hub, member: str, before: int) -> list[dict[str, Any]]:
    """Records of people of the member, newest first, with one more than a page has."""
    with hub.database.reading.connect() as connection:
        return list(_read_acts(connection, member, before))


LOOKED = 5_000
"""Records of the newest that one page looks through."""


def _read_acts(connection: Connection, member: str, before: int) -> Iterator[dict[str, Any]]:
    query = (
        select(t.leaves.c.id, t.leaves.c.position, t.leaves.c.record, t.records.c.details)
        .join(t.records, t.records.c.id == t.leaves.c.record_id)
        .where(t.leaves.c.id < before, t.leaves.c.record.is_not(None))
        .order_by(t.leaves.c.id.desc())
        .limit(LOOKED)
    )
    count = 0
    for row in connection.execute(query):
        told = orjson.loads(row.record)
        if told["member"] != member or not told["person"]:
            continue
        details = orjson.loads(row.details) if row.details else {}
        number = details.get("number", "") if isinstance(details, dict) else ""
        yield {
            "leaf": row.id,
            "position": row.position,
            "at": told["time"],
            "person": told["person"],
            "looked": told["kind"] == Kind.READING,
            "what": told["what"],
            "about": told["about"],
            "number": number,
        }
        count += 1
        if count > AUDIT_PAGE:
            return
