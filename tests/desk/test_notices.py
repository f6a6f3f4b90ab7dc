"""A new case is announced: over the desk's own feed, in the title, and by a notice that was allowed by a click."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exchange.console import may
from exchange.console.notices import case_in
from tests.console.test_browser import Watched, browser
from tests.desk.places import Desks
from tests.desk.test_browser import office, opened, sign_in
from tests.exchange.cast import FORM_D, TRANSPORT_DOCUMENT
from tests.waiting import until

__all__ = ["browser", "office", "opened"]

NOTICES = """
globalThis.asked = 0; globalThis.shown = [];
globalThis.Notification = class {
  static permission = "default";
  static async requestPermission() { asked += 1; this.permission = "granted"; }
  constructor(title, options) { shown.push([title, options.body]); }
};
"""


def entry(**changes: Any) -> str:
    told = {"document": "doc_1", "profile": FORM_D, "number": "SG-1", "sender": "SG-NSW", "recipients": ["TH-NSW"]}
    return json.dumps(told | changes)


def test_only_a_case_of_this_desk_is_announced() -> None:
    said = case_in("document.accepted", entry(more="x"), "TH-NSW")
    assert json.loads(said or "") == {"document": "doc_1", "number": "SG-1", "sender": "SG-NSW"}
    assert case_in("document.accepted", entry(number=None), "TH-NSW") is not None
    assert case_in("document.accepted", entry(), "SG-NSW") is None  # its own
    assert case_in("document.accepted", entry(profile=TRANSPORT_DOCUMENT), "TH-NSW") is None
    assert case_in("event.accepted", entry(), "TH-NSW") is None and case_in("", "", "TH-NSW") is None


def test_to_listen_is_no_use_of_a_session() -> None:
    by_itself = {path for (_, path), rule in may.RULES.items() if rule.by_itself}
    assert by_itself == {"/console/feed", "/console/desk/feed"}


def events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    kind = ""
    for line in lines:
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data:"):
            yield kind, line[5:].strip()


def test_the_feed_of_a_desk_tells_its_cases_and_goes_on_where_it_was(office: Desks) -> None:
    officer = office.of("officer.th-nsw")
    before = office.submit("SG-NOTE-0")
    with officer.stream("GET", "/console/desk/feed") as stream:
        office.submit("SG-NOTE-1", to="VN-NSW")
        document = office.submit("SG-NOTE-2")
        told = (json.loads(data) for kind, data in events(stream.iter_lines()) if kind == "case")
        first = next(told)
        if first["document"] == before:  # it got its place in the feed only now
            first = next(told)
        assert first == {"document": document, "number": "SG-NOTE-2", "sender": "SG-NSW"}
    with officer.stream("GET", "/console/desk/feed", headers={"Last-Event-ID": "-1"}) as stream:
        cases = (json.loads(data)["number"] for kind, data in events(stream.iter_lines()) if kind == "case")
        assert next(each for each in cases if each.startswith("SG-NOTE")) == "SG-NOTE-0"


@pytest.mark.long("console")
def test_the_title_counts_and_the_browser_is_asked_by_a_click_only(
    opened: Callable[..., Watched], office: Desks
) -> None:
    watched = opened(390, "light")
    watched.page.add_init_script(NOTICES)
    page = sign_in(watched, "officer.th-nsw")
    button = page.get_by_role("button", name="Tell me of new cases")
    button.wait_for()
    office.submit("SG-NOTE-3")
    until(lambda: page.title().startswith("(1) "))
    assert page.evaluate("[asked, shown.length]") == [0, 0]  # nobody was asked, and nothing was shown
    button.click()
    button.wait_for(state="hidden")
    office.submit("SG-NOTE-4")
    until(lambda: page.title().startswith("(2) "))
    assert page.evaluate("[asked, shown]") == [1, [["SG-NOTE-4", "SG-NSW"]]]
    watched.fits()
