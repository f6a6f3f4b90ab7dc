"""Samples that break a rule: a valid certificate with a few places changed."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from schemas.certificate.model import Certificate, Item, Money, OriginalProof, OriginCriterion, Quantity
from schemas.certificate.values import Part

Sample = Callable[[Certificate], Certificate]


def changed(places: Mapping[str, Any]) -> Sample:
    """A sample: these places, as `items.0.hs_code`, get these values. Nothing is validated on the way."""

    def sample(certificate: Certificate) -> Certificate:
        for place, value in places.items():
            certificate = _changed(certificate, place.split("."), value)
        return certificate

    return sample


def shifted(days: Mapping[str, int]) -> Sample:
    """A sample: the dates at these places move by so many days."""

    def sample(certificate: Certificate) -> Certificate:
        for place, by in days.items():
            at: date = _value(certificate, place.split("."))
            certificate = _changed(certificate, place.split("."), at + timedelta(days=by))
        return certificate

    return sample


def both(first: Sample, second: Sample) -> Sample:
    """A sample: the one change, then the other."""
    return lambda certificate: second(first(certificate))


def all_dates(by: int) -> Sample:
    """A sample: the whole procedure happens so many days later, or earlier."""
    return shifted(
        {
            "certification.date": by,
            "declaration.date": by,
            "invoices.0.date": by,
            "transport.departure_date": by,
        }
    )


def dated(day: date) -> Sample:
    """A sample: the whole procedure happens around this day of issue."""
    return lambda certificate: all_dates((day - certificate.certification.date).days)(certificate)


def first_item_only(certificate: Certificate) -> Certificate:
    """A change: only the first item is left."""
    return certificate.model_copy(update={"items": certificate.items[:1]})


def original_proof(country: str = "MY", days: int = -30) -> Sample:
    """A change to a back-to-back certificate: its original, issued so many days before it by the country of origin."""

    def sample(certificate: Certificate) -> Certificate:
        day = certificate.certification.date + timedelta(days=days)
        proof = OriginalProof(number=f"{country}-0001", date=day, country=country)
        places = {"tick_boxes.back_to_back": True, "original_proof": proof}
        return originating(country)(changed(places)(certificate))

    return sample


def of_edition(year: str) -> Sample:
    """A sample: all HS codes are of this edition."""
    return lambda certificate: certificate.model_copy(
        update={"items": tuple(item.model_copy(update={"hs_edition": year}) for item in certificate.items)}
    )


def originating(country: str) -> Sample:
    """A sample: goods of this country, wherever the form says so."""
    return lambda certificate: changed(
        {
            "declaration.origin_country": country,
            "items": tuple(_of(country, item) for item in certificate.items),
        }
    )(certificate)


def _of(country: str, item: Item) -> Item:
    """The item with this country of origin, where the form states one of each item."""
    return item if item.origin_country is None else item.model_copy(update={"origin_country": country})


def criterion(*codes: str, percentage: str | None = None) -> OriginCriterion:
    """An origin criterion, as in the box."""
    return OriginCriterion(codes=codes, percentage=None if percentage is None else Decimal(percentage))


def dollars(amount: str, currency: str = "USD") -> Money:
    """An FOB value."""
    return Money(amount=Decimal(amount), currency=currency)


def kilograms(value: str) -> Quantity:
    """A weight."""
    return Quantity(value=Decimal(value), unit="KGM")


def _value(part: Any, path: list[str]) -> Any:
    for step in path:
        part = part[int(step)] if isinstance(part, tuple) else getattr(part, step)
    return part


def _changed(part: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    if isinstance(part, tuple):
        index = int(head)
        return (*part[:index], _changed(part[index], rest, value), *part[index + 1 :])
    if not isinstance(part, Part):
        raise TypeError(f"no part of a certificate has {head}: give the place of a part that is there")
    return part.model_copy(update={head: _changed(getattr(part, head), rest, value)})
