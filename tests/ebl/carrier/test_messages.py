"""DCSA's own example messages go through the carrier, their placeholders filled.

Reads ../shared/data/dcsa/messages in place; skips where it is absent.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.refusal import ErrorResponse
from tests.ebl.carrier.running import Carrier, Platform, booking, carrier, eventually, platform

MESSAGES = Path(__file__).parents[4] / "shared" / "data" / "dcsa" / "messages"
FILLED = {
    "{CBR}": "BOOKING1",
    "HTTP_METHOD_PLACEHOLDER": "GET",
    "ERROR_DATE_TIME_PLACEHOLDER": "2026-01-05T09:00:00Z",
    "SURRENDER_REQUEST_CODE_PLACEHOLDER": "AREQ",
    "SURRENDER_ACTION_CODE_PLACEHOLDER": "SURRENDER_FOR_AMENDMENT",
    "REASON_CODE": "COD",
}


def filled(name: str, **values: str) -> dict[str, Any]:
    path = MESSAGES / name
    if not path.exists():
        pytest.skip(f"{name} is in ../shared/data/dcsa/messages, which is not beside this checkout")
    text = path.read_text()
    for placeholder, value in (FILLED | values).items():
        text = text.replace(f'"{placeholder}"', json.dumps(value))
    text = re.sub(r": ([A-Z_]+_PARTY)\b", lambda match: ": " + json.dumps(PARTIES[match[1]]), text)
    message: dict[str, Any] = json.loads(text)
    return message


def party(name: str, code: str) -> dict[str, Any]:
    codes = [{"codeListProvider": "ZZZ", "partyCode": code}]
    return {"partyName": name, "eblPlatform": "STRA", "identifyingCodes": codes}


PARTIES = {
    "CARRIER_PARTY": party("Simulated carrier SIML", "SIML"),
    "ISSUE_TO_PARTY": party("DCSA CTK", "MSK"),
    "SURRENDEREE_PARTY": party("DCSA CTK", "MSK"),
}

DANGEROUS = {
    "imoPackagingCode": "3A1",
    "numberOfPackages": 400,
    "description": "Jerrican, steel",
    "dangerousGoods": [{"UNNumber": "3082", "properShippingName": "ENVIRONMENTALLY HAZARDOUS", "imoClass": "9"}],
}

MESSAGES_OF_SHIPPERS = [
    "ebl-api-3.0.0-2c1u.json",
    "ebl-api-3.0.0-2c2u.json",
    "ebl-api-3.0.0-amf.json",
    "ebl-api-3.0.0-clad.json",
    "ebl-api-3.0.0-dg.json",
    "ebl-api-3.0.0-negotiable-bl.json",
    "ebl-api-3.0.0-no-commodity-subreference.json",
    "ebl-api-3.0.0-request.json",
    "ebl-api-3.0.0-soc-references.json",
    "ebl-api-3.0.0-straight-bl.json",
]
ERRORS = [f"{api}-error-message.json" for api in ("ebl-api-3.0.0", "eblissuance-v3.0.0", "eblsurrender-api-v3.0.0")]


@pytest.fixture(scope="module")
def straits() -> Iterator[Platform]:
    with platform() as one:
        yield one


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, straits: Platform) -> Iterator[Carrier]:
    folder = tmp_path_factory.mktemp("carrier")
    settings = {"platforms": [straits.settings()], "issueVia": "STRA", "verifyChain": False}
    with carrier(folder, **settings, bookings={"DG": booking() | {"outerPackaging": DANGEROUS}}) as running:
        yield running


def submitted(desk: Carrier, name: str) -> str:
    """Submitted unchanged; but for dangerous goods the booking is one that knows how they are packed."""
    message = filled(name, **({"{CBR}": "DG"} if name.endswith("-dg.json") else {}))
    return desk.submit(message)


@pytest.mark.parametrize("name", MESSAGES_OF_SHIPPERS)
def test_a_message_of_dcsa_leads_to_an_issued_document(desk: Carrier, straits: Platform, name: str) -> None:
    reference = submitted(desk, name)
    case = desk.stands(reference, instructions="RECEIVED", document="DRAFT")
    assert "feedbacks" not in case["instructions"]
    sent = filled(name, **({"{CBR}": "DG"} if name.endswith("-dg.json") else {}))
    got = desk.call("GET", f"/shipping-instructions/{reference}").json()
    own = {"shippingInstructionsReference", "transportDocumentReference", "shippingInstructionsStatus"}
    assert {member: value for member, value in got.items() if member not in own} == {
        member: value for member, value in sent.items() if member not in own
    }
    document = case["transportDocumentReference"]
    approved = desk.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"})
    assert approved.status_code == 202
    if case["document"]["transportDocumentTypeCode"] == "BOL" and case["document"]["isElectronic"]:
        eventually(lambda: document in {each["document"]["transportDocumentReference"] for each in straits.requests})
        assert straits.respond(desk, document).status_code == 204
    desk.stands(reference, document="ISSUED")


def test_the_surrender_of_dcsa_is_taken_and_answered(desk: Carrier, straits: Platform) -> None:
    reference = submitted(desk, "ebl-api-3.0.0-straight-bl.json")
    document = desk.stands(reference, document="DRAFT")["transportDocumentReference"]
    desk.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"})
    desk.stands(reference, issuance="REQUESTED")
    assert straits.respond(desk, document).status_code == 204
    named = {
        "TRANSPORT_DOCUMENT_REFERENCE_PLACEHOLDER": document,
        "SURRENDER_REQUEST_REFERENCE_PLACEHOLDER": f"SRR-{document}",
    }
    message = filled("eblsurrender-api-v3.0.0-request.json", **named)
    party = desk.case(document)["issuanceRequest"]["issueTo"]
    message["endorsementChain"][0]["recipient"]["identifyingCodes"] = party["identifyingCodes"]
    assert desk.call("POST", "/ebl-surrender-requests", message, "from-STRA").status_code == 204
    wanted = {"surrenderRequestReference": f"SRR-{document}", "action": "SURR"}
    eventually(lambda: wanted in straits.answers, f"{wanted} in {straits.answers}")
    assert desk.call("GET", f"/transport-documents/{document}").json()["transportDocumentStatus"] == "VOIDED"


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_dcsa_is_read(name: str) -> None:
    assert not isinstance(read_part(ErrorResponse, filled(name)), tuple)
