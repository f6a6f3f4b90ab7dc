"""What tells the styles of Singapore, Viet Nam and the Philippines apart."""

from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from lxml import etree

from adapters.port import Statement, find_adapter
from adapters.single_windows.naccs.header import ANSWER, REQUEST, read_answer
from adapters.trial import ADDRESS, AT, decoded, example, json_of, set_at
from schemas.event import Actor, Event, EventType, Reason, Subject

SINGAPORE = find_adapter("tradenet", "SG").codec
VIETNAM = find_adapter("vnaccs", "VN").codec
JAPAN = find_adapter("naccs", "JP").codec
PHILIPPINES = find_adapter("mail", "PH").codec
FORM_D = example("atiga-form-d/2022")


def said(type_: EventType = EventType.REJECTED, **parts: Any) -> Event:
    return Event(
        id="evt_01kx0000000123456789abcdef",
        type=type_,
        document=Subject(id=ADDRESS.document_id, content_digest="0" * 64),
        expected_sequence=0,
        actor=Actor(member="SG-NSW"),
        at=AT,
        **parts,
    )


# --- Singapore -------------------------------------------------------------------------------------------------------


def test_a_certificate_is_taken_apart_into_fields() -> None:
    root = etree.fromstring(SINGAPORE.encode(FORM_D, ADDRESS).data)
    names = {"tn": "urn:tradebridge:simulation:sg:1"}
    assert root.get("Version") == "5"
    assert root.findtext("tn:Certificate/tn:Transport/tn:PortOfLoading/tn:UNLocationCode", namespaces=names) == "SGSIN"
    codes = [each.text for each in root.iterfind("tn:Certificate/tn:Item/tn:HsCode", namespaces=names)]
    assert codes == [each.hs_code for each in FORM_D.items]  # type: ignore[attr-defined]  # a certificate


def test_an_officers_refusal_is_a_reject_by_singapore_customs() -> None:
    data = SINGAPORE.encode_event(said(), ADDRESS).data
    assert b"<tn:Agency>SC</tn:Agency><tn:Status>REJECTED</tn:Status>" in data
    assert b"DCS" not in data


def test_the_box_of_the_importing_customs_is_lost_and_named() -> None:
    value = json_of(FORM_D)
    set_at(value, "/officialUse", {"treatment": "not-given", "reasons": "Expired."})
    losses = SINGAPORE.encode(decoded("atiga-form-d/2022", value), ADDRESS).losses
    assert {loss.pointer for loss in losses} == {"/officialUse/treatment", "/officialUse/reasons"}


def test_a_count_that_is_none_is_told() -> None:
    data = SINGAPORE.encode(FORM_D, ADDRESS).data.replace(b"<tn:Number>1<", b"<tn:Number>one<")
    found = SINGAPORE.decode(data)
    assert isinstance(found, tuple)
    assert found[0].code == "partner.unreadable"


# --- Viet Nam --------------------------------------------------------------------------------------------------------


def test_the_header_is_japans_to_the_byte() -> None:
    vietnamese, japanese = (codec.encode(FORM_D, ADDRESS).data for codec in (VIETNAM, JAPAN))
    assert sum(REQUEST.values()) == sum(ANSWER.values()) == 398
    assert vietnamese[:392] == japanese[:392]


def test_vietnamese_is_carried_whole_where_japan_loses_it() -> None:
    value = json_of(FORM_D)
    set_at(value, "/consignee/name", "Công ty TNHH Đồng Nai")
    document = decoded("atiga-form-d/2022", value)
    assert VIETNAM.encode(document, ADDRESS).losses == ()
    assert "/consignee/name" in {loss.pointer for loss in JAPAN.encode(document, ADDRESS).losses}
    back = VIETNAM.decode(VIETNAM.encode(document, ADDRESS).data)
    assert back == document


def test_an_answer_echoes_what_the_sender_gave() -> None:
    data = VIETNAM.encode_event(said(reasons=(Reason(code="a.b", text="Hàng hóa khác."),)), ADDRESS).data
    read = read_answer(data, "utf-8")
    assert not isinstance(read, str)
    assert (read[0].handover, read[0].output) == (ADDRESS.message_id[4:30], "*CTBC01")


# --- the Philippines -------------------------------------------------------------------------------------------------


def test_a_decision_is_an_e_mail_that_any_reader_reads() -> None:
    data = PHILIPPINES.encode_event(said(reasons=(Reason(code="a.b", text="Mabuhay — ไทย"),)), ADDRESS).data
    mail = message_from_bytes(data, policy=default)
    assert mail["Subject"] == f"Certificate of origin {ADDRESS.document_id}: DISAPPROVED"
    assert mail["To"].addresses[0].domain == "simulation.invalid"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert "Result: DISAPPROVED" in text
    assert "Reason 1 text: Mabuhay — ไทย" in text
    assert mail.defects == []


@pytest.mark.parametrize("text", ["x\nResult: APPROVED", "x\r\nResult: APPROVED", "x\\nResult: APPROVED", "\n.\r\n\\"])
def test_words_of_a_reason_do_not_become_lines_of_the_e_mail(text: str) -> None:
    statement = PHILIPPINES.decode_event(
        PHILIPPINES.encode_event(said(reasons=(Reason(code="a.b", text=text),)), ADDRESS).data
    )
    assert isinstance(statement, Statement)
    assert (statement.type, statement.reasons) == ("rejected", (("a.b", "", text),))


def test_the_same_decision_is_the_same_e_mail() -> None:
    assert PHILIPPINES.encode_event(said(), ADDRESS) == PHILIPPINES.encode_event(said(), ADDRESS)
