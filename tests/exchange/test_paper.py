"""Certificates on paper: HTML and PDF by Accept, and the page by which a reader of the paper checks it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from schemas.bill_of_lading.examples import transport_document
from schemas.content import Syntax
from schemas.event import EventType
from tests.exchange.cast import (
    FORM_AJ,
    SEED,
    TRANSPORT_DOCUMENT,
    Cast,
    certificate,
    description,
    document,
    event,
    signed,
)
from tests.exchange.lading import Hubs, party, two_hubs
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key
from tradebridge.render.form import Form, Standing, form_of

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub"), checks_per_minute=6000) as running:
        joined = running.join()
        joined.operator.add_member(description("MY-NSW", roles=["recipient"], sends=[], accepts=[TRANSPORT_DOCUMENT]))
        yield joined


def accepted(cast: Cast, number: str) -> str:
    return cast["SG-NSW"].submit(certificate(number), to=["TH-NSW"]).id


def got(cast: Cast, path: str, accept: str, member: str = "TH-NSW") -> httpx.Response:
    headers = {"Accept": accept, "Authorization": f"Bearer {test_api_key(SEED, member)}"}
    return httpx.get(f"{cast.url}{path}", headers=headers, timeout=60)


def code_of(cast: Cast, document_id: str) -> str:
    return str(cast["SG-NSW"].summary(document_id)["verify"]["code"])


def checked(cast: Cast, number: str, code: str, accept: str = "text/html") -> httpx.Response:
    return httpx.post(f"{cast.url}/v/{number}", data={"code": code}, headers={"Accept": accept}, timeout=30)


def test_a_browser_gets_the_form_box_by_box(cast: Cast) -> None:
    document_id = accepted(cast, "SG-D-PAPER-1")
    page = got(cast, f"/v1/documents/{document_id}", BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    text = page.text
    assert all(f'id="box-{box}"' in text for box in ("1", "2", "3", "4", "11", "12", "13"))
    assert "SPECIMEN" in text
    assert "Signed electronically by SG-NSW" in text
    assert f"/v/SG-D-PAPER-1#k={code_of(cast, document_id).replace('-', '')}" in text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_pdf_is_the_same_bytes_each_time(cast: Cast) -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    document_id = accepted(cast, "SG-D-PAPER-2")
    first, second = (got(cast, f"/v1/documents/{document_id}", "application/pdf") for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.content.startswith(b"%PDF-")
    assert first.content == second.content


def test_a_cancelled_certificate_says_so_across_the_page(cast: Cast) -> None:
    answer = cast["SG-NSW"].submit(certificate("SG-D-PAPER-3"), to=["TH-NSW"])
    before = got(cast, f"/v1/documents/{answer.id}", "text/html")
    said = event(EventType.CANCELLED, answer.id, answer.content_digest, "SG-NSW", recipient=None)
    cast["SG-NSW"].send_event(answer.id, said)
    after = got(cast, f"/v1/documents/{answer.id}", "text/html")
    assert "<span>CANCELLED</span>" not in before.text
    assert "<span>CANCELLED</span>" in after.text
    assert before.headers["etag"] != after.headers["etag"]
    cast["SG-NSW"].evidence(answer.id, wait=10)
    told = checked(cast, "SG-D-PAPER-3", code_of(cast, answer.id), "application/json").json()
    assert {each["question"]: each["answer"] for each in told["answers"]}["valid"] == "no"


def test_a_stranger_gets_no_paper(cast: Cast) -> None:
    document_id = accepted(cast, "SG-D-PAPER-4")
    assert got(cast, f"/v1/documents/{document_id}", "text/html", "VN-NSW").status_code == 404
    assert httpx.get(f"{cast.url}/v1/documents/{document_id}", headers={"Accept": "text/html"}).status_code == 401


@pytest.mark.parametrize("page", ["0", "2", "x", "-1", "99999999999"])
def test_a_page_that_is_not_there_is_refused(cast: Cast, page: str) -> None:
    known = cast["SG-NSW"].documents(number="SG-D-PAPER-5").items
    document_id = str(known[0]["id"]) if known else accepted(cast, "SG-D-PAPER-5")
    refused = got(cast, f"/v1/documents/{document_id}?page={page}", "text/html")
    assert (refused.status_code, refused.json()["code"]) == (404, "render.no-such-page")


# --- the verify page -------------------------------------------------------------------------------------------------


def test_the_code_is_eighty_bits_and_belongs_to_one_document(cast: Cast) -> None:
    codes = [code_of(cast, accepted(cast, f"SG-D-CODE-{at}")) for at in range(3)]
    assert len(set(codes)) == 3
    assert all(re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", code) for code in codes)


def test_who_has_the_code_sees_what_to_compare_and_no_more(cast: Cast) -> None:
    document_id = accepted(cast, "SG-D-CODE-4")
    page = checked(cast, "SG-D-CODE-4", code_of(cast, document_id))
    assert page.status_code == 200
    form = form_of(document("SG-D-CODE-4"), Standing())
    assert isinstance(form, Form)
    assert "SG-D-CODE-4" in page.text
    for hidden in (form.left[0].lines[0].text, form.left[1].lines[0].text, "FOB USD", "trade@example.com"):
        assert hidden not in page.text
    assert form.left[0].lines[0].text[:2] + "•" in page.text
    assert all(line.text in page.text for row in form.rows for line in row[2])
    assert "test keys, no legal effect" in page.text


@pytest.mark.parametrize(
    "typed", [str.upper, lambda code: code.replace("-", ""), lambda code: f" {code} ".replace("-", " ")]
)
def test_a_code_may_be_typed_as_people_type(cast: Cast, typed: Callable[[str], str]) -> None:
    known = cast["SG-NSW"].documents(number="SG-D-CODE-5").items
    document_id = str(known[0]["id"]) if known else accepted(cast, "SG-D-CODE-5")
    assert checked(cast, "SG-D-CODE-5", typed(code_of(cast, document_id))).status_code == 200


def test_a_wrong_code_and_an_unknown_number_get_the_same_answer(cast: Cast) -> None:
    document_id = accepted(cast, "SG-D-CODE-6")
    code = code_of(cast, document_id)
    other = code_of(cast, accepted(cast, "SG-D-CODE-7"))
    answers = [
        checked(cast, "SG-D-CODE-6", other),
        checked(cast, "SG-D-CODE-6", ""),
        checked(cast, "SG-D-CODE-6", "é" * 30),
        checked(cast, "SG-D-NOBODY", code),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text.replace("SG-D-NOBODY", "SG-D-CODE-6") for answer in answers}) == 1
    assert {checked(cast, "SG-D-CODE-6", other, "application/json").text} == {'{"found":false}'}
    assert httpx.post(f"{cast.url}/v/SG-D-CODE-6", content=b"no form").status_code == 404


def test_the_page_asks_whatever_the_number_is_and_escapes_it(cast: Cast) -> None:
    accepted(cast, "SG-D-CODE-8")
    there, not_there = (httpx.get(f"{cast.url}/v/{number}") for number in ("SG-D-CODE-8", "SG-D-CODE-9"))
    assert there.text.replace("CODE-8", "CODE-9") == not_there.text
    evil = httpx.get(f"{cast.url}/v/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script>alert" not in evil.text
    assert evil.headers["referrer-policy"] == "no-referrer"
    assert evil.headers["cache-control"] == "no-store"


def test_a_number_with_slashes_has_its_page(cast: Cast) -> None:
    document_id = accepted(cast, "VN-TH 26/02/00007")
    url = cast["SG-NSW"].summary(document_id)["verify"]["url"]
    address, _, code = url.partition("#k=")
    assert "VN-TH%2026%2F02%2F00007" in address
    assert httpx.post(address, data={"code": code}).status_code == 200


# --- Transport documents ---------------------------------------------------------------------------------------------


def carried(cast: Cast, number: str) -> str:
    lading = transport_document(number=number)
    return cast["CARRIER-SIM"].submit(signed(lading, "CARRIER-SIM", Syntax.JSON), to=["MY-NSW"]).id


def test_a_browser_gets_a_transport_document_with_what_it_is_and_is_not(cast: Cast) -> None:
    document_id = carried(cast, "SIMLPAPER1")
    page = got(cast, f"/v1/documents/{document_id}", BROWSER, "CARRIER-SIM")
    assert page.status_code == 200
    text = page.text
    for shown in ("SIMLPAPER1", "Bill of lading", "SPECIMEN", "Signed electronically by CARRIER-SIM", "Ocean freight"):
        assert shown in text
    assert "this paper is a copy and gives no right" in text
    assert "Terms and conditions of" in text
    assert "unsafe" not in page.headers["content-security-policy"]


def test_a_transport_document_comes_as_pdf_with_its_number_for_a_name(cast: Cast) -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    given = got(cast, f"/v1/documents/{carried(cast, 'SIMLPAPER2')}", "application/pdf", "CARRIER-SIM")
    assert given.status_code == 200, given.text
    assert given.content.startswith(b"%PDF-")
    assert 'filename="SIMLPAPER2.pdf"' in given.headers["content-disposition"]


def test_who_holds_the_print_of_a_transport_document_can_check_it_and_learns_no_names(cast: Cast) -> None:
    document_id = carried(cast, "SIMLPAPER3")
    code = str(cast["CARRIER-SIM"].summary(document_id)["verify"]["code"])
    page = checked(cast, "SIMLPAPER3", code)
    assert page.status_code == 200
    assert "Signed by CARRIER-SIM" in page.text
    assert "Wooden dining chairs" in page.text
    assert "Example Singapore" not in page.text
    assert "USD" not in page.text
    assert checked(cast, "SIMLPAPER3", "0000-0000-0000-0000").status_code == 404


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    with two_hubs(tmp_path_factory.mktemp("titles")) as running:
        yield running


def test_the_paper_of_a_title_says_who_controls_it_to_who_may_see_that(hubs: Hubs) -> None:
    hubs.issue("SIMLPAPER4")
    document_id = hubs.title("SIMLPAPER4")["document"]
    hubs.act("SIMLPAPER4", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    shown = hubs.get(f"/v1/documents/{document_id}", "BANK-SYS", Accept="text/html").text
    assert "Control of the electronic record" in shown
    assert "Bank on TBHB" in shown
    assert "held, sequence 2, here on TBHB since" in shown
    assert "Issued by the carrier SIML with a signed issuance manifest" in shown
    hubs.act("SIMLPAPER4", "BANK-SYS", "TRANSFER", "Bank", recipient=party("Buyer"))
    earlier = hubs.get(f"/v1/documents/{document_id}", "EXPORTER-SYS", Accept="text/html")
    assert earlier.status_code == 200
    assert "Control of the electronic record" not in earlier.text  # it gave the title up: what follows is not its own


def test_the_chain_of_a_title_is_a_picture_for_who_asks_for_one(hubs: Hubs) -> None:
    hubs.issue("SIMLPAPER6")
    drawn = hubs.get("/v1/titles/SIMLPAPER6/chain", "EXPORTER-SYS", Accept="image/svg+xml")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "sha256-" in drawn.headers["content-security-policy"]
    assert "Chain of control of SIMLPAPER6" in drawn.text
    assert "in no entry yet" in drawn.text  # the platform signs an entry when the title leaves it
    assert hubs.get("/v1/titles/SIMLPAPER6/chain", "EXPORTER-SYS").json()["transportDocument"]
    assert hubs.get("/v1/titles/SIMLPAPER6/chain", "BUYER-SYS", Accept="image/svg+xml").status_code == 404


def test_certificate_and_bill_of_one_consignment_lead_to_each_other_on_paper(hubs: Hubs) -> None:
    hubs.issue("SIMLPAPER5")
    bill = hubs.title("SIMLPAPER5")["document"]
    value: Any = document("SG-AJ-PAPER-5", FORM_AJ, importer="JP")
    transport = value.transport.model_copy(update={"transport_document": "SIMLPAPER5"})
    sent = signed(value.model_copy(update={"transport": transport}), "SG-NSW")
    accepted = hubs.here["SG-NSW"].submit(sent, ["JP-NACCS"])
    shown = hubs.get(f"/v1/documents/{bill}", Accept="text/html").text
    assert f'href="/v1/documents/{accepted.id}"' in shown
    assert "SG-AJ-PAPER-5" in shown
    assert f'href="/v1/documents/{bill}"' in hubs.get(f"/v1/documents/{accepted.id}", Accept="text/html").text
    without = hubs.get(f"/v1/documents/{accepted.id}", "JP-NACCS", Accept="text/html").text
    assert "Of the same consignment" not in without  # the window does not see the bill
