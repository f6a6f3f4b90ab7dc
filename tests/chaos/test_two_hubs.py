"""Two hubs over one PostgreSQL: one may be killed or stand still, and it is as if nothing had happened."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from exchange.store.database import STANDSTILL_SECONDS
from tests.chaos.judging import judge
from tests.chaos.trade import Trade, hub_process, trade, wait_until
from tests.exchange.running import HubProcess

FROZEN_SECONDS = STANDSTILL_SECONDS + 1.5
"""Longer than the leases of the sequencer (3 s) and of deliveries (1 s here), and than the database waits for a process
that stands still."""
TRIES = 100
"""To catch a hub in the middle of a transaction."""


@pytest.fixture
def hubs(tmp_path: Path, postgresql_url: str) -> Iterator[list[HubProcess]]:
    """Two processes with the same keys: the first makes them."""
    both = [hub_process(tmp_path, postgresql_url).start() for _ in range(2)]
    yield both
    for hub in both:
        hub.stop()


@pytest.mark.long("two_hubs")
@pytest.mark.timeout(1800)
def test_of_two_hubs_one_is_killed_and_nothing_is_lost_or_doubled(
    tmp_path: Path, hubs: list[HubProcess], scale: Callable[[int, int], int]
) -> None:
    kills = scale(30, 1)
    dice = random.Random()
    with trade(tmp_path / "journals", [hub.url for hub in hubs], lanes=1) as everybody:
        for at in range(kills):
            everybody.wait_for_traffic(10)
            time.sleep(dice.uniform(0, 0.3))
            wait_until(lambda: everybody.traffic.in_flight > 1, 30, "no traffic: nothing was in flight")
            victim = hubs[at % 2]
            victim.kill()
            _goes_on(everybody)
            victim.start()
        everybody.end()
        verdict = judge(everybody)
    print(f"\n{kills} kills of one of two hubs: {verdict}")
    assert verdict.documents >= 15 * kills
    assert verdict.interrupted >= kills


@pytest.mark.long("two_hubs")
@pytest.mark.timeout(1800)
def test_a_hub_that_stood_still_wakes_with_stale_leases_and_does_no_harm(
    tmp_path: Path, hubs: list[HubProcess], postgresql_url: str, scale: Callable[[int, int], int]
) -> None:
    """Every second time in the middle of a transaction, with its locks: the other hub must get past these."""
    times = scale(12, 1)
    dice = random.Random()
    with trade(tmp_path / "journals", [hub.url for hub in hubs], lanes=1) as everybody:
        for at in range(times):
            everybody.wait_for_traffic(10)
            time.sleep(dice.uniform(0, 0.3))
            process = hubs[at // 2 % 2].process
            assert process is not None
            try:
                if at % 2:
                    os.kill(process.pid, signal.SIGSTOP)
                else:
                    _stop_in_a_transaction(process.pid, postgresql_url, dice)
                began = time.monotonic()
                _goes_on(everybody)
                time.sleep(max(0.0, FROZEN_SECONDS - (time.monotonic() - began)))
            finally:
                os.kill(process.pid, signal.SIGCONT)
        everybody.wait_for_traffic(10)
        everybody.end()
        verdict = judge(everybody)
    print(f"\none of two hubs stood still {times} times: {verdict}")
    assert verdict.documents >= 20 * times


def _stop_in_a_transaction(pid: int, database_url: str, dice: random.Random) -> None:
    """Stop it again and again, until the database says that the transaction which now stands still has written."""
    engine = create_engine(database_url, poolclass=NullPool)
    standing = text(
        "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
        " and backend_xid is not null and clock_timestamp() - state_change > interval '0.2 s'"
    )
    for _ in range(TRIES):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.25)
        with engine.connect() as connection:
            if connection.execute(standing).scalar_one():
                return
        os.kill(pid, signal.SIGCONT)
        time.sleep(dice.uniform(0.02, 0.1))
    raise AssertionError("it was never caught in the middle of a transaction")


def _goes_on(everybody: Trade) -> None:
    """With one hub alone: documents are taken in, and the log takes in their leaves."""
    before = everybody.watcher.newest
    everybody.wait_for_traffic(8, 25)
    wait_until(lambda: everybody.watcher.newest > before, 25, "nobody took the sequencer's place")
