"""`kill -9` of the hub at random moments under load: nothing that was acknowledged is lost, nothing happens twice."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.judging import judge
from tests.chaos.trade import Trade, hub_process, trade, wait_until

KILLS = {"sqlite": (150, 3), "postgresql": (50, 2)}
"""In full, and in the sample."""


@pytest.mark.long("kill")
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("store", KILLS)
def test_no_receipt_and_no_delivery_is_lost_when_the_hub_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest, scale: Callable[[int, int], int], store: str
) -> None:
    kills = scale(*KILLS[store])
    database_url = str(request.getfixturevalue(f"{store}_url"))
    hub = hub_process(tmp_path, database_url).start()
    dice = random.Random()
    struck = 0
    try:
        with trade(tmp_path / "journals", [hub.url]) as everybody:
            for _ in range(kills):
                struck += _kill_under_load(hub, everybody, dice)
                hub.start()
            everybody.wait_for_traffic(5)
            everybody.end()
            verdict = judge(everybody)
    finally:
        hub.stop()
    print(f"\n{kills} kills over {store}, {struck} requests in flight when they came: {verdict}")
    assert struck >= kills
    assert verdict.interrupted >= kills
    assert verdict.documents >= 5 * kills, "too little traffic to tell"


def _kill_under_load(hub: Any, everybody: Trade, dice: random.Random) -> int:
    """Kill it at a random moment in which requests are in flight; how many those were."""
    everybody.wait_for_traffic(dice.choice((0, 1, 10)))
    time.sleep(dice.uniform(0, 0.7))
    wait_until(lambda: everybody.traffic.in_flight > 0, 30, "no traffic: nothing was in flight")
    in_flight = everybody.traffic.in_flight
    hub.kill()
    return in_flight
