"""JSON to document and back: nothing is lost, nothing is invented, and what is odd is named."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.bill_of_lading.cargo import Weight
from schemas.bill_of_lading.dcsa import MOST_REPORTED, decode, encode
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.content import Content, open_content
from schemas.findings import Severity
from schemas.registry import Decoded
from tests.schemas.bill_of_lading.strategies import UNKNOWN, json_of

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A whole document takes minutes to shrink, and the assertion shows which part of it differs."""
WHOLE_DOCUMENTS = settings(phases=UNSHRUNK, max_examples=settings().max_examples // 2)
"""Each is a thousand values: half as many do."""
Model = type[TransportDocument] | type[ShippingInstructions]


def decoded(value: Any, model: Model = TransportDocument) -> Decoded:
    content = open_content(json.dumps(value).encode())
    assert isinstance(content, Content)
    return decode(model, content)


def sample() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(encode(transport_document()))
    return value


def check_round_trip(value: dict[str, Any], model: Model) -> None:
    given = decoded(value, model)
    assert given.document is not None, given.findings
    data = encode(given.document)
    again = decoded(json.loads(data), model).document
    assert again == given.document
    assert json.dumps(json.loads(data), sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.fuzz
@WHOLE_DOCUMENTS
@given(json_of(TransportDocument))
def test_any_transport_document_comes_back_as_it_was(value: dict[str, Any]) -> None:
    check_round_trip(value, TransportDocument)


@pytest.mark.fuzz
@WHOLE_DOCUMENTS
@given(json_of(ShippingInstructions))
def test_any_shipping_instructions_come_back_as_they_were(value: dict[str, Any]) -> None:
    check_round_trip(value, ShippingInstructions)


@given(UNKNOWN, UNKNOWN)
def test_unknown_members_are_kept_at_every_level_and_each_is_named(top: dict[str, Any], deep: dict[str, Any]) -> None:
    value = sample() | top
    value["documentParties"]["shipper"]["address"] |= deep
    check_round_trip(value, TransportDocument)
    named = {each.found for each in decoded(value).findings if each.code == "lading.unknown-member"}
    assert named == top.keys() | deep.keys()


def test_an_unknown_member_that_is_null_is_kept() -> None:
    check_round_trip(sample() | {"xNull": None, "xDeep": {"y": None}}, TransportDocument)


def test_a_pointer_escapes_what_json_pointer_reserves() -> None:
    pointers = {each.pointer for each in decoded(sample() | {"a/b~c": 1}).findings}
    assert pointers == {"/a~1b~0c"}


def test_an_unknown_member_close_to_a_known_one_suggests_it() -> None:
    (found,) = decoded(sample() | {"carrierClause": ["x"]}).findings
    assert (found.code, found.expected) == ("lading.unknown-member", "carrierClauses?")


def test_our_own_python_name_is_not_taken_for_dcsas_member() -> None:
    value = sample()
    value["issue_date"] = value.pop("issueDate")
    given = decoded(value)
    assert isinstance(given.document, TransportDocument)
    assert given.document.issue_date is None
    assert [each.pointer for each in given.findings] == ["/issue_date"]
    check_round_trip(value, TransportDocument)


def test_null_is_taken_for_absent_with_a_warning_and_not_written_again() -> None:
    given = decoded(sample() | {"charges": None, "xNull": None})
    assert given.document is not None
    assert {(each.code, each.pointer) for each in given.findings} == {
        ("lading.null", "/charges"),
        ("lading.unknown-member", "/xNull"),
    }
    written = json.loads(encode(given.document))
    assert "charges" not in written
    assert written["xNull"] is None


def test_a_moment_is_written_the_same_way_beside_an_unknown_null() -> None:
    value = json.loads(encode(transport_document(variant=7)))
    packaging = value["consignmentItems"][0]["cargoItems"][0]["outerPackaging"]
    packaging["dangerousGoods"][0]["fumigationDateTime"] = "2026-01-04T08:00:00Z"
    check_round_trip(value, TransportDocument)
    check_round_trip(value | {"xNull": None}, TransportDocument)


def test_a_member_that_code_sets_to_none_is_not_written() -> None:
    document = transport_document().model_copy(update={"charges": None})
    assert "charges" not in json.loads(encode(document))


@pytest.mark.parametrize("text", ["12000", "12000.0", "0.1", "1012.12", "123456789.125", "9007199254740993", "1e-7"])
def test_a_number_stays_the_number_that_was_written(text: str) -> None:
    data = json.dumps(sample()).replace('"value": 6000.0', f'"value": {text}').encode()
    content = open_content(data)
    assert isinstance(content, Content)
    given = decode(TransportDocument, content)
    assert isinstance(given.document, TransportDocument)
    weight = given.document.consignment_items[0].cargo_items[0].cargo_gross_weight
    assert isinstance(weight, Weight)
    assert json.dumps(weight.value) == json.dumps(json.loads(text))
    assert json.loads(encode(given.document)) == json.loads(data)


def test_another_value_of_an_open_list_is_a_warning_that_names_the_list() -> None:
    (found,) = decoded(sample() | {"transportDocumentStatus": "PRINTED"}).findings
    assert (found.code, found.severity) == ("lading.value-not-named", Severity.WARNING)
    assert found.clause == "TransportDocument.transportDocumentStatus"
    assert "ISSUED" in found.expected


def test_warnings_about_members_end_somewhere() -> None:
    findings = decoded(sample() | {f"x{number}": 1 for number in range(MOST_REPORTED + 10)}).findings
    assert len(findings) == MOST_REPORTED + 1
    assert findings[-1].code == "lading.more"


GARBAGE: dict[str, Callable[[], dict[str, Any]]] = {
    "unknown members": lambda: {f"unknownMember{number}": 1 for number in range(100_000)},
    "numbers for items": lambda: {"consignmentItems": [0] * 19_000},
    "empty items": lambda: {"consignmentItems": [{}] * 4_500},
    "many empty items": lambda: {"consignmentItems": [{}] * 190_000},
    "too many values": lambda: {"consignmentItems": [0] * 300_000},
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_refused_in_little_time_with_an_answer_that_can_be_read(kind: str) -> None:
    content = open_content(json.dumps(sample() | GARBAGE[kind]()).encode())
    assert isinstance(content, Content)
    start = time.process_time()
    findings = decode(TransportDocument, content).findings
    assert time.process_time() - start < 3
    assert 1 <= len(findings) <= MOST_REPORTED + 1


def test_a_document_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        transport_document().is_to_order = True  # type: ignore[misc]


@given(st.integers(0, 200))
def test_the_examples_come_back_as_they_were(variant: int) -> None:
    check_round_trip(json.loads(encode(transport_document(variant=variant))), TransportDocument)
    check_round_trip(json.loads(encode(shipping_instructions(variant=variant))), ShippingInstructions)
