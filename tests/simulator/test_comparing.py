"""Two cassettes compared by what they mean, what a cassette leaves out, and files that are none. Pure."""

import dataclasses
import json
from typing import Any

import pytest

from simulator.cassette import BadCassette, Cassette, Step, kept_request, read_cassette, without_secrets
from simulator.comparing import compare
from tests.simulator.conftest import AT
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import test_signer as signer_of

AT_TEXT = "2026-01-05T09:00:00Z"
DOC, MSG = "doc_01ke6p4ym0q4h64m1mkkmzqza5", "msg_01ke6p4ym0qsx1az88wwz2zre7"
OTHER = "doc_01ke6p4ym0zzzzzzzzzzzzzzzz"


def taken(answer: Any, *, status: int = 202, stands: bool = True, **members: Any) -> Cassette:
    """A session of one call."""
    step = Step(AT_TEXT, 0, "POST", "/v1/documents", status, caller="SG-NSW", answer=answer)
    step = dataclasses.replace(step, media_type="application/json")
    made = Cassette(
        "42", "0.1.0", "http://127.0.0.1:1/s/a", "a", "2026-01-05T09:00:00Z", stands, ("TH-NSW",), 0, (step,)
    )
    return dataclasses.replace(made, **members)


def found(before: Cassette, after: Cassette) -> list[tuple[str, str, str]]:
    return [(each.where.split(": ", 1)[-1], each.before, each.after) for each in compare(before, after)[0]]


def problem(*findings: dict[str, str], code: str = "certificate.x") -> dict[str, Any]:
    return {"code": code, "status": 422, "title": "Refused", "errors": list(findings), "errorCount": len(findings)}


A, B = ({"code": f"certificate.{name}", "pointer": f"/{name}", "severity": "error"} for name in "ab")


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ({"id": DOC}, {"id": OTHER}, []),
        (
            {"id": DOC, "links": {"self": f"/v1/documents/{DOC}"}},
            {"id": OTHER, "links": {"self": f"/v1/documents/{OTHER}"}},
            [],
        ),
        ({"id": DOC, "document": DOC}, {"id": OTHER, "document": DOC}, ["/document"]),
        ({"id": DOC, "first": OTHER}, {"id": DOC, "first": DOC}, ["/first"]),
        ({"id": DOC}, {"id": MSG}, ["/id"]),
        ({"state": "live"}, {"state": "expired"}, ["/state"]),
        ({"sequence": 1}, {"sequence": True}, ["/sequence"]),
        ({"state": "live"}, {}, ["/state"]),
        ({}, {"state": "live"}, ["/state"]),
        ({"items": [1, 2]}, {"items": [1]}, ["/items"]),
        ({"at": "2026-01-05T09:00:00Z"}, {"at": "2026-01-05T09:00:01Z"}, ["/at"]),
        ({"space": "a"}, {"space": "a"}, []),
        ({"findings": [A, B]}, {"findings": [B, A]}, []),
        (
            {"findings": [A | {"message": "It is wrong."}]},
            {"findings": [A | {"message": "This is wrong.", "fix": "x"}]},
            [],
        ),
        ({"findings": [A]}, {"findings": [A | {"pointer": "/c"}]}, ["/findings", "/findings"]),
        ({"findings": [A]}, {"findings": [A, A]}, ["/findings"]),
        ({"url": "http://127.0.0.1:1/s/a/v1/x"}, {"url": "http://127.0.0.1:1/s/a/v1/y"}, ["/url"]),
    ],
)
def test_an_answer_is_compared_by_what_it_says(before: Any, after: Any, differs: list[str]) -> None:
    assert [each[0] for each in found(taken(before), taken(after))] == differs


def test_a_refusal_of_another_code_or_with_other_findings_differs() -> None:
    refused = taken(problem(A), status=422)
    assert found(refused, taken(problem(A), status=422)) == []
    assert found(refused, taken(problem(A, B), status=422)) == [
        ("/errors", "not found", "error certificate.b /b"),
        ("/errorCount", "1", "2"),
    ]
    assert found(refused, taken(problem(A, code="certificate.y"), status=422)) == [
        ("/code", "certificate.x", "certificate.y")
    ]
    ((where, before, after), *_) = found(refused, taken({"id": DOC}))
    assert (where, before, after) == ("status", "422 certificate.x", "202")


def test_times_are_aligned_only_where_a_clock_ran() -> None:
    early, late = ({"at": f"2026-01-05T09:00:0{second}Z"} for second in (0, 1))
    differences, pairs = compare(taken(early, stands=False), taken(late))
    assert (differences, pairs.times) == ((), 1)
    assert compare(taken(early, stands=False), taken({"at": "soon"}))[0] != ()


def test_another_place_is_no_difference_and_another_path_is_one() -> None:
    here = taken({"url": "http://127.0.0.1:1/s/a/v1/x", "space": "a", "path": "/s/a/v1/x"})
    there = {"url": "http://127.0.0.1:2/s/b/v1/x", "space": "b", "path": "/s/b/v1/x"}
    placed: dict[str, Any] = {"hub": "http://127.0.0.1:2/s/b", "space": "b"}
    assert found(here, taken(there, **placed)) == []
    assert found(here, taken(there | {"space": "c"}, **placed)) == [("/space", "a", "c")]
    assert found(here, taken(there | {"path": "/s/c/v1/x"}, **placed)) == [("/path", "/s/a/v1/x", "/s/c/v1/x")]


def test_a_token_is_compared_by_what_it_says() -> None:
    def receipt(seed: str, state: str) -> dict[str, str]:
        return {"receipt": jws.sign(json.dumps({"state": state}).encode(), "receipt", signer_of(seed, "HUB"), AT)}

    assert found(taken(receipt("42", "live")), taken(receipt("43", "live"))) == []
    assert found(taken(receipt("42", "live")), taken(receipt("42", "ended"))) == [
        ("/receipt/payload/state", "live", "ended")
    ]


ENTRY = {"member": "TH-NSW", "kind": "event sent", "event": {"type": "accepted"}, "number": "N-1", "document_id": DOC}
DOCUMENT = {"number": "N-1", "profile": "p/1", "sender": "SG-NSW", "recipients": {"TH-NSW": {"state": "accepted"}}}


def test_who_said_what_and_where_a_document_stands_is_compared() -> None:
    before = taken({}, journal=(ENTRY,), documents=(DOCUMENT,))
    said = {**ENTRY, "event": {"type": "rejected"}}
    stands = {**DOCUMENT, "recipients": {"TH-NSW": {"state": "rejected"}}}
    assert found(before, taken({}, journal=(said,), documents=(stands,))) == [
        ("TH-NSW event sent accepted N-1", "once", "not there"),
        ("TH-NSW event sent rejected N-1", "not there", "once"),
        ("/recipients/TH-NSW/state", "accepted", "rejected"),
    ]
    assert found(before, taken({}, journal=(ENTRY, ENTRY), documents=(DOCUMENT,)))[0][1:] == ("once", "2 times")
    assert found(before, taken({}, journal=(ENTRY,)))[0][1:] == ("there", "not there")


def test_a_read_may_be_read_at_another_time_but_not_be_refused() -> None:
    def read(status: int, answer: Any) -> Cassette:
        step = Step(AT_TEXT, 0, "GET", "/v1/documents/x", status, answer=answer, media_type="a/b")
        return taken({}, steps=(step,))

    assert found(read(200, {"state": "live"}), read(200, {"state": "expired"})) == []
    assert found(read(404, {"code": "a"}), read(404, {"code": "b"})) == [("code", "a", "b")]
    assert found(read(200, {}), read(404, {"code": "a"})) == [("status", "200", "404 a")]
    assert found(read(200, {}), dataclasses.replace(read(200, {}), steps=())) == [("steps", "1", "0")]


# --- the file --------------------------------------------------------------------------------------------------------

GOOD = json.loads(taken({"id": DOC}).data())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (b"no json", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ({"format": "other/1"}, "format"),
        ({"steps": None}, "/steps"),
        ({"steps": [1]}, "/steps/0"),
        ({"steps": [{}] * 2001}, "at most 2000"),
        ({"steps": [GOOD["steps"][0] | {"path": "http://elsewhere/"}]}, "/steps/0/path"),
        ({"steps": [GOOD["steps"][0] | {"path": "//elsewhere/"}]}, "/steps/0/path"),
        ({"steps": [GOOD["steps"][0] | {"path": "/v1/../../x"}]}, "/steps/0/path"),
        ({"steps": [GOOD["steps"][0] | {"headers": {"authorization": "Bearer x"}}]}, "/steps/0/headers"),
        ({"steps": [GOOD["steps"][0] | {"body": {"base64": "*"}}]}, "/steps/0/body"),
        ({"steps": [GOOD["steps"][0] | {"body": {"other": 1}}]}, "/steps/0/body"),
        ({"steps": [GOOD["steps"][0] | {"status": "202"}]}, "/steps/0/status"),
        ({"before": True}, "/before"),
        ({"outcome": {}}, "/outcome"),
        ({"clock": {"at": 1}}, "/clock/at"),
    ],
)
def test_a_file_that_is_no_cassette_is_told_with_its_place(change: Any, told: str) -> None:
    data = change if isinstance(change, bytes) else json.dumps(GOOD | change).encode()
    with pytest.raises(BadCassette, match=told):
        read_cassette(data)


def test_secrets_are_left_out_by_name_and_by_how_they_look() -> None:
    key = "tb_live_" + "x" * 40
    value = {"id": "A", "apiKey": "anything", "nested": [{"text": f"my key is {key}."}], "secret": "whsec_c2VjcmV0MTIz"}
    kept = without_secrets(value)
    assert kept == {
        "id": "A", "apiKey": "(left out)", "nested": [{"text": "my key is (left out)."}], "secret": "(left out)",
    }  # fmt: skip
    assert kept_request(b'{"b":1, "a":2}') == '{"b":1, "a":2}', "what has no secret stays byte for byte"
    assert kept_request(json.dumps({"apiKey": key}).encode()) == {"apiKey": "(left out)"}
    assert kept_request(f"<a>{key}</a>".encode()) == "<a>(left out)</a>"
    assert (kept_request(b""), kept_request(b"\xff\x00")) == (None, b"\xff\x00")
