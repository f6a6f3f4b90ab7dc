"""What events on a certificate say: each body as its type, and every wrong member named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.certificate.said import (
    BODIES,
    Answered,
    Body,
    Draw,
    Queried,
    Utilised,
    body_json,
    questions_of,
    read_body,
)
from schemas.content import open_content
from schemas.event import Actor, Event, EventType, Reason, Subject, decode_event, encode_event

DRAW = "evt_0000000000000001"
QUESTION = {"id": "q1", "box": "8", "code": "atiga.rvc-below-threshold", "text": "Which materials count?"}
USE: dict[str, Any] = {
    "declaration": {"reference": "TH-2026-778", "date": "2026-01-20", "country": "TH", "port": "THBKK"},
    "items": [{"number": 1, "quantity": {"value": "120.50", "unit": "KGM"}}],
    "draw": "provisional",
}
GOOD: dict[EventType, dict[str, Any]] = {
    EventType.EXAMINED: {},
    EventType.ACCEPTED: {"text": "In order."},
    EventType.QUERIED: {"questions": [QUESTION, {**QUESTION, "id": "q2", "pointer": "/items/0", "minor": True}]},
    EventType.ANSWERED: {
        "answers": [
            {"question": "q1", "kind": "corrects", "text": "A typing error.", "value": "RVC 45%"},
            {"question": "q2", "kind": "explains", "text": "The goods are listed."},
        ]
    },
    EventType.REJECTED: {},
    EventType.UTILISED: USE,
    EventType.COMMITTED: {"draw": DRAW},
    EventType.RELEASED: {"draw": DRAW},
    EventType.REVERSED: {"draw": DRAW, "text": "The declaration was withdrawn."},
    EventType.CANCELLED: {},
    EventType.REPLACED: {"by": {"number": "SG-2026-2", "document": "doc_0000000000000002", "contentDigest": "0" * 64}},
    EventType.EXPIRED: {"validUntil": "2027-01-05"},
    EventType.VERIFICATION_REQUESTED: {"boxes": ["8", "9"], "random": False, "days": 60},
    EventType.VERIFICATION_ANSWERED: {
        "result": "confirms",
        "boxes": [{"box": "8", "result": "confirms", "text": "The cost sheet was seen."}],
    },
    EventType.VERIFICATION_CONCLUDED: {"outcome": "confirmed"},
    EventType.REMINDED: {"of": DRAW, "term": "answer", "deadline": "2026-04-05T09:00:00Z", "passed": False},
    EventType.ISSUED: {"certificate": {"number": "SG-2026-1", "document": "doc_0000000000000002"}},
}


def said(what: EventType, body: dict[str, Any], reasons: tuple[Reason, ...] = ()) -> Event:
    return Event(
        id=DRAW,
        type=what,
        document=Subject(id="doc_0000000000000000", content_digest="0" * 64),
        recipient="TH-NSW",
        expected_sequence=0,
        actor=Actor(member="TH-NSW"),
        at=datetime(2026, 1, 20, tzinfo=UTC),
        reasons=reasons,
        body=body,
    )


def test_every_type_has_a_body() -> None:
    assert set(BODIES) == set(EventType) == set(GOOD)


@pytest.mark.parametrize("what", EventType)
def test_a_body_is_read_as_its_type_and_written_as_it_was(what: EventType) -> None:
    event = said(what, GOOD[what])
    content = open_content(encode_event(event))
    decoded = decode_event(content).document  # type: ignore[arg-type]  # it is JSON of ours
    assert isinstance(decoded, Event)
    body = read_body(decoded)
    assert isinstance(body, BODIES[what])
    written = body_json(body)
    for name, value in GOOD[what].items():
        assert written[name] == value
    assert read_body(decoded.model_copy(update={"body": written})) == body


@pytest.mark.parametrize("what", EventType)
def test_a_connector_keeps_its_partners_bytes_in_every_body(what: EventType) -> None:
    native = {"native": "PHhtbC8+", "nativeMediaType": "application/xml"}
    body = read_body(said(what, {**GOOD[what], **native}))
    assert isinstance(body, Body) and body.native == "PHhtbC8+"


@pytest.mark.parametrize("what", EventType)
def test_a_body_is_closed(what: EventType) -> None:
    found = read_body(said(what, {**GOOD[what], "remark": "x"}))
    assert isinstance(found, tuple)
    assert [(each.code, each.pointer) for each in found] == [("event.body-malformed", "/body/remark")]


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


BAD: dict[str, tuple[EventType, dict[str, Any], str]] = {
    "a_use_without_declaration": (EventType.UTILISED, without(USE, "declaration"), "/body/declaration"),
    "a_use_of_zero": (
        EventType.UTILISED,
        {**USE, "items": [{"number": 1, "quantity": {"value": "0", "unit": "KGM"}}]},
        "/body/items/0/quantity",
    ),
    "a_negative_use": (
        EventType.UTILISED,
        {**USE, "items": [{"number": 1, "quantity": {"value": "-1", "unit": "KGM"}}]},
        "/body/items/0/quantity/value",
    ),
    "a_use_as_a_number": (
        EventType.UTILISED,
        {**USE, "items": [{"number": 1, "quantity": {"value": 1, "unit": "KGM"}}]},
        "/body/items/0/quantity/value",
    ),
    "an_item_twice": (EventType.UTILISED, {**USE, "items": USE["items"] * 2}, "/body"),
    "a_declaration_of_no_day": (
        EventType.UTILISED,
        {**USE, "declaration": {**USE["declaration"], "date": "2026-02-30"}},
        "/body/declaration/date",
    ),
    "an_unknown_kind_of_draw": (EventType.UTILISED, {**USE, "draw": "maybe"}, "/body/draw"),
    "a_release_of_nothing": (EventType.RELEASED, {}, "/body/draw"),
    "a_question_without_a_place": (
        EventType.QUERIED,
        {"questions": [without(QUESTION, "box")]},
        "/body/questions/0",
    ),
    "a_question_without_words": (
        EventType.QUERIED,
        {"questions": [without(QUESTION, "text")]},
        "/body/questions/0/text",
    ),
    "two_questions_of_one_id": (EventType.QUERIED, {"questions": [QUESTION, QUESTION]}, "/body"),
    "a_correction_without_value": (
        EventType.ANSWERED,
        {"answers": [{"question": "q1", "kind": "corrects", "text": "Wrong."}]},
        "/body/answers/0",
    ),
    "an_explanation_with_a_value": (
        EventType.ANSWERED,
        {"answers": [{"question": "q1", "kind": "explains", "text": "Right.", "value": "x"}]},
        "/body/answers/0",
    ),
    "one_question_answered_twice": (
        EventType.ANSWERED,
        {"answers": [GOOD[EventType.ANSWERED]["answers"][0]] * 2},
        "/body",
    ),
    "a_check_of_nothing": (EventType.VERIFICATION_REQUESTED, {}, "/body"),
    "a_random_check_of_boxes": (EventType.VERIFICATION_REQUESTED, {"boxes": ["8"], "random": True}, "/body"),
    "a_check_that_gives_no_day": (EventType.VERIFICATION_REQUESTED, {"boxes": ["8"], "days": 0}, "/body/days"),
    "an_unknown_outcome": (EventType.VERIFICATION_CONCLUDED, {"outcome": "perhaps"}, "/body/outcome"),
    "issued_without_number": (EventType.ISSUED, {"certificate": {}}, "/body/certificate/number"),
    "replaced_by_nobody": (EventType.REPLACED, {}, "/body/by"),
}


@pytest.mark.parametrize("wrong", BAD)
def test_what_is_wrong_is_named(wrong: str) -> None:
    what, body, pointer = BAD[wrong]
    found = read_body(said(what, body))
    assert isinstance(found, tuple)
    assert [(each.code, each.pointer) for each in found] == [("event.body-malformed", pointer)]


def test_what_lacks_is_told_in_our_words() -> None:
    found = read_body(said(EventType.UTILISED, without(USE, "declaration")))
    assert isinstance(found, tuple)
    assert [(each.found, each.expected) for each in found] == [("nothing", "this member")]


def test_a_use_is_final_unless_said() -> None:
    body = read_body(said(EventType.UTILISED, without(USE, "draw")))
    assert isinstance(body, Utilised) and body.draw is Draw.FINAL
    assert (str(body.items[0].quantity.value), body.items[0].quantity.unit) == ("120.50", "KGM")


def test_reasons_stand_for_questions_where_a_partner_knows_none() -> None:
    reasons = (Reason(code="QUE-1", pointer="/items/0", text="Box 8?"), Reason(code="QUE-2", box="9"))
    asked = questions_of(said(EventType.QUERIED, {}, reasons))
    assert [(each.id, each.box, each.pointer, each.code, each.text) for each in asked] == [
        ("r1", None, "/items/0", "QUE-1", "Box 8?"),
        ("r2", "9", "", "QUE-2", "QUE-2"),
    ]
    asked = questions_of(said(EventType.QUERIED, GOOD[EventType.QUERIED], reasons))
    assert [each.id for each in asked] == ["q1", "q2"]


def test_bodies_hold_what_their_names_say() -> None:
    queried = read_body(said(EventType.QUERIED, GOOD[EventType.QUERIED]))
    answered = read_body(said(EventType.ANSWERED, GOOD[EventType.ANSWERED]))
    assert isinstance(queried, Queried) and [each.minor for each in queried.questions] == [None, True]
    assert isinstance(answered, Answered) and {each.question for each in answered.answers} == {"q1", "q2"}
