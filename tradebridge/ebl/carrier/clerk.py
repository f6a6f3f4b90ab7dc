"""The carrier at work: processes what was accepted, takes the carrier's own steps, one transaction each.

1. A case is looked at until it has come to rest since its last change. That is durable: what a killed carrier left is
   gone on with.
2. One case is worked on until nothing is to be done by rule; what its rules refuse waits for a person.
3. A surrender is judged with the endorsement chain that the platform serves. While it cannot be asked, it waits.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

import httpx
from sqlalchemy.engine import Connection

from schemas.bill_of_lading.carriage import DocumentStatus, Step
from tradebridge.ebl.carrier import casefile, places
from tradebridge.ebl.carrier.acting import act, process, waiting
from tradebridge.ebl.carrier.casefile import Case
from tradebridge.ebl.carrier.endorsing import ChainUnavailable, Served, chains_of
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.officer import Decision, asked_again, next_step
from tradebridge.ebl.carrier.post import Post
from tradebridge.ebl.carrier.settings import Mode
from tradebridge.ebl.carrier.store import Store
from tradebridge.ebl.carrier.surrendering import (
    Surrender,
    accepted,
    answer_of,
    decide,
    judge,
    open_surrender,
    served_surrenderer,
)
from tradebridge.ebl.waiting import until_set

log = logging.getLogger("tradebridge.ebl.carrier.clerk")

CHAIN_SECONDS = 1.0
"""Until a platform is asked again for a chain that it did not give."""
PENDING = {
    DocumentStatus.PENDING_SURRENDER_FOR_DELIVERY: "surrender_for_delivery",
    DocumentStatus.PENDING_SURRENDER_FOR_AMENDMENT: "surrender_for_amendment",
}
MOST_STEPS = 50
"""Of one case in a row: more means that two rules undo each other."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as it is before a step, with what its rules ask for."""

    case: Case
    waits: bool
    """For a request to be processed."""
    surrender: Surrender | None
    """The one that is to be decided."""
    reason: Surrender | None
    """The one that was accepted."""


class Clerk:
    def __init__(self, store: Store, office: Office, client: httpx.AsyncClient) -> None:
        self._store = store
        self._office = office
        self._client = client
        self._woken = asyncio.Event()
        self.post = Post(store, office, client, self.wake)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """For ever: the desk and the post."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work())
            group.create_task(self.post.run())

    async def _work(self) -> None:
        while True:
            self._woken.clear()
            asked_later = False
            for number, changes in await self._store.do(casefile.unlooked):
                rested = await self._through(number)
                asked_later |= not rested
                if rested:
                    await self._store.do(partial(casefile.at_rest, number=number, changes=changes))
                    self._woken.set()
            await until_set(self._woken, CHAIN_SECONDS if asked_later else None)

    async def _through(self, number: int) -> bool:
        """All that is to be done in a case now. False: a platform must be asked again."""
        for _ in range(MOST_STEPS):
            try:
                if not await self._one(number):
                    return True
            except ChainUnavailable as trouble:
                log.info("%s", trouble)
                return False
            except Exception:  # one case must not stand in the way of all others
                log.exception("case %d is left for a moment", number)
                return False
            self.post.wake()
        log.error("case %d does not come to rest: its rules undo each other", number)
        return True

    async def _one(self, number: int) -> bool:
        """One step of a case. False: there is none."""
        seen = await self._store.do(lambda connection: _look(connection, number))
        if seen.waits:
            if self._office.settings.processing is Mode.MANUAL:
                return False
            await self.process(number)
            return True
        if seen.surrender is not None and self._mode(seen.case) is not Mode.MANUAL:
            return await self._answer(seen.case, seen.surrender)
        decision = next_step(seen.case, self._office, seen.reason)
        if decision is None:
            return False
        taken = await self._store.do(lambda connection: self._take(connection, seen.case, decision))
        if taken:
            await self._office.step(places.DECIDED)
        return taken

    async def process(self, number: int) -> None:
        """Process what was accepted for a case."""
        await self._store.do(lambda connection: _process(connection, self._office, number))
        await self._office.step(places.PROCESSED)

    def _take(self, connection: Connection, seen: Case, decision: Decision) -> bool:
        case = casefile.get(connection, seen.id)
        if case != seen:
            return True  # somebody else was faster: look again
        after = act(connection, self._office, case, decision.step, decision.body)
        if not isinstance(after, tuple):
            return True
        if decision.step is Step.PUBLISH_DRAFT:
            again = asked_again(after)
            after = act(connection, self._office, case, again.step, again.body)
        refused = isinstance(after, tuple)
        if refused:
            log.warning("%s of %s waits for a person: %s", decision.step, case.reference, after)
        return not refused

    # --- surrenders ---------------------------------------------------------------------------------------------------

    def _mode(self, case: Case) -> Mode:
        status = case.carriage.document
        name = PENDING.get(status) if status else None
        return getattr(self._office.settings.officers, name) if name else Mode.MANUAL

    async def _answer(self, case: Case, surrender: Surrender) -> bool:
        chains = await self._chains(surrender)
        against = judge(case, surrender, chains)
        if against or self._mode(case) is Mode.REJECT:
            answer, who = answer_of(surrender, "SREJ", findings=against), None
        else:
            answer, who = answer_of(surrender, "SURR"), served_surrenderer(chains, surrender)

        def job(connection: Connection) -> bool:
            current = casefile.get(connection, case.id)
            return not isinstance(decide(connection, self._office, current, surrender, answer, who), tuple)

        taken = await self._store.do(job)
        if taken:
            await self._office.step(places.DECIDED)
        return taken

    async def _chains(self, surrender: Surrender) -> Served | None:
        """The endorsement chains of a document; None: they are not to be asked for."""
        settings = self._office.settings
        platform = settings.platform(surrender.platform)
        if platform is None or not settings.verify_chain:
            return None
        return await chains_of(self._client, platform, surrender.document, settings.retry.timeout)


def _look(connection: Connection, number: int) -> Seen:
    case = casefile.get(connection, number)
    document = case.document
    if document is None:
        return Seen(case, bool(waiting(connection, case)), None, None)
    return Seen(
        case,
        bool(waiting(connection, case)),
        open_surrender(connection, document.reference),
        accepted(connection, document.reference),
    )


def _process(connection: Connection, office: Office, number: int) -> None:
    case = casefile.get(connection, number)
    _, refused = process(connection, office, case)
    for found in refused:
        log.warning("a request about %s was accepted, and is refused: %s", case.reference, found)
