"""The whole way of a bill at the carrier, over real HTTP: from instructions to delivery, by rule and by people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.issuance import IssuanceRequest, judge_manifest
from schemas.bill_of_lading.notifications import ShippingInstructionsNotification, TransportDocumentNotification
from schemas.bill_of_lading.pint import IssuanceManifest, checksum
from tests.ebl.carrier.running import (
    CLOCK,
    SEED,
    Carrier,
    Platform,
    carrier,
    consumer_at,
    digest,
    eventually,
    instructions,
    platform,
)
from tradebridge.ebl.seal import Trusted, open_sealed
from tradebridge.evidence.simulation import test_signer


@pytest.fixture
def straits() -> Iterator[Platform]:
    with platform() as one:
        yield one


def draft_of(running: Carrier, body: dict[str, Any]) -> tuple[str, str]:
    """Both references, once the draft is there."""
    reference = running.submit(body)
    case = running.stands(reference, document="DRAFT")
    return reference, case["transportDocumentReference"]


def issued(running: Carrier, straits: Platform, body: dict[str, Any]) -> tuple[str, str]:
    reference, document = draft_of(running, body)
    assert running.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"}).is_success
    eventually(
        lambda: [each for each in straits.requests if each["document"]["transportDocumentReference"] == document]
    )
    assert straits.respond(running, document).status_code == 204
    running.stands(reference, document="ISSUED", issuance="ISSUED")
    return reference, document


def test_from_instructions_to_delivery(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], verifyChain=False) as running:
        reference, document = issued(running, straits, instructions())
        [request] = straits.requests
        assert not isinstance(read_part(IssuanceRequest, request), tuple)
        trusted = Trusted("SIML", (test_signer(SEED, "SIML", "pint").certificate,))
        manifest = open_sealed(request["issuanceManifestSignedContent"], trusted, CLOCK)
        assert isinstance(manifest, dict)
        assert judge_manifest(request, IssuanceManifest.model_validate(manifest)) == ()
        assert request["issueTo"]["sendToPlatform"] == "STRA"
        assert straits.tokens == {"Bearer to-STRA"}

        served = running.call("GET", f"/transport-documents/{document}").json()
        assert checksum(served) == checksum(request["document"])
        assert served["transportDocumentStatus"] == "ISSUED"
        assert served["issueDate"] == "2026-01-05"

        assert straits.surrender(running, document).status_code == 204
        running.stands(reference, instructions="COMPLETED", document="SURRENDERED_FOR_DELIVERY")
        eventually(lambda: straits.answers)
        answers = [{"surrenderRequestReference": f"SRR-{document}-SREQ", "action": "SURR"}]
        assert straits.answers == answers


def test_an_amendment_is_a_new_version_for_who_surrendered(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], verifyChain=False) as running:
        reference, document = issued(running, straits, instructions())
        amended = running.call("GET", f"/transport-documents/{document}").json()
        amended["consignmentItems"][0]["descriptionOfGoods"] = ["Wooden dining chairs, oiled"]
        assert running.call("PUT", f"/transport-documents/{document}/amendment", amended).status_code == 202
        running.stands(reference, amendment="AMENDMENT_CONFIRMED", document="ISSUED")
        chain = chain_of(running, document, "SURRENDER_FOR_AMENDMENT")
        assert straits.surrender(running, document, "AREQ", endorsementChain=chain).status_code == 204
        eventually(lambda: len(straits.requests) == 2)
        again = straits.requests[1]
        assert again["document"]["transportDocumentReference"] == f"{document}-2"
        assert again["document"]["consignmentItems"][0]["descriptionOfGoods"] == ["Wooden dining chairs, oiled"]
        assert again["transportDocumentReplacements"] == {
            "oldTransportDocumentReferences": [{"transportDocumentReference": document}]
        }
        assert again["issueTo"]["partyName"] == "Example Bank of Japan"
        assert straits.respond(running, f"{document}-2").status_code == 204
        running.stands(reference, document="ISSUED", amendment=None)
        old = running.call("GET", f"/transport-documents/{document}").json()
        assert old["transportDocumentStatus"] == "VOIDED"
        late = running.call("PUT", f"/transport-documents/{document}/amendment", old)
        assert late.status_code == 409


def test_a_switch_to_paper_is_issued_over_the_counter(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], verifyChain=False) as running:
        reference, document = issued(running, straits, instructions())
        assert straits.surrender(running, document, "AREQ", reasonCode="SWTP").status_code == 204
        case = running.stands(reference, document="ISSUED", issuance=None)
        assert case["transportDocumentReference"] == f"{document}-2"
        assert case["document"]["isElectronic"] is False
        assert len(straits.requests) == 1
        # nobody surrenders paper through a platform; it is presented at the counter
        assert straits.surrender(running, f"{document}-2").status_code == 403
        presented = {
            "surrenderRequestReference": "COUNTER-1",
            "transportDocumentReference": f"{document}-2",
            "surrenderRequestCode": "SREQ",
        }
        assert running.officer("POST", "/surrenders", presented).status_code == 201
        running.stands(reference, instructions="COMPLETED", document="SURRENDERED_FOR_DELIVERY")


def test_paper_becomes_electronic(tmp_path: Path, straits: Platform) -> None:
    with carrier(
        tmp_path, platforms=[straits.settings()], officers={"reissue": "manual"}, verifyChain=False
    ) as running:
        paper = instructions(isElectronic=False)
        party = dict(paper["documentParties"]["issueTo"])
        del paper["documentParties"]["issueTo"]["sendToPlatform"]  # DCSA: not on paper
        reference, document = draft_of(running, paper)
        running.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"})
        running.stands(reference, document="ISSUED", issuance=None)
        presented = {
            "surrenderRequestReference": "COUNTER-1",
            "transportDocumentReference": document,
            "surrenderRequestCode": "AREQ",
            "comments": "Please switch to an electronic one",
        }
        assert running.officer("POST", "/surrenders", presented).status_code == 201
        running.stands(reference, document="SURRENDERED_FOR_AMENDMENT")
        running.took(reference, "void")
        running.took(reference, "reissue", changes={"isElectronic": True}, issueTo=party)
        [request] = eventually(lambda: straits.requests)
        assert request["document"]["isElectronic"] is True
        old = request["transportDocumentReplacements"]["oldTransportDocumentReferences"]
        assert old == [{"transportDocumentReference": document}]


def test_a_sea_waybill_meets_no_platform(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = draft_of(running, instructions(variant=2))
        running.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"})
        running.stands(reference, document="ISSUED", issuance=None)
        assert straits.requests == []


@pytest.mark.parametrize("full", [False, True])
def test_a_consumer_is_told_of_every_change(tmp_path: Path, straits: Platform, full: bool) -> None:
    with consumer_at(tmp_path / "consumer") as told:
        shipper = {"id": "SHIPPER", "tokenIn": digest("shipper-token"), "subscriptions": [told.subscription(full=full)]}
        with carrier(tmp_path, platforms=[straits.settings()], consumers=[shipper], verifyChain=False) as running:
            reference, document = issued(running, straits, instructions())
            straits.surrender(running, document)
            running.stands(reference, instructions="COMPLETED")
            eventually(lambda: len(told.received()) == 7, "seven notifications")
        bodies = told.received()
    said = [
        (each["data"].get("shippingInstructionsStatus"), each["data"].get("transportDocumentStatus")) for each in bodies
    ]
    assert said == [
        ("RECEIVED", None),
        (None, "DRAFT"),
        (None, "APPROVED"),
        (None, "ISSUED"),
        (None, "PENDING_SURRENDER_FOR_DELIVERY"),
        (None, "SURRENDERED_FOR_DELIVERY"),
        ("COMPLETED", None),
    ]
    assert [each["id"] for each in bodies] == [f"{reference}.{number}" for number in range(1, 8)]
    for each in bodies:
        kind = ShippingInstructionsNotification if "shipping" in each["type"] else TransportDocumentNotification
        assert not isinstance(read_part(kind, each), tuple)
        has = {"shippingInstructions", "transportDocument"} & each["data"].keys()
        assert bool(has) is full


def test_instructions_that_break_a_rule_are_sent_back_with_feedback(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        wrong = instructions()
        consignee = wrong["documentParties"].pop("consignee")
        reference = running.submit(wrong)
        running.stands(reference, instructions="PENDING_UPDATE", document=None)
        got = running.call("GET", f"/shipping-instructions/{reference}").json()
        told = {each["jsonPath"]: each["severity"] for each in got["feedbacks"]}
        assert told == {"$.documentParties.consignee": "ERROR"}
        assert running.call("GET", f"/shipping-instructions/{reference}?updatedContent=true").status_code == 404
        mended = got | {"documentParties": wrong["documentParties"] | {"consignee": consignee}}
        assert running.call("PUT", f"/shipping-instructions/{reference}", mended).status_code == 202
        running.stands(reference, instructions="RECEIVED", update="UPDATE_CONFIRMED", document="DRAFT")
        updated = running.call("GET", f"/shipping-instructions/{reference}?updatedContent=true").json()
        assert updated["documentParties"]["consignee"] == consignee


def test_an_update_of_a_draft_draws_it_anew(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = draft_of(running, instructions())
        update = running.call("GET", f"/shipping-instructions/{document}").json()
        update["consignmentItems"][0]["descriptionOfGoods"] = ["Teak dining chairs"]
        assert running.call("PUT", f"/shipping-instructions/{document}", update).status_code == 202

        def drawn() -> bool:
            got = running.call("GET", f"/transport-documents/{document}").json()
            return bool(got["consignmentItems"][0]["descriptionOfGoods"] == ["Teak dining chairs"])

        eventually(drawn)
        running.stands(reference, update="UPDATE_CONFIRMED", document="DRAFT")


def test_what_the_platform_refuses_waits_for_a_person(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()]) as running:
        reference, document = draft_of(running, instructions())
        running.call("PATCH", f"/transport-documents/{document}", {"transportDocumentStatus": "APPROVED"})
        running.stands(reference, issuance="REQUESTED")
        eventually(lambda: straits.requests)
        refused = straits.respond(running, document, "REFU", reason="The recipient is not known")
        assert refused.status_code == 204
        case = running.stands(reference, document="APPROVED", issuance="REFUSED")
        assert "The recipient is not known" in case["document"]["feedbacks"][0]["message"]
        assert straits.respond(running, document, "REFU", reason="The recipient is not known").status_code == 204
        assert straits.respond(running, document, "ISSU").status_code == 409
        running.took(reference, "request-issuance")
        eventually(lambda: len(straits.requests) == 2)
        assert straits.respond(running, document, "ISSU").status_code == 204
        running.stands(reference, document="ISSUED")
        assert orjson.dumps(straits.requests[0]["document"]) == orjson.dumps(straits.requests[1]["document"])


def chain_of(running: Carrier, document: str, last: str) -> list[dict[str, Any]]:
    """An endorsement chain: issued to the shipper, handed to a bank, surrendered by it."""
    case = running.case(document)
    party = case["issuanceRequest"]["issueTo"]
    shipper = {
        "partyName": party["partyName"],
        "eblPlatform": party["sendToPlatform"],
        "identifyingCodes": party["identifyingCodes"],
    }
    codes = [{"codeListProvider": "ZZZ", "partyCode": "SIML"}]
    carrier_party = {"partyName": "Simulated carrier SIML", "eblPlatform": "STRA", "identifyingCodes": codes}
    codes = [{"codeListProvider": "ZZZ", "partyCode": "SIM-JP-BANK"}]
    bank = {"partyName": "Example Bank of Japan", "eblPlatform": "STRA", "identifyingCodes": codes}
    return [
        {"actionDateTime": "2026-01-05T09:00:00Z", "actionCode": "ISSUE", "actor": carrier_party, "recipient": shipper},
        {"actionDateTime": "2026-01-05T09:00:01Z", "actionCode": "TRANSFER", "actor": shipper, "recipient": bank},
        {"actionDateTime": "2026-01-05T09:00:02Z", "actionCode": last, "actor": bank, "recipient": carrier_party},
    ]
