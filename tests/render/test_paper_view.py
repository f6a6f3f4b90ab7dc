"""The paper view: every box of every form, nothing read as markup, every character with a font or none printed."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.examples import complete
from schemas.certificate.model import Certificate
from schemas.findings import Finding
from schemas.registry import profile_of
from tests.schemas.certificate.strategies import any_certificate
from tradebridge.render import fonts, pdf
from tradebridge.render.form import PAGE_ITEMS, Form, Page, Standing, Verify, form_of, page_of
from tradebridge.render.html import html_of
from tradebridge.render.pdf import pdf_of

NUMBERS = {"atiga": 13, "ajcep": 13, "rcep": 17, "jtepa": 10, "jiepa": 10, "jvepa": 10}
CODE = Verify("http://127.0.0.1:8600/v/SG-1#k=0123456789abcdef", "0123-4567-89ab-cdef")


def example(profile: str = "atiga-form-d/2022", **facts: int) -> Certificate:
    found = profile_of(profile)
    assert found is not None
    document = found.example(**facts)
    assert isinstance(document, Certificate)
    return document


def drawn(certificate: Certificate, standing: Standing = Standing()) -> Form:  # noqa: B008  # frozen
    form = form_of(certificate, standing)
    assert isinstance(form, Form), form
    return form


def whole(form: Form) -> Page:
    page = page_of(form, None)
    assert isinstance(page, Page)
    return page


def with_items(count: int) -> Certificate:
    certificate = example(variant=7)
    one = certificate.items
    items = tuple(one[at % len(one)].model_copy(update={"number": at + 1}) for at in range(count))
    return certificate.model_copy(update={"items": items})


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=lambda each: each.id)
def test_every_box_of_the_form_is_there_once_and_in_order(agreement: object) -> None:
    profile, form_id = str(getattr(agreement, "profile", "")), str(getattr(agreement, "id", ""))
    route = getattr(agreement, "example_route", ("", ""))
    found = profile_of(profile)
    assert found is not None
    certificate = found.example(exporter=route[0], importer=route[1])
    assert isinstance(certificate, Certificate)
    form = drawn(certificate)
    boxes = [box.number for box in (*form.left, *form.right, *form.foot)] + [column.number for column in form.columns]
    assert sorted(map(int, boxes)) == list(range(1, NUMBERS.get(form_id, len(boxes)) + 1))
    assert all(box.title for box in (*form.left, *form.right, *form.foot))
    foot = [int(box.number) for box in form.foot]
    assert foot == sorted(foot)


@pytest.mark.parametrize("profile", [each.profile for each in AGREEMENTS])
def test_every_part_of_a_certificate_stands_somewhere(profile: str) -> None:
    certificate = complete(profile)
    shown = "\n".join(drawn(certificate).texts())
    for text in (
        certificate.number,
        certificate.exporter.name,
        certificate.consignee.name,
        certificate.items[0].description,
        certificate.items[0].origin_criterion.text,
        certificate.invoices[0].number,
        certificate.certification.authority,
        certificate.certification.official,
        certificate.declaration.signatory,
    ):
        assert text in shown, text


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=25)
@given(any_certificate)
def test_html_shows_any_certificate_and_reads_nothing_of_it_as_markup(certificate: Certificate) -> None:
    form = drawn(certificate, Standing(("SPECIMEN",), verify=CODE))
    page = html_of(form, whole(form), simulated=True).decode()
    inside = page.partition("</style>")[2]
    assert set(re.findall(r"<(/?[a-zA-Z0-9]+)", inside)) <= TAGS
    assert "<script" not in page
    assert not re.search(r"\s(on\w+|style|src)=", inside)


TAGS = {
    f"{slash}{tag}"
    for slash in ("", "/")
    for tag in (
        *(
            "head",
            "body",
            "html",
            "aside",
            "b",
            "main",
            "nav",
            "span",
            "a",
            "article",
            "div",
            "section",
            "h1",
            "h2",
            "p",
        ),
        *("header", "table", "thead", "tbody", "tr", "th", "td", "footer", "br", "svg", "path", "title"),
    )
}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=10)
@given(any_certificate)
def test_a_pdf_is_made_of_any_certificate_or_a_font_is_said_to_be_missing(certificate: Certificate) -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    made = pdf_of(drawn(certificate, Standing(("SPECIMEN",), verify=CODE)))
    if isinstance(made, Finding):
        assert made.code == "render.no-font"
    else:
        assert made.startswith(b"%PDF-")


def test_typst_reads_nothing_as_markup() -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    plain = example()
    evil = '#panic(1) *b* $x$ #read("/etc/passwd") \\ <a> @b `c` // d'
    party = plain.exporter.model_copy(update={"name": evil})
    made = pdf_of(drawn(plain.model_copy(update={"exporter": party})))
    assert isinstance(made, bytes)


def test_the_same_certificate_gives_the_same_pdf() -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    form = drawn(example(), Standing(("SPECIMEN",), verify=CODE))
    assert pdf_of(form) == pdf_of(form)


def test_a_script_without_a_font_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    monkeypatch.setattr("tradebridge.render.pdf._fonts_of_system", lambda: ())
    form = drawn(example())
    assert isinstance(pdf_of(form), bytes)
    made = pdf_of(replace(form, number="กรุง"))
    assert isinstance(made, Finding)
    assert (made.code, made.found) == ("render.no-font", "THAI: กงร")


def test_without_typst_the_finding_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradebridge.render.pdf.find_spec", lambda name: None)
    made = pdf_of(drawn(example()))
    assert isinstance(made, Finding)
    assert (made.code, made.status) == ("render.no-pdf", 406)


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (PAGE_ITEMS, 1), (PAGE_ITEMS + 1, 2), (5_000, 50)])
def test_items_page_over_pages(count: int, pages: int) -> None:
    form = drawn(with_items(count))
    seen: list[object] = []
    for number in range(1, pages + 1):
        page = page_of(form, number)
        assert isinstance(page, Page)
        assert (page.of, page.first) == (pages, len(seen) + 1)
        seen += page.rows
    assert tuple(seen) == form.rows
    assert isinstance(page_of(form, pages + 1), Finding)
    assert isinstance(page_of(form, 0), Finding)


def test_of_many_items_a_page_stays_small() -> None:
    form = drawn(with_items(5_000))
    page = page_of(form, 1)
    assert isinstance(page, Page)
    assert len(html_of(form, page, simulated=True)) < 200_000


# --- fonts -----------------------------------------------------------------------------------------------------------


def font(tmp_path: Path, codes: list[tuple[int, int]], *, form: int) -> Path:
    """A file with nothing but a cmap that has these code points."""
    import struct

    if form == 12:
        groups = b"".join(struct.pack(">III", start, end, 1) for start, end in codes)
        table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(codes)) + groups
    else:
        segments = [*codes, (0xFFFF, 0xFFFF)]
        count = len(segments)
        ends = b"".join(struct.pack(">H", end) for _, end in segments)
        starts = b"".join(struct.pack(">H", start) for start, _ in segments)
        rest = struct.pack(f">{2 * count}H", *([1] * count), *([0] * count))
        table = struct.pack(">HHHHHHH", 4, 0, 0, 2 * count, 0, 0, 0) + ends + b"\0\0" + starts + rest
    cmap = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table
    head = struct.pack(">IHHHH", 0x00010000, 1, 0, 0, 0) + struct.pack(">4sIII", b"cmap", 0, 28, len(cmap))
    path = tmp_path / f"font-{form}-{codes[0][0]}.ttf"
    path.write_bytes(head + cmap)
    return path


@pytest.mark.parametrize("form", [4, 12])
def test_a_cmap_says_what_a_font_has(tmp_path: Path, form: int) -> None:
    path = font(tmp_path, [(0x41, 0x5A), (0xE01, 0xE3A)], form=form)
    assert fonts.coverage(path) == ((0x41, 0x5A), (0xE01, 0xE3A))


def test_what_no_font_has_is_named_by_script(tmp_path: Path) -> None:
    thai = font(tmp_path, [(0xE01, 0xE3A)], form=4)
    latin = ((0x20, 0x7E),)
    assert fonts.missing(["Bangkok กรุง"], [(thai, 0)], latin) == {}
    assert fonts.missing(["ລາວ ไทย 東京"], [(thai, 0)], latin) == {"CJK": "京東", "LAO": "ລວາ", "THAI": "ไ"}


def test_a_broken_font_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"\x00\x01\x00\x00\x00\x05")
    assert fonts.coverage(path) == ()
    assert fonts.coverage(tmp_path / "none.ttf") == ()


@pytest.mark.parametrize("items", [1, 3, 5, 7])
@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_form_that_fills_its_sheet_has_one(items: int, lines: int) -> None:
    """The estimate of `_height` errs on the safe side: what is set as one sheet is one."""
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    certificate = example("rcep-co/2022", variant=7)
    party = certificate.exporter.model_copy(update={"address": "\n".join(["A line of an address"] * lines)})
    goods = tuple(
        certificate.items[0].model_copy(update={"number": at, "description": "Goods of a kind. " * lines})
        for at in range(1, items + 1)
    )
    form = drawn(certificate.model_copy(update={"exporter": party, "producer": party, "items": goods}))
    data = pdf._data(form)
    sheets = pdf._compiler("form.typ").compile(format="svg", sys_inputs={"form": json.dumps(data)})
    assert not data["single"] or isinstance(sheets, bytes) or len(sheets or ()) == 1
    assert data["single"] or items * lines > 4


def test_a_word_of_any_length_stays_within_its_box() -> None:
    """It ends its line anywhere, and fills sheets, before it runs over the boxes beside it."""
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    certificate = example("atiga-form-d/2022")
    item = certificate.items[0].model_copy(update={"description": "W" * 1_500})
    form = drawn(certificate.model_copy(update={"items": (item, *certificate.items[1:])}))
    sheets = pdf._compiler("form.typ").compile(format="svg", sys_inputs={"form": json.dumps(pdf._data(form))})
    assert isinstance(sheets, list) and len(sheets) == 2
