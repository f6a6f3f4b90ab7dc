"""*Conformance* in a real browser: a suite is played from the page, followed to its end, and its reports are there.

Screenshots are kept where the variable TRADEBRIDGE_SCREENSHOTS says.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import html

from simulator.conformance.exchange import By, Exchange
from simulator.conformance.kept import Shelf, head_of
from simulator.conformance.runner import Action, Check, Result, Sentence, Word
from simulator.conformance.suites import suite as suite_of
from simulator.launch import Launched
from tests.browsing import chromium
from tests.console.hostile import LONG, MARKUP
from tests.console.test_browser import WAYS, Watched, _judged_by_axe

pytestmark = pytest.mark.timeout(120)
SHOTS = os.environ.get("TRADEBRIDGE_SCREENSHOTS", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def hostile(launched: Launched) -> str:
    """The page of a run against a system that says what should run in it, as a terminal might have kept it."""
    suite = suite_of("pull-only")
    said = f"{MARKUP}{LONG}"
    keeping = Shelf(launched.data_dir / "world" / "conformance").begin(head_of(suite, said, "EVIL", {"own": "EVIL"}))
    now = datetime.now(UTC)
    exchange = Exchange(By.KIT, "a call", "POST", "http://127.0.0.1:1/x", {}, said.encode(), 200, {}, said.encode(), 0)
    broken = Check(Sentence("a.key", "It holds.", "a source", True, "a cause", "a fix"), Word.FAIL, said, said, 0)
    for each in suite.scenarios:
        actions = (Action("A step.", (0,), (broken,)),)
        keeping.told(Result(each.name, each.role, each.title, Word.FAIL, said, actions, (exchange,), 0.1, now))
    return f"/console/conformance/{keeping.head.id}"


def test_what_a_system_said_is_shown_and_runs_nowhere(launched: Launched, hostile: str) -> None:
    for path in (hostile, "/console/conformance", f"{hostile}/report/index.html"):
        answer = httpx.get(f"{launched.hub_url}{path}", timeout=60)
        assert answer.status_code == 200 and MARKUP not in answer.text
        tree = html.fromstring(answer.content)
        assert MARKUP.partition(">")[0] in tree.text_content()
        assert not tree.xpath("//img | //iframe | //*[@onerror or @onload]")


@pytest.mark.long("console", sample=False)
def test_a_suite_is_played_from_the_page_and_followed_to_its_end(
    launched: Launched, browser: Any, hostile: str, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    context.set_default_timeout(40_000)
    watched = Watched(context.new_page(), launched.hub_url, 1280)
    page = watched.open("/console/conformance")
    page.get_by_label("Play").select_option("pull-only")
    page.get_by_role("button", name="Play").click()
    page.wait_for_url("**/console/conformance/*pull-only*")
    follows = page.locator("[data-follow]").count()
    page.get_by_text("Passed.", exact=True).wait_for()
    assert follows, "the page was not there while the run was on"
    assert page.locator("[data-scenarios] .state.ok").count() == page.locator("[data-scenarios] tr").count() > 5
    assert page.locator(".grid tbody tr").count() > 5
    with page.expect_download() as download:
        page.get_by_role("link", name="evidence.zip").click()
    assert (saved := Path(download.value.path())).read_bytes().startswith(b"PK")
    address = page.url.removeprefix(launched.hub_url)
    watched.fits(address)
    report = httpx.get(f"{launched.hub_url}{address}/report/index.html", timeout=60)
    assert "sandbox" in report.headers["content-security-policy"] and "test evidence" in report.text
    assert saved.exists()
    context.close()
    for width, scheme in WAYS[: scale(len(WAYS), 1)]:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        seen = Watched(context.new_page(), launched.hub_url, width)
        pages = {"conformance": "/console/conformance", "conformance-run": address, "conformance-hostile": hostile}
        for name, path in pages.items():
            opened = seen.open(path)
            if SHOTS:
                opened.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
            if scale(1, 0):
                _judged_by_axe(opened, f"{name} at {width}, {scheme}")
        context.close()


def test_what_the_kit_refuses_is_a_page_with_its_reason(launched: Launched) -> None:
    at = f"{launched.hub_url}/console/conformance"
    unknown = httpx.post(f"{at}/runs", data={"suite": "nothing", "system": "ours"}, timeout=30)
    assert unknown.status_code == 422 and "pull-only" in unknown.text
    assert httpx.get(f"{at}/no-such-run", timeout=30).status_code == 422
    assert httpx.get(f"{at}/no-such-run/report/kit.json", timeout=30).status_code == 404
    assert httpx.get(f"{at}/..%2F..%2Fstate/events", timeout=30).status_code in (404, 422)
