"""*Validate*: what is typed, pasted or dropped, judged and not kept.

| call | with | answers |
| --- | --- | --- |
| GET /console/validate?example= | the name of an example | the page, with the example judged |
| GET /console/validate?rule= | the code of a rule | the page, with a sample that breaks it |
| POST /console/validate | a form: the fields `text` or `file` | the page, with what was found |
| POST /console/validate | any other body: the document itself | the part of the page that tells what was found |
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from exchange.api.access import hub_of, spaces_of
from exchange.api.bodies import MAX_BODY, body_of
from exchange.api.problems import Problem
from exchange.console import trying
from exchange.console.checking import check
from exchange.console.codes import failing_sample
from exchange.console.frame import ConsoleRoute, page
from schemas.content import Syntax
from schemas.findings import finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

MOST_TYPED = 2 * 1024 * 1024
"""Bytes of a text in a form."""


def _good(profile: str, number: str) -> Callable[[datetime], bytes]:
    return lambda at: trying.known(profile).encode[Syntax.JSON](trying.known(profile).example(number=number, at=at))


_EXAMPLES: Mapping[str, tuple[str, Callable[[datetime], bytes]]] = {
    "mistakes": (
        "a Form D with mistakes",
        lambda at: trying.with_mistakes(trying.FORM_D, "SG-2026-00099", "SG", "TH", at),
    ),
    "form-d": ("a Form D", _good("atiga-form-d/2022", "SG-2026-00001")),
    "rcep": ("a certificate of RCEP", _good("rcep-co/2022", "JP-2026-00001")),
    "transport-document": ("a bill of lading", _good("dcsa-transport-document/3.0", "SIML00000001")),
}


@router.get("/console/validate")
async def ask(request: Request) -> Response:
    name, rule = (request.query_params.get(each) for each in ("example", "rule"))
    if rule is not None:
        sample = await run_in_threadpool(failing_sample, rule)
        if sample is None:
            raise Problem(finding("request.not-found", found=rule[:100], expected="the code of a rule"))
        return await _page(request, sample)
    if name is None:
        return await _page(request, None)
    if name not in _EXAMPLES:
        raise Problem(finding("request.not-found", found=name[:40], expected=", ".join(_EXAMPLES)))
    return await _page(request, _EXAMPLES[name][1](hub_of(request).clock.now()))


@router.post("/console/validate")
async def judge(request: Request) -> Response:
    body = await body_of(request, MAX_BODY, spaces_of(request).bodies.take("console"))
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _page(request, await _field(request, body))
    return await page(request, "judged.html", checked=await check(hub_of(request), body) if body.strip() else None)


async def _page(request: Request, data: bytes | None) -> Response:
    hub = hub_of(request)
    given = data if data is not None and data.strip() else None
    return await page(
        request,
        "validate.html",
        title="Validate",
        here="validate",
        checked=await check(hub, given) if given is not None else None,
        text=given.decode("utf-8", "replace") if given is not None and len(given) <= MOST_TYPED else "",
        examples=[(name, words) for name, (words, _) in _EXAMPLES.items()],
    )


async def _field(request: Request, body: bytes) -> bytes:
    """The file that came in a form, else the text. Raises `Problem`."""

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(request.scope, again).form(max_files=1, max_fields=2, max_part_size=MOST_TYPED) as form:
            file, text = form.get("file"), form.get("text")
            data = await file.read() if isinstance(file, UploadFile) else b""
            return data or (text.encode("utf-8", "replace") if isinstance(text, str) else b"")
    except HTTPException as error:  # as the parser says it
        raise Problem(finding("request.malformed", found=str(error.detail)[:100], expected="a form")) from error
