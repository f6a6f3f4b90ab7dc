"""The life of a certificate and of an application, against what the contract says in words; and against a model that
knows no states at all, only what was said before."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.certificate.application import LIFE as APPLICATION
from schemas.certificate.examples import example
from schemas.certificate.life import LIFE, terms, time_given, valid_until
from schemas.certificate.model import ATIGA_FORM_D, OriginalProof, Replaced, ReplacementReason
from schemas.certificate.terms import NOT_KNOWN, TERMS, TermKind, speaks_at
from schemas.event import HUB, Actor, Event, EventType, Reason, Subject
from schemas.findings import Fidelity, Finding
from schemas.life import Check, Course, Life, Parties, Standing, State, apply

PARTIES = Parties(sender="SG-NSW", issuer="SG-MTI", recipients=frozenset({"TH-NSW", "VN-NSW"}))
IDS = count(1)
DRAW = "evt_0000000000000001"
WHOLE = {EventType.CANCELLED, EventType.REPLACED, EventType.EXPIRED}
CLOCK = {EventType.REPLACED, EventType.EXPIRED, EventType.REMINDED}
ISSUING = {EventType.ANSWERED, EventType.CANCELLED, EventType.VERIFICATION_ANSWERED}
USE = {
    "declaration": {"reference": "TH-1", "date": "2026-01-20", "country": "TH"},
    "items": [{"number": 1, "quantity": {"value": "1", "unit": "KGM"}}],
}
QUESTIONS = {"questions": [{"id": f"q{n}", "box": "8", "code": "x", "text": "Why?"} for n in (1, 2)]}
ANSWERS = {"answers": [{"question": f"q{n}", "kind": "explains", "text": "So."} for n in (1, 2)]}
BODIES: dict[EventType, dict[str, Any]] = {
    EventType.QUERIED: QUESTIONS,
    EventType.ANSWERED: ANSWERS,
    EventType.UTILISED: USE,
    EventType.COMMITTED: {"draw": DRAW},
    EventType.RELEASED: {"draw": DRAW},
    EventType.REVERSED: {"draw": DRAW},
    EventType.REPLACED: {"by": {"number": "N-2", "document": "doc_0000000000000002", "contentDigest": "0" * 64}},
    EventType.EXPIRED: {"validUntil": "2027-01-05"},
    EventType.VERIFICATION_REQUESTED: {"boxes": ["8"]},
    EventType.VERIFICATION_ANSWERED: {"result": "confirms"},
    EventType.VERIFICATION_CONCLUDED: {"outcome": "confirmed"},
    EventType.REMINDED: {"of": DRAW, "term": "answer", "deadline": "2026-04-05T09:00:00Z", "passed": False},
    EventType.ISSUED: {"certificate": {"number": "SG-2026-1"}},
}


def said(
    what: EventType,
    *,
    by: str | None = None,
    recipient: str | None = "TH-NSW",
    sequence: int = 3,
    reasons: tuple[Reason, ...] = (Reason(code="other", text="See there."),),
    **body: Any,
) -> Event:
    speaker = HUB if what in CLOCK else "SG-NSW" if what in ISSUING else recipient
    return Event(
        id=f"evt_{next(IDS):016d}",
        type=what,
        document=Subject(id="doc_0000000000000000", content_digest="0" * 64),
        recipient=None if what in WHOLE else recipient,
        expected_sequence=sequence,
        actor=Actor(member=by or speaker or "TH-NSW"),
        at=datetime(2026, 1, 20, tzinfo=UTC),
        reasons=reasons,
        body={**BODIES.get(what, {}), **body},
    )


def at(state: State, check: Check | None = None, *, ended: State | None = None, draws: int = 0) -> Course:
    asked = frozenset({"q1", "q2"}) if state is State.QUERIED else frozenset[str]()
    return Course({"TH-NSW": Standing(state, 3, check, draws, asked)}, ended)


def after(course: Course, event: Event, life: Life = LIFE) -> Course:
    outcome = apply(life, course, event, PARTIES)
    assert isinstance(outcome, Course), outcome
    return outcome


def codes(course: Course, event: Event, life: Life = LIFE) -> list[str]:
    outcome = apply(life, course, event, PARTIES)
    return [] if isinstance(outcome, Course) else [each.code for each in outcome]


def refusal(course: Course, event: Event, life: Life = LIFE) -> Finding:
    outcome = apply(life, course, event, PARTIES)
    assert not isinstance(outcome, Course) and len(outcome) == 1, outcome
    return outcome[0]


# --- By recipient ----------------------------------------------------------------------------------------------------

STATES = {
    State.ISSUED: {"examined", "accepted", "queried", "rejected"},
    State.EXAMINED: {"accepted", "queried", "rejected"},
    State.QUERIED: {"answered", "accepted", "rejected"},
    State.ANSWERED: {"accepted", "queried", "rejected"},
    State.ACCEPTED: {"utilised"},
    State.UTILISED: {"utilised", "committed", "released", "reversed"},
    State.REJECTED: {"released", "reversed"},
}
DECIDED = [
    each
    for each in EventType
    if each not in WHOLE and not each.startswith("verification") and each not in (EventType.REMINDED, EventType.ISSUED)
]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("what", DECIDED)
def test_each_state_allows_what_the_contract_lists(state: State, what: EventType) -> None:
    course, event = at(state, draws=2), said(what)
    if what.value in STATES[state]:
        standing = after(course, event).standings["TH-NSW"]
        unmoved = what in (EventType.COMMITTED, EventType.RELEASED, EventType.REVERSED)
        assert (standing.state, standing.sequence) == (state if unmoved else State(what.value), 4)
    else:
        found = refusal(course, event)
        assert (found.code, found.status) == ("event.not-now", 409)
        assert state.value in found.found
        assert all(allowed in found.expected for allowed in STATES[state])


@pytest.mark.parametrize("ended", [State.CANCELLED, State.REPLACED])
@pytest.mark.parametrize("what", [each for each in EventType if each is not EventType.ISSUED])
def test_nothing_is_said_of_a_certificate_that_is_cancelled_or_replaced(ended: State, what: EventType) -> None:
    found = refusal(at(ended, ended=ended), said(what))
    assert (found.code, found.expected) == ("event.not-now", "nothing more now")
    assert f"that is {ended}" in found.found


def test_after_expiry_draws_are_settled_and_verification_goes_on_but_nothing_is_used() -> None:
    used = at(State.UTILISED, ended=State.EXPIRED, draws=1)
    assert after(used, said(EventType.COMMITTED)).ended is State.EXPIRED
    assert after(used, said(EventType.VERIFICATION_REQUESTED)).standings["TH-NSW"].check is Check.REQUESTED
    for what in (EventType.UTILISED, EventType.CANCELLED, EventType.REPLACED, EventType.EXPIRED):
        found = refusal(used, said(what))
        assert found.code == "event.not-now" and "expired" in found.found
        assert found.clause, "a refusal tells the clause"


def test_the_last_use_taken_back_leaves_it_accepted() -> None:
    course = at(State.UTILISED, draws=2)
    course = after(course, said(EventType.RELEASED))
    assert course.standings["TH-NSW"].state is State.UTILISED
    course = after(course, said(EventType.REVERSED, sequence=4))
    assert course.standings["TH-NSW"] == Standing(State.ACCEPTED, 5)
    assert refusal(course, said(EventType.REVERSED, sequence=5)).code == "event.not-now"


@pytest.mark.parametrize("what", [each for each in EventType if each is not EventType.ISSUED])
@pytest.mark.parametrize("by", ["TH-NSW", "VN-NSW", "SG-NSW", "SG-MTI", "MY-NSW", HUB])
def test_each_event_has_its_speakers_and_nobody_else(what: EventType, by: str) -> None:
    right = {HUB} if what in CLOCK else {"SG-NSW", "SG-MTI"} if what in ISSUING else {"TH-NSW"}
    refused = codes(at(State.ISSUED), said(what, by=by))
    assert (refused == ["event.wrong-party"]) == (by not in right)


# --- The whole certificate -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [EventType.CANCELLED, EventType.REPLACED])
def test_use_anywhere_forbids_cancellation_and_replacement_and_says_why(what: EventType) -> None:
    course = Course({"TH-NSW": Standing(State.UTILISED, 3, None, 1), "VN-NSW": Standing(State.ISSUED, 0)})
    found = refusal(course, said(what))
    assert (found.code, found.status) == ("event.not-now", 409)
    assert "used" in found.message and "utilised" in found.found and found.clause
    rejected = Course({"TH-NSW": Standing(State.REJECTED, 3, None, 1), "VN-NSW": Standing(State.ISSUED, 0)})
    assert "used" in refusal(rejected, said(what)).message, "an open use counts, whatever was decided since"


def test_a_rejected_certificate_is_replaced_by_a_corrected_one() -> None:
    course = after(at(State.REJECTED), said(EventType.REPLACED))
    assert (course.ended, course.standings["TH-NSW"]) == (State.REPLACED, Standing(State.REPLACED, 4))


def test_a_certificate_that_was_rejected_everywhere_is_cancelled_so_that_what_it_drew_comes_back() -> None:
    course = after(at(State.REJECTED), said(EventType.CANCELLED))
    assert (course.ended, course.standings["TH-NSW"]) == (State.CANCELLED, Standing(State.CANCELLED, 4))


def test_what_ends_the_whole_counts_all_sequences_on() -> None:
    course = Course({"TH-NSW": Standing(State.ACCEPTED, 5), "VN-NSW": Standing(State.QUERIED, 2)})
    for what, state in (
        (EventType.CANCELLED, State.CANCELLED),
        (EventType.REPLACED, State.REPLACED),
        (EventType.EXPIRED, State.EXPIRED),
    ):
        outcome = after(course, said(what, sequence=5))
        assert outcome.ended is state
        assert outcome.standings == {name: Standing(state, 6) for name in ("TH-NSW", "VN-NSW")}


def test_expiry_leaves_what_was_used_or_refused_as_it_is() -> None:
    course = Course({"TH-NSW": Standing(State.UTILISED, 5, None, 2), "VN-NSW": Standing(State.REJECTED, 2)})
    outcome = after(course, said(EventType.EXPIRED, sequence=5))
    assert outcome.ended is State.EXPIRED
    assert {name: each.state for name, each in outcome.standings.items()} == {
        "TH-NSW": State.UTILISED,
        "VN-NSW": State.REJECTED,
    }


# --- Questions -------------------------------------------------------------------------------------------------------


def test_each_question_is_answered_and_no_other() -> None:
    course = after(at(State.ISSUED), said(EventType.QUERIED))
    assert course.standings["TH-NSW"].asked == {"q1", "q2"}
    half: dict[str, Any] = {"answers": [{"question": "q1", "kind": "explains", "text": "So."}]}
    found = refusal(course, said(EventType.ANSWERED, sequence=4, **half))
    assert (found.code, found.expected) == ("event.question-open", "q2")
    other: dict[str, Any] = {"answers": [*ANSWERS["answers"], {"question": "q9", "kind": "explains", "text": "So."}]}
    found = refusal(course, said(EventType.ANSWERED, sequence=4, **other))
    assert (found.code, found.pointer, found.expected) == (
        "event.question-unknown",
        "/body/answers/2/question",
        "q1, q2",
    )
    answered = after(course, said(EventType.ANSWERED, sequence=4))
    assert answered.standings["TH-NSW"] == Standing(State.ANSWERED, 5)


def test_an_answer_in_words_alone_holds_for_all_questions() -> None:
    words = said(EventType.ANSWERED, answers=[], text="The list is attached.")
    assert after(at(State.QUERIED), words).standings["TH-NSW"].state is State.ANSWERED


def test_an_answer_says_something() -> None:
    assert codes(at(State.QUERIED), said(EventType.ANSWERED, answers=[], reasons=())) == ["event.answer-missing"]
    assert codes(at(State.QUERIED), said(EventType.ANSWERED, answers=[])) == [], "reasons do, of a partner's own form"


def test_a_query_asks_questions_or_gives_reasons() -> None:
    assert codes(at(State.ISSUED), said(EventType.QUERIED, questions=[], reasons=())) == ["event.reason-missing"]
    assert codes(at(State.ISSUED), said(EventType.QUERIED, reasons=())) == []
    asked = after(at(State.ISSUED), said(EventType.QUERIED, questions=[])).standings["TH-NSW"].asked
    assert asked == {"r1"}, "a partner's reasons stand for questions"


def test_minor_discrepancies_refuse_nothing_by_themselves() -> None:
    minor = (Reason(code="vessel", box="3", text="Another voyage.", minor=True),)
    found = refusal(at(State.EXAMINED), said(EventType.REJECTED, reasons=minor))
    assert (found.code, found.pointer) == ("event.reason-minor-only", "/reasons")
    assert codes(at(State.EXAMINED), said(EventType.REJECTED, reasons=(*minor, Reason(code="origin")))) == []
    assert codes(at(State.EXAMINED), said(EventType.ACCEPTED, reasons=minor)) == [], "they are listed"


@pytest.mark.parametrize("what", [EventType.REJECTED, EventType.REVERSED, EventType.VERIFICATION_REQUESTED])
def test_doubt_refusal_and_reversal_have_a_reason(what: EventType) -> None:
    state = State.UTILISED if what is EventType.REVERSED else State.ISSUED
    assert codes(at(state, draws=1), said(what, reasons=())) == ["event.reason-missing"]


def test_a_body_that_is_wrong_refuses_with_all_that_is_wrong() -> None:
    wrong = said(EventType.UTILISED, declaration={}, draw="maybe")
    assert codes(at(State.ACCEPTED), wrong) == ["event.body-malformed"] * 4


# --- Retroactive verification ----------------------------------------------------------------------------------------

CHECKS = {
    None: {"requested"},
    Check.REQUESTED: {"answered", "confirmed", "reminded", "passed"},
    Check.OVERDUE: {"answered", "confirmed", "no-answer", "reminded"},
    Check.ANSWERED: {"requested", "confirmed", "not-confirmed", "reminded"},
    Check.CONFIRMED: {"requested"},
    Check.NOT_CONFIRMED: {"requested"},
    Check.NO_ANSWER: {"requested"},
}
VERIFYING = {
    "requested": said(EventType.VERIFICATION_REQUESTED),
    "answered": said(EventType.VERIFICATION_ANSWERED),
    "confirmed": said(EventType.VERIFICATION_CONCLUDED),
    "not-confirmed": said(EventType.VERIFICATION_CONCLUDED, outcome="not-confirmed"),
    "no-answer": said(EventType.VERIFICATION_CONCLUDED, outcome="no-answer"),
    "reminded": said(EventType.REMINDED),
    "passed": said(EventType.REMINDED, passed=True),
}
LEADS = {"passed": Check.OVERDUE, "reminded": None} | {each.value: each for each in Check if each is not Check.OVERDUE}


@pytest.mark.parametrize("state", [State.ISSUED, State.ACCEPTED, State.UTILISED, State.REJECTED])
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("what", VERIFYING)
def test_verification_goes_its_own_way_beside_the_state(state: State, check: Check | None, what: str) -> None:
    course = at(state, check)
    lenient = what == "passed" and check in (Check.OVERDUE, Check.ANSWERED)  # said again, it changes nothing
    if what in CHECKS[check] or lenient:
        standing = after(course, VERIFYING[what]).standings["TH-NSW"]
        stays = what == "reminded" or lenient
        assert (standing.state, standing.check) == (state, check if stays else LEADS[what])
    else:
        found = refusal(course, VERIFYING[what])
        assert found.code == "event.not-now"
        assert (check.value if check else "not being verified") in found.found


@pytest.mark.parametrize("check", [None, *Check])
@pytest.mark.parametrize("state", [State.ACCEPTED, State.UTILISED])
def test_an_acceptance_is_taken_back_only_where_verification_failed(state: State, check: Check | None) -> None:
    failed = check in (Check.NOT_CONFIRMED, Check.NO_ANSWER)
    assert codes(at(state, check), said(EventType.REJECTED)) == ([] if failed else ["event.not-now"])


def test_a_conclusion_that_denies_has_reasons() -> None:
    denied = said(EventType.VERIFICATION_CONCLUDED, outcome="not-confirmed", reasons=())
    assert codes(at(State.ACCEPTED, Check.ANSWERED), denied) == ["event.reason-missing"]
    unknown = said(EventType.VERIFICATION_CONCLUDED, outcome="perhaps")
    assert codes(at(State.ACCEPTED, Check.ANSWERED), unknown) == ["event.body-malformed"]


def test_a_random_check_needs_no_reason() -> None:
    assert codes(at(State.ACCEPTED), said(EventType.VERIFICATION_REQUESTED, boxes=[], random=True, reasons=())) == []


# --- Terms and validity ----------------------------------------------------------------------------------------------

START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agreement", "answer", "further", "result"),
    [
        ("atiga", "2026-05-01", "2026-05-01", "2026-07-30"),
        ("ajcep", "2026-04-30", "2026-04-30", None),
        ("rcep", "2026-05-01", "2026-05-01", "2026-07-30"),
        ("jtepa", "2026-04-30", "2026-03-31", None),
        ("jiepa", "2026-07-31", "2026-05-31", None),
    ],
)
def test_terms_end_where_the_agreement_says(agreement: str, answer: str, further: str, result: str | None) -> None:
    own = TERMS[agreement]
    assert own.answer.end(START).date().isoformat() == answer
    assert own.further.end(START).date().isoformat() == further
    assert (own.result.end(START).date().isoformat() if own.result else None) == result


def test_only_what_was_read_is_exact() -> None:
    exact = {name for name, own in TERMS.items() if own.answer.fidelity is Fidelity.EXACT}
    assert exact == {"rcep", "jtepa", "jiepa"}
    assert NOT_KNOWN.answer.fidelity is Fidelity.INVENTED
    assert terms("nobody-knows/1") is NOT_KNOWN
    assert terms(ATIGA_FORM_D) is TERMS["atiga"]


@pytest.mark.parametrize(("days", "ends"), [(30, "2026-03-02"), (90, "2026-05-01")])
def test_under_rcep_the_requesting_side_gives_30_to_90_days(days: int, ends: str) -> None:
    request = said(EventType.VERIFICATION_REQUESTED, days=days)
    assert time_given(request, "rcep-co/2022") == ()
    assert TERMS["rcep"].answer.end(START, days).date().isoformat() == ends


@pytest.mark.parametrize(("profile", "days"), [("rcep-co/2022", 29), ("rcep-co/2022", 91), (ATIGA_FORM_D, 60)])
def test_more_or_less_time_than_the_agreement_allows_is_refused(profile: str, days: int) -> None:
    (found,) = time_given(said(EventType.VERIFICATION_REQUESTED, days=days), profile)
    assert (found.code, found.pointer, found.found) == ("event.term-out-of-bounds", "/body/days", f"{days} days")
    assert found.clause


def test_the_clock_speaks_30_and_7_days_before_the_end_and_at_it() -> None:
    end = START + timedelta(days=90)
    spoken: list[datetime] = []
    last = None
    while (last := speaks_at(START, end, last)) is not None:
        spoken.append(last)
    assert spoken == [end - timedelta(days=30), end - timedelta(days=7), end]
    assert speaks_at(START, START + timedelta(days=5)) == START + timedelta(days=5), "a short term has its end only"
    assert speaks_at(START, end, end) is None
    assert TermKind("answer") is TermKind.ANSWER


def test_validity_ends_a_year_after_issue_or_with_what_it_rests_on() -> None:
    certificate = example(ATIGA_FORM_D, exporter="SG", importer="TH", number="SG-1", variant=0)
    issued = certificate.certification.date
    plain = certificate.model_copy(update={"original_proof": None, "replaces": None})
    assert valid_until(plain) == issued.replace(year=issued.year + 1)
    lost = Replaced(number="SG-0", date=issued - timedelta(days=100), reason=ReplacementReason.LOST)
    assert valid_until(plain.model_copy(update={"replaces": lost})) == lost.date.replace(year=lost.date.year + 1)
    corrected = lost.model_copy(update={"reason": ReplacementReason.CORRECTED})
    assert valid_until(plain.model_copy(update={"replaces": corrected})) == valid_until(plain)
    proof = OriginalProof(number="JP-1", date=issued, country="JP", valid_until=date(2026, 3, 1))
    assert valid_until(plain.model_copy(update={"original_proof": proof})) == date(2026, 3, 1)
    assert LIFE.ends(plain) == valid_until(plain)


# --- Application -----------------------------------------------------------------------------------------------------

STEPS = {
    State.APPLIED: {"examined", "queried", "rejected", "issued", "cancelled"},
    State.EXAMINED: {"queried", "rejected", "issued", "cancelled"},
    State.QUERIED: {"answered", "rejected", "issued", "cancelled"},
    State.ANSWERED: {"queried", "rejected", "issued", "cancelled"},
    State.REJECTED: set[str](),
    State.ISSUED: set[str](),
}


@pytest.mark.parametrize("state", STEPS)
@pytest.mark.parametrize("what", EventType)
def test_an_application_is_asked_about_refused_or_issued(state: State, what: EventType) -> None:
    outcome = codes(at(state), said(what), APPLICATION)
    assert outcome == ([] if what.value in STEPS[state] else ["event.not-now"])


def test_what_was_issued_is_not_withdrawn() -> None:
    assert "decided" in refusal(at(State.ISSUED), said(EventType.CANCELLED), APPLICATION).message


# --- Against a model -------------------------------------------------------------------------------------------------

RECIPIENTS = ["TH-NSW", "VN-NSW"]
LAST_WORDS = ("examined", "queried", "answered", "accepted", "rejected")


class History:
    """What was said of one certificate at one recipient. Knows no states: asks what was said before."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def last(self, among: Iterable[str]) -> str | None:
        wanted = set(among)
        return next((each for each in reversed(self.said) if each in wanted), None)

    @property
    def uses(self) -> int:
        return self.said.count("utilised") - self.said.count("released") - self.said.count("reversed")

    @property
    def check(self) -> str | None:
        return self.last(("requested", "passed", "checked", "confirmed", "not-confirmed", "no-answer"))

    def may(self, what: str, *, expired: bool) -> bool:
        word, check = self.last(LAST_WORDS), self.check
        undecided = word not in ("accepted", "rejected")
        failed = check in ("not-confirmed", "no-answer")
        match what:
            case "examined":
                return word is None and not expired
            case "accepted":
                return undecided and not expired
            case "queried":
                return undecided and word != "queried" and not expired
            case "answered":
                return word == "queried" and not expired
            case "rejected":
                first, later = undecided and not expired, failed and (expired or word == "accepted")
                return word != "rejected" and (first or later)
            case "utilised":
                return word == "accepted" and not expired
            case "committed":
                return self.uses > 0 and word == "accepted"
            case "released" | "reversed":
                return self.uses > 0
            case "requested":
                return check not in ("requested", "passed")
            case "checked":
                return check in ("requested", "passed")
            case "passed" | "reminded":
                return check in ("requested", "passed", "checked")
            case "confirmed":
                return check in ("requested", "passed", "checked")
            case "not-confirmed":
                return check == "checked"
            case "no-answer":
                return check == "passed"
        raise ValueError(what)


SAYINGS = {
    "requested": VERIFYING["requested"],
    "checked": VERIFYING["answered"],
    "confirmed": VERIFYING["confirmed"],
    "not-confirmed": VERIFYING["not-confirmed"],
    "no-answer": VERIFYING["no-answer"],
    "reminded": VERIFYING["reminded"],
    "passed": VERIFYING["passed"],
} | {each.value: said(each) for each in DECIDED}


class CertificateLife(RuleBasedStateMachine):
    """Anything said at any time, in order: what is let through is what the model's words allow, and the other way."""

    @initialize()
    def issued(self) -> None:
        self.course = Course({name: Standing(State.ISSUED, 0) for name in RECIPIENTS})
        self.histories = {name: History() for name in RECIPIENTS}
        self.ended: str | None = None

    @rule(what=st.sampled_from(sorted(SAYINGS)), recipient=st.sampled_from(RECIPIENTS), likely=st.booleans())
    def say(self, what: str, recipient: str, likely: bool) -> None:
        history = self.histories[recipient]
        may = self.ended in (None, "expired") and history.may(what, expired=self.ended == "expired")
        if likely and not may:
            return
        pattern = SAYINGS[what]
        speaker = recipient if pattern.actor.member == "TH-NSW" else pattern.actor.member
        event = pattern.model_copy(
            update={
                "recipient": recipient,
                "expected_sequence": self.course.standings[recipient].sequence,
                "actor": Actor(member=speaker),
            }
        )
        outcome = apply(LIFE, self.course, event, PARTIES)
        assert isinstance(outcome, Course) == may, (what, history.said, self.ended, outcome)
        if isinstance(outcome, Course):
            other = next(name for name in RECIPIENTS if name != recipient)
            assert outcome.standings[other] == self.course.standings[other], "another recipient's is not touched"
            again = what == "passed" and history.check != "requested"
            history.said.append("reminded" if again else what)
            self.course = outcome
        else:
            assert [each.code for each in outcome] == ["event.not-now"]

    @rule(what=st.sampled_from(sorted(WHOLE)), seldom=st.integers(0, 4))
    def end(self, what: EventType, seldom: int) -> None:
        if seldom:
            return
        used = any(history.uses > 0 for history in self.histories.values())
        refused = all(history.last(LAST_WORDS) == "rejected" for history in self.histories.values())
        may = self.ended is None and not (used and what is not EventType.EXPIRED)
        may = may and not (refused and what is EventType.CANCELLED)
        outcome = apply(LIFE, self.course, said(what, sequence=self.course.highest), PARTIES)
        assert isinstance(outcome, Course) == may, (what, outcome)
        if isinstance(outcome, Course):
            self.course, self.ended = outcome, what.value

    @rule(
        what=st.sampled_from(EventType),
        by=st.sampled_from(["TH-NSW", "VN-NSW", "SG-NSW", "SG-MTI", "MY-NSW", HUB]),
        off=st.sampled_from([-1, 1]),
    )
    def say_out_of_order(self, what: EventType, by: str, off: int) -> None:
        """Replayed, or ahead: nothing is changed, whoever says it."""
        sequence = (self.course.highest if what in WHOLE else self.course.standings["TH-NSW"].sequence) + off
        if sequence >= 0:
            assert not isinstance(apply(LIFE, self.course, said(what, by=by, sequence=sequence), PARTIES), Course)

    @invariant()
    def uses_are_counted(self) -> None:
        for name, history in self.histories.items():
            standing = self.course.standings[name]
            assert standing.draws == history.uses
            if standing.state is State.UTILISED:
                assert history.uses > 0
            if self.ended == "cancelled":
                assert history.uses == 0


TestCertificateLife = CertificateLife.TestCase
