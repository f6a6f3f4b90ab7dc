"""`kill -9` of the carrier between any two effects, each time it comes there: nothing is lost, nothing done twice.

A bill goes its way, from instructions to delivery. The carrier stops at a place, is killed there and started again;
shipper, platform and consumer then do what such systems do: they ask again.
"""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ebl.carrier.running import (
    Carrier,
    Consumer,
    Platform,
    configuration,
    consumer_at,
    digest,
    eventually,
    instructions,
    platform,
)
from tradebridge.ebl.carrier import places

PASSES = {
    places.ACCEPTED: 2,
    places.PROCESSED: 2,
    places.DECIDED: 4,
    places.SURRENDER_STORED: 1,
    places.RESPONSE_STORED: 1,
    places.SENDING: 9,
    places.SENT: 9,
}
"""How often a bill that goes its whole way comes to each place; `test_every_place_is_known` counts again."""
SAMPLE = {f"{places.ACCEPTED}:2", f"{places.DECIDED}:3", f"{places.SENDING}:6", f"{places.SENT}:3"}
HOLDS = [
    pytest.param(hold, marks=pytest.mark.long("carrier", sample=hold in SAMPLE))
    for hold in (f"{place}:{number}" for place, passes in PASSES.items() for number in range(1, passes + 1))
]


def again_until(running: Carrier, method: str, path: str, body: object, token: str, wanted: set[int]) -> httpx.Response:
    """Ask, and ask again while nobody answers, or an earlier request is being processed."""

    def once() -> httpx.Response | None:
        try:
            answer = running.call(method, path, body, token)
        except httpx.TransportError:
            return None
        return answer if answer.status_code in wanted else None

    found: httpx.Response = eventually(once, f"{method} {path} {wanted}")
    return found


def way(running: Carrier, straits: Platform) -> None:
    """The way of one bill, as everybody outside walks it. Each asks until answered."""
    reference = first_reference(running)
    document = eventually(lambda: quietly(running, reference).get("transportDocumentReference"), "a draft")
    approval = {"transportDocumentStatus": "APPROVED"}
    eventually(lambda: track(running, reference, "document") == "DRAFT", "a draft")
    again_until(running, "PATCH", f"/transport-documents/{document}", approval, "shipper-token", {202, 409})
    eventually(lambda: straits.requests, "an issuance request")
    verdict = {"transportDocumentReference": document, "issuanceResponseCode": "ISSU"}
    again_until(running, "POST", "/ebl-issuance-responses", verdict, "from-STRA", {204})
    surrender = {
        "surrenderRequestReference": "SRR-1",
        "transportDocumentReference": document,
        "surrenderRequestCode": "SREQ",
    }
    again_until(running, "POST", "/ebl-surrender-requests", surrender, "from-STRA", {204})
    eventually(lambda: track(running, reference, "instructions") == "COMPLETED", "completed")
    eventually(lambda: straits.answers, "an answer to the surrender")
    eventually(lambda: not waiting(running), "everything is sent")


def first_reference(running: Carrier) -> str:
    """The case of the instructions that were submitted; a second one, if the answer to the first was lost, is left."""
    again_until(running, "POST", "/shipping-instructions", instructions(), "shipper-token", {202})
    found: str = eventually(lambda: quietly(running, "SI-SIML000001").get("shippingInstructionsReference"))
    return found


def quietly(running: Carrier, reference: str) -> dict[str, Any]:
    try:
        return running.case(reference)
    except httpx.TransportError:
        return {}


def track(running: Carrier, reference: str, name: str) -> object:
    return quietly(running, reference).get("carriage", {}).get(name)


def waiting(running: Carrier) -> list[object]:
    try:
        return list(running.officer("GET", "/outbox?state=waiting").json()["items"])
    except httpx.TransportError:
        return [None]


def config(straits: Platform, told: Consumer) -> dict[str, object]:
    shipper = {"id": "SHIPPER", "tokenIn": digest("shipper-token"), "subscriptions": [told.subscription()]}
    return configuration(platforms=[straits.settings()], consumers=[shipper], verifyChain=False)


def whole(running: Carrier, straits: Platform, told: Consumer) -> None:
    """What holds after the way, whatever happened on it."""
    steps = Counter(each["step"] for each in running.officer("GET", "/journal").json()["items"] if each["file"] == 1)
    assert set(steps.values()) == {1}, steps
    assert list(steps) == [
        *("submit-instructions", "publish-draft", "approve-draft", "request-issuance", "issue"),
        *("request-surrender-for-delivery", "accept-surrender-for-delivery", "complete"),
    ]
    requests = [each for each in straits.requests if each["document"]["transportDocumentReference"] == "SIML00000001"]
    assert requests
    assert all(each == requests[0] for each in requests)
    assert straits.answers
    assert all(each == {"surrenderRequestReference": "SRR-1", "action": "SURR"} for each in straits.answers)
    ids = [each["id"] for each in told.received() if each["data"]["shippingInstructionsReference"] == "SI-SIML000001"]
    assert ids == [f"SI-SIML000001.{number}" for number in range(1, 8)]
    assert running.officer("GET", "/outbox?state=dead").json()["items"] == []


@pytest.mark.parametrize("hold", HOLDS)
def test_a_killed_carrier_goes_on(tmp_path: Path, hold: str) -> None:
    with platform() as straits, consumer_at(tmp_path / "consumer") as told:
        running = Carrier(tmp_path / "carrier", config(straits, told)).start(hold)
        walking = threading.Thread(target=way, args=(running, straits), daemon=True)
        walking.start()
        try:
            running.wait_held(hold)
            running.kill()
            running.start()
            walking.join(60)
            assert not walking.is_alive()
            whole(running, straits, told)
        finally:
            running.kill()


def test_every_place_is_known(tmp_path: Path) -> None:
    """The table above misses no pass: a bill that is held nowhere goes its way, and so does one held once more."""
    with platform() as straits, consumer_at(tmp_path / "consumer") as told:
        beyond = ",".join(f"{place}:{passes + 1}" for place, passes in PASSES.items())
        assert set(PASSES) == set(places.PLACES)
        running = Carrier(tmp_path / "carrier", config(straits, told)).start(beyond)
        try:
            way(running, straits)
            whole(running, straits, told)
            assert not (tmp_path / "carrier" / "held").exists()
        finally:
            running.kill()
