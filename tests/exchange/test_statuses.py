"""The status of keys is signed once for many who ask; anew when something is another, and before its time is over."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.clock import MovableClock
from exchange.config import Settings
from exchange.hub import Hub, open_hub
from exchange.members import add_member
from exchange.records import BY_ITSELF
from tests.exchange.cast import NOW, SEED, description
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.simulation import test_api_key, test_signer
from tradebridge.evidence.status import Status, read_status

HOUR = timedelta(hours=1)


@dataclass
class Counting:
    """A key that counts what it signs."""

    inner: Signer
    count: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def sign(self, data: bytes) -> bytes:
        self.count += 1
        return self.inner.sign(data)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Its status lasts two hours."""
    hub = open_hub(Settings(data=tmp_path, seed=SEED, clock=NOW, status_hours=2))
    hub.begin(test_api_key(SEED, "OPERATOR"))
    yield hub
    hub.writer.stop()
    hub.database.close()


def counted(hub: Hub, inner: Signer) -> Counting:
    signer = Counting(inner)
    hub.keys = replace(hub.keys, signer=signer)
    return signer


def asked(hub: Hub) -> Status:
    with hub.database.reading.connect() as connection:
        told = read_status(hub.statuses.token(connection), hub.registry.trust)
    assert isinstance(told, Status), told
    return told


def test_many_who_ask_cost_one_signature_until_half_of_its_time_is_over(hub: Hub) -> None:
    signer, clock = counted(hub, hub.keys.signer), hub.clock
    assert isinstance(clock, MovableClock)
    first = asked(hub)
    for ahead in (timedelta(), HOUR - timedelta(seconds=1)):
        clock.set(NOW + ahead, timedelta())
        assert asked(hub) == first and first.next_update - clock.now() > HOUR
    assert signer.count == 1
    clock.set(NOW + HOUR, timedelta())
    assert asked(hub).issued_at == NOW + HOUR and signer.count == 2
    clock.set(NOW, timedelta())  # a status from the future is refused
    assert asked(hub).issued_at == NOW and signer.count == 3


def test_a_version_of_the_list_and_a_key_of_the_hub_each_make_another(hub: Hub) -> None:
    first = asked(hub)
    member = description("TH-NSW")
    asyncio.run(hub.change_member("TH-NSW", "added", lambda c: add_member(c, member, "tb_" + "x" * 40), BY_ITSELF))
    second = asked(hub)
    assert second.version == first.version + 1 and second.digest != first.digest
    signer = counted(hub, test_signer(SEED, "HUB", "receipt 2"))
    with hub.database.reading.connect() as connection:
        hub.statuses.token(connection)
    assert signer.count == 1
