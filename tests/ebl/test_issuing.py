"""Issuance and surrender: the platform's side, between a platform and a carrier, over HTTP."""

from typing import Any

import pytest
from httpx import Response

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import Party
from tests.ebl import cast
from tests.ebl.cast import BUYER, CARRIER_CODE, EXPORTER, FORWARDER, RENDERING
from tests.ebl.running import Platforms, eventually, issuance_request

JSON = dict[str, Any]
REQUESTS, ANSWERS = "/ebl/v3/ebl-issuance-requests", "/ebl/v3/ebl-surrender-responses"


def asked(three: Platforms, request: JSON, by: str = CARRIER_CODE) -> Response:
    return three["STRA"].as_peer(by, "PUT", REQUESTS, request)


def answered(three: Platforms, reference: str, action: str, place: int = 0, **more: Any) -> Response:
    """The carrier's answer to the surrender of this title."""
    request = three.carrier.surrender_of(reference, place)
    said = {name: each for name, each in more.items() if each is not None}
    answer = {"surrenderRequestReference": request["surrenderRequestReference"], "action": action, **said}
    return three["STRA"].as_peer(CARRIER_CODE, "POST", ANSWERS, answer)


def refused(answer: Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["statusCode"] == status
    assert code in [each["errorCodeText"] for each in told["errors"]]
    assert answer.headers["API-Version"] == "3.0.4"


# --- Issuance --------------------------------------------------------------------------------------------------------


def test_the_same_reference_again_is_a_conflict(three: Platforms) -> None:
    reference = three.issue()
    request = issuance_request(cast.document(transportDocumentReference=reference), EXPORTER)
    refused(asked(three, request), 409, "issuance.reference-used")


def test_a_request_with_errors_is_answered_breq_and_can_be_mended(three: Platforms) -> None:
    good = issuance_request(cast.document(transportDocumentReference="BREQ1"), EXPORTER)
    other = issuance_request(cast.document(transportDocumentReference="BREQ1", serviceContractReference="X"), EXPORTER)
    assert asked(three, good | {"document": other["document"]}).status_code == 204
    response = three.carrier.response_to("BREQ1")
    assert (response["issuanceResponseCode"], response["errors"][0]["errorCode"]) == (
        "BREQ",
        "issuance.document-checksum",
    )
    assert three["STRA"].title("BREQ1") == {}
    assert asked(three, good).status_code == 204
    assert eventually(lambda: [each for each in three.carrier.issued if each.get("issuanceResponseCode") == "ISSU"])
    assert three["STRA"].title("BREQ1")["at"] == "here"


def test_a_manifest_that_another_signed_is_answered_breq(three: Platforms) -> None:
    request = issuance_request(cast.document(transportDocumentReference="BREQ2"), EXPORTER)
    request["issuanceManifestSignedContent"] = request["issuanceManifestSignedContent"][:-8] + "AAAAAAAA"
    assert asked(three, request).status_code == 204
    assert three.carrier.response_to("BREQ2")["issuanceResponseCode"] == "BREQ"


def test_an_unknown_party_is_answered_refu(three: Platforms) -> None:
    stranger = cast.party("Nobody", "SIM-XX", "STRA")
    assert (
        asked(three, issuance_request(cast.document(transportDocumentReference="REFU1"), stranger)).status_code == 204
    )
    response = three.carrier.response_to("REFU1")
    assert (response["issuanceResponseCode"], response["errors"][0]["errorCode"]) == ("REFU", "issuance.unknown-party")


def test_issued_to_a_party_on_another_platform(three: Platforms) -> None:
    document = cast.document(transportDocumentReference="ELSE1")
    assert asked(three, issuance_request(document, FORWARDER, RENDERING)).status_code == 204
    assert three.carrier.response_to("ELSE1")["issuanceResponseCode"] == "ISSU"
    assert three.holders("ELSE1") == ["MEKO"]
    assert [each["name"] for each in three["MEKO"].title("ELSE1")["documents"]] == ["Bill.pdf"]


def test_issued_to_a_party_that_the_other_platform_does_not_know(three: Platforms) -> None:
    stranger = cast.party("Nobody", "SIM-XX", "MEKO")
    request = issuance_request(cast.document(transportDocumentReference="ELSE2"), stranger)
    assert asked(three, request).status_code == 204
    assert three.carrier.response_to("ELSE2")["issuanceResponseCode"] == "REFU"
    assert three.holders("ELSE2") == []
    assert asked(three, issuance_request(request["document"], EXPORTER)).status_code == 204
    eventually(lambda: three["STRA"].title("ELSE2").get("at") == "here", "issued on the second request")


def test_what_is_no_request(three: Platforms) -> None:
    request = issuance_request(cast.document(transportDocumentReference="BAD1"), EXPORTER)
    without = {name: each for name, each in request.items() if name != "issueTo"}
    refused(asked(three, without), 400, "lading.member-missing")
    refused(three["STRA"].call("PUT", REQUESTS, request), 401, "pint.unknown-token")
    refused(asked(three, request, "MEKO"), 403, "pint.wrong-role")
    other = issuance_request(cast.document(transportDocumentReference="BAD1", carrierCode="OTHR"), EXPORTER)
    refused(asked(three, other), 403, "issuance.other-carrier")


# --- Surrender -------------------------------------------------------------------------------------------------------


def test_a_surrender_for_delivery_accepted(three: Platforms) -> None:
    reference = three.issue()
    three["STRA"].act(reference, "SURRENDER_FOR_DELIVERY", EXPORTER)
    title = three["STRA"].title(reference)
    assert (title["status"], title["account"]) == ("surrendered-for-delivery", f"carrier:{CARRIER_CODE}")
    assert three["STRA"].try_act(reference, "TRANSFER", EXPORTER, FORWARDER).status_code == 409
    request = three.carrier.surrender_of(reference)
    assert request["surrenderRequestCode"] == "SREQ"
    assert [each["actionCode"] for each in request["endorsementChain"]] == ["ISSUE", "SURRENDER_FOR_DELIVERY"]
    assert answered(three, reference, "SURR").status_code == 204
    refused(answered(three, reference, "SREJ", comments="too late"), 409, "surrender.answered-already")
    title = three["STRA"].title(reference)
    assert (title["at"], title["status"]) == ("ended", "accomplished")
    refused(
        asked(three, issuance_request(cast.document(transportDocumentReference=reference), EXPORTER)),
        409,
        "issuance.reference-used",
    )


def test_a_surrender_rejected_goes_back(three: Platforms) -> None:
    reference = three.issue()
    three["STRA"].act(reference, "SURRENDER_FOR_DELIVERY", EXPORTER)
    refused(answered(three, reference, "SREJ"), 400, "surrender.comment-missing")
    assert answered(three, reference, "SREJ", comments="Freight is not paid").status_code == 204
    title = three["STRA"].title(reference)
    assert (title["at"], title["status"], title["account"]) == ("here", "held", "SIM-SG-EXP")
    three["STRA"].act(reference, "SURRENDER_FOR_DELIVERY", EXPORTER)
    assert answered(three, reference, "SURR", 1).status_code == 204
    assert three["STRA"].title(reference)["status"] == "accomplished"


@pytest.mark.parametrize(("action", "at_the_end"), [("SURR", []), ("SREJ", ["FUJI"])])
def test_a_surrender_from_another_platform(three: Platforms, action: str, at_the_end: list[str]) -> None:
    reference = three.issue()
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, BUYER)
    three["STRA"].settled(sent["transfer"])
    given = three["FUJI"].act(reference, "SURRENDER_FOR_DELIVERY", BUYER)
    assert three["FUJI"].settled(given["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["STRA"]
    comments = "Freight is not paid" if action == "SREJ" else None
    assert answered(three, reference, action, comments=comments).status_code == 204
    eventually(lambda: three.holders(reference) == at_the_end, f"held by {at_the_end}")
    status = "accomplished" if action == "SURR" else "held"
    eventually(lambda: three["FUJI"].title(reference)["status"] == status, "who surrendered hears of it")


def test_an_answer_of_another_carrier_and_of_none(three: Platforms) -> None:
    answer = {"surrenderRequestReference": "none", "action": "SURR"}
    refused(three["STRA"].as_peer(CARRIER_CODE, "POST", ANSWERS, answer), 404, "surrender.unknown-request")
    refused(three["STRA"].as_peer("MEKO", "POST", ANSWERS, answer), 403, "pint.wrong-role")


@pytest.mark.parametrize(("reason", "status"), [("COD", "void"), ("SWTP", "paper")])
def test_an_amended_bill_comes_in_the_place_of_the_old_one(three: Platforms, reason: str, status: str) -> None:
    reference = three.issue()
    again = issuance_request(
        cast.document(transportDocumentReference=reference, transportDocumentSubReference="Version_2"), EXPORTER
    )
    refused(asked(three, again), 409, "issuance.reference-used")
    three["STRA"].act(reference, "SURRENDER_FOR_AMENDMENT", EXPORTER, reasonCode=reason)
    refused(asked(three, again), 409, "issuance.reference-used")
    assert answered(three, reference, "SURR").status_code == 204
    assert three["STRA"].title(reference)["status"] == status
    assert asked(three, again).status_code == 204
    eventually(lambda: three["STRA"].title(reference)["at"] == "here", "issued again")
    title = three["STRA"].title(reference)
    assert title["transportDocumentSubReference"] == "Version_2"
    assert three.holders(reference) == ["STRA"]
    chains = three["STRA"].as_peer(CARRIER_CODE, "GET", f"/ebl/v3/endorsement-chains/{reference}").json()
    assert [each["endorsementChain"][-1]["actionCode"] for each in chains] == ["SURRENDERED", "ISSUE"]
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"


def test_an_amended_bill_under_a_new_reference_names_the_old_one(three: Platforms) -> None:
    old = three.issue()
    new = issuance_request(cast.document(transportDocumentReference=f"{old}A"), EXPORTER)
    new["transportDocumentReplacements"] = {"oldTransportDocumentReferences": [{"transportDocumentReference": old}]}
    assert asked(three, new).status_code == 204
    assert three.carrier.response_to(f"{old}A")["issuanceResponseCode"] == "BREQ"
    three["STRA"].act(old, "SURRENDER_FOR_AMENDMENT", EXPORTER, reasonCode="SWI")
    assert answered(three, old, "SURR").status_code == 204
    assert asked(three, new).status_code == 204
    eventually(lambda: three["STRA"].title(f"{old}A").get("at") == "here", "issued in its place")


# --- The endorsement chain -------------------------------------------------------------------------------------------


def test_the_endorsement_chain_is_served_to_whom_it_concerns(three: Platforms) -> None:
    reference = three.issue("to-order")
    three["STRA"].act(reference, "BLANK_ENDORSE", EXPORTER)
    path = f"/ebl/v3/endorsement-chains/{reference}"
    refused(three["STRA"].as_peer("MEKO", "GET", path), 404, "title.unknown")
    answer = three["STRA"].as_peer(CARRIER_CODE, "GET", path)
    assert answer.headers["API-Version"] == "3.0.4"
    (chain,) = answer.json()
    assert chain["transportDocumentReference"] == reference
    assert [each["actionCode"] for each in chain["endorsementChain"]] == ["ISSUE", "BLANK_ENDORSE"]
    refused(three["STRA"].as_peer(CARRIER_CODE, "GET", f"{path}?transportDocumentSubReference=X"), 404, "title.unknown")
    refused(three["STRA"].call("GET", path), 401, "pint.unknown-token")


def test_the_carrier_is_asked_until_it_takes_it(three: Platforms) -> None:
    three.carrier.says[:] = [503, 500]
    reference = three.issue()
    three.carrier.says[:] = [404, 500]
    three["STRA"].act(reference, "SURRENDER_FOR_DELIVERY", EXPORTER)
    assert three.carrier.surrender_of(reference)["surrenderRequestCode"] == "SREQ"


def test_who_is_not_entitled_surrenders_nothing(three: Platforms) -> None:
    reference = three.issue("to-order")
    three["STRA"].act(reference, "TRANSFER", EXPORTER, cast.BANK)
    answer = three["STRA"].try_act(reference, "SURRENDER_FOR_DELIVERY", cast.BANK)
    assert (answer.status_code, answer.json()["code"]) == (422, "title.not-entitled")
    assert three["STRA"].title(reference)["inTrust"] is True


def test_actions_with_an_old_sequence_and_of_strangers(three: Platforms) -> None:
    reference = three.issue()
    first = three["STRA"].title(reference)["sequence"]
    three["STRA"].act(reference, "SIGN", EXPORTER, expectedSequence=first)
    answer = three["STRA"].try_act(reference, "SIGN", EXPORTER, expectedSequence=first)
    assert (answer.status_code, answer.json()["code"]) == (409, "title.old-sequence")
    for actor, recipient, code in (
        (FORWARDER, BUYER, "title.unknown-platform"),
        (EXPORTER, cast.party("X", "X", "WAVE"), "title.unknown-platform"),
        (EXPORTER, cast.party("X", "X", "STRA"), "title.unknown-party"),
    ):
        found = _codes(three["STRA"].try_act(reference, "TRANSFER", actor, recipient))
        assert code in found
    assert three["STRA"].try_act("NONE", "SIGN", EXPORTER).status_code == 404
    sacc = three["STRA"].try_act(reference, "SACC", _here(cast.CARRIER))
    assert _codes(sacc) == ["title.not-by-users"]


def _here(party: Party) -> Party:
    return Party.model_validate(pint.to_json(party))


def _codes(answer: Response) -> list[str]:
    return [each["code"] for each in answer.json()["errors"]]
