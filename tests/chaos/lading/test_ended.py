"""A title that has ended stays as it ended: no other course of things, no notice and no second issue brings it back."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from simulator.platforms import token_of
from tests.chaos.lading.network import Network, party
from tests.ebl import cast
from tests.ebl.running import SEED, issuance_request, key_of
from tradebridge.ebl.chain import follow
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.seal import peek

ENDS = {
    "paper": {"action": "SURRENDER_FOR_AMENDMENT", "reasonCode": "SWTP"},
    "void": {"action": "SURRENDER_FOR_AMENDMENT", "reasonCode": "COD"},
    "accomplished": {"action": "SURRENDER_FOR_DELIVERY"},
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One for all: each test has a bill of its own."""
    one = Network(tmp_path_factory.mktemp("network"))
    yield one
    one.close()


def moved(network: Network, reference: str, giver: str, taker: str) -> None:
    assert network.transfer(giver, reference, party(taker)).status_code == 200
    network.run(network[giver].attempt())


def ended(network: Network, reference: str, by: str, status: str) -> None:
    """Who has it on this platform surrenders it, and the carrier takes it."""
    body = {"actor": party(by).model_dump(by_alias=True, exclude_none=True), **ENDS[status]}
    assert network.post(by, "POST", f"/v1/titles/{reference}/actions", body).status_code == 200
    network.run(network[by].attempt())
    query = "select s.reference from ebl_surrenders s join ebl_titles t on t.id = s.title where t.reference = ?"
    (asked,) = network["STRA"].rows(query, reference)
    answer = {"surrenderRequestReference": asked["reference"], "action": "SURR"}
    token = token_of(SEED, cast.CARRIER_CODE, "STRA")
    assert network.post("STRA", "POST", "/ebl/v3/ebl-surrender-responses", answer, token).status_code == 204
    network.run(network["STRA"].attempt())
    assert stands(network, "STRA", reference) == ("ended", status)


def stands(network: Network, on: str, reference: str) -> tuple[str, str]:
    (row,) = network[on].rows("select at, status from ebl_titles where reference = ?", reference)
    return row["at"], row["status"]


def went_round(network: Network, status: str) -> str:
    """From STRA by MEKO to FUJI, and there it ends."""
    reference = network.issue("STRA")
    network.run(network["STRA"].attempt())
    moved(network, reference, "STRA", "MEKO")
    moved(network, reference, "MEKO", "FUJI")
    ended(network, reference, "FUJI", status)
    return reference


def another_course(network: Network, reference: str, to: str, action: str = "TRANSFER") -> str:
    """MEKO signs what it did with the title otherwise, and sends that. What is answered."""
    (row,) = network["MEKO"].rows("select * from ebl_titles where reference = ?", reference)
    before, key = orjson.loads(row["signed"])[:1], key_of("MEKO")
    step = cast.act(action, party("MEKO"), party(to), 900)
    chain = [*before, follow(before, [step], key, "MEKO", row["id"])]
    envelope = make_envelope(orjson.loads(row["document"]), chain, key)
    answer = network.post(to, "POST", "/pint/v3/envelopes", envelope, token_of(SEED, "MEKO", to))
    said = peek(answer.json())
    assert isinstance(said, dict), answer.text
    return str(said["responseCode"])


def issued(network: Network, on: str, reference: str, **changes: Any) -> int:
    value = cast.document("blank", transportDocumentReference=reference, **changes)
    request = issuance_request(value, party(on))
    token = token_of(SEED, cast.CARRIER_CODE, on)
    return network.post(on, "PUT", "/ebl/v3/ebl-issuance-requests", request, token).status_code


@pytest.mark.parametrize("status", ENDS)
def test_a_former_holder_brings_no_title_back(network: Network, status: str) -> None:
    reference = went_round(network, status)
    for on in ("STRA", "FUJI"):
        assert another_course(network, reference, on) == "DISE", f"on {on}"
        assert stands(network, on, reference) == ("ended", status)
    assert network.holders(reference) == []


@pytest.mark.parametrize("status", ["void", "paper"])
def test_a_notice_of_another_course_blocks_no_bill_that_comes_in_the_place(network: Network, status: str) -> None:
    reference = went_round(network, status)
    assert another_course(network, reference, "STRA", "ENDORSE") == "DISE"
    assert stands(network, "STRA", reference) == ("ended", status)
    assert issued(network, "STRA", reference, transportDocumentSubReference="2") == 204
    assert network.holders(reference) == ["STRA here"]
    moved(network, reference, "STRA", "FUJI")
    assert network.holders(reference) == ["FUJI here"], "also where the old one ended"


def test_the_document_of_a_title_that_has_ended_gets_no_second_title(network: Network) -> None:
    """The carrier lets another platform issue it, where it ended too."""
    reference = went_round(network, "paper")
    assert issued(network, "FUJI", reference) == 204
    (row,) = network["FUJI"].rows("select state, findings from ebl_issuances where reference = ?", reference)
    assert (row["state"], orjson.loads(row["findings"])[0]["code"]) == ("BREQ", "title.same-document")
    assert (network.holders(reference), stands(network, "FUJI", reference)) == ([], ("ended", "paper"))


@pytest.mark.parametrize("status", ENDS)
def test_a_second_issue_elsewhere_brings_no_title_back(network: Network, status: str) -> None:
    """The carrier has let two platforms issue one bill. The one ends where it was issued, with no entry at all; the
    other is sent there."""
    reference = network.issue("STRA")
    value = cast.document("blank", transportDocumentReference=reference)
    token = token_of(SEED, cast.CARRIER_CODE, "KAPU")
    request = issuance_request(value, party("STRA"))
    assert network.post("KAPU", "PUT", "/ebl/v3/ebl-issuance-requests", request, token).status_code == 204
    network.run(network["KAPU"].attempt())
    ended(network, reference, "STRA", status)
    network.run(network["KAPU"].attempt())
    (row,) = network["STRA"].rows("select at, status, signed from ebl_titles where reference = ?", reference)
    assert tuple(row) == ("ended", status, "[]")
    assert network.holders(reference) == ["KAPU sending"], "disputed: people settle it"
