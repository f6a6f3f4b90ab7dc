"""Who is woken and told to end at the same moment does end."""

import asyncio

import pytest

from tradebridge.ebl.waiting import until_set


@pytest.mark.parametrize("wake_first", [True, False])
def test_a_worker_that_is_woken_while_it_ends_does_end(wake_first: bool) -> None:
    async def run() -> None:
        woken, rounds = asyncio.Event(), 0

        async def work() -> None:
            nonlocal rounds
            while rounds < 10:
                woken.clear()
                await until_set(woken, 60)
                rounds += 1

        worker = asyncio.create_task(work())
        await asyncio.sleep(0)
        for step in (woken.set, worker.cancel) if wake_first else (worker.cancel, woken.set):
            step()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await worker
        assert rounds == 0

    asyncio.run(run())


def test_it_says_whether_it_was_woken() -> None:
    async def run() -> None:
        woken = asyncio.Event()
        assert not await until_set(woken, 0.01)
        asyncio.get_running_loop().call_later(0.01, woken.set)
        assert await until_set(woken, None)
        assert await until_set(woken, 0)

    asyncio.run(run())
