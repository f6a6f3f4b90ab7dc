"""A hub for the bench: `python -P -m exchange.serve` in a process of its own, with those members that are needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.children import pinned
from tests.exchange.cast import FORM_D, SEED, Cast, description
from tests.exchange.running import HubProcess
from tradebridge.evidence.simulation import test_api_key

SENDER, RECIPIENT = "SG-NSW", "TH-NSW"
SETTINGS = {"TRADEBRIDGE_LEASE_SECONDS": "30", "TRADEBRIDGE_RETRY_BASE_SECONDS": "1"}


@contextmanager
def running_hub(folder: Path, core: int | None, database_url: str = "") -> Iterator[HubProcess]:
    """A hub on this core, with nobody in it yet."""
    folder.mkdir(parents=True, exist_ok=True)
    hub = HubProcess(folder, database_url, clock=None, environment=SETTINGS)
    with pinned(core):
        hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def join(hub: HubProcess, members: Mapping[str, Mapping[str, Any]]) -> None:
    """Single windows that speak as those of ASEAN do; what is given for a member overrides that."""
    cast = Cast(hub.url)
    for member, own in members.items():
        cast.operator.add_member(description(member, **({"style": "asw"} | dict(own))))
    cast.close()


def headers_of(member: str, recipient: str = "") -> dict[str, str]:
    """Of a submission by this member."""
    own = {"Authorization": f"Bearer {test_api_key(SEED, member)}"}
    return own | ({"Tradebridge-To": recipient, "Tradebridge-Profile": FORM_D} if recipient else {})
