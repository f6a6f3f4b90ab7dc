"""From shipping instructions to a transport document: what is taken over, what the carrier adds, what is valid."""

from datetime import date
from typing import Any

import pytest

from schemas.bill_of_lading.dcsa import decode
from schemas.bill_of_lading.model import TransportDocument
from schemas.content import Content, open_content
from tests.ebl.carrier.running import CLOCK, SEED, booking, configuration, instructions
from tradebridge.ebl.carrier.acting import faults_of
from tradebridge.ebl.carrier.casefile import written
from tradebridge.ebl.carrier.drafting import UnknownBooking, amended, booking_of, draft, issued
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.settings import Booking, Settings
from tradebridge.evidence.simulation import test_signer

SETTINGS = Settings.model_validate(configuration())
OFFICE = Office(SETTINGS, test_signer(SEED, "SIML", "pint"), lambda: CLOCK)
TODAY = date(2026, 1, 5)
BOOKING = Booking.model_validate(booking())
DANGEROUS = {
    "outerPackaging": {
        "imoPackagingCode": "1A1",
        "numberOfPackages": 80,
        "description": "Drums",
        "dangerousGoods": [{"UNNumber": "1263", "properShippingName": "PAINT", "imoClass": "3", "packingGroup": 2}],
    }
}


def drafted(variant: int = 0, booked: Booking = BOOKING, **changes: Any) -> dict[str, Any]:
    body = instructions(variant, **changes) | {"shippingInstructionsReference": "SI-1"}
    return draft(body, booked, SETTINGS, reference="SIML00000001", today=TODAY)


def unknown_members(document: dict[str, Any]) -> list[str]:
    content = open_content(written(document).encode())
    assert isinstance(content, Content)
    found = decode(TransportDocument, content).findings
    return [each.pointer for each in found if each.code == "lading.unknown-member"]


@pytest.mark.parametrize("variant", range(24))
def test_a_draft_of_valid_instructions_is_a_valid_document(variant: int) -> None:
    goods = variant % 8
    equipments: dict[str, Any] = {}
    if goods == 1:  # a reefer: what it is set to is in the booking
        settings = {"activeReeferSettings": {"temperatureSetpoint": -18, "temperatureUnit": "CEL"}}
        body = instructions(variant)
        for each in body["utilizedTransportEquipments"]:
            equipment = {"ISOEquipmentCode": "45R1"}
            equipments[each["equipmentReference"]] = {**settings, "isNonOperatingReefer": False, "equipment": equipment}
    booked = Booking.model_validate(booking() | {"equipments": equipments} | (DANGEROUS if goods == 7 else {}))
    made = drafted(variant, booked)
    assert faults_of(issued(made, TODAY), OFFICE) == ()
    assert unknown_members(made) == []
    assert made["transportDocumentStatus"] == "DRAFT"


def test_what_only_instructions_know_stays_there() -> None:
    body = instructions()
    body["consignmentItems"][0] |= {"commoditySubReference": "X", "descriptionOfGoodsForCustoms": ["Chairs"]}
    body["consignmentItems"][0]["cargoItems"][0]["houseBillOfLadingReference"] = "HBL"
    body |= {"advanceManifestFilings": [], "mine": "own", "requestedCarrierClauses": ["INTRANSITCLAUSE"]}
    text = written(drafted(**body))
    for member in ("commoditySubReference", "ForCustoms", "houseBill", "advanceManifest", "mine", "issueTo", "ICS2"):
        assert member not in text


def test_a_party_without_a_code_gets_the_carriers_own() -> None:
    body = instructions()
    del body["documentParties"]["consignee"]["identifyingCodes"]
    code = drafted(**body)["documentParties"]["consignee"]["identifyingCodes"]
    assert [each["codeListName"] for each in code] == ["SIML customers"]
    assert code == drafted(**body)["documentParties"]["consignee"]["identifyingCodes"]


def test_the_shippers_own_container_is_as_declared() -> None:
    body = instructions()
    own = {"equipmentReference": "SIMU0000019", "ISOEquipmentCode": "42G1", "tareWeight": {"value": 1, "unit": "KGM"}}
    body["utilizedTransportEquipments"] = [{"isShipperOwned": True, "equipment": own, "seals": [{"number": "1"}]}]
    [equipment] = drafted(**body)["utilizedTransportEquipments"]
    assert equipment["equipment"] == own
    assert "equipmentReference" not in equipment


@pytest.mark.parametrize(
    ("on_board", "dated", "other"),
    [
        (True, "shippedOnBoardDate", "receivedForShipmentDate"),
        (False, "receivedForShipmentDate", "shippedOnBoardDate"),
    ],
)
def test_the_date_is_that_of_the_type(on_board: bool, dated: str, other: str) -> None:
    made = issued(drafted(isShippedOnBoardType=on_board), TODAY)
    assert made[dated] == "2026-01-05"
    assert other not in made
    assert issued(drafted(isShippedOnBoardType=on_board), TODAY, date(2026, 1, 3))[dated] == "2026-01-03"
    assert faults_of(made, OFFICE) == ()


def test_versions_count_on_from_the_first_reference() -> None:
    document = issued(drafted(), TODAY)
    references = []
    for version in (2, 3, 10):
        document = amended(document, version, {"isElectronic": False})
        references.append(document["transportDocumentReference"])
        assert "issueDate" not in document
        assert document["isElectronic"] is False
    assert references == ["SIML00000001-2", "SIML00000001-3", "SIML00000001-10"]


def test_every_booking_must_be_known() -> None:
    settings = Settings.model_validate(configuration(booking=None, bookings={"BKSI-1": booking()}))
    body = instructions()
    assert isinstance(booking_of(body, settings), Booking)
    body["consignmentItems"].append(body["consignmentItems"][0] | {"carrierBookingReference": "OTHER"})
    assert booking_of(body, settings) == UnknownBooking("OTHER", "/consignmentItems/1/carrierBookingReference")


def test_the_order_of_all_lists_is_the_shippers() -> None:
    body = instructions(2)
    made = drafted(**body)
    containers = [each["equipmentReference"] for each in body["utilizedTransportEquipments"]]
    assert [each["equipment"]["equipmentReference"] for each in made["utilizedTransportEquipments"]] == containers
    assert len(containers) == 3
    cargo = [each["equipmentReference"] for each in body["consignmentItems"][0]["cargoItems"]]
    assert [each["equipmentReference"] for each in made["consignmentItems"][0]["cargoItems"]] == cargo
