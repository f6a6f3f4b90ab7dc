"""The documents of a scenario: made from its lines, signed by their issuers. Pure.

1. A number names country, year and place: `SG-2026-00041`; a bill of lading's is the carrier's: `SIML2600052`.
2. Goods, parties and quantities vary with the place. The issuer signs: XML with an enveloped XAdES, JSON as a compact
   JWS. Same seed, same time, same line: same bytes.
3. A defect is made before signing or after it, as its name in `simulator.defects` says.
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.content import Content, Syntax, open_content
from schemas.registry import profile_of
from simulator.defects import AFTER_SIGNING, BEFORE_SIGNING, DEFECTS
from simulator.members import CARRIER_CODE, SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT
from simulator.scenario import Planned
from tradebridge.evidence import jws, xades
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.simulation import test_signer

RUN_SIZE = 1000
"""Places in the numbers of one run: a second run on the same store takes numbers of its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """One document, ready to be sent."""

    planned: Planned
    number: str
    """For people: of instructions, which have no number yet, the place in the scenario."""
    data: bytes
    content_digest: str
    """Empty where a defect makes the content unreadable."""


def make(planned: Planned, *, seed: str, at: datetime, run: int = 0) -> Made:
    """The document of one line. `at`: time of issue and of signing; `run`: how often the scenario was played before."""
    profile = profile_of(planned.profile)
    if profile is None:
        raise LookupError(f"no profile {planned.profile}: the scenario's file names one that the registry lacks")
    number = _number(planned, at, run)
    document = profile.example(
        exporter=planned.exporter,
        importer=planned.importer,
        number=number,
        at=at,
        variant=planned.place,
        **({"carrier": CARRIER_CODE} if planned.profile in (TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS) else {}),
    )
    data = profile.encode[planned.syntax](document)
    defect = planned.defect.name if planned.defect else ""
    if defect and defect not in DEFECTS:
        raise LookupError(f"no defect {defect}: simulator/defects.py has {', '.join(sorted(DEFECTS))}")
    if defect in BEFORE_SIGNING:
        data = BEFORE_SIGNING[defect](data)
    data = sign(data, planned.syntax, test_signer(seed, planned.sender), at)
    if defect in AFTER_SIGNING:
        data = AFTER_SIGNING[defect](data)
    content = open_content(data)
    return Made(planned, number, data, content.content_digest if isinstance(content, Content) else "")


def sign(data: bytes, syntax: Syntax, signer: Signer, at: datetime) -> bytes:
    """The document with its issuer's signature, in the way of its syntax."""
    if syntax is Syntax.XML:
        return xades.sign(data, signer, at)
    return jws.sign(data, "tradebridge-document+jws", signer, at).encode("ascii")


def _number(planned: Planned, at: datetime, run: int) -> str:
    place = run * RUN_SIZE + planned.place
    if planned.profile == TRANSPORT_DOCUMENT:
        return f"{CARRIER_CODE}{at.year % 100:02d}{place:07d}"
    if planned.profile == SHIPPING_INSTRUCTIONS:
        return f"SI-{at.year}-{place:05d}"
    return f"{planned.exporter}-{at.year}-{place:05d}"
