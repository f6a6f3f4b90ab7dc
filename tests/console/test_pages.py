"""The pages of the console as they come from the hub: what they tell, without a script; who may see them; search."""

import html
import re
import shlex
from pathlib import Path

import click
import httpx
import pytest

from exchange.console import search
from tests.console.conftest import Console
from tests.exchange.cast import SEED
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key


def text_of(page: httpx.Response) -> str:
    """What a person reads: without tags, entities resolved, spaces as one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


# --- the frame -------------------------------------------------------------------------------------------------------


def test_every_page_has_the_frame_and_allows_no_inline_script_or_style(console: Console) -> None:
    for path in ("/console", "/console/validate?example=mistakes", f"/console/d/{console.document}", "/console/search"):
        page = console.pages.get(path)
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert '<aside class="strip" aria-label="Simulation">' in page.text
        assert '<form class="search" role="search"' in page.text and "2026-01-05 09:00 UTC, frozen" in page.text
        assert not re.search(r"<style| style=| on[a-z]+=|<script(?![^>]* src=)", page.text)


def test_the_root_leads_to_the_console(console: Console) -> None:
    assert console.pages.get("/").headers["location"] == "/console"


def test_files_have_their_digest_in_the_address_and_may_be_kept(console: Console) -> None:
    page = console.pages.get("/console").text
    files = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert {each.partition("?")[0].rpartition("/")[2] for each in files} >= {"look.css", "console.css", "htmx.min.js"}
    for each in files:
        assert re.search(r"\?v=[0-9a-f]{12}$", each)
        got = console.pages.get(each)
        assert got.status_code == 200 and "immutable" in got.headers["cache-control"]
    assert console.pages.get("/assets/pages.py").status_code == 404
    shared = console.pages.get("/verify/assets/look.css")
    assert shared.content == console.pages.get("/assets/look.css").content


def test_without_a_simulation_the_console_is_closed(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path, seed="", clock=None) as running:
        for path in ("/console", "/console/d/x", "/console/feed", "/console/members", "/console/rules"):
            page = httpx.get(running.url + path)
            assert page.status_code == 303 and page.headers["location"].startswith("/console/sign-in?next=")
            assert not page.text
        for path in ("/console/try/certificate", "/console/faults/on", "/console/validate"):
            page = httpx.post(running.url + path)
            assert page.status_code == 403
            assert "console.closed" in page.text and "SIMULATION" not in page.text
        asked = httpx.get(running.url + "/console", follow_redirects=True).text
        assert "Sign in" in asked and "practice" not in asked and "SIMULATION" not in asked


def test_another_site_cannot_make_the_console_do_something(console: Console) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        page = console.pages.post("/console/try/certificate", headers=headers)
        assert (page.status_code, "console.other-site" in page.text) == (403, True)
    own = {"Origin": str(console.pages.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert console.pages.post("/console/try/nothing", headers=own).status_code == 404


def test_what_is_wrong_with_an_address_is_a_page_that_says_so(console: Console) -> None:
    for path, status, code in (
        ("/console/d/doc_nobody", 404, "access.not-yours"),
        ("/console/r/ref_nobody", 404, "access.not-yours"),
        (f"/console/d/{console.document}?tab=secrets", 400, "request.malformed"),
        ("/console?show=all", 400, "request.malformed"),
        ("/console?member=nobody", 400, "request.malformed"),
        ("/console/feed?member=nobody", 400, "request.malformed"),
        ("/console?before=-1", 400, "request.malformed"),
        ("/console/validate?example=none", 404, "request.not-found"),
    ):
        page = console.pages.get(path)
        assert (page.status_code, code in page.text) == (status, True), path
        assert 'class="findings"' in page.text


def test_a_space_has_its_own_pages(console: Console) -> None:
    key = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
    assert console.pages.post("/v1/spaces", json={"name": "apart"}, headers=key).status_code == 201
    page = console.pages.get("/s/apart/console").text
    assert 'href="/s/apart/console/validate"' in page and "space apart" in page
    assert console.number not in page
    assert console.pages.get(f"/s/apart/console/d/{console.document}").status_code == 404


# --- Live ------------------------------------------------------------------------------------------------------------


def test_the_feed_is_read_without_a_script(console: Console) -> None:
    page = console.pages.get("/console")
    read = text_of(page)
    assert "submitted SG-C-1 SG-NSW → TH-NSW" in read and "queried SG-C-1 TH-NSW" in read
    position = re.search(
        r'data-position="(\d+)">\s*<td[^>]*>[^<]*</td>\s*<td class="what"><span class="state bad">', page.text
    )
    assert position is not None
    beside = console.pages.get(f"/console?at={position[1]}").text
    assert f"/console/r/{console.refusal}" in beside and "certificate.unknown-member" in beside


def test_filters_stand_in_the_address_and_go_on(console: Console) -> None:
    page = console.pages.get("/console?show=refusals&member=SG-NSW").text
    assert console.number not in page and "certificate.unknown-member" in page
    assert 'data-feed="/console/feed?show=refusals&amp;member=SG-NSW"' in page
    nothing = console.pages.get("/console?member=VN-NSW&show=titles").text
    assert "Nothing of that" in nothing


def test_the_feed_is_paged_by_position(console: Console) -> None:
    every = re.findall(r'data-position="(\d+)"', console.pages.get("/console").text)
    older = re.findall(r'data-position="(\d+)"', console.pages.get(f"/console?before={every[1]}").text)
    assert older == every[2:]


def test_rows_come_by_server_sent_events_from_where_one_was(console: Console) -> None:
    first = console.pages.get("/console")
    after = int(re.findall(r'data-after="(-?\d+)"', first.text)[0])
    with console.pages.stream("GET", f"/console/feed?after={after - 2}") as stream:
        rows = []
        for line in stream.iter_lines():
            rows.append(line)
            if line == f"id: {after}":
                break
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert [line for line in rows if line.startswith("id: ")] == [f"id: {after - 1}", f"id: {after}"]
    assert sum(line.startswith('data: <tr data-position="') for line in rows) == 1  # of the first, read whole
    with console.pages.stream("GET", f"/console/feed?after={after + 50}") as stream:
        assert "event: again" in list(stream.iter_lines())


def test_an_empty_exchange_offers_what_makes_something_happen(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        alone = httpx.post(f"{running.url}/console/try/certificate")
        assert (alone.status_code, "console.nobody-to-send" in alone.text) == (409, True)
        running.join()
        page = httpx.get(f"{running.url}/console").text
        assert re.findall(r'action="/console/try/(\w+)"><button>', page) == ["certificate", "mistakes", "trade"]
        assert "Nothing has been exchanged yet" in page
        assert httpx.post(f"{running.url}/console/try/certificate").status_code == 303
        assert "submitted" in httpx.get(f"{running.url}/console").text
        without = httpx.post(f"{running.url}/console/try/trade")
        assert (without.status_code, "console.world-away" in without.text) == (503, True)


# --- Exchange --------------------------------------------------------------------------------------------------------


def test_an_exchange_tells_both_tracks_all_steps_and_the_four_answers(console: Console) -> None:
    page = console.pages.get(f"/console/d/{console.document}")
    read = text_of(page)
    assert "SG-C-1 · ATIGA certificate of origin, Form D (2022) · SG-NSW → TH-NSW" in read
    assert "Delivered submitted validated receipt signed" in read and "Decided queried" in read
    assert page.text.count('<svg class="sequence"') == 1
    for step in ("certificate, ", "receipt", "queried: Box 8 is not legible."):
        assert step in read
    assert re.findall(r'<dt class="([a-z-]+)">', page.text) == ["yes"] * 4
    assert f"tb get {console.document} --as checks" in page.text
    assert f"/v1/documents/{console.document}/checks" in page.text


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("bytes", "CertificateOfOrigin"),
        ("signatures", "SG-NSW</b> signs the document"),
        ("timeline", "TH-NSW says: queried"),
        ("findings", "Nothing was found"),
    ],
)
def test_a_tab_has_an_address(console: Console, tab: str, shown: str) -> None:
    assert shown in console.pages.get(f"/console/d/{console.document}?tab={tab}").text


def test_signatures_stand_on_one_axis_with_their_path_and_the_way_to_the_root(console: Console) -> None:
    page = console.pages.get(f"/console/d/{console.document}?tab=signatures")
    read = text_of(page)
    assert "Tradebridge test root → SG-NSW SG-NSW#" in read and "2020-01-01" in read
    bars = re.findall(r'<svg class="validity".*?</svg>', page.text)
    assert len(bars) >= 3 and all('class="signed"' in bar and 'class="now"' in bar for bar in bars)
    assert page.text.count('<svg class="tree"') == 1 and "The document is leaf " in read
    assert page.text.count('class="signatures"') == 1


def test_the_bytes_are_given_as_received_and_as_a_file(console: Console) -> None:
    got = console.pages.get(f"/console/d/{console.document}/bytes")
    assert got.content == console.cast["SG-NSW"].get(console.document).data
    assert got.headers["content-disposition"] == 'attachment; filename="SG-C-1.xml"'


def test_who_looks_at_a_document_is_on_the_record(console: Console) -> None:
    console.pages.get(f"/console/d/{console.document}")
    record = b"".join(console.cast.operator.audit_export())
    assert b"Workbench (not signed in)" in record and b"exchange" in record


def test_a_refused_message_tells_all_that_was_wrong(console: Console) -> None:
    page = console.pages.get(f"/console/r/{console.refusal}")
    read = text_of(page)
    assert page.status_code == 200
    for code in ("certificate.unknown-member", "atiga.rvc-below-threshold"):
        assert code in read
    assert "refused: " in read


# --- the other pages -------------------------------------------------------------------------------------------------


def test_paper_and_data_point_at_each_other(console: Console) -> None:
    page = console.pages.get(f"/console/d/{console.document}/paper")
    assert re.search(r'id="box-1" data-box="1"', page.text) and re.search(
        r'<tr data-box="1"><td><a href="#box-1">', page.text
    )
    assert "Signed electronically by SG-NSW" in page.text
    boxes = set(re.findall(r'href="#(box-[^"]+)"', page.text))
    assert boxes and all(f'id="{each}"' in page.text for each in boxes)
    assert console.pages.get(f"/console/d/{console.document}/paper?page=2").status_code == 404


def test_files_of_a_document_are_files(console: Console) -> None:
    bundle = console.pages.get(f"/console/d/{console.document}/bundle")
    assert bundle.headers["content-disposition"] == 'attachment; filename="SG-C-1.asice"'
    assert bundle.content.startswith(b"PK")
    pdf = console.pages.get(f"/console/d/{console.document}/pdf")
    assert pdf.status_code in (200, 406)  # 406: without the extra [pdf]
    assert console.pages.get(f"/console/d/{console.document}/chain").status_code == 404


def test_deliveries_are_listed_by_state_and_paged(console: Console) -> None:
    page = console.pages.get("/console/deliveries").text
    assert f'href="/console/d/{console.document}">SG-C-1</a>' in page
    assert "Nothing is dead" in console.pages.get("/console/deliveries?state=dead").text
    assert console.pages.get("/console/deliveries?state=lost").status_code == 400
    assert console.pages.get("/console/deliveries?cursor=x").status_code == 400
    unknown = console.pages.post("/console/deliveries/dlv_none/resend")
    assert (unknown.status_code, "delivery.unknown" in unknown.text) == (404, True)


def test_a_member_has_its_keys_with_their_time(console: Console) -> None:
    page = console.pages.get("/console/members/TH-NSW").text
    assert page.count('<svg class="validity"') == 3 and "TH-NSW#" in page
    assert 'href="/console/members/TH-NSW"' in console.pages.get("/console/members").text
    assert console.pages.get("/console/members/XX-NSW").status_code == 404


def test_the_log_draws_the_proof_of_a_leaf(console: Console) -> None:
    page = console.pages.get("/console/log?leaf=3")
    assert '<svg class="tree"' in page.text and "Leaf 3 in the tree of" in page.text
    assert console.pages.get("/console/log?leaf=9999999").status_code == 400
    assert "tradebridge.simulation" in console.pages.get("/console/log").text


def test_the_map_and_its_table_count_the_same(console: Console) -> None:
    page = console.pages.get("/console/map").text
    found = re.search(r">SG-NSW</text><text [^>]*>(\d+) sent · (\d+) got</text>", page)
    row = re.search(r"<a [^>]*>SG-NSW</a></th>(.*?)</tr>", page, re.DOTALL)
    assert found is not None and row is not None
    sent, refused, _, got, *_ = re.findall(r'<td data-label="[^"]+">(\d+)</td>', row[1])
    assert (sent, got) == found.groups() and int(sent) >= 1 and int(refused) >= 1
    assert page.count('<path class="line warn"') == 1


def test_health_says_that_it_is_ready(console: Console) -> None:
    assert "Ready" in text_of(console.pages.get("/console/health"))


def test_without_a_world_faults_say_so(console: Console) -> None:
    page = console.pages.get("/console/faults")
    assert (page.status_code, "this hub runs without a world" in page.text) == (200, True)
    switched = console.pages.post("/console/faults/clear")
    assert (switched.status_code, "console.world-away" in switched.text) == (503, True)
    page = console.pages.get("/console/conformance")
    assert (page.status_code, "this hub runs without a world" in page.text) == (200, True)
    for path in ("/x", "/x/events", "/x/report/index.html"):
        away = console.pages.get(f"/console/conformance{path}")
        assert (away.status_code, "console.world-away" in away.text) == (503, True)


def test_a_code_has_a_page_and_a_sample_that_breaks_it(console: Console) -> None:
    assert "atiga.rvc-below-threshold" in console.pages.get("/console/rules").text
    assert "Article 28(1), ATIGA" in text_of(console.pages.get("/console/rules/atiga.rvc-below-threshold"))
    sample = text_of(console.pages.get("/console/validate?rule=atiga.rvc-below-threshold"))
    assert "atiga.rvc-below-threshold" in sample and "Would be refused" in sample
    for path in ("/console/rules/no.such", "/console/validate?rule=console.closed"):
        assert console.pages.get(path).status_code == 404


PLACES = (
    *(
        "/console",
        "/console/validate",
        "/console/search?q=SG",
        "/console/deliveries",
        "/console/faults",
        "/console/conformance",
        "/console/log",
    ),
    "/console/map",
    *("/console/members", "/console/members/TH-NSW", "/console/health", "/console/rules"),
    *("/console/rules/atiga.rvc-below-threshold", "/console/d/{document}", "/console/d/{document}?tab=timeline"),
    *("/console/d/{document}/paper", "/console/d/{document}/versions", "/console/r/{refusal}"),
)


def is_a_command(line: str) -> None:
    """Such a command of `tb` exists, with these options."""
    from tradebridge.cli.root import root

    words = shlex.split(line)
    assert words[0] == "tb"
    context, command, rest = click.Context(root), root, words[1:]
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, line
        command, rest = found, rest[1:]  # type: ignore[assignment]  # a group has groups and commands
    command.make_parser(click.Context(command)).parse_args(rest)


def test_what_a_page_says_for_the_terminal_is_there(console: Console) -> None:
    """Each command of `tb` exists with its options; each call that only reads is answered."""
    commands: set[str] = set()
    calls: set[str] = set()
    for place in PLACES:
        page = console.pages.get(place.format(document=console.document, refusal=console.refusal)).text
        for label, text in re.findall(
            r'<pre tabindex="0" aria-label="(Command|API call)">(.*?)</pre>', page, re.DOTALL
        ):
            (commands if label == "Command" else calls).update(html.unescape(text).splitlines())
    assert len(commands) > 10 and len(calls) > 10
    for line in commands:
        is_a_command(line)
    for line in calls:
        words = shlex.split(line)
        url = next(word for word in words if "://" in word or word.startswith("WORLD"))
        if "-X" in words or "@FILE" in words or "-N" in words:
            continue
        given = dict(each.split(": ") for each in words if ": " in each)
        assert console.pages.get(url, headers=given).status_code == 200, line


# --- search ----------------------------------------------------------------------------------------------------------


def test_what_an_index_answers_is_found_among_all_and_leads_there(console: Console) -> None:
    for sought in (console.number, console.document, console.digest, console.digest.upper(), f" {console.number} "):
        found = console.pages.get("/console/search", params={"q": sought})
        assert (found.status_code, found.headers.get("location")) == (303, f"/console/d/{console.document}"), sought


def test_party_vessel_and_code_are_found_among_the_newest(console: Console) -> None:
    for sought in ("example orchid", "EXAMPLE ORCHID", "C-1", "SG-NSW"):
        found = console.pages.get("/console/search", params={"q": sought})
        assert f"/console/d/{console.document}" in found.text, sought
        assert f"newest {search.SKIMMED} documents" in found.text
    assert "0 documents" in text_of(console.pages.get("/console/search", params={"q": "nobody knows"}))
    assert console.pages.get("/console/search", params={"q": "\x00"}).status_code == 200


# --- Validate --------------------------------------------------------------------------------------------------------


def test_findings_come_in_groups_with_their_places_marked(console: Console) -> None:
    page = console.pages.get("/console/validate?example=mistakes")
    read = text_of(page)
    assert "Would be refused: 2 errors" in read
    assert "What refuses it: 2" in read and "About the signature: 1" in read
    assert re.search(r"<mark>&#34;percentage&#34;: &#34;32&#34;</mark>", page.text)
    assert re.search(r'<td class="bad" data-box="8">', page.text)


def test_a_script_gets_the_part_that_changes(console: Console) -> None:
    part = console.pages.post("/console/validate", content=b'{"profile": 1}').text
    assert part.lstrip().startswith('<section id="judged"') and "<html" not in part
    assert "as soon as there is something" in console.pages.post("/console/validate", content=b" ").text


def test_a_form_gives_the_same_by_text_or_by_file(console: Console) -> None:
    data = console.cast["SG-NSW"].get(console.document).data
    by_file = console.pages.post("/console/validate", files={"file": ("x.xml", data)}, data={"text": ""})
    by_text = console.pages.post("/console/validate", files={"file": ("", b"")}, data={"text": data.decode()})
    for page in (by_file, by_text):
        assert "Valid" in text_of(page) and "SG-C-1" in page.text


def test_whatever_a_document_is_it_is_judged_and_drawn_as_far_as_it_can_be_read(console: Console) -> None:
    drawn = 0
    for path in sorted(Path("tests/vectors/certificates/wrong").iterdir())[::4]:
        page = console.pages.post("/console/validate", content=path.read_bytes())
        assert page.status_code == 200, path.name
        drawn += 'class="paper"' in page.text
    assert drawn > 5
