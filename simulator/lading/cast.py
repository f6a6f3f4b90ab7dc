"""Who takes part in the life of a bill of lading, all invented, and what each is told of the others: platforms,
carrier, parties.

1. Keys and tokens come from the seed, as all in the world; nothing signed with them proves anything.
2. A party has an account on one platform, under a code of that platform's own list. A carrier has one wherever it
   issues.
3. Addresses follow from where the world listens: platform STRA is at `{world}/ebl/STRA`, the carrier at
   `{world}/ebl/SIML`. The hub is a platform beside them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.platforms.tradewaltz.links import Role
from simulator.members import CARRIER_CODE
from simulator.platforms import PLATFORMS, PURPOSE, token_of
from tradebridge.ebl.seal import Trust, Trusted
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_api_key, test_signer

JSON = dict[str, Any]

PREFIX = "/ebl"
"""Of the paths of platforms and carrier in the world."""
HUB_PLATFORM = "TBHB"
REGISTRY_PATH = "/ctr/v1"
CARRIER_MEMBER = "CARRIER-SIM"
CARRIER_NAME = "Simulated carrier SIML"


@dataclass(frozen=True, slots=True)
class Trader:
    """A party of the trade: no such company exists, and its name says so."""

    id: str
    """On its platform, and for the trade platform."""
    name: str
    role: Role
    country: str
    city: str
    street: str
    platform: str = ""
    """Where it has its account; empty: nowhere."""

    @property
    def codes(self) -> list[JSON]:
        """How a platform knows it."""
        return [{"codeListProvider": self.platform or "ZZZ", "partyCode": self.id}]

    @property
    def party(self) -> JSON:
        """As transactions name it (DCSA PINT, TransactionParty)."""
        return {"partyName": self.name, "eblPlatform": self.platform, "identifyingCodes": self.codes}


EXPORTER = Trader(
    "LANNA-RUBBER", "Lanna Rubber Exports (simulated)", Role.EXPORTER, "TH", "Hat Yai", "Example Road", "MEKO"
)
BANK = Trader("STRAITS-BANK", "Straits Trade Bank (simulated)", Role.BANK, "SG", "Singapore", "Example Quay", "STRA")
IMPORTER = Trader(
    "FUJI-TYRE", "Fuji Tyre Materials (simulated)", Role.IMPORTER, "JP", "Kobe", "Example Harbour", "FUJI"
)
INSURER = Trader(
    "MONSOON-MARINE", "Monsoon Marine Insurance (simulated)", Role.INSURER, "SG", "Singapore", "Example Quay"
)
CARRIER = Trader(CARRIER_CODE, CARRIER_NAME, Role.CARRIER, "SG", "Singapore", "Example Wharf")
TRADING_HOUSE = Trader(
    "KANSAI-RUBBER", "Kansai Rubber Works (simulated)", Role.IMPORTER, "JP", "Osaka", "Example Dock", HUB_PLATFORM
)
"""A party on the hub's own platform; TRADEWALTZ-SIM acts for it. It has no part in the scenario."""
HUB_MEMBER = "TRADEWALTZ-SIM"
TRADERS: Mapping[str, Trader] = {each.role.value: each for each in (EXPORTER, BANK, IMPORTER, INSURER, CARRIER)}
"""By role."""

PATIENCE = {"first": 0.2, "factor": 2.0, "longest": 5.0, "timeout": 5.0}


@dataclass(frozen=True, slots=True)
class Places:
    """Where everybody is in one world."""

    hub: str
    world: str

    def of(self, code: str) -> str:
        """Base address of a platform or of the carrier."""
        return self.hub if code == HUB_PLATFORM else f"{self.world}{PREFIX}/{code}"


def trader_signer(seed: str, trader: Trader) -> LocalSigner:
    """The key with which a party signs its changes on the trade platform."""
    return test_signer(seed, trader.id, "link")


def trader_token(seed: str, trader: Trader) -> str:
    """What a party shows the carrier and the trade platform."""
    return test_api_key(seed, f"trader:{trader.id}")


def pint_signer(seed: str, code: str) -> LocalSigner:
    """The PINT key of a platform, of the carrier, or of the hub."""
    return test_signer(seed, "HUB" if code == HUB_PLATFORM else code, PURPOSE)


def pem(signer: LocalSigner) -> str:
    return signer.certificate.public_bytes(Encoding.PEM).decode("ascii")


def member_of(code: str) -> str:
    """Id of the member of the hub that the platform is."""
    return f"{code}-SIM"


def trust_of(seed: str) -> Trust:
    """Whom everybody in the world believes."""
    platforms = {code: Trusted(code, (pint_signer(seed, code).certificate,)) for code in (*PLATFORMS, HUB_PLATFORM)}
    return Trust(platforms, {CARRIER_CODE: Trusted(CARRIER_CODE, (pint_signer(seed, CARRIER_CODE).certificate,))})


def platforms_list(seed: str) -> JSON:
    """The same as a file (`tradebridge-platforms/1`), for who verifies a chain without the world."""
    return {
        "format": "tradebridge-platforms/1",
        "simulated": True,
        "platforms": [_listed(code, PLATFORMS.get(code, code), seed) for code in (*PLATFORMS, HUB_PLATFORM)],
        "carriers": [_listed(CARRIER_CODE, CARRIER_NAME, seed)],
    }


def _listed(code: str, name: str, seed: str) -> JSON:
    certificates = [{"certificate": pem(pint_signer(seed, code))}]
    return {"code": code, "name": name, "algorithms": ["ES256"], "certificates": certificates}


# --- What each is told -----------------------------------------------------------------------------------------------


def platform_configuration(code: str, seed: str, places: Places, clock: datetime | None) -> JSON:
    """Of a simulated platform, as `simulator.platform` reads it."""
    others = [_peer(each, code, seed, places) for each in (*PLATFORMS, HUB_PLATFORM) if each != code]
    carrier = _peer(CARRIER_CODE, code, seed, places) | {"name": CARRIER_NAME, "party": carrier_party(code)}
    return {
        "code": code,
        "seed": seed,
        "clock": None if clock is None else clock.isoformat(),
        "peers": others,
        "carriers": [carrier],
        "accounts": [
            {"id": each.id, "partyName": each.name, "identifyingCodes": each.codes}
            for each in TRADERS.values()
            if each.platform == code
        ],
        "registries": [_registry(code, seed, places)],
        "patience": PATIENCE,
    }


def _registry(me: str, seed: str, places: Places) -> JSON:
    """The hub as a control tracking registry: only for titles whose first entry names it."""
    return {
        "base": f"{places.hub}{REGISTRY_PATH}",
        "token_out": test_api_key(seed, member_of(me)),
        "certificates": [pem(pint_signer(seed, HUB_PLATFORM))],
    }


def carrier_party(code: str) -> JSON:
    """The carrier as a party on a platform."""
    return CARRIER.party | {"eblPlatform": code}


def _peer(code: str, me: str, seed: str, places: Places) -> JSON:
    to_hub = code == HUB_PLATFORM
    return {
        "code": code,
        "name": PLATFORMS.get(code, code),
        "base": places.of(code),
        "token_out": test_api_key(seed, member_of(me)) if to_hub else token_of(seed, me, code),
        "token_in": _digest(token_of(seed, code, me)),
        "certificates": [pem(pint_signer(seed, code))],
    }


def carrier_configuration(seed: str, places: Places, clock: datetime | None, booking: Mapping[str, Any]) -> JSON:
    """Of the simulated carrier, as `tradebridge.ebl.carrier.settings` has it."""
    return {
        "carrierCode": CARRIER_CODE,
        "issuingParty": {
            "partyName": CARRIER_NAME,
            "address": address_of(CARRIER),
            "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": CARRIER_CODE}],
        },
        "seed": seed,
        "clock": None if clock is None else clock.isoformat(),
        "platforms": [
            {
                "code": code,
                "base": places.of(code),
                "tokenOut": _shown_by_carrier(seed, code),
                "tokenIn": _digest(token_of(seed, code, CARRIER_CODE)),
            }
            for code in (*PLATFORMS, HUB_PLATFORM)
        ],
        "consumers": [{"id": EXPORTER.id, "tokenIn": _digest(trader_token(seed, EXPORTER))}],
        "booking": dict(booking),
    }


def _shown_by_carrier(seed: str, code: str) -> str:
    return test_api_key(seed, CARRIER_MEMBER) if code == HUB_PLATFORM else token_of(seed, CARRIER_CODE, code)


def address_of(trader: Trader) -> JSON:
    return {"street": trader.street, "streetNumber": "8", "city": trader.city, "countryCode": trader.country}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- At the hub ------------------------------------------------------------------------------------------------------


def platform_member(code: str, seed: str, places: Places) -> JSON:
    """A platform as the hub's member (`POST /v1/members`)."""
    return {
        "id": member_of(code),
        "name": PLATFORMS[code],
        "country": {"STRA": "SG", "MEKO": "TH", "FUJI": "JP"}[code],
        "kind": "platform",
        "roles": ["sender", "recipient"],
        "sends": [],
        "accepts": [],
        "delivery": {"mode": "pull"},
        "ebl": {"platform": code, "url": places.of(code), "token": token_of(seed, HUB_PLATFORM, code)},
        "keys": [{"certificate": pem(pint_signer(seed, code)), "purposes": [PURPOSE]}],
        "simulated": True,
        "apiKey": test_api_key(seed, member_of(code)),
    }


def carrier_at_hub(seed: str, places: Places) -> JSON:
    """What the hub is told of the carrier beside what every member is described by."""
    return {"ebl": {"url": places.of(CARRIER_CODE), "token": token_of(seed, HUB_PLATFORM, CARRIER_CODE)}}


def accounts_at_hub() -> JSON:
    """Of the trade platform, which acts at the hub for a party that has its account there."""
    code = {"codeListProvider": HUB_PLATFORM, "partyCode": TRADING_HOUSE.id}
    return {"accounts": [{"partyName": TRADING_HOUSE.name, "identifyingCodes": [code]}]}


def carrier_pint_key(seed: str) -> JSON:
    return {"certificate": pem(pint_signer(seed, CARRIER_CODE)), "purposes": [PURPOSE]}
