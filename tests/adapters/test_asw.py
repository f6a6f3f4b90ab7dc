"""The style of the exchange between ASEAN's windows: what a window can tell from a message."""

from lxml import etree

from adapters.port import Statement, find_adapter
from adapters.single_windows.asw.codec import NAMESPACE, receipt_notice
from schemas.event import Actor, Event, EventType, Subject
from tests.adapters.speakers import ADDRESS, AT, example

CODEC = find_adapter("asw", "TH").codec


def header(data: bytes) -> dict[str, str]:
    elements = etree.fromstring(data).find(f"{{{NAMESPACE}}}Header")
    assert elements is not None
    return {etree.QName(each).localname: each.text or "" for each in elements}


def test_the_envelope_names_message_sender_recipient_kind_and_time() -> None:
    assert header(CODEC.encode(example("atiga-form-d/2022"), ADDRESS).data) == {
        "MessageID": ADDRESS.message_id,
        "DocumentID": ADDRESS.document_id,
        "Sender": "SG-NSW",
        "Recipient": "TH-NSW",
        "Kind": "CO",
        "IssueDateTime": "2026-01-05T09:00:00.000Z",
    }


def test_a_receipt_is_never_an_acceptance() -> None:
    notice = receipt_notice(ADDRESS)
    assert header(notice.data)["Kind"] == "ACK"
    found = CODEC.decode_event(notice.data)
    assert isinstance(found, tuple)
    assert [each.code for each in found] == ["partner.not-a-decision"]


def test_each_layer_has_a_kind_of_message_of_its_own() -> None:
    kinds = {}
    for event_type in EventType:
        event = Event(
            id="evt_01kx0000000123456789abcdef",
            type=event_type,
            document=Subject(id=ADDRESS.document_id, content_digest="0" * 64),
            expected_sequence=0,
            actor=Actor(member="TH-NSW"),
            at=AT,
        )
        kinds[event_type.value] = header(CODEC.encode_event(event, ADDRESS).data)["Kind"]
    assert kinds == {
        "accepted": "CUSTOMS_RESPONSE",
        "queried": "CUSTOMS_RESPONSE",
        "rejected": "CUSTOMS_RESPONSE",
        "utilised": "UTILISATION",
        "answered": "FEEDBACK",
        "cancelled": "CANCELLATION",
        "examined": "CUSTOMS_RESPONSE",
        "committed": "UTILISATION",
        "released": "UTILISATION",
        "reversed": "UTILISATION",
        "replaced": "CANCELLATION",
        "expired": "CANCELLATION",
        "verification-requested": "VERIFICATION",
        "verification-answered": "VERIFICATION",
        "verification-concluded": "VERIFICATION",
        "reminded": "VERIFICATION",
        "issued": "FEEDBACK",
    }


def test_an_entity_in_an_answer_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    for found in (CODEC.decode(bomb), CODEC.decode_event(bomb)):
        assert isinstance(found, tuple)
        assert found[0].code == "syntax.doctype"


def test_an_unknown_status_is_no_decision() -> None:
    event = Event(
        id="evt_01kx0000000123456789abcdef",
        type=EventType.ACCEPTED,
        document=Subject(id=ADDRESS.document_id, content_digest="0" * 64),
        expected_sequence=0,
        actor=Actor(member="TH-NSW"),
        at=AT,
    )
    data = CODEC.encode_event(event, ADDRESS).data
    assert isinstance(CODEC.decode_event(data), Statement)
    found = CODEC.decode_event(data.replace(b">C01<", b">C99<"))
    assert isinstance(found, tuple)
    assert found[0].code == "partner.unreadable"
