"""What a user writes. `test_plugin.py` copies it into a folder of its own and runs it there with `pytest -n 2`.

Tests whose names begin with `test_wrong` fail, each for one reason.
"""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from simulator.testing.server import Server
from simulator.testing.webhooks import Catcher
from simulator.testing.world import World
from tradebridge import Refused

PLACE = Path(os.environ["SEEN"])


@pytest.fixture(autouse=True)
def seen(request: pytest.FixtureRequest, tradebridge_server: Server) -> None:
    """Which server each worker has."""
    (PLACE / f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}.json").write_text(json.dumps(tradebridge_server.told))


def test_a_script_a_clock_and_a_decision(tb: World) -> None:
    tb.window("th").next("rejected", reason="hs-mismatch", after="PT2S")
    sent = tb.send(tb.example("form-d"))
    tb.wait_for("received", member="th", document=sent)
    assert tb.count(kind="decision") == 0
    tb.clock.advance("PT2S")
    said = tb.wait_for("decision", document=sent)
    assert (said.event, said.reasons) == ("rejected", ("simulation.hs-mismatch",))
    assert tb.client("sg").summary(sent.id)["recipients"]["TH-NSW"]["state"] == "rejected"


def test_a_fault_and_what_came_through(tb: World) -> None:
    with tb.fault("lost-acknowledgement", on="th") as fault:
        sent = tb.send(tb.build("form-d").lines(30).xml())
        tb.assert_exchange(sent).reached("accepted").once().in_order()
        assert fault.struck == 1
    received = tb.wait_for("received", document=sent)
    assert received.faults == (f"{fault.id}:lost-acknowledgement",)
    assert received.document == sent.draft
    assert tb.audit()["lost"] == 0


@pytest.mark.tradebridge(clock="2026-03-01T00:00:00Z", strict=True)
def test_a_strict_world_in_which_all_was_expected(tb: World) -> None:
    assert tb.clock.now.month == 3
    with pytest.raises(Refused):
        tb.send(tb.example().invalid("certificate.replaces-itself"))
    tb.assert_exchange(tb.send(tb.example().to("vn"))).reached("accepted")


def test_an_application_takes_part_as_a_member_of_its_own(tb: World) -> None:
    app = tb.join("MY-APP", country="SG", accepts=("atiga-form-d/2022",))
    sent = tb.send(tb.example(sender="th", to="sg").to("MY-APP"))
    (delivery,) = app.client.inbox(wait=5)
    assert delivery.original == sent.draft.data if sent.draft else False


def test_officers_refusals_and_a_past_that_is_emptied(tb: World) -> None:
    officers = tb.window("th")
    officers.officers("manual")
    sent = tb.send(tb.example("form-d"))
    tb.wait_for("acknowledged", member="th", document=sent)
    officers.decide(sent, "queried", reason="please-describe")
    tb.assert_exchange(sent).reached("queried")
    assert "queried" in json.dumps(tb.timeline(sent))
    assert [each.event for each in officers.journal(kind="event sent")] == ["queried"]

    wrong = tb.example().remove("/exporter")
    with pytest.raises(Refused):
        tb.send(wrong)
    assert [each["number"] for each in tb.refusals()] == [wrong.own_number]
    assert tb.near_misses(wrong)[0]["profile"] == "atiga-form-d/2022"

    assert tb.fill(2)["accepted"] == 2
    tb.reset()
    assert (tb.count(), tb.refusals(), tb.clock.now.isoformat()) == (0, [], "2026-01-05T09:00:00+00:00")
    tb.clock.run()
    assert tb.clock.now.year > 2025

    with pytest.raises(AssertionError, match=r"simulation.unknown-fault: /fault .*found 'gremlins'"):
        tb.fault("gremlins")
    with pytest.raises(AssertionError, match="no member XX-NSW"):
        tb.client("xx")
    with pytest.raises(AssertionError, match=r"not rejected, after 0\.05 s"):
        tb.assert_exchange(tb.send(tb.example())).reached("rejected", timeout=0.05)
    tb.join("MY-INBOX", country="TH", accepts=("atiga-form-d/2022",))
    waits = tb.send(tb.example().to("MY-INBOX"))
    with pytest.raises(AssertionError, match="by nobody"):
        tb.assert_exchange(waits).once()


def test_two_worlds_know_nothing_of_each_other(tradebridge: Callable[..., World]) -> None:
    one, other = tradebridge(), tradebridge()
    sent = one.send(one.example())
    one.assert_exchange(sent).reached("accepted")
    assert one.count() > 2 and other.count() == 0
    assert one.env["TRADEBRIDGE_URL"] != other.env["TRADEBRIDGE_URL"]


def test_webhooks_are_caught_verified_and_told_again(tb: World, tb_webhooks: Catcher) -> None:
    tb_webhooks.join("sg", "document.*", "event.accepted")
    tb_webhooks.join("th", "document.accepted")
    tb_webhooks.answering(500)
    sent = tb.send(tb.example("form-d"))
    first = tb_webhooks.wait_for("document.accepted", document=sent, member="sg")
    assert first.type == "document.accepted" and first.document_id == sent.id
    assert tb_webhooks.wait_for("event.*", document=sent).data["state"] == "accepted"
    with pytest.raises(AssertionError, match=r"no delivery\.dead in 0\.05 s; there came: .*document.accepted"):
        tb_webhooks.wait_for("delivery.dead", timeout=0.05)
    tb.clock.advance("PT1M")  # by when it is told again is of the hub's clock
    for _ in range(2):
        tb_webhooks.wait_for("document.accepted", document=sent)
    assert len(set(tb_webhooks.ids)) == len(tb_webhooks.ids) - 1, "what was answered with 500 is told again"
    forged = httpx.post(f"{tb_webhooks.url}/SG-NSW", content=first.body, headers={"webhook-id": first.id})
    assert forged.status_code == 204
    with pytest.raises(AssertionError, match="not signed with its secret"):
        assert tb_webhooks.calls


def test_a_session_is_recorded_and_replayed(tb: World, tmp_path: Path) -> None:
    with tb.record(tmp_path / "session.json"):
        assert tb.env["TRADEBRIDGE_URL"].endswith("/recorded")
        sent = tb.send(tb.example("form-d"))
        tb.assert_exchange(sent).reached("accepted")
        tb.wait_for("acknowledged", member="sg")
        tb.wait_for("event sent", member="th")
        with pytest.raises(Refused):
            tb.send(tb.example().invalid("certificate.replaces-itself"))
    assert not tb.hub_url.endswith("/recorded")
    assert tb.replay(tmp_path / "session.json") == []
    changed = (tmp_path / "session.json").read_text().replace("certificate.replaces-itself", "certificate.other")
    (tmp_path / "changed.json").write_text(changed)
    assert any("certificate.other" in each for each in tb.replay(tmp_path / "changed.json"))


@pytest.mark.anyio
async def test_in_an_event_loop_that_goes_on(tb: World) -> None:
    waiting = asyncio.create_task(tb.aio.wait_for("decision", member="th"))
    async with tb.aio.client("sg") as hub:
        accepted = await hub.submit(tb.example("form-d").data, ["TH-NSW"])
    assert (await waiting).document_id == accepted.id
    await tb.aio.reached(accepted.id, "accepted")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_wrong_document(tb: World) -> None:
    sent = tb.send(tb.example("form-d"))
    assert tb.wait_for("received", document=sent).document == tb.example("form-d").hs("870829").number(sent.number)


def test_wrong_patience(tb: World) -> None:
    with pytest.raises(Refused):
        tb.send(tb.example().remove("/exporter"))
    tb.wait_for("decision", member="th", timeout=0.1)


@pytest.mark.tradebridge(strict=True)
def test_wrong_for_strict(tb: World) -> None:
    """An application does what its test does not expect."""
    app = tb.client("sg")
    tb.window("vn").next("rejected")
    tb.fault("latency", on="vn")
    app.submit(tb.example("form-d").number("SG-D-2026-UNEXPECTED").data, ["TH-NSW"])
    with pytest.raises(Refused):
        app.submit(tb.example().number("SG-D-2026-NEARLY").remove("/exporter").data, ["TH-NSW"])
    while not tb.entries(kind="received"):
        pass
