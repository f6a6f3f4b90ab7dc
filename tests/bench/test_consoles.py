"""The bars of the console: a hundred people who look on cost the hub next to nothing, and *Live* is there at once."""

from pathlib import Path

import pytest

from tests.bench import consoles


@pytest.mark.long("consoles", sample=False)
@pytest.mark.timeout(600)
def test_a_hundred_open_consoles_cost_less_than_a_twentieth_of_the_intake(tmp_path: Path) -> None:
    found = consoles.cost(tmp_path)
    assert found["events_to_consoles"] > 0
    assert found["rate_lost"] < 0.05, found


@pytest.mark.long("consoles", sample=False)
@pytest.mark.timeout(600)
def test_live_with_two_hundred_rows_is_there_in_half_a_second(tmp_path: Path) -> None:
    found = consoles.screen(tmp_path)
    assert found["load_p50_ms"] < 500, found
    assert found["feed_p95_ms"] < 1000, found
