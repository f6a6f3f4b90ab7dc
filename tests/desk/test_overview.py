"""The overview counts what is kept; its export is safe to open."""

import csv
import io
from datetime import datetime
from pathlib import Path

from openpyxl import load_workbook

from exchange.desk import exporting, overview
from exchange.desk.deciding import Word
from exchange.messages import Accepted
from schemas.certificate.model import Certificate
from schemas.event import EventType, Reason
from tests.desk.running import SOMCHAI, Office
from tests.exchange.cast import certificate, document, event, signed

FORMULA = '=HYPERLINK("http://evil.example","x")'
SINCE = "2026-01-01"


def formula(office: Office, number: str) -> str:
    value = document(number)
    assert isinstance(value, Certificate)
    named = value.exporter.model_copy(update={"name": FORMULA})
    return office.submit(signed(value.model_copy(update={"exporter": named})), "TH-NSW")


def told(office: Office, member: str | None = "TH-NSW") -> overview.Overview:
    with office.hub.database.reading.connect() as connection:
        return overview.overview(connection, member, SINCE)


def test_each_step_of_the_funnel_counts_what_came_so_far(office: Office) -> None:
    before = told(office).between("SG-NSW", "TH-NSW")
    counted = dict(before.counted) if before else dict.fromkeys(overview.STEPS, 0)
    first = office.submit(certificate("SG-OV-1"), "TH-NSW")
    second = office.submit(certificate("SG-OV-2"), "TH-NSW")
    office.submit(certificate("SG-OV-3"), "TH-NSW")
    assert isinstance(office.decide(SOMCHAI, first, Word(EventType.ACCEPTED, 0)), Accepted)
    why = (Reason(code="atiga.rvc-below-threshold", box="8", text="32 %"),)
    assert isinstance(office.decide(SOMCHAI, second, Word(EventType.REJECTED, 0, why)), Accepted)
    digest = str(office.case(first).stored.summary["contentDigest"])
    office.say(event(EventType.UTILISED, first, digest, "TH-NSW", sequence=1), first, "TH-NSW")
    now = told(office)
    route = now.between("SG-NSW", "TH-NSW")
    assert route is not None
    grown = {step: route.counted[step] - counted[step] for step in overview.STEPS}
    assert grown == {"issued": 3, "delivered": 3, "decided": 2, "accepted": 1, "used": 1}
    assert "atiga.rvc-below-threshold" in [each.code for each in now.reasons]
    assert route.median == 0.0 and route.p95 is not None and now.whole
    # Who has no part in it sees nothing of it.
    assert told(office, "CARRIER-SIM").routes == ()


def test_a_p95_is_what_95_of_100_do_not_exceed() -> None:
    route = overview.Route("SG-NSW", "TH-NSW", seconds=[float(each) for each in range(100, 0, -1)])
    assert (route.median, route.p95) == (50.5, 95.0)


def test_text_that_looks_like_a_formula_stays_text_in_csv_and_xlsx(office: Office, tmp_path: Path) -> None:
    document_id = formula(office, "SG-OV-9")
    with office.hub.database.reading.connect() as connection:
        text = b"".join(exporting.csv_of(exporting.rows(connection, "TH-NSW", SINCE))).decode("utf-8-sig")
        exporting.write_xlsx(exporting.rows(connection, "TH-NSW", SINCE), tmp_path / "cases.xlsx")
    lines = list(csv.reader(io.StringIO(text)))
    names = [name for name, _ in exporting.COLUMNS]
    assert lines[0] == names
    line = next(each for each in lines if each[-1] == document_id)
    assert line[names.index("firm")] == f"'{FORMULA}"
    book = load_workbook(tmp_path / "cases.xlsx")
    sheet = book["Cases"]
    cells = next(row for row in sheet.iter_rows() if row[-1].value == document_id)
    firm, received = cells[names.index("firm")], cells[names.index("received")]
    assert (firm.value, firm.data_type) == (FORMULA, "s")
    assert received.value == datetime(2026, 1, 5, 9) and received.is_date
    assert sheet.freeze_panes == "A2" and book["Definitions"].max_row == len(names) + 1
    assert len(lines) == sheet.max_row


def test_an_export_goes_on_over_its_chunks_and_leaves_nothing_out(office: Office) -> None:
    for number in range(7):
        office.submit(certificate(f"SG-OV-2{number}"), "TH-NSW")
    with office.hub.database.reading.connect() as connection:
        whole = [row[-1] for row in exporting.rows(connection, None, SINCE)]
        before, exporting.CHUNK = exporting.CHUNK, 3
        try:
            chunked = [row[-1] for row in exporting.rows(connection, None, SINCE)]
        finally:
            exporting.CHUNK = before
    assert chunked == whole and len(set(whole)) == len(whole)
