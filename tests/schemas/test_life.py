"""The life of a transport document at its recipients, against a model of it that is written the other way round; and
what holds for the life of every family."""

from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.bill_of_lading.life import LIFE
from schemas.event import Actor, Event, EventType, Reason, Subject
from schemas.findings import Finding
from schemas.life import PLAIN, Course, Parties, Standing, State, life_of, lives
from schemas.life import apply as apply_to

PARTIES = Parties(sender="SG-NSW", issuer="SG-MTI", recipients=frozenset({"TH-NSW", "VN-NSW"}))
MEMBERS = ["SG-NSW", "SG-MTI", "TH-NSW", "VN-NSW", "MY-NSW"]
KNOWN = [
    EventType.ACCEPTED,
    EventType.QUERIED,
    EventType.ANSWERED,
    EventType.REJECTED,
    EventType.UTILISED,
    EventType.CANCELLED,
]
"""What may be said of a transport document."""
STATES = [State.RECEIVED, *(State(each.value) for each in KNOWN)]
DECISIONS = {EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED, EventType.UTILISED}
IDS = count(1)


def said(
    what: EventType,
    by: str,
    *,
    recipient: str | None = "TH-NSW",
    sequence: int = 0,
    reasons: bool = True,
) -> Event:
    return Event(
        id=f"evt_{next(IDS):012d}",
        type=what,
        document=Subject(id="doc_0000000000000000", content_digest="0" * 64),
        recipient=recipient,
        expected_sequence=sequence,
        actor=Actor(member=by),
        at=datetime(2026, 1, 5, tzinfo=UTC),
        reasons=(Reason(code="atiga.expired"),) if reasons else (),
    )


def apply(standings: dict[str, Standing], event: Event, parties: Parties) -> dict[str, Standing] | Finding:
    """The standings that the event changes, or the one finding that refuses it."""
    ended = State.CANCELLED if all(each.state is State.CANCELLED for each in standings.values()) else None
    outcome = apply_to(LIFE, Course(standings, ended), event, parties)
    if not isinstance(outcome, Course):
        (found,) = outcome
        return found
    return {name: each for name, each in outcome.standings.items() if each != standings[name]}


def at(state: State, sequence: int = 3) -> dict[str, Standing]:
    return {"TH-NSW": Standing(state, sequence), "VN-NSW": Standing(State.RECEIVED, 0)}


def refusal(standings: dict[str, Standing], event: Event) -> Finding:
    found = apply(standings, event, PARTIES)
    assert isinstance(found, Finding), found
    return found


ALLOWED = {
    State.RECEIVED: {"accepted", "queried", "rejected"},
    State.QUERIED: {"answered", "accepted", "rejected"},
    State.ANSWERED: {"accepted", "queried", "rejected"},
    State.ACCEPTED: {"utilised"},
    State.UTILISED: {"utilised"},
    State.REJECTED: set(),
    State.CANCELLED: set(),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("what", [each for each in KNOWN if each is not EventType.CANCELLED])
def test_each_state_allows_what_the_contract_lists(state: State, what: EventType) -> None:
    by = "SG-NSW" if what is EventType.ANSWERED else "TH-NSW"
    outcome = apply(at(state), said(what, by, sequence=3), PARTIES)
    if what.value in ALLOWED[state]:
        assert outcome == {"TH-NSW": Standing(State(what.value), 4)}
    else:
        assert isinstance(outcome, Finding)
        assert (outcome.code, outcome.status) == ("event.not-now", 409)
        assert state.value in outcome.found
        assert all(allowed in outcome.expected for allowed in ALLOWED[state])


@pytest.mark.parametrize("state", STATES)
def test_a_cancellation_is_refused_after_use_or_a_final_word(state: State) -> None:
    outcome = apply(
        {"TH-NSW": Standing(state, 2)}, said(EventType.CANCELLED, "SG-NSW", recipient=None, sequence=2), PARTIES
    )
    if state in (State.UTILISED, State.CANCELLED, State.REJECTED):
        assert isinstance(outcome, Finding) and outcome.code == "event.not-now"
    else:
        assert outcome == {"TH-NSW": Standing(State.CANCELLED, 3)}


def test_a_cancellation_moves_all_recipients_past_the_highest_sequence() -> None:
    standings = {"TH-NSW": Standing(State.ACCEPTED, 5), "VN-NSW": Standing(State.REJECTED, 2)}
    outcome = apply(standings, said(EventType.CANCELLED, "SG-MTI", recipient=None, sequence=5), PARTIES)
    assert outcome == {name: Standing(State.CANCELLED, 6) for name in standings}


def test_use_at_one_recipient_forbids_cancellation_for_all() -> None:
    standings = {"TH-NSW": Standing(State.UTILISED, 2), "VN-NSW": Standing(State.RECEIVED, 0)}
    found = refusal(standings, said(EventType.CANCELLED, "SG-NSW", recipient=None, sequence=2))
    assert found.code == "event.not-now" and "utilised" in found.found


@pytest.mark.parametrize("what", sorted(DECISIONS))
@pytest.mark.parametrize("by", ["SG-NSW", "VN-NSW", "MY-NSW"])
def test_only_the_recipient_itself_decides(what: EventType, by: str) -> None:
    found = refusal(at(State.ACCEPTED), said(what, by, sequence=3))
    assert (found.code, found.status, found.found, found.expected) == ("event.wrong-party", 403, by, "TH-NSW")


@pytest.mark.parametrize("by", ["TH-NSW", "VN-NSW", "MY-NSW"])
def test_only_sender_or_issuer_answers_and_cancels(by: str) -> None:
    assert refusal(at(State.QUERIED), said(EventType.ANSWERED, by, sequence=3)).code == "event.wrong-party"
    cancelled = said(EventType.CANCELLED, by, recipient=None, sequence=3)
    assert refusal(at(State.QUERIED), cancelled).code == "event.wrong-party"


def test_a_document_without_issuer_has_nobody_but_its_sender() -> None:
    parties = Parties(sender="SG-NSW", issuer=None, recipients=frozenset({"TH-NSW"}))
    found = apply(at(State.QUERIED), said(EventType.ANSWERED, "SG-MTI", sequence=3), parties)
    assert isinstance(found, Finding) and found.expected == "SG-NSW"


@pytest.mark.parametrize(
    ("recipient", "what"), [("MY-NSW", EventType.ACCEPTED), (None, EventType.ACCEPTED), ("TH-NSW", EventType.CANCELLED)]
)
def test_an_event_names_a_recipient_unless_it_cancels(recipient: str | None, what: EventType) -> None:
    found = refusal(at(State.RECEIVED), said(what, recipient or "TH-NSW", recipient=recipient, sequence=3))
    assert (found.code, found.pointer) == ("event.unknown-recipient", "/recipient")


@pytest.mark.parametrize("sequence", [0, 2, 4])
def test_an_event_that_has_not_seen_the_last_one_is_refused(sequence: int) -> None:
    found = refusal(at(State.RECEIVED), said(EventType.ACCEPTED, "TH-NSW", sequence=sequence))
    assert (found.code, found.status) == ("event.old-sequence", 409)
    assert (found.found, found.expected) == (str(sequence), "3")


@pytest.mark.parametrize("what", [EventType.QUERIED, EventType.REJECTED])
def test_doubt_and_refusal_have_a_reason(what: EventType) -> None:
    found = refusal(at(State.RECEIVED), said(what, "TH-NSW", sequence=3, reasons=False))
    assert (found.code, found.pointer) == ("event.reason-missing", "/reasons")


@pytest.mark.parametrize("what", [each for each in EventType if each not in KNOWN])
def test_what_is_said_of_certificates_only_is_not_said_here(what: EventType) -> None:
    found = refusal(at(State.ACCEPTED), said(what, "TH-NSW", sequence=3))
    assert (found.code, found.pointer) == ("event.not-now", "/type")
    assert "accepted" in found.expected


# --- Every family ----------------------------------------------------------------------------------------------------


def test_each_family_has_its_own_life_and_others_the_plain_one() -> None:
    assert set(lives()) >= {"bill-of-lading", "certificate", "application"}
    assert life_of("atiga-form-d/2022").family == "certificate"
    assert life_of("dcsa-transport-document/3.0") is LIFE
    assert life_of("nobody-knows/1") is PLAIN


@pytest.mark.parametrize("family", lives())
def test_a_life_is_whole(family: str) -> None:
    """Nothing leads away from a state that nothing leads to; every row has its sentence and its source."""
    life = lives()[family]
    reached = {life.first} | {row.after for row in life.transitions if row.after is not None}
    left = {state for row in life.transitions for state in row.before}
    assert left <= reached, "a row leads away from a state that nothing leads to"
    for row in life.transitions:
        assert row.sentence and row.source and row.before, row
        assert not row.forbidden or row.whole, row
        assert row.whole == (row.event in (EventType.CANCELLED, EventType.REPLACED, EventType.EXPIRED)), row


class Life(RuleBasedStateMachine):
    """Anything said by anybody at any time; what is let through must be what the contract's words allow."""

    def __init__(self) -> None:
        super().__init__()
        self.standings = {name: Standing(State.RECEIVED, 0) for name in sorted(PARTIES.recipients)}
        self.history: dict[str, list[EventType]] = {name: [] for name in self.standings}

    @rule(
        what=st.sampled_from(KNOWN),
        by=st.sampled_from(MEMBERS),
        recipient=st.sampled_from(["TH-NSW", "VN-NSW", "MY-NSW", None]),
        off=st.sampled_from([0, 0, 0, 0, -1, 1]),
        reasons=st.booleans(),
    )
    def anything(self, what: EventType, by: str, recipient: str | None, off: int, reasons: bool) -> None:
        known = self.standings.get(recipient or "", None)
        seen = known.sequence if known else max(standing.sequence for standing in self.standings.values())
        event = said(what, by, recipient=recipient, sequence=max(0, seen + off), reasons=reasons)
        outcome = apply(self.standings, event, PARTIES)
        if not isinstance(outcome, Finding):
            self._happened(event, dict(outcome))

    @rule(what=st.sampled_from(sorted(DECISIONS)), recipient=st.sampled_from(["TH-NSW", "VN-NSW"]))
    def decide(self, what: EventType, recipient: str) -> None:
        self.anything(what=what, by=recipient, recipient=recipient, off=0, reasons=True)

    @rule(recipient=st.sampled_from(["TH-NSW", "VN-NSW"]))
    def answer(self, recipient: str) -> None:
        self.anything(what=EventType.ANSWERED, by="SG-NSW", recipient=recipient, off=0, reasons=False)

    def _happened(self, event: Event, changed: dict[str, Standing]) -> None:
        highest = max(standing.sequence for standing in self.standings.values())
        if event.type is EventType.CANCELLED:
            assert set(changed) == set(self.standings)
            assert {standing.sequence for standing in changed.values()} == {highest + 1}
        else:
            (name,) = changed
            assert name == event.recipient
            assert changed[name].sequence == self.standings[name].sequence + 1
        for name, standing in changed.items():
            assert standing.state.value == event.type.value
            self.history[name].append(EventType(event.type))
        self.standings |= changed

    @invariant()
    def nothing_follows_a_final_word(self) -> None:
        for name, history in self.history.items():
            if EventType.REJECTED in history:
                rest = history[history.index(EventType.REJECTED) + 1 :]
                assert set(rest) <= {EventType.CANCELLED}, name
            if EventType.CANCELLED in history:
                assert history.index(EventType.CANCELLED) == len(history) - 1, name

    @invariant()
    def nothing_is_used_before_it_is_accepted_nor_cancelled_after(self) -> None:
        for history in self.history.values():
            if EventType.UTILISED in history:
                assert EventType.ACCEPTED in history[: history.index(EventType.UTILISED)]
        everything = {what for history in self.history.values() for what in history}
        assert not {EventType.UTILISED, EventType.CANCELLED} <= everything

    @invariant()
    def an_answer_follows_a_query(self) -> None:
        for history in self.history.values():
            for before, after in zip([None, *history], history, strict=False):
                assert after is not EventType.ANSWERED or before is EventType.QUERIED


TestLife = Life.TestCase
