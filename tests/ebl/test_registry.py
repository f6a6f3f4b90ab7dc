"""With a control tracking registry: it decides, whatever PINT answers say, and whoever is killed."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from schemas.bill_of_lading.pint import to_json
from tests.ebl.cast import BUYER, CARRIER_CODE, EXPORTER, FORWARDER, document
from tests.ebl.registry import Registry, registry, title_of
from tests.ebl.running import RETRIES, Platforms, Process, eventually, issuance_request, platforms
from tradebridge.ebl import steps

HASTY = RETRIES | {"attempts": 3, "slow": 0.3}


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Registry]:
    with registry() as one:
        yield one


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, arbiter: Registry) -> Iterator[Platforms]:
    folder = tmp_path_factory.mktemp("guarded")
    with platforms(folder, patience=HASTY, **arbiter.configuration()) as running:
        yield running


@pytest.fixture(autouse=True)
def whole(three: Platforms, arbiter: Registry) -> None:
    """All platforms at work, the registry too."""
    arbiter.silent, arbiter.loses = False, 0
    for process in three.processes.values():
        if not process.running or process.held():
            process.restart()


def begun(process: Process, reference: str) -> str:
    """A transfer to the forwarder, whose id is read from the store: the process may be killed before it answers."""
    with contextlib.suppress(httpx.HTTPError):  # it was stopped before it could answer
        body = {"action": "TRANSFER", "actor": to_json(EXPORTER), "recipient": to_json(FORWARDER)}
        process.call("POST", f"/v1/titles/{reference}/actions", body, timeout=1)
    query = "select id from ebl_transfers where reference = ? order by created_at desc"
    return str(eventually(lambda: process.rows(query, reference), "a transfer")[0]["id"])


def test_control_goes_with_the_title(three: Platforms, arbiter: Registry) -> None:
    reference = three.issue()
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"
    title = title_of(three["MEKO"].title(reference))
    assert three["MEKO"].title(reference)["controlTrackingRegistry"] == arbiter.base
    assert (arbiter.control(title), three.holders(reference)) == ("MEKO", ["MEKO"])
    on = three["MEKO"].act(reference, "TRANSFER", FORWARDER, BUYER)
    assert three["MEKO"].settled(on["transfer"])["state"] == "accepted"
    assert (arbiter.control(title), three.holders(reference)) == ("FUJI", ["FUJI"])


def test_the_receiver_hears_nothing_before_the_registry_has_the_offer(three: Platforms, arbiter: Registry) -> None:
    reference = three.issue()
    arbiter.silent = True
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    eventually(lambda: three["STRA"].transfer(sent["transfer"])["attempts"] >= 3, "three attempts")
    assert three["STRA"].title(reference)["at"] == "in-doubt"
    assert (
        three["MEKO"].rows("select * from ebl_incoming where title = ?", title_of(three["STRA"].title(reference))) == []
    )
    arbiter.silent = False
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["MEKO"]


def test_a_transfer_is_called_back_and_its_entry_is_dead(three: Platforms, arbiter: Registry) -> None:
    reference = three.issue()
    three["MEKO"].kill()
    transfer = begun(three["STRA"], reference)
    eventually(lambda: three["STRA"].transfer(transfer)["attempts"] >= 1, "an attempt")
    called = three["STRA"].call("POST", f"/v1/transfers/{transfer}:cancel")
    assert (called.status_code, called.json()["state"]) == (200, "cancelled"), called.text
    assert three["STRA"].call("POST", f"/v1/transfers/{transfer}:cancel").status_code == 200
    assert three["STRA"].title(reference)["at"] == "here"
    three["MEKO"].start()
    (row,) = three["STRA"].rows("select envelope from ebl_transfers where id = ?", transfer)
    late = three["MEKO"].as_peer("STRA", "POST", "/pint/v3/envelopes", orjson.loads(row["envelope"]))
    assert late.status_code == 422, late.text
    assert three.holders(reference) == ["STRA"]
    again = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    assert three["STRA"].settled(again["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["MEKO"]


def test_what_the_receiver_has_accepted_cannot_be_called_back(three: Platforms) -> None:
    reference = three.issue()
    three["MEKO"].restart(steps.RECEIVE_REGISTERED)
    transfer = begun(three["STRA"], reference)
    three["MEKO"].wait_held(steps.RECEIVE_REGISTERED)
    three["MEKO"].kill()
    called = three["STRA"].call("POST", f"/v1/transfers/{transfer}:cancel")
    assert called.status_code == 409, called.text
    assert three["STRA"].settled(transfer)["state"] == "accepted", "by the registry's word"
    assert three["STRA"].title(reference)["at"] == "away"
    three["MEKO"].start()
    three["MEKO"].stands(reference, "here")
    assert three.holders(reference) == ["MEKO"]


def test_without_a_registry_nothing_is_called_back(tmp_path: Path) -> None:
    with platforms(tmp_path, ("STRA", "MEKO")) as two:
        reference = two.issue()
        two["MEKO"].kill()
        transfer = begun(two["STRA"], reference)
        called = two["STRA"].call("POST", f"/v1/transfers/{transfer}:cancel")
        assert (called.status_code, called.json()["code"]) == (409, "pint.not-to-be-cancelled")
        assert two.holders(reference) == ["STRA sending"]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_lost_answers_of_the_registry_are_asked_for_again(three: Platforms, arbiter: Registry, lost: int) -> None:
    reference = three.issue()
    arbiter.loses = lost
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["MEKO"]


def test_a_registry_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    with registry() as other, platforms(tmp_path, ("STRA", "MEKO"), start=False) as two:
        two["STRA"].config |= other.configuration()
        two["STRA"].start()
        two["MEKO"].start()
        reference = two.issue()
        sent = two["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
        assert two["STRA"].settled(sent["transfer"])["state"] == "refused"
        assert two.holders(reference) == ["STRA"]


@pytest.mark.parametrize(
    ("code", "step"),
    [("STRA", steps.SEND_OFFERED), ("MEKO", steps.RECEIVE_ACCEPTING)],
)
def test_killed_between_registry_and_store(three: Platforms, code: str, step: str) -> None:
    reference = three.issue()
    three[code].restart(step)
    begun(three["STRA"], reference)
    three[code].wait_held(step)
    assert len(three.holders(reference)) == 1
    three[code].restart()
    three["MEKO"].stands(reference, "here")
    three["STRA"].stands(reference, "away")
    assert three.holders(reference) == ["MEKO"]


def test_what_the_registry_has_given_comes_here_though_it_was_silent_at_the_start(
    three: Platforms, arbiter: Registry
) -> None:
    """The receiver dies between registry and store, and the sender hears of the acceptance from the registry and sends
    no more. When the receiver is back the registry is away: it is asked again, until the title is here."""
    reference = three.issue()
    three["MEKO"].restart(steps.RECEIVE_REGISTERED)
    transfer = begun(three["STRA"], reference)
    three["MEKO"].wait_held(steps.RECEIVE_REGISTERED)
    three["MEKO"].kill()
    assert three["STRA"].settled(transfer)["state"] == "accepted"
    arbiter.silent = True
    three["MEKO"].start()
    time.sleep(1)
    assert three["MEKO"].title(reference) == {}
    arbiter.silent = False
    three["MEKO"].stands(reference, "here")
    assert three.holders(reference) == ["MEKO"]


def test_killed_between_registry_and_store_at_issuance(three: Platforms, arbiter: Registry) -> None:
    """The registry has the title, and the platform does not know that: it is issued when it comes back."""
    three["STRA"].restart(steps.ISSUE_REGISTERED)
    reference = "SIML2799001"
    request = issuance_request(document("blank", transportDocumentReference=reference), EXPORTER)
    asked = three["STRA"].as_peer(CARRIER_CODE, "PUT", "/ebl/v3/ebl-issuance-requests", request)
    assert asked.status_code == 204, asked.text
    three["STRA"].wait_held(steps.ISSUE_REGISTERED)
    (row,) = three["STRA"].rows("select id from ebl_titles where reference = ?", reference)
    assert (three.holders(reference), arbiter.control(row["id"])) == (["STRA sending"], "STRA")
    assert reference not in {each["transportDocumentReference"] for each in three.carrier.issued}
    three["STRA"].kill()
    three["STRA"].restart()
    assert three.carrier.response_to(reference)["issuanceResponseCode"] == "ISSU"
    assert three.holders(reference) == ["STRA"]
