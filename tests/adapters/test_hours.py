"""When an office works, and when what it works on is done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.single_windows.hours import Hours

SINGAPORE = Hours.read("Mon-Fri 08:30-17:00 +08:00")
MYANMAR = Hours.read("Mon-Fri 09:30-16:30 +06:30")
BRUNEI = Hours.read("Mon-Thu,Sat 08:00-16:30 +08:00")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("hours", "at", "open_"),
    [
        pytest.param(SINGAPORE, MONDAY.replace(hour=0, minute=29), False, id="a minute too early"),
        pytest.param(SINGAPORE, MONDAY.replace(hour=0, minute=30), True, id="as it opens"),
        pytest.param(SINGAPORE, MONDAY.replace(hour=8, minute=59), True, id="the last minute"),
        pytest.param(SINGAPORE, MONDAY.replace(hour=9), False, id="as it closes"),
        pytest.param(SINGAPORE, MONDAY - timedelta(hours=20), False, id="Sunday"),
        pytest.param(BRUNEI, MONDAY.replace(day=9, hour=2), False, id="Friday in Brunei"),
        pytest.param(BRUNEI, MONDAY.replace(day=10, hour=2), True, id="Saturday in Brunei"),
        pytest.param(MYANMAR, MONDAY.replace(hour=3), True, id="half an hour beside the others"),
    ],
)
def test_it_is_open_by_its_own_time(hours: Hours, at: datetime, open_: bool) -> None:
    assert hours.is_open(at) is open_


def test_what_comes_on_friday_evening_is_begun_on_monday() -> None:
    friday = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)
    assert SINGAPORE.opening(friday) == datetime(2026, 1, 12, 0, 30, tzinfo=UTC)
    assert SINGAPORE.done(friday, timedelta(hours=1)) == datetime(2026, 1, 12, 1, 30, tzinfo=UTC)


def test_work_that_is_not_done_in_a_day_goes_on_the_next() -> None:
    assert SINGAPORE.done(MONDAY.replace(hour=8), timedelta(hours=2)) == datetime(2026, 1, 6, 1, 30, tzinfo=UTC)


@given(at=times, minutes=st.integers(0, 6_000))
def test_work_is_done_in_open_hours_and_takes_as_long_as_it_takes(at: datetime, minutes: int) -> None:
    begun, done = SINGAPORE.opening(at), SINGAPORE.done(at, timedelta(minutes=minutes))
    assert at <= begun <= done
    assert SINGAPORE.is_open(begun)
    assert done == begun or SINGAPORE.is_open(done - timedelta(microseconds=1))
    halfway = SINGAPORE.done(at, timedelta(minutes=minutes // 2))
    assert SINGAPORE.done(halfway, timedelta(minutes=minutes - minutes // 2)) in (done, SINGAPORE.opening(done))


@pytest.mark.parametrize(
    "text", ["", "Mon-Fri", "Mon-Fri 17:00-08:00 +08:00", "Fri-Mon 08:00-09:00 +08:00", "Xxx-Fri 08:00-09:00 +08:00"]
)
def test_hours_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"08|opens"):
        Hours.read(text)
