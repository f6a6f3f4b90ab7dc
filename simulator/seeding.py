"""Documents out of the seed, for a world that shall not be empty: a scenario that no file lists.

Which route, form and outcome the n-th has follows from seed and n alone; so does a larger number of them begin with the
smaller. Numbers begin with `FIRST`, above those of any scenario's file.
"""

from collections.abc import Sequence

from schemas.content import Syntax
from simulator.members import certificates_of
from simulator.scenario import Planned, Scenario
from simulator.story import Story, steps_of
from tradebridge.evidence.simulation import hmac_value

NAME = "seed"
FIRST = 5000
COUNTRIES = ("BN", "ID", "JP", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN")
OUTCOMES: Sequence[tuple[str, ...]] = (
    *((("accepted",),) * 6),
    ("accepted", "utilised"),
    ("queried", "accepted"),
    ("rejected",),
    ("queried", "rejected"),
)


def sown(count: int, seed: str) -> Scenario:
    """So many certificates between members that exchange them."""
    return Scenario(NAME, "Certificates out of the seed", tuple(_planned(FIRST + n, seed) for n in range(1, count + 1)))


def _planned(place: int, seed: str) -> Planned:
    drawn = hmac_value(seed, "sown", str(place).encode())
    exporter = COUNTRIES[drawn[0] % len(COUNTRIES)]
    routes = [
        (importer, profile)
        for importer in COUNTRIES
        if importer != exporter
        for profile in certificates_of(exporter)
        if profile in certificates_of(importer)
    ]
    importer, profile = routes[int.from_bytes(drawn[1:3], "big") % len(routes)]
    recipient = "JP-NACCS" if importer == "JP" else f"{importer}-NSW"
    return Planned(
        place=place,
        profile=profile,
        exporter=exporter,
        importer=importer,
        syntax=(Syntax.XML, Syntax.JSON)[drawn[3] % 2],
        sender="JP-JCCI" if exporter == "JP" else f"{exporter}-NSW",
        recipients=(recipient,),
        story=Story({recipient: steps_of(OUTCOMES[drawn[4] % len(OUTCOMES)])}),
    )
