"""Whatever a person holds gets four answers, and nothing that was bent gets four times yes."""

import json
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Syntax
from schemas.event import EventType
from schemas.registry import profile_of
from tests.evidence.case import NOW, PROFILE, Case, content_of, event, form_d, sealed
from tests.evidence.test_bundle import GOOD as BUNDLE
from tests.evidence.test_bundle import made
from tests.evidence.world import AT, EXPIRED, SG, STRANGER, TH, TRUST
from tradebridge.evidence import jws
from tradebridge.evidence.attachment import MAX_ATTACHMENTS, document_inside
from tradebridge.evidence.given import document_in, is_alone, recognise, verify_given
from tradebridge.evidence.next_steps import _BY_ANSWER, next_step
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.told import Told, proof_of, read_told, with_hub

XML = sealed()
JWS = jws.sign(form_d(syntax=Syntax.JSON), jws.DOCUMENT, SG, AT).encode()
EVIDENCE = Case(events=(event(EventType.ACCEPTED),)).build()
YES, NO, UNSURE = "yes", "no", "could-not-check"


def judged(data: bytes, **options: Any) -> Report:
    return verify_given(recognise(data, TRUST), TRUST, options.pop("now", NOW), **options)


def verdicts(report: Report) -> list[str]:
    return [each.verdict.value for each in report.answers]


def pdf(*attachments: bytes, packed: bool = True, of: bytes = b"") -> bytes:
    """A file that has these streams embedded, as writers of PDF do it."""
    parts = [b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"]
    for each in attachments:
        data = zlib.compress(each) if packed else each
        how = b"/Filter/FlateDecode" if packed else b""
        head = b"2 0 obj\n<</Length %d/Type /EmbeddedFile%s/Params<</Size 5>>%s>>\n" % (len(data), how, of)
        parts.append(head + b"stream\n" + data + b"\nendstream\nendobj\n")
    return b"".join(parts)


@pytest.mark.parametrize(
    ("data", "kind", "expected", "code"),
    [
        (BUNDLE, "bundle", [YES] * 4, 0),
        (json.dumps(EVIDENCE).encode(), "evidence", [YES] * 4, 0),
        (XML, "document", [YES, YES, UNSURE, UNSURE], 3),
        (JWS, "document", [YES, YES, UNSURE, UNSURE], 3),
        (JWS + b"\n", "document", [YES, YES, UNSURE, UNSURE], 3),
        (form_d(), "document", [UNSURE] * 4, 3),
        (form_d(syntax=Syntax.JSON), "document", [UNSURE] * 4, 3),
        (pdf(XML), "pdf", [UNSURE, YES, UNSURE, UNSURE], 3),
        (pdf(JWS, packed=False), "pdf", [UNSURE, YES, UNSURE, UNSURE], 3),
        (pdf(BUNDLE), "pdf", [UNSURE, YES, YES, YES], 3),
    ],
)
def test_each_kind_of_file_gets_its_four_answers(data: bytes, kind: str, expected: list[str], code: int) -> None:
    report = judged(data)
    assert (report.judged, verdicts(report), report.exit_code) == (kind, expected, code), report
    assert all(each.reason and each.next_step for each in report.answers)
    assert report.number == "SG-2026-00041"


RECEIPT = Case().acceptance().receipt().sign(SG, AT).encode()


@pytest.mark.parametrize(
    ("name", "data", "expected", "code"),
    [
        ("changed", XML.replace(b"Singapore", b"Singapork"), [NO, NO, UNSURE, UNSURE], "signature.wrong-content"),
        (
            "changed inside a PDF",
            pdf(XML.replace(b"Sing", b"Song")),
            [NO, NO, UNSURE, UNSURE],
            "signature.wrong-content",
        ),
        ("a changed payload", JWS.replace(b".", b".e", 1), [NO, NO, UNSURE, UNSURE], None),
        ("cut off", XML[:-20], [NO, NO, UNSURE, UNSURE], "syntax.not-xml"),
        ("signed by a stranger", sealed(STRANGER), [UNSURE, NO, UNSURE, UNSURE], "signature.unknown-key"),
        ("signed by who may not", sealed(TH), [YES, NO, UNSURE, UNSURE], None),
        ("an expired certificate", sealed(EXPIRED, AT, exporter="MY"), [YES, UNSURE, UNSURE, UNSURE], None),
        ("a receipt", RECEIPT, [UNSURE, UNSURE, UNSURE, UNSURE], "signature.wrong-type"),
        ("a picture", b"\x89PNG\r\n\x1a\n", [UNSURE] * 4, "evidence.unknown-file"),
        ("nothing", b"", [UNSURE] * 4, "evidence.unknown-file"),
        ("a PDF without it", pdf(), [UNSURE] * 4, "evidence.nothing-inside"),
        ("a PDF with two", pdf(XML, JWS), [UNSURE] * 4, "evidence.several-inside"),
        ("a broken bundle", made(after={"document.xml": b"<other/>"}), [NO] * 4, "bundle.changed"),
    ],
)
def test_what_is_bent_is_answered(name: str, data: bytes, expected: list[str], code: str | None) -> None:
    report = judged(data)
    assert verdicts(report) == expected, report
    assert code is None or report.unchanged.findings[0].code == code
    assert report.exit_code in (3, 5)
    json.dumps(report.to_json())


def test_a_document_alone_is_no_longer_valid_when_its_own_dates_say_so() -> None:
    report = judged(XML, now=AT + timedelta(days=400))
    assert (report.valid.verdict, report.valid.findings[0].code) == (Verdict.NO, "evidence.expired")
    assert report.exit_code == 4


def test_as_of_a_time_what_was_said_later_does_not_count() -> None:
    cancelled = Case(events=(event(EventType.ACCEPTED), event(EventType.CANCELLED, SG, 1, at=AT + timedelta(hours=2))))
    for data in (json.dumps(cancelled.build()).encode(), made(cancelled, at=AT + timedelta(hours=2))):
        assert judged(data).exit_code == 4
        assert judged(data, now=AT + timedelta(hours=3), as_of=True).exit_code == 4
        before = judged(data, now=AT + timedelta(hours=1), as_of=True)
        assert before.exit_code == 0, before
        assert judged(data, now=AT - timedelta(hours=1), as_of=True).recorded.verdict is Verdict.COULD_NOT_CHECK


# --- PDF -------------------------------------------------------------------------------------------------------------


def test_our_own_pdf_has_the_document_inside_byte_for_byte() -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    from tradebridge.render.form import Standing
    from tradebridge.render.paper import paper_of
    from tradebridge.render.pdf import pdf_of

    profile = profile_of(PROFILE)
    assert profile is not None
    document = profile.decode(content_of(XML)).document
    assert document is not None
    drawn = paper_of(document, Standing())
    assert not isinstance(drawn, Finding)
    for original in (XML, JWS):
        made_of_it = pdf_of(drawn, original)
        assert isinstance(made_of_it, bytes)
        assert document_inside(made_of_it) == original
        assert judged(made_of_it).issued.verdict is Verdict.YES


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pdf(b"x" * 45_000_000), "bundle.too-large"),
        (pdf(*(b"<%d>" % at + b" " * 15_000_000 for at in range(3))), "bundle.too-large"),
        (pdf(XML).replace(zlib.compress(XML)[:40], b"\0" * 40), "evidence.nothing-inside"),
        (pdf(XML)[:-200], "evidence.nothing-inside"),
        (pdf(*(b"<a>%d</a>" % at for at in range(MAX_ATTACHMENTS + 1))), "evidence.several-inside"),
        (pdf(XML, of=b"/DecodeParms<</Predictor 12>>"), "evidence.nothing-inside"),
        (pdf(b"an invoice", b"%PDF-1.7"), "evidence.nothing-inside"),
        (b"%PDF-1.7 /Type/EmbeddedFile", "evidence.nothing-inside"),
    ],
)
def test_a_pdf_that_is_not_ours_is_told_apart(data: bytes, code: str) -> None:
    found = document_inside(data)
    assert isinstance(found, Finding)
    assert found.code == code


def test_other_attachments_and_the_same_one_twice_do_not_matter() -> None:
    assert document_inside(pdf(b"an invoice", XML, XML)) == XML


# --- a hub's word ----------------------------------------------------------------------------------------------------


def told(**changes: Any) -> dict[str, Any]:
    answers = judged(json.dumps(EVIDENCE).encode()).to_json()
    return {"found": True, **answers, "proof": proof_of({"timestamp": None, **EVIDENCE}), **changes}


def completed(value: object, document: bytes = XML) -> Report:
    return with_hub(judged(document), read_told(value), document, TRUST, NOW)


def test_a_hub_that_knows_the_document_proves_that_it_is_on_the_record() -> None:
    report = completed(told())
    assert report.exit_code == 0, report
    assert report.valid.reason.startswith("The hub says: ")
    assert "leaf 100" in report.recorded.reason


def test_what_a_hub_says_of_a_print_is_told_as_its_word_and_proves_nothing() -> None:
    """Four times yes from a hub is no four times yes: nothing was compared."""
    answered = [
        {"question": each, "answer": "yes", "reason": "All is well.", "next": ""}
        for each in ("unchanged", "issued", "valid", "recorded")
    ]
    print_of = read_told(told(answers=answered))
    assert isinstance(print_of, Told)
    report = print_of.report()
    assert (verdicts(report), report.exit_code) == ([UNSURE, YES, YES, YES], 3)
    assert [each.reason.startswith("The hub says: ") for each in report.answers] == [False, True, True, True]
    assert [each.code for each in report.unchanged.findings] == ["evidence.paper"]


def test_a_no_of_a_hub_is_its_word_too() -> None:
    ended = {"question": "valid", "answer": "no", "reason": "Cancelled.", "next": "Do not accept it."}
    value = told()
    report = completed(value | {"answers": [*value["answers"][:2], ended, value["answers"][3]]})
    assert (report.exit_code, report.valid.reason) == (4, "The hub says: Cancelled.")


def test_a_proof_of_another_name_is_a_no() -> None:
    report = completed(told(document="doc_0000000000000000000000002"))
    assert report.recorded.findings[0].code == "receipt.other-document"


def _bent(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def bend(proof: dict[str, Any]) -> dict[str, Any]:
        match name:
            case "another leaf":
                return proof | {"leafIndex": proof["leafIndex"] + 1}
            case "another salt":
                return proof | {"salt": "0" * 64}
            case "a way that leads elsewhere":
                hashes = ["0" * 64, *proof["inclusion"]["hashes"][1:]]
                return proof | {"inclusion": proof["inclusion"] | {"hashes": hashes}}
            case _:
                return proof | {"checkpoint": proof["checkpoint"].replace("\n3", "\n4", 1)}

    return bend


@pytest.mark.parametrize("name", ["another leaf", "another salt", "a way that leads elsewhere", "another checkpoint"])
def test_a_proof_that_does_not_hold_is_a_no(name: str) -> None:
    value = told()
    report = completed(value | {"proof": _bent(name)(value["proof"])})
    assert (report.recorded.verdict, report.exit_code) == (Verdict.NO, 4), report


def test_a_proof_of_another_document_is_a_no() -> None:
    report = completed(told(), JWS)
    assert report.recorded.findings[0].code == "receipt.other-document"


def test_a_hub_s_word_of_today_tells_nothing_of_another_day() -> None:
    """Its proof does: the document was on the record by then."""
    at, cancelled = AT + timedelta(days=1), AT + timedelta(days=5)
    given = Case(events=(event(EventType.CANCELLED, SG, at=cancelled),)).build()
    answered = judged(json.dumps(given).encode(), now=cancelled + timedelta(days=1)).to_json()
    known = read_told({"found": True, **answered, "proof": proof_of(given)})
    alone = judged(XML, now=at, as_of=True)
    assert verdicts(with_hub(alone, known, XML, TRUST, cancelled + timedelta(days=1)))[2:] == [NO, YES]
    assert verdicts(with_hub(alone, known, XML, TRUST, at, as_of=True))[2:] == [UNSURE, YES]
    before = with_hub(alone, known, XML, TRUST, AT - timedelta(days=1), as_of=True)
    assert before.recorded.verdict is Verdict.COULD_NOT_CHECK


def test_a_hub_that_does_not_know_it_that_waits_or_that_is_silent() -> None:
    assert verdicts(completed({"found": False}))[2:] == [UNSURE, NO]
    assert verdicts(completed(told(proof=None)))[2:] == [YES, UNSURE]
    silent = with_hub(judged(XML), finding("evidence.hub-silent"), XML, TRUST, NOW)
    assert verdicts(silent)[2:] == [UNSURE, UNSURE]


@pytest.mark.parametrize("value", [None, [], {}, {"found": True}, told(answers=[]), told(proof={"record": "x"})])
def test_an_answer_that_is_none_could_not_be_checked(value: object) -> None:
    assert isinstance(read_told(value), Finding)
    assert completed(value).exit_code == 3


# --- what a person does next -----------------------------------------------------------------------------------------


def test_every_answer_has_a_next_step() -> None:
    for question in ("unchanged", "issued", "valid", "recorded"):
        for verdict in Verdict:
            assert next_step(question, verdict).endswith(".")
    assert len(_BY_ANSWER) == 12


# --- whatever is changed ---------------------------------------------------------------------------------------------


@pytest.mark.fuzz
@given(st.sampled_from([XML, JWS, BUNDLE, pdf(XML)]), st.data())
def test_nothing_verifies_whose_bytes_differ(data: bytes, draw: st.DataObject) -> None:
    """One byte changed, left out or put in: it never raises, and never four times yes; a document never unchanged."""
    at = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.integers(0, 255))
    changed = draw.draw(
        st.sampled_from([data[:at] + bytes([other]) + data[at + 1 :], data[:at] + data[at + 1 :], data[: at + 1]])
    )
    bent = recognise(changed, TRUST)
    report = verify_given(bent, TRUST, NOW)
    json.dumps(report.to_json())
    if changed.strip() == data.strip():
        return
    assert report.exit_code != 0
    if is_alone(bent) and report.unchanged.verdict is Verdict.YES:
        inside = document_in(bent)
        assert inside is not None and content_of(inside).content_digest == content_of(data).content_digest
