"""Signing in by keyboard in a real browser, and one's own page: both themes, phone and desk; axe judges all in full."""

import os
import time
from base64 import b32decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange.desk.generators import code_at
from tests.console.test_browser import WAYS, Watched, _judged_by_axe, browser, opened
from tests.exchange.cast import SEED
from tradebridge.evidence import simulation

__all__ = ["browser", "opened"]


@pytest.mark.long("console", sample=False)
def test_a_person_signs_in_sets_a_code_up_and_signs_out_by_keyboard(
    opened: Callable[[int, str], Watched], scale: Callable[[int, int], int]
) -> None:
    password = simulation.test_password(SEED)
    for width, scheme in WAYS[: scale(4, 1)]:
        watched = opened(width, scheme)
        page = watched.open("/console/sign-in")
        kept(page, "sign-in", width, scheme, scale)
        page.locator("#name").focus()
        typed = ["operator", "Tab", "not the password", "Tab", "Tab", "Enter"]
        for each in typed:
            page.keyboard.press(each) if each in ("Tab", "Enter") else page.keyboard.type(each)
        page.wait_for_selector("[role=alert]")
        watched.wrong = [each for each in watched.wrong if "403" not in each]  # as chromium tells of it
        kept(page, "sign-in-wrong", width, scheme, scale)
        assert page.locator("#name").input_value() == "operator" and page.locator("#password").input_value() == ""
        page.locator("#password").focus()
        page.keyboard.type(password)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console")
        page.get_by_role("link", name="Practice operator").press("Enter")
        page.wait_for_url("**/console/me")
        kept(page, "me", width, scheme, scale)
        own = b32decode(page.locator("p.digest").inner_text().replace(" ", ""))
        page.locator("#code").focus()
        page.keyboard.type(code_at(own, time.time()))
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=status]")
        kept(page, "me-with-code", width, scheme, scale)
        page.locator("#own").focus()
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Turn it on")
        page.get_by_role("button", name="Sign out").press("Enter")
        page.wait_for_url("**/console/sign-in")
        assert page.locator(".who").inner_text() == ""
        watched.fits("sign-out")


def kept(page: Any, name: str, width: int, scheme: str, scale: Callable[[int, int], int]) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    if scale(1, 0):
        _judged_by_axe(page, name)
    if folder := os.environ.get("TRADEBRIDGE_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
