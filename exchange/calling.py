"""Calling webhooks: each has a task of its own while there is something to tell. A slow one holds up no other."""

import asyncio
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from exchange import webhooks
from exchange.reach import Called, Reach
from exchange.store.writer import WriterStopped
from tradebridge.ebl.waiting import until_set
from tradebridge.evidence.times import rfc3339
from tradebridge.webhooks import TEST, body_of, headers_of, id_of

if TYPE_CHECKING:
    from exchange.hub import Hub

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 0.4
"""How often a process looks for what the passing of time, or another process, has made due."""
TRIES_AT_ONCE = 8
"""Tests of webhooks that members ask for."""


class Caller:
    """The webhooks of one space."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.reach = Reach(private=hub.settings.mode != "pilot")
        self._news = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._tries = asyncio.Semaphore(TRIES_AT_ONCE)
        self._known = -1
        self._any = False

    def wake(self) -> None:
        """The feed has grown, or something is to be told again."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled: make out what is to be told, and see that it is."""
        while True:
            await until_set(self._news, LOOK_SECONDS)
            self._news.clear()
            try:
                await self._look()
            except WriterStopped:
                return
            except Exception:
                # As with the hub's other tasks: the store may be away; what is due then is found at the next look.
                logger.exception("looking for what webhooks are to be told failed; trying again")
                await asyncio.sleep(1)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self.reach.close()

    async def try_out(self, row: Any) -> Called:
        """One signed call with an event that is none, whatever the webhook is told else."""
        at = rfc3339(self._hub.clock.now())
        body = body_of(TEST, {"at": at, "webhook": row.id})
        name = id_of(f"test_{time.time_ns()}", at, self._hub.space)
        claimed = webhooks.Claimed(row.id, 0, 1, row.url, name, body, webhooks.secrets_of(self._hub, row))
        async with self._tries:
            return await self._call(claimed)

    async def _look(self) -> None:
        hub = self._hub
        if self._known != hub.registry.version:  # who adds one, or enables it, changes the member
            self._known = hub.registry.version
            self._any = bool(await hub.ask(lambda connection: webhooks.all_of(connection, None)))
        if not self._any:
            return
        for name in await hub.ask(webhooks.behind):
            while await hub.writer.do(partial(webhooks.take_in, hub=hub, webhook=name)) >= webhooks.AT_ONCE:
                pass
        for name in await hub.ask(partial(webhooks.due, hub=hub)):
            if name not in self._tasks:
                task = asyncio.create_task(self._tell(name), name=f"webhook-{name}")
                self._tasks[name] = task
                task.add_done_callback(partial(self._ended, name))

    def _ended(self, webhook: str, task: asyncio.Task[None]) -> None:
        del self._tasks[webhook]

    async def _tell(self, webhook: str) -> None:
        """Tell one webhook all that is due."""
        hub = self._hub
        try:
            while (claimed := await hub.writer.do(partial(webhooks.claim, hub=hub, webhook=webhook))) is not None:
                called = await self._call(claimed)
                await hub.writer.do(partial(webhooks.settle, hub=hub, claimed=claimed, called=called))
                (hub.metrics.webhooks_told if called.done else hub.metrics.webhooks_failed).inc()
                if not called.done:
                    hub.changed()
        except WriterStopped:
            return
        except Exception:
            # The others go on; the lease ends, and it is claimed again.
            logger.exception("telling a webhook failed", webhook=webhook)

    async def _call(self, claimed: webhooks.Claimed) -> Called:
        headers = headers_of(claimed.message_id, claimed.body, claimed.secrets, datetime.now(UTC))
        headers["Tradebridge-Space"] = self._hub.space
        return await self.reach.post(claimed.url, claimed.body, headers, self._hub.settings.webhook_seconds)
