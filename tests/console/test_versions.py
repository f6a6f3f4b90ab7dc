"""*Versions*: a certificate that was replaced twice, and what two of them say differently."""

import re

import pytest

from exchange.console.versions import MOST_LINES, _row
from schemas.certificate.model import Certificate, Replaced, ReplacementReason
from schemas.event import EventType
from tests.console.conftest import Console
from tests.console.test_pages import text_of
from tests.exchange.cast import certificate, document, event, of_items, signed
from tradebridge.convert.difference import Difference, compare


def version(number: str, old: str | None, **changes: object) -> bytes:
    """A certificate in the place of `old`, whose first item is changed."""
    made = document(number)
    assert isinstance(made, Certificate)
    replaced = Replaced(number=old, date=made.certification.date, reason=ReplacementReason.CORRECTED) if old else None
    first = made.items[0].model_copy(update=changes)
    return signed(made.model_copy(update={"replaces": replaced, "items": (first, *made.items[1:])}))


@pytest.fixture(scope="module")
def three(console: Console) -> list[str]:
    sent = []
    for number, old, text in (
        ("SG-V-1", None, "Gears"),
        ("SG-V-2", "SG-V-1", "Gears <b>"),
        ("SG-V-3", "SG-V-2", "Gear"),
    ):
        data = version(number, old, description=text)
        sent.append(console.cast["SG-NSW"].submit(data, ["TH-NSW"]).id)
    return sent


def test_all_versions_are_listed_from_each_of_them(console: Console, three: list[str]) -> None:
    for own in three:
        page = console.pages.get(f"/console/d/{own}/versions")
        assert re.findall(r'<th scope="row" class="number"><a href="/console/d/([^/]+)/versions"', page.text) == three
        assert text_of(page).count("this one") == 1 and "2: SG-V-2" in text_of(page)
        for other in (f"/console/d/{own}", f"/console/d/{own}/paper"):
            assert f'/console/d/{own}/versions">3 versions</a>' in console.pages.get(other).text
    alone = console.pages.get(f"/console/d/{console.document}/versions")
    assert "There is no other version" in alone.text and "Compare</button>" not in alone.text
    assert "versions</a>" not in console.pages.get(f"/console/d/{console.document}").text


def test_two_are_compared_as_tb_diff_compares_them(console: Console, three: list[str]) -> None:
    usual = console.pages.get(f"/console/d/{three[1]}/versions")
    read = text_of(usual)
    assert "Gears <b>" in read and "<b>" not in usual.text.partition("<main")[2]
    assert "Description box 7 /items/0/description changed Gears Gears <b>" in read
    assert "/replaces/number added not there SG-V-1" in read
    back = text_of(console.pages.get(f"/console/d/{three[1]}/versions?from={three[2]}&to={three[0]}"))
    assert "/items/0/description changed Gear Gears" in back and "/replaces/number removed SG-V-2 not there" in back
    assert f"tb get {three[2]} -o first tb get {three[0]} -o second tb diff first second" in back
    same = console.pages.get(f"/console/d/{three[1]}/versions?from={three[1]}&to={three[1]}")
    assert "They say the same." in same.text


def test_only_versions_of_the_document_are_compared(console: Console, three: list[str]) -> None:
    other = console.pages.get(f"/console/d/{three[1]}/versions?from={console.document}")
    assert (other.status_code, "request.malformed" in other.text) == (400, True)
    assert console.pages.get("/console/d/doc_nobody/versions").status_code == 404


def test_who_compared_is_on_the_record_for_both(console: Console, three: list[str]) -> None:
    console.pages.get(f"/console/d/{three[2]}/versions?from={three[0]}")
    record = b"".join(console.cast.operator.audit_export()).decode()
    for each in (three[0], three[2]):
        assert re.search(rf"{each}[^\n]*document, versions|document, versions[^\n]*{each}", record)


def test_a_part_has_a_line_for_each_of_its_values_and_an_end() -> None:
    (added,) = (_row(each) for each in compare(of_items(1), of_items(2)) if each.pointer == "/items/number=2")
    assert (added.kind, added.was, added.box) == ("added", (), "5")
    assert "number: 2" in added.now and "grossWeight, unit: KGM" in added.now
    many = _row(Difference("/x", "", "x", list(range(100)), None))
    assert (many.kind, many.now) == ("removed", ())
    assert many.was[:1] == ("0: 0",) and many.was[MOST_LINES:] == ("and 60 more values",)


def test_what_an_answer_corrects_stands_beside_the_versions(console: Console) -> None:
    sent = console.cast["SG-NSW"].submit(certificate("SG-V-9"), ["TH-NSW"])
    questions = {"questions": [{"id": "q1", "box": "3", "code": "own", "text": "Which ship?"}]}
    answers = {"answers": [{"question": "q1", "kind": "corrects", "value": "MV <b>", "text": "It was changed."}]}
    for sequence, (kind, by, body) in enumerate(
        ((EventType.QUERIED, "TH-NSW", questions), (EventType.ANSWERED, "SG-NSW", answers))
    ):
        said = event(kind, sent.id, sent.content_digest, by, sequence=sequence, body=body)
        console.cast[by].send_event(sent.id, said)
    page = console.pages.get(f"/console/d/{sent.id}/versions")
    assert "box 3 MV <b> It was changed. SG-NSW to TH-NSW 2026-01-05 09:00:00" in text_of(page)
    assert "MV &lt;b&gt;" in page.text
    for other in (f"/console/d/{sent.id}", f"/console/d/{sent.id}/paper"):
        assert f'/console/d/{sent.id}/versions">corrections</a>' in console.pages.get(other).text
