"""The Desk in a real browser: a new officer's first minute, by keyboard; every page in both themes, on phone and desk.

Screenshots are kept where the variable TRADEBRIDGE_SCREENSHOTS says. What leaves the browser stays on this host.
"""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from exchange.console.may import RULES
from schemas.event import EventType, Reason
from tests.console.hostile import LONG, MARKUP, evil
from tests.console.test_browser import WAYS, Watched, _judged_by_axe, browser
from tests.desk.places import Desks, desks, linked
from tests.exchange.cast import event
from tradebridge.cli import root
from tradebridge.evidence.bundle import EXTENSION

__all__ = ["browser"]

MINUTE = 60.0
AT = "2026-01-05T10:00:00Z"
"""An hour after all that happens here."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    with desks(tmp_path_factory.mktemp("desks")) as running:
        yield running


@pytest.fixture(scope="module")
def opened(browser: Any, office: Desks) -> Iterator[Callable[[int, str], Watched]]:
    contexts: list[Any] = []

    def open_at(width: int, scheme: str, **options: Any) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        return Watched(context.new_page(), office.cast.url, width)

    yield open_at
    for context in contexts:
        context.close()


def sign_in(watched: Watched, person: str) -> Any:
    page = watched.open("/console/sign-in?next=/console/desk")
    page.get_by_role("button", name=person).click()
    page.get_by_role("heading", level=1).filter(has_text="My queue").wait_for()
    return page


def test_from_sign_in_to_a_signed_query_in_under_a_minute_and_anybody_can_check_it(
    opened: Callable[..., Watched], office: Desks, tmp_path: Path
) -> None:
    """A new officer, told nothing: signs in, sees what nobody has, opens what stands out, asks. Then the evidence is
    checked without the hub."""
    document = office.cast["SG-NSW"].submit(linked("SG-NEW-1"), ["TH-NSW"]).id
    office.submit("SG-NEW-2")
    began = time.monotonic()
    watched = opened(1280, "light")
    page = watched.open("/console/desk")  # who is not signed in is led to the sign-in
    page.get_by_role("button", name="officer.th-nsw").click()
    page.get_by_role("link", name="See what nobody has yet").click()
    line = page.get_by_role("row").filter(has_text="SG-NEW-1")
    line.get_by_text("Certificate and bill of lading name different vessels.").wait_for()
    line.get_by_role("link", name="SG-NEW-1").click()
    page.get_by_text("Ask the issuer").click()
    _judged_by_axe(page, "case")
    page.get_by_role("button", name="Sign and ask").click()
    page.get_by_role("status").filter(has_text="Asked: signed and sent.").wait_for()
    assert time.monotonic() - began < MINUTE
    watched.fits()
    entries = office.cast["SG-NSW"].timeline(document)["entries"]
    said = [each["said"] for each in entries if each["kind"] == "event"]
    assert [each["actor"]["person"] for each in said] == ["Practice officer, TH-NSW"]
    assert "Please explain or correct." in said[0]["body"]["questions"][0]["text"]
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Evidence bundle").click()
    file, trust = tmp_path / f"case{EXTENSION}", tmp_path / "trust.json"
    fetched.value.save_as(file)
    _checked_offline(office, file, trust)


def _checked_offline(office: Desks, file: Path, trust: Path) -> None:
    """As `tb verify --offline` answers: four times yes; and the query is in it."""
    trust.write_text(json.dumps(office.cast.operator.trust()), encoding="utf-8")
    out = io.StringIO()
    with redirect_stdout(out):
        code = root.run(["verify", str(file), "--trust", str(trust), "--offline", "--at", AT, "--json"])
    assert code == 0, out.getvalue()
    with zipfile.ZipFile(file) as archive:
        assert any(name.startswith("messages/001-event") for name in archive.namelist()), archive.namelist()


@pytest.mark.long("console", sample=False)
def test_the_desk_is_worked_by_keyboard_and_nothing_is_signed_by_a_letter(
    opened: Callable[..., Watched], office: Desks
) -> None:
    first, second = office.submit("SG-KEY-1"), office.submit("SG-KEY-2")
    watched = opened(1280, "dark")
    page = sign_in(watched, "colleague.th-nsw")
    page.get_by_role("link", name="Unassigned").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="SG-KEY-1").wait_for()
    names = page.locator("[data-case]").all_inner_texts()
    for _ in range(names.index("SG-KEY-1") + 1):
        page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).filter(has_text="SG-KEY-1").wait_for()
    page.keyboard.press("t")
    page.get_by_role("status").filter(has_text="It is yours now.").wait_for()
    page.keyboard.press("r")
    page.get_by_role("button", name="Sign and reject").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    page.keyboard.type("Who packed it?")  # its letters are no keys
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.textContent") == "Sign and accept"
    assert [each["kind"] for each in office.cast["TH-NSW"].timeline(first)["entries"]].count("event") == 0
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="Accepted: signed and sent.").wait_for()
    watched.fits()
    assert office.cast["TH-NSW"].summary(first)["recipients"]["TH-NSW"]["state"] == "accepted"
    assert office.cast["TH-NSW"].summary(second)["recipients"]["TH-NSW"]["state"] == "issued"


@pytest.fixture(scope="module")
def paths(office: Desks) -> dict[str, str]:
    """Every page by a name, with what is hostile in it."""
    hostile = office.cast["SG-NSW"].submit(evil("SG-EVIL-9"), ["TH-NSW"])
    reason = Reason(code="atiga.box", pointer="/items/0", text=f"{MARKUP}{LONG}")
    said = event(EventType.QUERIED, hostile.id, hostile.content_digest, "TH-NSW", reasons=(reason,), body={})
    office.cast["TH-NSW"].send_event(hostile.id, said)
    compared = office.cast["SG-NSW"].submit(linked("SG-SEEN-1"), ["TH-NSW"]).id
    return {
        "queue": "/console/desk?view=all",
        "queue-empty": "/console/desk",
        "case": f"/console/desk/c/{compared}",
        "case-hostile": f"/console/desk/c/{hostile.id}",
        "overview": "/console/desk/overview?since=2026-01-01",
        "practice": "/console/desk/practice",
        "audit": "/console/desk/audit",
        "found": "/console/desk/find?q=nothing",
    }


@pytest.mark.long("console", sample=False)
@pytest.mark.timeout(600)
def test_every_page_of_the_desk_is_whole_at_both_widths_in_both_themes(
    opened: Callable[..., Watched], paths: dict[str, str]
) -> None:
    kept = os.environ.get("TRADEBRIDGE_SCREENSHOTS")
    for width, scheme in WAYS:
        watched = opened(width, scheme)
        sign_in(watched, "supervisor.th-nsw")
        for name, path in paths.items():
            page = watched.open(path)
            assert page.locator("aside.strip").is_visible() and page.locator("h1").count() == 1
            if name == "case":
                for key in ("a", "r", "q"):
                    page.keyboard.press(key)
                watched.fits(path)
            _judged_by_axe(page, name)
            if kept:
                Path(kept).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=Path(kept) / f"desk-{name}-{width}-{scheme}.png", full_page=True)


@pytest.mark.long("console", sample=False)
def test_the_desk_works_without_a_script(opened: Callable[..., Watched], office: Desks) -> None:
    office.submit("SG-PLAIN-1")
    page = sign_in(opened(390, "light", java_script_enabled=False), "officer.th-nsw")
    page.get_by_role("link", name="See what nobody has yet").click()
    page.get_by_role("link", name="SG-PLAIN-1").click()
    page.get_by_text("Ask the issuer").click()
    page.get_by_label("Your question").fill("How many?")
    page.get_by_role("button", name="Sign and ask").click()
    assert page.get_by_text("Asked: signed and sent.").is_visible()


def test_every_page_of_the_desk_is_looked_at(paths: dict[str, str]) -> None:
    """A page that is added comes into `paths` as well."""
    routes = {path for method, path in RULES if method == "GET" and path.startswith("/console/desk")}
    files = {each for each in routes if each.endswith((".csv", ".xlsx", "/pdf", "/bundle", "/bytes", "/feed"))}
    seen = {each.partition("?")[0] for each in paths.values()}
    cases = {"/console/desk/c/{document_id}"}
    assert routes - files - cases == {each for each in seen if "/c/" not in each}


@pytest.mark.long("console", sample=False)
def test_case_and_overview_fit_in_thai_and_japanese(opened: Callable[..., Watched], office: Desks) -> None:
    """On a phone and on a desk, with the question open: words of other lengths, and of no spaces, overflow nothing."""
    document = office.cast["SG-NSW"].submit(linked("SG-SPOKEN-1"), ["TH-NSW"]).id
    kept = os.environ.get("TRADEBRIDGE_SCREENSHOTS")
    for width in (390, 1280):
        watched = opened(width, "light")
        sign_in(watched, "officer.th-nsw")
        for language, shipment in (("th", "เป็นสินค้าเที่ยวนี้หรือไม่"), ("ja", "この貨物か")):
            for name in (f"c/{document}", "overview"):
                page = watched.open(f"/console/desk/{name}?lang={language}")
                assert page.evaluate("document.documentElement.lang") == language
                if name != "overview":
                    page.keyboard.press("q")
                    assert shipment in page.locator("#compared h2").inner_text()
                    watched.fits(name)
                if kept:
                    path = Path(kept) / f"desk-{name.partition('/')[0]}-{language}-{width}.png"
                    page.screenshot(path=path, full_page=True)
