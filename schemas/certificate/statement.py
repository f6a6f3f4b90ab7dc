"""`cost-statement/1`: what goods are made of and what they cost, by which an exporter shows that they originate.

1. One statement covers the items of one consignment; each product stands under the number of its item on the
   certificate. Its figures are for all of that item, or for any one lot of it: only their proportions count.
2. It goes to the issuing authority of the exporting party, and to nobody else.
3. It names the certificate or the application that it belongs to. A certificate does not name it: no form has a box.
4. An amount is money with its currency; what is not known is left out, never stated as nothing. There is no negative
   amount: a product sold at a loss has no profit.
5. Whether the figures suffice is not judged here: `origin.py` calculates, `statement_rules.py` finds.

The parts are those of the formulas of regional value content (ATIGA Article 29, RCEP Article 3.5). The form is ours.
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, ValidationError

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.model import MOST_ITEMS, Money, OriginCriterion, Party, Quantity
from schemas.certificate.structure import readable_part, structural_findings
from schemas.certificate.values import (
    Count,
    CountryCode,
    Day,
    DecimalText,
    Flag,
    HsCode,
    HsEdition,
    Line,
    Number,
    Part,
    Text,
)
from schemas.content import Content, Syntax
from schemas.registry import Decoded, Document

PROFILE = "cost-statement/1"
FAMILY = "statement"
MOST_MATERIALS = 1_000
"""Materials of one product: a bound of ours."""

AgreementId = Annotated[str, Field(pattern=r"^[a-z]{2,20}$")]
"""As in the codes of its rules: `atiga`, `ajcep`, `rcep`."""


class MaterialUse(StrEnum):
    """What a material is used as."""

    PRODUCTION = "production"
    """It goes into the product."""
    RETAIL_PACKING = "retail-packing"
    """Packing in which the product is sold, classified with it."""


class Material(Part):
    """One material, of one origin."""

    number: Annotated[Count, Field(ge=1, le=99_999)]
    description: Text
    hs_code: HsCode | None = None
    """Of the product's edition."""
    use: MaterialUse = MaterialUse.PRODUCTION
    originating: Flag
    """Does it originate, under the agreement named? A material of undetermined origin does not."""
    origin_country: CountryCode | None = None
    """Where it originates; where it was made, if it does not originate."""
    agreement: AgreementId | None = None
    """Under which agreement it originates; left out: under the one that is claimed."""
    proof: Number | None = None
    """Number of the certificate that shows it, if the material comes from another party."""
    content: DecimalText | None = None
    """Per cent of its value that was added in the party named, where it does not originate."""
    value: Money | None = None
    """Of an imported material: with freight and insurance to the port of importation (CIF). Else the first price that
    can be ascertained."""
    quantity: Quantity | None = None
    weight: Quantity | None = None
    """Net, as it is in the product."""


class Product(Part):
    """One item of the certificate, and what it costs."""

    number: Annotated[Count, Field(ge=1, le=99_999)]
    """Of the item on the certificate."""
    description: Text
    hs_code: HsCode
    hs_edition: HsEdition
    claim: OriginCriterion | None = None
    """The origin criterion that the exporter claims."""
    quantity: Quantity | None = None
    weight: Quantity | None = None
    """Net."""
    materials: Annotated[tuple[Material, ...], Field(max_length=MOST_MATERIALS)] = ()
    labour: Money | None = None
    """Direct labour: wages, remuneration and other benefits."""
    overhead: Money | None = None
    """Direct overhead."""
    profit: Money | None = None
    other_cost: Money | None = None
    """What it costs to bring the product from the factory onto the ship."""
    ex_works: Money | None = None
    """Price ex works: materials, labour, overhead and profit."""
    fob: Money | None = None
    """Free on board: ex works and other cost."""
    wholly_obtained: Flag | None = None
    """Does the producer state that it was wholly obtained in the exporting party?"""
    final_process: Flag | None = None
    """Was the final process of production performed in the exporting party?"""
    minimal_operations_only: Flag | None = None
    """Was nothing done there but what confers no origin, such as packing, sorting or assembling sets?"""
    process: Text | None = None
    """What was done there, in words: for a specific process or a chemical reaction."""


class CostStatement(Part):
    """One cost statement."""

    profile: Literal["cost-statement/1"]
    number: Number
    """The exporter's own reference."""
    date: Day
    certificate: Number | None = None
    """Number of the certificate that it belongs to, if that is known."""
    application: Number | None = None
    """Number of the application that it belongs to."""
    agreement: AgreementId
    """Under which origin is claimed."""
    exporting_country: CountryCode
    """The party in which the products are made."""
    importing_country: CountryCode
    exporter: Party
    producer: Party | None = None
    """If it is not the exporter."""
    products: Annotated[tuple[Product, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    signatory: Line
    """Who answers for the figures."""

    @property
    def issued_by(self) -> None:
        """Any exporter's platform may sign it."""
        return None

    @property
    def belongs_to(self) -> str | None:
        """Number of the certificate, else of the application, that it belongs to."""
        return self.certificate or self.application


def statement_of(document: Document) -> CostStatement:
    """The document as a cost statement."""
    if isinstance(document, CostStatement):
        return document
    raise TypeError(f"a cost statement's profile got a {type(document).__name__}: choose the profile by the document")


def encode_statement(document: Document) -> bytes:
    """UTF-8 JSON, without what is empty."""
    return orjson.dumps(statement_of(document).model_dump(mode="json", by_alias=True, exclude_none=True))


def decode_statement(content: Content) -> Decoded:
    """The object as a cost statement, or one finding for each place that is wrong."""
    try:
        return Decoded(CostStatement.model_validate(content.value, by_alias=True, by_name=False))
    except ValidationError as error:
        sample = orjson.loads(encode_statement(_complete()))
        readable = readable_part(content.value, sample, CostStatement)
        return Decoded(None, structural_findings(error), readable)


def recognises_statement(content: Content) -> bool:
    """Whether a content says of itself that it is one."""
    return content.syntax is Syntax.JSON and content.value.get("profile") == PROFILE


# --- Examples --------------------------------------------------------------------------------------------------------

FIRST_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def example_statement(
    *,
    exporter: str = "SG",
    importer: str = "TH",
    number: str | None = None,
    at: datetime = FIRST_DAY,
    variant: int = 0,
    agreement: str = "atiga",
    certificate: str | None = None,
    **_: Any,
) -> CostStatement:
    """A valid statement that shows its claims: wholly obtained coffee, and bearings by value content and by heading.
    Every party and figure is invented; `variant` changes the figures."""
    day = at.astimezone(UTC).date()
    return CostStatement(
        profile=PROFILE,
        number=number or f"CS-{exporter}-{day.year}-{41 + variant:05d}",
        date=day,
        certificate=certificate,
        application=None if certificate else f"APP-{day.year}-{41 + variant:05d}",
        agreement=agreement,
        exporting_country=exporter,
        importing_country=importer,
        exporter=_party(exporter, "Example Bearings"),
        products=(_coffee(), _bearings(exporter, agreement, Decimal(variant % 50))),
        signatory="C. Specimen, cost accountant",
    )


def dollars(amount: str | Decimal, currency: str = "USD") -> Money:
    """An amount of money."""
    return Money(amount=Decimal(amount), currency=currency)


def _coffee() -> Product:
    return Product(
        number=1,
        description="Green coffee beans, robusta, not roasted",
        hs_code="090111",
        hs_edition="2022",
        claim=OriginCriterion(codes=("WO",)),
        wholly_obtained=True,
    )


def _change_code(agreement_id: str) -> str:
    """What the agreement's examples claim for manufactured goods, other than value content."""
    claims = (
        code
        for agreement in AGREEMENTS
        if agreement.id == agreement_id
        for code, _ in agreement.example_claims
        if code != "PE" and code not in agreement.content
    )
    return next(claims, "CTC")


def _bearings(exporter: str, agreement: str, more: Decimal) -> Product:
    """Steel bars from outside, 450 of 1,000: a content of 55 %, and another heading."""
    code = _change_code(agreement)
    return Product(
        number=2,
        description="Ball bearings, deep groove, 20 mm bore",
        hs_code="848210",
        hs_edition="2022",
        claim=OriginCriterion(codes=(code,)),
        weight=Quantity(value=Decimal(100), unit="KGM"),
        materials=(
            Material(
                number=1,
                description="Bars of alloy steel, hot rolled",
                hs_code="722830",
                originating=False,
                origin_country="IN",
                value=dollars("450.00"),
                weight=Quantity(value=Decimal(90), unit="KGM"),
            ),
            Material(
                number=2,
                description="Lubricating grease",
                hs_code="340399",
                originating=True,
                origin_country=exporter,
                value=dollars("50.00"),
                weight=Quantity(value=Decimal("0.4"), unit="KGM"),
            ),
        ),
        labour=dollars("200.00"),
        overhead=dollars("120.00"),
        profit=dollars(Decimal("130.00") + more),
        other_cost=dollars("50.00"),
        ex_works=dollars(Decimal("950.00") + more),
        fob=dollars(Decimal("1000.00") + more),
        final_process=True,
        minimal_operations_only=False,
    )


def _party(country: str, name: str) -> Party:
    return Party(name=name, address="12 Example Road", country=country, email="trade@example.com")


def _complete() -> CostStatement:
    """A statement in which every part is present: what unreadable places are filled from."""
    sample = example_statement(certificate="SG-1")
    product = sample.products[1]
    material = product.materials[0].model_copy(
        update={
            "agreement": "atiga",
            "proof": "1",
            "content": Decimal(25),
            "quantity": Quantity(value=Decimal(1), unit="KGM"),
        }
    )
    product = product.model_copy(
        update={
            "claim": OriginCriterion(codes=("RVC",), percentage=Decimal(45)),
            "quantity": Quantity(value=Decimal(1), unit="C62"),
            "materials": (material,),
            "wholly_obtained": False,
            "process": "none",
        }
    )
    return sample.model_copy(update={"application": "1", "producer": sample.exporter, "products": (product,)})
