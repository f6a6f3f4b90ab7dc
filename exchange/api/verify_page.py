"""`/verify` and `/v/{number}`: the pages on which anybody checks a document. No login, no script needed.

| call | with | answers |
| --- | --- | --- |
| POST /verify | a file: as the body itself, or the field `file` of a form | the four answers on it |
| POST /verify | the fields `number` and `code` of a print | the same, on what the hub has |
| POST /verify | the fields `content` and `bytes`: the two digests of a document | the same, and its proof |
| POST /v/NUMBER | the field `code` | as with number and code; a small script takes the code from the fragment |

1. GET gives the same page whatever the number is.
2. A number that is not there, a code that is wrong and digests that nobody has get one answer, and it comes in whole
   steps of time: how long the look took cannot be seen.
3. Each address may ask so often, and have so many checks under way (`exchange.tries`, `exchange.places`). A check
   begins when its body is there: who sends slowly holds no place among the checks, and only its own among the senders.
4. HTML for browsers, in the language of the reader; JSON for who asks for it. All that came from a document is escaped;
   no script or style stands in the page, and the policy allows none but the hub's own files.
"""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from jinja2 import Template
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Message

from exchange import compare, public
from exchange.api.access import hub_of, spaces_of
from exchange.api.bodies import body_of, json_response
from exchange.api.problems import Problem, problem_response
from exchange.hub import Hub
from exchange.languages import Translated, _, mark, moment
from exchange.places import NoPlace
from exchange.public import Checked
from exchange.rendering import environment_of
from exchange.store.queries import Stored
from exchange.tries import network_of
from schemas.findings import Finding, finding
from tradebridge.evidence.report import Answer, Verdict

router = APIRouter(tags=["verify"], route_class=Translated)

MOST_BYTES = 16 << 20
"""Of a file that is checked here. A larger one is checked with `tb verify`."""
_MOST_OF_A_FORM = 2_000
_FIELD = re.compile(rb"(number|code|content|bytes)=")
"""How a form begins. `curl --data-binary @FILE` calls any file one."""
STEP_SECONDS = 0.25
"""What is not found is told after a whole number of these."""
_STATIC = Path(__file__).parent / "static"
_ASSETS = {"look.css": "text/css", "verify.css": "text/css", "verify.js": "text/javascript"}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

QUESTIONS = {
    "unchanged": mark("Not changed?"),
    "issued": mark("Issued by who may?"),
    "valid": mark("Still valid?"),
    "recorded": mark("On the public record?"),
}
_WORDS = {Verdict.YES: mark("yes"), Verdict.NO: mark("no"), Verdict.COULD_NOT_CHECK: mark("could not check")}
_YES = {
    "unchanged": (mark("It is as its signer signed it."), mark("It is as this hub accepted it.")),
    "issued": (mark("Signed by %(who)s, which may issue it."),) * 2,
    "valid": (
        mark("Nothing had ended it when its evidence was made. What came later is not known here."),
        mark("This hub knows of nothing that has cancelled, replaced or ended it."),
    ),
    "recorded": (mark("On the record since %(when)s, by the hub's clock."),) * 2,
}
"""A yes in plain words, of a file that is all there is, and of a document that this hub has."""
_IN_SHORT = {
    0: mark("Four times yes: genuine, not known to have ended, and on the record."),
    3: mark("Nothing false was found, but not everything could be checked."),
    4: mark("Do not accept it: it is not valid, or not on the record."),
    5: mark("Do not rely on it: it was changed, or not issued by who may."),
}


@router.get("/verify", summary="The page that checks a document: a file, or number and code of a print")
def ask(request: Request) -> Response:
    return _asking(hub_of(request))


@router.get("/verify/assets/{name}", include_in_schema=False)
def asset(name: str) -> Response:
    if name not in _ASSETS:
        raise Problem(finding("request.not-found", found=name[:100]))
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(_STATIC / name, media_type=_ASSETS[name], headers=headers)


@router.post("/verify", summary="The four answers on a file, on number and code, or on the digests of a document")
async def check(request: Request) -> Response:
    return await _guarded(request, None)


@router.get("/v/{number:path}", summary="The page that checks a printed certificate: asks for the code")
def ask_code(request: Request, number: str) -> Response:
    return _asking(hub_of(request), number)


@router.post("/v/{number:path}", summary="What the hub knows of it, for who has the code")
async def check_code(request: Request, number: str) -> Response:
    return await _guarded(request, number)


# --- asking ----------------------------------------------------------------------------------------------------------


async def _guarded(request: Request, number: str | None) -> Response:
    """Rule 3; and what is refused is told as the caller reads it."""
    hub, spaces = hub_of(request), spaces_of(request)
    address = request.client.host if request.client else ""
    wait = spaces.tries.take(address)
    try:
        if wait:
            share = f"at most {hub.settings.checks_per_minute} a minute"
            raise Problem(finding("request.too-often", found="checks", expected=share))
        network = network_of(address)
        limit = _MOST_OF_A_FORM if number is not None else MOST_BYTES
        given = await _given(request, limit, spaces.asking.take(network))
        with spaces.checks.take(network):
            return await _checked(request, hub, number, given)
    except (Problem, NoPlace) as refused:
        findings = refused.findings if isinstance(refused, Problem) else (refused.found,)
        response = problem_response(request, findings)
        if wait:
            response.headers["Retry-After"] = str(wait)
        if _wants_json(request):
            return response
        kept = {name: response.headers[name] for name in ("Retry-After", "Connection") if name in response.headers}
        return _asking(hub, number, findings[0], response.status_code, kept)


async def _checked(request: Request, hub: Hub, number: str | None, given: dict[str, str] | bytes) -> Response:
    began = time.monotonic()
    if isinstance(given, bytes) and number is None:
        return _answer(request, hub, await run_in_threadpool(public.check_file, hub, given))
    fields = {} if isinstance(given, bytes) else given
    named = number if number is not None else fields.get("number", "").strip()
    find, judge = _way(hub, fields, named)
    stored = await run_in_threadpool(find)
    if stored is None:
        await asyncio.sleep(rest_of_step(time.monotonic() - began))
        if _wants_json(request):
            return json_response({"found": False}, 404, HEADERS)
        return _asking(hub, named if number is not None else None, _UNKNOWN, 404)
    return _answer(request, hub, await run_in_threadpool(judge, hub, stored))


def rest_of_step(seconds: float) -> float:
    """What is missing to a whole number of steps, after a look that took so long."""
    return STEP_SECONDS - seconds % STEP_SECONDS


_UNKNOWN = finding("evidence.not-known")


def _way(
    hub: Hub, fields: dict[str, str], number: str
) -> tuple[Callable[[], Stored | None], Callable[[Hub, Stored], Checked]]:
    """How a document is looked for, and what is told of it, by what the caller has of it."""
    if "bytes" in fields:
        return lambda: public.by_digests(hub, fields.get("content", ""), fields["bytes"]), public.check_known
    return lambda: public.by_code(hub, number, fields.get("code", "")), public.check_print


async def _given(request: Request, limit: int, place: AbstractContextManager[None]) -> dict[str, str] | bytes:
    """The fields of a form, or the one file that came in it or instead of it. Raises `Problem`."""
    body = await body_of(request, limit, place)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = kind == "application/x-www-form-urlencoded" and _FIELD.match(body) and len(body) <= _MOST_OF_A_FORM
    if kind != "multipart/form-data" and not is_form:
        return body

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    whole = Request(request.scope, again)
    try:
        async with whole.form(max_files=1, max_fields=4, max_part_size=_MOST_OF_A_FORM) as form:
            file = form.get("file")
            if isinstance(file, UploadFile):
                return await file.read()
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except HTTPException as error:  # as the parser says it
        raise Problem(finding("request.malformed", found=str(error.detail)[:100], expected="a form")) from error


# --- answering -------------------------------------------------------------------------------------------------------


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _answer(request: Request, hub: Hub, checked: Checked) -> Response:
    if _wants_json(request):
        return json_response(_json(checked), headers=HEADERS)
    masked = checked.document is None
    data = checked.document if checked.document is not None else checked.stored.data if checked.stored else b""
    paper = compare.shown(compare.read_document(data), masked=masked)
    report = checked.report
    return _page(
        hub,
        title=_("Document %(number)s", number=report.number) if report.number else _("The document"),
        report=report,
        short=_(_IN_SHORT[report.exit_code]),
        answers=[plain(each, own=checked.stored is not None) for each in report.answers],
        own=checked.stored is not None,
        at=moment(hub.clock.now()),
        paper=paper,
        masked=masked,
        facts=list(compare.facts(paper)) if paper is not None else [],
        columns=compare.columns(paper) if paper is not None else (),
        items=compare.SHOWN_ITEMS,
    )


def plain(given: Answer, *, own: bool) -> dict[str, Any]:
    """One answer for the page: what a person reads, in the language of the page, and what is folded away, as the
    evidence says it. `own`: this hub has the document."""
    when = moment(given.when) if given.when is not None else ""
    if given.verdict is Verdict.YES:
        said = _(_YES[given.question][own], who=given.who, when=when)
    else:
        said = _(_deciding(given).message if given.findings else given.reason)
    return {
        "question": _(QUESTIONS[given.question]),
        "verdict": given.verdict.value,
        "word": _(_WORDS[given.verdict]),
        "plain": said,
        "next": _(given.next_step),
        "reason": given.reason,
        "findings": given.findings,
    }


def _deciding(given: Answer) -> Finding:
    """The finding that the answer's reason begins with."""
    return next((each for each in given.findings if given.reason.startswith(each.message)), given.findings[0])


def _json(checked: Checked) -> dict[str, Any]:
    summary = checked.stored.summary if checked.stored is not None else None
    known = {} if summary is None else {"state": summary["state"], "contentDigest": summary["contentDigest"]}
    return {"found": summary is not None, **checked.report.to_json(), **known, "proof": checked.proof}


def _asking(
    hub: Hub,
    number: str | None = None,
    refused: Finding | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """The page that asks. `number`: of the print whose code is asked for; None: for anything."""
    title = _("Check a document") if number is None else _("Check document %(number)s", number=number[:60])
    return _page(hub, status, headers, title=title, number=number, refused=refused, report=None)


def _page(hub: Hub, status: int = 200, headers: dict[str, str] | None = None, **given: Any) -> Response:
    values = {"prefix": hub.prefix, "simulated": hub.simulated, "most": MOST_BYTES >> 20, **given}
    return Response(_template().render(values), status, HEADERS | (headers or {}), media_type="text/html")


@cache
def _template() -> Template:
    return environment_of("exchange.api", "static").get_template("verify.html")
