"""*Members*, *Log* and *Health*: who takes part with which keys, what the log says of itself, and how the hub is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange import log
from exchange.api.access import hub_of
from exchange.api.bodies import number_in
from exchange.api.health import checks_of
from exchange.api.problems import Problem
from exchange.console import tree
from exchange.console.frame import ConsoleRoute, page, size
from exchange.hub import Hub
from exchange.keys import HUB
from exchange.store import tables as t
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)


# --- members ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """When a key holds, as a bar between two ends of a time axis, in percent."""

    left: str
    wide: str


@router.get("/console/members")
async def members(request: Request) -> Response:
    hub = hub_of(request)
    known = sorted(hub.registry.members.values(), key=lambda each: each.id)
    return await page(request, "members.html", title="Members", here="members", known=known)


@router.get("/console/members/{member_id}")
async def member(request: Request, member_id: str) -> Response:
    hub = hub_of(request)
    found = hub.registry.members.get(member_id)
    if found is None and member_id != HUB:
        raise Problem(finding("request.not-found", found=member_id[:60], expected="a member"))
    keys = [dict(each) for each in hub.registry.keys.get(member_id, ())]
    return await page(
        request,
        "member.html",
        title=member_id,
        here="members",
        member=found,
        member_id=member_id,
        keys=keys,
        axis=axis_of(keys, hub.clock.now()),
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """Validity bars on one time axis."""

    start: str
    end: str
    now: str
    """In percent."""
    bars: dict[str, Bar]
    ends: tuple[datetime, datetime]

    def place(self, at: datetime) -> float:
        """In percent."""
        start, end = self.ends
        return round(100 * (at - start) / max(end - start, timedelta(days=1)), 2)


def axis_of(keys: list[dict[str, Any]], now: datetime) -> Axis | None:
    """The bars of keys by their id; None where there are none."""
    spans = {str(each["kid"]): _span(each) for each in keys}
    if not spans:
        return None
    start = min(now, *(begin for begin, _ in spans.values()))
    end = max(now, *(end for _, end in spans.values()))
    axis = Axis(f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}", "", {}, (start, end))
    bars = {
        kid: Bar(f"{axis.place(begin)}", f"{max(axis.place(ends) - axis.place(begin), 0.6):.2f}")
        for kid, (begin, ends) in spans.items()
    }
    return replace(axis, now=f"{axis.place(now)}", bars=bars)


def _span(key: dict[str, Any]) -> tuple[datetime, datetime]:
    """From when to when a key holds: until it was withdrawn, where it was."""
    begin, end = (datetime.fromisoformat(str(key[name])) for name in ("notBefore", "notAfter"))
    ended = [datetime.fromisoformat(str(key[name])) for name in ("withdrawn", "distrusted") if key.get(name)]
    return begin, max(begin, min([end, *ended]))


# --- log -------------------------------------------------------------------------------------------------------------


CHECKPOINTS = 20


@router.get("/console/log")
async def show_log(request: Request) -> Response:
    hub = hub_of(request)
    leaf = request.query_params.get("leaf")
    index = None if leaf is None else number_in("leaf", leaf.replace(",", ""), 0, 2**62)
    values = await run_in_threadpool(_log, hub, index)
    return await page(
        request, "log.html", title="Log", here="log", observers=hub.registry.observers.to_json(), leaf=index, **values
    )


def _log(hub: Hub, index: int | None) -> dict[str, Any]:
    with hub.database.reading.connect() as connection:
        tree_size = log.size_of(connection)
        if index is not None and index >= tree_size:
            raise Problem(finding("request.malformed", found=f"leaf={index}", expected=f"below {tree_size}"))
        witnessed = connection.execute(select(t.witnessed).order_by(t.witnessed.c.size.desc()).limit(CHECKPOINTS)).all()
        return {
            "tree_size": tree_size,
            "waiting": log.waiting(connection),
            "checkpoint": log.checkpoint(connection),
            "witnessed": [
                {"size": row.size, "at": row.at, "enough": row.enough, "dated": row.token is not None,
                 "signatures": max(0, row.note.count("\n\u2014 ") - 1)}
                for row in witnessed
            ],
            "needed": hub.registry.observers.needed,
            **(_NO_PROOF if index is None else proof_of_leaf(connection, index, tree_size)),
        }  # fmt: skip


_NO_PROOF: dict[str, Any] = {"drawing": "", "nodes": [], "record": None}


def proof_of_leaf(connection: Connection, index: int, tree_size: int) -> dict[str, Any]:
    """The way from a leaf to the root: `drawing`, its `nodes`, and the `record` that the leaf commits to."""
    proof = log.inclusion(connection, index, tree_size)
    digests = proof["hashes"]
    if not isinstance(digests, list):
        raise TypeError("an inclusion proof has a list of hashes")
    row = connection.execute(
        select(t.leaves.c.record_id, t.leaves.c.leaf_hash).where(t.leaves.c.position == index)
    ).one()
    about = connection.execute(select(t.messages.c.document_id).where(t.messages.c.id == row.record_id)).scalar()
    told = {"id": row.record_id, "leaf": row.leaf_hash.hex(), "document": about}
    nodes = tree.path_of(index, tree_size, digests)
    drawing = Markup(tree.draw(nodes, told["leaf"], index, tree_size))  # noqa: S704  # it escapes what it shows
    return {"drawing": drawing, "nodes": nodes, "record": told}


# --- health ----------------------------------------------------------------------------------------------------------


@router.get("/console/health")
async def health(request: Request) -> Response:
    hub = hub_of(request)
    checks = await checks_of(hub)
    counted = await run_in_threadpool(_counted, hub)
    shown = [(name, check["ok"], _words(check)) for name, check in checks.items()]
    return await page(request, "health.html", title="Health", here="health", checks=shown, counted=counted)


def _words(check: dict[str, Any]) -> str:
    told = {name: value for name, value in check.items() if name != "ok" and value is not None}
    if "freeBytes" in told:
        return f"{size(int(told['freeBytes']))} free"
    if "milliseconds" in told:
        return f"a question and a write in {told['milliseconds']} ms"
    if "size" in told:
        return f"{told['size']:,} leaves" + (
            f", the oldest waiting since {told['oldestWaiting']}" if told.get("oldestWaiting") else ""
        )
    return ", ".join(f"{name} {value}" for name, value in told.items())


def _counted(hub: Hub) -> list[tuple[str, str]]:
    """Facts of this hub. What would need a look at every row is not counted here: `/metrics` has it."""
    with hub.database.reading.connect() as connection:
        feed = connection.execute(select(t.head.c.feed_size)).scalar_one()
        open_ = connection.execute(
            select(func.count()).select_from(t.deliveries).where(t.deliveries.c.due_at.is_not(None))
        ).scalar_one()
    return [
        ("Version", version("tradebridge")),
        ("Store", hub.database.url.get_backend_name()),
        ("Space", hub.space or "default"),
        ("Members", str(len(hub.registry.members))),
        ("Leaves in the log", f"{hub.log_size:,}"),
        ("Entries of the feed", f"{feed:,}"),
        ("Open deliveries", f"{open_:,}"),
    ]
