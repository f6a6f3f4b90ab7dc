"""Each fault shows what its recipe says, labels what it strikes, and loses nothing: all of them in one space."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.broken_calls import _refused_handshake
from simulator.faults import HEADER, RECIPES, Layer, Point
from simulator.partner import STALE_AFTER
from tests.simulator.conftest import AT, Space, until
from tradebridge.evidence.simulation import test_signer as signer_of
from tradebridge.evidence.status import MAX_AGE, status_of, with_status
from tradebridge.evidence.trust import HUB_PURPOSES, TrustedKey, TrustedLog, TrustList, hub_of

TRIED_AGAIN = {
    "timeout": "no answer within",
    "reset": "ReadError",
    "refused-connection": "ReadError",
    "half-response": "RemoteProtocolError",
    "wrong-length": "RemoteProtocolError",
    "garbage": "RemoteProtocolError",
    "tls-refused": "RemoteProtocolError",
    "too-many-requests": "HTTP 429",
    "unavailable": "HTTP 503",
    "lost-acknowledgement": "no acknowledgement",
    "wrong-recipient": "receipt.wrong-speaker",
    "flipped-byte": "signature.",
    "unknown-key": "signature.unknown-key",
    "clock-skew": "signature.time-ahead",
    "stale-status": "no acknowledgement",
}
"""Recipes after which a delivery is tried again, with what its error begins with."""
FIRST_ATTEMPT = ("latency", "slow-drip", "late", "out-of-order", "many-items-slow")
OPTIONS = {
    "latency": {"delay": 0.2, "jitter": 0.1},
    "slow-drip": {"delay": 0.001},
    "late": {"delay": 0.2},
    "many-items-slow": {"items": 2, "per_item": 0.05},
}
NO_ANSWER_TO_READ = {"timeout", "reset", "refused-connection", "garbage", "tls-refused"}
"""Where nothing of an answer arrives, so that no header can name the fault."""
WRONG_DOCUMENTS = {
    "document-flipped-byte": "",
    "document-unknown-issuer": "signature.unknown-key",
    "document-expired-issuer": "signature.expired-certificate",
    "old-schema": "profile.unknown",
}
BY_SENDERS = (
    *WRONG_DOCUMENTS, "duplicate-document", "call-refused", "call-dns", "call-tls", "call-lost-answer", "call-latency",
)  # fmt: skip
APART = ("maintenance", "partial-batch", "duplicate-event", "out-of-order-event", "contradictory-decision")


@pytest.fixture(scope="module")
def shared(launched: Any, http: Any) -> Iterator[Space]:
    default = Space("", launched, http)
    default.post("/spaces", 201, name="recipes")
    made = Space("recipes", launched, http)
    yield made
    made.close()
    default.close()
    default.call("DELETE", "/spaces/recipes", 204)


@pytest.fixture(autouse=True)
def quiet(shared: Space) -> Iterator[None]:
    """No fault is left for the next test."""
    yield
    shared.call("DELETE", "/faults", 204)


def turn_on(space: Space, name: str, on: str = "TH", **given: Any) -> Any:
    return space.post("/faults", 201, fault=name, on=on, options=OPTIONS.get(name, {}), **given)


def one(space: Space, name: str) -> Any:
    (found,) = (each for each in space.get("/faults")["items"] if each["fault"] == name)
    return found


def delivered(space: Space, document: str, recipient: str = "TH-NSW") -> Any:
    """The delivery of a document, once it is delivered."""

    def found() -> Any:
        items = space.hub("OPERATOR").deliveries(limit=200).items
        first = [each for each in items if (each["documentId"], each["recipient"]) == (document, recipient)]
        return first[-1] if first and first[-1]["state"] == "delivered" else None

    return until(found)


def errors_of(space: Space, document: str) -> list[str]:
    """What the hub's feed tells of attempts that failed, up to the one that did not."""
    told = []
    for event in space.hub("OPERATOR").feed("-1"):
        if event.data.get("document") == document and event.data.get("recipient") == "TH-NSW":
            if event.type == "delivery.retrying":
                told.append(event.data["error"])
            elif event.type == "delivery.delivered":
                break
    return told


@pytest.mark.parametrize("name", TRIED_AGAIN)
def test_a_delivery_is_tried_again_taken_once_and_labelled(shared: Space, name: str) -> None:
    turn_on(shared, name)
    document = shared.send(f"SG-2026-F-{name}"[:30])
    assert delivered(shared, document)["attempts"] == 2
    (error,) = errors_of(shared, document)
    assert error.startswith(TRIED_AGAIN[name])
    fault = one(shared, name)
    assert ("simulated fault " + fault["id"] in error) is (name not in NO_ANSWER_TO_READ)
    (received,) = shared.journal(member="TH", kind="received", document=document)
    label = f"{fault['id']}:{name}"
    (struck,) = (each for each in shared.journal(kind="fault") if each["faults"] == [label])
    assert struck["message_id"] == received["message_id"] == fault["hits"][0]["messages"][0]
    assert received["faults"] == [label]
    assert (fault["active"], fault["struck"]) == (False, 1)
    assert len(shared.journal(member="TH", kind="acknowledged", message=received["message_id"])) == 1


@pytest.mark.parametrize("name", FIRST_ATTEMPT)
def test_a_delivery_is_late_or_odd_and_counts_at_its_first_attempt(shared: Space, name: str) -> None:
    turn_on(shared, name)
    document = shared.send(f"SG-2026-F-{name}", variant=1)
    attempts, errors = delivered(shared, document)["attempts"], errors_of(shared, document)
    if name == "slow-drip" and attempts > 1:  # on a machine that has no time; its recipe says so
        assert errors[0].startswith("no answer within")
    else:
        assert attempts == 1, errors
    assert one(shared, name)["struck"] == 1


@pytest.mark.parametrize("name", BY_SENDERS)
def test_what_a_sender_does_wrong_is_refused_or_answered_as_before_and_then_it_goes_well(
    shared: Space, name: str
) -> None:
    turn_on(shared, name, on="*")
    before = len(shared.journal(kind="received"))
    summary = played(shared, 1)
    assert (summary["accepted"], summary["delivered"], summary["dead"], summary["lost"]) == (1, 1, 0, 0)
    assert len(shared.journal(kind="received")) == before + 1
    fault = one(shared, name)
    assert fault["struck"] == 1
    (struck,) = (each for each in shared.journal(kind="fault") if each["faults"] == [f"{fault['id']}:{name}"])
    refused = [each for each in shared.journal(kind="refused") if each.get("faults") == struck["faults"]]
    assert [each["codes"][0].startswith(WRONG_DOCUMENTS[name]) for each in refused] == [True] * (
        name in WRONG_DOCUMENTS
    )


def played(space: Space, count: int) -> Any:
    """New documents out of the seed: the clock is moved on, so that a run is a new one."""
    space.post("/clock:advance", by="PT1S")
    return space.post("/seed", count=count)


def test_a_maintenance_window_closes_one_member_and_holds_up_nobody_else(shared: Space) -> None:
    turn_on(shared, "maintenance", times=10_000, seconds=30)
    closed, open_ = shared.send("SG-2026-F-CLOSED"), shared.send("SG-2026-F-OPEN", "VN")
    assert delivered(shared, open_, "VN-NSW")["attempts"] == 1
    until(lambda: one(shared, "maintenance")["struck"] >= 2)
    assert shared.state_of(closed) == "issued"
    shared.call("DELETE", "/faults", 204)
    assert delivered(shared, closed)["attempts"] >= 3


def test_of_a_batch_every_second_is_acknowledged_and_the_rest_comes_again(shared: Space) -> None:
    turn_on(shared, "unavailable", times=1)
    turn_on(shared, "partial-batch", times=1)
    documents = [shared.send(f"SG-2026-F-BATCH{n}") for n in range(5)]
    for document in documents:
        delivered(shared, document)
        assert len(shared.journal(member="TH", kind="received", document=document)) == 1
    assert one(shared, "partial-batch")["struck"] == 1


@pytest.mark.parametrize("name", ["duplicate-event", "out-of-order-event", "contradictory-decision"])
def test_what_is_said_wrongly_is_refused_and_said_once(shared: Space, name: str) -> None:
    turn_on(shared, name)
    document = shared.send(f"SG-2026-F-{name}"[:30])
    until(lambda: one(shared, name)["struck"])
    until(lambda: shared.state_of(document) == "accepted")
    until(lambda: shared.journal(member="TH", kind="fault", document=document))
    said = until(lambda: shared.journal(member="SG", kind="event received", document=document))
    assert [each["event"]["type"] for each in said] == ["accepted"]
    refused = shared.journal(member="TH", kind="refused", document=document)
    codes = {"out-of-order-event": "event.old-sequence", "contradictory-decision": "event.not-now"}
    assert [each["codes"] for each in refused] == [[codes.get(name)]] * (name in codes)


def test_officers_that_take_long_decide_when_the_clock_has_gone_so_far(shared: Space) -> None:
    shared.post("/faults", 201, fault="late-decision", on="TH", options={"hours": 48})
    document = shared.send("SG-2026-F-SLOW")
    delivered(shared, document)
    until(lambda: one(shared, "late-decision")["struck"])
    shared.post("/clock:advance", by="PT47H")
    assert shared.state_of(document) == "issued"
    shared.post("/clock:advance", by="PT1H")
    until(lambda: shared.state_of(document) == "accepted")


def test_nothing_is_lost_after_all_that(shared: Space) -> None:
    """Of those tests of this file that have run before."""
    assert shared.get("/audit") | {"receipts": 0, "deliveries": 0} == {
        "receipts": 0, "deliveries": 0, "lost": 0, "problems": [],
    }  # fmt: skip


def test_every_recipe_is_run_here() -> None:
    run = {*TRIED_AGAIN, *FIRST_ATTEMPT, *BY_SENDERS, *APART, "late-decision"}
    assert run == set(RECIPES)


def test_recipes_stand_where_they_strike() -> None:
    assert HEADER == "Tradebridge-Fault"
    for each in RECIPES.values():
        assert (each.layer is Layer.TRANSPORT) is (each.point in (Point.ANSWER, Point.CALL))
        assert all(option.least <= option.default <= option.most for option in each.options.values())


def test_a_certificate_of_nobody_fails_a_real_handshake_and_a_stale_status_is_one() -> None:
    """What the two faults do is what TLS and the trust list do, not a word for it."""
    assert "CERTIFICATE_VERIFY_FAILED" in _refused_handshake()
    signer = signer_of("42", "HUB")
    key = TrustedKey.of("HUB", signer.certificate, HUB_PURPOSES)
    trust = TrustList(
        space="", simulated=True, hub=hub_of([key], "HUB"), log=TrustedLog("log", "key", (), 0), members=()
    )
    token = status_of(trust, AT, MAX_AGE).sign(signer)
    fresh, stale = (with_status(trust, token, AT + after) for after in (MAX_AGE, STALE_AFTER))
    assert isinstance(fresh, TrustList) and isinstance(stale, TrustList)
    assert fresh.stale is None
    assert stale.stale is not None and stale.stale.code == "trust.stale-status"
