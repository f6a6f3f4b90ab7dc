"""The pages of the console as they come from the hub: what they tell, without a script; who may see them; search."""

import html
import re
from pathlib import Path

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
        for method, path in (("GET", "/console"), ("GET", "/console/d/x"), ("POST", "/console/try/certificate")):
            page = httpx.request(method, running.url + path)
            assert page.status_code == 403
            assert "console.closed" in page.text and "SIMULATION" not in page.text


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
