"""The drawing of an exchange says all that its steps say, escaped, and tells kinds without colour."""

from lxml import etree as ElementTree

from exchange.console.sequence import HUB, MOST_STEPS, Step, draw, lanes_of, words

AT = "2026-01-05T09:00:02.123Z"
STEPS = [
    Step(AT, "SG-NSW", HUB, "certificate, 12.4 kB"),
    Step(AT, HUB, "SG-NSW", "receipt", "ok"),
    Step(AT, HUB, "TH-NSW", "rendition, 9.8 kB, attempt 1", "bad", failed=True, below="HTTP 503", fault="flt_1:reset"),
    Step("2026-01-05T09:00:04Z", HUB, "TH-NSW", "rendition, 9.8 kB, attempt 2"),
    Step("2026-01-05T09:00:04Z", "TH-NSW", HUB, "acknowledged", "ok"),
    Step("2026-01-05T09:00:05Z", "TH-NSW", HUB, "queried: box 9", "wait"),
    Step("", HUB, HUB, "event to SG-NSW: to be sent", "wait"),
]


def tree(steps: list[Step], named: str = "Exchange") -> ElementTree.Element:
    """The drawing as a browser reads it in a page, where its namespace is implied."""
    return ElementTree.fromstring(draw(steps, named))


def texts(root: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in root.iter("text")]


def test_sender_hub_and_recipients_have_lanes_in_this_order() -> None:
    assert lanes_of(STEPS) == ("SG-NSW", HUB, "TH-NSW")
    assert lanes_of([Step(AT, HUB, HUB, "expired")]) == (HUB,)


def test_every_step_is_drawn_with_its_label_and_each_time_once() -> None:
    root = tree(STEPS)
    shown = texts(root)
    assert all(step.label in shown for step in STEPS)
    assert [each for each in shown if each.startswith("09:") or each == "not yet"] == [
        *("09:00:02", "09:00:04", "09:00:05", "not yet")
    ]
    arrows = [each for each in root.iter("path") if "marker-end" in each.attrib]
    assert len(arrows) == 5
    assert len(list(root.iter("circle"))) == 1


def test_what_failed_is_dashed_and_crossed_and_a_fault_bears_its_label() -> None:
    root = tree(STEPS)
    assert [each for each in root.iter("path") if "failed" in each.attrib.get("class", "")]
    assert "fault flt_1:reset, HTTP 503" in texts(root)
    assert [each for each in root.iter("path") if each.attrib.get("class") == "bolt"]


def test_who_cannot_see_it_is_told_the_same() -> None:
    root = tree(STEPS, "Exchange of SG-1")
    named = {each.attrib["id"]: each.text for each in (root.find("title"), root.find("desc")) if each is not None}
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"].split() == list(named)
    assert named["sequence-name"] == "Exchange of SG-1"
    assert all(words(step) in str(named["sequence-said"]) for step in STEPS)
    assert words(STEPS[2]).endswith("(failed), HTTP 503 fault flt_1:reset")


def test_texts_of_others_cannot_break_out_or_turn_the_line() -> None:
    evil = "</text><script>alert(1)</script>\u202egnp\x00" + "W" * 5000
    drawn = draw([Step(AT, evil, HUB, evil, below=evil, fault=evil)], evil)
    assert "<script" not in drawn and "\u202e" not in drawn and "\x00" not in drawn
    assert "⟨U+202E⟩" in drawn
    root = ElementTree.fromstring(drawn)
    assert max(len(each) for each in texts(root)) < 80


def test_a_very_long_exchange_is_cut_and_says_so() -> None:
    many = [Step(AT, "SG-NSW", HUB, f"message {at}") for at in range(5000)]
    root = tree(many)
    assert f"The first {MOST_STEPS} of 5000 steps" in texts(root)
    assert len(draw(many, "many")) < 200_000
