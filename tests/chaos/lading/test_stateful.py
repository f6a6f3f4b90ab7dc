"""Four platforms, a network that loses, doubles, delays and spoils, platforms that die at any step, stores that fail,
peers that lie: what one simple model says of who holds what is what their stores say together, after every step."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import Transaction
from simulator.platforms import token_of
from tests.chaos.lading.network import CODES, FALSE, HONEST, LYING, NOBODY, Fate, Network, Node, party
from tests.ebl import cast
from tests.ebl.running import SEED, issuance_request, key_of
from tradebridge.ebl import registry, steps, titles
from tradebridge.ebl.chain import first_entry, follow, issue_to
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.host import carrier_party
from tradebridge.ebl.registry import Issued

TITLES = 2
STEPS = 32
"""Of one example, at most: a step that what is drawn has no use for is not taken."""
EXAMPLES = 40
"""At least, so that each machine takes 1,000 steps in every run, and both together 2,000."""
FORK, NOTICE, SECOND_ISSUE = "a former holder's transfer", "a former holder's notice", "a second issue"
WAYS_BACK = (FORK, NOTICE, SECOND_ISSUE)
SURRENDERS = (
    {"action": "SURRENDER_FOR_DELIVERY"},
    {"action": "SURRENDER_FOR_AMENDMENT", "reasonCode": "COD"},
    {"action": "SURRENDER_FOR_AMENDMENT", "reasonCode": "SWTP"},
)
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
    surrenders: bool | None = None
    """Whether it surrenders the title to the carrier (True), or is the carrier's rejection (False)."""


@dataclass
class Title:
    """The model: who holds it, and what is on its way from there."""

    reference: str
    holder: str
    issued_on: str
    """The carrier uses this platform."""
    surrendered_by: str = ""
    """From which platform, while the carrier has it."""
    had: set[str] = field(default_factory=set)
    """Who has handed it over: each can sign another course of what it had."""
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
        self.ended: list[Title] = []

    def _issued(self, code: str) -> Title:
        reference = self.network.issue(code)
        self.network.run(self.network[code].attempt())
        return Title(reference, code, code)

    def _up(self, code: str) -> None:
        if self.network[code].down:
            self.network.run(self.network[code].start())

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
        self._up(giver)
        to = next(each for each in (to, *CODES) if each != giver)
        more: dict[str, Any] = {"documents": [PACKING_LIST]} if documents else {}
        recipient = party(to) if known else party(to, NOBODY)
        answer = self.network.transfer(giver, title.reference, recipient, **more)
        possible = giver == title.holder and title.under_way is None and not title.surrendered_by
        assert (answer.status_code == 200) == possible, answer.text
        if possible:
            title.under_way = self._sent(answer.json()["transfer"], giver, to, known)
        self._counted("transfer")

    def _sent(self, transfer: str, giver: str, taker: str, known: bool, surrenders: bool | None = None) -> Transfer:
        (row,) = self.network[giver].rows("select entry_checksum from ebl_transfers where id = ?", transfer)
        return Transfer(transfer, giver, taker, known, row["entry_checksum"], surrenders=surrenders)

    @precondition(lambda self: self._to_be_surrendered())
    @rule(place=places, action=st.sampled_from(SURRENDERS), accepts=usually)
    def surrender(self, place: int, action: dict[str, str], accepts: bool) -> None:
        """Who got it surrenders it to the carrier, which is on the platform where it was issued; or the carrier, which
        has it, answers. Accepted is the end of it: then another bill is issued, so that things go on."""
        possible = self._to_be_surrendered()
        possible = [each for each in possible if each.surrendered_by] or possible
        title = possible[place % len(possible)]
        if title.surrendered_by:
            self._answered(title, accepts)
            self._counted("carrier accepts" if accepts else "carrier rejects")
            if accepts:
                self.ended.append(title)
                self.titles[self.titles.index(title)] = self._issued(title.issued_on)
            return
        giver = title.holder
        self._up(giver)
        body = {"actor": pint.to_json(party(giver)), **action}
        answer = self.network.post(giver, "POST", f"/v1/titles/{title.reference}/actions", body)
        assert answer.status_code == 200, answer.text
        if giver == title.issued_on:
            title.surrendered_by = giver
        else:
            title.under_way = self._sent(answer.json()["transfer"], giver, title.issued_on, True, surrenders=True)
        self._counted(action.get("reasonCode", "surrender"))

    def _to_be_surrendered(self) -> list[Title]:
        return [each for each in self.titles if not each.under_way and (each.had or each.surrendered_by)]

    def _answered(self, title: Title, accepts: bool) -> None:
        on = title.issued_on
        self._up(on)
        query = "select s.reference from ebl_surrenders s join ebl_titles t on t.id = s.title where s.state = 'open'"
        (asked,) = self.network[on].rows(f"{query} and t.reference = ?", title.reference)
        body = {"surrenderRequestReference": asked["reference"], "action": "SURR" if accepts else "SREJ"}
        body |= {} if accepts else {"comments": "The freight is not paid."}
        token = token_of(SEED, cast.CARRIER_CODE, on)
        answer = self.network.post(on, "POST", "/ebl/v3/ebl-surrender-responses", body, token)
        assert answer.status_code == 204, answer.text
        if not accepts and title.surrendered_by == on:
            title.surrendered_by = ""
        elif not accepts:
            (row,) = self.network[on].rows("select transfer from ebl_titles where reference = ?", title.reference)
            title.under_way = self._sent(row["transfer"], on, title.surrendered_by, True, surrenders=False)

    @precondition(lambda self: any(each.had for each in (*self.titles, *self.ended)))
    @rule(
        place=places,
        ended=usually,
        way=st.sampled_from(WAYS_BACK),
        by=places,
        to=st.sampled_from(CODES),
        unsigned=st.booleans(),
    )
    def comes_back(self, place: int, ended: bool, way: str, by: int, to: str, unsigned: bool) -> None:
        """A platform signs another course of what it had, or another platform issues the bill once more: to where it
        is, or has ended, or (a notice, and with a registry) anywhere. Before, it may have registered the bill as its
        own; and who is asked may hear an unsigned 404 of the registry. The invariant says what must not come of it."""
        among = self.ended if ended and self.ended else self.titles
        title = among[place % len(among)]
        there = title.issued_on if among is self.ended else title.holder
        to = to if way == NOTICE or (way == FORK and self.registered) else there
        able = sorted((set(CODES) if way == SECOND_ISSUE else title.had) - {to})
        if not able:
            return
        sender = able[by % len(able)]
        envelope = another_course(self.network, title.reference, way, sender, to)
        self._up(to)
        if self.registered and way != SECOND_ISSUE:
            self._up(sender)
            self.network.run(registered_by(self.network, sender, title.reference))
            self.network.fates.extend([Fate.ERROR] * 2 * unsigned)
        answer = self.network.post(to, "POST", "/pint/v3/envelopes", envelope, token_of(SEED, sender, to))
        self.network.fates.clear()
        assert answer.status_code != 200 or (way == NOTICE and to != there), f"{way}: {answer.text} {self._story()}"
        self._counted(way)

    @precondition(lambda self: self._under_way())
    @rule(place=places, fates=st.lists(st.sampled_from(HONEST), max_size=3))
    def cancel(self, place: int, fates: list[Fate]) -> None:
        """The giver calls it back, in the registry or at the taker: of cancellation and acceptance exactly one wins."""
        possible = self._under_way()
        title = possible[place % len(possible)]
        sent = title.under_way or title.unsettled[-1]
        self._up(sent.giver)
        self.network.fates.extend(fates)
        answer = self.network.post(sent.giver, "POST", f"/v1/transfers/{sent.id}:cancel")
        self.network.fates.clear()
        sent.cancelled = sent.cancelled or sent is title.under_way
        if answer.status_code == 200:
            assert sent is title.under_way, "called back, though it was accepted"
        self._counted("cancel")

    # --- what happens ---

    def _under_way(self) -> list[Title]:
        return [each for each in self.titles if each.under_way or each.unsettled]

    @precondition(lambda self: self._under_way())
    @rule(
        calm=st.sampled_from([False, False, True]),
        codes=st.sets(st.sampled_from(CODES), min_size=1),
        draw=st.data(),
        crash=crashes,
        failure=failures,
    )
    def attempt(
        self,
        calm: bool,
        codes: set[str],
        draw: st.DataObject,
        crash: tuple[str, str] | None,
        failure: tuple[str, int] | None,
    ) -> None:
        """Couriers do what is due, all at once, and what can go wrong does; or else nothing does."""
        fates = [] if calm else draw.draw(st.lists(st.sampled_from(self._possible()), max_size=8))
        self._plan(fates, None if calm else crash, None if calm else failure)
        note(f"fates {[each.name for each in fates]}")
        self._together(CODES if calm else sorted(codes))
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

    @precondition(lambda self: self._under_way() or self.network.late or self._down())
    @rule(code=st.sampled_from(CODES), place=places, crash=crashes, failure=failures)
    def happens(self, code: str, place: int, crash: tuple[str, str] | None, failure: tuple[str, int] | None) -> None:
        """A request that was given up comes after all. Or a platform that is down is started, takes up what it was at,
        and may die of that again. Or else one platform is killed while it does nothing."""
        self._plan((), crash, failure)
        down = self._down()
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

    def _down(self) -> list[Node]:
        return [node for node in self.network.nodes.values() if node.down]

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
        for title in self.ended[-TITLES:]:
            assert self.network.holders(title.reference) == [], self._story()
            assert self.network.stands(title.issued_on, title.reference) == "ended", self._story()
        self.sound = True

    def _follow(self, title: Title) -> None:
        """What has become of the transfer that is under way: accepted, come back for a reason, or nothing yet."""
        sent = title.under_way
        if sent is None:
            return
        if self.network.accepted(self.network[sent.giver], sent.id):
            assert sent.known, self._story()
            title.holder, title.under_way = sent.taker, None
            title.had.add(sent.giver)
            title.unsettled.append(sent)
            title.surrendered_by = sent.giver if sent.surrenders else ""
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
        return "\n".join([str(self.titles), str(self.ended), *self.network.told[-30:]])

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
            if title.surrendered_by:
                self._answered(title, accepts=False)
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
        left = self._open()
        for _ in range(ROUNDS):
            if not any(left.values()):
                return
            self._together(CODES)
            for title in self.titles:
                if title.under_way is not None:
                    self._follow(title)
            left = self._open()
        assert not any(left.values()), (left, self._story())

    def _open(self) -> dict[str, list[tuple[Any, ...]]]:
        """What has no outcome yet, by platform."""
        opened = "select id, state, last_error from ebl_transfers where state in ('sending', 'in-doubt')"
        return {code: [tuple(row) for row in node.rows(opened)] for code, node in self.network.nodes.items()}


async def registered_by(network: Network, by: str, reference: str) -> None:
    """The platform registers a bill by all that it has of the carrier's word. Only the first one of it may."""
    (row,) = network[by].rows("select * from ebl_titles where reference = ?", reference)
    signed = orjson.loads(row["signed"])
    issue = pint.to_json(Transaction.model_validate((orjson.loads(row["pending"]) or [{}])[0])) if not signed else None
    issue = issue or pint.to_json(titles.read_entry(signed[0]).transactions[0])
    whom, node = issue_to({"transactions": [issue]}), network[by]
    word = Issued(row["issuance_manifest"], row["carrier"], node.now(), whom)
    said = await registry.registered(node, network.registry.base, row["id"], word)
    assert said.stand is not registry.Stand.OPEN or network.registry.control(row["id"]) == by


def another_course(network: Network, reference: str, way: str, by: str, to: str) -> dict[str, Any]:
    """An envelope of `by`, which had the title (or issues it once more), that gives it to `to`, or tells `to` of an
    endorsement."""
    document, key = cast.document("blank", transportDocumentReference=reference), key_of(by)
    if way == SECOND_ISSUE:
        issued = cast.act("ISSUE", carrier_party(network[by], network[by].peers().carriers["SIML"], "ZZZ"), party(to))
        manifest = issuance_request(document, party(to))["issuanceManifestSignedContent"]
        return make_envelope(document, [first_entry(document, [issued], manifest, key, by)], key)
    (row,) = network[by].rows("select * from ebl_titles where reference = ?", reference)
    hours = 900 + next(network._numbers)
    step = cast.act("ENDORSE" if way == NOTICE else "TRANSFER", party(by), party(to), hours)
    signed = orjson.loads(row["signed"])
    own = [place for place, each in enumerate(signed) if titles.read_entry(each).ebl_platform == by]
    before = signed[: own[-1]] if own else signed
    if before:
        return make_envelope(document, [*before, follow(before, [step], key, by, row["id"])], key)
    done = orjson.loads(row["pending"]) if not signed else titles.read_entry(signed[0]).transactions
    issue = Transaction.model_validate(done[0])
    first = first_entry(document, [issue, step], row["issuance_manifest"], key, by, registry=row["registry"])
    return make_envelope(document, [first], key)


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
    examples = max(EXAMPLES, settings().max_examples)
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=STEPS))
    print(f"\n{machine.steps_taken.total()} steps: {dict(machine.steps_taken)}")
    assert machine.steps_taken.total() >= 1_000
