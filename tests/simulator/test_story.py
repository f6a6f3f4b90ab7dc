"""Whose turn it is follows from what was said, never from the time."""

import json
import random

import pytest

from simulator.magic import BY_ENDING
from simulator.story import Line, Said, Step, Story, lines, recipient_says, sender_says, steps_of

ANY = "SG-2026-00041"


def test_a_document_of_nobodys_story_is_accepted() -> None:
    assert recipient_says(None, ANY, "TH-NSW", []) == Line("accepted", "TH-NSW", 0)
    assert recipient_says(None, ANY, "TH-NSW", [Said("accepted", "TH-NSW", 1)]) is None


@pytest.mark.parametrize(
    ("ending", "first"), [("-R01", "rejected"), ("-Q01", "queried"), ("-U01", "accepted"), ("-N01", None)]
)
def test_the_ending_of_a_number_decides(ending: str, first: str | None) -> None:
    line = recipient_says(None, f"SG-2026{ending}", "TH-NSW", [])
    assert (line.type if line else None) == first
    assert ending in BY_ENDING


def test_a_recipient_that_has_queried_waits_for_the_answer() -> None:
    story = Story({"TH-NSW": steps_of(["queried", "accepted"])})
    said = [Said("queried", "TH-NSW", 1)]
    assert recipient_says(story, ANY, "TH-NSW", said) is None
    said.append(Said("answered", "TH-NSW", 2))
    assert recipient_says(story, ANY, "TH-NSW", said) == Line("accepted", "TH-NSW", 2, 2)


def test_a_sender_answers_each_query_once() -> None:
    story = Story({"TH-NSW": steps_of(["queried", "accepted"])})
    said = [Said("queried", "TH-NSW", 1)]
    assert sender_says(story, ("TH-NSW",), said) == Line("answered", "TH-NSW", 1, 1)
    assert sender_says(story, ("TH-NSW",), [*said, Said("answered", "TH-NSW", 2)]) is None


def test_a_sender_cancels_when_everybody_has_spoken() -> None:
    story = Story({"TH-NSW": steps_of(["accepted"])}, cancelled=True)
    recipients = ("TH-NSW", "TRADEWALTZ-SIM")
    said = [Said("accepted", "TH-NSW", 1)]
    assert sender_says(story, recipients, said) is None
    said.append(Said("accepted", "TRADEWALTZ-SIM", 1))
    assert sender_says(story, recipients, said) == Line("cancelled", None, 1)
    assert sender_says(story, recipients, [*said, Said("cancelled", None, 2)]) is None


def test_a_sender_does_not_speak_for_a_document_that_a_user_sent() -> None:
    assert sender_says(None, ("TH-NSW",), [Said("queried", "TH-NSW", 1)]) is None


def test_nobody_speaks_of_a_cancelled_document() -> None:
    said = [Said("cancelled", None, 1)]
    assert recipient_says(None, ANY, "TH-NSW", said) is None
    assert sender_says(Story({}, cancelled=True), (), said) is None


def test_the_order_in_which_events_arrive_changes_nothing() -> None:
    story = Story({"TH-NSW": steps_of(["queried", "accepted", "utilised"])})
    said = [Said("queried", "TH-NSW", 1), Said("answered", "TH-NSW", 2), Said("accepted", "TH-NSW", 3)]
    for seed in range(6):
        shuffled = random.Random(seed).sample(said, len(said))
        assert recipient_says(story, ANY, "TH-NSW", shuffled) == Line("utilised", "TH-NSW", 3, 3)


def test_all_lines_of_a_story_are_said_when_each_speaks_in_turn() -> None:
    story = Story({"TH-NSW": steps_of(["queried", "accepted", "utilised"])}, cancelled=False)
    said: list[Said] = []
    while True:
        line = recipient_says(story, ANY, "TH-NSW", said) or sender_says(story, ("TH-NSW",), said)
        if line is None:
            break
        assert line.expected_sequence == len(said)
        said.append(Said(line.type, line.recipient, line.expected_sequence + 1))
    assert [(each.type, each.recipient) for each in said] == [
        (each.type, each.recipient) for each in lines(story, ("TH-NSW",))
    ]


def test_a_query_is_answered_before_anything_else_is_said() -> None:
    assert [step.says for step in steps_of(["queried", "accepted", "utilised", "queried"])] == [
        "queried",
        "answered",
        "accepted",
        "utilised",
        "queried",
        "answered",
    ]
    own = Step("answered", body={"text": "The ship was changed."})
    assert steps_of(["queried", own, "accepted"])[1] is own


def test_each_side_says_its_own_steps_in_turn() -> None:
    types = ["accepted", "verification-requested", "verification-answered", "verification-concluded"]
    story, said = Story({"TH-NSW": steps_of(types)}), list[Said]()
    for place, what in enumerate(types):
        lines_now = recipient_says(story, ANY, "TH-NSW", said), sender_says(story, ("TH-NSW",), said)
        mine, other = lines_now if what != "verification-answered" else reversed(lines_now)
        assert mine == Line(what, "TH-NSW", place, place)
        assert other is None
        said.append(Said(what, "TH-NSW", place + 1))


def test_what_is_refused_on_purpose_leaves_no_event_and_the_story_goes_on() -> None:
    steps = steps_of(["accepted", Step("utilised", refused="utilisation.more-than-left", teaches="-"), "utilised"])
    story, said = Story({"TH-NSW": steps}, cancelled=True), [Said("accepted", "TH-NSW", 1)]
    assert recipient_says(story, ANY, "TH-NSW", said) == Line("utilised", "TH-NSW", 1, 1)
    assert recipient_says(story, ANY, "TH-NSW", said, {1}) == Line("utilised", "TH-NSW", 1, 2)
    assert sender_says(story, ("TH-NSW",), said) is None
    said.append(Said("utilised", "TH-NSW", 2))
    assert recipient_says(story, ANY, "TH-NSW", said, {1}) is None
    assert sender_says(story, ("TH-NSW",), said) == Line("cancelled", None, 2)


def test_a_refused_step_at_the_end_does_not_keep_the_sender_waiting() -> None:
    steps = steps_of(["accepted", Step("utilised", refused="utilisation.more-than-left", teaches="-")])
    story, said = Story({"TH-NSW": steps}, cancelled=True), [Said("accepted", "TH-NSW", 1)]
    assert recipient_says(story, ANY, "TH-NSW", said, {1}) is None
    assert sender_says(story, ("TH-NSW",), said) == Line("cancelled", None, 1)


def test_what_others_say_meanwhile_is_no_step() -> None:
    story = Story({"TH-NSW": steps_of(["accepted", "utilised"])})
    said = [Said("examined", "TH-NSW", 1), Said("accepted", "TH-NSW", 2), Said("reminded", "TH-NSW", 3)]
    assert recipient_says(story, ANY, "TH-NSW", said) == Line("utilised", "TH-NSW", 3, 1)


def test_a_replaced_document_is_not_spoken_of() -> None:
    story = Story({"TH-NSW": steps_of(["accepted", "utilised"])}, replaced=True)
    assert recipient_says(story, ANY, "TH-NSW", [Said("accepted", "TH-NSW", 1), Said("replaced", None, 2)]) is None


def test_a_story_comes_back_from_its_file_as_it_went_in() -> None:
    step = Step("queried", {"questions": [{"id": "q1"}]}, ({"code": "a", "text": "b"},), "JP-1", "x.y", "why")
    story = Story({"TH-NSW": steps_of([step, "accepted"])}, cancelled=True, replaced=True)
    assert Story.from_json(json.loads(json.dumps(story.to_json()))) == story
