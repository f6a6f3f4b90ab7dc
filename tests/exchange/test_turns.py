"""How long each side took: from the record alone."""

from datetime import UTC, datetime, timedelta

import pytest

from exchange.turns import Took, times_taken
from tradebridge.cli.get import _took

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = 3600


def record(*said: tuple[int, str | None, str | None]) -> list[tuple[str, str | None, str | None]]:
    """Hours after the start, type of event, recipient."""
    return [((START + timedelta(hours=hours)).isoformat(), kind, about) for hours, kind, about in said]


def recipient(hours: int) -> Took:
    return Took("recipient", hours * HOUR)


def issuing(hours: int) -> Took:
    return Took("issuing side", hours * HOUR)


def test_each_recipient_has_turns_of_its_own() -> None:
    taken = times_taken(
        record(
            (0, None, None),
            (2, "queried", "TH-NSW"),
            (3, "accepted", "VN-NSW"),
            (26, "answered", "TH-NSW"),
            (27, "accepted", "TH-NSW"),
        )
    )
    assert taken == [None, recipient(2), recipient(3), issuing(24), recipient(1)]


def test_examining_ends_no_wait_for_the_decision() -> None:
    taken = times_taken(record((0, None, None), (1, "examined", "TH-NSW"), (5, "rejected", "TH-NSW")))
    assert taken == [None, recipient(1), recipient(5)]


def test_a_verification_has_its_turns_too() -> None:
    taken = times_taken(
        record(
            (0, None, None),
            (1, "accepted", "TH-NSW"),
            (100, "verification-requested", "TH-NSW"),
            (110, "reminded", "TH-NSW"),
            (150, "verification-answered", "TH-NSW"),
            (160, "verification-concluded", "TH-NSW"),
        )
    )
    assert taken == [None, recipient(1), None, None, issuing(50), recipient(10)]


def test_a_verification_in_between_takes_no_decisions_turn_away() -> None:
    taken = times_taken(
        record(
            (0, None, None),
            (1, "verification-requested", "TH-NSW"),
            (4, "verification-answered", "TH-NSW"),
            (6, "accepted", "TH-NSW"),
            (7, "verification-concluded", "TH-NSW"),
        )
    )
    assert taken == [None, None, issuing(3), recipient(6), recipient(3)]


def test_a_use_or_a_cancellation_ends_nobodys_turn() -> None:
    taken = times_taken(
        record((0, None, None), (1, "accepted", "TH-NSW"), (9, "utilised", "TH-NSW"), (10, "cancelled", None))
    )
    assert taken == [None, recipient(1), None, None]
    assert times_taken([]) == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, ""), (59, ""), (60, ", after 1 min"), (3 * HOUR + 120, ", after 3 h 2 min"), (49 * HOUR, ", after 2 d 1 h")],
)
def test_people_read_days_hours_and_minutes(seconds: int, shown: str) -> None:
    assert _took({"took": {"seconds": seconds}}) == shown
    assert _took({}) == ""
