"""The console in a real browser: both themes, phone and desk; nothing leaves the host or overflows, all by keyboard.

Screenshots are kept where the variable TRADEBRIDGE_SCREENSHOTS says. The full run opens every page at both widths in
both themes and lets axe judge each; a plain run a sample of it.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.event import EventType, Reason
from tests.browsing import chromium
from tests.console.conftest import Console
from tests.console.hostile import EVIL_JSON, LONG, MARKUP, evil
from tests.console.test_versions import version
from tests.exchange.cast import certificate, event

WAYS = [(1280, "light"), (390, "dark"), (390, "light"), (1280, "dark")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


class Watched:
    """A page, with what went wrong on it."""

    def __init__(self, page: Any, base: str, width: int) -> None:
        self.page, self.base, self.width = page, base, width
        self.wrong: list[str] = []
        page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", self._asks)
        page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base, "blob:")):
            self.wrong.append(f"asked {request.url}")

    def _asks(self, dialog: Any) -> None:
        self.wrong.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: str) -> Any:
        self.page.goto(self.base + path)
        self.fits(path)
        return self.page

    def fits(self, path: str = "") -> None:
        """Nothing overflows, and nothing went wrong so far."""
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width, path
        assert not self.wrong, (path, self.wrong)


@pytest.fixture(scope="module")
def opened(browser: Any, console: Console) -> Iterator[Callable[[int, str], Watched]]:
    contexts: list[Any] = []

    def open_at(width: int, scheme: str) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.set_default_timeout(8000)
        contexts.append(context)
        return Watched(context.new_page(), console.cast.url, width)

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def paths(console: Console) -> dict[str, str]:
    """Every page by a name, with what is hostile in it."""
    sent = console.cast["SG-NSW"].submit(evil("SG-EVIL-1"), ["TH-NSW"])
    hostile = sent.id
    reason = Reason(code="atiga.box", pointer="/items/0", text=f"{MARKUP}{LONG}")
    said = event(EventType.REJECTED, hostile, sent.content_digest, "TH-NSW", reasons=(reason,))
    console.cast["TH-NSW"].send_event(hostile, said)
    console.cast["SG-NSW"].submit(version("SG-OLD-1", None), ["TH-NSW"])
    new = console.cast["SG-NSW"].submit(version("SG-NEW-1", "SG-OLD-1", description=f"{MARKUP}{LONG}"), ["TH-NSW"])
    return {
        "versions": f"/console/d/{new.id}/versions",
        "hostile": f"/console/d/{hostile}?tab=bytes",
        "hostile-paper": f"/console/d/{hostile}/paper",
        "live": "/console",
        "live-of-one": "/console?show=refusals",
        "exchange": f"/console/d/{console.document}",
        "hostile-signatures": f"/console/d/{hostile}?tab=signatures",
        "paper": f"/console/d/{console.document}/paper",
        "deliveries": "/console/deliveries",
        "faults": "/console/faults",
        "conformance": "/console/conformance",
        "map": "/console/map",
        "members": "/console/members",
        "member": "/console/members/TH-NSW",
        "log": "/console/log?leaf=3",
        "health": "/console/health",
        "hostile-timeline": f"/console/d/{hostile}?tab=timeline",
        "hostile-member": "/console/members/VN-NSW",
        "refused": f"/console/r/{console.refusal}",
        "validate": "/console/validate?example=mistakes",
        "validate-lading": "/console/validate?example=transport-document",
        "search": "/console/search?q=orchid",
        "hostile-search": f"/console/search?q={MARKUP.replace('&', '%26').replace('#', '%23')}",
        "codes": "/console/rules",
        "code": "/console/rules/atiga.rvc-below-threshold",
        "sign-in": "/console/sign-in",
        "not-found": "/console/d/%3Cscript%3Ealert(1)%3C/script%3E",
    }


@pytest.mark.long("console")
@pytest.mark.timeout(900)
def test_every_page_is_whole_at_both_widths_in_both_themes(
    opened: Callable[[int, str], Watched], paths: dict[str, str], scale: Callable[[int, int], int]
) -> None:
    kept = os.environ.get("TRADEBRIDGE_SCREENSHOTS")
    grounds = set()
    for at, (width, scheme) in enumerate(WAYS[: scale(4, 2)]):
        watched = opened(width, scheme)
        for name, path in list(paths.items())[at * scale(0, 1) :: scale(1, 4 + 4 * at)]:
            page = watched.open(path) if name != "not-found" else watched.page
            if name == "not-found":
                page.goto(watched.base + path)
                assert watched.wrong.pop().startswith("console: Failed to load resource")  # as chromium tells of a 404
                watched.fits(path)
            assert page.locator("aside.strip").is_visible() and page.locator("h1").count() == 1
            if scale(1, 0):
                _judged_by_axe(page, name)
            if kept:
                Path(kept).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=Path(kept) / f"{name}-{width}-{scheme}.png", full_page=True)
        grounds.add(watched.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def _judged_by_axe(page: Any, name: str) -> None:
    """By axe-core as its package has it. The browser runs it past the page's policy."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships none

    found = Axe().run(page).response["violations"]
    assert not found, (name, [(each["id"], [node["target"] for node in each["nodes"]][:4]) for each in found])


def test_the_feed_is_live_can_be_paused_and_goes_on_where_it_was(
    opened: Callable[[int, str], Watched], console: Console
) -> None:
    watched = opened(1280, "light")
    page = watched.open("/console")
    page.get_by_text("Listening.").wait_for()
    console.cast["SG-NSW"].submit(certificate("SG-LIVE-1"), ["TH-NSW"])
    page.get_by_role("link", name="SG-LIVE-1").wait_for()
    page.get_by_role("button", name="Pause").click()
    console.cast["SG-NSW"].submit(certificate("SG-LIVE-2"), ["TH-NSW"])
    page.get_by_text("Paused. 1 waiting.").wait_for()
    assert page.get_by_role("link", name="SG-LIVE-2").count() == 0
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="SG-LIVE-2").wait_for()
    # A message is chosen without leaving the feed, and its address is that of the page with it.
    page.get_by_role("link", name="SG-LIVE-1").click()
    page.locator("#beside").get_by_role("link", name="The whole exchange").wait_for()
    assert "at=" in page.url and page.get_by_role("link", name="SG-LIVE-2").count() == 1
    page.context.set_offline(True)
    console.cast["SG-NSW"].submit(certificate("SG-LIVE-3"), ["TH-NSW"])
    page.context.set_offline(False)
    page.get_by_role("link", name="SG-LIVE-3").wait_for()
    assert page.get_by_role("link", name="SG-LIVE-1").count() == 1


def test_validate_judges_as_one_types_and_takes_what_is_dropped(
    opened: Callable[[int, str], Watched], console: Console
) -> None:
    watched = opened(390, "light")
    page = watched.open("/console/validate")
    page.get_by_label("Document").fill(EVIL_JSON.decode())
    page.get_by_text("Would be refused").wait_for()
    watched.fits()
    assert page.get_by_text("⟨U+202E⟩").count() > 0
    data = console.cast["SG-NSW"].get(console.document).data
    drop = page.evaluate_handle(
        "bytes => { const data = new DataTransfer();"
        "data.items.add(new File([Uint8Array.from(bytes)], 'case.xml')); return data; }",
        list(data),
    )
    page.dispatch_event("form[data-validate]", "drop", {"dataTransfer": drop})
    page.locator(".paper").wait_for()
    assert page.locator(".verdict").inner_text().startswith("Valid")
    assert "CertificateOfOrigin" in page.get_by_label("Document").input_value()
    watched.fits()


def test_everything_is_reached_by_keyboard(opened: Callable[[int, str], Watched], console: Console) -> None:
    watched = opened(1280, "dark")
    page = watched.open("/console")
    page.keyboard.press("/")
    page.keyboard.type(console.number)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).filter(has_text=console.number).wait_for()
    reached: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
    assert {"To the content", "Validate", "Bytes", "Timeline", "Verify"} <= reached
    assert any(each.startswith("The same as a table") for each in reached)
    page.get_by_role("link", name="Signatures").focus()
    page.keyboard.press("Enter")
    page.get_by_text("signs the document").wait_for()
    watched.fits()


@pytest.mark.long("console", sample=False)
def test_it_reads_without_a_script(browser: Any, console: Console) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(console.cast.url + "/console")
        page.get_by_role("link", name=console.number).first.click()
        page.get_by_role("link", name="The whole exchange").click()
        page.get_by_role("link", name="Timeline").click()
        assert page.get_by_text("TH-NSW says: queried").is_visible()
        page.goto(console.cast.url + "/console/validate")
        page.get_by_label("Document").fill("{}")
        page.get_by_role("button", name="Judge it").click()
        assert page.get_by_text("Would be refused").is_visible()
