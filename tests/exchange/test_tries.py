"""How often one address may ask, in bounded memory."""

import pytest

from exchange import tries
from exchange.tries import Tries, network_of


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_in_a_row_then_one_each_few_seconds() -> None:
    clock = Clock()
    limit = Tries(30, clock)
    assert [limit.take("192.0.2.1") for _ in range(12)] == [0] * 10 + [3, 3]
    clock.now += 2.01
    assert [limit.take("192.0.2.1") for _ in range(2)] == [0, 2]
    clock.now += 60
    assert [limit.take("192.0.2.1") for _ in range(11)] == [0] * 10 + [3]


def test_each_address_counts_for_itself_and_a_network_of_ipv6_as_one() -> None:
    limit = Tries(1, Clock())
    assert [limit.take(each) for each in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1")] == [0, 0, 61]
    assert [limit.take(each) for each in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")] == [0, 61, 0]


@pytest.mark.parametrize("name", ["", "testclient", "fe80::1%eth0", "192.0.2.1"])
def test_whatever_stands_for_an_address_has_a_name(name: str) -> None:
    assert network_of(name) in ("", "fe80::", "192.0.2.1")


def test_it_remembers_a_bounded_number_and_forgets_who_was_silent_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "MOST", 3)
    limit = Tries(1, Clock())
    for number in (1, 2, 3):
        assert limit.take(f"192.0.2.{number}") == 0
    assert limit.take("192.0.2.1") > 0  # it asks again, in vain: it is remembered
    assert limit.take("192.0.2.4") == 0
    assert len(limit._even) == 3
    assert (limit.take("192.0.2.1") > 0, limit.take("192.0.2.2")) == (True, 0)
