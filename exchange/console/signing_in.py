"""Signing in and out, and what a person does with its own sign-in.

| address | page |
| --- | --- |
| /console/sign-in?next= | name, password and, for who has one, the code of a generator; POST signs in |
| /console/sign-out | POST ends the session |
| /console/me | password and code generator; POST /password, /generator, /generator/off |

`next` leads to a path of this console, and nowhere else.
"""

import secrets
import time
from base64 import b32encode
from typing import Any

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exchange.api.access import base_url_of, hub_of
from exchange.api.problems import Problem
from exchange.config import is_loopback
from exchange.console.frame import (
    SIGN_IN,
    SpokenRoute,
    cookie_name,
    drop_cookie,
    form_cookie,
    is_secure,
    page,
    session_here,
    set_cookie,
)
from exchange.desk import practising, sessions
from exchange.desk.generators import address_of
from exchange.desk.passwords import SHORTEST, wrong_with_password
from exchange.desk.people import Person
from exchange.hub import Hub
from exchange.languages import _, mark
from exchange.places import Places
from schemas.findings import Finding, finding

router = APIRouter(include_in_schema=False, route_class=SpokenRoute)

MOST_FIELDS = 10
DONE = {
    "password": mark("Your password is changed. Wherever else you were signed in, you are not any more."),
    "generator": mark("From now on you are asked for the code of your phone when you sign in."),
    "generator-off": mark("You are not asked for a code any more."),
}
_AT_ONCE = Places("sign-ins", 4, 32)
"""Sign-ins that are looked at at once, of one address and of all: each takes a hash of much memory."""


def home_of(person: Person | None) -> str:
    """Where a person begins: at the desk, or in the Workbench."""
    return "/console/desk" if person is not None and person.member else "/console"


@router.get(SIGN_IN)
async def ask(request: Request) -> Response:
    _over_tls(request)
    return await _asking(request)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    _over_tls(request)
    hub, given = hub_of(request), await _form(request)
    address = _address(request)
    before = request.cookies.get(cookie_name(request), "")
    attempt = sessions.Attempt(given["name"], given["password"], given["code"], address, before)
    with _AT_ONCE.take(address):
        cookie = await sessions.sign_in(hub, attempt, time.time())
    if cookie is None:
        return await _asking(request, (finding("person.not-signed-in"),), given["name"])
    session = await sessions.session_of(hub, cookie, time.time())
    person = session.person if session else None
    response = RedirectResponse(_inside(hub, given["next"]) or f"{hub.prefix}{home_of(person)}", 303)
    set_cookie(request, response, cookie_name(request), cookie)
    drop_cookie(request, response, form_cookie(request))
    return response


async def _asking(request: Request, wrong: tuple[Finding, ...] = (), name: str = "") -> Response:
    """The form, with a token of its own: nobody else's page can sign somebody in here."""
    hub = hub_of(request)
    session: sessions.Session | None = request.scope.get("tradebridge.session")
    cookie = request.cookies.get(form_cookie(request), "") or secrets.token_urlsafe(32)
    made = practising.people(hub)
    response = await page(
        request,
        "sign_in.html",
        wrong[0].status if wrong else 200,
        title=_("Sign in"),
        part="sign-in",
        pages=(),
        token=session.token if session else sessions.form_token(cookie),
        wrong=wrong,
        name=name,
        next=_inside(hub, request.query_params.get("next", "")),
        practice=made,
        practice_password=practising.password_of(hub) if made else "",
    )
    set_cookie(request, response, form_cookie(request), cookie)
    return response


@router.post("/console/sign-out")
async def sign_out(request: Request) -> Response:
    hub, session = hub_of(request), session_here(request)
    await sessions.sign_out(hub, session)
    response = RedirectResponse(f"{hub.prefix}{SIGN_IN}", 303)
    drop_cookie(request, response, cookie_name(request))
    return response


# --- one's own -------------------------------------------------------------------------------------------------------


@router.get("/console/me")
async def own(request: Request) -> Response:
    return await _own(request, done=_(DONE.get(request.query_params.get("done", ""), "")))


async def _own(request: Request, *, done: str = "", wrong: tuple[Finding, ...] = (), at: str = "") -> Response:
    """`at`: in which of its forms something is wrong."""
    hub, session = hub_of(request), session_here(request)
    told: dict[str, Any] = {"must_change": session.must_change, "on": False, "secret": "", "picture": ""}
    if not session.must_change:
        generator = await sessions.generator_of(hub, session)
        told["on"] = generator.on
        if not generator.on:
            told["secret"] = _grouped(b32encode(generator.secret).decode())
            told["picture"] = _picture(address_of(generator.secret, session.person.id, _name_of(request)))
    status = wrong[0].status if wrong else 200
    title = _("Choose a password") if session.must_change else _("Your own page")
    shown = {"part": "me", "pages": (), "done": done, "wrong": wrong, "wrong_at": at, "shortest": SHORTEST}
    return await page(request, "me.html", status, title=title, **shown, **told)


@router.post("/console/me/password")
async def change_password(request: Request) -> Response:
    hub, session, given = hub_of(request), session_here(request), await _form(request)
    person = session.person
    with _AT_ONCE.take(_address(request)):
        if not await sessions.is_own_password(hub, session, given["password"], _address(request), time.time()):
            return await _own(request, wrong=(finding("person.not-signed-in", "/password"),), at="password")
        found = wrong_with_password(given["new"], person.id, person.name)
        if found is None and given["new"] == given["password"]:
            found = finding("person.password", "/new", expected=mark("another one than before"))
        if found is None and given["new"] != given["again"]:
            found = finding("person.password", "/again", expected=mark("the same twice"))
        if found is not None:
            return await _own(request, wrong=(found,), at="password")
        await sessions.change_password(hub, session, given["new"])
    return RedirectResponse(f"{hub.prefix}/console/me?done=password", 303)


@router.post("/console/me/generator")
async def set_up(request: Request) -> Response:
    hub, session, given = hub_of(request), session_here(request), await _form(request)
    if not await sessions.take_generator(hub, session, given["code"], time.time()):
        return await _own(request, wrong=(finding("person.code", "/code"),), at="generator")
    return RedirectResponse(f"{hub.prefix}/console/me?done=generator", 303)


@router.post("/console/me/generator/off")
async def take_away(request: Request) -> Response:
    hub, session, given = hub_of(request), session_here(request), await _form(request)
    with _AT_ONCE.take(_address(request)):
        if not await sessions.is_own_password(hub, session, given["password"], _address(request), time.time()):
            return await _own(request, wrong=(finding("person.not-signed-in", "/password"),), at="generator")
    await sessions.drop_generator(hub, session)
    return RedirectResponse(f"{hub.prefix}/console/me?done=generator-off", 303)


# --- parts -----------------------------------------------------------------------------------------------------------


async def _form(request: Request) -> dict[str, str]:
    """Name, password, new, again, code and next, as typed; empty where there is none."""
    names = ("name", "password", "new", "again", "code", "next")
    async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
        given = {name: form.get(name, "") for name in names}
    return {name: value[: sessions.MOST_OF_A_FIELD] if isinstance(value, str) else "" for name, value in given.items()}


def _over_tls(request: Request) -> None:
    """A password goes over TLS, or stays on this machine; one of a simulation is public."""
    hub = hub_of(request)
    if not (hub.simulated or is_secure(request) or is_loopback(request.url.hostname or "")):
        raise Problem(finding("console.no-tls", found=request.url.scheme, expected="https"))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _inside(hub: Hub, path: str) -> str:
    """A path of this space's console; empty for any other address."""
    own = f"{hub.prefix}/console"
    plain = path == own or path.startswith((f"{own}/", f"{own}?"))
    return path if plain and "\\" not in path and path.isprintable() and ".." not in path else ""


def _name_of(request: Request) -> str:
    return (
        "Tradebridge SIMULATION" if hub_of(request).simulated else f"Tradebridge {base_url_of(request).split('//')[-1]}"
    )


def _grouped(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _picture(text: str) -> Markup:
    """A QR code as SVG. It is ours: of base32 and what was quoted."""
    made = segno.make_qr(text, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return Markup(made)  # noqa: S704  # drawn by segno: numbers only
