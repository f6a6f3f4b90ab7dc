"""The two profiles: told apart without a declaration, valid examples, codes that are looked up, the time it takes."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import COUNTRIES, shipping_instructions, transport_document
from schemas.bill_of_lading.model import (
    SHIPPING_INSTRUCTIONS,
    TRANSPORT_DOCUMENT,
    ShippingInstructions,
    TransportDocument,
)
from schemas.codes.containers import check_digit
from schemas.content import Content, Syntax, open_content
from schemas.findings import Severity
from schemas.registry import Context, Profile, profile_of, read

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTEXT = Context(now=NOW)
BOTH = [TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS]


def profile(name: str) -> Profile:
    found = profile_of(name)
    assert found is not None
    return found


def written(document: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(encode(document))
    return value


def recognised(value: dict[str, Any]) -> str | None:
    found = read(json.dumps(value).encode(), CONTEXT).profile
    return None if found is None else found.id


def test_both_profiles_are_open_and_json_only() -> None:
    for name in BOTH:
        assert not profile(name).closed
        assert profile(name).syntaxes == (Syntax.JSON,)
        assert profile(name).family == "bill-of-lading"


def test_instructions_that_name_the_transport_document_they_amend_are_instructions() -> None:
    assert recognised(written(shipping_instructions()) | {"transportDocumentReference": "TD1"}) == SHIPPING_INSTRUCTIONS


@pytest.mark.parametrize("missing", sorted(written(transport_document())))
def test_a_transport_document_is_recognised_whatever_member_it_lacks(missing: str) -> None:
    value = written(transport_document())
    del value[missing]
    assert recognised(value) == TRANSPORT_DOCUMENT


@pytest.mark.parametrize("missing", sorted(written(shipping_instructions())))
def test_shipping_instructions_are_recognised_whatever_member_they_lack(missing: str) -> None:
    value = written(shipping_instructions())
    del value[missing]
    assert recognised(value) == SHIPPING_INSTRUCTIONS


def test_one_declared_as_the_other_is_a_mismatch() -> None:
    data = encode(shipping_instructions())
    (found,) = read(data, CONTEXT, declared=TRANSPORT_DOCUMENT).findings
    assert found.code == "profile.mismatch"


def test_what_a_document_answers_about_itself() -> None:
    issued = transport_document(number="SG-2026-00041", carrier="SIML")
    assert (issued.profile, issued.number, issued.issued_by) == (TRANSPORT_DOCUMENT, "SG-2026-00041", "carrier:SIML")
    asked = shipping_instructions(number="SI-7")
    assert (asked.profile, asked.number, asked.issued_by) == (SHIPPING_INSTRUCTIONS, "SI-7/1", None)
    new = asked.model_copy(update={"shipping_instructions_reference": None})
    assert new.number is None


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("exporter", COUNTRIES)
def test_the_examples_of_every_pair_of_countries_are_valid_without_a_warning(name: str, exporter: str) -> None:
    for importer in COUNTRIES.keys() - {exporter}:
        for variant in range(0, 24, 5):
            document = profile(name).example(
                exporter=exporter, importer=importer, number="SG-2026-00041", at=NOW, variant=variant
            )
            reading = read(profile(name).encode[Syntax.JSON](document), CONTEXT)
            assert reading.findings == ()
            assert reading.document == document


@pytest.mark.parametrize("name", BOTH)
def test_the_same_arguments_give_the_same_example_and_variants_differ(name: str) -> None:
    contents = [profile(name).encode[Syntax.JSON](profile(name).example(variant=variant)) for variant in range(60)]
    assert len(set(contents)) == 60
    assert contents[3] == profile(name).encode[Syntax.JSON](profile(name).example(variant=3))


def test_the_variants_cover_the_three_kinds_reefers_and_dangerous_goods() -> None:
    made = [transport_document(variant=variant) for variant in range(24)]
    kinds = {(each.transport_document_type_code.value, each.is_to_order) for each in made}
    assert kinds == {("BOL", False), ("BOL", True), ("SWB", False)}
    assert any(each.utilized_transport_equipments[0].active_reefer_settings for each in made)
    assert any(each.consignment_items[0].cargo_items[0].outer_packaging.dangerous_goods for each in made)


UNKNOWN_CODES = [
    ("/transports/portOfLoading/UNLocationCode", "SGXXX", "code.unknown-port"),
    ("/documentParties/shipper/address/countryCode", "XX", "code.unknown-country"),
    ("/consignmentItems/0/HSCodes/0", "99999900", "code.unknown-hs"),
    ("/consignmentItems/0/cargoItems/0/outerPackaging/packageCode", "0Z", "code.unknown-package"),
    ("/charges/0/currencyCode", "ZZZ", "code.unknown-currency"),
    ("/utilizedTransportEquipments/0/equipment/equipmentReference", "SIMU0000010", "lading.container-check-digit"),
    ("/utilizedTransportEquipments/0/equipment/equipmentReference", "SOC-17", "lading.container-number"),
]


@pytest.mark.parametrize(("pointer", "code", "expected"), UNKNOWN_CODES)
def test_a_code_that_no_list_knows_is_a_warning_at_its_place(pointer: str, code: str, expected: str) -> None:
    value = written(transport_document())
    here: Any = value
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        here = here[int(step)] if isinstance(here, list) else here[step]
    here[int(last) if isinstance(here, list) else last] = code
    reading = read(json.dumps(value).encode(), CONTEXT)
    found = next(each for each in reading.findings if each.code == expected)
    assert (found.pointer, found.found, found.severity) == (pointer, code, Severity.WARNING)


def test_a_country_that_the_sender_does_not_know_is_no_finding() -> None:
    value = written(transport_document()) | {
        "customsReferences": [{"type": "UCR", "countryCode": "ZZ", "values": ["1"]}]
    }
    assert read(json.dumps(value).encode(), CONTEXT).findings == ()


def large() -> bytes:
    """A transport document of 22 containers and 15 kB."""
    value = written(transport_document())
    (consignment,), (box,) = value["consignmentItems"], value["utilizedTransportEquipments"]
    numbers = [f"SIMU{serial:06}{check_digit(f'SIMU{serial:06}')}" for serial in range(22)]
    (item,) = consignment["cargoItems"]
    consignment["cargoItems"] = [item | {"equipmentReference": number} for number in numbers]
    value["utilizedTransportEquipments"] = [
        box | {"equipment": box["equipment"] | {"equipmentReference": number}, "seals": [{"number": f"SL{number}"}]}
        for number in numbers
    ]
    value["carrierClauses"] = ["Said to contain. " * 60 + "."] * 3
    return json.dumps(value).encode()


def test_decoding_and_checking_15_kilobytes_takes_little_time() -> None:
    """The best of many, in CPU time: 0.56 ms where this was written; the bound is for slower and busier machines."""
    data = large()
    assert 15_000 <= len(data) <= 16_000
    content, chosen, best = open_content(data), profile(TRANSPORT_DOCUMENT), 1.0
    assert isinstance(content, Content)
    for _ in range(100):
        start = time.process_time()
        decoded = chosen.decode(content)
        assert decoded.document is not None
        found = chosen.check(decoded.document, CONTEXT)
        best = min(best, time.process_time() - start)
    assert (decoded.findings, found) == ((), ())
    assert best < 0.002


def test_the_two_models_are_what_the_profiles_give() -> None:
    assert isinstance(profile(TRANSPORT_DOCUMENT).example(), TransportDocument)
    assert isinstance(profile(SHIPPING_INSTRUCTIONS).example(), ShippingInstructions)
