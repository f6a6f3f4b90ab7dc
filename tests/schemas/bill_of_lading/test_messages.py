"""DCSA's own example messages are accepted, with warnings that name what is odd in them.

Reads ../shared/data/dcsa/messages in place; skips where it is absent. Words in `_PLACEHOLDER` (and in braces) are what
the caller of the conformance suite fills in.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.model import (
    SHIPPING_INSTRUCTIONS,
    TRANSPORT_DOCUMENT,
    ShippingInstructions,
    TransportDocument,
)
from schemas.bill_of_lading.outline import outline_of
from schemas.findings import Severity
from schemas.registry import Context, Reading, read
from tests.schemas.bill_of_lading.test_corruptions import places

MESSAGES = Path(__file__).parents[4] / "shared" / "data" / "dcsa" / "messages"
CONTEXT = Context(now=datetime(2026, 1, 5, 9, tzinfo=UTC))

FILLED = {
    "TRANSPORT_DOCUMENT_REFERENCE_PLACEHOLDER": "TDREF0000001",
    "SHIPPING_INSTRUCTION_REFERENCE_PLACEHOLDER": "SIREF0000001",
    "BOOKING_REFERENCE_PLACEHOLDER": "BOOKING1",
    "{CBR}": "BOOKING1",
    "SHIPPER_CODE_LIST_PROVIDER": "ZZZ",
    "CONSIGNEE_CODE_LIST_PROVIDER": "ZZZ",
    "ISSUING_PARTY_CODE_LIST_PROVIDER": "ZZZ",
}


def filled(name: str) -> dict[str, Any]:
    path = MESSAGES / name
    if not path.exists():
        pytest.skip(f"{name} is in ../shared/data/dcsa/messages, which is not beside this checkout")
    text = path.read_text()
    for placeholder, value in FILLED.items():
        text = text.replace(f'"{placeholder}"', f'"{value}"')
    text = re.sub(r'"([A-Z_]+)_PLACEHOLDER"', r'"\1"', text)
    message: dict[str, Any] = json.loads(text)
    document: dict[str, Any] = message.get("document", message)
    return document


def read_message(name: str) -> Reading:
    return read(json.dumps(filled(name), ensure_ascii=False).encode(), CONTEXT)


ODD_MEMBERS = {
    "ebl-api-3.0.0-2c1u.json": {"/documentParties/issueTo/partyContactDetails"},
    "ebl-api-3.0.0-2c2u.json": {"/documentParties/issueTo/partyContactDetails"},
    "ebl-api-3.0.0-amf.json": {"/documentParties/issueTo/partyContactDetails", "/advancedManifestFilings"},
    "ebl-api-3.0.0-clad.json": {"/documentParties/issueTo/partyContactDetails"},
    "ebl-api-3.0.0-dg.json": {"/documentParties/issueTo/partyContactDetails", "/NANumber"},
    "ebl-api-3.0.0-negotiable-bl.json": {"/documentParties/issueTo/partyContactDetails"},
    "ebl-api-3.0.0-no-commodity-subreference.json": {"/documentParties/issueTo/partyContactDetails"},
    "ebl-api-3.0.0-request.json": {
        "/documentParties/issueTo/partyContactDetails",
        "/houseBillOfLadings/0/consignmentItems/0/HSCodes",
        "/houseBillOfLadings/0/consignmentItems/0/carrierBookingReference",
        "/houseBillOfLadings/0/consignmentItems/0/commoditySubReference",
    },
    "ebl-api-3.0.0-soc-references.json": {"/documentParties/issueTo/partyContactDetails"},
    "ebl-api-3.0.0-straight-bl.json": {"/documentParties/issueTo/partyContactDetails"},
    "eblissuance-v3.0.0-request.json": set(),
    "pint-3.0.0-transport-document.json": {
        "/utilizedTransportEquipments/0/cargoGrossWeight",
        "/utilizedTransportEquipments/0/cargoGrossWeightUnit",
    },
}
"""What DCSA's own messages have that DCSA's own OpenAPI has not."""

WRONG_CHECK_DIGITS = {
    "ebl-api-3.0.0-2c1u.json": {"MSCU1234567"},
    "ebl-api-3.0.0-2c2u.json": {"ABCU1234567", "XYZU9876543"},
    "ebl-api-3.0.0-amf.json": {"MSCU1234567"},
    "ebl-api-3.0.0-clad.json": {"TLLU1234567"},
    "ebl-api-3.0.0-negotiable-bl.json": {"MAEU6543210"},
    "ebl-api-3.0.0-no-commodity-subreference.json": {"MSCU9988776"},
    "ebl-api-3.0.0-request.json": {"MSCU9988776"},
    "ebl-api-3.0.0-soc-references.json": {"DCSU1234567"},
    "ebl-api-3.0.0-straight-bl.json": {"MSCU9988776"},
}


@pytest.mark.parametrize("name", ODD_MEMBERS)
def test_a_real_message_is_recognised_and_accepted(name: str) -> None:
    reading = read_message(name)
    assert reading.profile is not None
    assert reading.profile.id == (SHIPPING_INSTRUCTIONS if name.startswith("ebl-api") else TRANSPORT_DOCUMENT)
    assert reading.document is not None
    assert [each for each in reading.findings if each.severity is Severity.ERROR] == []


@pytest.mark.parametrize("name", ODD_MEMBERS)
def test_the_warnings_name_every_member_that_dcsa_does_not_know(name: str) -> None:
    named = {each.pointer for each in read_message(name).findings if each.code == "lading.unknown-member"}
    assert named == ODD_MEMBERS[name]


@pytest.mark.parametrize("name", ODD_MEMBERS)
def test_the_warnings_name_every_container_with_a_wrong_check_digit(name: str) -> None:
    named = {each.found for each in read_message(name).findings if each.code == "lading.container-check-digit"}
    assert named == WRONG_CHECK_DIGITS.get(name, set())


@pytest.mark.parametrize("name", ODD_MEMBERS)
def test_a_real_message_is_written_again_with_all_its_members_and_numbers(name: str) -> None:
    reading = read_message(name)
    assert reading.document is not None
    data = encode(reading.document)
    assert json.loads(data) == filled(name)
    assert read(data, CONTEXT).document == reading.document
    original, again = (json.dumps(each, sort_keys=True) for each in (filled(name), json.loads(data)))
    assert original == again  # 12000.0 has not become 12000, nor the other way round


@pytest.mark.parametrize("kind", ["ebl-api-3.0.0", "eblissuance-v3.0.0", "eblsurrender-api-v3.0.0", "pint-3.0.0"])
def test_an_error_message_of_dcsa_is_no_document(kind: str) -> None:
    reading = read_message(f"{kind}-error-message.json")
    assert [each.code for each in reading.findings] == ["profile.not-recognised"]


def test_a_surrender_request_is_no_transport_document_though_it_has_the_reference() -> None:
    request = {
        "surrenderRequestReference": "Z1",
        "transportDocumentReference": "TDREF1",
        "surrenderRequestCode": "SREQ",
    }
    reading = read(json.dumps(request).encode(), CONTEXT)
    assert [each.code for each in reading.findings] == ["profile.not-recognised"]


# --- Corrupted -------------------------------------------------------------------------------------------------------


def corrupted(name: str, pointer: str, wrong: Any = None) -> Reading:
    """The message with one member taken out, or holding something else."""
    value = filled(name)
    *steps, last = pointer.split("/")[1:]
    here: Any = value
    for step in steps:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if wrong is None:
        del here[last]
    else:
        here[last] = wrong
    return read(json.dumps(value).encode(), CONTEXT, declared=profile_for(name))


def profile_for(name: str) -> str:
    return SHIPPING_INSTRUCTIONS if name.startswith("ebl-api") else TRANSPORT_DOCUMENT


def required_in(name: str) -> list[tuple[str, Any]]:
    """Every member of a message that DCSA requires where it stands, with its value."""
    model = ShippingInstructions if name.startswith("ebl-api") else TransportDocument
    return [(pointer, given) for pointer, required, given in places(filled(name), outline_of(model)) if required]


@pytest.mark.parametrize("name", ODD_MEMBERS)
def test_a_required_member_that_is_taken_out_of_a_real_message_is_named(name: str) -> None:
    required = required_in(name)
    assert len(required) > 15
    for pointer, _ in required:
        refused = [each for each in corrupted(name, pointer).findings if each.severity is Severity.ERROR]
        assert ("lading.member-missing", pointer) in [(each.code, each.pointer) for each in refused], pointer
        assert all(each.fix and each.expected for each in refused)


@pytest.mark.parametrize("name", ODD_MEMBERS)
def test_a_required_member_of_a_real_message_that_holds_something_else_is_named(name: str) -> None:
    for pointer, given in required_in(name):
        wrong: Any = {"an": "object"} if not isinstance(given, dict) else "a string"
        refused = [each for each in corrupted(name, pointer, wrong).findings if each.severity is Severity.ERROR]
        assert [each.pointer for each in refused if each.pointer == pointer], pointer
