"""Moments are written one way, and read strictly."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebridge.evidence.times import from_rfc3339, rfc3339


@given(
    st.datetimes(
        datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])
    )
)
def test_a_moment_comes_back_to_the_millisecond(at: datetime) -> None:
    back = from_rfc3339(rfc3339(at))
    assert back is not None
    assert timedelta(0) <= at - back < timedelta(milliseconds=1)
    assert rfc3339(back) == rfc3339(at)


def test_it_is_written_in_utc_with_z() -> None:
    singapore = timezone(timedelta(hours=8))
    assert rfc3339(datetime(2026, 1, 5, 17, tzinfo=singapore)) == "2026-01-05T09:00:00Z"
    assert rfc3339(datetime(2026, 1, 5, 9, 0, 0, 250_999, tzinfo=UTC)) == "2026-01-05T09:00:00.250Z"


def test_a_time_without_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        rfc3339(datetime(2026, 1, 5))  # that is the mistake


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-05",
        "2026-01-05T09:00:00",
        "2026-01-05 09:00:00Z",
        "2026-13-05T09:00:00Z",
        "2026-01-05T09:00:00z",
        "2026-01-05T09:00:00.Z",
        "2026-01-05T09:00:00.1234567Z",
        "٢026-01-05T09:00:00Z",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_another_form_is_no_time(text: str) -> None:
    assert from_rfc3339(text) is None
