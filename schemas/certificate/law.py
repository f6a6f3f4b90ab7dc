"""What an agreement says on how goods acquire origin, as data: each fact with its clause and how well it is known.

The file of an agreement fills one `OriginLaw`; `origin.py` calculates by it. What differs between agreements stands
here as a fact, never as a branch of the calculation. A fact that an agreement lacks is None or empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from schemas.certificate.products import Basis, Change
from schemas.findings import Fidelity


class Method(StrEnum):
    """How regional (or qualifying) value content is calculated."""

    BUILD_DOWN = "build-down"
    """(FOB - value of non-originating materials) / FOB. Also called indirect."""
    BUILD_UP = "build-up"
    """(value of originating materials + labour + overhead + profit + other cost) / FOB. Also called direct."""


@dataclass(frozen=True, slots=True)
class Says:
    """Where the agreement says it. The text is the agreement's `source`."""

    clause: str
    fidelity: Fidelity


@dataclass(frozen=True, slots=True)
class GeneralRule:
    """For goods that have no rule of their own: the value content, or the change of classification, suffices."""

    content: Decimal
    """Least value content, per cent."""
    content_says: Says
    final_process: bool
    """The content counts only if the final process of production was performed in the party."""
    change: Change
    change_says: Says


@dataclass(frozen=True, slots=True)
class Tolerance:
    """De minimis: how much of the materials may stay without the change of classification."""

    chapters: frozenset[int]
    """Of the good."""
    basis: Basis
    per_cent: Decimal
    says: Says
    certain: Decimal | None = None
    """Where the rule of the product sets a lower percentage for some goods: up to this one it holds for all."""


@dataclass(frozen=True, slots=True)
class InProportion:
    """Materials that do not originate, but were made in a party: the part of their value made there counts."""

    least: Decimal
    """Content of the material, per cent, from which on it counts."""
    below: Decimal
    """Content below which it counts in proportion only."""
    says: Says
    claim: str | None
    """Code by which goods with such a content are certified as materials for others; None: they are not."""


@dataclass(frozen=True, slots=True)
class OriginLaw:
    """The rules of origin of one agreement."""

    wholly_obtained: Says
    exclusively: Says | None
    """Produced exclusively from originating materials."""
    general: GeneralRule | None
    """None: goods not wholly obtained need a rule of their own."""
    product_rules: Says
    """Where the product-specific rules stand."""
    by_product_rule: frozenset[str]
    """Codes of the form that claim the rule of the product as a whole, whatever it asks for."""
    content_name: str
    """What value content is called, and its code on the form where there is one: `RVC`, `LVC`, `QVC`."""
    methods: Mapping[Method, Says]
    """In the order of the text; the exporter may use any of them."""
    material_value: Says
    """What the value of a non-originating material is."""
    roll_up: Says
    """Nothing inside an originating material counts as non-originating."""
    change: Says
    """The change of classification is asked of non-originating materials only."""
    tolerances: tuple[Tolerance, ...]
    tolerance_by_product: bool
    """The rule of the product may set a percentage, whatever the chapter."""
    tolerance_says: Says
    accumulation: Says
    """Originating materials of other parties count as originating where the good is produced."""
    in_proportion: InProportion | None
    minimal_operations: Says
    """Work that confers no origin by itself."""
    minimal_operations_end_content: bool
    """Such work defeats value content too, not only a change of classification or a specific process."""
    packing_in_change: Says
    """Packing for retail sale is left out of the change of classification."""
    packing_in_content: Says
    """Packing for retail sale counts in the value content."""
