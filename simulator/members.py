"""The members of the simulated world: eleven single windows, Japan's issuing authority and two platforms.

1. Windows come from adapters/single_windows/countries.toml. In the simulation a window of ASEAN also hosts the
   authority that issues its country's certificates; Japan's certificates come from `JP-JCCI`, `JP-NACCS` receives.
2. Each member has three keys, drawn from the seed: one for documents, one for events, one for acknowledgements. Its API
   key comes from the seed too.
3. The eBL platforms of the world are members apart from these (`simulator.lading.cast`): they take no documents.
4. All of them may send unsigned what they may issue themselves, so that a first success needs no key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.outside import named
from adapters.reading import BILLS_OF_LADING, CERTIFICATES
from adapters.single_windows.countries import Country, countries
from schemas.certificate.agreement import ASEAN
from schemas.certificate.agreements import AGREEMENTS
from schemas.event import HUB as HUB
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_api_key, test_signer

OPERATOR = "OPERATOR"
PURPOSES = ("document", "event", "ack")

APPLYING = ("co-application/1", "cost-statement/1")
"""What an exporter's platform sends to an issuing authority. In the simulation people decide on it, not the partner."""

TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS = BILLS_OF_LADING
CARRIER_CODE = "SIML"
"""Carrier code of the simulated carrier; no real carrier has it."""


@dataclass(frozen=True, slots=True)
class Member:
    """One simulated member."""

    id: str
    name: str
    country: str
    kind: str
    style: str | None
    """Name of its adapter; None: it takes the originals."""
    mode: str
    """push or pull."""
    roles: tuple[str, ...]
    sends: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    default: bool = True
    """Whether a world has it unless told otherwise."""
    desk: bool = False
    """Has it no system of its own? Then its officers work at the hub, which takes delivery for it; in the world it
    only hands in."""

    def to_json(self) -> dict[str, object]:
        """What a person may want to know of it."""
        return {
            "id": self.id,
            "name": self.name,
            "country": self.country,
            "kind": self.kind,
            "style": self.style,
            "mode": "desk" if self.desk else self.mode,
            "roles": list(self.roles),
        }


@dataclass(frozen=True, slots=True)
class Keys:
    """The three keys of a member, and its API key."""

    document: LocalSigner
    event: LocalSigner
    ack: LocalSigner
    api_key: str = field(repr=False)


def keys_of(seed: str, member_id: str) -> Keys:
    document, event, ack = (test_signer(seed, member_id, purpose) for purpose in PURPOSES)
    return Keys(document, event, ack, test_api_key(seed, member_id))


def description(member: Member, keys: Keys, push_url: str) -> Mapping[str, object]:
    """The member as `POST /v1/members` takes it (docs/reference/api.md)."""
    return {
        "id": member.id,
        "name": member.name,
        "country": member.country,
        "kind": member.kind,
        "roles": list(member.roles),
        "sends": list(member.sends),
        "accepts": list(member.accepts),
        "style": member.style,
        "delivery": {"mode": "push", "url": push_url} if member.mode == "push" else {"mode": "pull"},
        "policy": {"unsigned": True},
        "carriers": list(member.carriers),
        "keys": [
            {"certificate": signer.certificate.public_bytes(Encoding.PEM).decode("ascii"), "purposes": [purpose]}
            for purpose, signer in zip(PURPOSES, (keys.document, keys.event, keys.ack), strict=True)
        ],
        "simulated": True,
        "apiKey": keys.api_key,
        **({"desk": {}} if member.desk else {}),
    }


def members(
    *, with_tl: bool = False, styles: Mapping[str, str] | None = None, desks: Iterable[str] = ()
) -> tuple[Member, ...]:
    """The members of a world, by id. `styles`: what windows speak by country, where it is not what we have for them
    (`styles_of`); such a window takes part in any case. `desks`: ids of those that have a desk instead of a system."""
    at_desks = set(desks)
    own = styles or {}
    windows = (
        replace(_window(each), style=own[each.code], default=True) if each.code in own else _window(each)
        for each in countries().values()
    )
    every = (*windows, *_OTHERS)
    known = (each for each in every if each.default or with_tl)
    chosen = (_at_a_desk(each) if each.id in at_desks else each for each in known)
    return tuple(sorted(chosen, key=lambda member: member.id))


def _at_a_desk(member: Member) -> Member:
    """It reads the originals; and bills of lading too, beside which officers lay the certificates of a consignment."""
    lading = () if TRANSPORT_DOCUMENT in member.accepts else (TRANSPORT_DOCUMENT,)
    return replace(member, desk=True, mode="pull", style=None, accepts=(*member.accepts, *lading))


class AdaptersClash(ValueError):
    """These adapters of others cannot be in one world: the message says which, and why."""


def styles_of(adapters: Iterable[str]) -> Mapping[str, str]:
    """What the windows of which countries speak by these adapters of others: folders, packages or styles, as people
    name them. They are found in this process from now on. Raises `Unusable`, and `AdaptersClash`."""
    styles: dict[str, str] = {}
    for adapter in (each for given in adapters for each in named(given)):
        for country in adapter.countries:
            if country not in countries():
                there_are = ", ".join(countries())
                raise AdaptersClash(f"{adapter.style} is for {country}: no window is there; there are {there_are}")
            if styles.setdefault(country, adapter.style) != adapter.style:
                raise AdaptersClash(f"both {styles[country]} and {adapter.style} are for {country}: take one of them")
    return styles


def certificates_of(country: str) -> tuple[str, ...]:
    """The profiles of the agreements that the country is party to; of a member-to-be, those of ASEAN, for practice."""
    agreements = [each for each in AGREEMENTS if country in each.parties or (country == "TL" and each.parties >= ASEAN)]
    return tuple(agreement.profile for agreement in agreements)


def _window(country: Country) -> Member:
    name = f"{country.window.value} of {country.name} (simulated)"
    if country.code == "JP":
        return Member(
            id="JP-NACCS",
            name=name,
            country="JP",
            kind="single-window",
            style=country.style.value,
            mode=country.channel.value,
            roles=("recipient",),
            accepts=certificates_of("JP"),
        )
    return Member(
        id=f"{country.code}-NSW",
        name=name,
        country=country.code,
        kind="single-window",
        style=country.style.value,
        mode=country.channel.value,
        roles=("issuer", "sender", "recipient"),
        sends=certificates_of(country.code),
        accepts=(*certificates_of(country.code), *APPLYING),
        default=country.default,
    )


_OTHERS = (
    Member(
        id="JP-JCCI",
        name="Japan's issuing authority (simulated)",
        country="JP",
        kind="issuing-authority",
        style=None,
        mode="push",
        roles=("issuer", "sender", "recipient"),
        sends=certificates_of("JP"),
        accepts=APPLYING,
    ),
    Member(
        id="TRADEWALTZ-SIM",
        name="Trade platform in Japan (simulated)",
        country="JP",
        kind="platform",
        style="tradewaltz",
        mode="push",
        roles=("issuer", "sender", "recipient"),
        sends=(SHIPPING_INSTRUCTIONS, *APPLYING),
        accepts=(*CERTIFICATES, *BILLS_OF_LADING),
    ),
    Member(
        id="CARRIER-SIM",
        name="Carrier's platform (simulated)",
        country="SG",
        kind="platform",
        style="dcsa",
        mode="push",
        roles=("issuer", "sender", "recipient"),
        sends=(TRANSPORT_DOCUMENT,),
        accepts=BILLS_OF_LADING,
        carriers=(CARRIER_CODE,),
    ),
)
