"""A courier that fails in the middle and lives on: what was not written down was an attempt all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.lading.network import Fate, Network, party


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    one = Network(tmp_path)
    yield one
    one.close()


def test_what_the_store_could_not_keep_was_an_attempt_all_the_same(network: Network) -> None:
    """Accepted, and the receipt heard; the store fails. The next copy is spoilt on the way, and refused as such: that
    takes nothing back."""
    reference = network.issue("STRA")
    network.run(network["STRA"].attempt())
    assert network.transfer("STRA", reference, party("MEKO")).status_code == 200
    network["STRA"].fails_in = 0
    network.run(network["STRA"].attempt())
    assert (network.stands("STRA", reference), network.stands("MEKO", reference)) == ("sending", "here")
    network.fates.append(Fate.CORRUPTED)
    network.run(network["STRA"].attempt())
    assert network.holders(reference) == ["MEKO here"], network.told
    network.run(network["STRA"].attempt())
    assert network.stands("STRA", reference) == "away"
