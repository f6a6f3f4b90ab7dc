"""The courier: whom it serves while others do not answer, and what becomes of what cannot be driven."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from schemas.bill_of_lading import pint
from tests.chaos.lading.network import Network, party
from tradebridge.ebl import sending

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
    monkeypatch.setattr(sending, "_SOONEST", tuple((table, sending._soonest(table)) for table, _ in sending._SOONEST))
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
