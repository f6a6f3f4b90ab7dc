"""Pages hang together: no link leads nowhere, every page can be reached, and what a page names is there."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks_of

README = ROOT / "README.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w/]+\.py): (\w+)`")
FENCE = re.compile(r"^```([a-z]*)$", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links_of(page: Path) -> list[str]:
    """Relative links, without what is inside fenced blocks; addresses elsewhere are not ours to check."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def target_of(page: Path, link: str) -> Path:
    return (page.parent / link.partition("#")[0]).resolve() if not link.startswith("#") else page


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_link_leads_nowhere(page: Path) -> None:
    assert [link for link in links_of(page) if not target_of(page, link).is_file()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = {README}, [README]
    while todo:
        page = todo.pop()
        for target in (target_of(page, link) for link in links_of(page)):
            if target.suffix == ".md" and target not in reached:
                reached.add(target)
                todo.append(target)
    assert [name_of(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_says_of_a_file_is_in_it(page: Path) -> None:
    for path, name in NAMED.findall(page.read_text(encoding="utf-8")):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^ *(?:async )?(?:def|class) {name}\b|^{name}\b", source, re.MULTILINE), f"{path}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_command_on_a_page_is_marked_as_one_and_so_is_run(page: Path) -> None:
    if page.parent.name == "reference":  # helps and forms, made from the code
        return
    opening = FENCE.findall(page.read_text(encoding="utf-8"))[::2]
    assert set(opening) <= {"bash", "python", "text"}
    assert list(blocks_of(page)) or not opening


def test_container_commands_are_those_that_the_container_files_name() -> None:
    """They are run nowhere: no engine was at hand. So they stand in one place, and pages repeat it."""
    told = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "compose.yaml"))
    shown = [
        line
        for page in PAGES
        for block in blocks_of(page)
        if block.mark == "container"
        for line in block.text.splitlines()
    ]
    assert shown
    assert [line for line in shown if f"#   {line}\n" not in told] == []
