"""The NACCS family to the byte: header, items, results."""

import pytest

from adapters.port import Statement, TooLarge, find_adapter
from adapters.single_windows.naccs.header import (
    ANSWER,
    REQUEST,
    AnswerHeader,
    RequestHeader,
    TooLong,
    read_answer,
    read_request,
    write_answer,
    write_request,
)
from adapters.single_windows.naccs.items import fitted
from schemas.event import Actor, Event, EventType, Reason, Subject
from tests.adapters.speakers import ADDRESS, AT, example
from tests.exchange.cast import of_items

CODEC = find_adapter("naccs", "JP").codec
CERTIFICATE = CODEC.encode(example("ajcep-form-aj/2014"), ADDRESS).data


def result(event_type: EventType, *reasons: Reason) -> bytes:
    event = Event(
        id="evt_01kx0000000123456789abcdef",
        type=event_type,
        document=Subject(id=ADDRESS.document_id, content_digest="0" * 64),
        recipient="JP-NACCS",
        expected_sequence=0,
        actor=Actor(member="JP-NACCS"),
        at=AT,
        reasons=reasons,
    )
    return CODEC.encode_event(event, ADDRESS).data


def test_both_layouts_fill_398_bytes() -> None:
    assert sum(REQUEST.values()) == sum(ANSWER.values()) == 398


def test_the_header_of_a_request_stands_where_two_clients_have_it() -> None:
    assert CERTIFICATE[3:8] == b"TBC01"
    assert CERTIFICATE[29:34] == b"TBHUB"
    assert CERTIFICATE[219:245].decode() == ADDRESS.message_id.removeprefix("msg_")
    assert CERTIFICATE[253:263].decode() == ADDRESS.document_id[-10:]
    assert CERTIFICATE[263:363].decode().rstrip() == ADDRESS.document_id
    assert int(CERTIFICATE[392:398]) == len(CERTIFICATE)
    assert CERTIFICATE[398:400] == b"\r\n"


def test_the_header_of_a_result_stands_where_two_clients_have_it() -> None:
    data = result(EventType.ACCEPTED)
    assert data[3:8] == b"TBC01"
    assert data[8:15] == b"*CTBC01"
    assert data[15:29] == b"20260105090000"
    assert data[219:245].decode() == ADDRESS.message_id.removeprefix("msg_")
    assert data[245:250] == b"001ER"
    assert data[253:263].decode() == ADDRESS.document_id[-10:]
    assert int(data[392:398]) == len(data)


def test_success_is_the_result_that_the_family_knows() -> None:
    body = result(EventType.ACCEPTED)[400:]
    assert body.split(b"\r\n")[0] == b"00000-0000-0000".ljust(75)


def test_each_reason_is_a_result_of_its_own() -> None:
    reasons = (Reason(code="a.b", text="one"), Reason(code="c.d", text="two"))
    body = result(EventType.REJECTED, *reasons)[400:]
    assert body.split(b"\r\n")[0] == b"E9001-RSON-0001E9001-RSON-0002".ljust(75)


def test_items_are_padded_lines_closed_by_crlf() -> None:
    lines = CERTIFICATE[400:].split(b"\r\n")
    assert lines[-1] == b""
    assert lines[1] == b"SG-2026-00041".ljust(35)


def test_trailing_blanks_may_be_missing() -> None:
    header, body = CERTIFICATE[:400], CERTIFICATE[400:]
    short = b"\r\n".join(line.rstrip(b" ") for line in body.split(b"\r\n"))
    message = header[:392] + f"{400 + len(short):06d}".encode() + b"\r\n" + short
    assert CODEC.decode(message) == CODEC.decode(CERTIFICATE)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param(b"", "A0016", id="empty"),
        pytest.param(CERTIFICATE[:397], "A0016", id="cut header"),
        pytest.param(CERTIFICATE[:398] + b"\n" + CERTIFICATE[400:], "A0016", id="no CRLF after the header"),
        pytest.param(CERTIFICATE[:29] + b"\xff" + CERTIFICATE[30:], "A0009", id="not EUC-JP"),
        pytest.param(CERTIFICATE[:29] + b"\x07" + CERTIFICATE[30:], "A0009", id="control character"),
        pytest.param(CERTIFICATE + b" ", "A0008", id="longer than it says"),
        pytest.param(CERTIFICATE[:-1], "A0008", id="shorter than it says"),
        pytest.param(CERTIFICATE[:3] + b"IDA  " + CERTIFICATE[8:], "A0001", id="unknown procedure"),
    ],
)
def test_the_header_is_checked_first(message: bytes, code: str) -> None:
    decoded = CODEC.decode(message)
    assert isinstance(decoded, tuple)
    assert decoded[0].found.startswith(code)


def test_a_system_refusal_is_no_decision() -> None:
    message = write_answer(
        AnswerHeader(procedure="TBC01", output="*CTBC01", received_at="20260105090000", user="TBHUB"),
        b"A0011-0000-0000".ljust(75) + b"\r\n",
    )
    decoded = CODEC.decode_event(message)
    assert isinstance(decoded, tuple)
    assert (decoded[0].code, decoded[0].found) == ("partner.refused", "A0011-0000-0000")


def test_an_answer_to_another_message_is_refused() -> None:
    data = result(EventType.ACCEPTED)
    other = data[:219] + b"X" + data[220:]
    decoded = CODEC.decode_event(other)
    assert isinstance(decoded, tuple)
    assert decoded[0].pointer == "/header/handover"


def test_what_the_sender_says_afterwards_is_a_request_of_its_own() -> None:
    data = result(EventType.CANCELLED)
    assert data[3:8] == b"TBC02"
    statement = CODEC.decode_event(data)
    assert isinstance(statement, Statement)
    assert statement.type == "cancelled"


def test_a_header_field_that_does_not_fit_is_a_programmers_error() -> None:
    with pytest.raises(TooLong):
        write_request(RequestHeader(procedure="TOOLONG", user="TBHUB"), b"")


def test_headers_come_back() -> None:
    request = RequestHeader("IDA", "1ABCD", "001", "PASSWORD", "what I want back", "0000000001", "index", "1")
    assert read_request(write_request(request, b"body")) == (request, b"body")
    answer = AnswerHeader(
        "IDA", "SAD1AC0", "20260105090000", "1ABCD", "mail", "subject", "back", "002", "", "C", "1", "i", "2"
    )
    assert read_answer(write_answer(answer, b"body")) == (answer, b"body")


def test_a_cut_never_splits_a_character() -> None:
    assert fitted("東京港", 5).decode("euc_jp") == "東京"
    assert fitted("Đồng", 20) == "Đồng".encode("euc_jp", "replace")


def test_a_certificate_whose_length_six_digits_cannot_say_is_too_large_and_says_how_large() -> None:
    with pytest.raises(TooLarge) as refused:
        CODEC.encode(of_items(5_000), ADDRESS)
    assert refused.value.size > 999_999 and refused.value.found.code == "partner.too-large"
