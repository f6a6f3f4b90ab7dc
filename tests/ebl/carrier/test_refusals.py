"""Requests that are refused for what they are: by DCSA's ErrorResponse, each error with its place."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.refusal import ErrorResponse
from tests.ebl.carrier.running import MANUAL, Carrier, Platform, carrier, instructions, platform


@pytest.fixture(scope="module")
def straits() -> Iterator[Platform]:
    with platform() as one:
        yield one


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, straits: Platform) -> Iterator[Carrier]:
    with carrier(tmp_path_factory.mktemp("carrier"), platforms=[straits.settings()], officers=MANUAL) as running:
        yield running


def refused(answer: Any, status: int) -> dict[str, str]:
    """The errors of an answer: code by JSONPath."""
    assert answer.status_code == status, answer.text
    assert answer.headers["API-Version"] == "3.0.4"
    body = answer.json()
    assert not isinstance(read_part(ErrorResponse, body), tuple)
    assert body["statusCode"] == status
    assert body["httpMethod"] == answer.request.method
    assert body["providerCorrelationReference"]
    return {each.get("jsonPath", ""): each["errorCodeText"] for each in body["errors"]}


def test_each_error_of_a_body_has_its_json_path(desk: Carrier) -> None:
    wrong = instructions()
    del wrong["documentParties"]["shipper"]["partyName"]
    wrong["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"]["value"] = "12"
    wrong["transportDocumentTypeCode"] = "BILL"
    wrong["utilizedTransportEquipments"] = []
    assert refused(desk.call("POST", "/shipping-instructions", wrong), 400) == {
        "$.documentParties.shipper.partyName": "lading.member-missing",
        "$.consignmentItems[0].cargoItems[0].cargoGrossWeight.value": "lading.wrong-type",
        "$.transportDocumentTypeCode": "lading.not-in-enum",
        "$.utilizedTransportEquipments": "lading.too-few",
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "errors"),
    [
        (
            "PUT",
            "/shipping-instructions/X",
            instructions(),
            {"$.shippingInstructionsReference": "lading.member-missing"},
        ),
        ("PATCH", "/shipping-instructions/X", {}, {"$": "lading.choice"}),
        (
            "PATCH",
            "/shipping-instructions/X",
            {"shippingInstructionsStatus": "CANCELLED", "updatedShippingInstructionsStatus": "UPDATE_CANCELLED"},
            {"$": "lading.choice"},
        ),
        (
            "PATCH",
            "/shipping-instructions/X",
            {"shippingInstructionsStatus": "DECLINED"},
            {"$.shippingInstructionsStatus": "lading.not-in-enum"},
        ),
        ("PATCH", "/transport-documents/X", {}, {"$.transportDocumentStatus": "lading.member-missing"}),
        (
            "PATCH",
            "/transport-documents/X",
            {"transportDocumentStatus": "ISSUED"},
            {"$.transportDocumentStatus": "lading.not-in-enum"},
        ),
        ("POST", "/shipping-instructions", b"{", {"$": "syntax.not-json"}),
        ("POST", "/shipping-instructions", b"", {"$": "syntax.empty"}),
        ("POST", "/shipping-instructions", b"[]", {"$": "syntax.not-an-object"}),
        ("POST", "/shipping-instructions", b"<a/>", {"$": "syntax.not-json"}),
        ("POST", "/shipping-instructions", b'{"a": 1, "a": 2}', {"/a": "syntax.duplicate-member"}),
        ("POST", "/shipping-instructions", b'{"a": NaN}', {"$": "syntax.bad-number"}),
        ("GET", "/shipping-instructions/X?updatedContent=maybe", None, {"$": "carrier.not-true-or-false"}),
    ],
)
def test_a_body_that_the_schema_refuses(
    desk: Carrier, method: str, path: str, body: Any, errors: dict[str, str]
) -> None:
    got = refused(desk.call(method, path, body), 400)
    assert set(errors.values()) <= set(got.values())
    if all(each.startswith("$.") for each in errors):
        assert got == errors


def test_an_amendment_has_the_shape_of_a_transport_document(desk: Carrier) -> None:
    errors = refused(desk.call("PUT", "/transport-documents/X/amendment", {"transportDocumentReference": "X"}), 400)
    assert errors["$.consignmentItems"] == "lading.member-missing"
    assert len(errors) > 10


def test_a_body_of_another_document_than_the_path(desk: Carrier) -> None:
    reference = desk.submit(instructions())
    desk.stands(reference, instructions="RECEIVED")
    body = instructions() | {"shippingInstructionsReference": "SI-OTHER"}
    errors = refused(desk.call("PUT", f"/shipping-instructions/{reference}", body), 400)
    assert errors == {"$.shippingInstructionsReference": "carrier.reference-differs"}
    document = desk.took(reference, "publish-draft")
    amendment = document["document"] | {"transportDocumentReference": "TD-OTHER"}
    path = f"/transport-documents/{document['transportDocumentReference']}/amendment"
    assert refused(desk.call("PUT", path, amendment), 400) == {
        "$.transportDocumentReference": "carrier.reference-differs"
    }


@pytest.mark.parametrize("path", ["/shipping-instructions/{si}", "/transport-documents/{td}"])
def test_what_belongs_to_another_consumer_does_not_exist(desk: Carrier, path: str) -> None:
    reference = desk.submit(instructions())
    desk.stands(reference, instructions="RECEIVED")
    document = desk.took(reference, "publish-draft")["transportDocumentReference"]
    named = path.format(si=reference, td=document)
    assert desk.call("GET", named).status_code == 200
    assert refused(desk.call("GET", named, token="other-token"), 404) == {"": "carrier.unknown-reference"}


@pytest.mark.parametrize("token", ["", "nobody", "SHIPPER-TOKEN"])
def test_a_token_that_is_nobodys(desk: Carrier, token: str) -> None:
    answer = desk.call("GET", "/shipping-instructions/X", token=token)
    assert refused(answer, 401) == {"": "carrier.unauthorised"}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_token_of_the_other_side(desk: Carrier) -> None:
    platform_asks = desk.call("POST", "/shipping-instructions", instructions(), "from-STRA")
    assert refused(platform_asks, 403) == {"": "carrier.not-yours"}
    response = {"transportDocumentReference": "X", "issuanceResponseCode": "ISSU"}
    assert refused(desk.call("POST", "/ebl-issuance-responses", response), 403) == {"": "carrier.not-yours"}


@pytest.mark.parametrize("version", ["2", "3.0", "3.0.4", "three"])
def test_another_api_version(desk: Carrier, version: str) -> None:
    answer = desk.call("GET", "/shipping-instructions/X", headers={"API-Version": version})
    assert refused(answer, 400) == {"$": "carrier.api-version"}
    assert desk.call("GET", "/shipping-instructions/X", headers={"API-Version": "3"}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/bookings", 404), ("DELETE", "/shipping-instructions/X", 405), ("GET", "/ebl-surrender-requests", 405)],
)
def test_there_is_no_such_endpoint(desk: Carrier, method: str, path: str, status: int) -> None:
    assert refused(desk.call(method, path), status) == {"": "carrier.no-endpoint"}


def test_a_body_without_end_is_not_read_to_its_end(desk: Carrier) -> None:
    answer = desk.call("POST", "/shipping-instructions", b'{"a": "' + b"x" * 11_000_000 + b'"}')
    assert refused(answer, 413) == {"": "syntax.too-large"}


def test_a_platforms_verdict_of_another_shape(desk: Carrier) -> None:
    body = {"transportDocumentReference": "X", "issuanceResponseCode": "MAYBE"}
    answer = desk.call("POST", "/ebl-issuance-responses", body, "from-STRA")
    assert refused(answer, 400) == {"$.issuanceResponseCode": "lading.not-in-enum"}


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"surrenderRequestCode": "XREQ"}, "$.surrenderRequestCode", "lading.not-in-enum"),
        ({"reasonCode": "SWTP"}, "$.reasonCode", "surrender.reason-not-here"),
        ({"surrenderRequestCode": "AREQ", "reasonCode": "WHY"}, "$.reasonCode", "surrender.reason-code"),
    ],
)
def test_a_surrender_of_another_shape(desk: Carrier, changes: dict[str, Any], path: str, code: str) -> None:
    body = {"surrenderRequestReference": "S", "transportDocumentReference": "X", "surrenderRequestCode": "SREQ"}
    answer = desk.call("POST", "/ebl-surrender-requests", body | changes, "from-STRA")
    assert refused(answer, 400) == {path: code}


def test_a_surrender_reference_is_used_once(desk: Carrier, straits: Platform) -> None:
    documents = []
    for _ in range(2):
        reference = desk.submit(instructions())
        desk.stands(reference, instructions="RECEIVED")
        desk.took(reference, "publish-draft")
        documents.append(desk.took(reference, "request-issuance")["transportDocumentReference"])
        assert straits.respond(desk, documents[-1]).status_code == 204
    first, second = documents
    assert straits.surrender(desk, first, surrenderRequestReference="ONE").status_code == 204
    assert straits.surrender(desk, first, surrenderRequestReference="ONE").status_code == 204  # heard again
    again = straits.surrender(desk, second, surrenderRequestReference="ONE")
    assert refused(again, 409) == {"$.surrenderRequestReference": "surrender.reference-used"}


def test_another_platform_than_the_issuing_one(tmp_path: Path, straits: Platform) -> None:
    platforms = [straits.settings(), straits.settings("MEKO")]
    with carrier(tmp_path, platforms=platforms, officers=MANUAL) as running:
        reference = running.submit(instructions())
        running.stands(reference, instructions="RECEIVED")
        running.took(reference, "publish-draft")
        document = running.took(reference, "request-issuance")["transportDocumentReference"]
        verdict = {"transportDocumentReference": document, "issuanceResponseCode": "ISSU"}
        answer = running.call("POST", "/ebl-issuance-responses", verdict, "from-MEKO")
        assert refused(answer, 403) == {"": "carrier.not-the-issuing-platform"}
        assert straits.respond(running, document).status_code == 204
        surrender = {
            "surrenderRequestReference": "S",
            "transportDocumentReference": document,
            "surrenderRequestCode": "SREQ",
        }
        answer = running.call("POST", "/ebl-surrender-requests", surrender, "from-MEKO")
        assert refused(answer, 403) == {"": "carrier.not-the-issuing-platform"}


def test_while_it_is_processed_get_may_be_refused_instead(tmp_path: Path) -> None:
    with carrier(tmp_path, processing="manual", whileProcessing=409) as running:
        reference = running.submit(instructions(variant=2))
        answer = running.call("GET", f"/shipping-instructions/{reference}")
        assert refused(answer, 409) == {"": "carrier.being-processed"}


def test_a_broken_store_is_a_500(tmp_path: Path) -> None:
    with carrier(tmp_path) as running:
        reference = running.submit(instructions(variant=2))
        running.stands(reference, document="DRAFT")
        with sqlite3.connect(tmp_path / "carrier.sqlite") as store:
            store.execute("DROP TABLE carrier_files")
        answer = running.call("GET", f"/shipping-instructions/{reference}")
        assert refused(answer, 500) == {"": "carrier.broken"}
