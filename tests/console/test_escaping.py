"""Markup, marks that turn text, very long words and five thousand items in every field that takes them: on every page.

Each text of a certificate is made as hostile as its schema lets it be, and what the schema refuses is handed in all the
same, and looked at as a refused message. What is looked for is in the pages as they are sent; that nothing of it does
anything in a browser, or pushes a page out of its width, `test_browser` sees.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from schemas.certificate.model import Certificate
from schemas.content import Content, Syntax, open_content
from schemas.event import EventType, Reason
from schemas.registry import profile_of
from tests.console.conftest import Console
from tests.console.hostile import EVIL_JSON, LONG, MARKUP, TURNED
from tests.exchange.cast import FORM_D, event, of_items, refused_by, signed

WORST = (f"{MARKUP}{TURNED}{LONG}", f"{MARKUP}{LONG}", MARKUP, f"<i>{LONG}"[:60], "<i>'\"&", f"{LONG}"[:30])
"""From the worst down."""
CODED = {"profile", "country", "issuingCountry", "kind", "unit", "mode", "UNLocationCode", "hsCode", "hsEdition"}
BAD = ("<script>alert", "<img src=x", "<i>", "\u202e", "\u2066", "\x07")


def _texts(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts stand that are no codes."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in CODED and not name.endswith(("Date", "date", "Country")):
                yield from _texts(each, (*at, name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _texts(each, (*at, place))
    elif isinstance(value, str):
        yield at


def _put(value: Any, at: tuple[Any, ...], text: str) -> str:
    for name in at[:-1]:
        value = value[name]
    before, value[at[-1]] = value[at[-1]], text
    return str(before)


def evil_everywhere(number: str, items: int = 1) -> tuple[Certificate, int]:
    """The certificate, and how many of its texts are hostile."""
    profile = profile_of(FORM_D)
    assert profile is not None
    json = orjson.loads(profile.encode[Syntax.JSON](of_items(1, number=number)))
    made = None
    hostile = 0
    for at in _texts(json):
        if at == ("number",):
            continue
        before = _put(json, at, "")
        for worst in WORST:
            _put(json, at, worst)
            read = profile.decode(_opened(json)).document
            if isinstance(read, Certificate):
                made, hostile = read, hostile + 1
                break
        else:
            _put(json, at, before)
    assert made is not None
    many = tuple(made.items[0].model_copy(update={"number": at}) for at in range(1, items + 1))
    return made.model_copy(update={"items": many}), hostile


def _opened(json: Any) -> Content:
    content = open_content(orjson.dumps(json))
    assert isinstance(content, Content)
    return content


def places(console: Console, items: int) -> list[str]:
    """Every page with something of the document, of what was said of it, and of a refused one on it."""
    number = f"SG-EVERY-{items}"
    value, hostile = evil_everywhere(number, items)
    assert hostile >= 15
    sent = console.cast["SG-NSW"].submit(signed(value), ["TH-NSW"])
    reason = Reason(code="atiga.box", pointer="/items/0", text=f"{MARKUP}{LONG}")
    said = event(EventType.QUERIED, sent.id, sent.content_digest, "TH-NSW", reasons=(reason,))
    console.cast["TH-NSW"].send_event(sent.id, said)
    refused_by(console.cast["SG-NSW"].submit, EVIL_JSON, ["TH-NSW"])
    refusal = console.cast.operator.refusals().items[0]["id"]
    tabs = [f"/console/d/{sent.id}?tab={tab}" for tab in ("findings", "bytes", "signatures", "timeline")]
    lists = ["/console", "/console?show=refusals", "/console/deliveries", "/console/map", "/console/members"]
    return [*tabs, f"/console/d/{sent.id}/paper", f"/console/r/{refusal}", *lists, f"/console/search?q={number}-"]


def looked_at(console: Console, paths: list[str]) -> None:
    for path in paths:
        page = console.pages.get(path)
        assert page.status_code == 200, path
        assert [bad for bad in BAD if bad in page.text] == [], path


def test_nothing_hostile_reaches_a_page_as_it_is(console: Console) -> None:
    looked_at(console, places(console, 1))
    for sought in WORST:
        page = console.pages.get("/console/search", params={"q": sought[:200]})
        assert [bad for bad in BAD if bad in page.text] == []
    assert "⟨U+202E⟩" in console.pages.post("/console/validate", content=EVIL_JSON).text


def test_verify_shows_hostile_text_as_text(console: Console) -> None:
    value, _ = evil_everywhere("SG-EVERY-V")
    page = console.pages.post("/verify", files={"file": ("x.xml", signed(value))})
    assert page.status_code == 200 and "SG-EVERY-V" in page.text
    assert [bad for bad in BAD if bad in page.text] == []
    for path in (f"/v/{MARKUP.replace('/', '%2F')}", "/v/%E2%80%AEx"):
        assert [bad for bad in BAD if bad in console.pages.get(path).text] == []


@pytest.mark.long("console", sample=False)
@pytest.mark.timeout(600)
def test_five_thousand_items_open_on_every_page(console: Console) -> None:
    looked_at(console, places(console, 5000))
