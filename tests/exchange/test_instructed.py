"""A transport document is judged beside the shipping instructions that it was made by, if its sender may see them."""

from collections.abc import Iterator

import pytest

from schemas.bill_of_lading.cargo import License
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from schemas.bill_of_lading.model import SHIPPING_INSTRUCTIONS
from schemas.content import Syntax
from tests.exchange.cast import TRANSPORT_DOCUMENT, Cast, description, signed
from tests.exchange.running import hub_in_thread

ASKED = License(reference="EX-2026-1")


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        joined = running.join()
        both = [TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS]
        trades = {"country": "SG", "kind": "platform", "sends": both, "accepts": both}
        joined.operator.add_member(description("SHIPPER-SYS", **trades))
        joined.operator.add_member(description("CARRIER-TWO", carriers=["SIM2"], **trades))
        yield joined


def instruct(cast: Cast, reference: str, to: str) -> None:
    asked = shipping_instructions(number=reference).model_copy(
        update={"shipping_instructions_reference": reference, "export_license": ASKED}
    )
    cast["SHIPPER-SYS"].submit(signed(asked, "SHIPPER-SYS", Syntax.JSON), to=[to])


def issued(cast: Cast, number: str, reference: str) -> set[str]:
    """The codes of the warnings about a transport document that names these instructions and leaves the licence out."""
    document = transport_document(number=number, carrier="SIM2").model_copy(
        update={"shipping_instructions_reference": reference}
    )
    answer = cast["CARRIER-TWO"].submit(signed(document, "CARRIER-TWO", Syntax.JSON), to=["SHIPPER-SYS"])
    return {each.code for each in answer.findings}


def test_what_the_shipper_asked_for_and_the_document_leaves_out_is_a_warning(cast: Cast) -> None:
    instruct(cast, "SI-ASKED-1", to="CARRIER-TWO")
    assert "lading.license-left-out" in issued(cast, "SIM2260001", "SI-ASKED-1")


def test_instructions_that_the_carrier_does_not_see_are_not_looked_at(cast: Cast) -> None:
    cast.operator.add_member(
        description("CARRIER-ELSE", country="SG", kind="platform", accepts=[SHIPPING_INSTRUCTIONS], sends=[])
    )
    instruct(cast, "SI-ASKED-2", to="CARRIER-ELSE")
    assert "lading.license-left-out" not in issued(cast, "SIM2260002", "SI-ASKED-2")
