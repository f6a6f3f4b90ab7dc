"""What stands around every page of the console: who may see it, the frame, and the answer where something is wrong.

1. The Workbench is open without sign-in in a simulation, whose keys are public anyway. Elsewhere it is closed: there is
   no sign-in yet.
2. What a page shows of a document, a partner or an address is escaped, and marks that turn or hide text are made
   visible (`exchange.rendering`). No script or style stands in a page; the policy allows the hub's own files only.
3. Who looks at a document is put on the record first, as everywhere (`exchange.readings`): the operator's Workbench.
4. What changes something is a POST from a page of this hub; another site's is refused.
5. Refusals are pages too, with code, what was found, and what to do.
"""

from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

from fastapi.routing import APIRoute
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import base_url_of, hub_of, spaces_of
from exchange.api.assets import address_of
from exchange.api.problems import Problem
from exchange.clock import Clock, MovableClock
from exchange.console import world
from exchange.hub import Hub
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
"""Who looks and acts here."""

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


class ConsoleRoute(APIRoute):
    """Rules 1, 4 and 5, for every route of the console."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                _admit(request)
                return await answer(request)
            except Problem as problem:
                return await refusal(request, problem.findings)
            except BadCursor as error:
                return await refusal(request, (finding("request.cursor", found=str(error)),))
            except NoPlace as error:
                return await refusal(request, (error.found,))

        return handle


def _admit(request: Request) -> None:
    if not hub_of(request).simulated:
        raise Problem(finding("console.closed"))
    if request.method != "POST":
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    own = request.headers.get("host", "")
    if site not in ("same-origin", "none") or (origin is not None and origin.partition("://")[2] != own):
        raise Problem(finding("console.other-site", found=origin or site, expected=own))


async def refusal(request: Request, findings: tuple[Finding, ...]) -> Response:
    """What is wrong with what was asked, as a page."""
    status = findings[0].status
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    return await page(request, "refused.html", status, headers, title="This does not work", findings=findings)


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
        "pages": PAGES,
        "here": "",
        "clock": clock_words(hub.clock),
        "today": f"{hub.clock.now():%Y-%m-%d}",
        "faults": await world.faults(request) if hub.simulated else None,
        "world_url": spaces_of(request).world,
        "sought": "",
        "base": f"{base_url_of(request)}{hub.prefix}",
        "key": _key_of(hub),
        **values,
    }
    text = await run_in_threadpool(lambda: environment().get_template(template).render(told))
    return Response(text, status, HEADERS | (headers or {}), media_type="text/html")


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


def short(digest: str | None) -> str:
    """The ends of a digest or id."""
    return "" if not digest else digest if len(digest) <= 16 else f"{digest[:8]}…{digest[-4:]}"


@cache
def environment() -> Environment:
    made = environment_of("exchange.console")
    made.filters.update(size=size, moment=moment, short=short)
    return made
