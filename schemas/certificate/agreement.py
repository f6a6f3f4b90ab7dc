"""What a certificate's agreement is, as data: who belongs to it, what its form has, what may stand in its boxes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from schemas.certificate.form import Boxes
from schemas.certificate.law import OriginLaw

ASEAN = frozenset({"BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN"})
"""The ten members between whom the agreements below are in force. Timor-Leste, a member since 2025, is no party yet."""


@dataclass(frozen=True, slots=True)
class NumberForm:
    """The format in which one country's authorities number certificates of an agreement."""

    pattern: re.Pattern[str]
    """With the groups `importing` (country) and `year` (two digits), where the number has them."""
    shown: str
    """For people: `VN-JP yy/oo/nnnnn`."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement and its form in one version."""

    id: str
    """Family of its findings' codes."""
    profile: str
    title: str
    source: str
    """The text that its clauses stand in."""
    parties: frozenset[str]
    since: date
    """First day on which the form may have been issued."""
    boxes: Boxes
    example_route: tuple[str, str]
    """Exporter and importer of its example."""
    example_claims: tuple[tuple[str, str], ...]
    """Criteria of manufactured goods in its examples: code, and percentage or nothing."""
    example_serial: str
    """What stands before the year in its examples' numbers."""
    criteria: frozenset[str]
    """Codes of which one must stand in the box of the origin criterion."""
    combinable: frozenset[str]
    """Those of them that may stand together."""
    additional: frozenset[str]
    """Codes that may stand beside one of those, never alone."""
    content: frozenset[str]
    """Those of them that claim value content: a figure and an FOB value go with them."""
    tolerant: frozenset[str]
    """Those of them beside which de minimis makes sense, since they ask for a change of classification."""
    tick_boxes: frozenset[str]
    """What the form has a box or a place for to mark it, by the model's names."""
    absent: frozenset[str]
    """Parts of the model that this form has no box for, by JSON Pointer without indices."""
    rvc_least: Decimal | None
    """Least regional value content, per cent, unless the product's rule says otherwise; None: only that rule says."""
    grace_days: int
    """Days after shipment within which an issue is not retroactive."""
    origin: OriginLaw
    """How goods acquire origin: what `origin.py` calculates by."""
    value_always: bool = False
    """Whether the form asks for the FOB value of every item."""
    boxes_of_issuer: Mapping[str, Boxes] = field(default_factory=dict)
    """Where a party's own form has its boxes elsewhere: by issuing country."""
    numbers: Mapping[str, NumberForm] = field(default_factory=dict)
    """By issuing country, where the format is known."""

    def boxes_on(self, issuing_country: object) -> Boxes:
        """The boxes of the form that this country issues."""
        return self.boxes_of_issuer.get(issuing_country, self.boxes) if isinstance(issuing_country, str) else self.boxes
