"""Is the process alive, can it take work, what does it count."""

import shutil
import time
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import hub_of
from exchange.hub import Hub
from exchange.metrics import REGISTRY
from exchange.store import tables as t

router = APIRouter(tags=["health"])

LITTLE_ROOM = 200 * 1024 * 1024
"""Bytes free on the disk of the store, below which the hub says that it is not ready."""


@router.get("/livez", summary="The process answers")
async def livez() -> Response:
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get("/readyz", summary="Store, log and disk are in order")
async def readyz(request: Request) -> Response:
    checks = await checks_of(hub_of(request))
    ready = all(check["ok"] for check in checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    return Response(orjson.dumps(body), 200 if ready else 503, media_type="application/json")


@router.get("/metrics", summary="For Prometheus")
def metrics() -> Response:
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


_OLDEST_WAITING = (
    select(func.coalesce(t.messages.c.received_at, t.records.c.at))
    .select_from(t.leaves)
    .outerjoin(t.messages, t.leaves.c.record_id == t.messages.c.id)
    .outerjoin(t.records, t.leaves.c.record_id == t.records.c.id)
    .where(t.leaves.c.position.is_(None))
    .order_by(t.leaves.c.id)
    .limit(1)
)
_WRITE_NOTHING_NEW = update(t.head).values(leader_until=t.head.c.leader_until)
"""Changes nothing, and yet has to be written: only a write shows that writing goes."""


async def checks_of(hub: Hub) -> dict[str, Any]:
    checks: dict[str, Any] = {}
    began = time.perf_counter()
    try:
        oldest = await hub.ask(lambda connection: connection.execute(_OLDEST_WAITING).scalar())
        await hub.writer.do(lambda connection: connection.execute(_WRITE_NOTHING_NEW).rowcount)
        checks["store"] = {
            "ok": not hub.writer.in_trouble,
            "milliseconds": round((time.perf_counter() - began) * 1000, 1),
        }
        checks["log"] = {"ok": True, "size": hub.log_size, "oldestWaiting": oldest}
    except SQLAlchemyError as error:
        checks["store"] = {
            "ok": False,
            "error": type(error).__name__,
            "fix": "see whether the database is reachable and its disk has room",
        }
    if not hub.own_key.in_use:
        fix = "give this process the key that the trust list has in use, and restart it: docs/trust.md"
        checks["key"] = {"ok": False, "fix": fix}
    if hub.database.sqlite:
        free = shutil.disk_usage(Path(hub.database.url.database or ".").parent).free
        checks["disk"] = {"ok": free > LITTLE_ROOM, "freeBytes": free}
    return checks
