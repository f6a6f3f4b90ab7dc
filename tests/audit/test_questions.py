"""What raises a question, and what does not. Pure: facts in, questions out."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tradebridge.audit.facts import Actor, Commanded, Facts, Opened, Route, Said, facts_of
from tradebridge.audit.questions import BadThresholds, Question, default_thresholds, questions, thresholds_of
from tradebridge.audit.report import NOTE, report

MONDAY = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)  # 10:00 in Bangkok
ROUTE = Route("atiga-form-d/2022", "SG-NSW", "TH-NSW")
OFFICER = Actor("TH-NSW", "Officer 1")
NEVER = (
    "accus", "suspicio", "fraud", "brib", "corrupt", "violat", "guilty", "offen", "cheat", "illegal", "misconduct",
    "wrongdo",
)  # fmt: skip


def said(document: str, at: datetime = MONDAY, **changes: Any) -> Said:
    values: dict[str, Any] = {
        "by": OFFICER, "type": "accepted", "document": document, "route": ROUTE, "at": at, "sequence": 0, "reasons": 0,
        "words": False, "entry": int(document), "had": at - timedelta(minutes=5), "opened": None, "first": True,
    }  # fmt: skip
    return Said(**values | changes)


def facts(spoken: Sequence[Said] = (), opened: Sequence[Opened] = (), commanded: Sequence[Commanded] = ()) -> Facts:
    found = Facts(space="", size=100, countries={"TH-NSW": "TH"})
    found.said, found.opened, found.commanded = list(spoken), list(opened), list(commanded)
    for each in spoken:
        found.profiles[each.document] = ROUTE.profile
        if each.had is not None:
            found.had[each.document, "TH-NSW"] = each.had
    return found


def asked(found: Facts, **changes: dict[str, Any]) -> dict[str, Question]:
    limits = default_thresholds()
    for name, values in changes.items():
        limits[name.replace("_", "-")] |= values
    return {each.name: each for each in questions(found, limits)}


def test_quiet_work_raises_no_question() -> None:
    assert asked(facts([said(str(number)) for number in range(1, 20)])) == {}


def test_a_rejection_without_words_is_asked_for_its_reason() -> None:
    spoken = [said("1", type="rejected"), said("2", type="rejected", reasons=1, words=True), said("3")]
    question = asked(facts(spoken))["no-reason"]
    assert (question.count, question.of, question.by) == (1, 2, OFFICER)
    assert [each["entry"] for each in question.examples] == [1]


def test_a_decision_that_passes_over_what_waited_longer_is_asked_about() -> None:
    """Ten came, one a minute; the last but one is decided first, the others in their order."""
    came = {number: MONDAY + timedelta(minutes=number) for number in range(1, 11)}
    order = [9, *(number for number in came if number != 9)]
    later = MONDAY + timedelta(hours=1)
    spoken = [
        said(str(number), at=later + timedelta(minutes=place), had=came[number], entry=100 + place)
        for place, number in enumerate(order)
    ]
    question = asked(facts(spoken))["out-of-order"]
    assert (question.count, question.of) == (1, 10)
    assert question.examples[0]["passedOver"] == 8 and question.examples[0]["entry"] == 100
    assert "out-of-order" not in asked(facts(spoken), out_of_order={"passed-over": 9})


def test_what_came_at_the_same_moment_has_no_order() -> None:
    spoken = [said(str(9 - number), had=MONDAY - timedelta(hours=1), entry=number) for number in range(9)]
    assert "out-of-order" not in asked(facts(spoken))


def test_what_was_never_decided_still_waits() -> None:
    found = facts([said("9", had=MONDAY - timedelta(minutes=1))])
    for number in range(4):
        found.had[f"w{number}", "TH-NSW"] = MONDAY - timedelta(hours=2)
        found.profiles[f"w{number}"] = ROUTE.profile
    assert asked(found)["out-of-order"].examples[0]["passedOver"] == 4


def opened(firm: str, number: int, at: datetime) -> Opened:
    return Opened(OFFICER, f"d{number}", "document, html", firm, at, number)


def test_one_firm_opened_again_and_again_is_asked_about() -> None:
    often = [opened("Lotus", number, MONDAY + timedelta(minutes=number)) for number in range(12)]
    others = [opened(f"Firm {number}", 50 + number, MONDAY + timedelta(minutes=number)) for number in range(6)]
    question = asked(facts(opened=sorted([*often, *others], key=lambda each: each.at)))["one-firm"]
    assert (question.about, question.count) == ("Lotus", 12) and question.of == 18
    assert len(question.examples) == 5
    spread = [opened("Lotus", number, MONDAY + timedelta(days=number)) for number in range(12)]
    assert "one-firm" not in asked(facts(opened=spread))
    many = [opened(f"Firm {number % 3}", number, MONDAY + timedelta(minutes=number)) for number in range(36)]
    assert "one-firm" not in asked(facts(opened=many)), "each is a third of the work"


def test_after_hours_is_by_the_clock_of_the_members_country() -> None:
    late = MONDAY.replace(hour=13)  # 20:00 in Bangkok
    command = Commanded(Actor("OPERATOR", "Kim", "k"), "operator", "suspended", "TH-NSW", MONDAY.replace(hour=22), 7)
    start = Commanded(Actor("HUB"), "setting", "first start", "", MONDAY.replace(hour=2), 8)
    found = facts([said("1"), said("2", at=late)], [opened("Lotus", 3, late)], [command, start])
    of = {each.by.member: each for each in questions(found, default_thresholds()) if each.name == "after-hours"}
    assert set(of) == {"TH-NSW", "OPERATOR"}, "what the hub does by itself is nobody's hour"
    assert (of["TH-NSW"].count, of["TH-NSW"].of) == (2, 3), "a decision and a reading"
    assert of["TH-NSW"].examples[0]["local"] == "Mon 20:00"
    sunday = asked(facts([said("1", at=MONDAY - timedelta(days=1))]))
    assert sunday["after-hours"].examples[0]["local"] == "Sun 10:00"


def test_a_decision_in_fewer_seconds_than_reading_needs_is_asked_about() -> None:
    spoken = [
        said("1", opened=MONDAY - timedelta(seconds=4)),
        said("2", had=MONDAY - timedelta(seconds=29)),
        said("3", had=MONDAY - timedelta(seconds=31)),
        said("4", opened=MONDAY, by=Actor("TH-NSW")),  # no person: a system decides at once
        said("5", opened=MONDAY, first=False),
        said("6", had=None),
    ]
    question = asked(facts(spoken))["decided-fast"]
    assert (question.count, question.of) == (2, 3)
    assert [(each["seconds"], each["since"]) for each in question.examples] == [(4.0, "opened"), (29.0, "had")]
    lading = [said("1", opened=MONDAY - timedelta(seconds=25), route=Route("dcsa-transport-document/3.0", "A", "B"))]
    assert "decided-fast" not in asked(facts(lading)), "a bill of lading has seconds of its own"


def test_the_report_counts_by_person_and_by_route_and_asks_without_judging() -> None:
    spoken = [said("1", type="rejected", opened=MONDAY), said("2")]
    told = report(facts(spoken, [opened("Lotus", 3, MONDAY)]), default_thresholds())
    assert told["actors"] == [
        {"member": "TH-NSW", "person": "Officer 1", "medianSeconds": 150.0, "decisions": 2, "events": 2, "readings": 1,
         "commands": 0}
    ]  # fmt: skip
    assert told["routes"] == [
        {"route": "atiga-form-d/2022 SG-NSW > TH-NSW", "decisions": 2, "accepted": 1, "rejected": 1,
         "medianSeconds": 150.0}
    ]  # fmt: skip
    assert {each["question"] for each in told["questions"]} == {"no-reason", "decided-fast"}
    assert all(each["ask"].endswith((".", "?")) for each in told["questions"])
    text = json.dumps(told).lower().replace(NOTE.lower(), "")
    assert not [word for word in NEVER if word in text]
    assert not {"score", "verdict", "risk"} & set(text.replace('"', " ").split())


def test_own_thresholds_change_what_they_name_and_nothing_else() -> None:
    own = thresholds_of('[decided-fast]\nother = 5\n"rcep-co" = 60\n[after-hours.utc-offset]\nAU = 10.0\n')
    assert own["decided-fast"] == default_thresholds()["decided-fast"] | {"other": 5, "rcep-co": 60}
    assert own["after-hours"]["utc-offset"]["AU"] == 10.0 and own["after-hours"]["to"] == 19


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "no TOML"),
        ("[too-slow]\n", "none of"),
        ("[one-firm]\nopening = 3\n", "one-firm.opening"),
        ('[one-firm]\nopenings = "3"\n', "should be as 10"),
        ("[after-hours]\ndays = [true]\n", "after-hours.days"),
        ("no-reason = 3\n", "none of"),
    ],
)
def test_thresholds_that_cannot_be_read_say_why(text: str, told: str) -> None:
    with pytest.raises(BadThresholds, match=told):
        thresholds_of(text)


def test_what_is_no_export_gives_no_facts_and_says_so() -> None:
    found = facts_of([b"{}", b"nonsense", b'{"type":"leaf"}'])
    assert (found.unreadable, found.said) == (3, [])
