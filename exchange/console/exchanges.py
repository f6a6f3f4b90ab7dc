"""*Exchange*: all that happened to one document, and to one message that was refused.

| address | page |
| --- | --- |
| /console/d/ID?tab= | the exchange of a document; tabs `findings`, `bytes`, `signatures`, `timeline` |
| /console/d/ID/bytes | the bytes as received, as a file |
| /console/r/ID | a refused message, with all that was wrong |

What is shown of a document's content is on the record first (`exchange.readings`).
"""

import re
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange import ledger, public, retention
from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.api.verify_page import plain
from exchange.console import anatomy, sequence, story, world
from exchange.console.frame import HEADERS, ConsoleRoute, actor_here, page, size
from exchange.console.sequence import HUB, Step
from exchange.console.source import source_of
from exchange.hub import Hub
from exchange.paper import document_of
from exchange.store import queries
from exchange.store.queries import Stored
from exchange.subject import subject_of
from exchange.versions import corrections_of, versions_of
from schemas.certificate.model import Certificate
from schemas.codes.units import UNITS
from schemas.findings import finding
from schemas.registry import profile_of

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

SHOWN_TRACKS = 8
SHOWN_ENTRIES = 500
TABS = ("findings", "bytes", "signatures", "timeline")
_API = {"findings": "checks", "bytes": "", "signatures": "evidence", "timeline": "timeline"}
_CLI = {"findings": " --as checks", "bytes": "", "signatures": " --as evidence", "timeline": " --as timeline"}


@router.get("/console/d/{document_id}")
async def exchange(request: Request, document_id: str) -> Response:
    hub, tab = hub_of(request), request.query_params.get("tab", TABS[0])
    if tab not in TABS:
        raise Problem(finding("request.malformed", found=f"tab={tab[:40]}", expected=", ".join(TABS)))
    stored = await run_in_threadpool(stored_for_reading, request, document_id, "exchange")
    struck = await struck_by(request, document_id)
    values = await run_in_threadpool(_exchange, hub, stored, struck, tab)
    return await page(
        request,
        "exchange.html",
        title=stored.summary["number"] or document_id,
        here="live",
        document=stored.summary,
        here_tab=tab,
        api_part=_API[tab],
        cli_part=_CLI[tab],
        **values,
    )


def stored_for_reading(request: Request, document_id: str, what: str) -> Stored:
    """The document, with the reading of it on the record. Raises `Problem`: there is none, or its content is gone."""
    hub = hub_of(request)
    with hub.database.reading.connect() as connection:
        stored = stored_here(connection, document_id)
    hub.readings.record(actor_here(request), document_id, what)
    return stored


def stored_here(connection: Connection, document_id: str) -> Stored:
    """The document. Raises `Problem`: there is none, or its content is gone."""
    stored = queries.document(connection, None, document_id)
    if stored is None:
        raise Problem(finding("access.not-yours", found=document_id[:100]))
    if stored.deleted:
        raise Problem(retention.gone(connection, document_id))
    return stored


async def struck_by(request: Request, document_id: str) -> dict[tuple[str, str], str]:
    """The faults of the simulation that struck messages of this document: member and message id to label."""
    if not world.is_there(request):
        return {}
    try:
        journal = await world.ask(request, "journal", params={"document": document_id, "kind": "fault"})
    except (world.WorldAway, world.WorldRefused):
        return {}
    return {
        (str(each["member"]), str(each.get("message_id", ""))): ", ".join(each.get("faults", ()))
        for each in journal["items"]
    }


def _exchange(hub: Hub, stored: Stored, struck: dict[tuple[str, str], str], tab: str) -> dict[str, Any]:
    document_id = str(stored.summary["id"])
    with hub.database.reading.connect() as connection:
        told = story.messages_of(connection, document_id)
        failures = story.failures_of(connection, document_id)
        entries = queries.timeline(connection, None, stored)[-SHOWN_ENTRIES:] if tab == "timeline" else []
        subject = subject_of(connection, document_id)
        account = None
        if subject is not None and ledger.has_ledger(subject.profile):
            account, _ = ledger.account(connection, subject, None, 1, None)
        count = len(versions_of(connection, document_id))
        corrected = bool(corrections_of(connection, document_id))
        proof = anatomy.proof(connection, told) if tab == "signatures" else None
    steps = story.steps_of(told, failures, struck)
    profile = profile_of(stored.summary["profile"])
    signed = list(story.signatures_of(stored, told))
    signers, axis = anatomy.signers_of(hub, signed) if tab == "signatures" else ([], None)
    names = {
        "findings": f"Findings {len(stored.findings)}",
        "bytes": "Bytes",
        "signatures": f"Signatures {len(signed)}",
        "timeline": "Timeline",
    }
    return {
        "profile_title": profile.title if profile else stored.summary["profile"],
        "sub": outline(stored),
        "tracks": story.tracks_of(stored, told),
        "shown_tracks": SHOWN_TRACKS,
        "steps": steps,
        "undelivered": list(story.undelivered(told)),
        "drawing": drawn(steps, f"Exchange of {stored.summary['number'] or document_id}"),
        "tab_names": list(names.items()),
        "found": stored.findings,
        "shown": source_of(stored.data, stored.findings) if tab == "bytes" else None,
        "count": len(stored.data),
        "media_type": stored.media_type,
        "signed": signed,
        "signers": signers,
        "axis": axis,
        "proof": proof,
        "entries": entries,
        "four": four_answers(hub, stored),
        "versions": count,
        "corrected": corrected,
        "balances": _with_shares(account["items"]) if account else [],
    }


def drawn(steps: list[Step], named: str) -> Markup:
    """The drawing, which escapes what it shows itself."""
    return Markup(sequence.draw(steps, named))  # noqa: S704


def outline(stored: Stored) -> str:
    """How much it is of what, in a few words."""
    document = document_of(stored)
    if isinstance(document, Certificate):
        items = len(document.items)
        weights = [each.gross_weight for each in document.items if each.gross_weight is not None]
        units = {each.unit for each in weights}
        total = sum((each.value for each in weights), Decimal()).normalize()
        gross = f", {total:,f} {unit_name(units.pop())} gross" if len(units) == 1 else ""
        return f"{items} item{'s' if items != 1 else ''}{gross}, {size(len(stored.data))}"
    return size(len(stored.data))


def unit_name(code: str) -> str:
    """kilogram for KGM."""
    return UNITS[code].name if code in UNITS else code


def four_answers(hub: Hub, stored: Stored) -> list[dict[str, Any]]:
    """The four answers in words, as anybody would get them now at `/verify`."""
    return [plain(each, own=True) for each in public.check_known(hub, stored).report.answers]


def _with_shares(balances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For the bars: how much of each item is drawn, in percent."""
    shown = []
    for each in balances:
        total = Decimal(each["total"])
        share = min(100, round(100 * Decimal(each["drawn"]) / total, 1)) if total else 0
        shown.append({**each, "share": f"{share}", "unit": unit_name(str(each["unit"]))})
    return shown


@router.get("/console/d/{document_id}/bytes")
def received(request: Request, document_id: str) -> Response:
    """As it was received; always as a file, never as a page."""
    stored = stored_for_reading(request, document_id, "bytes")
    name = re.sub(r"[^A-Za-z0-9.-]", "_", stored.summary["number"] or document_id)[:80]
    kind = {"application/xml": "xml", "application/json": "json"}.get(stored.media_type, "jws")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(stored.data, headers=HEADERS | headers, media_type=stored.media_type)


# --- a refused message -----------------------------------------------------------------------------------------------


@router.get("/console/r/{refusal_id}")
async def refused(request: Request, refusal_id: str) -> Response:
    hub = hub_of(request)
    problem = await run_in_threadpool(_refusal, hub, refusal_id)
    if problem is None:
        raise Problem(finding("access.not-yours", found=refusal_id[:100]))
    at, by = str(problem["at"]), problem["member"] or "unknown"
    steps = [
        Step(at, by, HUB, f"document, {size(int(problem['size']))}", "bad", ident=refusal_id),
        Step(at, HUB, by, f"refused: {problem['errors'][0]['code']}", "bad", below=_more(problem["errorCount"])),
    ]
    return await page(
        request,
        "refused_message.html",
        title=f"Refused: {problem['number'] or refusal_id}",
        here="live",
        problem=problem,
        steps=steps,
        drawing=drawn(steps, f"Refusal of {problem['number'] or refusal_id}"),
    )


def _more(count: int) -> str:
    return f"and {count - 1} more finding{'s' if count > 2 else ''}" if count > 1 else ""


def _refusal(hub: Hub, refusal_id: str) -> dict[str, Any] | None:
    with hub.database.reading.connect() as connection:
        return queries.refusal(connection, None, refusal_id)
