"""Traffic: out of the seed to the byte, of many sizes, and wrong only where it is meant; the hub says the same."""

import asyncio
import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.content import Content, open_content
from simulator import traffic
from simulator.driving import AT_ONCE, Load, Outcome, drive, make
from simulator.members import description, keys_of, members
from simulator.traffic import LAG, MISTAKES, MOST_ITEMS, Traffic, parcel
from tests.exchange.cast import NOW, SEED
from tests.exchange.running import hub_in_thread
from tradebridge.client import AsyncHub
from tradebridge.evidence.simulation import test_api_key

MORNING = Traffic(SEED, "morning", datetime(2026, 1, 5, tzinfo=UTC))
COUNT = 300


@pytest.fixture(scope="module")
def load() -> Load:
    return make(MORNING, COUNT)


def digest(parcels: Any) -> str:
    return hashlib.sha256(b"".join(each.data for each in parcels)).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process(load: Load) -> None:
    script = (
        "import hashlib, datetime\n"
        "from simulator.traffic import Traffic, parcel\n"
        f"of = Traffic({SEED!r}, 'morning', datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC))\n"
        "print(hashlib.sha256(b''.join(parcel(of, n).data for n in range(60))).hexdigest())"
    )
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(load.parcels[:60])


def test_another_seed_is_other_traffic_under_other_numbers(load: Load) -> None:
    other = make(replace(MORNING, seed="evening"), 60).parcels
    assert not {each.number for each in other} & {each.number for each in load.parcels}
    assert [each.items for each in other] != [each.items for each in load.parcels[:60]]


def test_a_number_is_given_once_and_ends_in_no_magic(load: Load) -> None:
    from simulator.magic import ENDING

    numbers = [each.number for each in load.parcels if each.mistake is None]
    assert len(set(numbers)) == len(numbers)
    assert not [each for each in numbers if ENDING.search(each)]


def test_sizes_have_a_long_tail_and_an_end() -> None:
    sizes = sorted(traffic._drawn(MORNING, place).items for place in range(8_000))
    assert sizes[0] == 1 and sizes[len(sizes) // 2] <= 2
    assert 5 <= sizes[len(sizes) * 9 // 10] <= 12 and 30 <= sizes[len(sizes) * 99 // 100] <= 120
    assert 500 < sizes[-1] <= MOST_ITEMS


def test_so_many_in_a_thousand_are_wrong_in_each_way() -> None:
    drawn = [traffic._drawn(MORNING, place).mistake for place in range(LAG, 8_000)]
    for each in MISTAKES:
        found = 1000 * drawn.count(each) / len(drawn)
        assert each.per_thousand * 0.4 < found < each.per_thousand * 1.8, each.name


def test_goods_follow_the_season() -> None:
    def mangoes(month: int) -> int:
        of = replace(MORNING, at=datetime(2026, month, 5, tzinfo=UTC))
        return sum(b"080450" in parcel(of, place).data for place in range(80))

    assert mangoes(5) > 2 * mangoes(10)


# --- at a hub --------------------------------------------------------------------------------------------------------


def chosen(load: Load) -> Load:
    """Some good documents, each kind of wrong one, and the first of the one that is sent again."""
    wrong = {}
    for place in range(LAG + 1, 4000):
        mistake = traffic._drawn(MORNING, place).mistake
        if mistake is not None and mistake.name not in wrong:
            wrong[mistake.name] = parcel(MORNING, place)
    assert wrong.keys() == {each.name for each in MISTAKES}
    first = replace(wrong["sent-again"], mistake=None)
    good = [each for each in load.parcels if not each.mistake and each.items < 60 and each.number != first.number][:25]
    return Load([first, *good, *wrong.values()], load.cpu_seconds)


def test_a_hub_takes_the_good_ones_and_refuses_each_wrong_one_for_what_is_wrong(tmp_path: Path, load: Load) -> None:
    sending = chosen(load)
    with hub_in_thread(tmp_path) as cast:
        for each in members():
            joining = {**description(each, keys_of(SEED, each.id), ""), "delivery": {"mode": "pull"}}
            cast.operator.add_member({**joining, "apiKey": test_api_key(SEED, each.id)})
        outcome = driven(cast.url, sending, 200.0)
    told = outcome.to_json(sending, 200.0)
    assert outcome.unexpected == [] and told["failed"] == {}
    assert told["sent"] == len(sending.parcels) == told["planned"]
    assert told["accepted"] == len(sending.parcels) - len(MISTAKES)
    assert set(told["refused"]) == {code for each in MISTAKES for code in each.codes}
    assert 0 < told["latency"]["p50"] <= told["latency"]["p95"] <= told["latency"]["p100"]
    assert told["cost"]["cpu"] > 0 and told["cost"]["bytes"] > 1000


def driven(url: str, load: Load, rate: float, transport: httpx.AsyncBaseTransport | None = None) -> Outcome:
    outcome = Outcome()

    async def run() -> None:
        hubs = {
            each: AsyncHub(url, test_api_key(SEED, each), transport=transport)
            for each in {parcel.sender for parcel in load.parcels}
        }
        await drive(load, rate, hubs, outcome)
        for hub in hubs.values():
            await hub.close()

    asyncio.run(run())
    return outcome


def test_what_the_hub_should_not_have_said_is_unexpected(load: Load) -> None:
    """A hub that refuses everything for a reason of its own, does not answer, or takes what is wrong."""
    problem = {"status": 422, "code": "document.eaten", "title": "", "errors": []}
    headers = {"content-type": "application/problem+json"}
    refuses = httpx.MockTransport(lambda request: httpx.Response(422, json=problem, headers=headers))
    outcome = driven("http://hub.invalid", Load(load.parcels[:20], 0.0), 1000.0, refuses)
    assert outcome.refused == {"document.eaten": 20} and len(outcome.unexpected) == 20

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone", request=request)

    outcome = driven("http://hub.invalid", Load(load.parcels[:20], 0.0), 1000.0, httpx.MockTransport(away))
    assert outcome.failed == {"Unreachable": 20} and len(outcome.unexpected) == 20


def test_no_more_than_so_many_wait_at_once_and_what_is_late_is_counted(load: Load) -> None:
    waiting, most = 0, 0

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal waiting, most
        waiting, most = waiting + 1, max(most, waiting + 1)
        await asyncio.sleep(0.15)
        waiting -= 1
        return httpx.Response(503, text="busy")

    outcome = driven("http://hub.invalid", Load(load.parcels[:150], 0.0), 5000.0, httpx.MockTransport(slow))
    assert most == AT_ONCE and outcome.sent == 150 and outcome.late > 0


def test_a_certificate_of_many_items_can_be_read(load: Load) -> None:
    largest = max(load.parcels, key=lambda each: each.items)
    assert largest.items > 50 and isinstance(open_content(largest.data), Content)
    assert MORNING.at <= NOW
