"""Four platforms, a network that loses, doubles, delays and spoils, platforms that die at any step, stores that fail,
peers that lie: what one simple model says of who holds what is what their stores say together, after every step."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.chaos.lading.network import CODES, FALSE, HONEST, LYING, NOBODY, Fate, Network, party
from tradebridge.ebl import steps

TITLES = 2
STEPS = 36
"""Of one example; with the 40 examples of the sample, without and with a registry, more than 2,000."""
ROUNDS = 12
"""So many rounds without a fault end every transfer."""
PACKING_LIST = {"name": "List.txt", "mediaType": "text/plain", "content": "NDgwIGNhcnRvbnM="}
SHARED_MEMORY = Path("/dev/shm")

places = st.integers(0, 20)
crashes = st.none() | st.tuples(st.sampled_from(CODES), st.sampled_from((*steps.SENDER, *steps.RECEIVER)))
failures = st.none() | st.none() | st.tuples(st.sampled_from(CODES), st.integers(0, 3))
usually = st.sampled_from([True, True, True, False])


@dataclass
class Transfer:
    id: str
    giver: str
    taker: str
    known: bool
    """Whether the taker knows the recipient."""
    entry: str
    cancelled: bool = False


@dataclass
class Title:
    """The model: who holds it, and what is on its way from there."""

    reference: str
    holder: str
    under_way: Transfer | None = None
    unsettled: list[Transfer] = field(default_factory=list)
    """Accepted; the giver has not heard of it."""


class Trading(RuleBasedStateMachine):
    """The rules are what users do, and what happens to platforms and wires. Faults are drawn for each attempt."""

    registered = False
    steps_taken: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        within = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
        self.folder = tempfile.TemporaryDirectory(prefix="tb-network-", dir=within)
        self.network = Network(Path(self.folder.name), registered=self.registered)
        self.sound = True
        self.titles = [self._issued(code) for code in CODES[:TITLES]]

    def _issued(self, code: str) -> Title:
        reference = self.network.issue(code)
        self.network.run(self.network[code].attempt())
        return Title(reference, code)

    # --- what users do ---

    @rule(
        place=places,
        by_holder=usually,
        on=st.sampled_from(CODES),
        to=st.sampled_from(CODES),
        known=usually,
        documents=st.booleans(),
    )
    def transfer(self, place: int, by_holder: bool, on: str, to: str, known: bool, documents: bool) -> None:
        title = self.titles[place % TITLES]
        giver = title.holder if by_holder else on
        if self.network[giver].down:
            self.network.run(self.network[giver].start())
        to = next(each for each in (to, *CODES) if each != giver)
        more: dict[str, Any] = {"documents": [PACKING_LIST]} if documents else {}
        recipient = party(to) if known else party(to, NOBODY)
        answer = self.network.transfer(giver, title.reference, recipient, **more)
        possible = giver == title.holder and title.under_way is None
        assert (answer.status_code == 200) == possible, answer.text
        if possible:
            transfer = answer.json()["transfer"]
            (row,) = self.network[giver].rows("select entry_checksum from ebl_transfers where id = ?", transfer)
            title.under_way = Transfer(transfer, giver, to, known, row["entry_checksum"])
        self._counted("transfer")

    @precondition(lambda self: any(each.under_way or each.unsettled for each in self.titles))
    @rule(place=places, fates=st.lists(st.sampled_from(HONEST), max_size=3))
    def cancel(self, place: int, fates: list[Fate]) -> None:
        """The giver calls it back, in the registry or at the taker: of cancellation and acceptance exactly one wins."""
        possible = [each for each in self.titles if each.under_way or each.unsettled]
        title = possible[place % len(possible)]
        sent = title.under_way or title.unsettled[-1]
        if self.network[sent.giver].down:
            self.network.run(self.network[sent.giver].start())
        self.network.fates.extend(fates)
        answer = self.network.post(sent.giver, "POST", f"/v1/transfers/{sent.id}:cancel")
        self.network.fates.clear()
        sent.cancelled = sent.cancelled or sent is title.under_way
        if answer.status_code == 200:
            assert sent is title.under_way, "called back, though it was accepted"
        self._counted("cancel")

    # --- what happens ---

    @rule(
        codes=st.sets(st.sampled_from(CODES), min_size=1),
        draw=st.data(),
        crash=crashes,
        failure=failures,
    )
    def attempt(
        self, codes: set[str], draw: st.DataObject, crash: tuple[str, str] | None, failure: tuple[str, int] | None
    ) -> None:
        """Couriers do what is due, all at once, and what can go wrong does."""
        fates = draw.draw(st.lists(st.sampled_from(self._possible()), max_size=8))
        self._plan(fates, crash, failure)
        note(f"fates {[each.name for each in fates]}")
        self._together(sorted(codes))
        self._plan((), None, None)
        self._counted("attempt")

    def _possible(self) -> Sequence[Fate]:
        faults = (*HONEST, *FALSE, *(LYING if self.registered else ()))
        return (Fate.THROUGH,) * len(faults) + (Fate.LATE,) * 3 + faults

    def _plan(self, fates: Sequence[Fate], crash: tuple[str, str] | None, failure: tuple[str, int] | None) -> None:
        self.network.fates.clear()
        self.network.fates.extend(fates)
        for node in self.network.nodes.values():
            node.dies_at = crash[1] if crash is not None and crash[0] == node.code else None
            node.fails_in = failure[1] if failure is not None and failure[0] == node.code else None

    def _together(self, codes: Sequence[str]) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self.network[code].attempt() for code in codes))

        self.network.run(all_of_them())

    @rule(code=st.sampled_from(CODES), place=places, crash=crashes, failure=failures)
    def happens(self, code: str, place: int, crash: tuple[str, str] | None, failure: tuple[str, int] | None) -> None:
        """A request that was given up comes after all. Or a platform that is down is started, takes up what it was at,
        and may die of that again. Or else one platform is killed while it does nothing."""
        self._plan((), crash, failure)
        down = [node for node in self.network.nodes.values() if node.down]
        if self.network.late and (place % 2 or not down):
            self.network.run(self.network.arrives(place % len(self.network.late)))
            self._counted("late")
        elif down:
            node = down[place % len(down)]
            node.fails_in = None
            self.network.run(node.start())
            self._counted("start")
        else:
            self.network[code].stop()
            self._counted("kill")
        self._plan((), None, None)

    # --- comparing ---

    @invariant()
    def the_stores_say_what_the_model_says(self) -> None:
        self.sound = False
        for title in self.titles:
            self._follow(title)
            expected = f"{title.holder} {'sending' if title.under_way else 'here'}"
            assert self.network.holders(title.reference) == [expected], self._story()
            for code in CODES:
                self._compare(title, code)
        self.sound = True

    def _follow(self, title: Title) -> None:
        """What has become of the transfer that is under way: accepted, come back for a reason, or nothing yet."""
        sent = title.under_way
        if sent is None:
            return
        if self.network.accepted(self.network[sent.giver], sent.id):
            assert sent.known, self._story()
            title.holder, title.under_way = sent.taker, None
            title.unsettled.append(sent)
        elif self.network.stands(sent.giver, title.reference) == "here":
            spoilt = self.registered and sent.entry in self.network.spoilt
            reason = not sent.known or sent.cancelled or spoilt
            assert reason, f"it came back for nothing: {self._story()}"
            title.under_way = None

    def _compare(self, title: Title, code: str) -> None:
        """Whoever is not the holder has it away, never had it, or has not heard that it was accepted."""
        stands = self.network.stands(code, title.reference)
        if code == title.holder:
            assert stands in (("sending", "in-doubt") if title.under_way else ("here",)), self._story()
            return
        waits = [each for each in title.unsettled if each.giver == code]
        if stands == "away":
            title.unsettled = [each for each in title.unsettled if each.giver != code]
        else:
            assert stands in (("sending", "in-doubt") if waits else ("",)), self._story()

    def _story(self) -> str:
        return "\n".join([str(self.titles), *self.network.told[-30:]])

    def _counted(self, what: str) -> None:
        self.steps_taken[what] += 1

    def teardown(self) -> None:
        """In the end all platforms run, and nothing is lost any more: every transfer ends, and every title goes on."""
        try:
            if self.sound:
                self._heal()
        finally:
            self.network.close()
            self.folder.cleanup()

    def _heal(self) -> None:
        self._plan((), None, None)
        for node in self.network.nodes.values():
            if node.down:
                self.network.run(node.start())
        while self.network.late:
            self.network.run(self.network.arrives(0))
            self.the_stores_say_what_the_model_says()
        self._settle()
        for title in self.titles:
            giver = title.holder
            taker = CODES[(CODES.index(giver) + 1) % len(CODES)]
            assert self.network.transfer(giver, title.reference, party(taker)).status_code == 200
        self._settle()
        for title in self.titles:
            there = [code for code in CODES if self.network.stands(code, title.reference) == "here"]
            assert len(there) == 1

    def _settle(self) -> None:
        for _ in range(ROUNDS):
            self._together(CODES)
            for title in self.titles:
                if title.under_way is None:
                    continue
                self._follow(title)
        opened = "select id, state, last_error from ebl_transfers where state in ('sending', 'in-doubt')"
        left = {code: [tuple(row) for row in node.rows(opened)] for code, node in self.network.nodes.items()}
        assert not any(left.values()), (left, self._story())


class Guarded(Trading):
    """With a registry, so that even a receiver that lies by its own key moves nothing."""

    registered = True
    steps_taken: ClassVar[Counter[str]] = Counter()


@pytest.mark.fuzz
@pytest.mark.long("lading-model")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("machine", [Trading, Guarded], ids=["without a registry", "with a registry"])
def test_whatever_happens_there_is_one_holder(machine: type[Trading]) -> None:
    machine.steps_taken.clear()
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=STEPS))
    print(f"\n{machine.steps_taken.total()} steps: {dict(machine.steps_taken)}")
    assert machine.steps_taken.total() >= 1_000
