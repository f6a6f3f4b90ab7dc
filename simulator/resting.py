"""A document that rests on another one: what it takes from it. Pure.

`back_to_back`   the original's goods, or a part of them, its origin, producer and criteria, and its number
`replaces`       all that the earlier certificate says, under a number of its own, and the earlier one's number
`applies_for`    what the certificate says, as the exporter's platform applies for it beforehand
`shows`          the cost statement of the goods that an application is for
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from schemas.certificate.agreements import agreement_of
from schemas.certificate.application import Application, Draft
from schemas.certificate.model import (
    Certificate,
    Item,
    Money,
    OriginalProof,
    Quantity,
    Replaced,
    ReplacementReason,
)
from schemas.certificate.statement import CostStatement
from schemas.registry import Document


@dataclass(frozen=True, slots=True)
class Other:
    """The document on which one rests."""

    document: Document
    part: Fraction = Fraction(1)
    """Of its goods."""
    shown_by: str | None = None
    """Number of the cost statement that shows what the document that rests on it claims."""


class DoesNotRest(TypeError):
    """These two documents cannot stand in this relation: choose other profiles in the scenario's file."""


def back_to_back(document: Document, on: Other) -> Document:
    """A certificate of the intermediate party over goods that came with the original."""
    copy, original = _certificate(document), _certificate(on.document)
    origin = original.declaration.origin_country
    return copy.model_copy(
        update={
            "items": tuple(_part_of(item, on.part) for item in original.items),
            "producer": original.producer,
            "declaration": copy.declaration.model_copy(update={"origin_country": origin}),
            "tick_boxes": copy.tick_boxes.model_copy(update={"back_to_back": True}),
            "original_proof": OriginalProof(
                number=original.number, date=original.certification.date, country=original.issuing_country
            ),
        }
    )


def replaces(document: Document, on: Other) -> Document:
    """The corrected certificate: what was wrong stands in the scenario's `otherwise`."""
    correction, earlier = _certificate(document), _certificate(on.document)
    replaced = Replaced(number=earlier.number, date=earlier.certification.date, reason=ReplacementReason.CORRECTED)
    return earlier.model_copy(update={"number": correction.number, "replaces": replaced})


def applies_for(document: Document, on: Other) -> Document:
    """The application for a certificate, as it will be issued."""
    if not isinstance(document, Application):
        raise DoesNotRest(f"{document.profile} applies for nothing")
    certificate = _certificate(on.document)
    applicant = document.applicant.model_copy(update={"name": certificate.exporter.name})
    drafted = {"certificate": Draft.of(certificate), "applicant": applicant, "cost_statement": on.shown_by}
    return document.model_copy(update=drafted)


def shows(document: Document, on: Other) -> Document:
    """The cost statement behind an application: the example's figures, for the goods applied for."""
    if not isinstance(document, CostStatement) or not isinstance(on.document, Application):
        raise DoesNotRest(f"{document.profile} does not show what {on.document.profile} claims")
    draft, pattern = on.document.certificate, document.products[-1]
    products = tuple(
        pattern.model_copy(
            update={
                "number": item.number,
                "description": item.description,
                "hs_code": item.hs_code,
                "hs_edition": item.hs_edition,
                "claim": item.origin_criterion,
            }
        )
        for item in draft.items
    )
    return document.model_copy(
        update={
            "application": on.document.number,
            "agreement": agreement_of(draft.profile).id,
            "exporter": draft.exporter,
            "importing_country": draft.declaration.importing_country,
            "products": products,
        }
    )


RESTING: Mapping[str, Callable[[Document, Other], Document]] = {
    "back_to_back": back_to_back,
    "replaces": replaces,
    "applies_for": applies_for,
    "shows": shows,
}


def _certificate(document: Document) -> Certificate:
    if not isinstance(document, Certificate):
        raise DoesNotRest(f"{document.profile} is no certificate of origin")
    return document


def _part_of(item: Item, part: Fraction) -> Item:
    """The same goods, less of them."""
    packages, value = item.packages, item.fob_value
    return item.model_copy(
        update={
            "packages": packages and packages.model_copy(update={"quantity": int(packages.quantity * part)}),
            "quantity": _quantity(item.quantity, part),
            "gross_weight": _quantity(item.gross_weight, part),
            "fob_value": value and Money(amount=_times(value.amount, part), currency=value.currency),
        }
    )


def _quantity(quantity: Quantity | None, part: Fraction) -> Quantity | None:
    return quantity and Quantity(value=_times(quantity.value, part), unit=quantity.unit)


def _times(amount: Decimal, part: Fraction) -> Decimal:
    return amount * part.numerator / part.denominator
