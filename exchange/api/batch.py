"""Many documents in one request, each settled by itself: what is answered stands in the order of what was sent.

The request is read whole, into memory or into a file without a name, before the first document is taken: so no client
has to read while it writes. The answer is a stream of JSON lines, one for each document as soon as those before it are
settled, and a last one with the counts: an answer without it was cut off. Documents are taken a few at a time, so that
they share the flushes of the store; what is accepted stays so, even if its sender has hung up.
"""

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

import orjson
import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from exchange import intake, refused
from exchange.api.access import caller_of, hub_of, may_go_on
from exchange.api.bodies import reading, recipients_of
from exchange.api.problems import Problem, problem_of
from exchange.batch import (
    MAX_BATCH_BYTES,
    Entry,
    Usual,
    entries_of_archive,
    entries_of_lines,
    open_archive,
)
from exchange.hub import Hub
from exchange.members import Caller
from exchange.messages import IDEMPOTENCY_KEY, Accepted, Submission
from exchange.own_key import KeyEnded
from exchange.refused import Refused
from exchange.store.writer import WriterStopped
from schemas.findings import Finding, finding

router = APIRouter(prefix="/v1/documents", tags=["documents"])
logger = structlog.get_logger(__name__)

IN_MEMORY_BYTES = 1024 * 1024
"""A larger batch lies in a file while it is worked off."""
AT_ONCE = 32
"""Documents that are taken at the same time."""
BYTES_AT_ONCE = 8 * 1024 * 1024
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
ARCHIVES = ("application/zip", "application/x-zip-compressed")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            LINES[0]: {"schema": {"type": "string", "description": "One JSON object a line"}},
            ARCHIVES[0]: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}
        for name, description in (
            ("Tradebridge-To", "Recipients of every document that names none itself"),
            ("Tradebridge-Profile", "Optional; of every document that declares none itself"),
            ("Idempotency-Key", "Optional; for an archive: each entry has it with its name"),
        )
    ],
}


@router.post(":batch", openapi_extra=_BODY, summary="Submit many documents; a line of the answer for each")
async def submit_batch(request: Request) -> Response:
    hub, caller = hub_of(request), caller_of(request, "send")
    key = request.headers.get("idempotency-key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise Problem(finding("request.idempotency-malformed", found=key[:60], expected="1 to 255 visible characters"))
    usual = Usual(recipients_of(request), request.headers.get("tradebridge-profile"), key)
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in LINES + ARCHIVES:
        raise Problem(finding("batch.media-type", found=media_type, expected=f"{LINES[0]} or {ARCHIVES[0]}"))
    file = await _received(request)
    if media_type in LINES:
        entries = entries_of_lines(file, usual)
    else:
        archive = await asyncio.to_thread(open_archive, file)
        if isinstance(archive, Finding):
            file.close()
            raise Problem(archive)
        entries = entries_of_archive(archive, usual)
    stream = _settled(request, hub, caller, file, entries)
    return StreamingResponse(stream, media_type=LINES[0], headers={"Cache-Control": "no-store"})


async def _received(request: Request) -> IO[bytes]:
    """The whole body, from its start. Raises `Problem` as soon as it is known to be too large, as `body_of` does."""
    too_large = Problem(finding("batch.too-large", expected=f"at most {MAX_BATCH_BYTES} bytes"))
    stated, size = request.headers.get("content-length", ""), 0
    if stated.isdigit() and int(stated) > MAX_BATCH_BYTES:
        raise too_large
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed where its last entry is read
    try:
        async with reading(request):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BATCH_BYTES:
                    raise too_large
                file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _settled(
    request: Request, hub: Hub, caller: Caller, file: IO[bytes], entries: Iterator[Entry]
) -> AsyncIterator[bytes]:
    """A line for each entry, in their order; then the counts."""
    counts = {"documents": 0, "accepted": 0, "replayed": 0, "refused": 0}
    running: deque[tuple[int, asyncio.Task[dict[str, Any]]]] = deque()
    try:
        entry = await asyncio.to_thread(next, entries, None)
        while running or entry is not None:
            if entry is not None and len(running) < AT_ONCE and sum(size for size, _ in running) < BYTES_AT_ONCE:
                running.append((len(entry.data), asyncio.create_task(_settle(request, hub, caller, entry))))
                entry = await asyncio.to_thread(next, entries, None)
                continue
            line = await asyncio.shield(running[0][1])  # who hangs up cancels nothing that was begun
            running.popleft()
            counts["documents"] += 1
            counts["refused" if "problem" in line else "replayed" if line["replayed"] else "accepted"] += 1
            yield orjson.dumps(line) + b"\n"
        yield orjson.dumps({"summary": counts}) + b"\n"
    finally:
        file.close()


async def _settle(request: Request, hub: Hub, caller: Caller, entry: Entry) -> dict[str, Any]:
    """One entry, as if it had come alone. Raises nothing: what fails is a problem of this entry."""
    head = {"index": entry.index, "name": entry.name}
    try:
        outcome = await _outcome(request, hub, caller, entry)
    except (WriterStopped, SQLAlchemyError, KeyEnded) as error:
        logger.error("an entry cannot be taken now", path=request.url.path, error=str(error)[:300])
        outcome = Refused((finding("hub.unavailable"),))
    except Exception as error:  # a bug: the other entries are settled all the same
        logger.error("unexpected error", path=request.url.path, exc_info=error)
        outcome = Refused((finding("hub.bug"),))
    if isinstance(outcome, Refused):
        hub.metrics.refused.inc()
        told = problem_of(outcome.findings, request.url.path, outcome.members)
        return {**head, "status": told["status"], "problem": told}
    (hub.metrics.replayed if outcome.replayed else hub.metrics.accepted).inc()
    return {**head, "status": 202, "replayed": outcome.replayed, "accepted": orjson.loads(outcome.body)}


async def _outcome(request: Request, hub: Hub, caller: Caller, entry: Entry) -> Accepted | Refused:
    if not may_go_on(request):
        return Refused((finding("access.key-unknown"),))
    if entry.wrong is not None:
        return await refused.record(hub, caller.member, b"", Refused((entry.wrong,)))
    submission = Submission(caller, entry.data, entry.recipients, entry.declared, entry.idempotency_key)
    return await intake.accept(hub, submission)
