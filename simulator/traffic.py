"""Traffic out of a seed: certificates as they might go between eleven countries on a working day. Pure.

1. Which document the n-th is follows from seed, day and n alone, to the byte: its route, size, goods and mistake. A
   longer run begins as a shorter one.
2. Goods have weights, and those that are harvested have months. Routes have weights by country. Sizes have a long tail:
   half have one item, one in a hundred more than 50, the largest 5,000. A trader who knows that a window
   takes fewer items sends fewer.
3. So many in a thousand are wrong, each in a way with a name, by which the hub must refuse it (`MISTAKES`). Who signs,
   and everything else, is as the documents of a scenario are.
4. All of these numbers are invented: no statistics of certificates between these countries by goods, size or error were
   found. They are there to be like traffic, not like a particular year's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import TypeVar

from adapters.single_windows.countries import countries
from schemas.certificate.examples import example
from schemas.certificate.model import Certificate, Item, Packages, Quantity
from schemas.content import Syntax
from schemas.registry import profile_of
from simulator.defects import AFTER_SIGNING, BEFORE_SIGNING
from simulator.documents import sign
from simulator.members import certificates_of
from tradebridge.evidence.simulation import hmac_value, test_signer

T = TypeVar("T")

MOST_ITEMS = 5000
TAIL = 1.1
"""Of the Pareto distribution of sizes: one in 13 has more than 10 items, one in 160 more than 100."""
LAG = 200
"""A document that is sent again was sent so many documents before, or more."""

COUNTRIES: Mapping[str, float] = {
    "BN": 1, "ID": 14, "JP": 16, "KH": 4, "LA": 2, "MM": 3, "MY": 14, "PH": 9, "SG": 10, "TH": 17, "VN": 18,
}  # fmt: skip
"""Weights of exporters, and of importers."""

PROFILES: Mapping[str, float] = {"atiga-form-d/2022": 75, "rcep-co/2022": 15, "ajcep-form-aj/2014": 5}
OTHER_PROFILES = 10
"""Weights of the forms that both countries have: Form D within ASEAN, Japan's own agreements with it."""

ALL_YEAR = tuple(range(1, 13))
GOODS: Mapping[str, tuple[float, Sequence[int]]] = {
    "090111": (6, (11, 12, 1, 2, 3)),
    "853400": (12, ALL_YEAR),
    "030617": (5, (5, 6, 7, 8, 9, 10)),
    "870829": (11, ALL_YEAR),
    "400122": (6, (1, 7, 8, 9, 10, 11, 12)),
    "848210": (7, ALL_YEAR),
    "080450": (4, (3, 4, 5, 6)),
    "392321": (8, ALL_YEAR),
    "100630": (6, (1, 2, 3, 4, 11, 12)),
    "610910": (10, ALL_YEAR),
    "840999": (7, ALL_YEAR),
    "441233": (4, ALL_YEAR),
    "210390": (5, ALL_YEAR),
    "854442": (9, ALL_YEAR),
    "330499": (6, ALL_YEAR),
    "720839": (4, ALL_YEAR),
}
"""Weight of the goods of an HS subheading, and the months in which they are shipped; in others a tenth is."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way in which a document is wrong."""

    name: str
    per_thousand: float
    codes: frozenset[str]
    """By one of these the hub refuses it."""
    does: str


MISTAKES: Sequence[Mistake] = (
    Mistake(
        "rvc-below-threshold", 12, frozenset({"atiga.rvc-below-threshold"}), "a Form D claims 32 % of regional value"
    ),
    Mistake(
        "unknown-member", 8, frozenset({"certificate.unknown-member"}), "JSON with a member that no certificate has"
    ),
    Mistake("sent-again", 8, frozenset({"document.duplicate"}), "the content of a document that was sent before"),
    Mistake("changed-on-the-way", 3, frozenset({"signature.wrong-content"}), "a word was added after the signature"),
    Mistake("unknown-recipient", 4, frozenset({"route.unknown-recipient"}), "for a member that is not there"),
    Mistake("another-signer", 3, frozenset({"signature.unknown-issuer"}), "signed by another country's issuer"),
    Mistake("too-many-items", 2, frozenset({"partner.too-many-items"}), "more items than the window takes"),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """One run."""

    keys: str
    """Seed of the world, by which its members sign."""
    seed: str
    """Of this run: with another one, the same world has other traffic."""
    at: datetime
    """When all of it is issued and signed; its month is the season."""

    def random(self, purpose: str, place: int) -> Random:
        """`random()` of a generator that is given a number gives the same values in every version of Python."""
        drawn = hmac_value(f"{self.keys}/{self.seed}", purpose, str(place).encode())
        return Random(int.from_bytes(drawn, "big"))

    def number(self, exporter: str, place: int) -> str:
        """Of a document: no other run has it."""
        run = int(self.random("run", 0).random() * 100_000)
        return f"{exporter}-{self.at.year}-{run:05d}{place:06d}"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One document, ready to be sent."""

    place: int
    number: str
    profile: str
    sender: str
    recipient: str
    items: int
    data: bytes
    mistake: Mistake | None = None


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is decided of a document before it is made."""

    exporter: str
    importer: str
    profile: str
    syntax: Syntax
    items: int
    mistake: Mistake | None


def parcel(of: Traffic, place: int) -> Parcel:
    """The document of this place, from 0."""
    drawn = _drawn(of, place)
    if drawn.mistake is not None and drawn.mistake.name == "sent-again":
        return _again(of, place, drawn.mistake)
    number = of.number(drawn.exporter, place)
    certificate = _certificate(of, place, drawn, number)
    profile, mistake = profile_of(drawn.profile), drawn.mistake.name if drawn.mistake else ""
    if profile is None:
        raise LookupError(f"no profile {drawn.profile}")
    data = profile.encode[drawn.syntax](certificate)
    data = BEFORE_SIGNING[mistake](data) if mistake in BEFORE_SIGNING else data
    signing = drawn.importer if mistake == "another-signer" else drawn.exporter
    data = sign(data, drawn.syntax, test_signer(of.keys, _sender(signing)), of.at)
    data = AFTER_SIGNING[mistake](data) if mistake in AFTER_SIGNING else data
    recipient = "XX-NSW" if mistake == "unknown-recipient" else _recipient(drawn.importer)
    sender = _sender(drawn.exporter)
    return Parcel(place, number, drawn.profile, sender, recipient, len(certificate.items), data, drawn.mistake)


def _again(of: Traffic, place: int, mistake: Mistake) -> Parcel:
    """The newest good document before this one, as far back as `LAG`."""
    before = next((each for each in range(place - LAG, -1, -1) if _drawn(of, each).mistake is None), None)
    if before is None:
        raise LookupError("nothing was sent before")  # _drawn makes no such mistake so early
    first = parcel(of, before)
    return Parcel(place, first.number, first.profile, first.sender, first.recipient, first.items, first.data, mistake)


@lru_cache(maxsize=16_384)
def _drawn(of: Traffic, place: int) -> _Drawn:
    draw = of.random("traffic", place)
    mistake = _mistake(draw.random() * 1000)
    name = mistake.name if mistake else ""
    if name == "sent-again" and place <= LAG:
        mistake, name = None, ""
    exporter = _weighted(draw, COUNTRIES)
    importer = _weighted(draw, {each: weight for each, weight in COUNTRIES.items() if each != exporter})
    if name == "too-many-items":
        importer, exporter = "SG", exporter if exporter != "SG" else "VN"
    shared = [each for each in certificates_of(exporter) if each in certificates_of(importer)]
    if name == "rvc-below-threshold":
        exporter, importer = ("VN" if exporter == "JP" else exporter), ("TH" if importer == "JP" else importer)
        importer = importer if importer != exporter else "MY"
        shared = ["atiga-form-d/2022"]
    profile = _weighted(draw, {each: PROFILES.get(each, OTHER_PROFILES) for each in shared})
    syntax = Syntax.JSON if draw.random() < 0.3 or name in BEFORE_SIGNING else Syntax.XML
    syntax = Syntax.XML if name in AFTER_SIGNING else syntax
    items = min(MOST_ITEMS, int((1 - draw.random()) ** (-1 / TAIL)))
    most = _limits().get(importer)
    if most is not None:
        items = most + 1 + items if name == "too-many-items" else min(most, items)
    return _Drawn(exporter, importer, profile, syntax, items, mistake)


def _mistake(drawn: float) -> Mistake | None:
    for each in MISTAKES:
        if drawn < each.per_thousand:
            return each
        drawn -= each.per_thousand
    return None


def _certificate(of: Traffic, place: int, drawn: _Drawn, number: str) -> Certificate:
    draw = of.random("goods", place)
    whole = example(
        drawn.profile, exporter=drawn.exporter, importer=drawn.importer, number=number, at=of.at, variant=place % 700
    )
    pool = _pool(drawn.profile, drawn.exporter)
    weights = {hs: weight if of.at.month in months else weight / 10 for hs, (weight, months) in GOODS.items()}
    kinds = [_weighted(draw, weights) for _ in range(1 + int(draw.random() * 3))]
    items = tuple(
        _item(pool[kinds[each % len(kinds)]], each + 1, 1 + int(draw.random() * 20), drawn.items)
        for each in range(drawn.items)
    )
    return whole.model_copy(update={"items": items})


def _item(sample: Item, number: int, times: int, of: int) -> Item:
    """So many times what the sample is, as the item of this number."""
    if sample.packages is None or sample.gross_weight is None:
        raise LookupError("the examples' items have packages and a weight")
    packages = Packages(quantity=sample.packages.quantity * times, kind=sample.packages.kind)
    value = sample.fob_value
    return sample.model_copy(
        update={
            "number": number,
            "description": sample.description if of == 1 else f"{sample.description}, lot {number}",
            "marks_and_numbers": f"EXAMPLE {number}\nC/NO. 1-{packages.quantity}",
            "packages": packages,
            "gross_weight": Quantity(value=sample.gross_weight.value * times, unit=sample.gross_weight.unit),
            "fob_value": None if value is None else value.model_copy(update={"amount": value.amount * Decimal(times)}),
        }
    )


@lru_cache(maxsize=256)
def _pool(profile: str, exporter: str) -> Mapping[str, Item]:
    """An item of each kind of goods, as this profile has it."""
    importer = "TH" if exporter != "TH" else "MY"
    samples = (example(profile, exporter=exporter, importer=importer, variant=each) for each in range(len(GOODS)))
    found = {item.hs_code: item for sample in samples for item in sample.items}
    if not found.keys() >= GOODS.keys():
        raise LookupError(f"no example has {', '.join(sorted(GOODS.keys() - found.keys()))}")
    return found


@lru_cache(maxsize=1)
def _limits() -> Mapping[str, int]:
    """Items that a country's window takes, where it is known to take no more."""
    known = {code: each.limits.max_items for code, each in countries().items()}
    return {code: most for code, most in known.items() if most is not None}


def _sender(country: str) -> str:
    return "JP-JCCI" if country == "JP" else f"{country}-NSW"


def _recipient(country: str) -> str:
    return "JP-NACCS" if country == "JP" else f"{country}-NSW"


def _weighted(draw: Random, weights: Mapping[T, float]) -> T:
    left = draw.random() * sum(weights.values())
    for each, weight in weights.items():
        left -= weight
        if left < 0:
            return each
    return next(reversed(list(weights)))
