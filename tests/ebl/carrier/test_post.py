"""What the carrier sends arrives: in order, again and again, or is put aside for a person."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from tests.ebl.carrier.running import (
    MANUAL,
    Carrier,
    Platform,
    carrier,
    consumer_at,
    digest,
    eventually,
    instructions,
    platform,
)
from tests.serving import served


@pytest.fixture
def straits() -> Iterator[Platform]:
    with platform() as one:
        yield one


def requested(running: Carrier) -> tuple[str, str]:
    """A case whose issuance has been asked for."""
    reference = running.submit(instructions())
    running.stands(reference, instructions="RECEIVED")
    running.took(reference, "publish-draft")
    return reference, running.took(reference, "request-issuance")["transportDocumentReference"]


def outbox(running: Carrier, state: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = running.officer("GET", f"/outbox?state={state}").json()["items"]
    return items


@pytest.mark.parametrize("trouble", [[503, 500], [429], [401, 404]])
def test_an_issuance_request_is_made_until_it_is_taken(tmp_path: Path, straits: Platform, trouble: list[int]) -> None:
    straits.says = [*trouble]
    with carrier(tmp_path, platforms=[straits.settings()], officers=MANUAL) as running:
        requested(running)
        eventually(lambda: outbox(running, "done"))
        assert len(straits.requests) == len(trouble) + 1
        assert all(each == straits.requests[0] for each in straits.requests)


def test_409_after_an_attempt_without_answer_means_that_the_platform_has_it(tmp_path: Path, straits: Platform) -> None:
    straits.says = [503, 409]
    with carrier(tmp_path, platforms=[straits.settings()], officers=MANUAL) as running:
        reference, document = requested(running)
        eventually(lambda: outbox(running, "done"))
        assert running.case(reference)["carriage"]["issuance"] == "REQUESTED"
        assert straits.respond(running, document).status_code == 204
        running.stands(reference, document="ISSUED")


@pytest.mark.parametrize("status", [409, 400, 422])
def test_a_refusal_of_the_first_request_is_the_verdict(tmp_path: Path, straits: Platform, status: int) -> None:
    straits.says = [status]
    with carrier(tmp_path, platforms=[straits.settings()], officers=MANUAL) as running:
        reference, _ = requested(running)
        case = running.stands(reference, issuance="REFUSED", document="DRAFT")
        assert f"as the test says: {status}" in case["document"]["feedbacks"][0]["message"]
        assert len(straits.requests) == 1


def test_the_verdict_may_come_before_the_answer(tmp_path: Path, straits: Platform) -> None:
    straits.says = [503] * 1000
    with carrier(tmp_path, platforms=[straits.settings()], officers=MANUAL) as running:
        reference, document = requested(running)
        eventually(lambda: straits.requests)
        assert straits.respond(running, document).status_code == 204
        running.stands(reference, document="ISSUED")
        eventually(lambda: not outbox(running, "waiting"))


def test_an_answer_to_a_surrender_that_was_given_before_is_given(tmp_path: Path, straits: Platform) -> None:
    with carrier(tmp_path, platforms=[straits.settings()], officers=MANUAL) as running:
        reference, document = requested(running)
        eventually(lambda: straits.requests)
        straits.respond(running, document)
        straits.says = [409]
        straits.surrender(running, document)
        running.officer("POST", f"/surrenders/SRR-{document}-SREQ", {"action": "SREJ", "comments": "Freight is open"})
        running.stands(reference, document="ISSUED")
        eventually(lambda: not outbox(running, "waiting"))
        assert outbox(running, "dead") == []
        feedback = {
            "surrenderRequestReference": f"SRR-{document}-SREQ",
            "action": "SREJ",
            "comments": "Freight is open",
        }
        assert straits.answers == [feedback]
        again = running.officer("POST", f"/surrenders/SRR-{document}-SREQ", {"action": "SURR"})
        assert again.status_code == 409
        assert again.json()["findings"][0]["code"] == "surrender.answered-already"


def test_a_notification_that_is_refused_is_put_aside_and_holds_up_nothing(tmp_path: Path) -> None:
    app, heard = FastAPI(), []

    @app.post("/ebl/v3/{path}")
    async def take(path: str, request: Request) -> Response:
        heard.append((await request.json())["id"])
        return Response(status_code=400 if heard[-1].endswith(".1") and len(heard) == 1 else 204)

    with served(app) as url:
        subscriptions = [{"base": url, "reference": "SUB-1"}]
        shipper = {"id": "SHIPPER", "tokenIn": digest("shipper-token"), "subscriptions": subscriptions}
        with carrier(tmp_path, consumers=[shipper]) as running:
            reference = running.submit(instructions(variant=2))
            eventually(lambda: len(heard) == 2)
            [aside] = outbox(running, "dead")
            assert str(aside["answer"]).startswith("400")
            assert running.officer("POST", f"/outbox/{aside['id']}:retry").status_code == 200
            eventually(lambda: len(heard) == 3)
            eventually(lambda: not outbox(running, "dead") and not outbox(running, "waiting"))
            assert heard == [f"{reference}.1", f"{reference}.2", f"{reference}.1"]


def test_notifications_wait_for_a_consumer_that_is_away(tmp_path: Path) -> None:
    with consumer_at(tmp_path / "first") as told:
        url, subscription = told.url, told.subscription(full=True)
    shipper = {"id": "SHIPPER", "tokenIn": digest("shipper-token"), "subscriptions": [subscription]}
    with carrier(tmp_path / "carrier", consumers=[shipper]) as running:
        reference = running.submit(instructions(variant=2))
        running.stands(reference, document="DRAFT")
        waiting = eventually(lambda: outbox(running, "waiting"))
        eventually(lambda: outbox(running, "waiting")[0]["attempts"] != 0)
        assert len(waiting) == 2
        assert str(outbox(running, "waiting")[1]["attempts"]) == "0", "the second waits for the first"
        assert url.startswith("http://127.0.0.1")


def test_a_notification_is_given_up_after_so_many_attempts(tmp_path: Path) -> None:
    shipper = {
        "id": "SHIPPER",
        "tokenIn": digest("shipper-token"),
        "subscriptions": [{"base": "http://127.0.0.1:9", "reference": "SUB-1"}],
    }
    retry = {"first": 0.01, "most": 0.02, "attempts": 3, "timeout": 1.0}
    with carrier(tmp_path, consumers=[shipper], retry=retry) as running:
        running.submit(instructions(variant=2))
        eventually(lambda: len(outbox(running, "dead")) == 2)
        assert {each["attempts"] for each in outbox(running, "dead")} == {3}


def test_a_consumer_takes_a_notification_once(tmp_path: Path) -> None:
    body = {
        "specversion": "1.0",
        "id": "one",
        "source": "https://carrier.example/",
        "type": "org.dcsa.shipping-instructions.v3",
        "time": "2026-01-05T09:00:00Z",
        "datacontenttype": "application/json",
        "subscriptionReference": "SUB-1",
        "data": {"shippingInstructionsStatus": "RECEIVED", "shippingInstructionsReference": "SI-1"},
    }
    headers = {"Authorization": "Bearer to-shipper"}
    with consumer_at(tmp_path) as told:
        url = f"{told.url}/ebl/v3/shipping-instructions-notifications"
        for _ in range(2):
            assert httpx.post(url, json=body, headers=headers).status_code == 204
        assert told.received() == [body]
        wrong = body | {"data": {"shippingInstructionsStatus": "RECEIVED"}, "specversion": "2.0"}
        refused = httpx.post(url, json=wrong, headers=headers)
        assert refused.status_code == 400
        paths = {each["jsonPath"] for each in refused.json()["errors"]}
        assert paths == {"$.specversion", "$.data"}
        other = f"{told.url}/ebl/v3/transport-document-notifications"
        assert httpx.post(other, json=body, headers=headers).status_code == 400
        assert httpx.post(url, json=body).status_code == 401
