"""Any sequence of submissions, forwards, events and acknowledgements: the hub answers as the model predicts."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

import exchange.delivery
from schemas.content import Syntax, sha256_hex
from schemas.event import EventType
from tests.chaos.model import (
    FOLLOWS,
    KINDS,
    MEMBERS,
    RECEIVING,
    SENDING,
    Kept,
    Model,
    No,
    Paper,
    Parcel,
    Prediction,
    Replayed,
    Taken,
)
from tests.exchange.cast import CAST, NOW, SEED, Cast, acknowledged, description, document, event, signed
from tests.exchange.running import hub_in_thread
from tradebridge.calls import Delivery
from tradebridge.client import Refused
from tradebridge.evidence.audit import Entry, read_lines
from tradebridge.evidence.file import Record
from tradebridge.evidence.simulation import test_api_key

LEASE_SECONDS = 3600.0
OPERATOR = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
_spaces = itertools.count()


class LeaseClock:
    """The clock of leases, which a test can move on. Stands in for the module `time` in `exchange.delivery`."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead


@cache
def bytes_of(paper: Paper) -> bytes:
    value = document(f"SG-2026-{paper.number:05}", variant=paper.variant)
    return signed(value, "SG-NSW", Syntax(paper.syntax), NOW.replace(second=paper.signature))


papers = st.builds(
    Paper,
    number=st.integers(1, 4),
    variant=st.integers(0, 1),
    syntax=st.sampled_from([each.value for each in Syntax]),
    signature=st.integers(0, 1),
)
usual_routes = st.sampled_from([("TH-NSW",), ("VN-NSW",), ("TH-NSW", "VN-NSW"), ("SG-NSW", "VN-NSW")])
any_routes = st.lists(st.sampled_from([*MEMBERS, "XX-NSW"]), min_size=1, max_size=3).map(tuple)
routes = st.one_of(*5 * [usual_routes], any_routes)
usually = st.sampled_from([True] * 5 + [False])


class Trading(RuleBasedStateMachine):
    """The rules are what members can do; each compares the answer with the model's."""

    def __init__(self, url: str, clock: LeaseClock) -> None:
        super().__init__()
        self.clock, self.model = clock, Model()
        self.said: list[tuple[Kept, str, str, dict[str, Any]]] = []
        self.sent: list[tuple[str, Paper, tuple[str, ...], str]] = []
        self.tokens = itertools.count()
        self.space, self.base = f"trading-{next(_spaces)}", url
        assert httpx.post(f"{url}/v1/spaces", json={"name": self.space}, headers=OPERATOR).status_code == 201
        self.cast = Cast(url, self.space)
        for member in MEMBERS:
            self.cast.operator.add_member(description(member, **CAST[member]))

    # --- what members do ---

    @rule(sender=st.sampled_from(SENDING), paper=papers, to=routes, key=st.sampled_from([None, None, "k1", "k2", "k3"]))
    def submit(self, sender: str, paper: Paper, to: tuple[str, ...], key: str | None) -> None:
        data = bytes_of(paper)
        predicted = self.model.submission(sender, paper, data, to, key)
        answer = self.ask(predicted, lambda: self.cast[sender].submit(data, to, idempotency_key=key))
        first = self.model.first_with(paper)
        if isinstance(answer, Refused):
            if answer.code == "document.duplicate" and first is not None:
                told = (answer.problem.get("document"), answer.problem.get("receipt"))
                assert told == ((first.id, first.receipt) if first.sender == sender else (None, None))
            return
        assert answer.replayed == isinstance(predicted, Replayed)
        if isinstance(predicted, Taken):
            self.sent += [(sender, paper, to, key)] if key else []
            kept = Kept(paper, data, sender, answer.id, answer.content_digest, answer.receipt)
            self.model.keep(kept, to, key, json.dumps(answer.raw))

    @precondition(lambda self: self.sent)
    @rule(draw=st.data(), same_bytes=usually, to=routes)
    def submit_again(self, draw: st.DataObject, same_bytes: bool, to: tuple[str, ...]) -> None:
        """With a key that was used: the first answer, wherever it is addressed to now; but not for other bytes."""
        sender, paper, first_to, key = draw.draw(st.sampled_from(self.sent))
        self.submit(sender, paper if same_bytes else draw.draw(papers), first_to if same_bytes else to, key)

    @precondition(lambda self: self.model.documents)
    @rule(draw=st.data(), usual=usually, caller=st.sampled_from(MEMBERS), to=routes)
    def forward(self, draw: st.DataObject, usual: bool, caller: str, to: tuple[str, ...]) -> None:
        kept = draw.draw(st.sampled_from(self.model.documents))
        if usual:
            caller = draw.draw(st.sampled_from([kept.sender, *kept.standings]))
            to = tuple(name for name in RECEIVING if name not in {kept.sender, *kept.standings}) or to
        answer = self.ask(self.model.forwarding(caller, kept, to), lambda: self.cast[caller].forward(kept.id, to))
        if not isinstance(answer, Refused):
            self.model.forward(kept, to)

    @precondition(lambda self: self.model.documents)
    @rule(
        draw=st.data(),
        kind=st.sampled_from([EventType(kind) for kind in KINDS]),
        usual=usually,
        offset=st.sampled_from([0] * 8 + [1, -1]),
        reasons=usually,
        this=usually,
    )
    def say(self, draw: st.DataObject, kind: EventType, usual: bool, offset: int, reasons: bool, this: bool) -> None:
        kept = draw.draw(st.sampled_from(self.model.documents))
        recipient = draw.draw(st.sampled_from(sorted(kept.standings)))
        if usual and (follows := FOLLOWS[kept.standings[recipient][0]]):
            kind = EventType(draw.draw(st.sampled_from([*sorted(follows), kind])))
        by = kept.sender if kind in (EventType.ANSWERED, EventType.CANCELLED) else recipient
        named = None if kind is EventType.CANCELLED else recipient
        if not usual:  # anybody about anybody
            by, named = draw.draw(st.sampled_from(MEMBERS)), draw.draw(st.sampled_from([*RECEIVING, None]))
        sequence = max(0, self.model.sequence_of(kept, named) + offset)
        changes: dict[str, Any] = {} if reasons else {"reasons": ()}
        token = event(
            kind,
            kept.id,
            kept.digest if this else "0" * 64,
            by,
            recipient=named,
            sequence=sequence,
            ordinal=1000 * next(self.tokens),
            **changes,
        )
        predicted = self.model.saying(kept, kind.value, by, named, sequence, reasons, this)
        answer = self.ask(predicted, lambda: self.cast[by].send_event(kept.id, token))
        if not isinstance(answer, Refused):
            self.model.say(kept, kind.value, by, named, token.encode())
            self.said.append((kept, by, token, answer.raw))
        assert self.standings(self.cast["OPERATOR"].summary(kept.id)) == kept.standings

    @precondition(lambda self: self.said)
    @rule(draw=st.data())
    def say_again(self, draw: st.DataObject) -> None:
        """The very same event: the first answer, whatever has been said since."""
        kept, by, token, raw = draw.draw(st.sampled_from(self.said))
        assert self.cast[by].send_event(kept.id, token).raw == raw

    @rule(member=st.sampled_from(MEMBERS))
    def pull(self, member: str) -> None:
        due = self.model.due(member)
        taken = self.cast[member].inbox()
        assert Counter(each.original for each in taken) == Counter(parcel.original for parcel in due)
        for delivery in taken:
            self.recognise(due, delivery).state = "leased"

    @precondition(lambda self: any(self.known(member) for member in MEMBERS))
    @rule(draw=st.data(), how=st.sampled_from(["good", "good", "good", "wrong digest", "for another"]))
    def acknowledge(self, draw: st.DataObject, how: str) -> None:
        """Of any delivery that the member ever saw: leased, ended, or delivered already."""
        member = draw.draw(st.sampled_from([member for member in MEMBERS if self.known(member)]))
        parcel = draw.draw(st.sampled_from(self.known(member)))
        delivery = Delivery(parcel.id, parcel.message, "", parcel.original, None, parcel.note)
        digest = "0" * 64 if how == "wrong digest" else sha256_hex(parcel.original)
        by = (
            draw.draw(st.sampled_from([each for each in MEMBERS if each != member])) if how == "for another" else member
        )
        token = acknowledged(delivery, member, digest)
        (settled,) = self.cast[by].acknowledge([token])
        if how == "good":
            assert (settled.delivery, settled.status) == (parcel.id, "delivered")
            parcel.state = "delivered"
        else:
            assert settled.status == "refused"
            assert settled.finding is not None
            assert settled.finding.code == {"wrong digest": "ack.wrong-digest", "for another": "ack.wrong-member"}[how]

    @rule()
    def leases_end(self) -> None:
        self.clock.ahead += LEASE_SECONDS + 1
        self.model.end_leases()

    # --- comparing ---

    def ask(self, predicted: Prediction, call: Callable[[], Any]) -> Any:
        """The answer, after it was compared with the prediction."""
        try:
            answer = call()
        except Refused as refused:
            codes = {found.code for found in refused.findings if found.severity == "error"}
            assert isinstance(predicted, No), f"refused with {codes}, predicted: {predicted}"
            assert codes == predicted.codes
            return refused
        assert not isinstance(predicted, No), f"accepted, predicted: {predicted}"
        if isinstance(predicted, Replayed):
            assert json.dumps(answer.raw) == predicted.raw
        return answer

    def known(self, member: str) -> list[Parcel]:
        return [parcel for parcel in self.model.parcels[member] if parcel.id]

    @staticmethod
    def recognise(due: list[Parcel], delivery: Delivery) -> Parcel:
        """The parcel that this delivery is: by its id if it was seen before, with the same message and note."""
        for parcel in due:
            if parcel.id == delivery.id:
                assert (parcel.message, parcel.note) == (delivery.message_id, delivery.note)
                return parcel
        parcel = next(each for each in due if not each.id and each.original == delivery.original)
        parcel.id, parcel.message, parcel.note = delivery.id, delivery.message_id, delivery.note
        return parcel

    @staticmethod
    def standings(summary: dict[str, Any]) -> dict[str, tuple[str, int]]:
        return {name: (each["state"], each["sequence"]) for name, each in summary["recipients"].items()}

    def teardown(self) -> None:
        """In the end: standings, inboxes, deliveries and the log are as the model has them."""
        try:
            items = self.cast.operator.documents(limit=500).items
            kept = self.model.documents
            assert {item["id"]: self.standings(item) for item in items} == {each.id: each.standings for each in kept}
            assert {item["id"]: item["state"] for item in items} == {
                each.id: "cancelled" if each.cancelled else "live" for each in kept
            }
            self.leases_end()
            for member in MEMBERS:
                self.pull(member)
            found = Counter(item["state"] == "delivered" for item in self.cast.operator.deliveries(limit=500).items)
            ours = [parcel for each in self.model.parcels.values() for parcel in each]
            assert found == Counter(parcel.state == "delivered" for parcel in ours)
            self.log_has_one_leaf_a_message()
        finally:
            self.cast.close()
            httpx.delete(f"{self.base}/v1/spaces/{self.space}", headers=OPERATOR)

    def log_has_one_leaf_a_message(self) -> None:
        """Beside the records of people, which stand in the same log."""
        end = time.monotonic() + 5
        messages = -1
        while messages < self.model.messages and time.monotonic() < end:
            parts = read_lines(b"".join(self.cast.operator.record()).splitlines())
            messages = sum(isinstance(part, Entry) and isinstance(part.record, Record) for part in parts)
            if messages < self.model.messages:
                time.sleep(0.01)
        assert messages == self.model.messages


@pytest.fixture
def lease_clock(monkeypatch: pytest.MonkeyPatch) -> LeaseClock:
    clock = LeaseClock()
    monkeypatch.setattr(exchange.delivery, "time", clock)
    return clock


@pytest.fixture
def hub_url(tmp_path: Path, lease_clock: LeaseClock) -> Iterator[str]:
    with hub_in_thread(tmp_path, lease_seconds=LEASE_SECONDS) as running:
        yield running.url


@pytest.mark.long("stateful")
@pytest.mark.timeout(1800)
def test_the_hub_answers_as_the_model_predicts(
    hub_url: str, lease_clock: LeaseClock, scale: Callable[[int, int], int]
) -> None:
    class AtThisHub(Trading):
        def __init__(self) -> None:
            super().__init__(hub_url, lease_clock)

    run_state_machine_as_test(
        AtThisHub,
        settings=settings(max_examples=scale(400, 20), stateful_step_count=scale(50, 30)),
    )
