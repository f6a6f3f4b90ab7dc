"""The public page /verify: files, prints and digests; what it gives away (nothing), and how it looks in a browser."""

import html
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exchange.api.verify_page import STEP_SECONDS, rest_of_step
from schemas.event import EventType
from tests.exchange.cast import SEED, Cast, certificate, document, event, signed
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key

JSON = {"Accept": "application/json"}
EVIL = "<script>alert(1)</script><b>"


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub"), checks_per_minute=60_000) as running:
        yield running.join()


@pytest.fixture(scope="module")
def held(cast: Cast) -> dict[str, Any]:
    """A document as its holder has it: the file, the PDF, the bundle, and what stands on its print."""
    member = cast["SG-NSW"]
    accepted = member.submit(certificate("SG-D-HELD-1"), to=["TH-NSW"])
    headers = {"Accept": "application/pdf", "Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    bundle = member.bundle(accepted.id, wait=10).data
    summary = member.summary(accepted.id)
    return {
        "id": accepted.id,
        "xml": member.get(accepted.id).data,
        "pdf": httpx.get(f"{cast.url}/v1/documents/{accepted.id}", headers=headers, timeout=60).content,
        "bundle": bundle,
        "summary": summary,
        "code": summary["verify"]["code"],
    }


def check(cast: Cast, data: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{cast.url}/verify", content=data, headers=JSON | headers, timeout=60)


def ask(cast: Cast, accept: str = "application/json", **fields: str) -> httpx.Response:
    return httpx.post(f"{cast.url}/verify", data=fields, headers={"Accept": accept}, timeout=30)


def verdicts(response: httpx.Response) -> list[str]:
    return [each["answer"] for each in response.json()["answers"]]


YES, UNSURE = "yes", "could-not-check"


def test_each_kind_of_file_gets_four_answers(cast: Cast, held: dict[str, Any]) -> None:
    assert verdicts(check(cast, held["xml"])) == [YES] * 4
    assert verdicts(check(cast, held["bundle"])) == [YES] * 4
    if held["pdf"].startswith(b"%PDF-"):  # the extra [pdf] is installed
        assert verdicts(check(cast, held["pdf"])) == [UNSURE, YES, YES, YES]
    changed = check(cast, held["xml"].replace(b"Example", b"Exemple"))
    assert (verdicts(changed), changed.json()["exitCode"]) == (["no", "no", UNSURE, "no"], 5)
    assert verdicts(check(cast, b"GIF89a")) == [UNSURE] * 4
    as_curl_sends_it = {"Content-Type": "application/x-www-form-urlencoded"}
    assert verdicts(check(cast, held["xml"], **as_curl_sends_it)) == [YES] * 4


def test_a_signed_document_that_was_never_handed_in_is_not_on_the_record(cast: Cast) -> None:
    told = check(cast, certificate("SG-D-NEVER-1"))
    assert (verdicts(told), told.json()["exitCode"], told.json()["found"]) == ([YES, YES, UNSURE, "no"], 4, False)


def test_a_yes_on_the_page_says_no_more_than_was_proven(cast: Cast, held: dict[str, Any]) -> None:
    """What was never handed in was not accepted; what this hub has, nothing is known to have ended."""

    def page(data: bytes) -> str:
        return httpx.post(f"{cast.url}/verify", files={"file": ("a.xml", data)}, timeout=30).text

    alone, own = page(certificate("SG-D-NEVER-2")), page(held["xml"])
    assert "as its signer signed it" in alone and "accepted" not in alone
    assert "as this hub accepted it" in own and "This hub knows of nothing" in own


def test_a_form_of_a_browser_is_read_as_well(cast: Cast, held: dict[str, Any]) -> None:
    page = httpx.post(f"{cast.url}/verify", files={"file": ("case.xml", held["xml"], "text/plain")}, timeout=30)
    assert page.status_code == 200
    assert page.text.count('<p class="word">yes</p>') == 4
    assert "Example Orchid Foods" in page.text  # who has the file has read the names
    assert "SIMULATION" in page.text


def test_digests_lead_to_the_proof_and_to_nobody_s_decisions(cast: Cast, held: dict[str, Any]) -> None:
    summary = held["summary"]
    told = ask(cast, content=summary["contentDigest"], bytes=summary["bytesDigest"])
    assert verdicts(told) == [YES] * 4
    assert told.json()["proof"]["record"]
    assert "TH-NSW" not in told.text
    other = ask(cast, content=summary["contentDigest"], bytes="0" * 64)
    assert (other.status_code, other.json()) == (404, {"found": False})


def test_a_print_is_compared_by_the_person(cast: Cast, held: dict[str, Any]) -> None:
    told = ask(cast, number="SG-D-HELD-1", code=held["code"])
    assert verdicts(told) == [UNSURE, YES, YES, YES]
    assert verdicts(httpx.post(f"{cast.url}/v/SG-D-HELD-1", data={"code": held["code"]}, headers=JSON)) == verdicts(
        told
    )
    page = ask(cast, "text/html", number="SG-D-HELD-1", code=held["code"]).text
    assert "Example Orchid Foods" not in page
    assert "Ex•••••" in page


def test_what_became_of_it_since_the_bundle_was_made_is_told(cast: Cast) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-D-HELD-2"), to=["TH-NSW"])
    bundle = cast["SG-NSW"].bundle(accepted.id, wait=10).data
    said = event(EventType.CANCELLED, accepted.id, accepted.content_digest, "SG-NSW", recipient=None)
    cast["SG-NSW"].send_event(accepted.id, said)
    cast["SG-NSW"].evidence(accepted.id, wait=10)
    told = check(cast, bundle)
    assert (verdicts(told), told.json()["exitCode"]) == ([YES, YES, "no", YES], 4)


# --- what it gives away ----------------------------------------------------------------------------------------------


def test_no_answer_tells_whether_a_number_is_there(cast: Cast, held: dict[str, Any]) -> None:
    """The same words, and no sooner than after a whole step."""
    texts = set()
    for number, code in (("SG-D-HELD-1", "0" * 16), ("SG-D-NOBODY", held["code"]), ("SG-D-HELD-1", "")):
        began = time.monotonic()
        answer = ask(cast, "text/html", number=number, code=code)
        assert time.monotonic() - began >= STEP_SECONDS * 0.95
        texts.add((answer.status_code, answer.text))
    assert len(texts) == 1


def test_what_is_not_found_is_told_after_whole_steps() -> None:
    for took in (0.0, 0.0004, 0.1, 0.24999, 0.25, 0.7):
        whole = (took + rest_of_step(took)) / STEP_SECONDS
        assert whole == pytest.approx(round(whole)) and rest_of_step(took) > 0


def test_the_policy_allows_no_inline_script_or_style(cast: Cast, held: dict[str, Any]) -> None:
    for page in (httpx.get(f"{cast.url}/verify"), ask(cast, "text/html", number="SG-D-HELD-1", code=held["code"])):
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "sha256" not in policy
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "<style" not in page.text and not re.search(
            r"<script(?! type=\"module\" src=)| on[a-z]+=| style=", page.text
        )
    assert httpx.get(f"{cast.url}/verify/assets/verify.js").headers["content-type"].startswith("text/javascript")
    assert httpx.get(f"{cast.url}/verify/assets/verify.html").status_code == 404


def test_what_comes_from_a_document_is_escaped(cast: Cast) -> None:
    value: Any = document("SG-D-EVIL-1")
    item = value.items[0].model_copy(update={"description": EVIL})
    evil = value.model_copy(update={"items": (item, *value.items[1:])})
    page = httpx.post(f"{cast.url}/verify", files={"file": ("x.xml", signed(evil))}, timeout=30).text
    assert html.escape(EVIL) in page
    assert "<script>" not in page
    assert "<script>" not in ask(cast, "text/html", number=EVIL, code=EVIL).text
    assert "<script>" not in httpx.get(f"{cast.url}/v/{EVIL}").text


def test_what_is_too_large_or_no_form_is_refused_in_the_language_of_who_asks(cast: Cast) -> None:
    large = check(cast, b"<" * (16 * 1024 * 1024 + 1))
    assert (large.status_code, large.json()["code"]) == (413, "syntax.too-large")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    broken = check(cast, b"--x\r\nnothing", **{"Content-Type": "multipart/form-data"})
    assert (broken.status_code, broken.json()["code"]) == (400, "request.malformed")
    many = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % at for at in range(50))
        + b"--x--\r\n"
    )
    assert check(cast, many, **form).status_code == 400
    page = httpx.post(f"{cast.url}/v/SG-D-HELD-1", content=b"x" * 3000, headers={"Accept": "text/html"})
    assert page.status_code == 413
    assert 'role="alert"' in page.text


def test_an_address_may_ask_so_often(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path, checks_per_minute=2) as running:
        cast = running.join()
        answers = [check(cast, b"GIF89a") for _ in range(2)] + [ask(cast, number="N", code="c")]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].json()["code"] == "request.too-often"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 31
        page = httpx.post(f"{cast.url}/v/N", data={"code": "c"})
        assert (page.status_code, "retry-after" in page.headers) == (429, True)
        assert "asks more often than it may" in page.text
        assert httpx.get(f"{cast.url}/verify").status_code == 200


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_it_works_in_a_browser(cast: Cast, held: dict[str, Any], browser: Any, tmp_path: Path, width: int) -> None:
    (tmp_path / "changed.xml").write_bytes(held["xml"].replace(b"Example", b"Exemple"))
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme="light") as context:
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))

        def fits() -> None:
            """Nothing overflows; and in the dark the page is dark."""
            grounds = set()
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert len(grounds) == 2

        page.goto(f"{cast.url}/verify")
        fits()
        page.get_by_label("A file").set_input_files(tmp_path / "changed.xml")
        page.get_by_role("button", name="Check the file").click()
        page.get_by_text("Do not rely on it: it was changed").wait_for()
        fits()
        details = page.locator("details").first
        assert not details.locator("dl").is_visible()
        details.locator("summary").click()
        assert details.get_by_text("signature.wrong-content").is_visible()
        fits()
        page.get_by_role("link", name="Check another document").click()
        drop = page.evaluate_handle(
            "bytes => { const data = new DataTransfer();"
            "data.items.add(new File([Uint8Array.from(bytes)], 'case.xml')); return data; }",
            list(held["xml"]),
        )
        page.dispatch_event("form.file", "dragover", {"dataTransfer": drop})
        assert page.locator("form.over").count() == 1
        page.dispatch_event("form.file", "drop", {"dataTransfer": drop})
        page.get_by_text("Four times yes").wait_for()
        fits()
        page.goto(held["summary"]["verify"]["url"])
        page.get_by_text("Nothing false was found").wait_for()
        fits()
        page.emulate_media(media="print")
        assert not page.get_by_role("link", name="Check another document").is_visible()
        assert said == []
        assert all(url.startswith(f"{cast.url}/v") and "k=" not in url.partition("#")[0] for url in asked)


def test_without_scripts_it_works_as_well(cast: Cast, held: dict[str, Any], browser: Any) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{cast.url}/verify")
        page.get_by_label("Number").fill("SG-D-HELD-1")
        page.get_by_label("Code").fill(held["code"])
        page.get_by_role("button", name="Check the print").click()
        page.get_by_text("Nothing false was found").wait_for()
