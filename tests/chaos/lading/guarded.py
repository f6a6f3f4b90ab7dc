"""The hub as control tracking registry, in a process of its own, for platforms that are processes too."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.ebl.cast import CARRIER_CODE
from tests.ebl.running import CODES, JSON, certificate_of
from tests.exchange.cast import SEED as HUB_SEED
from tests.exchange.cast import Cast, description
from tests.exchange.running import HubProcess
from tradebridge.evidence.simulation import test_api_key, test_signer


@contextmanager
def registry_hub(folder: Path) -> Iterator[HubProcess]:
    """It runs, and the three platforms are members, and the carrier whose word they register titles with."""
    hub = HubProcess(folder, clock=None).start()
    try:
        cast = Cast(hub.url)
        for code in CODES:
            described = description(f"{code}-SIM", country="SG", kind="platform", sends=[], accepts=[])
            ebl = {"platform": code, "url": "http://127.0.0.1:9"}
            key = {"certificate": certificate_of(code), "purposes": ["pint"]}
            cast.operator.add_member(described | {"ebl": ebl, "keys": [*described["keys"], key]})
        described = description("CARRIER-TEST", country="SG", kind="platform", sends=[], accepts=[])
        described |= {"carriers": [CARRIER_CODE], "ebl": {"url": "http://127.0.0.1:9"}}
        key = {"certificate": certificate_of(CARRIER_CODE), "purposes": ["pint"]}
        cast.operator.add_member(described | {"keys": [*described["keys"], key]})
        cast.close()
        yield hub
    finally:
        hub.stop()


def configuration_of(hub: HubProcess, code: str) -> JSON:
    """What a platform must know of it."""
    certificate = test_signer(HUB_SEED, "HUB", "pint").certificate.public_bytes(Encoding.PEM).decode("ascii")
    base = f"{hub.url}/ctr/v1"
    registry = {"base": base, "certificates": [certificate], "token_out": test_api_key(HUB_SEED, f"{code}-SIM")}
    return {"registry": base, "registries": [registry]}
