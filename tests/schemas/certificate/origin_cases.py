"""Cost statements written short: a material as a line, a product as a table of TOML. For tests of the calculation."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from schemas.certificate.model import Money, OriginCriterion, Quantity
from schemas.certificate.products import ProductRules, read_products
from schemas.certificate.statement import CostStatement, Material, MaterialUse, Product, example_statement

ROUTES = {
    "atiga": ("SG", "TH"),
    "ajcep": ("JP", "VN"),
    "rcep": ("JP", "TH"),
    "jtepa": ("JP", "TH"),
    "jiepa": ("JP", "ID"),
    "jvepa": ("JP", "VN"),
}


def money(text: str | None) -> Money | None:
    """`100.00`, or `100JPY`."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9.]+)([A-Z]{3})?", text)
    assert found is not None, text
    return Money(amount=Decimal(found[1]), currency=found[2] or "USD")


def kilograms(text: str | None, unit: str = "KGM") -> Quantity | None:
    return None if text is None else Quantity(value=Decimal(text), unit=unit)


def material(number: int, line: str) -> Material:
    """`- 722830 CN 600.00 kg=90 content=25 under=rcep packing`; `?` for what is not stated."""
    sign, hs, country, value, *more = line.split()
    options = dict(option.partition("=")[::2] for option in more)
    assert sign in "+-" and options.keys() <= {"kg", "lb", "content", "under", "packing"}, line

    def known(text: str) -> str | None:
        return None if text == "?" else text

    return Material(
        number=number,
        description="A material",
        hs_code=known(hs),
        use=MaterialUse.RETAIL_PACKING if "packing" in options else MaterialUse.PRODUCTION,
        originating=sign == "+",
        origin_country=known(country),
        agreement=options.get("under"),
        content=Decimal(options["content"]) if "content" in options else None,
        value=money(known(value)),
        weight=kilograms(options.get("lb"), "LBR") or kilograms(options.get("kg")),
    )


def claim(text: str | None) -> OriginCriterion | None:
    """`RVC 40`, `PE, ACU`."""
    if text is None:
        return None
    parts = [part.split() for part in text.split(", ")]
    figures = [Decimal(part[1]) for part in parts if len(part) > 1]
    return OriginCriterion(codes=tuple(part[0] for part in parts), percentage=figures[0] if figures else None)


def product(case: Mapping[str, Any]) -> Product:
    costs = case.get("costs", {})
    return Product(
        number=1,
        description="A product",
        hs_code=case["hs"],
        hs_edition="2022",
        claim=claim(case.get("claim")),
        weight=kilograms(case.get("kg")),
        materials=tuple(material(index + 1, line) for index, line in enumerate(case["materials"])),
        labour=money(costs.get("labour")),
        overhead=money(costs.get("overhead")),
        profit=money(costs.get("profit")),
        other_cost=money(costs.get("other")),
        fob=money(case.get("fob")),
        wholly_obtained=case.get("wholly_obtained"),
        final_process=case.get("final_process"),
        minimal_operations_only=case.get("minimal_operations_only"),
    )


def statement(case: Mapping[str, Any]) -> CostStatement:
    """The statement of one product."""
    exporter, importer = ROUTES[case["agreement"]]
    sample = example_statement(exporter=exporter, importer=importer, agreement=case["agreement"])
    return sample.model_copy(update={"products": (product(case),)})


def table(case: Mapping[str, Any]) -> ProductRules | None:
    """An operator's table with the rule of this product only."""
    if "rule" not in case:
        return None
    lines = [
        'title = "One rule"\nsource = "test"\nfidelity = "invented"\nedition = "2022"\n[[product]]',
        f'agreement = "{case["agreement"]}"\nheading = "{case["hs"]}"\nany_of = {case["rule"]!r}',
    ]
    if "tolerance" in case:
        lines.append(f'tolerance = "{case["tolerance"]}"')
    return read_products("\n".join(lines))
