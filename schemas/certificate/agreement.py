"""What a certificate's agreement is, as data: who belongs to it, what its form has, what may stand in its boxes."""

from dataclasses import dataclass
from decimal import Decimal

from schemas.certificate.form import Boxes

ASEAN = frozenset({"BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN"})
"""The ten members between whom the agreements below are in force. Timor-Leste, a member since 2025, is no party yet."""


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
    boxes: Boxes
    example_route: tuple[str, str]
    """Exporter and importer of its example."""
    criteria: frozenset[str]
    """Codes of which one must stand in the box of the origin criterion."""
    combinable: frozenset[str]
    """Those of them that may stand together."""
    additional: frozenset[str]
    """Codes that may stand beside one of those, never alone."""
    tick_boxes: frozenset[str]
    """The boxes that the form has to tick, by the model's names."""
    absent: frozenset[str]
    """Parts of the model that this form has no box for, by JSON Pointer without indices."""
    rvc_least: Decimal
    """Least regional value content, per cent, unless the product's rule says otherwise."""
    grace_days: int
    """Days after shipment within which an issue is not retroactive."""
