"""The console of a simulation shows what is on in its world, and switches it."""

import httpx

from tests.simulator.conftest import Space, until


def page(space: Space, path: str) -> str:
    answer = httpx.get(f"{space.launched.hub_url}{space.prefix}/console{path}", timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.text


def post(space: Space, path: str, **fields: str) -> httpx.Response:
    return httpx.post(f"{space.launched.hub_url}{space.prefix}/console{path}", data=fields, timeout=30)


def test_a_fault_is_turned_on_seen_on_what_it_struck_and_turned_off(space: Space) -> None:
    assert post(space, "/faults/on", fault="lost-acknowledgement", on="TH-NSW", times="1").status_code == 303
    assert "1 fault on" in page(space, "") and "flt_1:lost-acknowledgement" in page(space, "/faults")
    document = space.send("SG-2026-K-FAULT")
    until(lambda: space.state_of(document) == "accepted")
    until(lambda: ", attempt 2</text>" in page(space, f"/d/{document}"))
    assert "fault flt_1:lost-acknowledgement" in page(space, f"/d/{document}")
    post(space, "/faults/on", fault="latency", on="VN-NSW", times="5")
    assert post(space, "/faults/clear").status_code == 303
    assert "Everybody does what they should" in page(space, "/faults")


def test_a_script_says_what_the_next_decision_is(space: Space) -> None:
    assert post(space, "/faults/script", to="TH-NSW", decision="rejected").status_code == 303
    assert "rejected" in page(space, "/faults")
    document = space.send("SG-2026-K-SCRIPT")
    until(lambda: space.state_of(document) == "rejected")
    assert post(space, "/faults/scripts-clear").status_code == 303


def test_the_clock_is_moved_and_the_frame_says_so(space: Space) -> None:
    assert post(space, "/faults/clock", by="P1D").status_code == 303
    assert "2026-01-06 09:00 UTC, frozen" in page(space, "")


def test_what_the_world_does_not_take_is_told_with_what_it_expected(space: Space) -> None:
    refused = post(space, "/faults/on", fault="gremlins", on="*", times="1")
    assert refused.status_code == 422
    assert "console.world-refused" in refused.text and "latency, timeout" in refused.text
    assert post(space, "/faults/clock", by="P9Y").status_code == 404


def test_the_world_trades_at_one_click(space: Space) -> None:
    assert post(space, "/try/trade").status_code == 303
    until(lambda: page(space, "").count('<span class="state ok">submitted</span>') >= 10)
