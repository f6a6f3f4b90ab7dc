"""How each material of a product counts under an agreement: as originating, in proportion, or not.

1. A material counts as originating only under the agreement that is claimed; under another one it does not.
2. Of the exporting party: it originates here. Of another party: by accumulation (which a calculation may leave out, to
   see whether the answer rests on it).
3. One that does not originate but was made in a party counts in proportion to its content, where the agreement says so.
4. Nothing inside an originating material counts as non-originating (roll-up).
5. All else does not originate, and neither does what is of undetermined origin.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from schemas.certificate.agreement import Agreement
from schemas.certificate.answer import EXACT, Line, difference, product_of
from schemas.certificate.law import OriginLaw, Says
from schemas.certificate.model import Money
from schemas.certificate.statement import Material, MaterialUse, Product
from schemas.certificate.values import decimal_text


class Standing(StrEnum):
    """How a material counts."""

    HERE = "originates here"
    ACCUMULATED = "originates by accumulation"
    PROPORTION = "in proportion"
    OUTSIDE = "does not originate"


@dataclass(frozen=True, slots=True)
class Counted:
    """A material, and how it counts."""

    material: Material
    pointer: str
    standing: Standing
    line: Line

    @property
    def originates(self) -> bool:
        return self.standing in (Standing.HERE, Standing.ACCUMULATED)

    @property
    def packing(self) -> bool:
        return self.material.use is MaterialUse.RETAIL_PACKING

    @property
    def name(self) -> str:
        """`material 2 (722830, IN)`."""
        return _name(self.material)

    @property
    def inside(self) -> Decimal:
        """The share of its value, per cent, that counts as originating."""
        if self.originates:
            return Decimal(100)
        content = self.material.content
        return content if self.standing is Standing.PROPORTION and content is not None else Decimal(0)

    def originating_value(self, value: Money) -> Decimal:
        """Exact, with the decimal places of the amount where those suffice."""
        if self.inside == 100:
            return value.amount
        exact = product_of(value.amount, self.inside, Decimal("0.01"))
        rounded = exact.quantize(value.amount)
        return rounded if rounded == exact else exact.normalize(EXACT)

    def outside_value(self, value: Money) -> Decimal:
        return difference(value.amount, self.originating_value(value))


@dataclass(frozen=True, slots=True)
class Under:
    """Under what a product is judged."""

    agreement: Agreement
    law: OriginLaw
    country: str
    """The exporting party, where the product is made."""


def count_materials(under: Under, product: Product, pointer: str, *, accumulate: bool = True) -> tuple[Counted, ...]:
    """Each material of the product, as it counts. `pointer` is the product's. Without `accumulate` nothing of other
    parties counts."""
    return tuple(
        _counted(under, material, f"{pointer}/materials/{index}", accumulate)
        for index, material in enumerate(product.materials)
    )


def _counted(under: Under, material: Material, pointer: str, accumulate: bool) -> Counted:
    standing, why, says = (_of_origin if material.originating else _of_none)(under, material, accumulate)
    return Counted(material, pointer, standing, Line(f"{_name(material)}: {why}", says, pointer))


def _of_origin(under: Under, material: Material, accumulate: bool) -> tuple[Standing, str, Says | None]:
    """A material that originates, as the exporter states."""
    country, agreement = material.origin_country, material.agreement
    if agreement is not None and agreement != under.agreement.id:
        return Standing.OUTSIDE, f"originates under {agreement}, which does not count here: not originating", None
    if country is None:
        return Standing.OUTSIDE, "where it originates is not stated: not originating", None
    if country not in under.agreement.parties:
        return Standing.OUTSIDE, f"{country} is no party to the agreement: not originating", None
    if country == under.country:
        return Standing.HERE, "originates here, and all that is in it with it", under.law.roll_up
    if not accumulate:
        return Standing.OUTSIDE, f"originates in {country}; without accumulation not originating", None
    return Standing.ACCUMULATED, f"originates in {country}: counts as originating here", under.law.accumulation


def _of_none(under: Under, material: Material, accumulate: bool) -> tuple[Standing, str, Says | None]:
    """A material that does not originate."""
    proportion, content, country = under.law.in_proportion, material.content, material.origin_country
    made_in_party = country in under.agreement.parties and (accumulate or country == under.country)
    if proportion is None or content is None or not made_in_party:
        return Standing.OUTSIDE, "does not originate", None
    shown = f"{decimal_text(content)} %"
    if proportion.least <= content < proportion.below:
        return Standing.PROPORTION, f"does not originate; {shown} of its value counts", proportion.says
    bounds = f"from {proportion.least} % to less than {proportion.below} %"
    return Standing.OUTSIDE, f"does not originate; {shown} does not count, only {bounds}", proportion.says


def _name(material: Material) -> str:
    facts = ", ".join(part for part in (material.hs_code, material.origin_country) if part)
    return f"material {material.number}" + (f" ({facts})" if facts else "")
