"""The paper view of a transport document: everything that it says is on it, and the paper says what it is."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from schemas.bill_of_lading.model import TransportDocument
from schemas.findings import Finding
from tests.schemas.bill_of_lading.strategies import json_of
from tests.schemas.bill_of_lading.test_messages import filled
from tradebridge.render import pdf, wording
from tradebridge.render.form import PAGE_ITEMS, Line, Link, Page, Standing, Verify, page_of
from tradebridge.render.html import html_of
from tradebridge.render.lading import Sheet, sheet_of
from tradebridge.render.paper import paper_of
from tradebridge.render.pdf import pdf_of

CODE = Verify("http://127.0.0.1:8600/v/SIML1#k=0123456789abcdef", "0123-4567-89ab-cdef")
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A whole document takes minutes to shrink, and the assertion shows which part of it is missing."""
STANDING = Standing(
    ("SPECIMEN",),
    "Signed electronically by CARRIER-SIM",
    CODE,
    (Line("Example Bank", "In control"),),
    (Link("Form AJ TH-2026-00041", "/v1/documents/doc_1"),),
)


def drawn(value: Any, standing: Standing = STANDING) -> Sheet:
    document = value if isinstance(value, TransportDocument) else TransportDocument.model_validate(value)
    sheet = sheet_of(document, standing)
    assert isinstance(sheet, Sheet), sheet
    return sheet


def whole(sheet: Sheet) -> Page:
    page = page_of(sheet, None)
    assert isinstance(page, Page)
    return page


def shown_on(sheet: Sheet) -> str:
    return _plain("\n".join(sheet.texts()))


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text.replace("\u00a0", " "))


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, f"{pointer}/{name}")
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, pointer)
    else:
        yield pointer, value


SAID_OTHERWISE = {
    *("/isToOrder", "/transportDocumentTypeCode", "/isElectronic", "/isShippedOnBoardType"),
    *("/documentParties/consignee/isNotifyParty", "/documentParties/endorsee/isNotifyParty"),
    "/utilizedTransportEquipments/isShipperOwned",
    "/consignmentItems/cargoItems/outerPackaging/dangerousGoods/packingGroup",
}
"""Named by the title of the paper or in words of their own: `test_what_is_said_in_words`."""


def written(value: Any) -> set[str]:
    """The ways in which a value may stand on paper."""
    if isinstance(value, bool):
        return {"yes" if value else "no"}
    if isinstance(value, int | float):
        text = f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        return {wording.grouped(text.removeprefix("-")), str(value)}
    ways = {value, wording.hs(value), wording.country(value), wording.package(value)}
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        ways.add(wording.day(date.fromisoformat(value)))
    codes = {"KGM": "kg", "LBR": "lb", "MTQ": "m³", "FTQ": "ft³", "CEL": "°C", "FAH": "°F", "MQH": "m³/h"}
    codes |= {"FQH": "ft³/h", "PRE": "prepaid", "COL": "collect", "CAR": "carrier", "SHI": "shipper"}
    codes |= {"VET": "veterinary", "CUS": "customs", "LTR": "litre", "GRM": "gram", "ONZ": "ounce"}
    return ways | ({codes[value]} if value in codes else set())


def check_complete(value: dict[str, Any], sheet: Sheet) -> None:
    shown = shown_on(sheet)
    for pointer, leaf in leaves(value):
        if pointer not in SAID_OTHERWISE and leaf is not None and leaf != "":
            ways = {_plain(each) for each in written(leaf)}
            assert any(each in shown for each in ways), (pointer, leaf)


@pytest.mark.parametrize("variant", [0, 1, 2, 7, 23])
def test_everything_that_an_example_says_is_on_the_paper(variant: int) -> None:
    document = transport_document(exporter="LA", importer="JP", variant=variant)
    check_complete(json.loads(encode(document)), drawn(document))


@pytest.mark.parametrize("name", ["pint-3.0.0-transport-document.json", "eblissuance-v3.0.0-request.json"])
def test_everything_that_a_real_message_says_is_on_the_paper(name: str) -> None:
    value = filled(name)
    check_complete(value, drawn(value))


@pytest.mark.fuzz
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
    max_examples=40,
    phases=UNSHRUNK,
)
@given(json_of(TransportDocument))
def test_everything_that_any_document_says_is_on_the_paper_unknown_members_too(value: dict[str, Any]) -> None:
    check_complete(value, drawn(value))


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
    max_examples=15,
    phases=UNSHRUNK,
)
@given(json_of(TransportDocument))
def test_html_reads_nothing_of_any_document_as_markup(value: dict[str, Any]) -> None:
    value["termsAndConditions"] = "<script>alert(1)</script>\n" + value["termsAndConditions"]
    value["carrierClauses"] = ["<b>bold</b> & <!-- -->"]
    sheet = drawn(value)
    text = html_of(sheet, whole(sheet), simulated=True).decode()
    assert "<script" not in text
    assert "<b>bold" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_what_is_said_in_words() -> None:
    blank = json.loads(encode(transport_document(variant=1)))
    assert drawn(blank).kind == "Negotiable: to the order of the party named"
    del blank["documentParties"]["endorsee"]
    assert drawn(blank).kind == "Negotiable: to order, blank endorsed"
    assert drawn(transport_document()).kind == "Straight: not negotiable, to the consignee named"
    waybill = drawn(transport_document(variant=2))
    assert (waybill.name, waybill.kind) == ("Sea waybill", "Not negotiable, no document of title")
    owned = json.loads(encode(transport_document()))
    owned["utilizedTransportEquipments"][0]["isShipperOwned"] = True
    owned["documentParties"]["consignee"]["isNotifyParty"] = True
    owned["isShippedOnBoardType"] = False
    shown = "\n".join(drawn(owned).texts())
    assert "Shipper's own container" in shown
    assert "also the first to be notified" in shown
    assert "Kindreceived for shipment" in shown
    assert "class 3, PG II" in "\n".join(drawn(transport_document(variant=7)).texts())


def test_the_paper_never_passes_for_an_original() -> None:
    electronic, waybill = drawn(transport_document()), drawn(transport_document(variant=2))
    on_paper = drawn(transport_document().model_copy(update={"is_electronic": False}))
    assert "this paper is a copy and gives no right" in electronic.nature
    assert "The original is a paper that the carrier has issued; this is not it" in on_paper.nature
    assert "A sea waybill is no title" in waybill.nature
    for sheet in (electronic, waybill, on_paper):
        assert sheet.nature in html_of(sheet, whole(sheet), simulated=True).decode()


def test_displayed_address_and_names_take_the_place_of_the_structured_ones() -> None:
    value = json.loads(encode(transport_document()))
    value["documentParties"]["shipper"]["displayedAddress"] = ["Example Trading", "as on the credit"]
    value["displayedNameForPortOfLoad"] = ["Port of Singapore, berth 4"]
    sheet = drawn(value)
    shipper = next(box for box in sheet.left if box.title == "Shipper")
    assert [line.text for line in shipper.lines[1:3]] == ["Example Trading", "as on the credit"]
    loading = next(box for box in sheet.voyage if box.title == "Port of loading")
    assert loading.lines[0].text == "Port of Singapore, berth 4"


def test_the_extended_member_is_shown_in_its_place_and_the_superseded_one_is_not_lost() -> None:
    value = json.loads(encode(transport_document()))
    value["consignmentItems"][0]["extendedHSCodes"] = ["940169000012"]
    value["charges"][0] |= {"extendedChargeName": "Freight, all in"}
    sheet = drawn(value)
    goods = sheet.goods.rows[0][1]
    assert Line("9401.69.00.00.12", "HS") in goods
    charges = next(table for table in sheet.tables if table.title == "Freight and charges")
    assert charges.rows[0][0][0].text == "Freight, all in"
    check_complete(value, sheet)


def test_control_and_the_certificate_of_origin_are_on_both_views() -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    sheet = drawn(transport_document())
    page = html_of(sheet, whole(sheet), simulated=True).decode()
    assert 'href="/v1/documents/doc_1"' in page
    assert "Form AJ TH-2026-00041" in page
    assert "Example Bank" in page
    data = pdf._sheet(sheet)
    assert data["beside"] == ["Form AJ TH-2026-00041"]
    assert any(line["text"] == "Example Bank" for box in data["foot"] for line in box["lines"])


def many(count: int) -> TransportDocument:
    value = json.loads(encode(transport_document()))
    (item,), (box,) = value["consignmentItems"][0]["cargoItems"], value["utilizedTransportEquipments"]
    value["consignmentItems"][0]["cargoItems"] = [item] * count
    value["utilizedTransportEquipments"] = [box] * count
    return TransportDocument.model_validate(value)


def test_many_cargo_items_come_page_by_page_and_the_tables_and_terms_with_the_last() -> None:
    sheet = drawn(many(PAGE_ITEMS + 20))
    pages = [page_of(sheet, number) for number in (1, 2)]
    texts = [html_of(sheet, page, simulated=False).decode() for page in pages if isinstance(page, Page)]
    assert [text.count("Ocean freight") for text in texts] == [0, 1]
    assert ["Terms and conditions of" in text for text in texts] == [False, True]
    assert isinstance(page_of(sheet, 3), Finding)


def test_a_pdf_has_a_front_continuation_sheets_and_the_terms_by_themselves() -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    terms = "\n".join(["Nothing in this document is a contract."] * 40)
    sheet = drawn(many(60).model_copy(update={"terms_and_conditions": terms}))
    made = pdf_of(sheet)
    assert isinstance(made, bytes), made
    given = {"form": json.dumps(pdf._sheet(sheet))}
    sheets = pdf._compiler("lading.typ").compile(format="svg", sys_inputs=given)
    assert isinstance(sheets, list) and len(sheets) > 2
    assert (
        pdf_of(drawn(many(60).model_copy(update={"terms_and_conditions": terms}))) == made
    )  # the same bytes each time
    assert isinstance(pdf_of(drawn(transport_document().model_copy(update={"issue_date": None}))), bytes)


def test_only_what_has_a_paper_view_gets_one() -> None:
    found = paper_of(shipping_instructions(), Standing())
    assert isinstance(found, Finding)
    assert found.code == "render.no-form"


def test_the_styles_of_both_views_have_every_width_that_they_use() -> None:
    css = (Path(pdf.__file__).parent / "form.css").read_text()
    sheet = drawn(transport_document())
    for table in (sheet.goods, *sheet.tables):
        assert sum(column.width for column in table.columns) == 100
        assert all(f".w{column.width} " in css for column in table.columns)
