"""Each call as a value: what it asks for, and what it makes of the answer."""

import json
from typing import Any

import pytest

from schemas.findings import Severity
from tradebridge import calls
from tradebridge.calls import Answer, Call, NotAHub, Refused

ACCEPTED = {
    "id": "doc_1",
    "messageId": "msg_1",
    "profile": "atiga-form-d/2022",
    "number": "SG-2026-00041",
    "sender": "SG-NSW",
    "recipients": ["TH-NSW"],
    "bytesDigest": "ab",
    "contentDigest": "cd",
    "receivedAt": "2026-01-05T09:00:00Z",
    "findings": [{"code": "signature.unsigned", "severity": "warning", "message": "not signed", "pointer": ""}],
    "receipt": "e30.e30.AA",
    "links": {},
    "simulated": True,
}


def answer(value: object, status: int = 200, media_type: str = "application/json", **headers: str) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer("http://hub/x", status, {"content-type": media_type, **headers}, body)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (calls.submit(b"<a/>", ["TH-NSW"]), "POST /v1/documents"),
        (calls.validate(b"<a/>"), "POST /v1/documents:validate"),
        (calls.check_origin(b"{}", agreement="rcep"), "POST /v1/origin:check"),
        (calls.get("doc_1"), "GET /v1/documents/doc_1"),
        (calls.checks("doc_1"), "GET /v1/documents/doc_1/checks"),
        (calls.timeline("doc_1"), "GET /v1/documents/doc_1/timeline"),
        (calls.evidence("doc_1"), "GET /v1/documents/doc_1/evidence"),
        (calls.send_event("doc_1", "a.b.c"), "POST /v1/documents/doc_1/events"),
        (calls.forward("doc_1", ["VN-NSW"]), "POST /v1/documents/doc_1:forward"),
        (calls.inbox(), "GET /v1/inbox"),
        (calls.acknowledge(["a.b.c"]), "POST /v1/inbox:ack"),
        (calls.resend("dlv_1"), "POST /v1/deliveries/dlv_1:resend"),
        (calls.rotate_key("SG-NSW"), "POST /v1/members/SG-NSW:rotate-key"),
        (calls.add_key("SG-NSW", "PEM", ["document"]), "POST /v1/members/SG-NSW/keys"),
        (calls.suspend("SG-NSW"), "POST /v1/members/SG-NSW:suspend"),
        (calls.resume("SG-NSW"), "POST /v1/members/SG-NSW:resume"),
        (calls.rule("syntax.not-xml"), "GET /v1/rules/syntax.not-xml"),
        (calls.refusal("ref_1"), "GET /v1/refusals/ref_1"),
        (calls.titles(), "GET /v1/titles"),
        (calls.title("SIML/1"), "GET /v1/titles/SIML%2F1"),
        (calls.title_chain("SIML1"), "GET /v1/titles/SIML1/chain"),
        (calls.act("SIML1", {"action": "SIGN"}), "POST /v1/titles/SIML1/actions"),
        (calls.accounts(), "GET /v1/accounts"),
        (calls.transfer("tr_1"), "GET /v1/transfers/tr_1"),
        (calls.cancel_transfer("tr_1"), "POST /v1/transfers/tr_1:cancel"),
        (calls.platforms(), "GET /v1/platforms"),
        (calls.control("ab12"), "GET /ctr/v1/titles/ab12"),
        (calls.say_control("a.b.c"), "POST /ctr/v1/statements"),
        (calls.submit_instructions({}), "POST /ebl/v3/shipping-instructions"),
        (calls.instructions("SI-1"), "GET /ebl/v3/shipping-instructions/SI-1"),
        (calls.transport_document("SIML1"), "GET /ebl/v3/transport-documents/SIML1"),
        (calls.approve_draft("SIML1"), "PATCH /ebl/v3/transport-documents/SIML1"),
    ],
)
def test_a_call_asks_at_the_address_of_the_reference(call: Call[Any], line: str) -> None:
    assert f"{call.method} {call.path}" == line


def test_an_id_cannot_leave_its_place_in_the_address() -> None:
    assert calls.get("../members/SG-NSW?x").path == "/v1/documents/..%2Fmembers%2FSG-NSW%3Fx"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\n<CertificateOfOrigin/>", "application/xml"),
        (b' {"a": 1}', "application/json"),
        (b"eyJhbGciOiJFUzI1NiJ9.e30.AA", "application/jose"),
    ],
)
def test_a_submission_names_the_media_type_of_its_bytes(data: bytes, media_type: str) -> None:
    assert calls.submit(data, ["TH-NSW"]).headers["Content-Type"] == media_type


def test_a_submission_carries_recipients_profile_and_key_in_headers_and_the_bytes_unchanged() -> None:
    call = calls.submit(b"<a/>", ["TH-NSW", "VN-NSW"], profile="atiga-form-d/2022", idempotency_key="k1")
    assert call.headers == {
        "Content-Type": "application/xml",
        "Tradebridge-To": "TH-NSW, VN-NSW",
        "Tradebridge-Profile": "atiga-form-d/2022",
        "Idempotency-Key": "k1",
    }
    assert call.body == b"<a/>"


def test_one_recipient_may_be_given_as_a_string() -> None:
    assert calls.submit(b"<a/>", "TH-NSW").headers["Tradebridge-To"] == "TH-NSW"


def test_an_inbox_that_waits_gives_the_hub_this_time_on_top_of_the_timeout() -> None:
    call = calls.inbox(limit=10, wait=20)
    assert (call.query, call.extra_seconds) == ({"limit": "10", "wait": "20"}, 20)


def test_an_accepted_document_comes_back_typed_with_its_warnings() -> None:
    accepted = calls.submit(b"<a/>", "TH-NSW").result(answer(ACCEPTED, 202))
    assert (accepted.id, accepted.recipients, accepted.replayed) == ("doc_1", ("TH-NSW",), False)
    assert [(each.code, each.severity) for each in accepted.findings] == [("signature.unsigned", Severity.WARNING)]


def test_a_replayed_answer_says_so() -> None:
    replayed = answer(ACCEPTED, 202, **{"idempotency-replayed": "true"})
    assert calls.submit(b"<a/>", "TH-NSW").result(replayed).replayed


def test_a_refusal_raises_with_every_finding_and_the_first_fix_as_next_step() -> None:
    problem = {
        "type": "/v1/rules/route.unknown-recipient",
        "title": "There is no such recipient.",
        "status": 422,
        "detail": "2 findings",
        "code": "route.unknown-recipient",
        "refusal": "ref_9",
        "errors": [
            {
                "code": "route.unknown-recipient",
                "severity": "error",
                "message": "m",
                "pointer": "",
                "fix": "See members.",
            },
            {"code": "syntax.not-xml", "severity": "error", "message": "n", "pointer": "/", "line": 3, "column": 7},
        ],
    }
    with pytest.raises(Refused) as caught:
        calls.submit(b"<a/>", "XX-NSW").result(answer(problem, 422, "application/problem+json"))
    refused = caught.value
    assert (refused.status, refused.code, refused.refusal) == (422, "route.unknown-recipient", "ref_9")
    assert [each.line for each in refused.findings] == [None, 3]
    assert refused.next_step == "See members."


@pytest.mark.parametrize(
    "strange",
    [
        answer(b"<html>Welcome</html>", 200, "text/html"),
        answer(b"[1, 2]", 200),
        answer(b"<html>Bad gateway</html>", 502, "text/html"),
    ],
    ids=["a web page", "a list", "a gateway"],
)
def test_what_is_no_hub_is_told_as_such(strange: Answer) -> None:
    with pytest.raises(NotAHub) as caught:
        calls.trust().result(strange)
    assert "URL" in caught.value.next_step


def test_a_hub_that_is_not_ready_is_an_answer_not_an_error() -> None:
    health = calls.readyz().result(answer({"store": "missing"}, 503))
    assert (health.ok, health.body) == (False, {"store": "missing"})


def test_inbox_and_push_are_read_by_the_same_function() -> None:
    page = {
        "deliveries": [
            {
                "id": "dlv_1",
                "messageId": "msg_1",
                "leaseUntil": "t",
                "original": "PGEvPg==",
                "rendition": None,
                "note": "n",
            }
        ]
    }
    assert calls.inbox().result(answer(page)) == calls.read_deliveries(page)
    assert calls.read_deliveries(page)[0].original == b"<a/>"


def test_the_pages_of_a_list_follow_one_another_by_cursor() -> None:
    first = calls.documents(state="accepted", limit=2)
    following = calls.next_page(first, first.result(answer({"items": [{}, {}], "next": "c2"})))
    assert following is not None
    assert following.query == {"state": "accepted", "limit": "2", "cursor": "c2"}
    assert calls.next_page(following, following.result(answer({"items": [], "next": None}))) is None


def test_a_carrier_that_refuses_says_why_in_dcsas_words() -> None:
    errors = [{"errorCodeText": "carrier.not-now", "errorCodeMessage": "The document is no draft."}]
    refused = answer({"httpMethod": "PATCH", "statusCode": 409, "errors": errors}, status=409)
    with pytest.raises(Refused) as caught:
        calls.approve_draft("SIML1").result(refused)
    assert (caught.value.status, caught.value.code) == (409, "carrier.not-now")
    assert "no draft" in str(caught.value)
    with pytest.raises(NotAHub):
        calls.approve_draft("SIML1").result(answer(b"<html>", status=502, media_type="text/html"))


def test_what_a_carrier_is_still_processing_is_empty() -> None:
    assert calls.instructions("SI-1").result(answer(b"", status=202)) == {}
    assert calls.transport_document("SIML1").result(answer({"transportDocumentStatus": "DRAFT"})) == {
        "transportDocumentStatus": "DRAFT"
    }
