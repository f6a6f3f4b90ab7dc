"""One thing wrong in a valid document is named precisely: the right code, the right place, and nothing else."""

import contextlib
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from schemas.bill_of_lading.model import (
    SHIPPING_INSTRUCTIONS,
    TRANSPORT_DOCUMENT,
    ShippingInstructions,
    TransportDocument,
)
from schemas.bill_of_lading.outline import Outline, outline_of
from schemas.bill_of_lading.rules.instructions import WITH_HOUSE_BILL
from schemas.bill_of_lading.rules.making import breaks
from schemas.findings import Finding, errors
from schemas.registry import Context, Reading, read

CONTEXT = Context(now=datetime(2026, 1, 5, 9, tzinfo=UTC))
VALID: dict[str, dict[str, Any]] = {
    "straight": json.loads(encode(transport_document())),
    "to order, reefer": json.loads(encode(transport_document(variant=1))),
    "dangerous goods": json.loads(encode(transport_document(variant=7))),
    "instructions": json.loads(encode(shipping_instructions(variant=1))),
}


def profile_of(name: str) -> str:
    return SHIPPING_INSTRUCTIONS if name == "instructions" else TRANSPORT_DOCUMENT


def outline(name: str) -> Outline:
    return outline_of(ShippingInstructions if name == "instructions" else TransportDocument)


def reading(value: Any, name: str) -> Reading:
    return read(json.dumps(value).encode(), CONTEXT, declared=profile_of(name))


def places(value: Any, outline: Outline | None, pointer: str = "") -> Iterator[tuple[str, bool, Any]]:
    """Every member of a document: pointer, whether DCSA requires it, value."""
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from places(each, outline, f"{pointer}/{at}")
    elif isinstance(value, dict) and outline is not None:
        for name, each in value.items():
            member = outline.members.get(name)
            if member is None:  # unknown to DCSA
                continue
            yield f"{pointer}/{name}", member.required, each
            yield from places(each, member.outline, f"{pointer}/{name}")


def changed(value: dict[str, Any], pointer: str, new: Any = None, remove: bool = False) -> dict[str, Any]:
    copy = deepcopy(value)
    *steps, last = pointer.split("/")[1:]
    here: Any = copy
    for step in steps:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if remove:
        del here[last]
    else:
        here[int(last) if isinstance(here, list) else last] = new
    return copy


def refusals(value: Any, name: str) -> list[tuple[str, str]]:
    return [(each.code, each.pointer) for each in errors(reading(value, name).findings)]


REQUIRED = [
    (name, pointer)
    for name, value in VALID.items()
    for pointer, required, _ in places(value, outline(name))
    if required and pointer.count("/1/") == 0
]


@pytest.mark.parametrize(("name", "pointer"), REQUIRED)
def test_a_missing_required_member_is_named_and_nothing_else(name: str, pointer: str) -> None:
    assert refusals(changed(VALID[name], pointer, remove=True), name) == [("lading.member-missing", pointer)]


EVERY = [
    (name, pointer, given)
    for name, value in VALID.items()
    for pointer, _, given in places(value, outline(name))
    if pointer.count("/1/") == 0
]


@pytest.mark.parametrize(("name", "pointer", "given"), EVERY, ids=[f"{name}{pointer}" for name, pointer, _ in EVERY])
def test_a_value_of_another_type_is_named_and_nothing_else(name: str, pointer: str, given: Any) -> None:
    wrong: Any = {"an": "object"} if not isinstance(given, dict) else "a string"
    expected = {"lading.wrong-type", "lading.not-in-enum", "lading.no-date"}
    found = refusals(changed(VALID[name], pointer, wrong), name)
    assert [where for _, where in found] == [pointer]
    assert found[0][0] in expected


CARGO = "/consignmentItems/0/cargoItems/0"
BOX = "/utilizedTransportEquipments/0"
SINGLE = [
    ("straight", "/transportDocumentReference", "A" * 21, "lading.too-long"),
    ("straight", "/transportDocumentReference", " A", "lading.wrong-form"),
    ("straight", "/transportDocumentReference", "", "lading.wrong-form"),
    ("straight", "/transportDocumentReference", 17, "lading.wrong-type"),
    ("straight", "/transportDocumentTypeCode", "BL", "lading.not-in-enum"),
    ("straight", "/freightPaymentTermCode", "pre", "lading.not-in-enum"),
    ("straight", "/isElectronic", "true", "lading.wrong-type"),
    ("straight", "/isElectronic", 1, "lading.wrong-type"),
    ("straight", "/numberOfOriginalsWithCharges", -1, "lading.out-of-bounds"),
    ("straight", "/numberOfOriginalsWithCharges", 1.5, "lading.wrong-type"),
    ("straight", "/issueDate", "05/01/2026", "lading.no-date"),
    ("straight", "/issueDate", "2026-02-30", "lading.no-date"),
    ("straight", "/issueDate", "2026-W01-1", "lading.no-date"),
    ("straight", "/issueDate", "2026-01-05T00:00:00Z", "lading.no-date"),
    ("straight", "/carrierCode", "SI ML", "lading.too-long"),
    ("straight", "/carrierCode", "S L", "lading.wrong-form"),
    ("straight", "/carrierCodeListProvider", "BIC", "lading.not-in-enum"),
    ("straight", "/placeOfIssue", {"locationName": "Singapore"}, "lading.choice"),
    ("straight", "/placeOfIssue", {"UNLocationCode": "SGSIN", "countryCode": "SG"}, "lading.choice"),
    ("straight", "/invoicePayableAt/UNLocationCode", "SG SIN", "lading.too-long"),
    ("straight", "/invoicePayableAt/UNLocationCode", "SGSI1", "lading.wrong-form"),
    ("straight", "/partyContactDetails", [], "lading.too-few"),
    ("straight", "/partyContactDetails/0", {"name": "Desk"}, "lading.choice"),
    ("straight", "/partyContactDetails/0/email", "nobody", "lading.wrong-form"),
    ("straight", "/documentParties/notifyParties", [{"partyName": "A"}] * 4, "lading.too-many"),
    ("straight", "/documentParties/shipper/address/countryCode", "sg", "lading.wrong-form"),
    ("straight", "/consignmentItems", {}, "lading.wrong-type"),
    ("straight", "/consignmentItems", [], "lading.too-few"),
    ("straight", "/consignmentItems/0/HSCodes", [], "lading.too-few"),
    ("straight", "/consignmentItems/0/HSCodes/0", "9401", "lading.too-short"),
    ("straight", "/consignmentItems/0/HSCodes/0", "94016O00", "lading.wrong-form"),
    ("straight", "/consignmentItems/0/HSCodes/0", "९४०१६९", "lading.wrong-form"),
    ("straight", "/consignmentItems/0/descriptionOfGoods/0", "x" * 36, "lading.too-long"),
    ("straight", "/consignmentItems/0/descriptionOfGoods/0", 7, "lading.wrong-type"),
    ("straight", f"{CARGO}/cargoGrossWeight/value", 0, "lading.out-of-bounds"),
    ("straight", f"{CARGO}/cargoGrossWeight/value", "6000", "lading.wrong-type"),
    ("straight", f"{CARGO}/cargoGrossWeight/value", True, "lading.wrong-type"),
    ("straight", f"{CARGO}/cargoGrossWeight/unit", "KG", "lading.not-in-enum"),
    ("straight", f"{CARGO}/outerPackaging/numberOfPackages", 0, "lading.out-of-bounds"),
    ("straight", f"{CARGO}/outerPackaging/packageCode", "CTN", "lading.too-long"),
    ("straight", f"{BOX}/seals", [], "lading.too-few"),
    ("straight", f"{BOX}/seals/0/source", "CARRIER", "lading.not-in-enum"),
    ("straight", "/charges/0/currencyAmount", -1, "lading.out-of-bounds"),
    ("straight", "/charges/0/currencyCode", "US$", "lading.wrong-form"),
    ("straight", "/transports/vesselVoyages/0/universalExportVoyageReference", "26AAX", "lading.wrong-form"),
    ("to order, reefer", f"{BOX}/activeReeferSettings/temperatureUnit", "C", "lading.not-in-enum"),
    ("dangerous goods", f"{CARGO}/outerPackaging/dangerousGoods/0/UNNumber", "UN1263", "lading.too-long"),
    ("dangerous goods", f"{CARGO}/outerPackaging/dangerousGoods/0/packingGroup", 4, "lading.out-of-bounds"),
    ("instructions", "/isCargoDeliveredInICS2Zone", None, "lading.wrong-type"),
    ("instructions", "/invoicePayableAt", {"freeText": "Singapore"}, "lading.member-missing"),
]


@pytest.mark.parametrize(("name", "pointer", "wrong", "code"), SINGLE)
def test_a_single_wrong_value_is_named(name: str, pointer: str, wrong: Any, code: str) -> None:
    (found,) = tuple(errors(reading(changed(VALID[name], pointer, wrong), name).findings))
    where = f"{pointer}/UNLocationCode" if code == "lading.member-missing" else pointer
    assert (found.code, found.pointer) == (code, where)
    check_explains(found)


def check_explains(found: Finding) -> None:
    assert found.found
    assert found.expected
    assert found.fix
    assert "." in found.clause or found.code == "lading.choice"
    assert found.source == "DCSA EBL 3.0.4"


def test_a_container_of_the_carriers_needs_its_number_and_one_of_the_shippers_all_of_it() -> None:
    carriers = changed(VALID["instructions"], f"{BOX}/equipmentReference", remove=True)
    assert refusals(carriers, "instructions") == [("lading.member-missing", f"{BOX}/equipmentReference")]
    shippers = changed(VALID["instructions"], f"{BOX}/isShipperOwned", True)
    assert refusals(shippers, "instructions") == [("lading.member-missing", f"{BOX}/equipment")]


def test_a_description_of_a_house_bill_that_is_no_text_is_named_and_ends_its_own_rule_only() -> None:
    with_house = json.loads(encode(breaks(WITH_HOUSE_BILL)(shipping_instructions())))
    place = "/houseBillOfLadings/0/consignmentItems/0/descriptionOfGoods"
    wrong = changed(changed(with_house, place, 7), "/houseBillOfLadings/0/routingOfConsignmentCountries/0", "DE")
    assert ("lading.wrong-type", place) in refusals(wrong, "instructions")
    assert "lading.house-routing" in {code for code, _ in refusals(wrong, "instructions")}


def test_all_that_is_wrong_is_found_at_once_shape_and_codes_and_rules() -> None:
    value = deepcopy(VALID["straight"])
    del value["termsAndConditions"]
    value["issueDate"] = "yesterday"
    value["documentParties"]["shipper"]["partyName"] = 7
    value["transports"]["plannedArrivalDate"] = "2025-12-01"
    value["isToOrder"] = True
    value["documentParties"]["notifyParties"] = []
    value["declaredValue"] = 12
    box = value["utilizedTransportEquipments"][0]["equipment"]
    box["equipmentReference"] = "SIMU0000000"
    value["unheardOf"] = 1
    found = {(each.code, each.pointer) for each in reading(value, "straight").findings}
    assert found == {
        ("lading.member-missing", "/termsAndConditions"),
        ("lading.no-date", "/issueDate"),
        ("lading.wrong-type", "/documentParties/shipper/partyName"),
        ("lading.arrival-before-departure", "/transports/plannedArrivalDate"),
        ("lading.notify-party-missing", "/documentParties/notifyParties"),
        ("lading.declared-value", "/declaredValueCurrency"),
        ("lading.container-check-digit", f"{BOX}/equipment/equipmentReference"),
        ("lading.container-not-listed", f"{CARGO}/equipmentReference"),
        ("lading.container-without-cargo", BOX),
        ("lading.unknown-member", "/unheardOf"),
    }


@pytest.mark.parametrize("wrong", [[], "text", 7, None, {}])
def test_nonsense_for_the_whole_cargo_is_refused_and_breaks_no_rule(wrong: Any) -> None:
    for member in ("consignmentItems", "utilizedTransportEquipments", "documentParties", "transports"):
        found = refusals(changed(VALID["straight"], f"/{member}", wrong), "straight")
        assert found
        assert all(where.startswith(f"/{member}") for _, where in found)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.fuzz
@given(st.lists(st.tuples(st.sampled_from(EVERY), ANYTHING), min_size=1, max_size=4))
def test_whatever_stands_in_some_places_is_judged_and_never_breaks_the_judge(
    replaced: list[tuple[tuple[str, str, Any], Any]],
) -> None:
    name = replaced[0][0][0]
    value = VALID[name]
    for (of, pointer, _), new in replaced:
        if of == name:
            with contextlib.suppress(KeyError, TypeError, IndexError):  # the place went away with an earlier one
                value = changed(value, pointer, new)
    judged = reading(value, name)
    assert (judged.document is None) <= judged.refused
