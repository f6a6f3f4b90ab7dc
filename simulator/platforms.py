"""The eBL platforms of a simulated world: their codes and names, and what they show each other. No real platform has
these codes. Light to import: the platforms themselves are in `simulator.platform`."""

from collections.abc import Mapping

from tradebridge.evidence.simulation import test_api_key

PURPOSE = "pint"
"""What the keys of the seed are drawn for."""
PLATFORMS: Mapping[str, str] = {
    "STRA": "Straits eBL (simulated)",
    "MEKO": "Mekong eBL (simulated)",
    "FUJI": "Fuji eBL (simulated)",
}


def token_of(seed: str, sender: str, receiver: str) -> str:
    """What `sender` shows `receiver`, in a world of this seed."""
    return test_api_key(seed, f"{sender}>{receiver}")
