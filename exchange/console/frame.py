"""What stands around every page of the console: who may see it, the frame, and the answer where something is wrong.

1. Who may come where is a table (`exchange.console.may`); what has no row in it is refused. Who is not signed in, and
   would have to be, is led to the sign-in.
2. What a page shows of a document, a partner or an address is escaped, and marks that turn or hide text are made
   visible (`exchange.rendering`). No script or style stands in a page; the policy allows the hub's own files only.
3. Who looks at a document is put on the record first, as everywhere (`exchange.readings`): the operator's Workbench.
4. What changes something is a POST from a page of this hub: another site's is refused, and each form of who is signed
   in carries the token of its session, which `page` puts into every form.
5. Refusals are pages too, with code, what was found, and what to do.
6. Each page says what does the same as its forms from a terminal (`exchange.console.terminal`).
"""

import hmac
import re
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi.routing import APIRoute
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exchange.api.access import base_url_of, hub_of, spaces_of
from exchange.api.assets import address_of
from exchange.api.bodies import reading
from exchange.api.problems import Problem
from exchange.clock import Clock, MovableClock
from exchange.console import may, terminal, world
from exchange.desk import practising
from exchange.desk.people import person_of
from exchange.desk.queue import span
from exchange.desk.risks import question_about
from exchange.desk.sessions import Session, form_token, session_of
from exchange.hub import Hub
from exchange.languages import Translated, _, is_translated, mark
from exchange.languages import moment as spoken_moment
from exchange.members import OPERATOR
from exchange.places import NoPlace
from exchange.records import Actor
from exchange.rendering import environment_of
from exchange.store.queries import BadCursor
from schemas.findings import Finding, finding
from tradebridge.evidence.simulation import test_api_key

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
WORKBENCH = Actor(OPERATOR, person="Workbench (not signed in)")
"""Who looks and acts in the Workbench of a simulation."""
SIGN_IN = "/console/sign-in"
TOKEN = "csrf"  # noqa: S105  # its name
"""The field of a form with its token."""
MOST_OF_A_FORM, MOST_FIELDS = 256 * 1024, 200

PAGES = (
    ("live", "Live", ""),
    ("map", "Map", "/map"),
    ("validate", "Validate", "/validate"),
    ("deliveries", "Deliveries", "/deliveries"),
    ("webhooks", "Webhooks", "/webhooks"),
    ("faults", "Faults", "/faults"),
    ("conformance", "Conformance", "/conformance"),
    ("members", "Members", "/members"),
    ("log", "Log", "/log"),
    ("health", "Health", "/health"),
    ("codes", "Codes", "/rules"),
)
"""Name, title and path of what the navigation leads to."""
SEVERITIES = (mark("error"), mark("warning"))
"""What a refusal says of each finding."""


class ConsoleRoute(APIRoute):
    """Rules 1, 4 and 5, for every route of the console."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer, path = super().get_route_handler(), self.path

        async def handle(request: Request) -> Response:
            try:
                led = await _admit(request, path)
                return led or await answer(request)
            except Problem as problem:
                return await refusal(request, problem.findings)
            except BadCursor as error:
                return await refusal(request, (finding("request.cursor", found=str(error)),))
            except NoPlace as error:
                return await refusal(request, (error.found,))

        return handle


class SpokenRoute(Translated, ConsoleRoute):
    """A route of the console whose page is in the language of its reader."""


async def _admit(request: Request, path: str) -> Response | None:
    """Find out who asks, and whether it may. Another answer: a way to where it has to go first."""
    hub, cookie = hub_of(request), request.cookies.get(cookie_name(request), "")
    rule = may.rule_of(request.method, path)
    used = rule is None or not rule.by_itself
    session = await session_of(hub, cookie, time.time(), used=used) if cookie else None
    request.scope["tradebridge.session"] = session
    request.scope["tradebridge.person"] = session.person if session else None
    if rule is None:
        raise Problem(
            finding("console.role", found=f"{request.method} {path}", expected="a row in exchange.console.may")
        )
    if not rule.admits(session.person if session else None, simulated=hub.simulated):
        if session is not None:
            found = ", ".join(sorted(session.person.roles)) + (f" of {session.person.member or 'the hub'}")
            raise Problem(finding("console.role", found=found, expected=" or ".join(sorted(rule.roles))))
        if request.method == "POST":
            raise Problem(finding("console.closed"))
        return _to_sign_in(request)
    if session is not None and session.must_change and not rule.initial:
        return RedirectResponse(f"{hub.prefix}/console/me", 303)
    if request.method == "POST":
        _refuse_other_sites(request)
        if not rule.harmless:
            await _check_token(request, session, path)
    return None


STAYS_SECONDS = 5.0
"""So often it is looked whether the reader of a long answer may read on."""


class Stay:
    """Of a long answer: may its reader still see this page? It may have signed out, or been suspended, since it began.
    To read on is no use of the session."""

    def __init__(self, request: Request, path: str) -> None:
        self._request, self._rule = request, may.rule_of("GET", path)
        self._looked = time.monotonic()

    async def is_over(self) -> bool:
        """Looked at now and then only."""
        if time.monotonic() - self._looked <= STAYS_SECONDS:
            return False
        self._looked = time.monotonic()
        hub, cookie = hub_of(self._request), self._request.cookies.get(cookie_name(self._request), "")
        session = await session_of(hub, cookie, time.time(), used=False) if cookie else None
        person = session.person if session else None
        return self._rule is None or not self._rule.admits(person, simulated=hub.simulated)


def _to_sign_in(request: Request) -> Response:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{hub_of(request).prefix}/console/sign-in?{urlencode({'next': asked[:500]})}", 303)


def _refuse_other_sites(request: Request) -> None:
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    own = request.headers.get("host", "")
    if site not in ("same-origin", "none") or (origin is not None and origin.partition("://")[2] != own):
        raise Problem(finding("console.other-site", found=origin or site, expected=own))


async def _check_token(request: Request, session: Session | None, path: str) -> None:
    """The form carries the token of the session; of who signs in, that of the page's own cookie. The body is kept in
    the request, for the route to read with its own limits."""
    before = request.cookies.get(form_cookie(request), "")
    if session is None and path != SIGN_IN:
        return
    expected = session.token if session else form_token(before) if before else ""
    stated = request.headers.get("content-length", "")
    if not stated.isdigit() or int(stated) > MOST_OF_A_FORM:
        expected_size = f"a form of at most {MOST_OF_A_FORM} bytes"
        raise Problem(finding("request.malformed", found=f"Content-Length {stated[:20]}", expected=expected_size))
    async with reading(request):
        body = await request.body()
    try:
        given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS).get(TOKEN, [""])[0]
    except ValueError as error:
        raise Problem(finding("request.malformed", found=str(error), expected=f"{MOST_FIELDS} fields")) from error
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Problem(finding("console.old-page"))


# --- cookies ---------------------------------------------------------------------------------------------------------


def is_secure(request: Request) -> bool:
    """Does the browser speak TLS, to us or to the proxy before us?"""
    return base_url_of(request).startswith("https:") or request.url.scheme == "https"


def cookie_name(request: Request) -> str:
    """Of the session. `__Host-`: only this host, over TLS, may have set it."""
    space = hub_of(request).space
    return f"{'__Host-' if is_secure(request) else ''}tradebridge{f'-{space}' if space else ''}"


def form_cookie(request: Request) -> str:
    """Of a sign-in that is not made yet."""
    return f"{cookie_name(request)}-form"


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """For the browser's session, for no script, and for no other site's form."""
    response.set_cookie(name, value, path="/", secure=is_secure(request), httponly=True, samesite="lax")


def drop_cookie(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=is_secure(request), httponly=True, samesite="lax")


def session_here(request: Request) -> Session:
    """Of a route that wants one."""
    session: Session | None = request.scope.get("tradebridge.session")
    if session is None:
        raise Problem(finding("console.closed"))
    return session


def actor_here(request: Request) -> Actor:
    """Who looks and acts in the Workbench, for the record."""
    person = person_of(request)
    return WORKBENCH if person is None else Actor(OPERATOR, person=person.id)


async def refusal(request: Request, findings: tuple[Finding, ...]) -> Response:
    """What is wrong with what was asked, as a page."""
    status = findings[0].status
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    frame = {"part": "", "pages": ()} if is_translated() else {}  # the Workbench's pages are in English
    title = _("This does not work")
    return await page(request, "refused.html", status, headers, title=title, findings=findings, **frame)


async def page(
    request: Request, template: str, status: int = 200, headers: dict[str, str] | None = None, /, **values: Any
) -> Response:
    """A page in its frame. Drawn in a thread: a large one must not hold up the exchange."""
    hub = hub_of(request)
    told = {
        "prefix": hub.prefix,
        "at": f"{hub.prefix}/console",
        "asset": lambda name: address_of(hub.prefix, name),
        "simulated": hub.simulated,
        "rules": f"{hub.prefix}/console/rules",
        "seed": hub.settings.seed,
        "space": hub.space,
        "part": "workbench",
        "pages": PAGES,
        "here": "",
        "clock": clock_words(hub.clock),
        "today": f"{hub.clock.now():%Y-%m-%d}",
        "faults": await world.faults(request) if hub.simulated else None,
        "world_url": spaces_of(request).world,
        "feed_at": hub.feed_size - 1,
        "sought": "",
        "search_at": "",
        "base": f"{base_url_of(request)}{hub.prefix}",
        "key": _key_of(hub),
        "signed_in": person_of(request),
        "parts": parts_for(request),
        "searches": may.LOOK.admits(person_of(request), simulated=hub.simulated),
        **values,
    }
    session: Session | None = request.scope.get("tradebridge.session")
    token = values.get("token") or (session.token if session else "")
    text = await run_in_threadpool(lambda: with_token(_drawn(template, told), token))
    return Response(text, status, HEADERS | (headers or {}), media_type="text/html")


def _drawn(template: str, told: dict[str, Any]) -> str:
    """The page, with what does the same as its forms (rule 6)."""
    text, person, route = environment().get_template(template).render(told), told["signed_in"], told.get("route")
    sender, recipient = route if route and all(route) else ("MEMBER", "MEMBER")
    facts = {
        "base": told["base"],
        "key": told["key"],
        "world": told["world_url"] or "WORLD",
        "member": (person.member if person else "") or "MEMBER",
        "sender": sender,
        "recipient": recipient,
    }
    commands, calls = terminal.same_as_forms(text, told["prefix"], facts)
    shown = {"commands": commands, "calls": calls, "part": told["part"]}
    return terminal.with_same(text, environment().get_template("terminal.html").render(shown).strip())


_FORM = re.compile(r'<form method="post"[^>]*>')


def with_token(text: str, token: str) -> str:
    """The page with the token in each of its forms. What looks like a form's tag is one: all else is escaped."""
    if not token:
        return text
    return _FORM.sub(lambda found: f'{found[0]}<input type="hidden" name="{TOKEN}" value="{token}">', text)


def parts_for(request: Request) -> list[tuple[str, str, str]]:
    """Name, title and path of the parts that this reader has."""
    hub, person = hub_of(request), person_of(request)
    own = hub.registry.members.get(person.member) if person else None
    at_desk = own is not None and own.desk is not None
    shown = {
        "workbench": may.LOOK.admits(person, simulated=hub.simulated),
        "desk": at_desk or (person is None and bool(practising.people(hub)[len(practising.OF_THE_HUB) :])),
    }
    parts = (
        ("workbench", mark("Workbench"), "/console"),
        ("desk", mark("Desk"), "/console/desk"),
        ("verify", mark("Verify"), "/verify"),
    )
    return [each for each in parts if shown.get(each[0], True)]


def _key_of(hub: Hub) -> str:
    """The operator's key, for commands to copy: the public one of a simulation, never another."""
    if hub.settings.operator_key.get_secret_value() or not hub.simulated:
        return "$KEY"
    return test_api_key(hub.settings.seed, OPERATOR)


def clock_words(clock: Clock) -> str:
    """What the pill of the clock says."""
    text = f"{clock.now():%Y-%m-%d %H:%M} UTC"
    if isinstance(clock, MovableClock):
        if clock.frozen is not None:
            return f"{text}, frozen"
        if clock.ahead:
            return f"{text}, {_ahead(clock.ahead.total_seconds())}"
    return text


def _ahead(seconds: float) -> str:
    sign, left = ("+" if seconds > 0 else "-"), abs(seconds)
    return f"{sign}{left / 86400:.0f} d" if left >= 86400 else f"{sign}{left / 3600:.1f} h"


# --- texts -----------------------------------------------------------------------------------------------------------


def size(count: int) -> str:
    """A number of bytes, for people."""
    for unit, of in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if count >= of:
            return f"{count / of:.1f} {unit}"
    return f"{count} B"


def moment(text: str | None) -> str:
    """An RFC 3339 time without its fraction: 2026-01-05 09:00:02."""
    return "" if not text else text[:19].replace("T", " ")


def when(text: str) -> str:
    """An RFC 3339 time as the reader's language writes it."""
    return spoken_moment(datetime.fromisoformat(text))


def short(digest: str | None) -> str:
    """The ends of a digest or id."""
    return "" if not digest else digest if len(digest) <= 16 else f"{digest[:8]}…{digest[-4:]}"


@cache
def environment() -> Environment:
    made = environment_of("exchange.console")
    made.filters.update(size=size, moment=moment, short=short, when=when, span=span, question=question_about)
    return made
