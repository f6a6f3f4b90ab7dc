"""The languages of the pages for people without a terminal: Desk and Verify.

1. The text in the source is English, and is the key. A catalogue (`exchange/catalogues/LANGUAGE.po`, gettext) says it
   in another language; what it lacks is read in English. It is compiled when it is first wanted, never before.
2. Which language: `?lang=` in the address, which is kept in a cookie; else the cookie; else what the browser asks for
   (`Accept-Language`, RFC 9110); else English. It holds for one request: a route is `Translated`, or it is English.
3. What is not ours to say is never translated: documents, names, numbers, codes, commands, and what the catalogue of
   codes says, apart from what decides one of the four answers or refuses what a reader did. A page marks it:
   `translate="no"`, or `lang="en"`.
4. Dates and numbers are as the language writes them (CLDR). Years are those of the certificates: Gregorian.
5. `en-XA` is English with other letters: what it leaves readable on a page is text that nobody can translate.
"""

import io
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

CATALOGUES = Path(__file__).parent / "catalogues"
ENGLISH = "en"
PSEUDO = "en-XA"
COOKIE = "tradebridge-language"
_YEAR_SECONDS = 366 * 86400


@dataclass(frozen=True, slots=True)
class Language:
    """One that a page can be read in."""

    code: str
    """BCP 47, as `lang` of the page has it."""
    name: str
    """What it calls itself."""
    complete: bool = False
    """All of it is translated, and a test keeps it so; of the others a part."""
    dates: str = ""
    """The CLDR locale of dates and numbers, where it is not the code: CLDR as Babel has it lacks Tetum."""


LANGUAGES = {
    each.code: each
    for each in (
        Language(ENGLISH, "English", complete=True, dates="en_GB"),
        Language("fil", "Filipino"),
        Language("id", "Bahasa Indonesia", complete=True),
        Language("ja", "日本語", complete=True),
        Language("km", "ខ្មែរ"),
        Language("lo", "ລາວ"),
        Language("ms", "Bahasa Melayu", complete=True),
        Language("my", "မြန်မာ"),
        Language("pt", "Português"),
        Language("tet", "Tetun", dates="pt"),
        Language("th", "ไทย", complete=True),
        Language("vi", "Tiếng Việt", complete=True),
    )
}
"""What a reader can choose, in the order of the switch."""

_SPOKEN: ContextVar[str] = ContextVar("language", default="")


def spoken() -> str:
    """The language of the page that is being made; English where none was chosen."""
    return _SPOKEN.get() or ENGLISH


def is_translated() -> bool:
    """Whether the page that is being made has a choice of languages."""
    return bool(_SPOKEN.get())


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is written inside is in this language."""
    before = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


# --- texts -----------------------------------------------------------------------------------------------------------


def _(text: str, **values: object) -> str:
    """The text in the language of the page, with `%(name)s` filled in. Plain text: templates escape it as all text."""
    return _filled(_catalogue(spoken()).gettext(text), values) if text else ""  # gettext says its head for no text


def counted(one: str, many: str, count: int, **values: object) -> str:
    """The form for so many; `%(count)s` in it is the number as the language writes it."""
    return _filled(_catalogue(spoken()).ngettext(one, many, count), {"count": number(count), **values})


def mark(text: str) -> str:
    """A text that is translated where it is shown, by `_`: this only lists it for the catalogues."""
    return text


def _filled(text: str, values: dict[str, object]) -> str:
    return _reachable(text % values if values else text)


def _reachable(said: str) -> str:
    """Rule 5."""
    return said if spoken() != PSEUDO else "⟦" + said.translate(_OTHER_LETTERS) + "⟧"


_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OTHER_LETTERS = str.maketrans(_PLAIN, "åƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ")


@cache
def _catalogue(language: str) -> NullTranslations:
    path = CATALOGUES / f"{language}.po"
    if language not in LANGUAGES or not path.is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)


# --- dates and numbers -----------------------------------------------------------------------------------------------


def _locale() -> str:
    known = LANGUAGES.get(spoken(), LANGUAGES[ENGLISH])
    return known.dates or known.code


def moment(at: datetime) -> str:
    """A time to the minute, in UTC, and that it is."""
    from babel.dates import format_date, format_time

    utc, locale = at.astimezone(UTC), _locale()
    return _reachable(f"{format_date(utc, 'medium', locale=locale)} {format_time(utc, 'short', locale=locale)} UTC")


def day(on: date) -> str:
    from babel.dates import format_date

    return _reachable(format_date(on, "long", locale=_locale()))


def number(value: int | Decimal) -> str:
    """Never rounded: two that differ look different."""
    from babel.numbers import format_decimal

    return format_decimal(value, locale=_locale(), decimal_quantization=False)


# --- which language --------------------------------------------------------------------------------------------------


def chosen(request: Request) -> str:
    """Rule 2."""
    for asked in (request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")):
        if asked in LANGUAGES or asked == PSEUDO:
            return asked
    return accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """The best of ours that the browser takes: by its weights, then by its order. `tl` is what Filipino was called."""
    wanted: list[tuple[float, str]] = []
    for each in header[:1000].split(","):
        name, given, weight = each.strip().partition(";q=")
        code = name.partition("-")[0].lower()
        try:
            wanted.append((-float(weight if given else 1), "fil" if code == "tl" else code))
        except ValueError:
            continue
    found = sorted((each for each in wanted if each[1] in LANGUAGES and each[0] < 0), key=lambda each: each[0])
    return found[0][1] if found else ENGLISH


class Translated(APIRoute):
    """A route whose page is in the language that its reader chose, and which keeps the choice."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            language = chosen(request)
            with speaking(language):
                response = await answer(request)
            if request.query_params.get("lang") == language:
                response.set_cookie(COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
            return response

        return handle
