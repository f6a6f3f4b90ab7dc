"""Documents in other forms: convert, diff, render."""

import json
from pathlib import Path

import pytest

from schemas.registry import profiles
from tests.cli.conftest import Tb
from tradebridge.cli.exits import Exit
from tradebridge.cli.formats import IDS
from tradebridge.convert.delimited import letters

FORM_D = "atiga-form-d/2022"


@pytest.fixture
def form_d(tb: Tb) -> str:
    """A file with an example of Form D, in XML."""
    assert tb("convert", "--example", FORM_D, "--to", "xml", "-o", "form-d.xml").code == Exit.OK
    return "form-d.xml"


@pytest.mark.parametrize("to", IDS)
def test_there_and_back_says_the_same(tb: Tb, form_d: str, to: str) -> None:
    ran = tb("convert", form_d, "--to", to, "-o", "other", "--json")
    assert (ran.code, ran.json["losses"], ran.json["from"], ran.json["to"]) == (Exit.OK, [], "xml", to)
    assert tb("convert", "other", "--to", "xml", "-o", "again.xml").code == Exit.OK
    assert tb("diff", form_d, "again.xml").code == Exit.OK


def test_a_loss_is_told_on_standard_error_and_the_document_goes_to_standard_output(tb: Tb, form_d: str) -> None:
    value = json.loads(tb("convert", form_d, "--to", "json").out)
    value["tickBoxes"]["accumulation"] = True
    ran = tb("convert", "-", "--to", "ubl", stdin=json.dumps(value).encode())
    assert ran.code == Exit.OK
    assert ran.out.startswith("<?xml")
    assert "lost: /tickBoxes/accumulation" in ran.err


def test_what_is_wrong_in_a_workbook_is_told_by_cell(tb: Tb, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    assert tb("convert", "--example", FORM_D, "--to", "xlsx", "-o", "f.xlsx").code == Exit.OK
    book = load_workbook(tmp_path / "f.xlsx")
    items, certificate = book["Items"], book["Certificate"]
    names = {cell.value: letters(cell.column or 1) for cell in items[2]}
    rows = {row[2].value: row[2].row for row in certificate.iter_rows(min_row=3)}
    items[f"{names['items.hsCode']}3"] = 90111
    items[f"{names['items.packages.quantity']}3"] = "many"
    items[f"{names['items.originCriterion.percentage']}3"] = "45,2"
    certificate[f"D{rows['declaration.date']}"] = "5 January"
    certificate[f"D{rows['exporter.name']}"] = None
    book.save(tmp_path / "f.xlsx")
    ran = tb("convert", "f.xlsx", "--to", "xml", "-o", "f.xml", "--json")
    assert ran.code == Exit.INVALID
    assert {(found["code"], found["pointer"], found.get("box", "")) for found in ran.json["findings"]} == {
        ("convert.number-for-code", f"Items!{names['items.hsCode']}3", ""),
        ("certificate.wrong-type", f"Items!{names['items.packages.quantity']}3", "7"),
        ("certificate.wrong-form", f"Items!{names['items.originCriterion.percentage']}3", "8"),
        ("certificate.wrong-form", f"Certificate!D{rows['declaration.date']}", "11"),
        ("certificate.missing", f"Certificate!D{rows['exporter.name']}", "1"),
    }
    assert not (tmp_path / "f.xml").exists()


def test_the_rules_too_point_to_cells(tb: Tb, tmp_path: Path) -> None:
    table = (
        tb("convert", "--example", FORM_D, "--to", "csv")
        .out.replace("853400", "853499", 1)
        .replace("090111", "999999", 1)
    )
    (tmp_path / "f.csv").write_text(table, encoding="utf-8")
    ran = tb("convert", "f.csv", "--to", "xml", "-o", "f.xml", "--check", "--at", "2026-01-05T09:00:00Z", "--json")
    names = table.lstrip("\ufeff").splitlines()[0].split(",")
    column = names.index("items.hsCode") + 1
    assert ran.code in (Exit.OK, Exit.INVALID)
    found = [each for each in ran.json["findings"] if "hs" in each["code"]]
    assert [(each["line"], each["column"]) for each in found] == [(2, column)] * len(found)
    assert found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"hello", "convert.not-recognised"),
        (b"PK\x03\x04 no workbook", "convert.not-readable"),
        (b"profile,items.description,items.colour\r\n", "convert.unknown-column"),
        (b"profile,profile,items.description\r\n", "convert.repeated-column"),
        (b"profile,items.description\r\nno-such/2022,Coffee\r\n", "convert.unknown-profile"),
        (
            b"profile,items.description\r\natiga-form-d/2022,Coffee\r\nrcep-co/2022,Tea\r\n",
            "convert.contradicting-rows",
        ),
        (b"profile,items.description\r\natiga-form-d/2022,Coffee,more\r\n", "convert.unknown-column"),
        (b'profile,items.description\r\n"atiga', "convert.not-readable"),
        (b"<!DOCTYPE x [<!ENTITY a 'a'>]><x>&a;</x>", "convert.not-recognised"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_code(tb: Tb, data: bytes, code: str) -> None:
    ran = tb("convert", "-", "--to", "xml", "-o", "out.xml", "--json", stdin=data)
    assert (ran.code, ran.json["error"]["code"]) == (Exit.INVALID, code)


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tb: Tb, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(3):
            packed.writestr(f"xl/{number}.xml", b"\0" * 50_000_000)
    ran = tb("convert", "bomb.xlsx", "--to", "xml", "-o", "out.xml", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.INVALID, "convert.too-large")


def test_diff_names_boxes_and_does_not_count_what_is_only_written_otherwise(
    tb: Tb, form_d: str, tmp_path: Path
) -> None:
    value = json.loads(tb("convert", form_d, "--to", "json").out)
    weight = value["items"][0]["grossWeight"]["value"]
    value["items"][0]["grossWeight"]["value"] = f"{weight}.00"
    value["tickBoxes"]["backToBack"] = False
    (tmp_path / "same.json").write_text(json.dumps(value), encoding="utf-8")
    assert tb("diff", form_d, "same.json").code == Exit.OK
    value["items"].insert(0, {**value["items"][0], "number": 77})
    value["consignee"]["name"] = "Somebody else"
    value["tickBoxes"]["backToBack"] = True
    (tmp_path / "other.json").write_text(json.dumps(value), encoding="utf-8")
    ran = tb("diff", form_d, "other.json", "--json")
    assert ran.code == Exit.CHECKS_FAILED
    assert [(each["box"], each["pointer"]) for each in ran.json["differences"]] == [
        ("2", "/consignee/name"),
        ("5", "/items/number=77"),
        ("13", "/tickBoxes/backToBack"),
    ]
    assert "Somebody else" in tb("diff", form_d, "other.json").out


def test_bills_of_lading_are_compared_too(tb: Tb) -> None:
    for number in ("a.json", "b.json"):
        assert tb("convert", "--example", "dcsa-transport-document/3.0", "--to", "json", "-o", number).code == Exit.OK
    assert tb("diff", "a.json", "b.json").code == Exit.OK


@pytest.mark.parametrize("profile", [each.id for each in profiles().values() if each.family == "certificate"])
def test_every_certificate_has_a_form(tb: Tb, tmp_path: Path, profile: str) -> None:
    assert tb("convert", "--example", profile, "--to", "json", "-o", "c.json").code == Exit.OK
    ran = tb("render", "c.json", "-o", "c.html", "--json")
    assert (ran.code, ran.json["as"]) == (Exit.OK, "html")
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert 'id="box-1"' in page
    assert "NOT ISSUED" in page
    assert "#k=" not in page


def test_a_bill_of_lading_is_drawn_too_and_is_not_issued(tb: Tb, tmp_path: Path) -> None:
    assert tb("convert", "--example", "dcsa-transport-document/3.0", "--to", "json", "-o", "b.json").code == Exit.OK
    drawn = tmp_path / "b.html"
    assert tb("render", "b.json", "-o", str(drawn), "--json").code == Exit.OK
    page = drawn.read_text()
    assert "Bill of lading" in page
    assert "NOT ISSUED" in page


def test_shipping_instructions_have_no_paper(tb: Tb) -> None:
    assert tb("convert", "--example", "dcsa-shipping-instructions/3.0", "--to", "json", "-o", "b.json").code == Exit.OK
    ran = tb("render", "b.json", "-o", "b.html", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.INVALID, "render.no-form")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "xml"),
        ("form-d.xml", "--example", FORM_D, "--to", "xml"),
        ("form-d.xml", "--to", "json", "--json"),
        ("--template", FORM_D, "--to", "ubl", "-o", "x"),
        ("--template", "dcsa-transport-document/3.0", "--to", "csv", "-o", "x"),
        ("--template", "atiga-form-d/1999", "--to", "csv", "-o", "x"),
        ("nothing.xml", "--to", "json", "-o", "x"),
    ],
)
def test_what_makes_no_sense_is_an_error_of_usage(tb: Tb, form_d: str, arguments: tuple[str, ...]) -> None:
    assert tb("convert", *arguments).code == Exit.USAGE
