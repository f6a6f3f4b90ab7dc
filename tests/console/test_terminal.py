"""Every action of the console says what does the same from a terminal: over the routes, and over the templates."""

import re
import shlex
from pathlib import Path

import pytest

import exchange.console
import simulator
from exchange.api.described import CALLS
from exchange.console import may, terminal
from exchange.console.terminal import ACTIONS, PERSONAL, row_of, same_as_forms, with_same
from tests.console.test_pages import is_a_command

TEMPLATES = sorted((Path(exchange.console.__file__).parent / "templates").glob("*.html"))
PLANE = [path.read_text() for path in Path(simulator.__file__).parent.glob("*control.py")]
FACTS = dict.fromkeys(("base", "key", "world", "member", "sender", "recipient"), "X")
KNOWN_NONE = {f"/console/desk/c/{{document}}/{name}" for name in ("decline", "take", "give", "note")} | {
    "/console/desk/practice"
}
"""Of the Desk's own: no call of the hub does it, and the page says nothing of a terminal."""


def action_of(written: str) -> str:
    """The address of a form in a template, with something in the place of what it is given."""
    known = {"at": "/console", "here_is": "/console/desk/c/doc_x"}
    return re.sub(r"\{\{ *(.+?) *\}\}", lambda found: known.get(found[1], "x"), written)


def actions() -> list[tuple[str, str]]:
    found = [
        (path.name, action_of(each))
        for path in TEMPLATES
        for each in re.findall(r"<form\b[^>]*\bmethod=\"post\"[^>]*?\baction=\"(.+?)\"", path.read_text())
    ]
    assert len(found) > 30
    return [(name, each) for name, each in found if not each.startswith(PERSONAL)]


def is_a_call(line: str) -> bool:
    """The hub has such a call, or the control plane of a world has."""
    words = shlex.split(line)
    method = words[words.index("-X") + 1] if "-X" in words else "POST"
    path = words[-1].removeprefix("X")
    if path.startswith("/_sim/v1"):
        asked = re.sub("some-id", "[^/]+", path.replace(".", r"\."))
        return any(re.search(rf'@app\.{method.lower()}\("{asked}"', text) for text in PLANE)
    known = {re.sub(r"\{[a-z_]+\}", "some-id", each) for each in CALLS}
    return f"{method} {path}" in known


def test_every_form_of_every_template_has_its_row() -> None:
    assert [each for each in actions() if row_of(each[1]) is None] == []


def test_every_form_is_written_as_the_page_looks_for_it() -> None:
    for path in TEMPLATES:
        posts = re.findall(r"<form\b[^>]*?method=.?post[^>]*", path.read_text(), re.IGNORECASE)
        assert [each for each in posts if not each.startswith('<form method="post" action="')] == [], path.name


def test_every_route_that_does_something_has_a_row_and_no_row_is_of_none() -> None:
    routes = [
        re.sub(r"_id\}", "}", path)
        for method, path in may.RULES
        if method == "POST" and not path.startswith((*PERSONAL, "/console/me"))
    ]
    open_ended = [each for each in routes if each.endswith("/{what}")]
    assert sorted(open_ended) == ["/console/faults/{what}", "/console/try/{what}"]
    assert set(routes) - set(open_ended) <= set(ACTIONS)
    bases = tuple(each.removesuffix("{what}") for each in open_ended)
    assert {each for each in ACTIONS if not each.startswith(bases)} == set(routes) - set(open_ended)


@pytest.mark.parametrize("path", ACTIONS)
def test_a_row_has_a_command_and_a_call_or_says_why_not(path: str) -> None:
    row = ACTIONS[path]
    assert (bool(row.none), bool(row.cli), bool(row.api)) in ((True, False, False), (False, True, True))
    assert bool(row.none) == (path in KNOWN_NONE)
    found = row_of(re.sub(r"\{[a-z]+\}", "some-id", path))
    assert found is not None and found[0] is row
    for line in (*row.cli, *row.api):
        made = line.format(**{**FACTS, **found[1]})
        if line in row.cli:
            is_a_command(made)
        else:
            assert is_a_call(made), made
        assert "{" not in made.replace('{"', "") and ("some-id" in made or "{" not in path or "{member}" in line)


def test_a_page_gets_what_it_does_not_show_once_for_each_action() -> None:
    page = (
        '<main><form method="post" action="/s/a/console/deliveries/dlv_1/resend"></form>'
        '<form method="post" action="/s/a/console/deliveries/dlv_2/resend"></form>'
        '<form method="post" action="/s/a/console/webhooks/whk_&lt;/enable"></form>'
        "<pre>tb delivery resend dlv_1</pre><aside></aside></main><aside>other</aside>"
    )
    commands, calls = same_as_forms(page, "/s/a", FACTS)
    assert commands == ["tb webhook enable whk_<"]
    assert calls[0] == 'curl -X POST -H "Authorization: Bearer X" X/v1/deliveries/dlv_1:resend' and len(calls) == 2
    assert same_as_forms("<main></main>", "", FACTS) == ([], [])
    assert with_same("<main><p></p></main>", "<b>") == "<main><p></p><b></main>"
    assert with_same("<aside>x</aside><main><aside></aside></main>", "<b>").endswith("<aside><b></aside></main>")
    assert with_same("<main></main>", "") == "<main></main>"
    assert terminal.row_of("/console/deliveries/a/b/resend") is None
