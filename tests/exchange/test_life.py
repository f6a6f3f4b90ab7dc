"""The life of certificates at the hub: questions, verification with its terms, expiry, replacement, applications.

The business clock stands still; a hub over the same store, started at another time, is the clock moved.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas.certificate.application import Application, example
from schemas.certificate.model import Certificate, Replaced, ReplacementReason
from schemas.content import Syntax
from schemas.event import HUB, EventType, Reason
from tests.exchange.cast import NOW, Cast, certificate, description, document, encoded, event, refused_by, signed
from tests.exchange.running import hub_in_thread
from tradebridge.calls import Accepted
from tradebridge.client import EventAccepted, Refused

SAYS = EventType
REQUEST = {"boxes": ["8", "9"]}
DOUBT = (Reason(code="atiga.rvc-below-threshold", box="8", text="The content seems too low."),)


@contextmanager
def at(folder: Path, moment: datetime) -> Iterator[Cast]:
    """The hub over this store when the business clock shows `moment`. Whoever is there has joined."""
    with hub_in_thread(folder, clock=moment) as running:
        if not running.operator.members().items:
            running.join(
                JP_JCCI={"roles": ["issuer", "sender", "recipient"], "accepts": ["co-application/1"]},
                OLD_EXPORT={"sends": ["co-application/1"], "kind": "platform"},
            )
        running.now = moment  # type: ignore[attr-defined]  # for `say`
        yield running


def say(cast: Cast, about: Accepted, kind: EventType, by: str, sequence: int, **changes: Any) -> EventAccepted:
    moment = getattr(cast, "now", NOW)
    token = event(kind, about.id, about.content_digest, by, sequence=sequence, **{"at": moment, **changes})
    return cast[by].send_event(about.id, token)


def standing(cast: Cast, about: Accepted, recipient: str = "TH-NSW") -> tuple[str, int, str | None]:
    own = cast.operator.summary(about.id)["recipients"][recipient]
    return (own["state"], own["sequence"], own.get("verification"))


def told(cast: Cast, about: Accepted) -> list[tuple[str, str, str | None]]:
    """Who said what about whom, in the order of the record."""
    entries = cast.operator.timeline(about.id)["entries"]
    return [(each["member"], each["type"], each["recipient"]) for each in entries if each["kind"] == "event"]


def soon(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 10
    while not (seen := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return seen


def is_expired(cast: Cast, about: Accepted) -> bool:
    return bool(cast.operator.summary(about.id)["state"] == "expired")


def submit(cast: Cast, number: str, to: tuple[str, ...] = ("TH-NSW",), **facts: Any) -> Accepted:
    return cast["SG-NSW"].submit(certificate(number, **facts), to)


# --- Questions -------------------------------------------------------------------------------------------------------

QUERY = {
    "questions": [
        {"id": "box8", "box": "8", "code": "atiga.rvc-below-threshold", "text": "Which materials are not originating?"},
        {"id": "box3", "box": "3", "code": "vessel", "text": "Another voyage on the B/L.", "minor": True},
    ]
}
ANSWER = {
    "answers": [
        {"question": "box8", "kind": "explains", "text": "The yarn, 12 % of the value."},
        {"question": "box3", "kind": "corrects", "text": "The ship was changed.", "value": "012W"},
    ]
}


def test_questions_are_answered_box_by_box_and_the_timeline_has_both_with_the_time_each_side_took(
    tmp_path: Path,
) -> None:
    with at(tmp_path, NOW) as cast:
        one = submit(cast, "SG-2026-03001")
        say(cast, one, SAYS.EXAMINED, "TH-NSW", 0)
    with at(tmp_path, NOW + timedelta(hours=5)) as cast:
        say(cast, one, SAYS.QUERIED, "TH-NSW", 1, body=QUERY, reasons=())
    with at(tmp_path, NOW + timedelta(hours=29)) as cast:
        half = {"answers": ANSWER["answers"][:1]}
        refused = refused_by(say, cast, one, SAYS.ANSWERED, "SG-NSW", 2, body=half)
        assert [(each.code, each.expected) for each in refused.findings] == [("event.question-open", "box3")]
        say(cast, one, SAYS.ANSWERED, "SG-NSW", 2, body=ANSWER)
    with at(tmp_path, NOW + timedelta(hours=30)) as cast:
        say(cast, one, SAYS.ACCEPTED, "TH-NSW", 3)
        entries = [each for each in cast["TH-NSW"].timeline(one.id)["entries"] if each["kind"] == "event"]
    took = [(each["type"], each["took"]["side"], each["took"]["seconds"]) for each in entries if "took" in each]
    assert took == [
        ("examined", "recipient", 0),
        ("queried", "recipient", 5 * 3600),
        ("answered", "issuing side", 24 * 3600),
        ("accepted", "recipient", 3600),
    ]
    queried, answered = entries[1], entries[2]
    assert queried["said"]["body"] == QUERY
    assert answered["said"]["body"] == ANSWER
    assert answered["said"]["actor"] == {"member": "SG-NSW", "person": "Officer 1", "role": "officer"}


def test_a_rejection_for_minor_discrepancies_alone_changes_nothing(cast: Cast) -> None:
    one = submit(cast, "SG-2026-03002")
    minor = (Reason(code="vessel", box="3", text="Another voyage.", minor=True),)
    refused = refused_by(say, cast, one, SAYS.REJECTED, "TH-NSW", 0, reasons=minor)
    assert (refused.code, refused.findings[0].clause) == (
        "event.reason-minor-only",
        "Annex 8, Rule 16; RCEP Article 3.26",
    )
    assert standing(cast, one) == ("issued", 0, None)
    say(cast, one, SAYS.ACCEPTED, "TH-NSW", 0, reasons=minor)
    (entry,) = [each for each in cast["SG-NSW"].timeline(one.id)["entries"] if each["kind"] == "event"]
    assert entry["said"]["reasons"] == [
        {"code": "vessel", "pointer": "", "box": "3", "text": "Another voyage.", "minor": True}
    ]


# --- Verification ----------------------------------------------------------------------------------------------------


def test_a_verification_is_asked_for_answered_and_concluded(cast: Cast) -> None:
    one = submit(cast, "SG-2026-03010")
    say(cast, one, SAYS.ACCEPTED, "TH-NSW", 0)
    asked = say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 1, body=REQUEST, reasons=DOUBT)
    assert (asked.raw["state"], asked.raw["verification"]) == ("accepted", "requested")
    assert len(cast["SG-NSW"].inbox()) == 2, "the issuing side is told"
    body = {"result": "confirms", "boxes": [{"box": "8", "result": "confirms", "text": "The cost sheet was seen."}]}
    say(cast, one, SAYS.VERIFICATION_ANSWERED, "SG-NSW", 2, body=body)
    assert len(cast["TH-NSW"].inbox()) == 2, "the certificate, and the answer"
    say(cast, one, SAYS.VERIFICATION_CONCLUDED, "TH-NSW", 3, body={"outcome": "confirmed"})
    assert standing(cast, one) == ("accepted", 4, "confirmed")


def test_when_nobody_answers_the_clock_says_so_and_the_requesting_side_concludes(tmp_path: Path) -> None:
    with at(tmp_path, NOW) as cast:
        one = submit(cast, "SG-2026-03011")
        say(cast, one, SAYS.ACCEPTED, "TH-NSW", 0)
        say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 1, body=REQUEST, reasons=DOUBT)
        early = refused_by(say, cast, one, SAYS.VERIFICATION_CONCLUDED, "TH-NSW", 2, body={"outcome": "no-answer"})
        assert early.code == "event.not-now"
        assert (
            early.findings[0].found == "verification-concluded of a document that is accepted, verification requested"
        )
        assert early.findings[0].clause == "Article 45(3)"
    with at(tmp_path, NOW + timedelta(days=61)) as cast:  # 90 days under ATIGA, less the 30 of the first reminder
        soon(lambda: (HUB, "reminded", "TH-NSW") in told(cast, one))
        assert standing(cast, one) == ("accepted", 3, "requested")
    with at(tmp_path, NOW + timedelta(days=91)) as cast:
        soon(lambda: standing(cast, one) == ("accepted", 4, "overdue"))
        say(cast, one, SAYS.VERIFICATION_CONCLUDED, "TH-NSW", 4, body={"outcome": "no-answer"})
        say(cast, one, SAYS.REJECTED, "TH-NSW", 5)
        assert standing(cast, one) == ("rejected", 6, "no-answer")
        reminders = [
            each["said"] for each in cast["SG-NSW"].timeline(one.id)["entries"] if each.get("type") == "reminded"
        ]
        due = "2026-04-05T09:00:00Z"
        assert [(each["body"]["deadline"], each["body"]["passed"]) for each in reminders] == [(due, False), (due, True)]
        assert {each["actor"]["role"] for each in reminders} == {"clock"}
        assert len(cast["TH-NSW"].inbox()) == 3, "the certificate and two reminders"
    with at(tmp_path, NOW + timedelta(days=300)) as cast:
        time.sleep(1)
        assert len(told(cast, one)) == 6, "what is concluded is not reminded of"


def reminders(cast: Cast, about: Accepted) -> list[tuple[str, str, bool]]:
    """Term, deadline, and whether it has passed, as the hub's clock has said."""
    entries = [each for each in cast.operator.timeline(about.id)["entries"] if each.get("type") == "reminded"]
    said = [each["said"]["body"] for each in entries]
    return [(each["term"], each["deadline"][:10], each["passed"]) for each in said]


def test_an_answer_settles_its_term_and_a_conclusion_all(tmp_path: Path) -> None:
    with at(tmp_path, NOW) as cast:
        answered, concluded = submit(cast, "SG-2026-03015"), submit(cast, "SG-2026-03016")
        for one in (answered, concluded):
            say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 0, body=REQUEST, reasons=DOUBT)
            say(cast, one, SAYS.VERIFICATION_ANSWERED, "SG-NSW", 1, body={"result": "confirms"})
        say(cast, concluded, SAYS.VERIFICATION_CONCLUDED, "TH-NSW", 2, body={"outcome": "confirmed"})
    with at(tmp_path, NOW + timedelta(days=120)) as cast:
        time.sleep(1)
        assert reminders(cast, answered) == [], "the answer is there; the 180 days run on"
    with at(tmp_path, NOW + timedelta(days=181)) as cast:
        soon(lambda: reminders(cast, answered))
        assert reminders(cast, answered) == [("result", "2026-07-04", True)]
        assert reminders(cast, concluded) == []
        assert standing(cast, answered) == ("issued", 3, "answered")


def test_under_jtepa_an_answer_has_three_months_and_a_further_one_two(tmp_path: Path) -> None:
    profile = "jtepa-co/2007"
    with hub_in_thread(tmp_path) as cast:
        cast.join(JP_JCCI={"sends": [profile]}, TH_NSW={"accepts": [profile]})
        one = cast["JP-JCCI"].submit(certificate("JP-2026-1", by="JP-JCCI", profile=profile, exporter="JP"), ["TH-NSW"])
        say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 0, body=REQUEST, reasons=DOUBT)
    with at(tmp_path, NOW.replace(month=4, hour=8)) as cast:
        soon(lambda: reminders(cast, one) == [("answer", "2026-04-05", False)])
    with at(tmp_path, NOW.replace(month=4, hour=10)) as cast:
        soon(lambda: standing(cast, one) == ("issued", 3, "overdue"))
        say(cast, one, SAYS.VERIFICATION_ANSWERED, "JP-JCCI", 3, body={"result": "corrects"})
        say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 4, body=REQUEST, reasons=DOUBT)
    with at(tmp_path, NOW.replace(month=6, hour=11)) as cast:
        soon(lambda: standing(cast, one) == ("issued", 6, "overdue"))
        assert reminders(cast, one)[-1] == ("answer", "2026-06-05", True)


def test_a_late_answer_is_still_an_answer(tmp_path: Path) -> None:
    with at(tmp_path, NOW) as cast:
        one = submit(cast, "SG-2026-03012")
        say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 0, body={"random": True}, reasons=())
    with at(tmp_path, NOW + timedelta(days=91)) as cast:
        soon(lambda: standing(cast, one) == ("issued", 2, "overdue"))
        say(cast, one, SAYS.VERIFICATION_ANSWERED, "SG-NSW", 2, body={"result": "confirms"})
        assert standing(cast, one) == ("issued", 3, "answered")


@pytest.mark.parametrize(("days", "code"), [(29, "event.term-out-of-bounds"), (30, "accepted")])
def test_under_rcep_the_time_given_has_bounds(cast: Cast, days: int, code: str) -> None:
    one = submit(cast, "SG-2026-03013", ("TH-NSW",), profile="rcep-co/2022")
    try:
        say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 0, body={**REQUEST, "days": days}, reasons=DOUBT)
        outcome = "accepted"
    except Refused as refused:
        outcome = refused.code
        assert standing(cast, one) == ("issued", 0, None)
    assert outcome == code


def test_the_hubs_own_words_hold_in_the_evidence(tmp_path: Path) -> None:
    from tradebridge.evidence.trust import TrustList
    from tradebridge.evidence.verify import verify_evidence

    with at(tmp_path, NOW) as cast:
        one = submit(cast, "SG-2026-03014")
        say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 0, body=REQUEST, reasons=DOUBT)
    late = NOW + timedelta(days=400)
    with at(tmp_path, late) as cast:
        soon(partial(is_expired, cast, one))

        def complete() -> dict[str, Any] | None:
            found = cast["SG-NSW"].evidence(one.id)
            return found if all(each["inclusion"] for each in found["messages"]) else None

        evidence = soon(complete)
        report = verify_evidence(evidence, TrustList.from_json(cast.operator.trust()), late)
        assert report.valid.verdict.value == "no"
        assert [each.code for each in report.valid.findings] == ["evidence.expired"]
        assert report.recorded.verdict.value == "yes"


# --- Expiry ----------------------------------------------------------------------------------------------------------


def test_a_certificate_expires_when_its_last_day_has_ended_everywhere(tmp_path: Path) -> None:
    with at(tmp_path, NOW) as cast:
        one = submit(cast, "SG-2026-03020", ("TH-NSW", "VN-NSW"))
        used = submit(cast, "SG-2026-03021")
        for sequence, kind in enumerate((SAYS.ACCEPTED, SAYS.UTILISED)):
            say(cast, used, kind, "TH-NSW", sequence)
        issued = cast["SG-NSW"].get(one.id, accept="application/json").data
    last = date.fromisoformat(json.loads(issued)["certification"]["date"]).replace(year=2027)
    with at(tmp_path, datetime(last.year, last.month, last.day, 23, tzinfo=UTC) + timedelta(hours=12)) as cast:
        time.sleep(1)
        assert cast.operator.summary(one.id)["state"] == "live", "somewhere it is still the last day"
    with at(tmp_path, datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1, hours=12)) as cast:
        soon(partial(is_expired, cast, one))
        soon(partial(is_expired, cast, used))
        assert standing(cast, one) == ("expired", 1, None)
        assert standing(cast, used) == ("utilised", 3, None), "what was used stays so"
        assert told(cast, one) == [(HUB, "expired", None)]
        assert {len(cast[name].inbox()) for name in ("VN-NSW",)} == {2}, "every recipient is told"
        for kind, sequence in ((SAYS.ACCEPTED, 1), (SAYS.QUERIED, 1)):
            refused = refused_by(say, cast, one, kind, "TH-NSW", sequence)
            assert (refused.code, "expired" in refused.findings[0].found) == ("event.not-now", True)
        refused = refused_by(say, cast, used, SAYS.UTILISED, "TH-NSW", 3)
        assert refused.code == "event.not-now"
        listed = cast.operator.documents(state="expired").items
        assert {each["id"] for each in listed} == {one.id, used.id}


def test_an_event_meets_the_clock_before_it_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However late the hub looks at its clock by itself: nothing is decided on what has expired."""
    with at(tmp_path, NOW) as cast:
        one = submit(cast, "SG-2026-03022")

    async def never(hub: object) -> int:
        return 0

    monkeypatch.setattr("exchange.clockwork.run_once", never)
    with at(tmp_path, NOW + timedelta(days=400)) as cast:
        assert cast.operator.summary(one.id)["state"] == "live"
        refused = refused_by(say, cast, one, SAYS.ACCEPTED, "TH-NSW", 0)
        assert {each.code for each in refused.findings} == {"event.old-sequence"}
        assert told(cast, one) == [(HUB, "expired", None)]
        refused = refused_by(say, cast, one, SAYS.ACCEPTED, "TH-NSW", 1)
        assert refused.findings[0].found == "accepted of a document that is expired"


def test_two_hubs_over_one_store_say_it_once(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path / "first", database_url) as cast:
        cast.join()
        several = [submit(cast, f"SG-2026-0303{number}") for number in range(5)]
        for one in several:
            say(cast, one, SAYS.VERIFICATION_REQUESTED, "TH-NSW", 0, body=REQUEST, reasons=DOUBT)
    late = NOW + timedelta(days=400)
    with (
        hub_in_thread(tmp_path / "first", database_url, clock=late) as first,
        hub_in_thread(tmp_path / "second", database_url, clock=late) as second,
    ):
        for one in several:
            soon(partial(is_expired, second, one))
        time.sleep(1)
        for one in several:
            own = [each for each in told(first, one) if each[0] == HUB]
            assert sorted(own, key=str) == sorted(
                [(HUB, "expired", None), (HUB, "reminded", "TH-NSW"), (HUB, "reminded", "TH-NSW")], key=str
            )  # one for the answer, one for the result


# --- Replacement -----------------------------------------------------------------------------------------------------


def replacement(
    number: str, old: str, *, reason: ReplacementReason = ReplacementReason.CORRECTED, by: str = "SG-NSW"
) -> bytes:
    made = document(number)
    assert isinstance(made, Certificate)
    replaced = Replaced(number=old, date=made.certification.date, reason=reason)
    return signed(made.model_copy(update={"replaces": replaced}), by)


@pytest.mark.parametrize("reason", ReplacementReason)
def test_a_replacing_certificate_ends_the_old_one_in_the_same_transaction(
    cast: Cast, reason: ReplacementReason
) -> None:
    old = submit(cast, "SG-2026-03040", ("TH-NSW", "VN-NSW"))
    say(cast, old, SAYS.QUERIED, "TH-NSW", 0)
    new = cast["SG-NSW"].submit(replacement("SG-2026-03041", "SG-2026-03040", reason=reason), ["TH-NSW"])
    assert cast.operator.summary(old.id)["state"] == "replaced"
    assert {standing(cast, old, name) for name in ("TH-NSW", "VN-NSW")} == {("replaced", 2, None)}
    assert told(cast, old)[-1] == (HUB, "replaced", None)
    (entry,) = [each for each in cast["VN-NSW"].timeline(old.id)["entries"] if each.get("type") == "replaced"]
    assert entry["said"]["body"]["by"] == {
        "number": "SG-2026-03041",
        "document": new.id,
        "contentDigest": new.content_digest,
    }
    assert entry["said"]["actor"] == {"member": HUB, "role": "record"}
    assert len(cast["VN-NSW"].inbox()) == 2, "told, though the new one is not for it"
    refused = refused_by(say, cast, old, SAYS.ACCEPTED, "TH-NSW", 2)
    assert refused.findings[0].found == "accepted of a document that is replaced"
    say(cast, new, SAYS.ACCEPTED, "TH-NSW", 0)


def test_what_was_used_is_not_replaced_nor_cancelled_and_the_new_one_is_refused_whole(cast: Cast) -> None:
    old = submit(cast, "SG-2026-03042")
    say(cast, old, SAYS.ACCEPTED, "TH-NSW", 0)
    say(cast, old, SAYS.UTILISED, "TH-NSW", 1)
    before = cast.operator.summary(old.id)
    refused = refused_by(cast["SG-NSW"].submit, replacement("SG-2026-03043", "SG-2026-03042"), ["TH-NSW"])
    assert refused.status == 409
    found = next(each for each in refused.findings if each.code == "event.not-now")
    assert "used" in found.message and "utilised" in found.found and "3.17(5)(a)" in found.clause
    refused = refused_by(say, cast, old, SAYS.CANCELLED, "SG-NSW", 2, recipient=None)
    assert (refused.code, refused.findings[0].clause) == ("event.not-now", "Article 45(2)")
    assert cast.operator.summary(old.id) == before
    assert len(cast.operator.documents().items) == 1, "nothing of the new one is kept"


def test_after_its_uses_are_reversed_it_can_be_replaced(cast: Cast) -> None:
    old = submit(cast, "SG-2026-03044")
    say(cast, old, SAYS.ACCEPTED, "TH-NSW", 0)
    use = say(cast, old, SAYS.UTILISED, "TH-NSW", 1)
    say(cast, old, SAYS.REVERSED, "TH-NSW", 2, body={"draw": use.id}, reasons=DOUBT)
    assert standing(cast, old) == ("accepted", 3, None)
    cast["SG-NSW"].submit(replacement("SG-2026-03045", "SG-2026-03044"), ["TH-NSW"])
    assert cast.operator.summary(old.id)["state"] == "replaced"


def test_nobody_replaces_what_another_issued(cast: Cast) -> None:
    old = submit(cast, "SG-2026-03046")
    cast.operator.add_member(description("SG-CHAMBER"))
    data = replacement("SG-2026-03047", "SG-2026-03046", by="SG-CHAMBER")
    refused = refused_by(cast["SG-CHAMBER"].submit, data, ["TH-NSW"])
    assert "document.replaces-not-yours" in {each.code for each in refused.findings}
    assert cast.operator.summary(old.id)["state"] == "live"


def test_a_paper_certificate_that_the_hub_never_had_can_be_replaced(cast: Cast) -> None:
    assert cast["SG-NSW"].submit(replacement("SG-2026-03048", "SG-2025-99999"), ["TH-NSW"]).number == "SG-2026-03048"


def test_a_copy_under_the_number_of_a_lost_paper_certificate_does_not_replace_itself(cast: Cast) -> None:
    data = replacement("SG-2026-03049", "SG-2026-03049", reason=ReplacementReason.LOST)
    copy = cast["SG-NSW"].submit(data, ["TH-NSW"])
    assert cast.operator.summary(copy.id)["state"] == "live"
    assert told(cast, copy) == []


def test_of_use_and_replacement_at_once_one_is_taken(cast: Cast) -> None:
    old = submit(cast, "SG-2026-03050")
    say(cast, old, SAYS.ACCEPTED, "TH-NSW", 0)
    data = replacement("SG-2026-03051", "SG-2026-03050")

    def attempt(which: int) -> bool:
        try:
            if which:
                say(cast, old, SAYS.UTILISED, "TH-NSW", 1)
            else:
                cast["SG-NSW"].submit(data, ["TH-NSW"])
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, (0, 1)))
    assert sorted(outcomes) == [False, True]
    state = cast.operator.summary(old.id)["state"]
    assert (state, standing(cast, old)[0]) == (("live", "utilised") if outcomes[1] else ("replaced", "replaced"))


# --- Applications ----------------------------------------------------------------------------------------------------


def application(number: str) -> Application:
    """For a Form AJ from Japan to Viet Nam."""
    return example(profile="ajcep-form-aj/2014", exporter="JP", importer="VN", number=number, at=NOW)


def test_an_application_is_asked_about_answered_and_issued(tmp_path: Path) -> None:
    with at(tmp_path, NOW) as cast:
        one = cast["OLD-EXPORT"].submit(encoded(application("APP-1"), Syntax.JSON), ["JP-JCCI"])
        jcci = {"recipient": "JP-JCCI"}
        assert standing(cast, one, "JP-JCCI") == ("applied", 0, None)
        say(cast, one, SAYS.QUERIED, "JP-JCCI", 0, body=QUERY, reasons=(), **jcci)
        say(cast, one, SAYS.ANSWERED, "OLD-EXPORT", 1, body=ANSWER, **jcci)
        issued = certificate("JP-2026-1", by="JP-JCCI", profile="ajcep-form-aj/2014", exporter="JP", importer="VN")
        made = cast["JP-JCCI"].submit(issued, ["VN-NSW"])
        named = {"certificate": {"number": "JP-2026-9", "document": made.id}}
        refused = refused_by(say, cast, one, SAYS.ISSUED, "JP-JCCI", 2, body=named, **jcci)
        assert refused.code == "application.certificate-other-number"
        named = {"certificate": {"number": "JP-2026-1", "document": "doc_0000000000000000"}}
        refused = refused_by(say, cast, one, SAYS.ISSUED, "JP-JCCI", 2, body=named, **jcci)
        assert refused.code == "application.certificate-unknown"
        named = {"certificate": {"number": "JP-2026-1", "document": made.id}}
        say(cast, one, SAYS.ISSUED, "JP-JCCI", 2, body=named, **jcci)
        assert standing(cast, one, "JP-JCCI") == ("issued", 3, None)
        refused = refused_by(say, cast, one, SAYS.CANCELLED, "OLD-EXPORT", 3, recipient=None)
        assert (refused.code, "decided" in refused.findings[0].message) == ("event.not-now", True)
        assert refused_by(cast["VN-NSW"].summary, one.id).status == 404, "nobody else sees it"


def test_an_application_for_what_would_be_refused_is_refused_box_by_box(tmp_path: Path) -> None:
    with at(tmp_path, NOW) as cast:
        made = application("APP-2")
        wrong = made.model_copy(update={"certificate": made.certificate.model_copy(update={"invoices": ()})})
        refused = refused_by(cast["OLD-EXPORT"].submit, encoded(wrong, Syntax.JSON), ["JP-JCCI"])
        pointers = {each.pointer for each in refused.findings if each.refuses}
        assert "/certificate/invoices" in pointers
        assert all(each.startswith("/certificate") for each in pointers)


# --- Bad input -------------------------------------------------------------------------------------------------------


def test_a_member_may_not_speak_for_the_clock(cast: Cast) -> None:
    one = submit(cast, "SG-2026-03060")
    body = {"validUntil": "2027-01-05"}
    for by in ("TH-NSW", "SG-NSW"):
        refused = refused_by(say, cast, one, SAYS.EXPIRED, by, 0, recipient=None, body=body)
        assert refused.code == "event.wrong-party"
    assert standing(cast, one) == ("issued", 0, None)


def test_a_draw_of_another_recipient_or_of_nobody_is_refused(cast: Cast) -> None:
    one = submit(cast, "SG-2026-03061", ("TH-NSW", "VN-NSW"))
    refused = refused_by(say, cast, one, SAYS.RELEASED, "TH-NSW", 0, body={"draw": "evt_0000000000000000"})
    assert (refused.code, refused.findings[0].found) == ("event.not-now", "released of a document that is issued")


def test_a_replay_of_an_older_event_under_a_new_signature_is_refused(cast: Cast) -> None:
    one = submit(cast, "SG-2026-03062")
    say(cast, one, SAYS.QUERIED, "TH-NSW", 0)
    say(cast, one, SAYS.ANSWERED, "SG-NSW", 1)
    say(cast, one, SAYS.QUERIED, "TH-NSW", 2)
    refused = refused_by(say, cast, one, SAYS.ANSWERED, "SG-NSW", 1, ordinal=1)
    assert refused.code == "event.old-sequence"
    assert standing(cast, one) == ("queried", 3, None)
