"""Issuance, surrender and the endorsement chain: what is signed, what the text asks, DCSA's own messages."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from schemas.bill_of_lading.endorsement import NO_PARTY, EndorsementChain, chain_of, judge_chain, links_of
from schemas.bill_of_lading.issuance import (
    IssuanceCode,
    IssuanceRequest,
    IssuanceResponse,
    IssueTo,
    TransportDocumentReplacements,
    judge_manifest,
    judge_replacements,
    judge_response,
    manifest_of,
)
from schemas.bill_of_lading.outline import Outline, outline_of
from schemas.bill_of_lading.pint import IssuanceManifest, Transaction, read, to_json
from schemas.bill_of_lading.surrender import (
    SurrenderRequestAnswer,
    SurrenderRequestCode,
    SurrenderRequestDetails,
    judge_answer,
    judge_request,
    request_of,
)
from schemas.bill_of_lading.title import Status, Title
from schemas.bill_of_lading.values import Part
from tests.ebl.cast import (
    BUYER,
    CARRIER,
    EXPORTER,
    ISSUE,
    RENDERING,
    act,
    document,
    issuance,
    issue_to,
)
from tests.schemas.bill_of_lading.test_messages import MESSAGES, filled

DOCUMENT = document()


def request(rendering: bytes | None = None, **changes: Any) -> dict[str, Any]:
    value = {
        "document": DOCUMENT,
        "issueTo": issue_to(),
        "issuanceManifestSignedContent": issuance(DOCUMENT, rendering),
    }
    if rendering is not None:
        content = base64.b64encode(rendering).decode()
        value["eBLVisualisationByCarrier"] = {"name": "Bill.pdf", "content": content}
    return value | changes


def manifest(rendering: bytes | None = None) -> IssuanceManifest:
    made = read(IssuanceManifest, manifest_of(DOCUMENT, issue_to(), rendering))
    assert isinstance(made, IssuanceManifest)
    return made


@pytest.mark.parametrize("rendering", [None, RENDERING])
def test_a_request_is_what_the_carrier_signed_for(rendering: bytes | None) -> None:
    value = request(rendering)
    assert isinstance(read(IssuanceRequest, value), IssuanceRequest)
    assert judge_manifest(value, manifest(rendering)) == ()


@pytest.mark.parametrize(
    ("changes", "signed", "sent", "expected"),
    [
        ({"document": document("straight")}, None, None, ("issuance.document-checksum", "/document")),
        ({"issueTo": issue_to(BUYER)}, None, None, ("issuance.issue-to-checksum", "/issueTo")),
        ({}, RENDERING, None, ("issuance.visualisation-checksum", "/eBLVisualisationByCarrier/content")),
        ({}, None, RENDERING, ("issuance.visualisation-checksum", "/eBLVisualisationByCarrier/content")),
        ({}, RENDERING, b"another", ("issuance.visualisation-checksum", "/eBLVisualisationByCarrier/content")),
    ],
)
def test_what_the_carrier_did_not_sign_for_is_named(
    changes: dict[str, Any], signed: bytes | None, sent: bytes | None, expected: tuple[str, str]
) -> None:
    found = judge_manifest(request(sent) | changes, manifest(signed))
    assert [(each.code, each.pointer) for each in found] == [expected]


def test_a_rendering_that_is_no_base64_is_named() -> None:
    value = request(RENDERING, eBLVisualisationByCarrier={"name": "Bill.pdf", "content": "not base64!"})
    assert [each.code for each in judge_manifest(value, manifest(RENDERING))] == ["issuance.visualisation-content"]


def test_division_and_consolidation_are_refused() -> None:
    one, two = ({"transportDocumentReference": reference} for reference in ("A", "B"))
    for old, new, codes in (
        ([one], [], []),
        ([one, two], [one], ["issuance.consolidation"]),
        ([one], [one, two], ["issuance.division"]),
        ([one, two], [one, two], ["issuance.consolidation", "issuance.division"]),
    ):
        value = {"oldTransportDocumentReferences": old, "newTransportDocumentReferences": new}
        made = read(TransportDocumentReplacements, value)
        assert isinstance(made, TransportDocumentReplacements)
        assert [each.code for each in judge_replacements(made)] == codes
    assert judge_replacements(None) == ()


def test_the_first_possessor_is_the_party_of_the_request() -> None:
    made = read(IssueTo, issue_to())
    assert isinstance(made, IssueTo) and made.party == EXPORTER


def test_a_successful_issuance_gives_no_reason() -> None:
    good = {"transportDocumentReference": "A", "issuanceResponseCode": "ISSU"}
    for value, codes in ((good, []), (good | {"reason": "Issued"}, ["issuance.reason-without-need"])):
        made = read(IssuanceResponse, value)
        assert isinstance(made, IssuanceResponse)
        assert [each.code for each in judge_response(made)] == codes
    assert {each.value for each in IssuanceCode} == {"ISSU", "BREQ", "REFU"}


# --- Surrender -------------------------------------------------------------------------------------------------------

COURSE: list[Transaction] = [
    ISSUE,
    act("SIGN", EXPORTER, None, 1),
    act("BLANK_ENDORSE", EXPORTER, None, 2),
    act("TRANSFER", EXPORTER, BUYER, 3),
    act("SURRENDER_FOR_AMENDMENT", BUYER, CARRIER, 4, reason_code="COD", comments="To Nagoya"),
]


def test_a_surrender_request_is_made_of_the_chain() -> None:
    made = request_of("S-1", DOCUMENT, COURSE)
    assert (made.surrender_request_code, made.reason_code, made.comments) == (
        SurrenderRequestCode.AREQ,
        "COD",
        "To Nagoya",
    )
    assert made.endorsement_chain is not None
    assert [each.recipient == NO_PARTY for each in made.endorsement_chain] == [False, True, True, False, False]
    assert read(SurrenderRequestDetails, to_json(made)) == made
    assert judge_request(made) == ()
    for_delivery = request_of("S-2", DOCUMENT, [*COURSE[:-1], act("SURRENDER_FOR_DELIVERY", BUYER, CARRIER, 4)])
    assert for_delivery.surrender_request_code is SurrenderRequestCode.SREQ
    with pytest.raises(ValueError, match="no surrender"):
        request_of("S-3", DOCUMENT, COURSE[:-1])


@pytest.mark.parametrize(
    ("code", "reason", "found"),
    [
        ("AREQ", "SWTP", []),
        ("AREQ", None, []),
        ("AREQ", "XYZ", ["surrender.reason-code"]),
        ("SREQ", "COD", ["surrender.reason-not-here"]),
    ],
)
def test_a_reason_code_is_for_amendments(code: str, reason: str | None, found: list[str]) -> None:
    value = {"surrenderRequestReference": "S", "transportDocumentReference": "A", "surrenderRequestCode": code}
    made = read(SurrenderRequestDetails, value | ({"reasonCode": reason} if reason else {}))
    assert isinstance(made, SurrenderRequestDetails)
    assert [each.code for each in judge_request(made)] == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"action": "SURR"}, []),
        ({"action": "SREJ", "comments": "Freight is not paid"}, []),
        ({"action": "SREJ"}, ["surrender.comment-missing"]),
        ({"action": "SURR", "comments": "Done"}, ["surrender.comment-without-need"]),
        (
            {"action": "SREJ", "comments": "No", "feedbackElements": [{"severity": "INFO", "message": "x"}]},
            ["surrender.no-error-told"],
        ),
        ({"action": "SREJ", "comments": "No", "feedbackElements": [{"severity": "ERROR", "message": "x"}]}, []),
    ],
)
def test_a_rejection_says_why(value: dict[str, Any], found: list[str]) -> None:
    made = read(SurrenderRequestAnswer, {"surrenderRequestReference": "S"} | value)
    assert isinstance(made, SurrenderRequestAnswer)
    assert [each.code for each in judge_answer(made)] == found


# --- The endorsement chain -------------------------------------------------------------------------------------------


def test_the_back_of_the_bill_shows_an_accepted_surrender_and_no_rejected_one() -> None:
    tried = [act("SURRENDER_FOR_DELIVERY", EXPORTER, CARRIER, 1), act("SREJ", CARRIER, EXPORTER, 2)]
    done = [act("SURRENDER_FOR_DELIVERY", EXPORTER, CARRIER, 3), act("SACC", CARRIER, EXPORTER, 4)]
    links = links_of([ISSUE, *tried, *done])
    assert [each.action_code for each in links] == ["ISSUE", "SURRENDER_FOR_DELIVERY", "SURRENDERED"]
    assert links[-1].recipient is None


def test_an_endorsement_chain_is_played_through_the_title() -> None:
    made = chain_of(DOCUMENT, [*COURSE, act("SACC", CARRIER, BUYER, 5)])
    assert made.carrier_scac_code == "SIML"
    title = judge_chain(DOCUMENT, made)
    assert isinstance(title, Title) and (title.status, title.possessor) == (Status.VOID, CARRIER)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"transportDocumentReference": "OTHER"}, "endorsement.other-document", "/transportDocumentReference"),
        ({"transportDocumentSubReference": "2"}, "endorsement.other-document", "/transportDocumentReference"),
        ({"endorsementChain": []}, "title.issue-not-first", "/endorsementChain"),
        (None, "endorsement.unknown-action", "/endorsementChain/1/actionCode"),
    ],
)
def test_a_chain_that_does_not_hold_is_named(changes: dict[str, Any] | None, code: str, pointer: str) -> None:
    value = to_json(chain_of(DOCUMENT, COURSE))
    if changes is None:
        value["endorsementChain"][1]["actionCode"] = "GIVE"
    made = read(EndorsementChain, value | (changes or {}))
    assert isinstance(made, EndorsementChain)
    found = judge_chain(DOCUMENT, made)
    assert not isinstance(found, Title) and [(each.code, each.pointer) for each in found] == [(code, pointer)]


# --- DCSA's messages -------------------------------------------------------------------------------------------------


def message(name: str, **words: Any) -> dict[str, Any]:
    """One of DCSA's messages, its placeholders filled."""
    path = MESSAGES / name
    if not path.exists():
        pytest.skip(f"{name} is in ../shared/data/dcsa/messages, which is not beside this checkout")
    text = path.read_text()
    for word, filling in words.items():
        text = re.sub(rf'"?\b{word}\b"?', json.dumps(filling).replace("\\", r"\\"), text)
    value: dict[str, Any] = json.loads(re.sub(r'"([A-Z_]+)_PLACEHOLDER"', r'"\1"', text))
    return value


ISSUANCE = "eblissuance-v3.0.0-request.json"


def issuance_message() -> dict[str, Any]:
    value = message(ISSUANCE, SEND_TO_PLATFORM_PLACEHOLDER="BOLE", ISSUE_TO_CODE_LIST_PROVIDER="BOLE")
    return value | {"document": filled(ISSUANCE), "issuanceManifestSignedContent": issuance(DOCUMENT)}


def surrender_message(code: str = "AREQ") -> dict[str, Any]:
    parties = {name: to_json(each) for name, each in {"CARRIER_PARTY": CARRIER, "SURRENDEREE_PARTY": BUYER}.items()}
    return message(
        "eblsurrender-api-v3.0.0-request.json",
        **parties,
        ISSUE_TO_PARTY=to_json(EXPORTER),
        REASON_CODE="COD",
        SURRENDER_REQUEST_CODE_PLACEHOLDER=code,
        SURRENDER_ACTION_CODE_PLACEHOLDER="SURRENDER_FOR_AMENDMENT",
        SURRENDER_REQUEST_REFERENCE_PLACEHOLDER="S-1",
        TRANSPORT_DOCUMENT_REFERENCE_PLACEHOLDER="HHL71800000",
    )


def test_dcsas_issuance_request_is_read() -> None:
    made = read(IssuanceRequest, issuance_message())
    assert isinstance(made, IssuanceRequest), made


def test_dcsas_surrender_request_is_read() -> None:
    made = read(SurrenderRequestDetails, surrender_message())
    assert isinstance(made, SurrenderRequestDetails), made
    assert judge_request(made) == ()


def required(value: Any, outline: Outline, pointer: str = "") -> Iterator[tuple[str, ...]]:
    """Where the required members of a message stand."""
    for name, member in outline.members.items():
        if not isinstance(value, dict) or name not in value:
            continue
        if member.required:
            yield (*pointer.split("/")[1:], name)
        entries = value[name] if isinstance(value[name], list) else [value[name]]
        for at, each in enumerate(entries if member.outline else ()):
            step = f"/{at}" if isinstance(value[name], list) else ""
            yield from required(each, member.outline or outline, f"{pointer}/{name}{step}")


@pytest.mark.parametrize("corrupt", ["missing", "of another type"])
@pytest.mark.parametrize(
    ("model", "made"), [(IssuanceRequest, issuance_message), (SurrenderRequestDetails, surrender_message)]
)
def test_a_corruption_of_any_required_member_is_named(
    model: type[Part], made: Callable[[], dict[str, Any]], corrupt: str
) -> None:
    places = list(required(made(), outline_of(model)))
    assert len(places) >= 6
    for place in places:
        value: Any = made()
        at: Any = value
        for step in place[:-1]:
            at = at[int(step)] if isinstance(at, list) else at[step]
        if corrupt == "missing":
            del at[place[-1]]
        else:
            at[place[-1]] = True
        found = read(model, value)
        assert isinstance(found, tuple)
        assert [each.pointer for each in found] == ["/" + "/".join(place)]
        assert (found[0].code == "lading.member-missing") is (corrupt == "missing")
