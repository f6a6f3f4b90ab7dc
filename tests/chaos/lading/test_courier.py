"""The courier: whom it serves while others do not answer, and what becomes of what cannot be driven."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from schemas.bill_of_lading import pint
from tests.chaos.lading.network import Fate, Network, party
from tradebridge.ebl import sending, tables

SECONDS = 20


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    one = Network(tmp_path)
    yield one
    one.close()


def test_a_peer_that_never_answers_holds_up_nothing_that_goes_to_another(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MEKO takes connections and is silent, for longer than this test lasts; all that goes there was due before, and is
    more than one look sees."""
    monkeypatch.setattr(sending, "OF_ONE_PEER", 2)
    monkeypatch.setattr(sending, "AT_ONCE", 4)
    looks = tuple((table, sending._soonest(table)) for table, _ in sending._SOONEST)
    monkeypatch.setattr(sending, "_SOONEST", looks)
    monkeypatch.setattr(sending, "_SOONEST_OF_ALL", looks)
    node = network["STRA"]
    node.patience = replace(node.patience, timeout=10 * SECONDS)
    references = [network.issue("STRA") for _ in range(4 * sending.AT_ONCE + 3)]
    while node.rows("select 1 from ebl_calls where state = 'due'"):
        network.run(node.attempt())
    through = network.handle_async_request

    async def wire(request: httpx.Request) -> httpx.Response:
        if request.url.host == "meko.test":
            await asyncio.sleep(20 * SECONDS)
        return await through(request)

    monkeypatch.setattr(network, "handle_async_request", wire)
    *slow, quick = references
    for each in slow:
        assert network.transfer("STRA", each, party("MEKO")).status_code == 200

    async def run() -> None:
        courier = sending.Courier(node)
        running = asyncio.create_task(courier.run())
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(SECONDS):
                while len(courier._busy) < sending.OF_ONE_PEER:
                    await asyncio.sleep(0.01)
                body = {
                    "action": "TRANSFER",
                    "actor": pint.to_json(party("STRA")),
                    "recipient": pint.to_json(party("FUJI")),
                }
                asked = httpx.Request(
                    "POST",
                    f"http://stra.test/v1/titles/{quick}/actions",
                    content=orjson.dumps(body),
                    headers={"Content-Type": "application/json"},
                )
                assert (await network._to(node, asked, asked.content)).status_code == 200
                courier.wake()
                while network.holders(quick) != ["FUJI here"]:
                    await asyncio.sleep(0.01)
                assert len(courier._busy) >= sending.OF_ONE_PEER, "MEKO has its places, and no more of them"
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    network.run(run())


def test_peers_that_never_answer_hold_up_nobody_however_many_they_are(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MEKO and KAPU take connections and are silent; each could have half of all places."""
    monkeypatch.setattr(sending, "OF_ONE_PEER", 2)
    monkeypatch.setattr(sending, "AT_ONCE", 4)
    node = network["STRA"]
    *slow, quick = [network.issue("STRA") for _ in range(9)]
    while node.rows("select 1 from ebl_calls where state = 'due'"):
        network.run(node.attempt())
    through = network.handle_async_request
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()
    silent = asyncio.Event()

    async def wire(request: httpx.Request) -> httpx.Response:
        host = str(request.url.host)
        if host != "fuji.test" and not silent.is_set():
            under_way[host] += 1
            most[host] = max(most[host], under_way[host])
            await silent.wait()
            raise httpx.ReadTimeout("silent", request=request)
        return await through(request)

    monkeypatch.setattr(network, "handle_async_request", wire)
    for place, each in enumerate(slow):
        assert network.transfer("STRA", each, party(("MEKO", "KAPU")[place % 2])).status_code == 200
    assert network.transfer("STRA", quick, party("FUJI")).status_code == 200

    async def run() -> None:
        courier = sending.Courier(node)
        running = asyncio.create_task(courier.run())
        try:
            async with asyncio.timeout(SECONDS):
                while network.holders(quick) != ["FUJI here"]:
                    await asyncio.sleep(0.01)
                assert 2 <= most.total() < sending.AT_ONCE, "both were asked, and had not all places"
                silent.set()
                while any(network.stands("STRA", each) != "away" for each in slow):
                    courier.wake()
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    network.run(run())


def test_who_leaves_a_request_without_an_answer_has_one_place_until_it_answers(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = network["STRA"]
    references = [network.issue("STRA") for _ in range(6)]
    while node.rows("select 1 from ebl_calls where state = 'due'"):
        network.run(node.attempt())
    for each in references:
        assert network.transfer("STRA", each, party("MEKO")).status_code == 200
    peer = (tables.transfers.name, "MEKO")
    asked: list[int] = []

    async def attempted(*fates: Fate) -> int:
        """How many transfers went out in one round."""
        before = sum("/envelopes:" in each for each in network.told)
        network.fates.extend(fates)
        node._courier._resume_at = 0.0
        await node._courier._round()
        await asyncio.gather(*node._courier._tasks)
        return sum("/envelopes:" in each for each in network.told) - before

    asked.append(network.run(attempted(*[Fate.REQUEST_LOST] * len(references))))
    assert peer in node._courier._silent
    asked += [network.run(attempted(Fate.REQUEST_LOST)), network.run(attempted(Fate.ERROR))]
    assert peer not in node._courier._silent, "an answer that decides nothing is an answer"
    asked.append(network.run(attempted()))
    assert asked == [6, 1, 1, 6]
    assert [network.stands("STRA", each) for each in references] == ["away"] * 6


PEERS = [(tables.transfers.name, f"PEER{number}") for number in range(100)]


def test_there_is_a_place_for_who_has_none_yet() -> None:
    """Of peers that all hold on to what they get: eight as many places as there are, or a hundred that are silent."""
    busy: Counter[tuple[str, str]] = Counter()
    for peer in PEERS[:8] * sending.OF_ONE_PEER:
        if peer not in sending._without_a_place(busy, ()):
            busy[peer] += 1
    assert busy.total() < sending.AT_ONCE
    assert PEERS[8] not in sending._without_a_place(busy, ())
    busy.clear()
    silent = set(PEERS[:-1])
    for peer in [*PEERS, *PEERS]:
        if peer not in sending._without_a_place(busy, silent):
            busy[peer] += 1
    assert sum(busy[peer] for peer in silent) == sending.AT_ONCE // 2
    assert busy[PEERS[-1]]


def test_what_meets_an_error_that_nobody_foresaw_waits_its_time_and_says_why(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = network["STRA"]
    node.patience = replace(node.patience, first=1000.0, longest=1000.0)
    reference = network.issue("STRA")
    network.run(node.attempt())
    assert network.transfer("STRA", reference, party("MEKO")).status_code == 200
    tries = 0

    async def step(name: str) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("no such luck")

    with monkeypatch.context() as patched:
        patched.setattr(node, "step", step)
        for _ in range(3):
            network.run(node.attempt())
    (sent,) = node.rows("select * from ebl_transfers")
    assert (tries, sent["attempts"], sent["state"]) == (1, 1, "sending")
    assert sent["next_at"] > time.time() + 900
    assert "no such luck" in sent["last_error"]
    node.stop()
    network.run(node.start())  # which makes all due that waits
    network.run(node.attempt())
    assert network.holders(reference) == ["MEKO here"]
