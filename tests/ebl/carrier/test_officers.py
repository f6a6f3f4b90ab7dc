"""What the carrier decides by rule, what it leaves to people, and what it makes of an endorsement chain."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from schemas.bill_of_lading.issuance import IssuanceRequest, judge_manifest
from schemas.bill_of_lading.pint import IssuanceManifest, read
from tests.ebl.carrier.running import CLOCK, Carrier, Platform, carrier, eventually, instructions, platform
from tests.ebl.cast import VECTORS, certificate_of
from tradebridge.ebl.seal import PS256, Trusted, open_sealed


@pytest.fixture
def straits() -> Iterator[Platform]:
    with platform() as one:
        yield one


def issued(running: Carrier, straits: Platform) -> tuple[str, str]:
    reference = running.submit(instructions())
    document = running.stands(reference, document="DRAFT")["transportDocumentReference"]
    approval = {"transportDocumentStatus": "APPROVED"}
    assert running.call("PATCH", f"/transport-documents/{document}", approval).status_code == 202
    running.stands(reference, issuance="REQUESTED")
    eventually(lambda: straits.requests, "an issuance request")
    assert straits.respond(running, document).status_code == 204
    running.stands(reference, document="ISSUED")
    return reference, document


# --- Rules that say no -----------------------------------------------------------------------------------------------


def test_instructions_may_be_declined_by_rule(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], officers={"draft": "reject"}) as running:
        running.stands(running.submit(instructions()), instructions="DECLINED", document=None)


def test_an_update_may_be_declined_by_rule_and_a_wrong_one_is(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference = running.submit(instructions())
        running.stands(reference, document="DRAFT")
        wrong = running.call("GET", f"/shipping-instructions/{reference}").json()
        del wrong["documentParties"]["consignee"]
        assert running.call("PUT", f"/shipping-instructions/{reference}", wrong).status_code == 202
        case = running.stands(reference, instructions="RECEIVED", update="UPDATE_DECLINED", document="DRAFT")
        assert [each["jsonPath"] for each in case["instructions"]["feedbacks"]] == ["$.documentParties.consignee"]
        assert "consignee" in case["document"]["documentParties"]


def test_an_amendment_that_breaks_a_rule_is_declined(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = issued(running, straits)
        wrong = running.call("GET", f"/transport-documents/{document}").json()
        wrong["transports"]["plannedArrivalDate"] = "2025-12-24"
        assert running.call("PUT", f"/transport-documents/{document}/amendment", wrong).status_code == 202
        running.stands(reference, amendment="AMENDMENT_DECLINED", document="ISSUED")
        got = running.call("GET", f"/transport-documents/{document}").json()
        assert [each["jsonPath"] for each in got["feedbacks"]] == ["$.transports.plannedArrivalDate"]


def test_what_the_carrier_gives_an_amendment_does_not_change(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference = running.submit(instructions())
        document = running.stands(reference, document="DRAFT")["transportDocumentReference"]
        mine = running.call("GET", f"/transport-documents/{document}").json()
        asked = mine | {"carrierCode": "MAEU", "termsAndConditions": "Mine.", "transportDocumentStatus": "ISSUED"}
        asked["consignmentItems"][0]["descriptionOfGoods"] = ["Teak chairs"]
        assert running.call("PUT", f"/transport-documents/{document}/amendment", asked).status_code == 202
        running.stands(reference, amendment="AMENDMENT_CONFIRMED", document="DRAFT")
        got = running.call("GET", f"/transport-documents/{document}").json()
        assert got["consignmentItems"][0]["descriptionOfGoods"] == ["Teak chairs"]
        kept = ("carrierCode", "termsAndConditions", "transportDocumentStatus")
        assert {name: got[name] for name in kept} == {name: mine[name] for name in kept}


def test_an_unknown_booking_is_asked_back_about(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], booking=None) as running:
        case = running.stands(running.submit(instructions()), instructions="PENDING_UPDATE", document=None)
        paths = [each["jsonPath"] for each in case["instructions"]["feedbacks"]]
        assert paths == ["$.consignmentItems[0].carrierBookingReference"]


def test_an_electronic_bill_needs_a_platform_that_the_carrier_knows(tmp_path: Path) -> None:
    with carrier(tmp_path) as running:
        case = running.stands(running.submit(instructions()), instructions="PENDING_UPDATE", document=None)
        paths = [each["jsonPath"] for each in case["instructions"]["feedbacks"]]
        assert paths == ["$.documentParties.issueTo.sendToPlatform"]


def test_where_the_partys_platform_is_unknown_another_one_hands_on(tmp_path: Path, straits: Platform) -> None:
    body = instructions()
    body["documentParties"]["issueTo"]["sendToPlatform"] = "FUJI"
    with carrier(tmp_path, platforms=[straits.settings()], issueVia="STRA") as running:
        reference = running.submit(body)
        document = running.stands(reference, document="DRAFT")["transportDocumentReference"]
        running.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"})
        [request] = eventually(lambda: straits.requests)
        assert request["issueTo"]["sendToPlatform"] == "FUJI"


@pytest.mark.parametrize(("thing", "code"), [("surrenderForDelivery", "SREQ"), ("surrenderForAmendment", "AREQ")])
def test_a_surrender_may_be_rejected_by_rule(tmp_path: Path, straits: Platform, thing: str, code: str) -> None:
    officers = {thing: "reject"}
    with carrier(tmp_path, platforms=[straits.settings()], officers=officers, verifyChain=False) as running:
        reference, document = issued(running, straits)
        assert straits.surrender(running, document, code).status_code == 204
        [answer] = eventually(lambda: straits.answers)
        assert (answer["action"], bool(answer["comments"])) == ("SREJ", True)
        running.stands(reference, document="ISSUED")


def test_what_waits_for_a_person_holds_up_nothing_else(tmp_path: Path, straits: Platform) -> None:
    officers = {"amendment": "manual", "update": "manual"}
    with carrier(tmp_path, platforms=[straits.settings()], officers=officers, verifyChain=False) as running:
        reference, document = issued(running, straits)
        got = running.call("GET", f"/transport-documents/{document}").json()
        assert running.call("PUT", f"/transport-documents/{document}/amendment", got).status_code == 202
        running.stands(reference, amendment="AMENDMENT_RECEIVED")
        got = running.call("GET", f"/shipping-instructions/{reference}").json()
        assert running.call("PUT", f"/shipping-instructions/{reference}", got).status_code == 202
        running.stands(reference, update="UPDATE_RECEIVED")
        assert straits.surrender(running, document).status_code == 204
        running.stands(reference, instructions="COMPLETED", amendment="AMENDMENT_RECEIVED", update=None)


def test_an_amended_bill_waits_for_the_update_that_it_is_to_have(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], officers={"update": "manual"}, verifyChain=False) as running:
        reference, document = issued(running, straits)
        got = running.call("GET", f"/shipping-instructions/{reference}").json()
        got["consignmentItems"][0]["descriptionOfGoods"] = ["Teak chairs"]
        assert running.call("PUT", f"/shipping-instructions/{reference}", got).status_code == 202
        running.stands(reference, update="UPDATE_RECEIVED")
        chain = links(running, document, last="SURRENDER_FOR_AMENDMENT")
        assert straits.surrender(running, document, "AREQ", endorsementChain=chain).status_code == 204
        running.stands(reference, document="VOIDED")
        running.took(reference, "confirm-update")
        eventually(lambda: len(straits.requests) == 2)
        assert straits.requests[1]["document"]["consignmentItems"][0]["descriptionOfGoods"] == ["Teak chairs"]


# --- Endorsement chains ----------------------------------------------------------------------------------------------


def links(running: Carrier, document: str, *, to: str = "SIM-SG-EXP-0", last: str) -> list[dict[str, Any]]:
    """Issued to the shipper, surrendered by it."""
    codes = [{"codeListProvider": "ZZZ", "partyCode": to}]
    shipper = {"partyName": "Example Singapore Furniture Exports", "eblPlatform": "STRA", "identifyingCodes": codes}
    codes = [{"codeListProvider": "ZZZ", "partyCode": "SIML"}]
    carrier_party = {"partyName": "Simulated carrier SIML", "eblPlatform": "STRA", "identifyingCodes": codes}
    return [
        {"actionDateTime": "2026-01-05T09:00:00Z", "actionCode": "ISSUE", "actor": carrier_party, "recipient": shipper},
        {"actionDateTime": "2026-01-05T09:00:02Z", "actionCode": last, "actor": shipper, "recipient": carrier_party},
    ]


def test_a_surrender_waits_until_the_platform_serves_its_chain(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = issued(running, straits)
        assert straits.surrender(running, document).status_code == 204
        running.stands(reference, document="PENDING_SURRENDER_FOR_DELIVERY")
        assert running.officer("GET", f"/endorsement-chains/{document}").status_code == 502
        chain = links(running, document, last="SURRENDER_FOR_DELIVERY")
        straits.chains[document] = [{"transportDocumentReference": document, "endorsementChain": chain}]
        running.stands(reference, instructions="COMPLETED")
        told = running.officer("GET", f"/endorsement-chains/{document}").json()
        assert [each["actionCode"] for each in told["chain"]["endorsementChain"]] == ["ISSUE", "SURRENDER_FOR_DELIVERY"]


def other_document(document: str, chain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"transportDocumentReference": "ANOTHER", "endorsementChain": chain}]


def to_another(document: str, chain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    codes = [{"codeListProvider": "ZZZ", "partyCode": "SOMEBODY"}]
    for party in (chain[0]["recipient"], chain[1]["actor"]):
        party["identifyingCodes"] = codes
    return [{"transportDocumentReference": document, "endorsementChain": chain}]


def without_surrender(document: str, chain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"transportDocumentReference": document, "endorsementChain": chain[:1]}]


def by_somebody_else(document: str, chain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    codes = [{"codeListProvider": "ZZZ", "partyCode": "THIEF"}]
    chain[1]["actor"] = chain[1]["actor"] | {"partyName": "Thief", "identifyingCodes": codes}
    return [{"transportDocumentReference": document, "endorsementChain": chain}]


def misshapen(document: str, chain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    del chain[1]["actor"]
    return [{"transportDocumentReference": document, "endorsementChain": chain}]


@pytest.mark.parametrize("lie", [other_document, to_another, without_surrender, by_somebody_else, misshapen])
def test_a_surrender_that_does_not_follow_from_its_chain_is_rejected(
    tmp_path: Path, straits: Platform, lie: Any
) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = issued(running, straits)
        straits.chains[document] = lie(document, links(running, document, last="SURRENDER_FOR_DELIVERY"))
        assert straits.surrender(running, document).status_code == 204
        [answer] = eventually(lambda: straits.answers)
        assert answer["action"] == "SREJ"
        assert answer["comments"]
        assert [each["severity"] for each in answer["feedbackElements"]].count("ERROR") >= 1
        running.stands(reference, document="ISSUED")


def test_an_amended_bill_is_for_who_surrendered_and_for_nobody_by_guess(tmp_path: Path, straits: Platform) -> None:
    """Without a chain the carrier cannot know who surrendered: it does not issue to the first possessor again."""
    with carrier(tmp_path, platforms=[straits.settings()], verifyChain=False) as running:
        reference, document = issued(running, straits)
        assert straits.surrender(running, document, "AREQ").status_code == 204
        running.stands(reference, document="VOIDED")
        refused = running.step(reference, "reissue")
        assert [each["code"] for each in refused.json()["findings"]] == ["carrier.nobody-to-issue-to"]
        assert len(straits.requests) == 1
        codes = [{"codeListProvider": "ZZZ", "partyCode": "SIM-JP-BANK"}]
        bank = {"partyName": "Example Bank of Japan", "sendToPlatform": "STRA", "identifyingCodes": codes}
        running.took(reference, "reissue", issueTo=bank)
        eventually(lambda: len(straits.requests) == 2)
        assert straits.requests[1]["issueTo"] == bank


def test_who_surrendered_may_stand_in_the_chain_that_the_platform_serves(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = issued(running, straits)
        chain = links(running, document, last="SURRENDER_FOR_AMENDMENT")
        codes = [{"codeListProvider": "ZZZ", "partyCode": "SIM-TH-IMP-0"}]
        consignee = {
            "partyName": "Example Thailand Furniture Imports",
            "eblPlatform": "STRA",
            "identifyingCodes": codes,
        }
        moved = {"actionDateTime": "2026-01-05T09:00:01Z", "actionCode": "TRANSFER", "actor": chain[1]["actor"]}
        chain[1:] = [moved | {"recipient": consignee}, chain[1] | {"actor": consignee}]
        straits.chains[document] = [{"transportDocumentReference": document, "endorsementChain": chain}]
        assert straits.surrender(running, document, "AREQ").status_code == 204
        running.stands(reference, document="APPROVED", issuance="REQUESTED")
        eventually(lambda: len(straits.requests) == 2)
        assert straits.requests[1]["issueTo"]["identifyingCodes"] == codes


# --- The manifest ----------------------------------------------------------------------------------------------------


def test_the_carriers_own_rendering_is_bound_by_the_manifest(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], visualisation=True) as running:
        issued(running, straits)
        [request] = straits.requests
        manifest = read(IssuanceManifest, payload_of(request["issuanceManifestSignedContent"]))
        assert isinstance(manifest, IssuanceManifest)
        assert manifest.ebl_visualisation_by_carrier_checksum
        assert judge_manifest(request, manifest) == ()
        changed = request | {"eBLVisualisationByCarrier": request["eBLVisualisationByCarrier"] | {"content": "AAAA"}}
        assert [each.code for each in judge_manifest(changed, manifest)] == ["issuance.visualisation-checksum"]


def payload_of(compact: str) -> Any:
    part = compact.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_carrier_may_sign_with_ps256(tmp_path: Path, straits: Platform) -> None:
    key = load_pem_private_key((VECTORS / "simulation-rsa-2048.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = certificate_of(key)
    (tmp_path / "carrier.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    files = {"keyFile": str(VECTORS / "simulation-rsa-2048.pem"), "certificateFile": str(tmp_path / "carrier.pem")}
    with carrier(tmp_path, platforms=[straits.settings()], **files) as running:
        issued(running, straits)
    [request] = straits.requests
    assert not isinstance(read(IssuanceRequest, request), tuple)
    trusted = Trusted("SIML", (certificate,), frozenset({PS256}))
    opened = open_sealed(request["issuanceManifestSignedContent"], trusted, CLOCK)
    assert isinstance(opened, dict)
    assert judge_manifest(request, IssuanceManifest.model_validate(opened)) == ()
