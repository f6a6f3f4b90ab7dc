"""Notifications and refusals: DCSA's shapes, DCSA's own examples.

Reads the YAML in ../shared/data/dcsa/openapi in place; skips where it is absent.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading import model, notifications, refusal
from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.notifications import (
    CancelShippingInstructions,
    ShippingInstructionsNotification,
    TransportDocumentNotification,
)
from schemas.bill_of_lading.refusal import ErrorResponse, json_path
from schemas.bill_of_lading.values import Part
from schemas.findings import Finding, Severity
from tests.schemas.bill_of_lading.test_openapi import CLASS_OF, OPENAPI, dcsa_shape, our_shape, schemas_of, whole

CLASSES: dict[str, type[Part]] = {
    "CreateShippingInstructionsResponse": notifications.CreateShippingInstructionsResponse,
    "ApproveTransportDocument": notifications.ApproveTransportDocument,
    "TransportDocumentAmend": notifications.TransportDocumentAmend,
    "ShippingInstructionsNotification": ShippingInstructionsNotification,
    "ShippingInstructionsData": notifications.ShippingInstructionsData,
    "TransportDocumentNotification": TransportDocumentNotification,
    "TransportDocumentData": notifications.TransportDocumentData,
    "ErrorResponse": ErrorResponse,
    "DetailedError": refusal.DetailedError,
}
WHOLE: dict[str, type[Part]] = {
    "ShippingInstructionsFullNotification": notifications.ShippingInstructionsAsHeld,
    "UpdatedShippingInstructionsFullNotification": notifications.ShippingInstructionsAsHeld,
    "TransportDocumentFullNotification": model.TransportDocument,
    "AmendedTransportDocumentFullNotification": model.TransportDocument,
}
CLOSED_BY_TEXT = {"ApproveTransportDocument": {"transportDocumentStatus"}}
"""Members whose text allows one value; the schema says a string. Ours is an enumeration of one."""
LONGER_THAN_NOTHING = {"ShippingInstructionsNotification": {"source"}, "TransportDocumentNotification": {"source"}}


@pytest.mark.parametrize("schema", CLASSES)
def test_members_requirements_and_limits_are_those_of_dcsa(schema: str) -> None:
    theirs, required = whole(schemas_of("EBL"), schema)
    ours = CLASSES[schema].model_json_schema(by_alias=True)
    definitions = ours.get("$defs", {})
    class_of: dict[str, type[Part]] = {**CLASS_OF, **CLASSES, **WHOLE}
    apart = CLOSED_BY_TEXT.get(schema, set()) | LONGER_THAN_NOTHING.get(schema, set())
    given = {name: our_shape(value, definitions) for name, value in ours["properties"].items() if name not in apart}
    wanted = {name: dcsa_shape(value, class_of) for name, value in theirs.items() if name not in apart}
    assert given == wanted
    assert apart <= ours["properties"].keys()
    assert set(ours.get("required", [])) == required


def examples(path: str) -> dict[str, Any]:
    file = OPENAPI / "EBL_v3.0.4.yaml"
    if not file.exists():
        pytest.skip(f"{file.name} is in ../shared/data/dcsa/openapi, which is not beside this checkout")
    loaded = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    body = loaded["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return {name: example["value"] for name, example in body["examples"].items()}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v3/shipping-instructions-notifications", ShippingInstructionsNotification),
        ("/v3/transport-document-notifications", TransportDocumentNotification),
    ],
)
def test_the_examples_of_dcsa_are_read(path: str, kind: type[Part]) -> None:
    found = examples(path)
    assert len(found) >= 4
    for name, value in found.items():
        read = read_part(kind, as_json(value))
        if isinstance(read, tuple):
            assert {each.pointer for each in read} <= ODD.get(name, set()), name


ODD: dict[str, set[str]] = {}
"""What DCSA's own examples have that DCSA's own schema refuses."""


def as_json(value: Any) -> Any:
    """YAML reads dates as dates; JSON has texts."""
    if isinstance(value, dict):
        return {name: as_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"updatedShippingInstructionsStatus": "UPDATE_CANCELLED"}, True),
        ({"shippingInstructionsStatus": "CANCELLED"}, True),
        ({"shippingInstructionsStatus": "UPDATE_CANCELLED"}, False),
        ({}, False),
        ({"shippingInstructionsStatus": "CANCELLED", "updatedShippingInstructionsStatus": "UPDATE_CANCELLED"}, False),
    ],
)
def test_one_of_two_is_cancelled(body: dict[str, str], right: bool) -> None:
    assert isinstance(read_part(CancelShippingInstructions, body), tuple) is not right


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("", "$"),
        ("/documentParties/shipper", "$.documentParties.shipper"),
        ("/seals/0/number", "$.seals[0].number"),
        ("/a~1b/c d", "$['a/b']['c d']"),
        ("/it's/0", "$['it\\'s'][0]"),
    ],
)
def test_a_pointer_as_json_path(pointer: str, path: str) -> None:
    assert json_path(pointer) == path


def found(pointer: str, text: str) -> Finding:
    return Finding("lading.too-long", Severity.ERROR, text, pointer, found=text, fix=text)


@given(st.text(min_size=1, max_size=40), st.text(max_size=6000), st.sampled_from([400, 401, 404, 409, 422, 500, 599]))
def test_a_refusal_is_an_error_response_whatever_was_found(step: str, text: str, status: int) -> None:
    pointer = "/" + step.replace("~", "~0").replace("/", "~1")
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    for findings in ([found(pointer, text)], [], [found("", text)] * 600):
        said = refusal.refusal("PUT", "/ebl/v3/x", status, findings, at, "correlation")
        read = read_part(ErrorResponse, said)
        assert not isinstance(read, tuple), read
        assert 1 <= len(read.errors) <= refusal.MOST_ERRORS
