"""What an export leaves out is accounted for by retention, or asked about; and its times do not fall."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.event import EventType
from tests.evidence.case import DOCUMENT_ID, MINUTE, event
from tests.evidence.exporting import Logged, act, codes, judged, said
from tests.evidence.world import AT
from tradebridge.evidence.times import rfc3339

DAY, YEAR = timedelta(days=1), timedelta(days=365)
THEN = AT + 6 * YEAR
"""When retention deletes."""
NOW = THEN + DAY
REJECTED = event(EventType.REJECTED)
DIGEST = REJECTED.receipt().bytes_digest


def deleted(about: str = DOCUMENT_ID, at: datetime = THEN, **changes: Any) -> Logged:
    """The record that a document was deleted: its event before the log had placed it."""
    message = {"id": REJECTED.id, "bytesDigest": DIGEST, "leafIndex": None}
    told = {"profile": "p", "years": 5, "last": rfc3339(REJECTED.at), "messages": [message]}
    return act("retention", at, about, **told | changes)


def readings_deleted(*hidden: list[Any], at: datetime = THEN, **changes: Any) -> Logged:
    told: dict[str, Any] = {"before": rfc3339(AT + YEAR), "years": 5, "hidden": list(hidden)}
    return act("retention", at, "", **told | changes)


def test_an_event_of_a_deleted_document_is_accounted_for() -> None:
    told = judged([said(REJECTED), deleted()], NOW, without=(0,))
    assert (told.exit_code, codes(told), told.without_details) == (0, [], 1)


@pytest.mark.parametrize(
    "record",
    [
        None,
        deleted("doc_0000000000000000000000002"),
        deleted(messages=[{"bytesDigest": "0" * 64, "leafIndex": 0}]),
        deleted(messages=["a"]),
        deleted(years=0),
        deleted(years=7),
        deleted(last="then"),
        deleted(last=rfc3339(REJECTED.at - DAY)),
        act("operator", THEN, DOCUMENT_ID, **{"years": 5, "last": rfc3339(AT), "messages": [{"bytesDigest": DIGEST}]}),
    ],
)
def test_an_event_that_is_left_out_otherwise_is_withheld(record: Logged | None) -> None:
    told = judged([said(REJECTED), *([record] if record else [])], NOW, without=(0,))
    assert (told.exit_code, codes(told)) == (3, ["audit.withheld"])


def test_a_record_of_deleting_accounts_for_nothing_that_comes_later() -> None:
    again = event(EventType.ACCEPTED, at=THEN + MINUTE)
    assert codes(judged([deleted(), said(again)], NOW, without=(1,))) == ["audit.withheld"]
    assert codes(judged([deleted(), said(REJECTED)], NOW, without=(1,))) == ["audit.time-fell", "audit.withheld"]


def test_details_are_never_left_out_by_retention() -> None:
    told = judged([act("operator", AT, "", key="given away"), deleted()], NOW, without=(0,))
    assert (told.exit_code, codes(told)) == (3, ["audit.withheld"])


OPERATOR, READING = act("operator", AT + DAY, "SG-NSW"), act("reading", AT + DAY, DOCUMENT_ID)
YOUNG = act("operator", AT + 3 * YEAR, "SG-NSW")


def test_readings_that_are_deleted_after_their_years_are_accounted_for() -> None:
    entries = [READING, OPERATOR, READING, READING, readings_deleted([0, 0], [2, 3])]
    told = judged(entries, NOW, hidden=(0, 2, 3))
    assert (told.exit_code, codes(told), told.hidden) == (0, [], 3)


@pytest.mark.parametrize(
    "record",
    [
        OPERATOR,
        readings_deleted([0, 0], [2, 9]),
        readings_deleted([1, 1], years=0),
        readings_deleted([1, 1], years=6),
        readings_deleted([1, 1], before="then"),
        readings_deleted([1], [1, "1"], [True, 1]),
    ],
)
def test_an_entry_that_is_hidden_otherwise_is_asked_about(record: Logged) -> None:
    told = judged([OPERATOR, READING, record], NOW, hidden=(1,))
    assert (told.exit_code, codes(told)) == (3, ["audit.hidden"])


def test_what_stands_after_a_younger_entry_is_no_old_reading() -> None:
    entries = [OPERATOR, READING, YOUNG, act("trust", AT + 3 * YEAR), YOUNG, readings_deleted([1, 1], [3, 3])]
    told = judged(entries, NOW, hidden=(1, 3))
    assert (told.exit_code, [(each.code, each.found) for each in told.findings]) == (3, [("audit.hidden", "entry 3")])


def test_a_place_that_several_records_name_goes_by_the_one_that_reaches_furthest() -> None:
    far, near = readings_deleted([0, 9]), readings_deleted([0, 3], before=rfc3339(AT - YEAR))
    entries = [OPERATOR, READING, YOUNG, READING, near, far, near]
    assert codes(judged(entries, NOW, hidden=(1, 3))) == ["audit.hidden"]


def test_a_time_that_falls_is_told_once_and_those_after_it_go_by_it() -> None:
    entries = [act("operator", AT + 9 * DAY), act("setting", AT), act("reading", AT + MINUTE), said(REJECTED)]
    told = judged(entries, NOW)
    assert [(each.code, each.pointer) for each in told.findings] == [("audit.time-fell", "/2/record")]
    assert told.exit_code == 3


def test_times_that_fall_little_by_little_are_seen_and_those_of_two_clocks_are_not() -> None:
    assert codes(judged([act("operator", AT), act("operator", AT - 4 * MINUTE)], NOW)) == []
    slow = [act("operator", AT - minutes * MINUTE) for minutes in (0, 3, 6, 9, 12)]
    assert codes(judged(slow, NOW)) == ["audit.time-fell"] * 2


def test_an_export_has_no_time_that_lies_ahead() -> None:
    told = judged([act("operator", NOW + DAY)], NOW)
    assert (told.exit_code, codes(told)) == (3, ["log.future"])
