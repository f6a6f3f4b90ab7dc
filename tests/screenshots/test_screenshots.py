"""The pictures of the docs: each is of a page that is there, small, and shown somewhere; taken anew when asked for."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Match

from exchange.api import verify_page
from exchange.console.pages import router
from tests.browsing import chromium
from tests.docs.blocks import PAGES
from tests.screenshots import desk
from tests.screenshots.pictures import (
    CLOCK,
    DESK_PICTURES,
    FOLDER,
    MOST_BYTES,
    PICTURES,
    SCENARIO,
    SEED,
    DeskPicture,
    Picture,
    keep,
)

NAMES = {each.name for each in (*PICTURES, *DESK_PICTURES)}
SHOWN = re.compile(r"!\[[^\]]+\]\((?P<path>[^)\s]*screenshots/[^)\s]+)\)")


def test_each_picture_is_there_and_small() -> None:
    """Run `make screenshots` after a change in the table."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.png" for name in NAMES}
    for path in FOLDER.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG\r\n"), path.name
        assert path.stat().st_size <= MOST_BYTES, path.name


def test_what_docs_show_is_there_and_the_readme_shows_some() -> None:
    shown = {
        page.relative_to(FOLDER.parents[1]).as_posix(): [
            (page.parent / found["path"]).resolve() for found in SHOWN.finditer(page.read_text(encoding="utf-8"))
        ]
        for page in PAGES
    }
    known = {FOLDER / f"{name}.png" for name in NAMES}
    assert {path for paths in shown.values() for path in paths} <= known
    assert 2 <= len(shown["README.md"]) <= 4


@pytest.mark.parametrize("picture", [*PICTURES, *DESK_PICTURES], ids=lambda picture: picture.name)
def test_a_picture_is_of_a_page_that_is_there(picture: Picture | DeskPicture) -> None:
    path = re.sub(r"\{[^}]+\}", "doc_1", picture.path).partition("#")[0].partition("?")[0]
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    routes = [*router.routes, *verify_page.router.routes]
    assert any(route.matches(dict(scope))[0] is Match.FULL for route in routes), path


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of the hub of a world that has played, for `--screenshots`."""
    if not request.config.getoption("--screenshots"):
        pytest.skip("takes pictures only with --screenshots: make screenshots")
    own = ["--scenario", SCENARIO, "--seed", SEED, "--clock", CLOCK, "--data", str(tmp_path), "--port", "0", "--json"]
    with up(own) as url:
        yield url


@contextmanager
def up(options: Sequence[str]) -> Iterator[str]:
    """The address of the hub of a world that `tb up` started."""
    command = [sys.executable, "-m", "tradebridge.cli", "up", *options]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert started.stdout is not None
        yield str(json.loads(started.stdout.readline())["hub"]["url"])
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(30)


@pytest.mark.timeout(600)
def test_the_pictures_are_taken(world: str, tmp_path: Path) -> None:
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser, httpx.Client(base_url=world, timeout=30) as pages:
        _settled(pages)
        for picture in PICTURES:
            _take(browser, pages, picture, tmp_path)
    for path in FOLDER.iterdir():
        if path.stem not in NAMES:
            path.unlink()


@pytest.mark.timeout(600)
def test_the_pictures_of_the_desk_are_taken(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if not request.config.getoption("--screenshots"):
        pytest.skip("takes pictures only with --screenshots: make screenshots")
    options = ["--desk", "th", "--seed", SEED, "--clock", CLOCK, "--data", str(tmp_path), "--port", "0", "--json"]
    FOLDER.mkdir(exist_ok=True)
    with up(options) as world, chromium() as browser:
        desk.fill(world)
        for picture in DESK_PICTURES:
            size = {"width": picture.width, "height": picture.height}
            with browser.new_context(viewport=size) as context:
                keep(desk.picture_of(context.new_page(), world, picture), FOLDER / f"{picture.name}.png")


def _settled(pages: httpx.Client) -> None:
    """Until the witnesses have cosigned what the world did."""
    number = next(each.file for each in PICTURES if each.file)
    deadline = time.monotonic() + 60
    while "could-not-check" in pages.get(f"/console/d/{_id_of(pages, number)}").text:
        assert time.monotonic() < deadline, "the witnesses never cosigned it"
        time.sleep(0.5)


def _take(browser: Any, pages: httpx.Client, picture: Picture, folder: Path) -> None:
    size = {"width": picture.width, "height": picture.height}
    path = re.sub(r"\{([^}]+)\}", lambda found: _id_of(pages, found[1]), picture.path)
    with browser.new_context(viewport=size, color_scheme=picture.scheme) as context:
        page = context.new_page()
        page.goto(str(pages.base_url.join(path)))
        if picture.file:
            file = folder / "document.xml"
            file.write_bytes(pages.get(f"/console/d/{_id_of(pages, picture.file)}/bytes").content)
            page.set_input_files("input[type=file]", file)
            page.locator("form[data-file] button").click()
            page.locator(".answers").wait_for()
        page.wait_for_load_state("load")
        keep(page.screenshot(), FOLDER / f"{picture.name}.png")


def _id_of(pages: httpx.Client, number: str) -> str:
    found = pages.get("/console/search", params={"q": number})
    assert found.status_code == 303, number
    return found.headers["location"].rpartition("/")[2]
